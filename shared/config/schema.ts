// One JSON schema of the Model. test/finish-build.ts makes a validator of it at build time, which
// json.ts uses for configurations that arrive as JSON; text input never passes through it.
// Every field of the model's types must be here: the type checker sees to that.

import type { FcgiAppModel } from './model-fcgi.ts';
import type { PlacementModel } from './model-process.ts';
import type {
  AddressModel,
  BalanceModel,
  BandwidthModel,
  BindModel,
  BindSslModel,
  CaptureModel,
  DefaultsModel,
  ErrorModel,
  ForwardForModel,
  GlobalModel,
  HttpErrorsModel,
  LineModel,
  LogFileModel,
  LogForwardModel,
  LogOtlpModel,
  LogProfileModel,
  LogProfileStepModel,
  LogTargetModel,
  Model,
  PeerModel,
  PeersModel,
  PeersTableModel,
  RedisModel,
  ProxyModel,
  EmailAlertModel,
  MailerModel,
  MailersModel,
  RingModel,
  SavedStateModel,
  ServerModel,
  ServerPresetModel,
  ServerSocketModel,
  ServerSslModel,
  SourceModel,
  SslDefaultsModel,
  StickTableModel,
  TcpKeepAliveModel,
  TimeoutsModel,
  TuneModel,
  UserlistModel,
} from './model.ts';
import { modelVersion } from './model.ts';
import {
  type AgentModel,
  type CheckModel,
  checkKinds,
  type HealthcheckModel,
  type ServerCheckModel,
} from './model-check.ts';
import type {
  CertificateModel,
  CertificateUse,
  CertificateWords,
  CrtListModel,
  IssuerChainModel,
} from './model-certificates.ts';
import type { H2SideModel, H2TuneModel } from './model-process.ts';
import type {
  HoldModel,
  NameserverModel,
  ResolutionModel,
  ResolversModel,
} from './model-resolvers.ts';
import type { Network } from '../address.ts';
import type { GroupDefinition, ThreadGroup } from '../thread-groups.ts';
import type { StoredType } from '../segment/table-data.ts';
import { keyTypes } from '../segment/table-layout.ts';
import type { Place } from './diagnostic.ts';

/** A piece of JSON schema. */
export type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const integer: Schema = { type: 'integer' };
const natural: Schema = { type: 'integer', minimum: 0 };
/** A time or count that may be "not set". */
const optional: Schema = { type: 'integer', minimum: -1 };
const port: Schema = { type: 'integer', minimum: -65_535, maximum: 65_535 };
const list = (items: Schema): Schema => ({ type: 'array', items });
const oneOf = (...values: readonly (string | number)[]): Schema => ({ enum: values });
const orNull = (schema: Schema): Schema => ({ anyOf: [{ type: 'null' }, schema] });
const map = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });

/** An object with exactly the fields of `T`. */
function shape<T>(fields: Readonly<Record<keyof T & string, Schema>>): Schema {
  return {
    type: 'object',
    properties: fields,
    required: Object.keys(fields),
    additionalProperties: false,
  };
}

const definitions: Record<string, Schema> = {};

/** Names a piece that is used in several places, so that the validator has it once. */
function define(name: string, schema: Schema): Schema {
  definitions[name] = schema;
  return { $ref: `#/$defs/${name}` };
}

const place = define('place', shape<Place>({ file: text, line: natural, column: natural }));

const line = define(
  'line',
  shape<LineModel>({
    place,
    words: list(text),
    columns: list(natural),
    text,
    from: text,
  }),
);

const address = define(
  'address',
  shape<AddressModel>({
    family: oneOf(
      'ipv4',
      'ipv6',
      'unix',
      'abns',
      'abnsz',
      'fd',
      'sockpair',
      'rhttp',
      'unspecified',
    ),
    socket: oneOf('stream', 'dgram'),
    host: text,
    port,
    portOffset: flag,
    fd: optional,
  }),
);

const bindSslFields: Readonly<Record<keyof BindSslModel, Schema>> = {
  crts: list(shape<CertificateUse>({ kind: oneOf('crt', 'list'), name: text, isDefault: flag })),
  alpn: text,
  caFile: text,
  crlFile: text,
  caVerifyFile: text,
  noCaNames: flag,
  crtIgnored: text,
  caIgnored: text,
  verify: oneOf('none', 'optional', 'required'),
  ciphers: text,
  ciphersuites: text,
  curves: text,
  sigalgs: text,
  clientSigalgs: text,
  ecdhe: text,
  sslMinVer: text,
  sslMaxVer: text,
  strictSni: flag,
  noStrictSni: flag,
  tlsTickets: flag,
  preferClientCiphers: flag,
};

const bindSsl = define('bindSsl', shape<BindSslModel>(bindSslFields));

const bind = define(
  'bind',
  shape<BindModel>({
    place,
    addresses: list(address),
    name: text,
    id: natural,
    guidPrefix: text,
    maxconn: natural,
    backlog: natural,
    interface: text,
    v4v6: flag,
    v6only: flag,
    tfo: flag,
    deferAccept: flag,
    mss: integer,
    tcpUtMs: natural,
    idlePingMs: natural,
    nbconn: natural,
    md5Key: text,
    congestion: text,
    namespace: text,
    nice: { type: 'integer', minimum: -1024, maximum: 1024 },
    shards: text,
    thread: text,
    acceptProxy: flag,
    netscalerMagic: natural,
    tcpSaveSyn: natural,
    label: text,
    transparent: flag,
    mode: optional,
    uid: optional,
    gid: optional,
    user: text,
    group: text,
    level: oneOf('user', 'operator', 'admin'),
    exposeFdListeners: flag,
    severityOutput: oneOf('none', 'number', 'string'),
    proto: text,
    ssl: orNull(bindSsl),
  }),
);

const serverSsl = define(
  'serverSsl',
  shape<ServerSslModel>({
    verify: oneOf('none', 'required'),
    verifyHost: text,
    caFile: text,
    crlFile: text,
    crt: text,
    sni: text,
    sniAuto: flag,
    sslReuse: flag,
    renegotiation: oneOf('', 'yes', 'no'),
    alpn: text,
    ciphers: text,
    ciphersuites: text,
    curves: text,
    sigalgs: text,
    clientSigalgs: text,
    sslMinVer: text,
    sslMaxVer: text,
  }),
);

const proxyTlv = shape<ServerModel['proxyTlvs'][number]>({ type: natural, format: text });

const serverSocket = define(
  'serverSocket',
  shape<ServerSocketModel>({
    socks4: orNull(address),
    checkViaSocks4: flag,
    md5Key: text,
    congestion: text,
    namespace: text,
  }),
);

const source = define(
  'source',
  shape<SourceModel>({
    address: orNull(address),
    portLow: port,
    portHigh: port,
    interface: text,
    usesrc: text,
    usesrcAddress: orNull(address),
  }),
);

const stickTable = shape<StickTableModel>({
  place,
  keyType: oneOf(...keyTypes),
  keyLength: natural,
  size: natural,
  expireMs: natural,
  purges: flag,
  store: list(shape<StoredType>({ name: text, length: natural, periodMs: natural })),
  serverKey: oneOf('name', 'addr'),
  bytesRateFactor: natural,
  peers: text,
  writeTo: text,
  receivesOnly: flag,
  aggregates: flag,
});

const check = define(
  'check',
  shape<CheckModel>({
    kind: oneOf(...checkKinds),
    line: orNull(line),
    tcp: list(line),
    http: list(line),
    command: text,
    path: text,
  }),
);

const serverChecks = shape<ServerCheckModel>({
  ssl: oneOf('server', 'on', 'off'),
  tls: orNull(serverSsl),
  sni: text,
  sniAuto: flag,
  alpn: text,
  proto: text,
  viaSocks4: flag,
  reusePool: flag,
  poolConnName: text,
  healthcheck: text,
  observe: oneOf('', 'layer4', 'layer7'),
  onError: oneOf('fastinter', 'fail-check', 'sudden-death', 'mark-down'),
  errorLimit: natural,
  shutsWhenDown: flag,
  shutsBackupsWhenUp: flag,
  initState: oneOf('', 'fully-up', 'up', 'down', 'fully-down'),
  slowstartMs: natural,
});

const agent = shape<AgentModel>({
  enabled: flag,
  address: orNull(address),
  port: natural,
  interMs: natural,
  send: text,
});

const savedState = shape<SavedStateModel>({
  address: text,
  state: natural,
  admin: natural,
  weight: natural,
  weightConfigured: natural,
  sinceChangeSeconds: natural,
  checkStatus: natural,
  checkResult: natural,
  checkHealth: natural,
  checkFlags: natural,
  agentFlags: natural,
  isRenamed: flag,
});

const network = shape<Network>({ host: text, bits: natural });

const resolution = shape<ResolutionModel>({
  prefer: oneOf('ipv4', 'ipv6'),
  networks: list(network),
  allowsTwins: flag,
  ignoresWeight: flag,
});

const server = define(
  'server',
  shape<ServerModel>({
    place,
    name: text,
    isDynamic: flag,
    id: natural,
    guid: text,
    fqdn: text,
    srvRecord: text,
    resolvers: text,
    resolution,
    initAddr: list(text),
    savedState: orNull(savedState),
    address,
    weight: { type: 'integer', minimum: 0, maximum: 256 },
    backup: flag,
    disabled: flag,
    maxconn: natural,
    minconn: natural,
    maxqueue: natural,
    maxReuse: optional,
    poolMaxConn: optional,
    poolLowConn: natural,
    poolPurgeDelayMs: natural,
    check: flag,
    checkPort: natural,
    checkAddress: orNull(address),
    checkSendProxy: flag,
    checks: serverChecks,
    agent,
    hashKey: oneOf('id', 'addr', 'addr-port', 'guid'),
    interMs: natural,
    fastinterMs: natural,
    downinterMs: natural,
    rise: natural,
    fall: natural,
    cookie: text,
    hasDynamicCookie: flag,
    nonStick: flag,
    shard: natural,
    redir: text,
    sendProxy: oneOf(0, 1, 2),
    proxyV2Options: list(text),
    proxyTlvs: list(proxyTlv),
    poolConnName: text,
    source: orNull(source),
    presetRise: natural,
    tcpUtMs: natural,
    idlePingMs: natural,
    strictMaxconn: flag,
    socket: serverSocket,
    tfo: flag,
    track: text,
    ssl: orNull(serverSsl),
    noSsl: flag,
    spareSsl: orNull(serverSsl),
    proto: text,
    ws: oneOf('auto', 'h1', 'h2'),
    logProto: oneOf('legacy', 'octet-count'),
    logBufsize: natural,
  }),
);

const preset = shape<ServerPresetModel>({
  name: text,
  server,
  tls: orNull(serverSsl),
  tlsOn: flag,
});

const logTarget = define(
  'logTarget',
  shape<LogTargetModel>({
    place,
    address: orNull(address),
    target: text,
    format: text,
    facility: { type: 'integer', minimum: 0, maximum: 23 },
    level: { type: 'integer', minimum: 0, maximum: 7 },
    minLevel: { type: 'integer', minimum: 0, maximum: 7 },
    lengthBytes: natural,
    sample: text,
    profile: text,
  }),
);

const h2Side = shape<H2SideModel>({
  initialWindowSize: natural,
  maxConcurrentStreams: optional,
  glitchesThreshold: natural,
  maxFramesAtOnce: natural,
  rxbufBytes: natural,
  maxRstAtOnce: natural,
  maxTotalStreams: natural,
});

const h2 = shape<H2TuneModel>({
  headerTableSize: natural,
  initialWindowSize: natural,
  announcesWebsockets: flag,
  maxFrameSize: natural,
  maxConcurrentStreams: natural,
  front: h2Side,
  back: h2Side,
});

const tune = shape<TuneModel>({
  bufsize: { type: 'integer', minimum: 1 },
  bufsizeSmall: natural,
  bufsizeLarge: natural,
  maxrewrite: natural,
  httpMaxhdr: { type: 'integer', minimum: 1, maximum: 32_767 },
  httpCookielen: natural,
  h1FrontGlitches: natural,
  h1BackGlitches: natural,
  glitchesKillPercent: natural,
  httpLogurilen: natural,
  poolLowFdRatio: natural,
  poolHighFdRatio: natural,
  idlePoolShared: flag,
  maxaccept: optional,
  maxpollevents: natural,
  rcvbufClient: natural,
  rcvbufFrontend: natural,
  sndbufFrontend: natural,
  rcvbufBackend: natural,
  sndbufBackend: natural,
  rcvbufServer: natural,
  sndbufClient: natural,
  sndbufServer: natural,
  pipesize: natural,
  varsGlobalMaxSize: natural,
  varsProcMaxSize: natural,
  varsSessMaxSize: natural,
  varsTxnMaxSize: natural,
  varsCheckMaxSize: natural,
  varsReqresMaxSize: natural,
  maxChecksPerThread: natural,
  peersMaxUpdatesAtOnce: natural,
  stickCounters: natural,
  cliMaxPayloadSize: natural,
  buffersLimit: natural,
  notsentLowatClient: natural,
  notsentLowatServer: natural,
  profilingTasks: oneOf('off', 'auto', 'on'),
  profilingMemory: flag,
  disableFastForward: flag,
  disableZeroCopyForwarding: flag,
  listenerDefaultShards: text,
  listenerMultiQueue: oneOf('on', 'fair', 'off'),
  splice: flag,
  sslCachesize: natural,
  sslLifetimeMs: natural,
  sslMaxrecord: natural,
  sslCaptureBytes: natural,
  sslHardMaxrecord: natural,
  h2,
  others: map(text),
});

const sslDefaults = shape<SslDefaultsModel>({
  caBase: text,
  crtBase: text,
  keyBase: text,
  loadExtraFiles: list(text),
  loadExtraDelExt: flag,
  bindOptions: list(text),
  bindCiphers: text,
  bindCiphersuites: text,
  bindCurves: text,
  bindSigalgs: text,
  bindClientSigalgs: text,
  serverOptions: list(text),
  serverCiphers: text,
  serverCiphersuites: text,
  serverCurves: text,
  serverSigalgs: text,
  serverClientSigalgs: text,
  serverVerify: oneOf('none', 'required'),
});

const codes = list({ type: 'array', items: natural, minItems: 2, maxItems: 2 });

const global = shape<GlobalModel>({
  daemon: flag,
  masterWorker: flag,
  nbthread: natural,
  maxconn: natural,
  maxconnrate: natural,
  maxsessrate: natural,
  maxsslrate: natural,
  maxsslconn: natural,
  maxpipes: natural,
  anonKey: natural,
  ulimitN: natural,
  fdHardLimit: natural,
  strictLimits: flag,
  debugCounters: flag,
  uid: optional,
  capabilities: list(natural),
  gid: optional,
  user: text,
  group: text,
  chroot: text,
  pidfile: text,
  setDumpable: flag,
  node: text,
  description: text,
  hardStopAfterMs: optional,
  graceMs: optional,
  closeSpreadTimeMs: optional,
  closeSpreadInfinite: flag,
  placement: shape<PlacementModel>({
    set: list(
      shape<PlacementModel['set'][number]>({
        directive: {
          type: 'string',
          pattern: '^(reset|(only|drop)-(cpu|node|cluster|core|thread))$',
        },
        numbers: list(text),
      }),
    ),
    policy: text,
    isPerCore: flag,
    affinity: oneOf('', 'per-core', 'per-group', 'per-thread', 'per-ccx', 'auto'),
    isLoose: flag,
  }),
  threadCpus: list(list(natural)),
  cpuMap: list(shape<GlobalModel['cpuMap'][number]>({ threads: text, cpus: list(text) })),
  statsSockets: list(bind),
  statsTimeoutMs: natural,
  statsMaxconn: natural,
  logs: list(logTarget),
  logTag: text,
  logSendHostname: orNull(text),
  shmStatsFile: text,
  shmStatsFileMaxObjects: natural,
  statsFile: text,
  dnsFamilies: list(oneOf('ipv4', 'ipv6', 'auto')),
  serverStateBase: text,
  serverStateFile: text,
  tune,
  setVars: list(line),
  environment: map(text),
  mworkerMaxReloads: natural,
  insecureForkWanted: flag,
  insecureSetuidWanted: flag,
  rejectsPrivilegedPorts: flag,
  noReusePort: flag,
  noGetaddrinfo: flag,
  spreadChecks: natural,
  maxSpreadChecksMs: natural,
  externalCheck: oneOf('', 'on', 'preserve-env'),
  ssl: sslDefaults,
  tokenAlgorithms: list(text),
  tokenEncryptions: list(text),
  zeroWarning: flag,
  quiet: flag,
  localpeer: text,
  threadGroups: natural,
  maxThreadsPerGroup: natural,
  groupDefinitions: list(shape<GroupDefinition>({ group: natural, threads: list(natural) })),
  groups: list(shape<ThreadGroup>({ first: natural, count: natural })),
  threadHardLimit: natural,
  httpErrCodes: codes,
  httpFailCodes: codes,
  h1AcceptPayloadWithAnyMethod: flag,
  h1CaseAdjust: list(shape<GlobalModel['h1CaseAdjust'][number]>({ from: text, to: text })),
  h1CaseAdjustFile: orNull(
    shape<NonNullable<GlobalModel['h1CaseAdjustFile']>>({ path: text, place }),
  ),
  h1DoNotCloseOnInsecureTransferEncoding: flag,
  ppNeverSendLocal: flag,
  unixBindPrefix: text,
  exposeExperimental: flag,
  others: map(text),
});

const timeouts = shape<TimeoutsModel>({
  client: optional,
  server: optional,
  connect: optional,
  queue: optional,
  tunnel: optional,
  tarpit: optional,
  httpRequest: optional,
  httpKeepAlive: optional,
  check: optional,
  clientFin: optional,
  serverFin: optional,
  clientHs: optional,
});

const error = define(
  'error',
  shape<ErrorModel>({
    place,
    kind: oneOf('file', 'loc302', 'loc303', 'http-error', 'section'),
    status: natural,
    value: text,
    line: orNull(line),
  }),
);

const keepAlive = shape<TcpKeepAliveModel>({
  count: natural,
  idleMs: natural,
  intervalMs: natural,
});
const capture = shape<CaptureModel>({
  name: text,
  lengthMax: natural,
  place,
});

const ruleLists = {
  'tcp-request connection': list(line),
  'tcp-request session': list(line),
  'tcp-request content': list(line),
  'tcp-response content': list(line),
  'http-request': list(line),
  'http-response': list(line),
  'http-after-response': list(line),
};

const forwardFor = shape<ForwardForModel>({
  header: text,
  except: orNull(shape<NonNullable<ForwardForModel['except']>>({ host: text, bits: natural })),
  ifNone: flag,
});

const proxy = shape<ProxyModel>({
  place,
  name: text,
  kind: oneOf('frontend', 'backend', 'listen'),
  id: natural,
  guid: text,
  description: text,
  mode: oneOf('tcp', 'http', 'log'),
  disabled: flag,
  binds: list(bind),
  servers: list(server),
  presets: list(preset),
  loadServerState: oneOf('global', 'local', 'none'),
  serverStateFileName: text,
  maxconn: natural,
  backlog: natural,
  fullconn: natural,
  maxSessionSrvConns: natural,
  maxKeepAliveQueue: optional,
  rateLimitSessions: natural,
  timeouts,
  options: map(flag),
  optionLines: map(line),
  acls: list(line),
  rules: shape<ProxyModel['rules']>(ruleLists),
  useBackends: list(line),
  useServers: list(line),
  stickTable: orNull(stickTable),
  stickRules: list(line),
  redirects: list(line),
  unpublished: flag,
  forceSwitches: list(line),
  forcePersist: list(line),
  ignorePersist: list(line),
  monitorFail: list(line),
  monitorUri: text,
  inspectDelayMs: optional,
  responseInspectDelayMs: optional,
  defaultBackend: text,
  defaultBackendPlace: orNull(place),
  balance: orNull(shape<BalanceModel>({ algorithm: text, words: list(text), place })),
  hashType: list(text),
  hashBalanceFactor: natural,
  hashPreserveAffinity: oneOf('always', 'maxconn', 'maxqueue'),
  defaultsName: text,
  fcgiApp: text,
  fcgiPlace: orNull(place),
  fcgiFilter: flag,
  restrictReqHdrNames: oneOf('default', 'preserve', 'delete', 'reject'),
  forwardFor: orNull(forwardFor),
  originalTo: orNull(forwardFor),
  forwarded: orNull(line),
  clitcpka: keepAlive,
  srvtcpka: keepAlive,
  httpReuse: oneOf('never', 'safe', 'aggressive', 'always'),
  retries: natural,
  retryOn: list(text),
  redispatch: integer,
  cookie: orNull(line),
  hasDynamicCookies: flag,
  dynamicCookieKey: text,
  rdpCookie: text,
  serverNameHeader: text,
  smallBuffers: list(text),
  source: orNull(source),
  errors: list(error),
  logs: list(logTarget),
  logTag: text,
  logSteps: list(text),
  logFormat: orNull(line),
  errorLogFormat: orNull(line),
  logFormatSd: orNull(line),
  logPreset: oneOf('default', 'tcp', 'http', 'https', 'clf', 'json'),
  bandwidth: list(
    shape<BandwidthModel>({
      place,
      name: text,
      isIn: flag,
      isShared: flag,
      limitBytes: natural,
      periodMs: natural,
      minBytes: natural,
      key: text,
      table: text,
    }),
  ),
  captureRequestHeaders: list(capture),
  captureResponseHeaders: list(capture),
  captureCookie: orNull(
    shape<NonNullable<ProxyModel['captureCookie']>>({
      name: text,
      exact: flag,
      lengthMax: natural,
    }),
  ),
  uniqueIdFormat: orNull(line),
  uniqueIdHeader: text,
  emailAlert: orNull(
    shape<EmailAlertModel>({
      place,
      mailers: text,
      from: text,
      to: text,
      hostname: text,
      level: natural,
    }),
  ),
  graceMs: optional,
  check,
  statsLines: list(line),
});

const peers = shape<PeersModel>({
  place,
  name: text,
  disabled: flag,
  shards: natural,
  bind: orNull(bind),
  peers: list(shape<PeerModel>({ name: text, isLocal: flag, shard: natural, server })),
  redis: orNull(
    shape<RedisModel>({
      server,
      user: text,
      password: text,
      database: natural,
      prefix: text,
      members: natural,
    }),
  ),
  logs: list(logTarget),
  tables: list(shape<PeersTableModel>({ name: text, table: stickTable })),
});

const resolvers = shape<ResolversModel>({
  place,
  name: text,
  isImplicit: flag,
  nameservers: list(shape<NameserverModel>({ place, name: text, address, server: orNull(server) })),
  hold: shape<HoldModel>({
    nx: natural,
    refused: natural,
    timeout: natural,
    other: natural,
    valid: natural,
    obsolete: natural,
  }),
  retries: integer,
  resolveMs: natural,
  retryMs: natural,
  payloadBytes: natural,
});

const certificate = shape<CertificateModel>({
  pem: text,
  keyPem: text,
  issuerPem: text,
  ocsp: text,
  sctl: text,
  jwt: flag,
  words: shape<CertificateWords>({
    from: oneOf('', 'list', 'store', 'runtime'),
    key: text,
    ocsp: text,
    issuer: text,
    sctl: text,
    ocspUpdate: oneOf('', 'on', 'off'),
    jwt: oneOf('', 'on', 'off'),
  }),
});

const crtList = shape<CrtListModel>({
  lines: list(
    shape<CrtListModel['lines'][number]>({
      certificate: text,
      filters: list(text),
      ssl: orNull({ type: 'object', properties: bindSslFields, additionalProperties: false }),
      options: list(text),
      line: natural,
    }),
  ),
  isFolder: flag,
});

const model = shape<Model>({
  version: { const: modelVersion },
  files: list(text),
  global,
  proxies: list(proxy),
  defaults: list(shape<DefaultsModel>({ name: text, acls: list(line), proxy, hasMode: flag })),
  httpErrors: list(shape<HttpErrorsModel>({ name: text, errors: list(error) })),
  userlists: list(
    shape<UserlistModel>({
      name: text,
      users: list(
        shape<UserlistModel['users'][number]>({
          name: text,
          password: text,
          secure: flag,
          groups: list(text),
        }),
      ),
      groups: list(shape<UserlistModel['groups'][number]>({ name: text, users: list(text) })),
    }),
  ),
  logProfiles: list(
    shape<LogProfileModel>({
      place,
      name: text,
      tag: text,
      steps: list(
        shape<LogProfileStepModel>({
          step: text,
          drops: flag,
          format: orNull(line),
          structuredData: orNull(line),
        }),
      ),
    }),
  ),
  peers: list(peers),
  resolvers: list(resolvers),
  namespaces: list(text),
  mailers: list(
    shape<MailersModel>({
      place,
      name: text,
      timeoutMs: natural,
      mailers: list(shape<MailerModel>({ place, name: text, address })),
    }),
  ),
  healthchecks: list(shape<HealthcheckModel>({ place, name: text, check })),
  rings: list(
    shape<RingModel>({
      place,
      name: text,
      description: text,
      format: text,
      lengthMax: natural,
      sizeBytes: natural,
      backingFile: text,
      connectMs: optional,
      serverMs: optional,
      servers: list(server),
      file: orNull(
        shape<LogFileModel>({ path: text, sizeMax: natural, ageMaxMs: natural, keep: natural }),
      ),
      otlp: orNull(shape<LogOtlpModel>({ url: text, headers: list(list(text)) })),
    }),
  ),
  fcgiApps: list(
    shape<FcgiAppModel>({
      place,
      name: text,
      docroot: text,
      index: text,
      pathInfo: orNull(line),
      acls: list(line),
      params: list(line),
      passed: list(line),
      logs: list(logTarget),
      keepsConnections: flag,
      asksValues: flag,
      multiplexes: flag,
      requestMax: natural,
    }),
  ),
  traces: list(line),
  logForwards: list(
    shape<LogForwardModel>({
      place,
      name: text,
      binds: list(bind),
      datagramBinds: list(bind),
      logs: list(logTarget),
      maxconn: natural,
      backlog: natural,
      clientMs: optional,
      isOpaque: flag,
      isFramedByLine: flag,
      host: oneOf('replace', 'fill', 'keep', 'append'),
    }),
  ),
  contents: map(text),
  certificates: map(certificate),
  crtLists: map(crtList),
  issuerChains: list(shape<IssuerChainModel>({ file: text, pem: text })),
  patternFiles: list(text),
});

export const modelSchema: Schema = { ...model, $defs: definitions };
