// Names of servers become addresses, by the ways that init-addr allows (manual 5.3). Called once
// by resolve.ts.

import { isIP } from 'node:net';
import { allProxies, type Draft } from './draft.ts';
import type { HostResolver } from './hosts.ts';
import type { ServerModel } from './model.ts';
import { isNamed } from './model-server.ts';

/** How server names become addresses. */
export interface Names {
  readonly hosts: HostResolver;
  /** -dr: a server without an address waits for one in maintenance. */
  readonly mayFail: boolean;
}

/** One server, and what is known of its name. */
interface Search {
  readonly draft: Draft;
  readonly server: ServerModel;
  /** How a message begins. */
  readonly whose: string;
}

/** All at once: one question to the system for the whole load. */
export function resolveServers(draft: Draft, { hosts, mayFail }: Names): void {
  const searches = allProxies(draft).flatMap(({ model }) =>
    model.servers
      .filter((server) => isNamed(server))
      .map((server) => ({ draft, server, whose: `'server ${model.name}/${server.name}' : ` })),
  );
  const asked = searches.filter(({ server }) => waysOf(server, mayFail).includes('libc'));
  const names = asked.map(({ server }) => server.fqdn).filter((fqdn) => fqdn !== '');
  if (names.length > 0) hosts.prepare(names);
  for (const search of searches) settle(search, waysOf(search.server, mayFail), hosts);
}

function waysOf({ initAddr, resolvers }: ServerModel, mayFail: boolean): readonly string[] {
  // A server whose name is resolved at run time need not have an address while starting.
  const usual = resolvers === '' ? ['last', 'libc'] : ['last', 'libc', 'none'];
  const ways = initAddr.length > 0 ? initAddr : usual;
  return mayFail ? [...ways, 'none'] : ways;
}

/** The first way that gives an address wins; `none` gives up. */
function settle(search: Search, ways: readonly string[], hosts: HostResolver): void {
  const { draft, server, whose } = search;
  const name = server.fqdn || server.srvRecord;
  let hasFailed = false;
  const failed = `could not resolve address '${name}'`;
  for (const way of ways) {
    if (way === 'none') {
      leaveOpen(server);
      const notice = `${whose}${failed}, disabling server.`;
      if (hasFailed) draft.diagnostics.add('notice', server.place, notice);
      return;
    }
    if (isIP(way) > 0) {
      setHost(server, way);
      const notice = `${whose}${failed}, falling back to configured address.`;
      if (hasFailed) draft.diagnostics.add('notice', server.place, notice);
      return;
    }
    const found = way === 'last' ? (server.savedState?.address ?? '') : askSystem(server, hosts);
    if (found !== null && isIP(found) > 0) {
      setHost(server, found);
      return;
    }
    hasFailed ||= found !== '';
  }
  const text = hasFailed ? failed : `no method found to resolve address '${name}'`;
  draft.diagnostics.alert(server.place, `${whose}${text}.`);
}

/** '': there is no name to ask for; null: it has no address. */
function askSystem({ fqdn }: ServerModel, hosts: HostResolver): string | null {
  return fqdn === '' ? '' : hosts.resolve(fqdn);
}

function setHost(server: ServerModel, host: string): void {
  const family = host.includes(':') ? 'ipv6' : 'ipv4';
  server.address = { ...server.address, family, host };
}

/** It waits for an address in maintenance (worker/server/farm-states.ts). */
function leaveOpen(server: ServerModel): void {
  server.address = { ...server.address, family: 'unspecified', host: '' };
}
