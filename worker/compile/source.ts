// `source ... usesrc hdr_ip(NAME,N)`: the expressions that read the address. Called by proxies.ts
// at start.

import type { ProxyModel } from '../../shared/config/model.ts';
import type { Evaluate, Scope } from '../keyword.ts';
import { kindAddress } from '../sample/sample.ts';

/** One entry per server, null for those that take nothing from a header. */
export function compileSourceHeaders(
  model: ProxyModel,
  scope: Scope,
): readonly (Evaluate | null)[] {
  return model.servers.map((server) => {
    const usesrc = (server.source ?? model.source)?.usesrc ?? '';
    const match = /^hdr_ip\(([^,)]+)(?:,(-?\d+))?\)$/.exec(usesrc);
    if (match === null) return null;
    // Zero turns it off (manual 4.2, source); without a number the last address counts.
    const occurrence = match[2] ?? '-1';
    if (Number(occurrence) === 0) return null;
    const text = `req.hdr_ip(${match[1]},${occurrence})`;
    return scope.expressionOf(text, kindAddress)?.evaluate ?? null;
  });
}
