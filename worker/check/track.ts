// `track`: which servers follow which. Names were checked by the loader. Start only.

import type { Model, ServerModel } from '../../shared/config/model.ts';

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
      const followed = trackedBy(model, proxyIndex, server.track);
      if (followed === '') return;
      const list = trackers.get(followed) ?? [];
      list.push({ model: server, proxyIndex, serverIndex });
      trackers.set(followed, list);
    });
  });
  return trackers;
}

/** "proxyIndex/serverIndex" of `backend/server` or of a server of the same backend; '' for neither. */
function trackedBy(model: Pick<Model, 'proxies'>, own: number, track: string): string {
  if (track === '') return '';
  const slash = track.indexOf('/');
  const backend = slash < 0 ? model.proxies[own].name : track.slice(0, slash);
  const name = track.slice(slash + 1);
  const proxyIndex = model.proxies.findIndex(
    (proxy) => proxy.name === backend && proxy.kind !== 'frontend',
  );
  if (proxyIndex < 0) return '';
  const serverIndex = model.proxies[proxyIndex].servers.findIndex((server) => server.name === name);
  return serverIndex < 0 ? '' : `${proxyIndex}/${serverIndex}`;
}
