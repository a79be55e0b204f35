// Fetches of one exchange (manual 7.3.2, 7.3.6, 8.4): status, versions, captures, timeouts in
// force, timers, and why it ended.

import type { ArgumentDef, ArgumentValue, Evaluate, FetchDef } from '../../keyword.ts';
import { pathIndex } from '../../http/uri.ts';
import { latin1, type Message } from '../../http/message.ts';
import { stateFree } from '../../stream/phases.ts';
import type { Stream } from '../../stream/stream.ts';
import { kindBool, kindSint, kindString, type Sample } from '../sample.ts';
import { versionText } from './request-line.ts';
import { alias, plain, requestEver, requestHead, responseHead } from './row.ts';

const number =
  (read: (stream: Stream) => number): Evaluate =>
  (stream, out) =>
    out.setInt(read(stream));

const isOver = ({ state, times }: Stream): boolean => state === stateFree && times.endMs >= 0;

/** Of the answer while it is here: the line that is logged at the end has txn.status. */
const status: Evaluate = (stream, out) => {
  if (isOver(stream)) return false;
  const message = responseHead(stream, out);
  return message !== null && out.setInt(message.status);
};

/** What the client gets: set once an answer of either origin is on its way to a request. */
const transactionStatus: Evaluate = (stream, out) => {
  if (isOver(stream) && stream.frontend.isHttp && stream.times.requestMs < 0) return false;
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

const responseVer = plain(
  'res.ver',
  [kindString, 'response'],
  'HTTP version of the response, as 1.1',
  responseVersion,
);
const protoHttp = plain(
  'req.proto_http',
  [kindBool, 'request'],
  'a valid HTTP request has come',
  isHttp,
);

export const transaction: readonly FetchDef[] = [
  plain('status', [kindSint, 'response'], 'status of the response', status),
  plain('txn.status', [kindSint, 'response'], 'status the client gets', transactionStatus),
  plain('server_status', [kindSint, 'response'], 'status the server gave', serverStatus),
  responseVer,
  alias('resp_ver', responseVer),
  protoHttp,
  alias('req_proto_http', protoHttp),
  plain('http_first_req', [kindBool, 'request'], 'the first request of its connection', isFirst),
  plain(
    'capture.req.method',
    [kindString, 'request'],
    'method as it came',
    captured((line) => line.split(' ')[0]),
  ),
  plain(
    'capture.req.uri',
    [kindString, 'request'],
    'path and query as they came',
    captured(capturedUri),
  ),
  plain(
    'capture.req.ver',
    [kindString, 'request'],
    'HTTP/ and version of the request',
    capturedVersion(requestEver),
  ),
  plain(
    'capture.res.ver',
    [kindString, 'request'],
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
    [kindString, 'internal'],
    'file of the last rule that decided',
    (stream, out) => stream.lastRuleFile !== '' && out.setText(stream.lastRuleFile),
  ),
  plain(
    'last_rule_line',
    [kindSint, 'internal'],
    'line of the last rule that decided',
    (stream, out) => stream.lastRuleLine > 0 && out.setInt(stream.lastRuleLine),
  ),
  plain(
    'txn.id32',
    [kindSint, 'internal'],
    'number of this stream',
    number((stream) => stream.id % 4294967296),
  ),
  plain(
    'txn.sess_term_state',
    [kindString, 'internal'],
    'termination state (manual 8.5)',
    (stream, out) => out.setText(stream.endCause + stream.endPhase),
  ),
  plain(
    'txn.conn_retries',
    [kindSint, 'server-address'],
    'connection attempts repeated',
    number((stream) => stream.retries),
  ),
  plain(
    'txn.redispatched',
    [kindBool, 'server-address'],
    'another server was chosen after a failure',
    (stream, out) => out.setBool(stream.redispatched),
  ),
  plain(
    'bc_be_queue',
    [kindSint, 'server-address'],
    'streams in front in the backend queue (%bq)',
    number((stream) => stream.backendQueue),
  ),
  plain(
    'bc_srv_queue',
    [kindSint, 'server-address'],
    'streams in front in the server queue (%sq)',
    number((stream) => stream.serverQueue),
  ),
];
