// What server lines evaluate per connection: the name asked for, what connections are shared by,
// TLVs of the PROXY header. Called by proxies.ts at start.

import type { ProxyModel, ServerModel } from '../../shared/config/model.ts';
import type { Evaluate, Scope } from '../keyword.ts';
import type { ProxyPlan } from '../program.ts';
import { kindString } from '../sample/sample.ts';

/**
 * Manual 5.2, sni-auto: what servers of HTTP backends are asked for unless `sni` says otherwise.
 */
const hostName = 'req.hdr(host),field(1,:)';

/** Where a server's words are built: mistakes point at its line. */
export type ScopeOf = (server: ServerModel) => Scope;

/** By server index; null or empty: the line says nothing. */
export function compileServerLines(
  model: ProxyModel,
  scopeOf: ScopeOf,
): Pick<ProxyPlan, 'serverSni' | 'serverShares' | 'serverTlvs'> {
  const isHttp = model.mode === 'http';
  return {
    serverSni: model.servers.map((server) => compileText(sniOf(server, isHttp), server, scopeOf)),
    serverShares: model.servers.map((server) => compileText(server.poolConnName, server, scopeOf)),
    serverTlvs: model.servers.map((server) =>
      server.proxyTlvs.map(({ type, format }) => ({
        type,
        value: format === '' ? null : scopeOf(server).logFormat(format),
      })),
    ),
  };
}

function sniOf({ ssl }: ServerModel, isHttp: boolean): string {
  if (ssl === null) return '';
  return ssl.sni === '' && ssl.sniAuto && isHttp ? hostName : ssl.sni;
}

function compileText(text: string, server: ServerModel, scopeOf: ScopeOf): Evaluate | null {
  return text === '' ? null : (scopeOf(server).expressionOf(text, kindString)?.evaluate ?? null);
}
