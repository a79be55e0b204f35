// Which object of the segment stands for what in the model: the one place where identities are
// made. Called at start by the control thread (which registers) and by every thread (which finds
// the same indexes); nothing is looked up while serving.

import type { BindModel, Model, ProxyModel, ServerModel } from '../../shared/config/model.ts';
import type { ListenerObject, ProxyObjects } from '../../shared/messages.ts';
import {
  derivedIdentity,
  type ObjectTable,
  typeBackend,
  typeFrontend,
  typeListener,
  typeProcess,
  typeServer,
} from '../../shared/segment/objects.ts';

/** Plain data: may be sent to threads. */
export interface ObjectIndex {
  readonly process: number;
  /** By proxy index. */
  readonly proxies: ProxyObjects[];
  /** By listener index, -1: neither `option socket-stats` nor a maxconn of its own. */
  readonly listeners: readonly number[];
}

/**
 * Registers everything of a configuration for process slot `slot` (-1: only finds or makes it).
 * Throws SegmentError when the segment has no room.
 */
export function indexObjects(
  model: Pick<Model, 'proxies'>,
  listeners: readonly ListenerObject[],
  table: ObjectTable,
  slot: number,
): ObjectIndex {
  return {
    process: table.register(typeProcess, derivedIdentity('process'), slot),
    proxies: model.proxies.map((proxy) => indexProxy(proxy, table, slot)),
    listeners: listeners.map((listener) => indexListener(model, listener, table, slot)),
  };
}

/** Whether the proxy takes connections in: it has a row of frontend counters. */
export function hasFront(proxy: ProxyModel): boolean {
  return proxy.kind !== 'backend';
}

/** Whether the proxy has servers: it has a row of backend counters. */
export function hasBack(proxy: ProxyModel): boolean {
  return proxy.kind !== 'frontend';
}

function indexProxy(proxy: ProxyModel, table: ObjectTable, slot: number): ProxyObjects {
  const identity = backendIdentity(proxy);
  return {
    front: hasFront(proxy) ? table.register(typeFrontend, identity, slot) : -1,
    back: hasBack(proxy) ? table.register(typeBackend, identity, slot) : -1,
    servers: proxy.servers.map((server) =>
      table.register(typeServer, serverIdentity(proxy, server), slot),
    ),
  };
}

/** What both sides of a proxy are found by in the segment. */
export function backendIdentity({ guid, name }: Pick<ProxyModel, 'guid' | 'name'>): string {
  return guid || derivedIdentity(name);
}

/** What a server is found by in the segment. */
export function serverIdentity(
  proxy: Pick<ProxyModel, 'name'>,
  server: Pick<ServerModel, 'guid' | 'name'>,
): string {
  return server.guid || derivedIdentity(proxy.name, server.name);
}

function indexListener(
  model: Pick<Model, 'proxies'>,
  listener: ListenerObject,
  table: ObjectTable,
  slot: number,
): number {
  const proxy = model.proxies[listener.proxyIndex];
  const bind = proxy.binds[listener.bindIndex];
  if (!proxy.options['socket-stats'] && bind.maxconn === 0) return -1;
  return table.register(typeListener, listenerIdentity(proxy, bind, listener), slot);
}

/** `guid-prefix` numbers the sockets of its line: shards of one address share a counter. */
function listenerIdentity(proxy: ProxyModel, bind: BindModel, listener: ListenerObject): string {
  if (bind.guidPrefix !== '') return `${bind.guidPrefix}-${listener.addressIndex}`;
  const place = `${listener.family}:${listener.host}:${listener.port}`;
  return derivedIdentity(proxy.name, bind.name, place);
}
