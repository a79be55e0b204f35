// Which listening sockets a configuration asks for, one by one: those of proxies, of the runtime
// API, and of sections that are no proxies. Opens nothing; listeners.ts does.

import { availableParallelism } from 'node:os';
import type { AddressModel, BindModel, Model, ProxyModel } from '../shared/config/model.ts';
import type { SectionListener } from '../shared/messages.ts';
import { chooseThreads, groupOfThread, groupsOf } from '../shared/thread-groups.ts';

/** One socket that the configuration asks for. */
export interface Wanted {
  /** null: a `stats socket` of the global section, or another section's. */
  readonly proxy: ProxyModel | null;
  /** null: it is a proxy's or a `stats socket`. */
  readonly section: OwnerSection | null;
  readonly proxyIndex: number;
  readonly bind: BindModel;
  readonly bindIndex: number;
  readonly address: AddressModel;
  readonly addressIndex: number;
  readonly shard: number;
}

/** A section that is no proxy and has sockets. */
interface OwnerSection extends Pick<SectionListener, 'section' | 'index'> {
  readonly name: string;
  readonly backlog: number;
}

/** Threads that serve: as configured, else one for each processor this process may use. */
export function threadCount(model: Model): number {
  const { nbthread, threadHardLimit } = model.global;
  if (nbthread > 0) return nbthread;
  const count = availableParallelism();
  return threadHardLimit > 0 ? Math.min(count, threadHardLimit) : count;
}

/** In the order of the model. */
export function* wantedSockets(model: Model): Generator<Wanted> {
  for (const [bindIndex, bind] of model.global.statsSockets.entries()) {
    yield* wantedByBind(model, { ...global, bind, bindIndex });
  }
  for (const [proxyIndex, proxy] of model.proxies.entries()) {
    if (proxy.disabled) continue;
    for (const [bindIndex, bind] of proxy.binds.entries()) {
      yield* wantedByBind(model, { proxy, proxyIndex, section: null, bind, bindIndex });
    }
  }
  for (const [index, { name, bind, disabled }] of model.peers.entries()) {
    if (disabled || bind === null) continue;
    const section = { section: 'peers', index, name, backlog: 0 } as const;
    yield* wantedByBind(model, { ...global, section, bind, bindIndex: 0 });
  }
  for (const [index, { name, backlog, binds, datagramBinds }] of model.logForwards.entries()) {
    const section = { section: 'log-forward', index, name, backlog } as const;
    for (const list of [binds, datagramBinds]) {
      for (const [bindIndex, bind] of list.entries()) {
        yield* wantedByBind(model, { ...global, section, bind, bindIndex });
      }
    }
  }
}

const global = { proxy: null, proxyIndex: -1, section: null } as const;

type BindPart = Pick<Wanted, 'proxy' | 'proxyIndex' | 'section' | 'bind' | 'bindIndex'>;

function* wantedByBind(model: Model, part: BindPart): Generator<Wanted> {
  const shards = part.proxy === null ? 1 : shardCount(model, part.bind);
  for (const [addressIndex, address] of part.bind.addresses.entries()) {
    // Nothing else can be bound twice.
    const count = address.family === 'ipv4' || address.family === 'ipv6' ? shards : 1;
    for (let shard = 0; shard < count; shard++) yield { ...part, address, addressIndex, shard };
  }
}

/** Sockets of one address: `shards N`, by-thread, by-group, by-process. */
function shardCount(model: Model, bind: BindModel): number {
  const word = bind.shards || model.global.tune.listenerDefaultShards;
  const groups = groupsOf(model.global.groups, threadCount(model));
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const { threads } = chooseThreads(bind.thread, groups);
  const most = threads?.length ?? total;
  if (word === 'by-thread') return most;
  if (word === 'by-group') {
    return threads === null
      ? groups.length
      : new Set(threads.map((one) => groupOfThread(groups, one))).size;
  }
  return /^\d+$/.test(word) ? Math.max(1, Math.min(Number(word), most)) : 1;
}
