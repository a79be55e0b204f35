// Fetches of the connections on both sides (manual 7.3.3): addresses, ports, listener, protocol,
// what the kernel knows of the TCP connection. Side × field where both sides have it.

import { networkInterfaces } from 'node:os';
import { IPPROTO_TCP, TCP_INFO, TCP_SAVED_SYN } from '../../../shared/sys/constants.ts';
import type { Connection } from '../../conn/connection.ts';
import { type Endpoint, familyIpv4, familyIpv6 } from '../../conn/endpoint.ts';
import { latin1 } from '../../http/message.ts';
import type { ArgumentValue, Evaluate, FetchDef, Scope } from '../../keyword.ts';
import type { Side } from '../../mux/side.ts';
import type { Stream } from '../../stream/stream.ts';
import { parseIpv4, parseIpv6 } from '../address.ts';
import { kindAddress, kindBinary, kindBool, kindSint, kindString, type Sample } from '../sample.ts';
import { plain } from './row.ts';

type ReadEndpoint = (stream: Stream) => Endpoint | null;

const address =
  (read: ReadEndpoint): Evaluate =>
  (stream, out) => {
    const end = read(stream);
    if (end === null) return false;
    if (end.family === familyIpv4) return out.setIpv4(end.ipv4);
    return end.family === familyIpv6 && out.setIpv6(end.bytes);
  };

const port =
  (read: ReadEndpoint): Evaluate =>
  (stream, out) => {
    const end = read(stream);
    if (end === null || (end.family !== familyIpv4 && end.family !== familyIpv6)) return false;
    return out.setInt(end.port);
  };

/** Addresses of this machine, read when a fetch that needs them is built. */
function localAddresses(): {
  readonly ipv4: ReadonlySet<number>;
  readonly ipv6: ReadonlySet<string>;
} {
  const ipv4 = new Set<number>();
  const ipv6 = new Set<string>();
  for (const list of Object.values(networkInterfaces())) {
    for (const { address: text, family } of list ?? []) {
      if (family === 'IPv4') ipv4.add(parseIpv4(text));
      else ipv6.add(parseIpv6(text));
    }
  }
  return { ipv4, ipv6 };
}

/** True when the address belongs to this machine (or to its loopback network). */
function buildIsLocal(read: ReadEndpoint): () => Evaluate {
  return () => {
    const { ipv4, ipv6 } = localAddresses();
    return (stream, out) => {
      const end = read(stream);
      if (end === null) return false;
      if (end.family === familyIpv4)
        return out.setBool(end.ipv4 >>> 24 === 127 || ipv4.has(end.ipv4));
      return end.family === familyIpv6 && out.setBool(ipv6.has(end.bytes));
    };
  };
}

const source: ReadEndpoint = (stream) => stream.source;
const destination: ReadEndpoint = (stream) => stream.destination;
const frontSource: ReadEndpoint = (stream) => stream.session.connection.source;
const frontDestination: ReadEndpoint = (stream) => stream.session.connection.destination;
const backSource: ReadEndpoint = (stream) => stream.backConnection?.source ?? null;
const backDestination: ReadEndpoint = (stream) => stream.backConnection?.destination ?? null;

interface EndRow {
  readonly name: string;
  readonly what: string;
  readonly reads: string;
  readonly read: ReadEndpoint;
  readonly hasLocal: boolean;
}

const front = 'client-address';
const back = 'server-address';
const ends: readonly EndRow[] = [
  { name: 'src', what: 'source of the client', reads: front, read: source, hasLocal: true },
  {
    name: 'dst',
    what: 'address the client connected to',
    reads: front,
    read: destination,
    hasLocal: true,
  },
  {
    name: 'fc_src',
    what: 'source of the front connection',
    reads: front,
    read: frontSource,
    hasLocal: true,
  },
  {
    name: 'fc_dst',
    what: 'destination of the front connection',
    reads: front,
    read: frontDestination,
    hasLocal: true,
  },
  {
    name: 'bc_src',
    what: 'our end of the connection to the server',
    reads: back,
    read: backSource,
    hasLocal: false,
  },
  {
    name: 'bc_dst',
    what: 'address of the server connected to',
    reads: back,
    read: backDestination,
    hasLocal: false,
  },
];

function rowsOf(end: EndRow): readonly FetchDef[] {
  const { name, what, reads, read } = end;
  const rows = [
    plain(name, [kindAddress, reads], what, address(read)),
    plain(`${name}_port`, [kindSint, reads], `port of the ${what}`, port(read)),
  ];
  if (!end.hasLocal) return rows;
  const local = plain(
    `${name}_is_local`,
    [kindBool, reads],
    `the ${what} belongs to this machine`,
    () => false,
  );
  return [...rows, { ...local, build: buildIsLocal(read) }];
}

const socketConnections: Evaluate = ({ session, thread }, out) =>
  thread.gauges !== undefined &&
  out.setInt(thread.gauges.socketConnections(session.listener.index));

/** The longest headers: Ethernet, IPv6 with options, TCP. */
const synBytes = new Uint8Array(512);

/** With `bind ... tcp-ss`: the kernel gives the packet away once. */
const savedSyn: Evaluate = ({ session }, out) => {
  const { connection } = session;
  if (session.listener.bind.tcpSaveSyn === 0 || !connection.isOpen) return false;
  const { sys, fd } = connection;
  const length = sys.getsockoptBytes(fd, IPPROTO_TCP, TCP_SAVED_SYN, synBytes);
  if (length <= 0) return false;
  out.setText(latin1(synBytes, 0, length));
  out.kind = kindBinary;
  return true;
};

const infoBytes = new Uint8Array(104);
const infoView = new DataView(infoBytes.buffer);

type ReadConnection = (stream: Stream) => Connection | null;
const frontConnection: ReadConnection = (stream) => stream.session.connection;
const backConnection: ReadConnection = (stream) => stream.backConnection;

/** A 32-bit field of the kernel's struct tcp_info at `offset`; -1: the socket has none. */
function tcpInfo(connection: Connection, offset: number): number {
  if (!connection.isOpen) return -1;
  const { sys, fd } = connection;
  const length = sys.getsockoptBytes(fd, IPPROTO_TCP, TCP_INFO, infoBytes);
  return length >= offset + 4 ? infoView.getUint32(offset, true) : -1;
}

interface InfoRow {
  readonly name: string;
  readonly help: string;
  /** Offset in struct tcp_info. */
  readonly offset: number;
  readonly isTime: boolean;
  readonly read: ReadConnection;
}

const infoRows: readonly InfoRow[] = [
  {
    name: 'fc_rtt',
    help: 'round-trip time to the client',
    offset: 68,
    isTime: true,
    read: frontConnection,
  },
  { name: 'fc_rttvar', help: 'its variation', offset: 72, isTime: true, read: frontConnection },
  {
    name: 'bc_rtt',
    help: 'round-trip time to the server',
    offset: 68,
    isTime: true,
    read: backConnection,
  },
  { name: 'bc_rttvar', help: 'its variation', offset: 72, isTime: true, read: backConnection },
  {
    name: 'fc_unacked',
    help: 'segments not acknowledged',
    offset: 24,
    isTime: false,
    read: frontConnection,
  },
  {
    name: 'fc_sacked',
    help: 'segments acknowledged out of order',
    offset: 28,
    isTime: false,
    read: frontConnection,
  },
  { name: 'fc_lost', help: 'segments lost', offset: 32, isTime: false, read: frontConnection },
  {
    name: 'fc_retrans',
    help: 'segments sent again',
    offset: 36,
    isTime: false,
    read: frontConnection,
  },
  {
    name: 'fc_fackets',
    help: 'forward acknowledgements',
    offset: 40,
    isTime: false,
    read: frontConnection,
  },
  {
    name: 'fc_reordering',
    help: 'measure of reordering',
    offset: 88,
    isTime: false,
    read: frontConnection,
  },
];

function buildInfo(row: InfoRow) {
  return (args: readonly ArgumentValue[], scope: Scope): Evaluate | null => {
    const [unit = ''] = args as readonly string[];
    if (unit !== '' && unit !== 'ms' && unit !== 'us') {
      scope.alert(`unit '${unit}' of '${row.name}' is neither 'ms' nor 'us'`);
      return null;
    }
    const inMs = row.isTime && unit !== 'us';
    const { read, offset } = row;
    return (stream, out) => {
      const connection = read(stream);
      const value = connection === null ? -1 : tcpInfo(connection, offset);
      return value >= 0 && out.setInt(inMs ? Math.floor(value / 1000) : value);
    };
  };
}

const info = infoRows.map(
  (row): FetchDef => ({
    name: row.name,
    args: [{ name: 'unit', type: 'string', optional: true }],
    returns: kindSint,
    reads: front,
    help: row.help,
    example: row.isTime ? `${row.name}(us)` : row.name,
    build: buildInfo(row),
  }),
);

const listenerId: Evaluate = (stream, out) => out.setInt(stream.session.listener.bind.id);
function listenerName(stream: Stream, out: Sample): boolean {
  const { name } = stream.session.listener.bind;
  return name !== '' && out.setText(name);
}

const frontMajor: Evaluate = (stream, out) => out.setInt(stream.front?.httpMajor ?? 1);
const backMajor: Evaluate = (stream, out) =>
  stream.back !== null && out.setInt(stream.back.httpMajor);

/** What the connections of both sides tell of their streams, HTTP/1 having one at a time. */
const multiplexFacts = [
  {
    name: 'nb_streams',
    reads: front,
    single: 1,
    help: 'streams open on',
    of: ({ multiplex }: Side) => multiplex?.streamCount ?? 1,
  },
  {
    name: 'settings_streams_limit',
    reads: 'client-connection',
    single: 1,
    help: 'streams allowed at once on',
    of: ({ multiplex }: Side) => multiplex?.streamMax ?? 1,
  },
  {
    name: 'glitches',
    reads: front,
    single: 0,
    help: 'oddities of the peer on',
    of: ({ glitches }: Side) => glitches,
  },
] as const;

const multiplexRows: readonly FetchDef[] = multiplexFacts.flatMap((fact) => {
  const { name, single, help, of } = fact;
  const tell = (side: Side | null, out: Sample): boolean =>
    out.setInt(side === null ? single : of(side));
  return [
    plain(`fc_${name}`, [kindSint, fact.reads], `${help} the front connection`, (stream, out) =>
      tell(stream.front, out),
    ),
    plain(
      `bc_${name}`,
      [kindSint, 'server-connection'],
      `${help} the back connection`,
      (stream, out) => stream.back !== null && tell(stream.back, out),
    ),
  ];
});

export const connection: readonly FetchDef[] = [
  ...ends.flatMap(rowsOf),
  ...info,
  plain('so_id', [kindSint, 'frontend'], 'number of the listener (bind id)', listenerId),
  plain('so_name', [kindString, 'frontend'], 'name of the listener (bind name)', listenerName),
  plain(
    'fc_http_major',
    [kindSint, front],
    'major HTTP version of the front connection',
    frontMajor,
  ),
  plain('bc_http_major', [kindSint, back], 'major HTTP version of the back connection', backMajor),
  ...multiplexRows,
  plain('fc_rcvd_proxy', [kindBool, front], 'a PROXY header came first', (stream, out) =>
    out.setBool(stream.session.hasProxyHeader),
  ),
  plain('dst_conn', [kindSint, 'listener'], 'connections of the same socket', socketConnections),
  plain('fc_saved_syn', [kindBinary, 'client-address'], 'first packet of the connection', savedSyn),
];
