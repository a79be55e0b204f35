// Servers that come and go while a proxy thread serves: what the control thread's messages change
// here, between two turns of the loop. Made by thread-members.ts; the other side is fleet.ts.

import type { ServerModel } from '../shared/config/model.ts';
import type { ControlToThread, ServerAdded } from '../shared/messages.ts';
import { ServerWords } from '../shared/segment/server-state.ts';
import { compileLine } from './compile/proxies.ts';
import type { Backend } from './server/backend.ts';
import { lateBlock } from './server/farm.ts';
import { admit, expel, moveTo, renew } from './server/membership.ts';
import type { Server } from './server/server.ts';
import type { ThreadMembersParts } from './thread-members.ts';

type Message<T extends ControlToThread['type']> = Extract<ControlToThread, { type: T }>;

export type ServerMessage =
  | ServerAdded
  | Message<'server-renewed'>
  | Message<'server-leaving'>
  | Message<'server-removed'>;

export class ThreadServers {
  private readonly parts: ThreadMembersParts;

  constructor(parts: ThreadMembersParts) {
    this.parts = parts;
  }

  handle(message: ServerMessage): void {
    if (message.type === 'server-added') this.added(message);
    else if (message.type === 'server-renewed') this.renewed(message);
    else if (message.type === 'server-leaving') this.leaving(message);
    else this.removed(message);
  }

  /**
   * States changed, of server `serverIndex` or (-1) of any. Many messages may follow one look: what
   * they tell has been seen then. What is idle is of no use to a server in maintenance.
   */
  changed(proxyIndex: number, serverIndex: number): void {
    const { engine, links } = this.parts;
    const { thread } = engine;
    const { backend } = thread.program.proxies[proxyIndex];
    backend?.follow();
    if (backend === null || serverIndex < 0) return;
    const server = backend.servers[serverIndex];
    if (server.isMaintained()) links.clearServer(server);
  }

  private added(message: ServerAdded): void {
    const { start, engine, compiler, live, objects, stats } = this.parts;
    const { thread } = engine;
    const { proxyIndex, serverIndex, server: model, object, farm } = message;
    const plan = thread.program.proxies[proxyIndex];
    const backend = this.backendOf(proxyIndex);
    plan.model.servers[serverIndex] = model;
    const numbers = start.objects.proxies[proxyIndex];
    numbers.servers[serverIndex] = object;
    stats.servers[proxyIndex][serverIndex] = new ServerWords(
      live.words,
      objects,
      object,
      numbers.back,
    );
    plan.serverLines[serverIndex] = compileLine(compiler, plan.model, model);
    if (farm !== null) moveTo(backend, lateBlock(farm.buffer, farm.room, start.threadCount));
    const server = admit(backend, model, serverIndex, {
      object,
      stateAt: objects.sharedWords(object),
      liveAt: live.row(object),
      row: thread.counters.row(object),
    });
    server.shareNumber = message.shareNumber;
  }

  /** Connections that are idle lead to where the server was. */
  private renewed({ proxyIndex, serverIndex, fields }: Message<'server-renewed'>): void {
    const { engine, compiler, links } = this.parts;
    const { thread } = engine;
    const plan = thread.program.proxies[proxyIndex];
    const backend = this.backendOf(proxyIndex);
    const server = backend.servers[serverIndex];
    Object.assign(server.model, fields);
    if (isLineField(fields)) {
      plan.serverLines[serverIndex] = compileLine(compiler, plan.model, server.model);
    }
    if ('address' in fields || isLineField(fields)) links.forgetServer(server);
    renew(backend, server);
  }

  private leaving({ proxyIndex, serverIndex, isLeaving }: Message<'server-leaving'>): void {
    const server = this.backendOf(proxyIndex).servers[serverIndex];
    server.isLeaving = isLeaving;
    if (isLeaving) this.parts.links.clearServer(server);
  }

  private removed({ proxyIndex, serverIndex }: Message<'server-removed'>): void {
    const { stats, links } = this.parts;
    const backend = this.backendOf(proxyIndex);
    const server: Server = backend.servers[serverIndex];
    links.forgetServer(server);
    server.model.name = '';
    stats.servers[proxyIndex][serverIndex].retire();
    expel(backend, server);
  }

  private backendOf(proxyIndex: number): Backend {
    // Only backends have servers.
    return this.parts.engine.thread.program.proxies[proxyIndex].backend!;
  }
}

/** Fields whose expressions and TLS contexts are compiled. */
function isLineField(fields: Partial<ServerModel>): boolean {
  return 'ssl' in fields;
}
