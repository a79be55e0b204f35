// The aliases of log formats (manual 8.2.6), one row each. A row says how its value is read from a
// stream: headers take it as text through `build`, lines write its bytes (line-program.ts).

import { hostname } from 'node:os';
import { logSteps } from '../../shared/config/log-steps.ts';
import { familyUnix, type Endpoint } from '../conn/endpoint.ts';
import { tlsSessionOf } from '../conn/tls.ts';
import type { FormatText, Scope } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import {
  addressHex,
  badRequest,
  captureList,
  captureSet,
  lineCodes,
  requestPart,
  type RequestPart,
  writeSet,
} from './tag-values.ts';
import type { LineBuffer } from './line.ts';
import { isEarly } from './line-program.ts';
import type { LogTagDef, LogTagFlags, ReadInteger, TagRow } from './tag.ts';
import { hexOf, timeTags } from './time-tags.ts';

function portOf(endpoint: Endpoint, stream: Stream): number {
  return endpoint.family === familyUnix ? stream.session.listener.bind.id : endpoint.port;
}

function frontendTransport(stream: Stream): string {
  const { frontend, session } = stream;
  return session.listener.bind.ssl === null ? frontend.name : `${frontend.name}~`;
}

const plus = 43;

/** The server, or what of ours answered in its place. */
const serverText = ({ server, reply }: Stream): string =>
  server?.name ?? reply?.service ?? '<NOSRV>';
const host = hostname();

const clientPort: ReadInteger = (stream) => portOf(stream.source, stream);
const frontPort: ReadInteger = (stream) => portOf(stream.destination, stream);
const backPort: ReadInteger = ({ servedBy }) => servedBy?.source.port ?? 0;
const serverPort: ReadInteger = ({ servedBy }) => servedBy?.destination.port ?? 0;
/** Of HTTP alone; a connection whose bytes never were a request has no status either. */
const statusOf: ReadInteger = ({ status, frontend, times, endPhase }) => {
  if (status !== 0) return status;
  const isRequest = times.requestMs >= 0 || endPhase !== 'R';
  return frontend.isHttp && isRequest ? -1 : 0;
};
const requestNumber: ReadInteger = (stream) => stream.id % 2 ** 32;
const processId: ReadInteger = () => process.pid;

const addresses: readonly TagRow[] = [
  {
    name: 'ci',
    help: 'Client address',
    text: (stream) => stream.source.text(),
    hex: (stream) => addressHex(stream.source),
  },
  { name: 'cp', help: 'Client port', number: clientPort, hex: hexOf(clientPort, 4) },
  {
    name: 'fi',
    help: 'Address the client connected to',
    text: (stream) => stream.destination.text(),
    hex: (stream) => addressHex(stream.destination),
  },
  { name: 'fp', help: 'Port the client connected to', number: frontPort, hex: hexOf(frontPort, 4) },
  {
    name: 'bi',
    help: 'Address the server was connected from',
    text: (stream) => stream.servedBy?.source.text() ?? '',
    hex: (stream) => addressHex(stream.servedBy?.source),
  },
  {
    name: 'bp',
    help: 'Port the server was connected from',
    text: (stream) => (stream.servedBy === null ? '' : String(backPort(stream))),
    hex: hexOf(backPort, 4),
  },
  {
    name: 'si',
    help: 'Server address',
    text: (stream) => stream.servedBy?.destination.text() ?? '',
    hex: (stream) => addressHex(stream.servedBy?.destination),
  },
  {
    name: 'sp',
    help: 'Server port',
    text: (stream) => (stream.servedBy === null ? '' : String(serverPort(stream))),
    hex: hexOf(serverPort, 4),
  },
];

const counts: readonly TagRow[] = [
  {
    name: 'B',
    help: 'Bytes to the client',
    waits: 'end',
    number: (stream) => stream.bytesOut,
    grows: true,
  },
  { name: 'U', help: 'Bytes from the client', waits: 'end', number: (stream) => stream.bytesIn },
  { name: 'ST', help: 'Status code, -1: none was sent, 0: not HTTP', number: statusOf },
  {
    name: 'ac',
    help: 'Client connections of the process',
    waits: 'end',
    number: (stream) => stream.thread.connections?.ofProcess() ?? 0,
  },
  {
    name: 'fc',
    help: 'Client connections of the frontend',
    waits: 'end',
    number: (stream) => stream.thread.connections?.ofFrontend(stream.frontend.index) ?? 0,
  },
  {
    name: 'bc',
    help: 'Streams of the backend',
    waits: 'end',
    number: (stream) => stream.backendConnections,
  },
  {
    name: 'sc',
    help: 'Streams of the server',
    waits: 'end',
    number: (stream) => stream.serverConnections,
  },
  {
    name: 'sq',
    help: 'Queue of the server at arrival',
    waits: 'end',
    number: (stream) => stream.serverQueue,
  },
  {
    name: 'bq',
    help: 'Queue of the backend at arrival',
    waits: 'end',
    number: (stream) => stream.backendQueue,
  },
  {
    name: 'rc',
    help: 'Retries, with a plus sign after a redispatch',
    waits: 'end',
    text: (stream) => (stream.redispatched ? `+${stream.retries}` : String(stream.retries)),
    plain: true,
    write: (stream, line) => {
      if (stream.redispatched) line.byte(plus);
      line.number(stream.retries);
    },
  },
  {
    name: 'rt',
    help: 'Number of the stream',
    waits: 'request',
    number: requestNumber,
    hex: hexOf(requestNumber, 4),
  },
  {
    name: 'lc',
    help: 'Log lines of the frontend so far',
    waits: 'nothing',
    number: (stream) => stream.thread.connections?.linesOf(stream.frontend.index) ?? 0,
  },
  {
    name: 'pid',
    help: 'Process id',
    waits: 'nothing',
    number: processId,
    hex: hexOf(processId, 4),
  },
];

const names: readonly TagRow[] = [
  { name: 'f', help: 'Frontend', waits: 'nothing', text: (stream) => stream.frontend.name },
  { name: 'ft', help: 'Frontend, with ~ for TLS', waits: 'nothing', text: frontendTransport },
  { name: 'b', help: 'Backend', waits: 'nothing', text: (stream) => stream.backend.name },
  { name: 's', help: 'Server', text: serverText },
  {
    name: 'OG',
    help: 'Step at which the line is written',
    waits: 'nothing',
    text: (stream) => logSteps[stream.logStep].origin,
  },
  { name: 'H', help: 'Host name', waits: 'nothing', text: () => host },
  { name: 'ID', help: 'Unique id', waits: 'end', text: (stream) => stream.uniqueId },
  {
    name: 'sslv',
    help: 'TLS version of the client connection',
    text: (stream) => tlsSessionOf(stream.session.connection)?.protocol() ?? '',
  },
  {
    name: 'sslc',
    help: 'Cipher of the client connection',
    text: (stream) => tlsSessionOf(stream.session.connection)?.cipher() ?? '',
  },
  { name: 'CC', help: 'Captured cookie of the request', http: true, text: (s) => s.requestCookie },
  {
    name: 'CS',
    help: 'Captured cookie of the response',
    http: true,
    text: (s) => s.responseCookie,
  },
  {
    name: 'ts',
    help: 'Termination state',
    waits: 'end',
    text: (stream) => stream.endCause + stream.endPhase,
    plain: true,
    write: (stream, line) => {
      line.text(stream.endCause);
      line.text(stream.endPhase);
    },
  },
  {
    name: 'tsc',
    help: 'Termination state with cookie states',
    waits: 'nothing',
    http: true,
    text: (s) => s.endCause + s.endPhase + s.cookieRequest + s.cookieResponse,
    plain: true,
    write: (stream, line) => {
      line.text(stream.endCause);
      line.text(stream.endPhase);
      line.text(stream.cookieRequest);
      line.text(stream.cookieResponse);
    },
  },
  {
    name: 'hr',
    help: 'Captured request headers between braces',
    text: (stream) => captureSet(stream.frontend.captureRequestHeaders, stream.requestCaptures),
    plain: true,
    write: (s, line) => writeSet(s.frontend.captureRequestHeaders, s.requestCaptures, line),
    quoted: (s) => quotedSet(captureSet(s.frontend.captureRequestHeaders, s.requestCaptures)),
  },
  {
    name: 'hs',
    help: 'Captured response headers between braces',
    text: (stream) => captureSet(stream.frontend.captureResponseHeaders, stream.responseCaptures),
    plain: true,
    write: (s, line) => writeSet(s.frontend.captureResponseHeaders, s.responseCaptures, line),
    quoted: (s) => quotedSet(captureSet(s.frontend.captureResponseHeaders, s.responseCaptures)),
  },
  {
    name: 'hrl',
    help: 'Captured request headers as a list',
    text: (s) => captureList(s.frontend.captureRequestHeaders, s.requestCaptures, false),
    plain: true,
    quoted: (s) => captureList(s.frontend.captureRequestHeaders, s.requestCaptures, true),
  },
  {
    name: 'hsl',
    help: 'Captured response headers as a list',
    text: (s) => captureList(s.frontend.captureResponseHeaders, s.responseCaptures, false),
    plain: true,
    quoted: (s) => captureList(s.frontend.captureResponseHeaders, s.responseCaptures, true),
  },
];

function quotedSet(text: string): string {
  return text === '' ? '' : `"${text}"`;
}

const partRows: readonly (readonly [string, string, RequestPart])[] = [
  ['r', 'Request line', 'line'],
  ['HM', 'Method', 'method'],
  ['HU', 'Request target', 'target'],
  ['HP', 'Request target without its query', 'targetPath'],
  ['HPO', 'Path', 'path'],
  ['HQ', 'Query with its question mark', 'query'],
  ['HV', 'HTTP version', 'version'],
];

const requestTags = partRows.map(
  ([name, help, part]): TagRow => ({
    name,
    help,
    http: true,
    waits: 'request',
    text: requestPart(part),
    ...(part === 'line' ? { write: writeRequestLine } : {}),
  }),
);

function writeRequestLine({ requestLine }: Stream, line: LineBuffer): void {
  line.escaped(requestLine === '' ? badRequest : requestLine, lineCodes);
}

/** Every alias that works, in no order. */
const tagRows: readonly TagRow[] = [...timeTags, ...addresses, ...counts, ...names, ...requestTags];

export const tags: readonly LogTagDef[] = tagRows.map((row) => ({
  name: row.name,
  help: row.help,
  ...(row.waits === undefined ? {} : { waits: row.waits }),
  type: row.number === undefined ? (row.plain === true ? 'plain' : 'text') : 'number',
  http: row.http === true,
  row,
  build: (_argument: string, flags: LogTagFlags, _scope: Scope) => textOf(row, flags),
}));

function textOf(row: TagRow, flags: LogTagFlags): FormatText {
  if (flags.hex && row.hex !== undefined) return row.hex;
  if (flags.quote && row.quoted !== undefined) return row.quoted;
  if (row.text !== undefined) return row.text;
  const read = row.number as ReadInteger;
  if (row.padded === true) return (stream) => String(read(stream)).padStart(3, '0');
  if (row.grows !== true || flags.encoding !== '') return (stream) => String(read(stream));
  return (stream) => (isEarly(stream) ? `+${read(stream)}` : String(read(stream)));
}
