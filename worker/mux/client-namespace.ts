// The network namespace that a client comes from (doc/network-namespaces.txt): that of the
// listener, or one that its PROXY header brings and the section namespace_list allows. Hot path for
// servers with `namespace *` alone.

import { tlvNamespace } from '../conn/proxy-header.ts';
import type { Stream } from '../stream/stream.ts';

/** Its name, '' for that of the process. */
export function clientNamespace({ session, thread }: Stream): string {
  const { proxyTlvs, listener } = session;
  for (let i = 0; i < proxyTlvs.length; i++) {
    const { type, value } = proxyTlvs[i];
    if (type === tlvNamespace && thread.namespaces?.lists(value) === true) return value;
  }
  return listener.bind.namespace;
}
