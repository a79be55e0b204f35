// What the answers to one question have said so far: addresses and services, when each was last
// seen, and which servers use them; and the choice of an address (manual 5.2 resolve-prefer,
// resolve-net, resolve-opts). Pure.

import type { ResolutionModel } from '../../shared/config/model-resolvers.ts';
import { parseIpv4, parseIpv6 } from '../sample/address.ts';
import { xxh32Text } from '../sample/hash.ts';
import type { AddressRecord, Reply, ServiceRecord } from './message.ts';

/** Whoever uses a record; servers of one backend have the same home. */
export interface RecordUser {
  readonly proxyIndex: number;
}

interface Seen {
  lastSeenMs: number;
}

export interface AddressItem extends Seen {
  readonly record: AddressRecord;
  readonly key: number;
  readonly users: Set<RecordUser>;
}

export interface ServiceItem extends Seen {
  record: ServiceRecord;
  readonly key: number;
  /** Address of its target, as far as an answer had it. */
  additional: (Seen & { readonly record: AddressRecord }) | null;
  readonly users: Set<RecordUser>;
}

/** Families that may be used. */
export type Families = ReadonlySet<'ipv4' | 'ipv6'>;

export interface Wish {
  readonly resolution: Pick<ResolutionModel, 'prefer' | 'networks' | 'allowsTwins'>;
  readonly families: Families;
  /** The address so far, '' for none. */
  readonly current: string;
  readonly user: RecordUser;
}

/** '': there is none. `isNew`: it is not the one so far. */
export interface Choice {
  readonly address: string;
  readonly isNew: boolean;
}

const typeA = 1;
const typeAaaa = 28;
const typeSrv = 33;

export class Records {
  /** In the order of their keys, as the reference goes through them. */
  readonly addresses: AddressItem[];
  readonly services: ServiceItem[];
  /** Where the next search begins. */
  private next: AddressItem | null;

  constructor() {
    this.addresses = [];
    this.services = [];
    this.next = null;
  }

  clear(): void {
    this.addresses.length = 0;
    this.services.length = 0;
    this.next = null;
  }

  /** Notes what an answer has. */
  note({ records, additional }: Reply, families: Families, nowMs: number): void {
    for (const record of records) {
      if (record.type === 'SRV') this.noteService(record, nowMs);
      else this.noteAddress(record, nowMs);
    }
    for (const record of additional) {
      if (families.has(familyOf(record))) this.noteAdditional(record, nowMs);
    }
  }

  private noteAddress(record: AddressRecord, nowMs: number): void {
    const known = this.addresses.find(({ record: one }) => one.address === record.address);
    if (known !== undefined) known.lastSeenMs = nowMs;
    else
      insert(this.addresses, { record, key: keyOf(record), users: new Set(), lastSeenMs: nowMs });
  }

  private noteService(record: ServiceRecord, nowMs: number): void {
    const { target, port } = record;
    const known = this.services.find(
      ({ record: one }) => one.target === target && one.port === port,
    );
    if (known === undefined) {
      const key = xxh32Text(wireName(target), typeSrv);
      const item = { record, key, users: new Set<RecordUser>(), additional: null };
      insert(this.services, { ...item, lastSeenMs: nowMs });
      return;
    }
    known.record = record;
    known.lastSeenMs = nowMs;
  }

  /** The first address of a target stays as long as answers have it. */
  private noteAdditional(record: AddressRecord, nowMs: number): void {
    const known = this.services.find(
      ({ record: { target }, additional }) =>
        target === record.name &&
        additional !== null &&
        additional.lastSeenMs !== nowMs &&
        additional.record.address === record.address,
    );
    if (known !== undefined) {
      known.additional = { record, lastSeenMs: nowMs };
      return;
    }
    const open = this.services.find(
      ({ record: { target }, additional }) => target === record.name && additional === null,
    );
    if (open !== undefined) open.additional = { record, lastSeenMs: nowMs };
  }

  /** Forgets what no answer has had for `obsoleteMs`; services that are gone are handed on. */
  expire(obsoleteMs: number, nowMs: number): ServiceItem[] {
    const isOld = ({ lastSeenMs }: Seen): boolean => lastSeenMs + obsoleteMs < nowMs;
    for (const item of this.addresses.filter(isOld)) this.drop(item);
    const gone: ServiceItem[] = [];
    for (const item of [...this.services]) {
      if (item.additional !== null && isOld(item.additional)) item.additional = null;
      if (!isOld(item)) continue;
      this.services.splice(this.services.indexOf(item), 1);
      gone.push(item);
    }
    return gone;
  }

  private drop(item: AddressItem): void {
    if (this.next === item) this.next = null;
    this.addresses.splice(this.addresses.indexOf(item), 1);
    item.users.clear();
  }

  /** The user has no use for an address any more. */
  leave(user: RecordUser): void {
    for (const { users } of this.addresses) users.delete(user);
  }

  /** All addresses of the preferred family, or those of the other one. */
  all(prefer: 'ipv4' | 'ipv6', families: Families): string[] {
    const usable = this.addresses.filter(({ record }) => families.has(familyOf(record)));
    const preferred = usable.filter(({ record }) => familyOf(record) === prefer);
    return (preferred.length > 0 ? preferred : usable).map(({ record }) => record.address);
  }

  /**
   * The best address. Family counts most, then network, then that nobody in the backend has it,
   * then that it is the one so far; among equals the search goes on where the last one ended.
   */
  choose(wish: Wish): Choice {
    const { addresses } = this;
    const { user, current } = wish;
    if (addresses.some(({ users }) => users.has(user))) {
      return { address: current, isNew: false };
    }
    const first = this.next === null ? 0 : addresses.indexOf(this.next);
    let best: AddressItem | null = null;
    let most = -1;
    for (let i = 0; i < addresses.length && most < scoreMax; i++) {
      const at = (first + i) % addresses.length;
      const score = scoreOf(addresses[at], wish);
      if (score <= most) continue;
      best = addresses[at];
      most = score;
      this.next = addresses[at + 1] ?? null;
    }
    if (best === null) return { address: '', isNew: true };
    best.users.add(user);
    const { address } = best.record;
    return { address, isNew: address !== current };
  }
}

const scoreFamily = 8;
const scoreNetwork = 4;
const scoreAlone = 2;
const scoreCurrent = 1;
const scoreMax = 15;

/** -1: it must not be used. */
function scoreOf({ record, users }: AddressItem, { resolution, ...wish }: Wish): number {
  const family = familyOf(record);
  if (!wish.families.has(family)) return -1;
  let score = family === resolution.prefer ? scoreFamily : 0;
  if (resolution.networks.some((network) => isWithin(record, network))) score += scoreNetwork;
  const { user } = wish;
  const isUsed = [...users].some(({ proxyIndex }) => proxyIndex === user.proxyIndex);
  if (isUsed && !resolution.allowsTwins) return -1;
  if (!isUsed) score += scoreAlone;
  return record.address === wish.current ? score + scoreCurrent : score;
}

function familyOf({ type }: AddressRecord): 'ipv4' | 'ipv6' {
  return type === 'A' ? 'ipv4' : 'ipv6';
}

function insert<T extends { readonly key: number }>(list: T[], item: T): void {
  const at = list.findIndex(({ key }) => key > item.key);
  list.splice(at < 0 ? list.length : at, 0, item);
}

function keyOf({ type, address }: AddressRecord): number {
  return xxh32Text(bytesOf(address), type === 'A' ? typeA : typeAaaa) >>> 0;
}

/** The bytes of an address, one character each. */
function bytesOf(address: string): string {
  if (address.includes(':')) return parseIpv6(address);
  const value = parseIpv4(address);
  return String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

function wireName(name: string): string {
  return name
    .split('.')
    .map((label) => String.fromCharCode(label.length) + label)
    .join('');
}

function isWithin(
  { address, type }: AddressRecord,
  { host, bits }: ResolutionModel['networks'][number],
): boolean {
  if (host.includes(':') !== (type === 'AAAA')) return false;
  const [own, net] = [bytesOf(address), bytesOf(host)];
  for (let bit = 0; bit < bits; bit++) {
    const mask = 0x80 >> (bit & 7);
    const at = bit >> 3;
    if (((own.charCodeAt(at) ^ net.charCodeAt(at)) & mask) !== 0) return false;
  }
  return true;
}
