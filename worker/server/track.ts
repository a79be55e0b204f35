// `track`: which servers follow which (manual 5.2). Read by worker/compile, which reports faults,
// and by health checks. Start only.

import { isGone, type Model, type ServerModel } from '../../shared/config/model.ts';

export interface Tracker {
  readonly model: ServerModel;
  readonly proxyIndex: number;
  readonly serverIndex: number;
}

/** Followers by "proxyIndex/serverIndex" of the server they follow. */
export function trackersOf(model: Pick<Model, 'proxies'>): ReadonlyMap<string, readonly Tracker[]> {
  const trackers = new Map<string, Tracker[]>();
  model.proxies.forEach((proxy, proxyIndex) => {
    proxy.servers.forEach((server, serverIndex) => {
      const found =
        server.track === '' || isGone(server) ? null : find(model, proxy.name, server.track);
      if (found === null) return;
      const followed = `${found.proxyIndex}/${found.serverIndex}`;
      const list = trackers.get(followed) ?? [];
      list.push({ model: server, proxyIndex, serverIndex });
      trackers.set(followed, list);
    });
  });
  return trackers;
}

interface Tracked {
  readonly proxyIndex: number;
  readonly serverIndex: number;
}

/** The server that `backend/server`, or a name of the same backend, means; null: there is none. */
function find(model: Pick<Model, 'proxies'>, own: string, track: string): Tracked | null {
  const slash = track.indexOf('/');
  const backend = slash < 0 ? own : track.slice(0, slash);
  const name = track.slice(slash + 1);
  const proxyIndex = model.proxies.findIndex(
    (proxy) => proxy.name === backend && proxy.kind !== 'frontend',
  );
  if (proxyIndex < 0) return null;
  const serverIndex = model.proxies[proxyIndex].servers.findIndex((server) => server.name === name);
  return serverIndex < 0 ? null : { proxyIndex, serverIndex };
}

/** The server that the `track` of a server of backend `own` means; null: there is none. */
export function trackedBy(
  model: Pick<Model, 'proxies'>,
  own: string,
  track: string,
): Tracked | null {
  return find(model, own, track);
}

/** Another server follows this one. */
export function isTracked(
  model: Pick<Model, 'proxies'>,
  proxyIndex: number,
  serverIndex: number,
): boolean {
  return trackersOf(model).has(`${proxyIndex}/${serverIndex}`);
}

const chainMax = 1000;

/** What is wrong with the `track` of a server of backend `own`; '': nothing, or it has none. */
export function trackFault(
  model: Pick<Model, 'proxies'>,
  own: string,
  server: Pick<ServerModel, 'track' | 'name' | 'check'>,
): string {
  const { track } = server;
  if (track === '') return '';
  if (server.check) return `server '${server.name}' cannot have both 'check' and 'track'`;
  let backend = own;
  let next = track;
  for (let step = 0; step < chainMax; step++) {
    const found = find(model, backend, next);
    if (found === null) return `unable to find server '${next}' to track`;
    const proxy = model.proxies[found.proxyIndex];
    const tracked = proxy.servers[found.serverIndex];
    if (tracked.check) return '';
    if (tracked.track === '') {
      return `server '${proxy.name}/${tracked.name}' cannot be tracked: it is not checked`;
    }
    backend = proxy.name;
    next = tracked.track;
  }
  return `server '${server.name}' tracks itself in a circle`;
}
