// `source ... usesrc hdr_ip(NAME,N)`: the expressions that read the address. Called by
// server-lines.ts.

import type { ProxyModel, ServerModel } from '../../shared/config/model.ts';
import type { Evaluate, Scope } from '../keyword.ts';
import { kindAddress } from '../sample/sample.ts';

/** null: the server takes nothing from a header. */
export function compileSourceHeader(
  model: ProxyModel,
  server: ServerModel,
  scope: Scope,
): Evaluate | null {
  const usesrc = (server.source ?? model.source)?.usesrc ?? '';
  const match = /^hdr_ip\(([^,)]+)(?:,(-?\d+))?\)$/.exec(usesrc);
  if (match === null) return null;
  // Zero turns it off (manual 4.2, source); without a number the last address counts.
  const occurrence = match[2] ?? '-1';
  if (Number(occurrence) === 0) return null;
  const text = `req.hdr_ip(${match[1]},${occurrence})`;
  return scope.expressionOf(text, kindAddress)?.evaluate ?? null;
}
