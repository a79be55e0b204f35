// Servers that come and go while a worker serves, seen from the control thread: places in the
// model, in the segment and in the memory threads balance in; the messages that make every thread
// follow. The runtime commands decide what may be done and say so (runtime/dynamic-servers.ts).
//
// A new server is in maintenance, so nothing chooses it. It may be enabled once every thread has
// answered after it was told of it. A deleted one is first kept from being chosen, then looked at
// again when every thread has answered, and only then taken away.

import { isGone, type ProxyModel, type ServerModel } from '../shared/config/model.ts';
import type { ControlToThread, WorkerStart } from '../shared/messages.ts';
import {
  type LiveWords,
  liveCurrent,
  liveIdlePrivate,
  liveIdleSafe,
  liveIdleUnsafe,
  liveQueued,
  liveServed,
} from '../shared/segment/live.ts';
import { derivedIdentity, type ObjectTable, typeServer } from '../shared/segment/objects.ts';
import {
  adminForcedMaint,
  adminMaint,
  adminResolutionMaint,
  checkEnabled,
  checkPaused,
  ServerWords,
  serverAdmin,
  serverCheckFlags,
  serverLoad,
} from '../shared/segment/server-state.ts';
import { SegmentError } from '../shared/segment/segment.ts';
import type { FleetAccess } from './runtime/context.ts';
import { dynamicCookie } from './sample/dynamic-cookie.ts';
import { allocateBlock, roomFor } from './server/farm.ts';
import { type FarmStates, serverSetup } from './server/farm-states.ts';
import { type ObjectIndex, serverIdentity } from './server/object-index.ts';

/** Of what the control thread was given (control.ts). */
export interface FleetParts {
  readonly start: WorkerStart;
  readonly slot: number;
  readonly objects: ObjectIndex;
  readonly objectTable: ObjectTable;
  readonly liveWords: LiveWords;
  readonly farm: FarmStates;
  /** Number of this load of the configuration. */
  readonly load: number;
  /** As worker/attach.ts. */
  claim(object: number): void;
  broadcast(message: ControlToThread): void;
}

/** What the control thread does for the fleet. */
export interface FleetHost {
  nowSeconds(): number;
  /** Resolves when every thread has handled all that was broadcast before. */
  settled(): Promise<void>;
  /** Health checks of a server begin (again), or end. */
  checksChange(proxyIndex: number, serverIndex: number, exists: boolean): void;
}

/** Places for idle connections of servers added at run time; more servers share none. */
export const shareReserve = 1024;

export class Fleet implements FleetAccess {
  private readonly parts: FleetParts;
  private readonly host: FleetHost;
  /** Servers that a backend's threads have memory for, by proxy index. */
  private readonly rooms: number[];
  /** Servers of the configuration, by proxy. */
  private readonly configured: readonly number[];
  private readonly shares: number[];
  private readonly shareOf: Map<string, number>;
  private last: Promise<unknown>;

  constructor(parts: FleetParts, host: FleetHost) {
    const { proxies } = parts.start.model;
    this.parts = parts;
    this.host = host;
    this.rooms = proxies.map(({ servers }) => roomFor(servers.length));
    this.configured = proxies.map(({ servers }) => servers.length);
    const configured = this.configured.reduce((sum, count) => sum + count, 0);
    this.shares = Array.from({ length: shareReserve }, (_, i) => configured + shareReserve - 1 - i);
    this.shareOf = new Map();
    this.last = Promise.resolve();
  }

  add(proxyIndex: number, server: ServerModel): Promise<string> {
    return this.inTurn(() => this.join(proxyIndex, server));
  }

  remove(proxyIndex: number, serverIndex: number): Promise<boolean> {
    return this.inTurn(() => this.takeAway(proxyIndex, serverIndex));
  }

  /** One change at a time: threads answer for all that came before. */
  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.last.then(change);
    this.last = done.catch(() => undefined);
    return done;
  }

  private async join(proxyIndex: number, server: ServerModel): Promise<string> {
    const { start, objectTable, liveWords: live, objects, farm } = this.parts;
    const proxy = start.model.proxies[proxyIndex];
    Object.assign(server, dynamicCookie(proxy, server));
    const serverIndex = this.placeFor(proxyIndex);
    const object = this.placeInSegment(proxy, server);
    if (typeof object === 'string') return object;
    const numbers = objects.proxies[proxyIndex];
    const words = new ServerWords(live.words, objectTable, object, numbers.back);
    this.prepare(words, proxyIndex, server);
    proxy.servers[serverIndex] = server;
    numbers.servers[serverIndex] = object;
    farm.servers[proxyIndex][serverIndex] = words;
    const shareNumber = this.shares.pop() ?? -1;
    this.shareOf.set(`${proxyIndex}/${serverIndex}`, shareNumber);
    const more = this.moreRoom(proxyIndex, serverIndex);
    const place = { proxyIndex, serverIndex, object, shareNumber };
    this.parts.broadcast({ type: 'server-added', ...place, server, farm: more });
    await this.host.settled();
    this.host.checksChange(proxyIndex, serverIndex, true);
    return '';
  }

  /** The server's object, claimed so that all threads find the same rows; or why there is none. */
  private placeInSegment(proxy: ProxyModel, server: ServerModel): number | string {
    const { objectTable, slot, claim } = this.parts;
    try {
      const identity = this.freeIdentity(proxy, server);
      const object = objectTable.register(typeServer, identity, slot);
      claim(object);
      return object;
    } catch (fault) {
      if (fault instanceof SegmentError) return fault.message;
      throw fault;
    }
  }

  /** A server that was renamed keeps its object: the name it had is another one's then. */
  private freeIdentity(proxy: ProxyModel, server: ServerModel): string {
    const { objectTable, objects } = this.parts;
    const wanted = serverIdentity(proxy, server);
    let identity = wanted;
    for (let number = 2; ; number++) {
      const object = objectTable.find(typeServer, identity);
      if (object < 0 || !this.isUsed(object, objects)) return identity;
      identity = derivedIdentity(wanted, `${number}`);
    }
  }

  private isUsed(object: number, { proxies }: ObjectIndex): boolean {
    const { model } = this.parts.start;
    return proxies.some(({ servers }, proxyIndex) =>
      servers.some(
        (one, index) => one === object && !isGone(model.proxies[proxyIndex].servers[index]),
      ),
    );
  }

  private prepare(words: ServerWords, proxyIndex: number, server: ServerModel): void {
    const { start, load } = this.parts;
    const setup = serverSetup(start.model.proxies[proxyIndex], { ...server, disabled: true });
    // Its place may still have the words of one that was deleted and that another process uses.
    words.words[words.at + serverLoad] = 0;
    words.prepare(setup, load, this.host.nowSeconds());
    const admin = adminForcedMaint | (setup.unresolved === true ? adminResolutionMaint : 0);
    const { words: all, at } = words;
    Atomics.store(all, at + serverAdmin, admin);
    // Checks of a server that is added wait for `enable health`, not for `enable server`.
    Atomics.and(all, at + serverCheckFlags, ~(checkEnabled | checkPaused));
  }

  /** A new place as long as there is room, then one that a deleted server has left. */
  private placeFor(proxyIndex: number): number {
    const { servers } = this.parts.start.model.proxies[proxyIndex];
    if (servers.length < this.rooms[proxyIndex]) return servers.length;
    const free = servers.findIndex(isGone);
    return free >= 0 ? free : servers.length;
  }

  private moreRoom(proxyIndex: number, serverIndex: number) {
    if (serverIndex < this.rooms[proxyIndex]) return null;
    const room = this.rooms[proxyIndex] * 2;
    this.rooms[proxyIndex] = room;
    return { buffer: allocateBlock(room, this.parts.start.model.global.nbthread), room };
  }

  /** A backend was added whose threads have memory for `room` servers. */
  setRoom(proxyIndex: number, room: number): void {
    this.rooms[proxyIndex] = room;
  }

  /** Those of the configuration come one after the other, as threads number them (mux/links.ts). */
  shareNumber(proxyIndex: number, serverIndex: number): number {
    const late = this.shareOf.get(`${proxyIndex}/${serverIndex}`);
    if (late !== undefined) return late;
    const { configured } = this;
    if (serverIndex >= (configured[proxyIndex] ?? 0)) return -1;
    return configured.slice(0, proxyIndex).reduce((sum, count) => sum + count, serverIndex);
  }

  isBusy(proxyIndex: number, serverIndex: number): boolean {
    const { liveWords: live, objects } = this.parts;
    const at = live.row(objects.proxies[proxyIndex].servers[serverIndex]);
    return busyWords.some((word) => Atomics.load(live.words, at + word) > 0);
  }

  private async takeAway(proxyIndex: number, serverIndex: number): Promise<boolean> {
    const { start, slot, objectTable, objects, farm } = this.parts;
    if (isGone(start.model.proxies[proxyIndex].servers[serverIndex])) return false;
    const place = { proxyIndex, serverIndex };
    this.parts.broadcast({ type: 'server-leaving', ...place, isLeaving: true });
    await this.host.settled();
    const { words, at } = farm.servers[proxyIndex][serverIndex];
    const isServing = (Atomics.load(words, at + serverAdmin) & adminMaint) === 0;
    if (isServing || this.isBusy(proxyIndex, serverIndex)) {
      this.parts.broadcast({ type: 'server-leaving', ...place, isLeaving: false });
      return false;
    }
    this.host.checksChange(proxyIndex, serverIndex, false);
    this.parts.broadcast({ type: 'server-removed', ...place });
    await this.host.settled();
    farm.servers[proxyIndex][serverIndex].retire();
    start.model.proxies[proxyIndex].servers[serverIndex].name = '';
    objectTable.release(objects.proxies[proxyIndex].servers[serverIndex], slot);
    const share = this.shareOf.get(`${proxyIndex}/${serverIndex}`) ?? -1;
    if (share >= 0) this.shares.push(share);
    this.shareOf.delete(`${proxyIndex}/${serverIndex}`);
    return true;
  }

  renew(proxyIndex: number, serverIndex: number, changes: Partial<ServerModel>): Promise<void> {
    const proxy = this.parts.start.model.proxies[proxyIndex];
    const server = Object.assign(proxy.servers[serverIndex], changes);
    const cookie = 'address' in changes ? dynamicCookie(proxy, server) : null;
    const fields = { ...changes, ...cookie };
    Object.assign(server, fields);
    this.parts.broadcast({ type: 'server-renewed', proxyIndex, serverIndex, fields });
    this.host.checksChange(proxyIndex, serverIndex, true);
    return this.host.settled();
  }

  /** The secret or the switch of a backend's dynamic cookies has changed. */
  renewCookies(proxyIndex: number): Promise<void> {
    const proxy = this.parts.start.model.proxies[proxyIndex];
    for (const [serverIndex, server] of proxy.servers.entries()) {
      const fields = dynamicCookie(proxy, server);
      if (isGone(server) || fields.cookie === server.cookie) continue;
      Object.assign(server, fields);
      this.parts.broadcast({ type: 'server-renewed', proxyIndex, serverIndex, fields });
    }
    return this.host.settled();
  }
}

const busyWords = [
  liveCurrent,
  liveServed,
  liveQueued,
  liveIdleSafe,
  liveIdleUnsafe,
  liveIdlePrivate,
];
