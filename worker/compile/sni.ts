// The `sni` expressions of a proxy's TLS servers. Called by proxies.ts at start.

import type { ProxyModel } from '../../shared/config/model.ts';
import type { Evaluate, Scope } from '../keyword.ts';
import { kindString } from '../sample/sample.ts';

/** One entry per server, null for servers that send no name. */
export function compileServerSni(model: ProxyModel, scope: Scope): readonly (Evaluate | null)[] {
  return model.servers.map((server) => {
    const text = server.ssl?.sni ?? '';
    return text === '' ? null : (scope.expressionOf(text, kindString)?.evaluate ?? null);
  });
}
