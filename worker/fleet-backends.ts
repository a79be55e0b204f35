// Backends that come and go while a worker serves, seen from the control thread. As with servers
// (fleet.ts): a new one leads nowhere until every thread has it, and one that goes is first taken
// out of every thread's sight.

import type { ProxyModel } from '../shared/config/model.ts';
import { BackendWords } from '../shared/segment/backend-state.ts';
import { liveCurrent, liveQueued } from '../shared/segment/live.ts';
import { typeBackend } from '../shared/segment/objects.ts';
import { SegmentError } from '../shared/segment/segment.ts';
import type { FleetHost, FleetParts } from './fleet.ts';
import type { BackendAccess } from './runtime/context.ts';
import { allocateBlock, type FarmBlock, lateBlock, roomFor } from './server/farm.ts';
import { backendIdentity } from './server/object-index.ts';

/** What the control thread does for backends beside what it does for servers. */
export interface BackendHost extends FleetHost {
  /** What the control thread compiles of the configuration is compiled, before anything joins. */
  ready(): void;
  /** Compiles the last proxy of the model for the control thread itself; '' or what is wrong. */
  compile(block: FarmBlock): string;
  forget(proxyIndex: number): void;
  /** The memory threads have for the servers of a proxy. */
  setRoom(proxyIndex: number, room: number): void;
  /** Lists by proxy index that the control thread keeps get one more. */
  grew(): void;
}

export class FleetBackends implements BackendAccess {
  private readonly parts: FleetParts;
  private readonly host: BackendHost;

  constructor(parts: FleetParts, host: BackendHost) {
    this.parts = parts;
    this.host = host;
  }

  async add(proxy: ProxyModel): Promise<string> {
    const { start, objectTable, liveWords, objects, farm, slot, load, claim } = this.parts;
    const { proxies } = start.model;
    const proxyIndex = proxies.length;
    let object: number;
    try {
      object = objectTable.register(typeBackend, backendIdentity(proxy), slot);
      claim(object);
    } catch (fault) {
      if (fault instanceof SegmentError) return fault.message;
      throw fault;
    }
    this.host.ready();
    proxies.push(proxy);
    objects.proxies.push({ front: -1, back: object, servers: [] });
    const room = roomFor(0);
    const { nbthread } = start.model.global;
    const memory = { buffer: allocateBlock(room, nbthread), room };
    const fault = this.host.compile(lateBlock(memory.buffer, room, nbthread + 1));
    if (fault !== '') {
      proxies.pop();
      objects.proxies.pop();
      objectTable.release(object, slot);
      return fault;
    }
    farm.servers.push([]);
    const at = objectTable.sharedWords(object);
    const words = new BackendWords(liveWords.words, at, farm.servers[proxyIndex]);
    words.prepare(load, this.host.nowSeconds());
    farm.backends.push(words);
    this.host.grew();
    this.host.setRoom(proxyIndex, room);
    this.parts.broadcast({ type: 'backend-added', proxyIndex, proxy, object, farm: memory });
    await this.host.settled();
    return '';
  }

  async publish(proxyIndex: number, isPublished: boolean): Promise<void> {
    this.parts.start.model.proxies[proxyIndex].unpublished = !isPublished;
    this.parts.broadcast({ type: 'backend-published', proxyIndex, isPublished });
    await this.host.settled();
  }

  isBusy(proxyIndex: number): boolean {
    const { liveWords, objects } = this.parts;
    const at = liveWords.row(objects.proxies[proxyIndex].back);
    const { words } = liveWords;
    return Atomics.load(words, at + liveCurrent) > 0 || Atomics.load(words, at + liveQueued) > 0;
  }

  async remove(proxyIndex: number): Promise<boolean> {
    const { start, objectTable, objects, farm, slot } = this.parts;
    // Unpublished, it is only reached by force-be-switch: nobody may find its name from now on.
    this.parts.broadcast({ type: 'backend-removed', proxyIndex });
    await this.host.settled();
    const { back } = objects.proxies[proxyIndex];
    this.host.forget(proxyIndex);
    start.model.proxies[proxyIndex].name = '';
    farm.backends[proxyIndex] = null;
    objects.proxies[proxyIndex].back = -1;
    if (!this.isBusyObject(back)) objectTable.release(back, slot);
    return true;
  }

  /** A stream that was forced there in the last moment keeps the place from being given away. */
  private isBusyObject(object: number): boolean {
    const { liveWords } = this.parts;
    return Atomics.load(liveWords.words, liveWords.row(object) + liveCurrent) > 0;
  }
}
