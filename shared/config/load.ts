// The entry point of shared/config: files and environment in, Model and diagnostics out. Called by
// the master and by `hawser check`. Synchronous; it never throws for what a user wrote.

import { runtimeOptions } from './features.ts';
import { compatibilityBranch, compatibilityVersion } from './features.ts';
import { Diagnostics } from './diagnostic.ts';
import { type Draft, newDraft } from './draft.ts';
import { HostResolver } from './hosts.ts';
import type { Line } from './line.ts';
import type { Model } from './model.ts';
import { Parser } from './parse.ts';
import { resolveDraft } from './resolve.ts';
import { listFiles, readFileLines, readLines, type SourceContext } from './source.ts';

export interface LoadOptions {
  /** Arguments of -f in order: files or folders. */
  readonly files: readonly string[];
  /** A configuration that is text already; read after the files under the name given. */
  readonly texts?: readonly { readonly name: string; readonly text: string }[];
  readonly environment: Readonly<Record<string, string>>;
  /** Settings of the command line; they win over the configuration. */
  readonly overrides?: LoadOverrides;
}

export interface LoadOverrides {
  /** -n: limit of connections, whatever `maxconn` says. */
  readonly maxconn?: number;
  /** -N: `maxconn` of frontends that set none. */
  readonly proxyMaxconn?: number;
  /** -L */
  readonly localpeer?: string;
  /** -p */
  readonly pidfile?: string;
  /** -W or -Ws; also makes HAPROXY_MWORKER known. */
  readonly masterWorker?: boolean;
  /** -D */
  readonly daemon?: boolean;
  /** -dV: `ssl-server-verify none`. */
  readonly verifyServers?: boolean;
  /** -dG: host names mean IPv4 addresses only. */
  readonly getaddrinfo?: boolean;
  /** -dr: a server whose name has no address is disabled, not a mistake. */
  readonly resolutionMayFail?: boolean;
  /** -4: resolvers ask for IPv4 addresses only. */
  readonly onlyIpv4?: boolean;
}

export interface Loaded {
  readonly model: Model;
  readonly diagnostics: Diagnostics;
}

/** Loads a configuration. `diagnostics.alerts` other than 0 means: do not start. */
export function loadConfiguration(options: LoadOptions): Loaded {
  const diagnostics = new Diagnostics();
  const isIpv4Only = (): boolean =>
    options.overrides?.getaddrinfo === false || draft.global.noGetaddrinfo;
  const hosts = new HostResolver(isIpv4Only);
  const draft: Draft = newDraft(diagnostics, options.environment, (name) => hosts.resolve(name));
  const files = listFiles(options.files, diagnostics);
  setVariables(draft, files, options.overrides ?? {});
  readAll(draft, files, options.texts ?? []);
  applyOverrides(draft, options.overrides ?? {});
  draft.environment.set('HAPROXY_LOCALPEER', draft.global.localpeer);
  const model = resolveDraft(draft, files, {
    hosts,
    mayFail: options.overrides?.resolutionMayFail === true,
  });
  return { model, diagnostics };
}

function readAll(
  draft: Draft,
  files: readonly string[],
  texts: NonNullable<LoadOptions['texts']>,
): void {
  const parser = new Parser(draft);
  const context: SourceContext = {
    diagnostics: draft.diagnostics,
    environment: draft.environment,
    section: () => parser.section,
    enabled: () => enabledOptions(draft),
  };
  const sink = (line: Line): void => parser.read(line);
  for (const file of files) readFileLines(file, context, sink);
  for (const { name, text } of texts) readLines(name, text, context, sink);
}

/** `enabled()` follows what global has said so far. */
function enabledOptions(draft: Draft): Record<string, boolean> {
  const { tune, ssl } = draft.global;
  return {
    ...runtimeOptions,
    SPLICE: tune.splice,
    'FAST-FORWARD': !tune.disableFastForward,
    'SERVER-SSL-VERIFY-NONE': ssl.serverVerify === 'none',
  };
}

/** Variables that HAProxy defines (manual 2.3). */
function setVariables(draft: Draft, files: readonly string[], overrides: LoadOverrides): void {
  const { environment } = draft;
  environment.set('HAPROXY_STARTUP_VERSION', compatibilityVersion);
  environment.set('HAPROXY_BRANCH', compatibilityBranch);
  environment.set('HAPROXY_CFGFILES', files.join(';'));
  // Peers sections must know who is meant while they are read.
  if (overrides.localpeer !== undefined) draft.global.localpeer = overrides.localpeer;
  if (overrides.masterWorker === true) environment.set('HAPROXY_MWORKER', '1');
  for (const [name, format] of Object.entries(logFormats)) {
    if (!environment.has(name)) environment.set(name, format);
  }
}

/** Manual 8.2: the default log formats as variables, so that others can be built from them. */
export const logFormats: Readonly<Record<string, string>> = {
  HAPROXY_HTTP_LOG_FMT:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc ' +
    '%sq/%bq %hr %hs %{+Q}r',
  HAPROXY_HTTP_CLF_LOG_FMT:
    '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac ' +
    '%fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl',
  HAPROXY_HTTPS_LOG_FMT:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc ' +
    '%sq/%bq %hr %hs %{+Q}r %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/' +
    '%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc',
  HAPROXY_TCP_LOG_FMT: '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq',
  HAPROXY_TCP_CLF_LOG_FMT:
    '%{+Q}o %{-Q}ci - - [%T] "TCP " 000 %B "" "" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- %ac ' +
    '%fc %bc %sc %rc %sq %bq "" "" ',
};

function applyOverrides(draft: Draft, overrides: LoadOverrides): void {
  const { global } = draft;
  if (overrides.maxconn !== undefined) global.maxconn = overrides.maxconn;
  if (overrides.localpeer !== undefined) global.localpeer = overrides.localpeer;
  if (overrides.pidfile !== undefined) global.pidfile = overrides.pidfile;
  if (overrides.masterWorker === true) global.masterWorker = true;
  if (overrides.daemon === true) global.daemon = true;
  if (overrides.onlyIpv4 === true) global.dnsFamilies = ['ipv4'];
  if (overrides.verifyServers === false) global.ssl.serverVerify = 'none';
  if (overrides.proxyMaxconn === undefined) return;
  for (const { model, section } of draft.proxies) {
    if (section !== 'backend' && model.maxconn === 0) model.maxconn = overrides.proxyMaxconn;
  }
}
