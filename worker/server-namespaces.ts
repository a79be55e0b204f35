// The network namespaces that servers of a configuration are in, and clients may come from, opened
// for one thread.

import type { Model } from '../shared/config/model.ts';
import { clientNamespaceWord, Namespaces } from '../shared/sys/namespaces.ts';
import type { Sys } from '../shared/sys/sys.ts';

/** On the thread that will use them, before it is chrooted. */
export function serverNamespaces(
  sys: Sys,
  { proxies, namespaces }: Pick<Model, 'proxies' | 'namespaces'>,
): Namespaces {
  const names = new Set<string>();
  for (const { servers, binds } of proxies) {
    for (const { socket } of servers) names.add(socket.namespace);
    // Of clients, for servers that are where their client is.
    for (const { namespace } of binds) names.add(namespace);
  }
  names.delete(clientNamespaceWord);
  return new Namespaces(sys, names, namespaces);
}
