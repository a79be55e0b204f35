// Fetches of the distcc protocol (manual 7.3.5): tokens of four letters with eight hexadecimal
// digits, and behind most of them that many bytes. In TCP mode only, as far as received.

import { latin1 } from '../../http/message.ts';
import type { ArgumentDef, ArgumentValue, Evaluate, FetchDef, Scope } from '../../keyword.ts';
import { directionResponse, type Payload, type Stream } from '../../stream/stream.ts';
import { kindBinary, kindSint, type Sample } from '../sample.ts';

const headBytes = 12;
const nameBytes = 4;

/** Tokens whose number is a value and no length. */
const bodiless: ReadonlySet<string> = new Set(['ARGC', 'DIST', 'NFIL', 'STAT', 'DONE']);

/** The token found last: its number, and where its bytes start within the payload. */
const token = { value: 0, at: 0, length: 0 };

function payloadOf(stream: Stream): Payload {
  return stream.direction === directionResponse ? stream.responsePayload : stream.requestPayload;
}

const digits = /^[0-9a-fA-F]{8}$/;

/** Finds occurrence `wanted` (0: the first) of a token; false: `out.mayChange` tells not yet. */
function find(stream: Stream, out: Sample, name: string, wanted: number): boolean {
  const payload = payloadOf(stream);
  const { bytes } = stream.thread.memory;
  let left = Math.max(1, wanted);
  for (let at = 0; at + headBytes <= payload.length; ) {
    const head = latin1(bytes, payload.at + at, headBytes);
    const number = head.slice(nameBytes);
    if (!digits.test(number)) return false;
    const found = head.slice(0, nameBytes);
    token.value = Number.parseInt(number, 16);
    token.length = bodiless.has(found) ? 0 : token.value;
    token.at = at + headBytes;
    if (found === name && --left === 0) return true;
    at = token.at + token.length;
  }
  out.mayChange = !payload.ended;
  return false;
}

type Give = (stream: Stream, out: Sample) => boolean;

const giveValue: Give = (_stream, out) => out.setInt(token.value);

/** As much of the bytes as has come: more may follow. */
const giveBody: Give = (stream, out) => {
  const payload = payloadOf(stream);
  const length = Math.min(token.length, payload.length - token.at);
  out.mayChange = length < token.length && !payload.ended;
  return out.setBinary(latin1(stream.thread.memory.bytes, payload.at + token.at, length));
};

function buildToken(give: Give) {
  return (args: readonly ArgumentValue[], scope: Scope): Evaluate | null => {
    const name = args[0] as string;
    const occurrence = Number(args[1] ?? 0);
    if (name.length !== nameBytes) {
      scope.alert(`token name '${name}' must be exactly ${nameBytes} characters`);
      return null;
    }
    return (stream, out) => {
      if (stream.frontend.isHttp) return false;
      return find(stream, out, name, occurrence) && give(stream, out);
    };
  };
}

const tokenArgs: readonly ArgumentDef[] = [
  { name: 'token', type: 'string' },
  { name: 'occurrence', type: 'sint', optional: true },
];

const reads = 'request-buffer+response-buffer';

export const distcc: readonly FetchDef[] = [
  {
    name: 'distcc_param',
    args: tokenArgs,
    returns: kindSint,
    reads,
    help: 'number of a token of a distcc message',
    example: 'distcc_param(DOTI)',
    build: buildToken(giveValue),
  },
  {
    name: 'distcc_body',
    args: tokenArgs,
    returns: kindBinary,
    reads,
    help: 'bytes of a token of a distcc message',
    example: 'distcc_body(ARGV,2)',
    build: buildToken(giveBody),
  },
];
