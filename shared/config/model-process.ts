// The part of the Model that `global` writes: the process, its limits, its tuning. model.ts hands
// these types on; nobody else needs to import this file. Numbers carry their unit, -1 is "not set".

import type { ProfilingMode } from '../profiling-mode.ts';
import type { GroupDefinition, ThreadGroup } from '../thread-groups.ts';
import type { Place } from './diagnostic.ts';
import type { BindModel, LineModel, LogTargetModel } from './model.ts';

/** tune.listener.multi-queue: who gets an accepted connection. */
export type SpreadMode = 'on' | 'fair' | 'off';

export interface GlobalModel {
  daemon: boolean;
  masterWorker: boolean;
  nbthread: number;
  /** Process-wide connection limit, 0: computed from the descriptor limit. */
  maxconn: number;
  maxconnrate: number;
  maxsessrate: number;
  maxsslrate: number;
  maxsslconn: number;
  /** 0: a quarter of maxconn. */
  maxpipes: number;
  /** Key of runtime sessions that hide names, 0: none. */
  anonKey: number;
  ulimitN: number;
  fdHardLimit: number;
  strictLimits: boolean;
  debugCounters: boolean;
  /** -1: not set. */
  uid: number;
  gid: number;
  /** Numbers of capabilities(7) that a change of user leaves. */
  capabilities: number[];
  user: string;
  group: string;
  chroot: string;
  pidfile: string;
  setDumpable: boolean;
  node: string;
  description: string;
  hardStopAfterMs: number;
  graceMs: number;
  closeSpreadTimeMs: number;
  /** True: infinite (close-spread-time infinite). */
  closeSpreadInfinite: boolean;
  /** `cpu-map`: lists of words, interpreted by the worker at start. */
  /** What is said of CPUs without numbers of threads; `threadCpus` is what comes of it. */
  placement: PlacementModel;
  /** CPUs of each thread, empty: all. Set by the master, which sees the machine. */
  threadCpus: readonly (readonly number[])[];
  cpuMap: readonly { readonly threads: string; readonly cpus: readonly string[] }[];
  statsSockets: readonly BindModel[];
  statsTimeoutMs: number;
  statsMaxconn: number;
  logs: readonly LogTargetModel[];
  logTag: string;
  /** '' : send the system's name; null: do not send. */
  logSendHostname: string | null;
  shmStatsFile: string;
  /** 0: not set. */
  shmStatsFileMaxObjects: number;
  /** `stats-file`: its text is in Model.contents when it could be read. */
  statsFile: string;
  /** `dns-accept-family`: families that resolvers ask for; `auto`: IPv6 when it is reachable. */
  dnsFamilies: readonly ('ipv4' | 'ipv6' | 'auto')[];
  serverStateBase: string;
  serverStateFile: string;
  tune: TuneModel;
  /** `set-var` and `set-var-fmt` lines of global, name and expression words. */
  setVars: readonly LineModel[];
  /** setenv/presetenv/unsetenv/resetenv have been applied; this is what fetches see. */
  environment: Readonly<Record<string, string>>;
  mworkerMaxReloads: number;
  insecureForkWanted: boolean;
  /** Programs that the worker starts may gain rights from their setuid bits. */
  insecureSetuidWanted: boolean;
  /** `harden.reject-privileged-ports.tcp`: clients whose own port is below 1024 are turned away. */
  rejectsPrivilegedPorts: boolean;
  /** `noreuseport`: sockets are bound without SO_REUSEPORT. */
  noReusePort: boolean;
  /** `nogetaddrinfo`: host names mean IPv4 addresses only, as gethostbyname(3) knows them. */
  noGetaddrinfo: boolean;
  /** `zero-warning`: the master refuses to start when the load gave a warning. */
  zeroWarning: boolean;
  quiet: boolean;
  /** `localpeer` or -L, else the host name: also HAPROXY_LOCALPEER. */
  localpeer: string;
  /** 0: as many as needed. */
  threadGroups: number;
  /** 0: 16. */
  maxThreadsPerGroup: number;
  groupDefinitions: readonly GroupDefinition[];
  /** What comes of these, once the number of threads is known; empty: one group. */
  groups: readonly ThreadGroup[];
  /** 0: no cap on the automatic thread count. */
  threadHardLimit: number;
  /** Status ranges counted as errors or failures, as [low, high] pairs in order of appearance. */
  httpErrCodes: readonly (readonly [number, number])[];
  httpFailCodes: readonly (readonly [number, number])[];
  h1AcceptPayloadWithAnyMethod: boolean;
  /** Header names in lower case, and as some peers want them. */
  h1CaseAdjust: { readonly from: string; readonly to: string }[];
  h1CaseAdjustFile: { readonly path: string; readonly place: Place } | null;
  h1DoNotCloseOnInsecureTransferEncoding: boolean;
  ppNeverSendLocal: boolean;
  /** `unix-bind`: already applied to the unix sockets that follow it. */
  unixBindPrefix: string;
  exposeExperimental: boolean;
  /** Words that are accepted and only steer what hawser does not have (pollers, trimming). */
  others: Readonly<Record<string, string>>;
  spreadChecks: number;
  /** Time between the first and the last check of a start at most, 0: no limit. */
  maxSpreadChecksMs: number;
  /** `external-check`: commands may check servers, with the environment of the program or not. */
  externalCheck: '' | 'on' | 'preserve-env';
  ssl: SslDefaultsModel;
  /** What encrypted JSON Web Tokens may use: names of RFC 7518. */
  tokenAlgorithms: readonly string[];
  tokenEncryptions: readonly string[];
}

/** HTTP/2 on one side of the proxy: tune.h2.fe.*, tune.h2.be.*. */
export interface H2SideModel {
  /** 0: as for both sides. */
  initialWindowSize: number;
  /** -1: as for both sides; 0: no limit. */
  maxConcurrentStreams: number;
  /** 0: none, here and below. */
  glitchesThreshold: number;
  maxFramesAtOnce: number;
  rxbufBytes: number;
  maxRstAtOnce: number;
  maxTotalStreams: number;
}

export interface H2TuneModel {
  headerTableSize: number;
  /** 0: tune.bufsize, here and below. */
  initialWindowSize: number;
  maxFrameSize: number;
  maxConcurrentStreams: number;
  /** Clients are told that WebSockets may go over HTTP/2 (RFC 8441). */
  announcesWebsockets: boolean;
  /** Which errors of clients leave a line in the log. */
  logErrors: 'none' | 'connection' | 'stream';
  front: H2SideModel;
  back: H2SideModel;
}

export interface TuneModel {
  bufsize: number;
  /** 0: there are no such buffers. */
  bufsizeSmall: number;
  bufsizeLarge: number;
  maxrewrite: number;
  httpMaxhdr: number;
  httpCookielen: number;
  /** Oddities that end an HTTP/1 connection, 0: none do. */
  h1FrontGlitches: number;
  h1BackGlitches: number;
  /** Below this share of CPU time nobody is cut off for oddities, percent. */
  glitchesKillPercent: number;
  httpLogurilen: number;
  /** Idle server connections. */
  poolLowFdRatio: number;
  poolHighFdRatio: number;
  idlePoolShared: boolean;
  maxaccept: number;
  maxpollevents: number;
  rcvbufClient: number;
  rcvbufFrontend: number;
  sndbufFrontend: number;
  rcvbufBackend: number;
  sndbufBackend: number;
  rcvbufServer: number;
  sndbufClient: number;
  sndbufServer: number;
  pipesize: number;
  varsGlobalMaxSize: number;
  varsProcMaxSize: number;
  varsSessMaxSize: number;
  varsTxnMaxSize: number;
  varsCheckMaxSize: number;
  varsReqresMaxSize: number;
  maxChecksPerThread: number;
  peersMaxUpdatesAtOnce: number;
  stickCounters: number;
  cliMaxPayloadSize: number;
  buffersLimit: number;
  notsentLowatClient: number;
  notsentLowatServer: number;
  /** `tune.disable-fast-forward`, `tune.disable-zero-copy-forwarding`. */
  /** `profiling.tasks`. */
  profilingTasks: ProfilingMode;
  /** `profiling.memory on`. */
  profilingMemory: boolean;
  disableFastForward: boolean;
  disableZeroCopyForwarding: boolean;
  /** tune.listener.default-shards: 'by-process', 'by-thread' or 'by-group'. */
  listenerDefaultShards: string;
  listenerMultiQueue: SpreadMode;
  /** False after `nosplice`. */
  splice: boolean;
  sslCachesize: number;
  sslLifetimeMs: number;
  sslMaxrecord: number;
  /** Bytes kept of a client hello, 0: none. */
  sslCaptureBytes: number;
  sslHardMaxrecord: number;
  h2: H2TuneModel;
  /** Words of tune.* that work but only steer what hawser does not have (schedulers, pollers). */
  others: Readonly<Record<string, string>>;
}

export interface SslDefaultsModel {
  caBase: string;
  crtBase: string;
  keyBase: string;
  /** Kinds of files that are looked for beside certificates; `all` for each. */
  loadExtraFiles: readonly string[];
  /** Their names end instead of the certificate's `.crt`, not behind it. */
  loadExtraDelExt: boolean;
  bindOptions: readonly string[];
  bindCiphers: string;
  bindCiphersuites: string;
  bindCurves: string;
  bindSigalgs: string;
  bindClientSigalgs: string;
  serverOptions: readonly string[];
  serverCiphers: string;
  serverCiphersuites: string;
  serverCurves: string;
  serverSigalgs: string;
  serverClientSigalgs: string;
  serverVerify: 'none' | 'required';
}

export type CpuSetDirective =
  | 'reset'
  | `${'only' | 'drop'}-${'cpu' | 'node' | 'cluster' | 'core' | 'thread'}`;

/** cpu-set, cpu-policy, cpu-affinity (manual 3.1). */
export interface PlacementModel {
  readonly set: readonly {
    readonly directive: CpuSetDirective;
    /** Numbers and ranges. */
    readonly numbers: readonly string[];
  }[];
  /** '': not said. */
  readonly policy: string;
  /** threads-per-core 1 */
  readonly isPerCore: boolean;
  readonly affinity: '' | 'per-core' | 'per-group' | 'per-thread' | 'per-ccx' | 'auto';
  /** per-group loose */
  readonly isLoose: boolean;
}
