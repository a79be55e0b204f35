// JSON schema of a server: its line, its checks, its agent, where it is found; and of stick tables.

import type { AgentModel, CheckModel, ServerCheckModel } from '../model-check.ts';
import { checkKinds } from '../model-check.ts';
import type { StoredType } from '../../segment/table-data.ts';
import type {
  SavedStateModel,
  ServerModel,
  ServerPresetModel,
  ServerSocketModel,
  ServerSslModel,
  SourceModel,
  StickTableModel,
} from '../model.ts';
import { keyTypes } from '../../segment/table-layout.ts';
import type { ResolutionModel } from '../model-resolvers.ts';
import type { Network } from '../../address.ts';
import {
  address,
  define,
  flag,
  line,
  list,
  natural,
  oneOf,
  optional,
  orNull,
  place,
  port,
  shape,
  text,
} from './words.ts';

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

export const source = define(
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

export const stickTable = shape<StickTableModel>({
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

export const check = define(
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

export const server = define(
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

export const preset = shape<ServerPresetModel>({
  name: text,
  server,
  tls: orNull(serverSsl),
  tlsOn: flag,
});
