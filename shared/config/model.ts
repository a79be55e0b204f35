// A whole configuration, understood: plain data that survives structured clone and JSON.
// shared/config writes it, the master ships it to the worker, worker/compile turns it into a Plan.
// Numbers carry their unit; a time that was not set is -1 ("never" or "inherit", as the field
// says). Rule lines stay words with positions: only the entry that owns a keyword knows how many
// words it takes.

import type {
  BindSslModel,
  CertificateModel,
  CrtListModel,
  IssuerChainModel,
} from './model-certificates.ts';
import type { FcgiAppModel } from './model-fcgi.ts';
import type { AddressFamily } from '../address.ts';
import type { StoredType } from '../segment/table-data.ts';
import type { KeyType } from '../segment/table-layout.ts';
import type { Place } from './diagnostic.ts';
import type { CheckModel, HealthcheckModel } from './model-check.ts';
import type {
  LogForwardModel,
  LogProfileModel,
  LogTargetModel,
  RingModel,
} from './model-logging.ts';
import type { EmailAlertModel, MailersModel } from './model-mailers.ts';
import type { PeersModel } from './model-peers.ts';
import type { ResolversModel } from './model-resolvers.ts';
import type {
  BandwidthModel,
  CaptureModel,
  ForwardForModel,
  TcpKeepAliveModel,
} from './model-messages.ts';
import type { GlobalModel } from './model-process.ts';
import type { ServerModel, ServerPresetModel, SourceModel } from './model-server.ts';

export {
  isGone,
  type SavedStateModel,
  type ServerModel,
  type ServerSocketModel,
  type ServerPresetModel,
  type ServerSslModel,
  type SourceModel,
} from './model-server.ts';
export type { PeerModel, PeersModel, PeersTableModel, RedisModel } from './model-peers.ts';
export type {
  BandwidthModel,
  CaptureModel,
  ForwardForModel,
  TcpKeepAliveModel,
} from './model-messages.ts';
export type { ResolversModel } from './model-resolvers.ts';
export type { EmailAlertModel, MailerModel, MailersModel } from './model-mailers.ts';
export type { BindSslModel } from './model-certificates.ts';
export type { GlobalModel, SslDefaultsModel, TuneModel } from './model-process.ts';
export type {
  HostStrategy,
  LogFileModel,
  LogForwardModel,
  LogOtlpModel,
  LogProfileModel,
  LogProfileStepModel,
  LogTargetModel,
  RingModel,
} from './model-logging.ts';
export type { AgentModel, CheckModel, HealthcheckModel, ServerCheckModel } from './model-check.ts';

export const modelVersion = 1;

/** A line kept as words for the compiler. `words[i]` starts at column `columns[i]` of its line. */
export interface LineModel {
  readonly place: Place;
  /** Words after those that named the rule set (for `http-request deny if x`: deny, if, x). */
  readonly words: readonly string[];
  readonly columns: readonly number[];
  /** The source line, for carets and for `explain`. */
  readonly text: string;
  /** Name of the defaults section the line came from, '' for the section itself: its ACLs apply. */
  readonly from: string;
}

/** The rule sets, named as the configuration names them. */
export const ruleSets = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'tcp-response content',
  'http-request',
  'http-response',
  'http-after-response',
] as const;
export type RuleSet = (typeof ruleSets)[number];

export type ProxyMode = 'tcp' | 'http' | 'log';

export interface Model {
  readonly version: number;
  readonly files: readonly string[];
  readonly global: GlobalModel;
  /** Frontends, backends and listens in order of appearance, each with its defaults applied. */
  readonly proxies: ProxyModel[];
  /** Defaults sections whose rules or ACLs are still referred to by a LineModel's `from`. */
  readonly defaults: readonly DefaultsModel[];
  readonly httpErrors: readonly HttpErrorsModel[];
  readonly userlists: readonly UserlistModel[];
  readonly healthchecks: readonly HealthcheckModel[];
  readonly logProfiles: readonly LogProfileModel[];
  readonly peers: readonly PeersModel[];
  readonly resolvers: readonly ResolversModel[];
  readonly rings: readonly RingModel[];
  readonly mailers: readonly MailersModel[];
  /** Network namespaces that clients may come from by their PROXY header. */
  readonly namespaces: readonly string[];
  readonly logForwards: readonly LogForwardModel[];
  readonly fcgiApps: readonly FcgiAppModel[];
  /** Lines of `traces` sections, without their first word. */
  traces: readonly LineModel[];
  /** Files read by the loader (error files, lists, maps): path to content as latin1. */
  readonly contents: Readonly<Record<string, string>>;
  /** Certificates and lists of them by name; the runtime API changes both. */
  readonly certificates: Readonly<Record<string, CertificateModel>>;
  readonly crtLists: Readonly<Record<string, CrtListModel>>;
  /** Chains that complete certificates without one (issuers-chain-path). */
  readonly issuerChains: readonly IssuerChainModel[];
  /** Paths of those that are lists or maps and nothing else. */
  readonly patternFiles: readonly string[];
}

/** A defaults section with a name: its ACLs, and what a backend that is added inherits. */
export interface DefaultsModel {
  readonly name: string;
  readonly acls: readonly LineModel[];
  readonly proxy: ProxyModel;
  /** `mode` was written. */
  readonly hasMode: boolean;
}

/** One address of a `bind` line, after port ranges and lists were expanded. */
export interface AddressModel {
  readonly family: AddressFamily;
  /** 'dgram' for udp@ and dgram+ (log targets), 'stream' for all else. */
  readonly socket: 'stream' | 'dgram';
  /** Textual address, path, or abstract name. '' for any. */
  readonly host: string;
  readonly port: number;
  /** Relative port of a server address (`+N`, `-N`): added to the front port. */
  readonly portOffset: boolean;
  /** Descriptor number for fd@ and sockpair@, else -1. */
  readonly fd: number;
}

export interface BindModel {
  readonly place: Place;
  readonly addresses: readonly AddressModel[];
  name: string;
  id: number;
  guidPrefix: string;
  maxconn: number;
  backlog: number;
  interface: string;
  v4v6: boolean;
  v6only: boolean;
  tfo: boolean;
  deferAccept: boolean;
  mss: number;
  tcpUtMs: number;
  /** `nbconn` of a reversed line. */
  nbconn: number;
  /** `idle-ping`, 0: no PING. */
  idlePingMs: number;
  /** `tcp-md5sig` and `cc`, '' for none. */
  md5Key: string;
  congestion: string;
  /** Network namespace, '' for that of the process. */
  namespace: string;
  nice: number;
  /** 'by-thread', 'by-group' or a number of sockets. */
  shards: string;
  /** Thread set words as written, '' for all. */
  thread: string;
  acceptProxy: boolean;
  /** `accept-netscaler-cip`, 0: no such header. */
  netscalerMagic: number;
  /** `tcp-ss`: 1 IP and TCP headers, 2 the Ethernet header too. */
  tcpSaveSyn: number;
  /** `label`: what sockets are grouped by. */
  label: string;
  transparent: boolean;
  mode: number;
  uid: number;
  gid: number;
  user: string;
  group: string;
  level: 'user' | 'operator' | 'admin';
  exposeFdListeners: boolean;
  severityOutput: 'none' | 'number' | 'string';
  /** `proto NAME`: '' automatic, 'h1', 'h2', 'none'. */
  proto: string;
  ssl: BindSslModel | null;
}

export interface TimeoutsModel {
  client: number;
  server: number;
  connect: number;
  queue: number;
  tunnel: number;
  tarpit: number;
  httpRequest: number;
  httpKeepAlive: number;
  check: number;
  clientFin: number;
  serverFin: number;
  clientHs: number;
}

export interface BalanceModel {
  readonly algorithm: string;
  /** Words after the algorithm: `uri depth 8`, `hdr(host)` gives ['host']. */
  readonly words: readonly string[];
  readonly place: Place;
}

/** A `stick-table` line; its name is the proxy's. */
export interface StickTableModel {
  readonly place: Place;
  readonly keyType: KeyType;
  /** Bytes. */
  readonly keyLength: number;
  /** Entries. */
  readonly size: number;
  /** 0: entries do not expire. */
  readonly expireMs: number;
  /** False: a full table takes no new entries (nopurge). */
  readonly purges: boolean;
  readonly store: readonly StoredType[];
  /** What a stick rule keeps of a server. */
  readonly serverKey: 'name' | 'addr';
  /** Bytes are divided by this before they count in a rate (brates-factor). */
  readonly bytesRateFactor: number;
  /** Peers section that its entries are shared through, '' for none. */
  readonly peers: string;
  /** Table that what peers say of this one goes to as well, '' for none. */
  readonly writeTo: string;
  /** Nothing here changes the table, so what is local to peers is learned too. */
  readonly receivesOnly: boolean;
  /** Each peer counts for itself, and what is read here is the sum over all of them. */
  readonly aggregates: boolean;
}

/** `errorfile`, `errorloc*`, `http-error`, one status each, later entries win. */
export interface ErrorModel {
  readonly place: Place;
  readonly kind: 'file' | 'loc302' | 'loc303' | 'http-error' | 'section';
  readonly status: number;
  /** Path, URL, or section name. */
  readonly value: string;
  /** For http-error: the words after `http-error`. */
  readonly line: LineModel | null;
}

export interface HttpErrorsModel {
  readonly name: string;
  readonly errors: readonly ErrorModel[];
}

export interface UserlistModel {
  readonly name: string;
  readonly users: readonly {
    readonly name: string;
    readonly password: string;
    readonly secure: boolean;
    readonly groups: readonly string[];
  }[];
  readonly groups: readonly { readonly name: string; readonly users: readonly string[] }[];
}

export interface ProxyModel {
  readonly place: Place;
  /** '': a backend that was deleted at run time, only its place is left. */
  name: string;
  readonly kind: 'frontend' | 'backend' | 'listen';
  id: number;
  guid: string;
  description: string;
  mode: ProxyMode;
  disabled: boolean;
  binds: BindModel[];
  servers: ServerModel[];
  presets: readonly ServerPresetModel[];
  /** `load-server-state-from-file`, and the file of this backend ('': its name). */
  loadServerState: 'global' | 'local' | 'none';
  serverStateFileName: string;
  /** Frontend connection limit, 0: the process limit. */
  maxconn: number;
  backlog: number;
  fullconn: number;
  /** `max-session-srv-conns`. */
  maxSessionSrvConns: number;
  /** `max-keep-alive-queue`, -1: no limit. */
  maxKeepAliveQueue: number;
  rateLimitSessions: number;
  timeouts: TimeoutsModel;
  /** `option X` by name; true when set. Options with arguments have fields of their own below. */
  options: Record<string, boolean>;
  /** Lines of options that carry arguments and have no field of their own, by option name. */
  optionLines: Record<string, LineModel>;
  /** `acl NAME ...` lines; `words[0]` is the name. */
  acls: LineModel[];
  rules: Record<RuleSet, LineModel[]>;
  /** `use_backend NAME [if ...]`, `use-server NAME [if ...]`. */
  useBackends: LineModel[];
  useServers: LineModel[];
  stickTable: StickTableModel | null;
  /** `stick VERB ...`: `words[0]` is the verb. */
  stickRules: LineModel[];
  redirects: LineModel[];
  /** `be-unpublished`, changed by the runtime API: rules of other proxies do not lead here. */
  unpublished: boolean;
  /** `force-be-switch`: when rules lead to backends that are disabled or unpublished too. */
  forceSwitches: LineModel[];
  forcePersist: LineModel[];
  ignorePersist: LineModel[];
  monitorFail: LineModel[];
  monitorUri: string;
  inspectDelayMs: number;
  responseInspectDelayMs: number;
  defaultBackend: string;
  defaultBackendPlace: Place | null;
  balance: BalanceModel | null;
  /** Words of `hash-type`, empty for the default. */
  hashType: readonly string[];
  hashBalanceFactor: number;
  hashPreserveAffinity: 'always' | 'maxconn' | 'maxqueue';
  /** Name of the defaults section the proxy inherits from, '' for none or an anonymous one. */
  defaultsName: string;
  /** `use-fcgi-app`, and the line of it; `filter fcgi-app` is there. */
  fcgiApp: string;
  fcgiPlace: Place | null;
  fcgiFilter: boolean;
  restrictReqHdrNames: 'default' | 'preserve' | 'delete' | 'reject';
  /** `option forwardfor`: null when not set. */
  forwardFor: ForwardForModel | null;
  /** `option originalto`; never `ifNone`. */
  originalTo: ForwardForModel | null;
  /** `option forwarded` with its words, null when not set. */
  forwarded: LineModel | null;
  clitcpka: TcpKeepAliveModel;
  srvtcpka: TcpKeepAliveModel;
  httpReuse: 'never' | 'safe' | 'aggressive' | 'always';
  retries: number;
  retryOn: readonly string[];
  /** `option redispatch N`: 0 off, else the interval (-1: on the last retry). */
  redispatch: number;
  cookie: LineModel | null;
  /** `cookie ... dynamic`: servers without a cookie of their own have one made of their address. */
  hasDynamicCookies: boolean;
  /** The secret in those, '': none, and so no cookies. */
  dynamicCookieKey: string;
  /** `persist rdp-cookie`: name of the cookie that tells the server, '': none does. */
  rdpCookie: string;
  /** `http-send-name-header`: where servers find their name, in lower case; '': nowhere. */
  serverNameHeader: string;
  /** `option use-small-buffers`: where, of 'queue', 'l7-retries' and 'check'. */
  smallBuffers: readonly string[];
  source: SourceModel | null;
  errors: ErrorModel[];
  logs: LogTargetModel[];
  logTag: string;
  /** `log-steps`: names, ['all'], or empty: when all that the format shows is known. */
  logSteps: readonly string[];
  logFormat: LineModel | null;
  errorLogFormat: LineModel | null;
  logFormatSd: LineModel | null;
  /** 'default' | 'tcp' | 'http' | 'https' | 'clf' as the options ask. */
  logPreset: 'default' | 'tcp' | 'http' | 'https' | 'clf' | 'json';
  bandwidth: BandwidthModel[];
  captureRequestHeaders: CaptureModel[];
  captureResponseHeaders: CaptureModel[];
  captureCookie: {
    readonly name: string;
    readonly exact: boolean;
    readonly lengthMax: number;
  } | null;
  uniqueIdFormat: LineModel | null;
  uniqueIdHeader: string;
  emailAlert: EmailAlertModel | null;
  graceMs: number;
  check: CheckModel;
  /** `stats` lines of the HTML page, by sub-keyword. */
  statsLines: LineModel[];
}
