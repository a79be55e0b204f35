// Counts over the servers of a backend, as fetches and converters give them. Proxy thread; reads
// the words that all threads share.

import type { Server } from '../server/server.ts';
import type { Stream } from '../stream/stream.ts';

const noServers: readonly Server[] = [];

/** Servers of the proxy at an index of the program. */
export function serversOf(stream: Stream, proxyIndex: number): readonly Server[] {
  return stream.thread.program.proxies[proxyIndex].backend?.servers ?? noServers;
}

/** Servers that can be used: the active ones, or the backup ones that would be. */
export function usableServers(stream: Stream, proxyIndex: number): number {
  const servers = serversOf(stream, proxyIndex);
  let active = 0;
  let backup = 0;
  for (let i = 0; i < servers.length; i++) {
    if (!servers[i].isUsable()) continue;
    if (servers[i].backup) backup++;
    else active++;
  }
  if (active > 0 || backup === 0) return active;
  const { options } = stream.thread.program.proxies[proxyIndex].model;
  return options['allbackups'] === true ? backup : 1;
}
