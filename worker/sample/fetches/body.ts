// Fetches of HTTP bodies and of raw payload (manual 7.3.5, 7.3.6): what has been received and
// decoded so far, in the thread's memory. They never wait themselves: `mayChange` says that more
// may come.

import { latin1 } from '../../http/message.ts';
import { parameterName } from '../../http/syntax-query.ts';
import type { ArgumentDef, ArgumentValue, Evaluate, FetchDef, Scope } from '../../keyword.ts';
import { directionResponse, type Payload, type Stream } from '../../stream/stream.ts';
import { kindBinary, kindSint, type Sample } from '../sample.ts';
import { alias, plain } from './row.ts';
import { takeParameter } from './request-line.ts';

type ReadPayload = (stream: Stream, out: Sample) => Payload | null;

function requestPayload(stream: Stream): Payload | null {
  return stream.direction === directionResponse ? null : stream.requestPayload;
}

function responsePayload(stream: Stream, out: Sample): Payload | null {
  if (stream.direction === directionResponse) return stream.responsePayload;
  out.mayChange = true;
  return null;
}

/** `payload`, `payload_lv`: of the direction being evaluated. */
function currentPayload(stream: Stream): Payload | null {
  return stream.direction === directionResponse ? stream.responsePayload : stream.requestPayload;
}

/** The body of an HTTP message whose head has come. */
const requestBody: ReadPayload = (stream, out) => {
  if (stream.direction === directionResponse) return null;
  if (stream.request.headLength > 0) return stream.requestPayload;
  out.mayChange = true;
  return null;
};

const responseBody: ReadPayload = (stream, out) => {
  if (stream.direction === directionResponse && stream.response.status > 0) {
    return stream.responsePayload;
  }
  out.mayChange = stream.direction !== directionResponse;
  return null;
};

const textOf = (stream: Stream, payload: Payload): string =>
  latin1(stream.thread.memory.bytes, payload.at, payload.length);

function body(read: ReadPayload): Evaluate {
  return (stream, out) => {
    const payload = read(stream, out);
    if (payload === null) return false;
    out.mayChange = !payload.ended;
    return out.setBinary(textOf(stream, payload));
  };
}

function bodyLength(read: ReadPayload): Evaluate {
  return (stream, out) => {
    const payload = read(stream, out);
    if (payload === null) return false;
    out.mayChange = !payload.ended;
    return out.setInt(payload.length);
  };
}

/** The announced length, or what has come when none was. */
function bodySize(read: ReadPayload, isRequest: boolean): Evaluate {
  return (stream, out) => {
    const payload = read(stream, out);
    if (payload === null) return false;
    const { contentLength } = isRequest ? stream.request : stream.response;
    out.mayChange = contentLength < 0 && !payload.ended;
    return out.setInt(contentLength >= 0 ? contentLength : payload.length);
  };
}

/** Everything in the buffer: of HTTP, the head as it came too. */
function rawLength(read: ReadPayload): Evaluate {
  return (stream, out) => {
    const payload = read(stream, out);
    if (payload === null) return false;
    out.mayChange = !payload.ended;
    const { model } = stream.frontend;
    const isHttp = model.mode === 'http';
    const message = payload === stream.requestPayload ? stream.request : stream.response;
    return out.setInt(payload.length + (isHttp ? message.headLength : 0));
  };
}

function buildBodyParam(args: readonly ArgumentValue[]): Evaluate {
  const [name = '', flag = ''] = args as readonly string[];
  const wanted = parameterName(name, '&', flag === 'i');
  const range = { from: 0, end: 0 };
  return (stream, out) => {
    const payload = requestBody(stream, out);
    if (payload === null) return false;
    out.mayChange = !payload.ended;
    range.from = payload.at;
    range.end = payload.at + payload.length;
    return takeParameter(stream, out, wanted, range);
  };
}

/** payload(offset,length): length 0 is everything that is there. */
function buildSlice(read: ReadPayload) {
  return (args: readonly ArgumentValue[], scope: Scope): Evaluate | null => {
    const [offset, length] = args.map(Number);
    if (offset < 0 || length < 0) {
      scope.alert('offset and length of a payload cannot be negative');
      return null;
    }
    return (stream, out) => {
      const payload = read(stream, out);
      if (payload === null) return false;
      const end = length > 0 ? offset + length : Math.max(payload.length, offset);
      if (payload.length < end || (length === 0 && payload.length <= offset)) {
        out.mayChange = !payload.ended;
        return false;
      }
      out.mayChange = length === 0 && !payload.ended;
      return out.setBinary(latin1(stream.thread.memory.bytes, payload.at + offset, end - offset));
    };
  };
}

const relativePattern = /^[+-]/;
const offsetPattern = /^[+-]?\d*$/;

/** payload_lv(offset,bytes[,value]): a length field, and what it measures. */
function buildLengthValue(read: ReadPayload) {
  return (args: readonly ArgumentValue[], scope: Scope): Evaluate | null => {
    const offset = Number(args[0]);
    const size = Number(args[1]);
    const written = (args[2] as string | undefined) ?? '';
    const isRelative = relativePattern.test(written);
    if (offset < 0 || size < 1 || size > 8 || !offsetPattern.test(written)) {
      scope.alert(
        'payload_lv wants an offset, a field of 1 to 8 bytes and a number as third argument',
      );
      return null;
    }
    const shift = Number(written === '' ? 0 : written);
    const valueAt = written === '' ? offset + size : isRelative ? offset + size + shift : shift;
    if (valueAt < 0) {
      scope.alert('payload_lv: the value would start before the payload');
      return null;
    }
    return lengthValue(read, offset, size, valueAt);
  };
}

function lengthValue(read: ReadPayload, offset: number, size: number, valueAt: number): Evaluate {
  return (stream, out) => {
    const payload = read(stream, out);
    if (payload === null) return false;
    const { bytes } = stream.thread.memory;
    if (payload.length < offset + size) {
      out.mayChange = !payload.ended;
      return false;
    }
    let length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + bytes[payload.at + offset + i];
    if (length === 0) return false;
    if (payload.length < valueAt + length) {
      out.mayChange = !payload.ended;
      return false;
    }
    return out.setBinary(latin1(bytes, payload.at + valueAt, length));
  };
}

const sliceArgs: readonly ArgumentDef[] = [
  { name: 'offset', type: 'sint' },
  { name: 'length', type: 'sint' },
];
const lengthValueArgs: readonly ArgumentDef[] = [
  { name: 'offset', type: 'sint' },
  { name: 'bytes', type: 'sint' },
  { name: 'value', type: 'string', optional: true },
];

const slice = (name: string, reads: string, read: ReadPayload): FetchDef => ({
  name,
  args: sliceArgs,
  returns: kindBinary,
  reads,
  help: 'bytes of the payload; length 0: all that are there',
  example: `${name}(0,4)`,
  build: buildSlice(read),
});
const measured = (name: string, reads: string, read: ReadPayload): FetchDef => ({
  name,
  args: lengthValueArgs,
  returns: kindBinary,
  reads,
  help: 'bytes of the payload measured by a length field',
  example: `${name}(0,2)`,
  build: buildLengthValue(read),
});

const requestLength = plain(
  'req.len',
  [kindSint, 'request-buffer'],
  'bytes received of the request',
  rawLength(requestPayload),
);
const both = 'request-buffer+response-buffer';

export const bodies: readonly FetchDef[] = [
  plain(
    'req.body',
    [kindBinary, 'request-headers'],
    'body of the request, as far as received',
    body(requestBody),
  ),
  plain(
    'res.body',
    [kindBinary, 'response-headers'],
    'body of the response, as far as received',
    body(responseBody),
  ),
  plain(
    'req.body_len',
    [kindSint, 'request-headers'],
    'bytes of the request body received',
    bodyLength(requestBody),
  ),
  plain(
    'res.body_len',
    [kindSint, 'response-headers'],
    'bytes of the response body received',
    bodyLength(responseBody),
  ),
  plain(
    'req.body_size',
    [kindSint, 'request-headers'],
    'announced length of the request body',
    bodySize(requestBody, true),
  ),
  plain(
    'res.body_size',
    [kindSint, 'response-headers'],
    'announced length of the response body',
    bodySize(responseBody, false),
  ),
  {
    name: 'req.body_param',
    args: [
      { name: 'name', type: 'string', optional: true },
      { name: 'flag', type: 'string', optional: true },
    ],
    returns: kindBinary,
    reads: 'request-headers',
    help: 'value of a parameter of a form body; i ignores the case of its name',
    example: 'req.body_param(id)',
    build: buildBodyParam,
  },
  requestLength,
  alias('req_len', requestLength),
  plain(
    'res.len',
    [kindSint, 'response-buffer'],
    'bytes received of the response',
    rawLength(responsePayload),
  ),
  slice('req.payload', 'request-buffer', requestPayload),
  slice('res.payload', 'response-buffer', responsePayload),
  slice('payload', both, currentPayload),
  measured('req.payload_lv', 'request-buffer', requestPayload),
  measured('res.payload_lv', 'response-buffer', responsePayload),
  measured('payload_lv', both, currentPayload),
];
