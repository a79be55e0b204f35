// TLS of every bind and server line: contexts on the thread that will serve, or made and thrown
// away by a check. Mistakes in certificates, keys and lists are alerts at their lines. Opens no
// file.

import type { Diagnostics } from '../../shared/config/diagnostic.ts';
import type { BindModel, Model, ServerModel } from '../../shared/config/model.ts';
import { certificatesOf } from '../../shared/config/model-certificates.ts';
import { openSslTls } from '../../shared/sys/openssl.ts';
import type { Tls, TlsContext } from '../../shared/sys/tls.ts';
import { TlsClientPlan, TlsContexts } from '../conn/tls-contexts.ts';

/** By line of the model; a line without `ssl` has none. */
export interface TlsPlans {
  readonly binds: ReadonlyMap<BindModel, TlsContext>;
  readonly servers: ReadonlyMap<ServerModel, TlsClientPlan>;
  /** Where those of a server that is added later are made. */
  readonly contexts: TlsContexts;
}

/** TLS of one server line; null: clear text, or not possible as `report` has been told. */
export function serverTls(
  model: Model,
  contexts: TlsContexts,
  server: ServerModel,
  report: (fault: string) => void,
): TlsClientPlan | null {
  const { ssl } = server;
  if (ssl === null || !areLoaded(model, ssl.crt === '' ? [] : [ssl.crt])) return null;
  const { context, error } = contexts.clientOf(ssl);
  if (context !== null) return new TlsClientPlan(context, ssl);
  report(error);
  return null;
}

/** For a thread that will serve. `ticketKeys`: 80 bytes, the same on every thread. */
export function compileTls(
  model: Model,
  diagnostics: Diagnostics,
  ticketKeys: Uint8Array,
): TlsPlans {
  return build(model, diagnostics, new TlsContexts(openLibrary(), model, ticketKeys));
}

/** Makes everything once and keeps nothing. */
export function checkTls(model: Model, diagnostics: Diagnostics): void {
  const contexts = new TlsContexts(openLibrary(), model, null);
  build(model, diagnostics, contexts);
  contexts.free();
}

/** What is wrong with the TLS of a server that shall be added; '' for nothing. */
export function checkServerTls(model: Model, server: ServerModel): string {
  const { ssl } = server;
  if (ssl === null) return '';
  if (ssl.verify !== 'none' && ssl.caFile === '') {
    return `verify is enabled by default but no CA file specified.`;
  }
  if (ssl.crt !== '' && !areLoaded(model, [ssl.crt])) {
    return `'crt' : unable to find '${ssl.crt}', which the configuration has not loaded.`;
  }
  const contexts = new TlsContexts(openLibrary(), model, null);
  let fault = '';
  serverTls(model, contexts, server, (error) => {
    fault = error;
  });
  contexts.free();
  return fault;
}

/** The library is loaded when a line asks for TLS. */
function openLibrary(): () => Tls {
  let tls: Tls | null = null;
  return () => {
    tls ??= openSslTls();
    return tls;
  };
}

function build(model: Model, diagnostics: Diagnostics, contexts: TlsContexts): TlsPlans {
  const binds = new Map<BindModel, TlsContext>();
  const servers = new Map<ServerModel, TlsClientPlan>();
  for (const { place, ssl } of model.global.statsSockets) {
    if (ssl !== null) diagnostics.alert(place, "'ssl' of a stats socket is not supported yet");
  }
  for (const proxy of model.proxies) {
    for (const bind of proxy.binds) {
      if (bind.ssl === null || bind.ssl.crts.length === 0) continue;
      if (!areLoaded(model, certificatesOf(model, bind.ssl.crts))) continue;
      if (!bind.ssl.crts.every(({ kind, name }) => kind === 'crt' || name in model.crtLists))
        continue;
      const { context, error } = contexts.serverOf(bind.ssl);
      if (context !== null) binds.set(bind, context);
      else diagnostics.alert(bind.place, `Proxy '${proxy.name}': ${error}.`);
    }
    for (const server of proxy.servers) {
      const { place, name } = server;
      const plan = serverTls(model, contexts, server, (error) => {
        diagnostics.alert(place, `Proxy '${proxy.name}', server '${name}': ${error}.`);
      });
      if (plan !== null) servers.set(server, plan);
    }
  }
  return { binds, servers, contexts };
}

/** False: the loader has said what is wrong with a file. */
function areLoaded({ certificates }: Model, names: readonly string[]): boolean {
  return names.every((name) => name in certificates);
}
