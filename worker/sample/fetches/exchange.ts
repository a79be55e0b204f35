// Fetches of how one exchange runs (manual 7.3.2, 7.3.3, 7.3.4): bytes on either side, what rules
// and ends are responsible for, and a developer's view of both sides.

import type { Connection } from '../../conn/connection.ts';
import type { ArgumentValue, Evaluate, FetchDef } from '../../keyword.ts';
import { H1Back } from '../../mux/h1-back.ts';
import { FcgiStream } from '../../mux/fcgi-stream.ts';
import { H2Stream } from '../../mux/h2-stream.ts';
import type { Side } from '../../mux/side.ts';
import { flagReused } from '../../stream/phases.ts';
import type { Stream } from '../../stream/stream.ts';
import { kindBool, kindSint, kindString } from '../sample.ts';
import { alias, plain } from './row.ts';

// ---- bytes ----

/** With its head, as far as received; the stream keeps the number when its side is gone. */
function bytesFromClient({ front, request, bytesIn }: Stream): number {
  if (front === null) return bytesIn;
  return Math.max(bytesIn, request.headLength + front.inbound.taken);
}

function bytesToClient({ front, bytesOut, bytesOutBase }: Stream): number {
  if (front === null || bytesOutBase < 0) return bytesOut;
  return Math.max(bytesOut, front.outbound.offeredBytes() - bytesOutBase);
}

/** What passes through keeps its size, as the counters of proxies have it (stream/traffic.ts). */
const bytesToServer = (stream: Stream): number =>
  stream.times.connectMs < 0 ? 0 : bytesFromClient(stream);
const bytesFromServer = (stream: Stream): number =>
  stream.times.connectMs < 0 ? 0 : bytesToClient(stream);

const bytes =
  (read: (stream: Stream) => number): Evaluate =>
  (stream, out) =>
    out.setInt(read(stream));

const requestIn = plain(
  'req.bytes_in',
  [kindSint, 'request-totals'],
  'bytes received from the client',
  bytes(bytesFromClient),
);
const responseIn = plain(
  'res.bytes_in',
  [kindSint, 'response-totals'],
  'bytes received from the server',
  bytes(bytesFromServer),
);

// ---- the two sides ----

interface SideRow {
  readonly prefix: string;
  readonly reads: string;
  readonly peer: string;
  readonly side: (stream: Stream) => Side | null;
  readonly connection: (stream: Stream) => Connection | null;
}

const sides: readonly SideRow[] = [
  {
    prefix: 'fs',
    reads: 'client-connection',
    peer: 'client',
    side: (stream) => stream.front,
    connection: (stream) => stream.session.connection,
  },
  {
    prefix: 'bs',
    reads: 'server-connection',
    peer: 'server',
    side: (stream) => stream.back,
    connection: (stream) => stream.backConnection ?? stream.servedBy,
  },
];

/** Bits of the argument of debug_str; 0 stands for all. */
const showStream = 1;
const showTransport = 4;
const showConnection = 8;
const showSocket = 16;

function buildDebug({ side, connection }: SideRow) {
  return ([bits]: readonly ArgumentValue[]): Evaluate => {
    const wanted = Number(bits ?? 0) || -1;
    return (stream, out) => {
      const link = connection(stream);
      if (link === null) return false;
      let text = '';
      if ((wanted & showStream) !== 0) text += streamText(stream, side(stream));
      if ((wanted & showConnection) !== 0) text += connectionText(link);
      if ((wanted & showTransport) !== 0)
        text += ` xprt=${link.transport === null ? 'RAW' : 'SSL'}`;
      if ((wanted & showSocket) !== 0) text += ` fd=${link.fd}`;
      return out.setText(text.trimStart());
    };
  };
}

function streamText({ state, flags }: Stream, side: Side | null): string {
  const own = ` strm.state=${state} strm.flags=0x${flags.toString(16)}`;
  if (side === null) return own;
  const { inbound, outbound } = side;
  const received = ` in.shown=${inbound.bodyLength} in.taken=${inbound.taken}`;
  const ends = ` in.done=${inbound.bodyDone ? 1 : 0} in.failure=${inbound.failure}`;
  return `${own}${received}${ends} out.queued=${outbound.queuedBytes()}`;
}

function connectionText(link: Connection): string {
  const { source, destination, fault, bytesReceived, bytesSent } = link;
  const ends = ` conn.src=${source.text()} conn.dst=${destination.text()}`;
  return `${ends} conn.err=${fault} conn.in=${bytesReceived} conn.out=${bytesSent}`;
}

/** The side said that nothing more can come although something should have. */
const aborted =
  ({ side }: SideRow): Evaluate =>
  (stream, out) => {
    const now = side(stream);
    return now !== null && out.setInt(now.inbound.failure === 0 ? 0 : 1);
  };

/** Number of the exchange on its connection. */
function exchangeNumber(stream: Stream, side: Side): number {
  if (side instanceof H2Stream || side instanceof FcgiStream) return side.id;
  if (side instanceof H1Back) return side.useCount - 1;
  return stream.frontend.isHttp && side === stream.front ? stream.session.streamCount - 1 : 0;
}

/** Of HTTP/2 only: the code with which the peer has ended the stream. */
const resetCode =
  ({ side }: SideRow): Evaluate =>
  (stream, out) => {
    const now = side(stream);
    return now instanceof H2Stream && now.resetCode >= 0 && out.setInt(now.resetCode);
  };

const numbered =
  ({ side, prefix }: SideRow): Evaluate =>
  (stream, out) => {
    const now = side(stream);
    if (now === null) return false;
    const number = exchangeNumber(stream, now);
    // The reference lists the client's as a string.
    return prefix === 'fs' ? out.setText(String(number)) : out.setInt(number);
  };

const ends = sides.flatMap((row): readonly FetchDef[] => [
  plain(
    `${row.prefix}.aborted`,
    [kindSint, row.reads],
    `the ${row.peer} has given up`,
    aborted(row),
  ),
  plain(
    `${row.prefix}.id`,
    [row.prefix === 'fs' ? kindString : kindSint, row.reads],
    `number of the exchange on the connection with the ${row.peer}`,
    numbered(row),
  ),
  plain(
    `${row.prefix}.rst_code`,
    [kindSint, row.reads],
    `code with which the ${row.peer} has ended the HTTP/2 stream`,
    resetCode(row),
  ),
  {
    name: `${row.prefix}.debug_str`,
    args: [{ name: 'bitmap', type: 'sint', optional: true }],
    returns: kindString,
    reads: row.reads,
    help: `inner states towards the ${row.peer}, for developers`,
    example: `${row.prefix}.debug_str(8)`,
    build: buildDebug(row),
  },
]);

// ---- rules ----

/** The rule that a stream waited in when it failed; option http-buffer-request is no rule. */
const waitingEntity: Evaluate = ({ waitingFor }, out) => {
  if (waitingFor === null) return false;
  const { file, line } = waitingFor;
  return out.setText(file === '' ? 'http-buffer-request' : `${file}:${line}`);
};

/** The last rule that decided, `file:line`. */
function lastEntity({ lastRuleFile, lastRuleLine }: Stream): string {
  return lastRuleFile === '' ? '' : `${lastRuleFile}:${lastRuleLine}`;
}

export const exchanges: readonly FetchDef[] = [
  requestIn,
  alias('bytes_in', requestIn),
  responseIn,
  alias('bytes_out', responseIn),
  plain(
    'req.bytes_out',
    [kindSint, 'request-totals'],
    'bytes sent to the server',
    bytes(bytesToServer),
  ),
  plain(
    'res.bytes_out',
    [kindSint, 'response-totals'],
    'bytes sent to the client',
    bytes(bytesToClient),
  ),
  plain(
    'bc_reused',
    [kindBool, 'server-address'],
    'the connection to the server was used before',
    (stream, out) => stream.servedBy !== null && out.setBool((stream.flags & flagReused) !== 0),
  ),
  ...ends,
  plain('last_entity', [kindString, 'internal'], 'the rule that decided last', (stream, out) => {
    const text = lastEntity(stream);
    return text !== '' && out.setText(text);
  }),
  plain(
    'waiting_entity',
    [kindString, 'internal'],
    'the rule that the stream was waiting in when it failed',
    waitingEntity,
  ),
  plain(
    'internal.strm.is_htx',
    [kindBool, 'internal'],
    'the stream carries HTTP messages',
    (stream, out) => out.setBool(stream.frontend.isHttp),
  ),
];
