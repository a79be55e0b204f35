// The network namespaces that servers of a configuration are in, opened for one thread.

import type { Model } from '../shared/config/model.ts';
import { Namespaces } from '../shared/sys/namespaces.ts';
import type { Sys } from '../shared/sys/sys.ts';

/** On the thread that will use them, before it is chrooted. */
export function serverNamespaces(sys: Sys, { proxies }: Pick<Model, 'proxies'>): Namespaces {
  const servers = proxies.flatMap((proxy) => proxy.servers);
  return new Namespaces(
    sys,
    servers.map(({ socket }) => socket.namespace),
  );
}
