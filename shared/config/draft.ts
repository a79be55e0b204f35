// The configuration while it is read: what parse.ts hands to the section tables and resolve.ts
// turns into a Model. Also the inheritance of defaults sections: which settings a new section
// starts with.

import type { Diagnostics, Place } from './diagnostic.ts';
import { freshProxy, freshRules, freshServer, noAddress } from './fresh.ts';
import { freshGlobal } from './fresh-process.ts';
import type { Mutable, PeersDraft, ProxyDraft, ResolversDraft, ServerDraft } from './keyword.ts';
import type {
  GlobalModel,
  HealthcheckModel,
  HttpErrorsModel,
  LineModel,
  LogForwardModel,
  LogProfileModel,
  MailersModel,
  RingModel,
  ProxyModel,
  RuleSet,
  UserlistModel,
} from './model.ts';
import type { CertificateModel, CrtListModel, IssuerChainModel } from './model-certificates.ts';
import type { FcgiAppModel } from './model-fcgi.ts';
import type { AgentModel, ServerCheckModel } from './model-check.ts';
import { ruleSets } from './model.ts';

export interface Draft {
  readonly diagnostics: Diagnostics;
  /** Environment as bytes; setenv and its kind change it. */
  readonly environment: Map<string, string>;
  readonly global: GlobalModel;
  /** Words of global that may be written once. */
  readonly once: Set<string>;
  readonly unixBind: { mode: number; uid: number; gid: number };
  readonly proxies: ProxyDraft[];
  /** Frontends, backends and listens by name; the first of a name stays. */
  readonly proxyNames: Map<string, ProxyDraft>;
  readonly defaults: ProxyDraft[];
  /** The defaults section that the next proxy inherits from without `from`. */
  lastDefaults: ProxyDraft | null;
  readonly httpErrors: Mutable<HttpErrorsModel>[];
  readonly userlists: Mutable<UserlistModel>[];
  readonly logProfiles: Mutable<LogProfileModel>[];
  readonly peers: PeersDraft[];
  readonly resolvers: ResolversDraft[];
  readonly healthchecks: HealthcheckModel[];
  /** Each with the proxy that its servers are read into. */
  readonly rings: RingDraft[];
  readonly mailers: MailersModel[];
  /** What clients may bring along. */
  readonly namespaces: string[];
  readonly logForwards: LogForwardDraft[];
  readonly fcgiApps: FcgiAppModel[];
  readonly traces: LineModel[];
  /** Files read, by path. */
  readonly contents: Map<string, string>;
  /** Certificates by name, lists of them, and chains that complete them. */
  readonly certificates: Map<string, CertificateModel>;
  readonly crtLists: Map<string, CrtListModel>;
  readonly issuerChains: IssuerChainModel[];
  /** What many servers say alike, once (shareEqual). */
  readonly equals: { readonly checks: ServerCheckModel[]; readonly agents: AgentModel[] };
  /** Those that are read as lists or maps only. */
  readonly patternFiles: Set<string>;
  /** What is read comes from the runtime API, not from a file. */
  isRuntime: boolean;
  /** No line was wrong: set when the last one has been read. */
  linesFine: boolean;
  readonly resolveHost: (name: string, family: 4 | 6 | 0) => string | null;
}

/** An empty draft; `environment` is what ${name} and presetenv see, kept as latin1 bytes. */
export function newDraft(
  diagnostics: Diagnostics,
  environment: Readonly<Record<string, string>>,
  resolveHost: Draft['resolveHost'],
): Draft {
  const bytes = Object.entries(environment).map(
    ([name, value]) => [name, Buffer.from(value, 'utf8').toString('latin1')] as const,
  );
  return {
    diagnostics,
    environment: new Map(bytes),
    global: freshGlobal(),
    once: new Set(),
    unixBind: { mode: -1, uid: -1, gid: -1 },
    proxies: [],
    proxyNames: new Map(),
    defaults: [],
    lastDefaults: null,
    httpErrors: [],
    userlists: [],
    logProfiles: [],
    peers: [],
    resolvers: [],
    healthchecks: [],
    rings: [],
    mailers: [],
    namespaces: [],
    logForwards: [],
    fcgiApps: [],
    traces: [],
    contents: new Map(),
    certificates: new Map(),
    crtLists: new Map(),
    issuerChains: [],
    equals: { checks: [], agents: [] },
    patternFiles: new Set(),
    isRuntime: false,
    linesFine: true,
    resolveHost,
  };
}

/** All that has bind and server lines: proxies, peers, ring, log-forward, resolvers sections. */
export function allProxies(draft: Draft): readonly ProxyDraft[] {
  const { proxies, peers, rings, logForwards, resolvers } = draft;
  const others = [...peers, ...rings, ...logForwards, ...resolvers];
  return [...proxies, ...others.map(({ proxy }) => proxy)];
}

/** A log-forward section while it is read; `bind` lines are read into the proxy. */
export interface LogForwardDraft {
  readonly model: Mutable<LogForwardModel>;
  readonly proxy: ProxyDraft;
}

/** A ring while it is read. */
export interface RingDraft {
  readonly model: Mutable<RingModel>;
  readonly proxy: ProxyDraft;
}

/** A ring that nothing has been said about but its name. */
export function newRingDraft(place: Place, name: string): RingDraft {
  const proxy = newProxyDraft('backend', place, name, null);
  const model: RingDraft['model'] = {
    place,
    name,
    description: name,
    format: 'raw',
    lengthMax: 0,
    sizeBytes: defaultRingBytes,
    backingFile: '',
    connectMs: -1,
    serverMs: -1,
    servers: proxy.model.servers,
    file: null,
    otlp: null,
  };
  return { model, proxy };
}

/** HAProxy's BUFSIZE. */
export const defaultRingBytes = 16_384;

/**
 * A warning of the checks after the last line. HAProxy skips those when a line was wrong, because
 * what they would say may only follow from that.
 */
export function finalWarning(draft: Draft, place: Place, message: string): void {
  if (draft.linesFine) draft.diagnostics.warning(place, message);
}

/** A server before its words are read. */
export function newServerDraft(place: Place, name: string): ServerDraft {
  return { model: freshServer(place, name), tls: null, tlsOn: false };
}

/** Different values of which equal ones are looked for. */
const equalsMax = 8;

/**
 * `value`, or one that was seen before and is equal in all its fields: a model of thousands of
 * servers is sent to every thread, and what they share is sent once. Nothing may change it any
 * more.
 */
export function shareEqual<T extends object>(value: T, seen: T[]): T {
  const fields = Object.keys(value) as (keyof T)[];
  const same = seen.find((other) => fields.every((field) => other[field] === value[field]));
  if (same === undefined && seen.length < equalsMax) seen.push(value);
  return same ?? value;
}

/** A server that starts with what `from` says (a default-server, or another draft). */
export function copyServerDraft(from: ServerDraft, place: Place, name: string): ServerDraft {
  return {
    model: {
      ...from.model,
      place,
      name,
      id: 0,
      guid: '',
      fqdn: '',
      srvRecord: '',
      address: noAddress,
      checks: { ...from.model.checks },
      agent: { ...from.model.agent },
    },
    tls: from.tls === null ? null : { ...from.tls },
    tlsOn: from.tlsOn,
  };
}

/** A proxy before its lines are read: what `parent`, a defaults section, says, if any. */
export function newProxyDraft(
  section: ProxyDraft['section'],
  place: Place,
  name: string,
  parent: ProxyDraft | null,
): ProxyDraft {
  const kind = section === 'defaults' ? 'listen' : section;
  const model = freshProxy(place, name, kind);
  if (parent !== null) inherit(model, section, parent);
  return {
    section,
    parent,
    model,
    defaultServer:
      parent === null
        ? newServerDraft(place, '')
        : copyServerDraft(parent.defaultServer, place, ''),
    hasMode: parent?.hasMode ?? false,
    hasDefaultServer: parent?.hasDefaultServer ?? false,
    namedDefaultServers: new Map(),
    serverNames: new Map(),
    cleared: new Set(parent?.cleared),
    ownChecks: new Set(),
    explicitRef: false,
    implicitRef: false,
    hidden: null,
    logPresetPlace: parent?.logPresetPlace ?? null,
  };
}

/** Settings that both sides of a proxy take from its defaults section. */
const bothSides = [
  'mode',
  'disabled',
  'inspectDelayMs',
  'responseInspectDelayMs',
  'logTag',
  'uniqueIdFormat',
  'uniqueIdHeader',
  'emailAlert',
  'restrictReqHdrNames',
  'forwardFor',
  'originalTo',
  'retryOn',
  'statsLines',
] as const satisfies readonly (keyof ProxyModel)[];

const frontSide = [
  'maxconn',
  'backlog',
  'rateLimitSessions',
  'monitorUri',
  'defaultBackend',
  'defaultBackendPlace',
  'logSteps',
  'logFormat',
  'errorLogFormat',
  'logFormatSd',
  'logPreset',
] as const satisfies readonly (keyof ProxyModel)[];

const backSide = [
  'balance',
  'hashType',
  'hashBalanceFactor',
  'hashPreserveAffinity',
  'loadServerState',
  'serverStateFileName',
  'fullconn',
  'retries',
  'redispatch',
  'forwarded',
  'httpReuse',
  'cookie',
  'hasDynamicCookies',
  'dynamicCookieKey',
  'rdpCookie',
  'serverNameHeader',
  'smallBuffers',
  'source',
] as const satisfies readonly (keyof ProxyModel)[];

const bothTimeouts = ['tarpit', 'httpRequest', 'httpKeepAlive'] as const;
const frontTimeouts = ['client', 'clientHs', 'clientFin'] as const;
const backTimeouts = ['connect', 'server', 'serverFin', 'check', 'queue', 'tunnel'] as const;

function copyFields(to: ProxyModel, from: ProxyModel, names: readonly (keyof ProxyModel)[]): void {
  // One name of one type on both sides, which the type checker cannot see in a loop.
  const target = to as unknown as Record<string, unknown>;
  for (const name of names) target[name] = from[name];
}

function inherit(model: ProxyModel, section: ProxyDraft['section'], parent: ProxyDraft): void {
  const from = parent.model;
  const front = section !== 'backend';
  const back = section !== 'frontend';
  copyFields(model, from, bothSides);
  Object.assign(model.options, from.options);
  Object.assign(model.optionLines, from.optionLines);
  model.errors.push(...from.errors);
  model.logs.push(...from.logs);
  for (const name of bothTimeouts) model.timeouts[name] = from.timeouts[name];
  if (front) {
    copyFields(model, from, frontSide);
    Object.assign(model.clitcpka, from.clitcpka);
    for (const name of frontTimeouts) model.timeouts[name] = from.timeouts[name];
  }
  if (back) {
    copyFields(model, from, backSide);
    Object.assign(model.srvtcpka, from.srvtcpka);
    Object.assign(model.check, from.check);
    for (const name of backTimeouts) model.timeouts[name] = from.timeouts[name];
  }
  // Rules of a defaults section run in the proxies that use it, never in another defaults section.
  if (section !== 'defaults') {
    model.defaultsName = from.name;
    model.rules = inheritRules(from.rules, from.name);
    model.captureRequestHeaders.push(...from.captureRequestHeaders);
  }
}

function inheritRules(
  rules: Readonly<Record<RuleSet, LineModel[]>>,
  from: string,
): Record<RuleSet, LineModel[]> {
  const copy = freshRules();
  for (const set of ruleSets) {
    if (rules[set].length > 0) copy[set] = rules[set].map((line) => ({ ...line, from }));
  }
  return copy;
}
