// What reverse HTTP needs of other sections (manual, rhttp@): servers that connect to us are spoken
// to in HTTP and cannot be checked; a bind line that connects to a server needs one that it can
// connect to in HTTP/2. Called by resolve.ts.

import { allProxies, type Draft } from './draft.ts';
import type { BindModel, ProxyModel, ServerModel } from './model.ts';

/** Reports what cannot work. Called once per load, after servers are complete. */
export function checkReverse(draft: Draft): void {
  for (const { model } of allProxies(draft)) {
    for (const server of model.servers) checkServer(server, model, draft);
    for (const bind of model.binds) checkBind(bind, model, draft);
  }
}

function checkServer(server: ServerModel, { name, mode }: ProxyModel, draft: Draft): void {
  if (server.address.family !== 'rhttp') return;
  const who = `server '${name}/${server.name}'`;
  if (mode !== 'http') {
    draft.diagnostics.alert(server.place, `${who} uses reverse HTTP, which needs 'mode http'.`);
  }
  if (server.check) {
    const message =
      `${who}: 'check' of a server with address 'rhttp@' is not supported yet ` +
      '(it would go over connections that the server has made).';
    draft.diagnostics.alert(server.place, message);
  }
}

function checkBind(bind: BindModel, proxy: ProxyModel, draft: Draft): void {
  const [address] = bind.addresses;
  if (address?.family !== 'rhttp') return;
  const fault =
    faultOf(address.host, draft) ?? (proxy.mode === 'http' ? null : "needs 'mode http'");
  if (fault === null) return;
  draft.diagnostics.alert(bind.place, `'bind rhttp@${address.host}' : ${fault}.`);
}

function faultOf(path: string, draft: Draft): string | null {
  const [backendName, serverName] = path.split('/', 2);
  if (serverName === undefined || serverName === '') return "expects 'BACKEND/SERVER'";
  const backend = draft.proxyNames.get(backendName);
  if (backend === undefined || backend.section === 'frontend') return 'no such backend';
  const server = backend.serverNames.get(serverName)?.model;
  if (server === undefined) return 'no such server';
  if (server.address.family === 'rhttp') return 'the server connects to us itself';
  if (anyHosts.has(server.address.host) && server.fqdn === '') return 'the server has no address';
  if (!speaksH2(server)) return "the server needs HTTP/2, by 'proto h2' or 'alpn h2'";
  const source = server.source ?? backend.model.source;
  const isDynamic = source !== null && source.usesrc !== '' && source.usesrc !== 'address';
  return isDynamic ? 'the server has a source address that depends on clients' : null;
}

/** A server with one of these goes where the client wanted to. */
const anyHosts: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);

function speaksH2({ proto, ssl }: ServerModel): boolean {
  return proto === 'h2' || (proto === '' && ssl?.alpn === 'h2');
}
