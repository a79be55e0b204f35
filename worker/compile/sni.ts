// The `sni` expressions of a proxy's TLS servers. Called by proxies.ts at start.

import type { ProxyModel } from '../../shared/config/model.ts';
import type { Evaluate, Scope } from '../keyword.ts';
import { kindString } from '../sample/sample.ts';

/**
 * Manual 5.2, sni-auto: what servers of HTTP backends are asked for unless `sni` says otherwise.
 */
const hostName = 'req.hdr(host),field(1,:)';

/** One entry per server, null for servers that send no name. */
export function compileServerSni(model: ProxyModel, scope: Scope): readonly (Evaluate | null)[] {
  return model.servers.map((server) => {
    const { ssl } = server;
    if (ssl === null) return null;
    const text = ssl.sni === '' && ssl.sniAuto && model.mode === 'http' ? hostName : ssl.sni;
    return text === '' ? null : (scope.expressionOf(text, kindString)?.evaluate ?? null);
  });
}
