// Fetches of one exchange (manual 7.3.2, 7.3.6, 8.4): status, versions, captures, timeouts in force,
// timers, and why it ended.

import type { ArgumentDef, ArgumentValue, Evaluate, FetchDef } from '../../keyword.ts';
import { pathIndex } from '../../http/uri.ts';
import { latin1, type Message } from '../../http/message.ts';
import type { Stream } from '../../stream/stream.ts';
import { kindBool, kindSint, kindString, type Sample } from '../sample.ts';
import { versionText } from './request-line.ts';
import { alias, plain, requestEver, requestHead, responseHead } from './row.ts';

const number =
  (read: (stream: Stream) => number): Evaluate =>
  (stream, out) =>
    out.setInt(read(stream));

const status: Evaluate = (stream, out) => {
  const message = responseHead(stream, out);
  return message !== null && out.setInt(message.status);
};

/** What the client gets: set once an answer of either origin is on its way. */
const transactionStatus: Evaluate = (stream, out) => {
  if (stream.status > 0) return out.setInt(stream.status);
  return status(stream, out);
};

const serverStatus: Evaluate = (stream, out) => {
  const { response } = stream;
  return response.status > 0 && out.setInt(response.status);
};

const responseVersion: Evaluate = (stream, out) => {
  const message = responseHead(stream, out);
  return message !== null && out.setText(versionText(message));
};

const isHttp: Evaluate = (stream, out) => requestHead(stream, out) !== null && out.setBool(true);
const isFirst: Evaluate = (stream, out) => out.setBool(stream.session.streamCount <= 1);

/** The request line as it came, before any rule: up to its line end. */
function firstLine(message: Message): string {
  const { bytes, headAt, headLength } = message;
  let at = headAt;
  while (at < headAt + headLength && (bytes[at] === 13 || bytes[at] === 10)) at++;
  const start = at;
  while (at < headAt + headLength && bytes[at] !== 13 && bytes[at] !== 10) at++;
  return latin1(bytes, start, at - start);
}

/** A part of the request line as it came: kept for logs, else still in the head. */
function captured(pick: (line: string) => string): Evaluate {
  return (stream, out) => {
    let line = stream.requestLine;
    if (line === '') {
      const message = requestEver(stream, out);
      if (message === null) return false;
      line = firstLine(message);
    }
    const text = pick(line);
    return text !== '' && out.setText(text);
  };
}

function capturedUri(line: string): string {
  const [, target = ''] = line.split(' ');
  const at = pathIndex(target);
  return at < 0 ? '' : target.slice(at);
}

const capturedVersion =
  (read: (stream: Stream, out: Sample) => Message | null): Evaluate =>
  (stream, out) => {
    const message = read(stream, out);
    return message !== null && out.setText(`HTTP/${versionText(message)}`);
  };

function buildCapture(read: (stream: Stream) => readonly string[]) {
  return (args: readonly ArgumentValue[]): Evaluate => {
    const index = Number(args[0]);
    return (stream, out) => {
      const text = read(stream)[index];
      return text !== undefined && text !== '' && out.setText(text);
    };
  };
}

const slotArg: readonly ArgumentDef[] = [{ name: 'slot', type: 'sint' }];

/** Milliseconds between two moments of the loop's clock, -1 when one was not reached. */
const between = (from: number, to: number): number =>
  from < 0 || to < 0 ? -1 : Math.floor(to - from);

/** The end, or now while the stream lives. */
const endOf = (stream: Stream): number =>
  stream.times.endMs >= 0 ? stream.times.endMs : stream.thread.time.nowMs;

const timers: readonly FetchDef[] = [
  plain(
    'req.timer.idle',
    kindSint,
    'request-headers',
    'idle ms before the request (%Ti)',
    number((stream) => stream.times.idleMs),
  ),
  plain(
    'req.timer.hdr',
    kindSint,
    'request-headers',
    'ms to receive the request head (%TR)',
    number(({ times }) => between(times.firstByteMs, times.requestMs)),
  ),
  plain(
    'req.timer.tq',
    kindSint,
    'request-headers',
    'ms until the request head was whole (%Tq)',
    number(({ times }) => between(times.acceptMs, times.requestMs)),
  ),
  plain(
    'req.timer.queue',
    kindSint,
    'server-address',
    'ms in queues (%Tw)',
    number(({ times }) => between(times.requestMs, times.queueMs)),
  ),
  plain(
    'bc.timer.connect',
    kindSint,
    'server-address',
    'ms to connect (%Tc)',
    number(({ times }) => between(times.queueMs, times.connectMs)),
  ),
  plain(
    'res.timer.hdr',
    kindSint,
    'response-headers',
    'ms until the response head (%Tr)',
    number(({ times }) => between(times.connectMs, times.responseMs)),
  ),
  plain(
    'res.timer.data',
    kindSint,
    'response-totals',
    'ms of response data (%Td)',
    number((stream) => between(stream.times.responseMs, endOf(stream))),
  ),
  plain(
    'fc.timer.handshake',
    kindSint,
    'client-address',
    'ms of handshakes (%Th)',
    number((stream) => Math.floor(stream.times.handshakeMs)),
  ),
  plain(
    'fc.timer.total',
    kindSint,
    'session-totals',
    'ms since the connection was accepted (%Tt)',
    number((stream) => between(stream.times.acceptMs, endOf(stream))),
  ),
  plain(
    'txn.timer.total',
    kindSint,
    'transaction-totals',
    'ms since the first byte of the request (%Ta)',
    number((stream) => between(stream.times.firstByteMs, endOf(stream))),
  ),
  plain(
    'txn.timer.user',
    kindSint,
    'transaction-totals',
    'ms the user has waited (%Tu)',
    number((stream) => between(stream.times.acceptMs, endOf(stream))),
  ),
];

const timeouts: readonly FetchDef[] = [
  plain(
    'cur_client_timeout',
    kindSint,
    'frontend',
    'timeout client in force, ms',
    number((stream) => stream.clientTimeoutMs),
  ),
  plain(
    'cur_server_timeout',
    kindSint,
    'backend',
    'timeout server in force, ms',
    number((stream) => stream.serverTimeoutMs),
  ),
  plain(
    'cur_tunnel_timeout',
    kindSint,
    'backend',
    'timeout tunnel in force, ms',
    number((stream) => stream.tunnelTimeoutMs),
  ),
  plain(
    'cur_connect_timeout',
    kindSint,
    'backend',
    'timeout connect in force, ms',
    number((stream) => stream.connectTimeoutMs),
  ),
  plain(
    'cur_queue_timeout',
    kindSint,
    'backend',
    'timeout queue in force, ms',
    number((stream) => stream.queueTimeoutMs),
  ),
  plain(
    'cur_tarpit_timeout',
    kindSint,
    'frontend+backend',
    'timeout tarpit in force, ms',
    number((stream) => stream.tarpitTimeoutMs),
  ),
  plain(
    'cur_max_retries',
    kindSint,
    'backend',
    'retries allowed for this stream',
    number((stream) => (stream.retryMax >= 0 ? stream.retryMax : stream.backend.model.retries)),
  ),
  plain(
    'fe_client_timeout',
    kindSint,
    'frontend',
    'timeout client of the frontend, ms',
    number((stream) => stream.frontend.timeouts.clientMs),
  ),
  plain(
    'fe_tarpit_timeout',
    kindSint,
    'frontend',
    'timeout tarpit of the frontend, ms',
    number((stream) => stream.frontend.timeouts.tarpitMs),
  ),
  plain(
    'be_connect_timeout',
    kindSint,
    'backend',
    'timeout connect of the backend, ms',
    number((stream) => stream.backend.timeouts.connectMs),
  ),
  plain(
    'be_queue_timeout',
    kindSint,
    'backend',
    'timeout queue of the backend, ms',
    number((stream) => stream.backend.timeouts.queueMs),
  ),
  plain(
    'be_server_timeout',
    kindSint,
    'backend',
    'timeout server of the backend, ms',
    number((stream) => stream.backend.timeouts.serverMs),
  ),
  plain(
    'be_tarpit_timeout',
    kindSint,
    'backend',
    'timeout tarpit of the backend, ms',
    number((stream) => stream.backend.timeouts.tarpitMs),
  ),
  plain(
    'be_tunnel_timeout',
    kindSint,
    'backend',
    'timeout tunnel of the backend, ms',
    number((stream) => stream.backend.timeouts.tunnelMs),
  ),
  plain(
    'be_max_retries',
    kindSint,
    'backend',
    'retries of the backend',
    number((stream) => stream.backend.model.retries),
  ),
];

const responseVer = plain(
  'res.ver',
  kindString,
  'response',
  'HTTP version of the response, as 1.1',
  responseVersion,
);
const protoHttp = plain(
  'req.proto_http',
  kindBool,
  'request',
  'a valid HTTP request has come',
  isHttp,
);

export const transaction: readonly FetchDef[] = [
  ...timers,
  ...timeouts,
  plain('status', kindSint, 'response', 'status of the response', status),
  plain('txn.status', kindSint, 'response', 'status the client gets', transactionStatus),
  plain('server_status', kindSint, 'response', 'status the server gave', serverStatus),
  responseVer,
  alias('resp_ver', responseVer),
  protoHttp,
  alias('req_proto_http', protoHttp),
  plain('http_first_req', kindBool, 'request', 'the first request of its connection', isFirst),
  plain(
    'capture.req.method',
    kindString,
    'request',
    'method as it came',
    captured((line) => line.split(' ')[0]),
  ),
  plain(
    'capture.req.uri',
    kindString,
    'request',
    'path and query as they came',
    captured(capturedUri),
  ),
  plain(
    'capture.req.ver',
    kindString,
    'request',
    'HTTP/ and version of the request',
    capturedVersion(requestEver),
  ),
  plain(
    'capture.res.ver',
    kindString,
    'request',
    'HTTP/ and version of the response',
    capturedVersion(responseHead),
  ),
  {
    name: 'capture.req.hdr',
    args: slotArg,
    returns: kindString,
    reads: 'request',
    help: 'a captured request header',
    example: 'capture.req.hdr(0)',
    build: buildCapture((stream) => stream.requestCaptures),
  },
  {
    name: 'capture.res.hdr',
    args: slotArg,
    returns: kindString,
    reads: 'response',
    help: 'a captured response header',
    example: 'capture.res.hdr(0)',
    build: buildCapture((stream) => stream.responseCaptures),
  },
  plain(
    'last_rule_file',
    kindString,
    'internal',
    'file of the last rule that decided',
    (stream, out) => stream.lastRuleFile !== '' && out.setText(stream.lastRuleFile),
  ),
  plain(
    'last_rule_line',
    kindSint,
    'internal',
    'line of the last rule that decided',
    (stream, out) => stream.lastRuleLine > 0 && out.setInt(stream.lastRuleLine),
  ),
  plain(
    'txn.id32',
    kindSint,
    'internal',
    'number of this stream',
    number((stream) => stream.id % 4294967296),
  ),
  plain(
    'txn.sess_term_state',
    kindString,
    'internal',
    'termination state (manual 8.5)',
    (stream, out) => out.setText(stream.endCause + stream.endPhase),
  ),
  plain(
    'txn.conn_retries',
    kindSint,
    'server-address',
    'connection attempts repeated',
    number((stream) => stream.retries),
  ),
  plain(
    'txn.redispatched',
    kindBool,
    'server-address',
    'another server was chosen after a failure',
    (stream, out) => out.setBool(stream.redispatched),
  ),
  plain(
    'bc_be_queue',
    kindSint,
    'server-address',
    'streams in front in the backend queue (%bq)',
    number((stream) => stream.backendQueue),
  ),
  plain(
    'bc_srv_queue',
    kindSint,
    'server-address',
    'streams in front in the server queue (%sq)',
    number((stream) => stream.serverQueue),
  ),
];
