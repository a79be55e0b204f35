// Backends that come and go while a proxy thread serves: what the control thread's messages change
// here, between two turns of the loop. Made by thread-members.ts; the other side is
// fleet-backends.ts.

import type { BackendAdded, ControlToThread } from '../shared/messages.ts';
import { BackendWords } from '../shared/segment/backend-state.ts';
import { compileProxy } from './compile/proxies.ts';
import { lateBlock } from './server/farm.ts';
import type { ThreadMembersParts } from './thread-members.ts';

export type BackendMessage =
  | BackendAdded
  | Extract<ControlToThread, { type: 'backend-removed' | 'backend-published' }>;

export class ThreadBackends {
  private readonly parts: ThreadMembersParts;

  constructor(parts: ThreadMembersParts) {
    this.parts = parts;
  }

  handle(message: BackendMessage): void {
    if (message.type === 'backend-added') this.added(message);
    else if (message.type === 'backend-removed') this.removed(message.proxyIndex);
    else this.published(message.proxyIndex, message.isPublished);
  }

  private added({ proxyIndex, proxy, object, farm }: BackendAdded): void {
    const { start, compiler, live, objects, stats, names, engine } = this.parts;
    const { thread } = engine;
    start.model.proxies[proxyIndex] = proxy;
    start.objects.proxies[proxyIndex] = { front: -1, back: object, servers: [] };
    names.changeBackend(proxy.name, true);
    stats.servers[proxyIndex] = [];
    const at = objects.sharedWords(object);
    stats.backends[proxyIndex] = new BackendWords(live.words, at, stats.servers[proxyIndex]);
    thread.tables?.list.push(null);
    compiler.words?.addFarm?.(proxyIndex, lateBlock(farm.buffer, farm.room, start.threadCount));
    const plan = compileProxy(compiler, proxyIndex);
    thread.program.proxies[proxyIndex] = plan;
    engine.backLive[proxyIndex] = live.row(object);
    engine.nameProxy(plan);
    // A backend always has one.
    this.parts.bind(plan.backend!);
  }

  private removed(proxyIndex: number): void {
    const { start, stats, names, engine } = this.parts;
    const plan = engine.thread.program.proxies[proxyIndex];
    engine.forgetProxy(plan);
    names.changeBackend(plan.name, false);
    engine.backLive[proxyIndex] = -1;
    plan.isOpen = false;
    plan.name = '';
    plan.model.name = '';
    start.objects.proxies[proxyIndex].back = -1;
    stats.backends[proxyIndex] = null;
  }

  private published(proxyIndex: number, isPublished: boolean): void {
    const plan = this.parts.engine.thread.program.proxies[proxyIndex];
    plan.model.unpublished = !isPublished;
    plan.isOpen = isPublished && !plan.model.disabled;
  }
}
