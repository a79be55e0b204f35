// Names of servers become addresses, by the ways that init-addr allows (manual 5.3). Called once
// by resolve.ts.

import { isIP } from 'node:net';
import { allProxies, type Draft } from './draft.ts';
import type { HostResolver } from './hosts.ts';
import type { ServerModel } from './model.ts';

/** How server names become addresses. */
export interface Names {
  readonly hosts: HostResolver;
  /** -dr: a server without an address is disabled. */
  readonly mayFail: boolean;
}

const usualWays: readonly string[] = ['last', 'libc'];

const waysOf = ({ initAddr }: ServerModel): readonly string[] =>
  initAddr.length > 0 ? initAddr : usualWays;

/** All at once: one question to the system for the whole load. */
export function resolveServers(draft: Draft, { hosts, mayFail }: Names): void {
  const named = allProxies(draft).flatMap(({ model }) =>
    model.servers.filter(({ fqdn }) => fqdn !== ''),
  );
  const asked = named.filter((server) => waysOf(server).includes('libc'));
  if (asked.length > 0) hosts.prepare(asked.map(({ fqdn }) => fqdn));
  for (const server of named) {
    const host = firstAddress(server, hosts);
    if (host !== null) setHost(server, host);
    else if (waysOf(server).includes('none')) leaveOpen(server);
    else reportUnresolved(draft, server, mayFail);
  }
}

/** The first way that gives an address; null: none does, or `none` comes before. */
function firstAddress(server: ServerModel, hosts: HostResolver): string | null {
  for (const way of waysOf(server)) {
    if (way === 'none') return null;
    const host = way === 'libc' ? hosts.resolve(server.fqdn) : way;
    const found = way === 'last' ? (server.savedState?.address ?? '') : host;
    if (found !== null && isIP(found) > 0) return found;
  }
  return null;
}

function setHost(server: ServerModel, host: string): void {
  const family = host.includes(':') ? 'ipv6' : 'ipv4';
  server.address = { ...server.address, family, host };
}

/** It waits for an address in maintenance (worker/server/farm-states.ts). */
function leaveOpen(server: ServerModel): void {
  server.address = { ...server.address, family: 'unspecified', host: '' };
}

function reportUnresolved(draft: Draft, server: ServerModel, mayFail: boolean): void {
  const { fqdn, name, place } = server;
  if (!mayFail) {
    draft.diagnostics.alert(place, `could not resolve address '${fqdn}' of server '${name}'.`);
    return;
  }
  server.disabled = true;
  const message = `could not resolve address '${fqdn}', disabling server '${name}'.`;
  draft.diagnostics.warning(place, message);
}
