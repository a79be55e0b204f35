// Models as they are before a configuration has said anything: HAProxy's defaults, in one place.
// Called by draft.ts and the tables. Numbers are those of the manual's keyword descriptions.

import type { Place } from './diagnostic.ts';
import { freshAgent, freshCheck, freshServerCheck } from './model-check.ts';
import type {
  AddressModel,
  BindModel,
  BindSslModel,
  LineModel,
  ProxyModel,
  ResolversModel,
  RuleSet,
  ServerModel,
  ServerSslModel,
  TimeoutsModel,
} from './model.ts';

export const noAddress: AddressModel = {
  family: 'unspecified',
  socket: 'stream',
  host: '',
  port: 0,
  portOffset: false,
  fd: -1,
};

/** 'inherit' stands for "not said": -1 in numbers. Everything a bind line may say. */
export function freshBind(place: Place, addresses: readonly AddressModel[]): BindModel {
  return {
    place,
    addresses,
    name: '',
    id: 0,
    guidPrefix: '',
    maxconn: 0,
    backlog: 0,
    interface: '',
    v4v6: false,
    v6only: false,
    tfo: false,
    deferAccept: false,
    mss: 0,
    tcpUtMs: 0,
    idlePingMs: 0,
    nbconn: 1,
    md5Key: '',
    congestion: '',
    namespace: '',
    nice: 0,
    shards: '',
    thread: '',
    acceptProxy: false,
    netscalerMagic: 0,
    tcpSaveSyn: 0,
    label: '',
    transparent: false,
    mode: -1,
    uid: -1,
    gid: -1,
    user: '',
    group: '',
    level: 'operator',
    exposeFdListeners: false,
    severityOutput: 'none',
    proto: '',
    ssl: null,
  };
}

/** A bind line with `ssl` and nothing else (manual 5.1). */
export function freshBindSsl(): BindSslModel {
  return {
    crts: [],
    alpn: '',
    caFile: '',
    crlFile: '',
    caVerifyFile: '',
    noCaNames: false,
    crtIgnored: '',
    caIgnored: '',
    verify: 'none',
    ciphers: '',
    ciphersuites: '',
    curves: '',
    sigalgs: '',
    clientSigalgs: '',
    ecdhe: '',
    sslMinVer: '',
    sslMaxVer: '',
    strictSni: false,
    noStrictSni: false,
    tlsTickets: true,
    preferClientCiphers: false,
  };
}

/** A server line with `ssl` and nothing else (manual 5.2). */
export function freshServerSsl(): ServerSslModel {
  return {
    verify: 'required',
    verifyHost: '',
    caFile: '',
    crlFile: '',
    crt: '',
    sni: '',
    sniAuto: true,
    sslReuse: true,
    renegotiation: '',
    alpn: '',
    ciphers: '',
    ciphersuites: '',
    curves: '',
    sigalgs: '',
    clientSigalgs: '',
    sslMinVer: '',
    sslMaxVer: '',
  };
}

/** A server line that says nothing (manual 5.2); its address is still to come. */
export function freshServer(place: Place, name: string): ServerModel {
  return {
    place,
    name,
    isDynamic: false,
    id: 0,
    guid: '',
    fqdn: '',
    srvRecord: '',
    resolvers: '',
    resolution: { prefer: 'ipv6', networks: [], allowsTwins: false, ignoresWeight: false },
    initAddr: [],
    savedState: null,
    address: noAddress,
    weight: 1,
    backup: false,
    disabled: false,
    maxconn: 0,
    minconn: 0,
    maxqueue: 0,
    maxReuse: -1,
    poolMaxConn: -1,
    poolLowConn: 0,
    poolPurgeDelayMs: 5000,
    check: false,
    checkPort: 0,
    checkAddress: null,
    checkSendProxy: false,
    checks: freshServerCheck(),
    agent: freshAgent(),
    hashKey: 'id',
    interMs: 2000,
    fastinterMs: 0,
    downinterMs: 0,
    rise: 2,
    fall: 3,
    cookie: '',
    hasDynamicCookie: false,
    nonStick: false,
    shard: 0,
    redir: '',
    sendProxy: 0,
    proxyV2Options: [],
    proxyTlvs: [],
    poolConnName: '',
    source: null,
    ...{ presetRise: 0, tcpUtMs: 0, idlePingMs: 0, strictMaxconn: false },
    socket: { socks4: null, checkViaSocks4: false, md5Key: '', congestion: '', namespace: '' },
    tfo: false,
    track: '',
    ssl: null,
    noSsl: false,
    spareSsl: null,
    proto: '',
    ws: 'auto',
    logProto: 'legacy',
    logBufsize: 0,
  };
}

function freshTimeouts(): TimeoutsModel {
  return {
    client: -1,
    server: -1,
    connect: -1,
    queue: -1,
    tunnel: -1,
    tarpit: -1,
    httpRequest: -1,
    httpKeepAlive: -1,
    check: -1,
    clientFin: -1,
    serverFin: -1,
    clientHs: -1,
  };
}

/** No rule in any set. */
export function freshRules(): Record<RuleSet, LineModel[]> {
  return {
    'tcp-request connection': [],
    'tcp-request session': [],
    'tcp-request content': [],
    'tcp-response content': [],
    'http-request': [],
    'http-response': [],
    'http-after-response': [],
  };
}

/** A proxy section without a line (manual 4). */
export function freshProxy(place: Place, name: string, kind: ProxyModel['kind']): ProxyModel {
  return {
    place,
    name,
    kind,
    id: 0,
    guid: '',
    description: '',
    mode: 'tcp',
    disabled: false,
    binds: [],
    servers: [],
    presets: [],
    loadServerState: 'none',
    serverStateFileName: '',
    maxconn: 0,
    maxSessionSrvConns: 5,
    maxKeepAliveQueue: -1,
    backlog: 0,
    fullconn: 0,
    rateLimitSessions: 0,
    timeouts: freshTimeouts(),
    options: {},
    optionLines: {},
    acls: [],
    rules: freshRules(),
    useBackends: [],
    useServers: [],
    stickTable: null,
    stickRules: [],
    redirects: [],
    unpublished: false,
    forceSwitches: [],
    forcePersist: [],
    ignorePersist: [],
    monitorFail: [],
    monitorUri: '',
    inspectDelayMs: -1,
    responseInspectDelayMs: -1,
    defaultBackend: '',
    defaultBackendPlace: null,
    ...freshBalance(),
    ...freshLogging(),
    ...freshHttp(),
    graceMs: -1,
    check: freshCheck(),
    statsLines: [],
  };
}

function freshBalance() {
  return {
    balance: null,
    hashType: [],
    hashBalanceFactor: 0,
    hashPreserveAffinity: 'always',
    defaultsName: '',
    httpReuse: 'safe',
    retries: 3,
    retryOn: ['conn-failure'],
    redispatch: 0,
    cookie: null,
    hasDynamicCookies: false,
    dynamicCookieKey: '',
    rdpCookie: '',
    serverNameHeader: '',
    smallBuffers: [],
    source: null,
    clitcpka: { count: 0, idleMs: 0, intervalMs: 0 },
    srvtcpka: { count: 0, idleMs: 0, intervalMs: 0 },
  } satisfies Partial<ProxyModel>;
}

function freshLogging() {
  return {
    logs: [],
    logTag: '',
    logSteps: [],
    logFormat: null,
    errorLogFormat: null,
    logFormatSd: null,
    logPreset: 'default',
  } satisfies Partial<ProxyModel>;
}

function freshHttp() {
  return {
    errors: [],
    bandwidth: [],
    fcgiApp: '',
    fcgiPlace: null,
    fcgiFilter: false,
    captureRequestHeaders: [],
    captureResponseHeaders: [],
    captureCookie: null,
    uniqueIdFormat: null,
    uniqueIdHeader: '',
    emailAlert: null,
    restrictReqHdrNames: 'default',
    forwardFor: null,
    originalTo: null,
    forwarded: null,
  } satisfies Partial<ProxyModel>;
}

/** A resolvers section without name servers (manual 5.3.2). */
export function freshResolvers(place: Place, name: string, isImplicit: boolean): ResolversModel {
  return {
    place,
    name,
    isImplicit,
    nameservers: [],
    hold: {
      nx: 30_000,
      refused: 30_000,
      timeout: 30_000,
      other: 30_000,
      valid: 10_000,
      obsolete: 0,
    },
    retries: 3,
    resolveMs: 1000,
    retryMs: 1000,
    payloadBytes: 512,
  };
}
