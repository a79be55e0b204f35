// What server lines evaluate per connection: the name asked for, what connections are shared by,
// TLVs of the PROXY header. Called by proxies.ts at start, and for servers added at run time.

import type { ProxyModel, ServerModel } from '../../shared/config/model.ts';
import type { Evaluate, Scope } from '../keyword.ts';
import type { TlsClientPlan } from '../conn/tls-contexts.ts';
import type { ServerLinePlan } from '../program.ts';
import { kindString } from '../sample/sample.ts';
import { compileSourceHeader } from './source.ts';

/**
 * Manual 5.2, sni-auto: what servers of HTTP backends are asked for unless `sni` says otherwise.
 */
const hostName = 'req.hdr(host),field(1,:)';

/** Where a server's words are built: mistakes point at its line. */
export type ScopeOf = (server: ServerModel) => Scope;

/** The plan of one server line, at start or when the server is added. */
export function compileServerLine(
  model: ProxyModel,
  server: ServerModel,
  scopeOf: ScopeOf,
  tls: TlsClientPlan | null,
): ServerLinePlan {
  return {
    sourceHeader: compileSourceHeader(model, server, scopeOf(server)),
    sni: compileText(sniOf(server, model.mode === 'http'), server, scopeOf),
    shares: compileText(server.poolConnName, server, scopeOf),
    tlvs: server.proxyTlvs.map(({ type, format }) => ({
      type,
      value: format === '' ? null : scopeOf(server).logFormat(format),
    })),
    tls,
  };
}

function sniOf({ ssl }: ServerModel, isHttp: boolean): string {
  if (ssl === null) return '';
  return ssl.sni === '' && ssl.sniAuto && isHttp ? hostName : ssl.sni;
}

function compileText(text: string, server: ServerModel, scopeOf: ScopeOf): Evaluate | null {
  return text === '' ? null : (scopeOf(server).expressionOf(text, kindString)?.evaluate ?? null);
}
