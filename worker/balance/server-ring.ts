// The consistent ring: each server has as many points on a circle of 2^32 as its effective weight,
// at places that only depend on its key; a hash belongs to the nearest point. Serves hash-type
// consistent and random. Looking a hash up costs the logarithm of the number of points; a change of
// one server moves only that server's points.

import { isIP } from 'node:net';
import { liveServed } from '../../shared/segment/live.ts';
import { parseIpv4, parseIpv6 } from '../../shared/sys/sockaddr.ts';
import type { Members } from '../server/balancer.ts';
import { wordActive, wordFirstBackup } from '../server/farm.ts';
import type { Server } from '../server/server.ts';
import { avalanche, xxh32 } from '../../shared/hash.ts';
import { Roster, weightMax, weightScale } from './roster.ts';
import { commitAll, type ServerTable } from './server-table.ts';

/** Header number: key of the point whose server was last taken in turn, plus one; 0: none yet. */
const numberLast = 8;

/** Which servers are passed over although the hash is theirs. */
export interface RingRules {
  /** Percentage of the mean load (hash-balance-factor), 0: any load. */
  readonly balanceFactor: number;
  readonly preserve: 'always' | 'maxconn' | 'maxqueue';
}

export class ServerRing implements ServerTable {
  readonly roster: Roster;
  private readonly rules: RingRules;
  private readonly serverKeys: number[];
  /** Points by server now on the ring. */
  private readonly points: Int32Array;
  /** Points that servers shall have; scratch of `refresh`. */
  private readonly wants: Int32Array;
  /** Sum of the weights declared before each server, of its own kind. */
  private readonly weightsBefore: Int32Array;
  private keys: Uint32Array;
  private owners: Int32Array;
  /** The ring holds backups, not active servers. */
  private holdsBackups: boolean;

  constructor(members: Members, rules: RingRules) {
    this.roster = new Roster(members, weightScale);
    this.rules = rules;
    this.serverKeys = members.servers.map(serverKey);
    this.points = new Int32Array(members.block.size);
    this.wants = new Int32Array(members.block.size);
    this.weightsBefore = new Int32Array(members.block.size);
    this.keys = new Uint32Array(0);
    this.owners = new Int32Array(0);
    this.holdsBackups = false;
  }

  refresh(): void {
    const { roster, wants } = this;
    commitAll(roster, (server) => roster.wanted(server));
    this.holdsBackups = roster.words[wordActive] === 0;
    let before = 0;
    for (const server of roster.servers) {
      const { index } = server;
      wants[index] = 0;
      if (server.backup !== this.holdsBackups) continue;
      this.weightsBefore[index] = before;
      wants[index] = roster.wanted(server);
      before += wants[index];
    }
    this.place();
  }

  /** Points at places of before leave the ring; `refresh` puts them where they belong now. */
  admit(server: Server): void {
    const { index } = server;
    const key = serverKey(server);
    if (key === this.serverKeys[index]) return;
    this.serverKeys[index] = key;
    if (this.points[index] === 0) return;
    const stays = (_: number, at: number): boolean => this.owners[at] !== index;
    this.keys = this.keys.filter(stays);
    this.owners = this.owners.filter((owner) => owner !== index);
    this.points[index] = 0;
  }

  /** Takes away points that servers have too many, and merges new ones in order. */
  private place(): void {
    const { roster, points, wants } = this;
    let kept = 0;
    let total = 0;
    let removes = false;
    for (const { index } of roster.servers) {
      kept += Math.min(points[index], wants[index]);
      total += wants[index];
      removes ||= wants[index] < points[index];
    }
    if (!removes && total === kept) return;
    const old = removes ? this.without(kept) : { keys: this.keys, owners: this.owners };
    const added = new Float64Array(total - kept);
    let count = 0;
    for (const { index } of roster.servers) {
      for (let i = points[index]; i < wants[index]; i++) {
        added[count++] = this.pointKey(index, i) * 65_536 + index;
      }
      points[index] = wants[index];
    }
    this.merge(old, added.sort());
  }

  private pointKey(server: number, point: number): number {
    return avalanche(this.serverKeys[server] + point);
  }

  /** The ring without the points of servers that have less weight now: the highest numbers go. */
  private without(kept: number): { keys: Uint32Array; owners: Int32Array } {
    const { roster, points, wants } = this;
    // Of servers that lose some of their points; those that lose all are known by themselves.
    const gone = new Set<number>();
    for (const { index } of roster.servers) {
      if (wants[index] === 0) continue;
      for (let i = wants[index]; i < points[index]; i++) {
        gone.add(this.pointKey(index, i) * 65_536 + index);
      }
    }
    const keys = new Uint32Array(kept);
    const owners = new Int32Array(kept);
    let count = 0;
    for (let i = 0; i < this.keys.length; i++) {
      const owner = this.owners[i];
      if (wants[owner] === 0) continue;
      if (wants[owner] < points[owner] && gone.has(this.keys[i] * 65_536 + owner)) continue;
      keys[count] = this.keys[i];
      owners[count++] = owner;
    }
    return { keys, owners };
  }

  private merge(old: { keys: Uint32Array; owners: Int32Array }, added: Float64Array): void {
    const total = old.keys.length + added.length;
    const keys = new Uint32Array(total);
    const owners = new Int32Array(total);
    let from = 0;
    let next = 0;
    for (let i = 0; i < total; i++) {
      const key = next < added.length ? Math.floor(added[next] / 65_536) : Infinity;
      if (from < old.keys.length && old.keys[from] <= key) {
        keys[i] = old.keys[from];
        owners[i] = old.owners[from++];
      } else {
        keys[i] = key;
        owners[i] = added[next++] % 65_536;
      }
    }
    this.keys = keys;
    this.owners = owners;
  }

  /** Index of the first point at or after `key`, or the number of points. */
  private lowerBound(key: number): number {
    const { keys } = this;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle] < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The only server when backups do not share, else null. */
  private onlyBackup(): Server | null {
    const { words, servers } = this.roster;
    return words[wordActive] === 0 && words[wordFirstBackup] >= 0
      ? servers[words[wordFirstBackup]]
      : null;
  }

  byHash(hash: number, avoid: Server | null): Server | null {
    const only = this.onlyBackup();
    if (only !== null) return only;
    const { keys, owners } = this;
    const { servers } = this.roster;
    const total = keys.length;
    if (total === 0) return null;
    let at = this.lowerBound(hash);
    if (at === total) at = 0;
    const before = at === 0 ? total - 1 : at - 1;
    if ((hash - keys[before]) >>> 0 <= (keys[at] - hash) >>> 0) at = before;
    let server = servers[owners[at]];
    let wraps = 0;
    while (server === avoid || this.isPassedOver(server)) {
      if (++at === total) {
        at = 0;
        // Nobody suits: the one that was reached has to do.
        if (++wraps > 1) return server;
      }
      server = servers[owners[at]];
    }
    return server;
  }

  private isPassedOver(server: Server): boolean {
    const { balanceFactor, preserve } = this.rules;
    if (balanceFactor > 0 && server.served() >= this.slotsOf(server)) return true;
    if (preserve === 'always' || server.maxconn() === 0) return false;
    if (preserve === 'maxconn') return server.served() >= server.dynamicMax();
    const { maxqueue } = server;
    return maxqueue > 0 && server.served() + server.queued() >= server.dynamicMax() + maxqueue;
  }

  /** Bounded loads: the server's share of all running streams and this one, times the factor. */
  private slotsOf(server: Server): number {
    const { members, committed } = this.roster;
    const served = Atomics.load(members.backendWords, members.backendLiveAt + liveServed);
    const slots = Math.floor(((served + 1) * this.rules.balanceFactor + 99) / 100);
    const total = this.roster.totalWeight();
    const weight = committed[server.index];
    const before = this.weightsBefore[server.index];
    const rest = slots % total;
    const share =
      weight * Math.floor(slots / total) +
      Math.floor(((before + weight) * rest) / total) -
      Math.floor((before * rest) / total);
    return Math.max(1, share);
  }

  next(avoid: Server | null): Server | null {
    const only = this.onlyBackup();
    if (only !== null) return only;
    const { block } = this.roster;
    block.lock();
    const server = this.take(avoid, block.numbers);
    block.unlock();
    return server;
  }

  private take(avoid: Server | null, numbers: Float64Array): Server | null {
    const { keys, owners } = this;
    const total = keys.length;
    if (total === 0) return null;
    const start = numbers[numberLast] === 0 ? 0 : this.lowerBound(numbers[numberLast]);
    let avoidedAt = -1;
    for (let step = 0; step < total; step++) {
      const at = (start + step) % total;
      const server = this.roster.servers[owners[at]];
      if (!server.hasRoom()) continue;
      if (server !== avoid) {
        numbers[numberLast] = keys[at] + 1;
        return server;
      }
      avoidedAt = at;
    }
    numbers[numberLast] = avoidedAt < 0 ? 0 : keys[avoidedAt] + 1;
    return avoidedAt < 0 ? null : avoid;
  }
}

/** What a server's points are computed from (manual 5.2, hash-key); without an address, its id. */
export function serverKey(server: Pick<Server, 'id' | 'model'>): number {
  const { hashKey, guid, address } = server.model;
  const plain = (server.id * weightMax) >>> 0;
  if (hashKey === 'id32') return avalanche(swapped(server.id));
  if (hashKey === 'guid') {
    return guid === '' ? plain : xxh32(Uint8Array.from(Buffer.from(guid, 'latin1')), 0);
  }
  if (hashKey !== 'addr' && hashKey !== 'addr-port') return plain;
  const seed = hashKey === 'addr-port' ? avalanche(address.port) : 0;
  const family = isIP(address.host);
  if (family === 4) return avalanche(seed + swapped(parseIpv4(address.host)));
  if (family !== 6) return plain;
  const bytes = new Uint8Array(16);
  parseIpv6(address.host, bytes, 0);
  return xxh32(bytes, seed);
}

/** The number a little-endian machine reads from network order. */
function swapped(value: number): number {
  const low = ((value & 0xff) << 24) | ((value & 0xff00) << 8);
  return (low | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
