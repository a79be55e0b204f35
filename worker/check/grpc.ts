// Checks of gRPC servers: one call of grpc.health.v1.Health/Check over HTTP/2 and what its answer
// means (the gRPC health checking protocol, and gRPC over HTTP/2). Ours: HAProxy has none.

import { checkStatusNumber } from '../../shared/segment/check-status.ts';
import type { FormatText } from '../keyword.ts';
import type { Answer } from './answer.ts';
import { type ExpectStep, judgedBad, judgedGood, judgedWait, type RequestStep } from './plan.ts';

const L7Response = checkStatusNumber('L7RSP');
const L7Status = checkStatusNumber('L7STS');

const method = '/grpc.health.v1.Health/Check';
/** HealthCheckResponse.ServingStatus, and what of it means that the service can be used. */
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const serving = 1;

/** Names of google.rpc.Code, by number. */
const codes = (
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS ' +
  'PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED ' +
  'INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'
).split(' ');

const always =
  (text: string): FormatText =>
  () =>
    text;

/** Flag and length before a message: nothing here is compressed. */
function framed(message: string): string {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return head.toString('latin1') + message;
}

/** `HealthCheckRequest { string service = 1; }`; an empty one asks for the server as a whole. */
function askFor(service: string): string {
  const bytes = Buffer.from(service, 'utf8').toString('latin1');
  return bytes === '' ? '' : `\x0a${String.fromCharCode(bytes.length)}${bytes}`;
}

/** Bytes of a service's name: one byte says how many. */
export const serviceBytesMax = 127;

/** `authority`: '' for the name of the backend. */
export function grpcRequest(number: number, service: string, authority: string): RequestStep {
  const host: FormatText =
    authority === '' ? (stream) => stream.backend.name || 'health' : always(authority);
  return {
    kind: 'request',
    number,
    comment: '',
    isFromOption: false,
    method: 'POST',
    uri: always(method),
    version: 'HTTP/1.1',
    headers: [
      { name: 'host', value: host },
      { name: 'te', value: always('trailers') },
      { name: 'content-type', value: always('application/grpc') },
    ],
    body: always(framed(askFor(service))),
  };
}

/** The answer is whole when its stream has ended: what matters stands in the trailers. */
export const judgeGrpc: ExpectStep['judge'] = (answer, isLast) => {
  const status = answer.readHead();
  if (!isLast && !answer.ended && !answer.isFull()) return judgedWait;
  if (status !== 200) return bad(answer, L7Status, status, `HTTP status ${status}`);
  const text = answer.trailers.get('grpc-status') ?? '';
  if (!/^\d{1,9}$/.test(text)) return bad(answer, L7Response, 0, 'no grpc-status in the answer');
  const code = Number(text);
  if (code !== 0) return bad(answer, L7Status, code, codeText(code, answer));
  const health = readHealth(answer.body());
  if (health === serving) return judgedGood;
  if (health < 0) return bad(answer, L7Response, 0, 'the answer is no HealthCheckResponse');
  const name = servingStatuses[health] ?? 'unknown';
  return bad(answer, L7Status, health, `serving status ${health} (${name})`);
};

function bad(answer: Answer, status: number, code: number, info: string): number {
  answer.status = status;
  answer.code = code;
  answer.info = info;
  return judgedBad;
}

function codeText(code: number, { trailers }: Answer): string {
  const message = trailers.get('grpc-message') ?? '';
  const name = codes[code] ?? 'unknown';
  return `gRPC status ${code} (${name})${message === '' ? '' : `: ${decoded(message)}`}`;
}

/** Percent-encoded, as grpc-message is. */
function decoded(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/**
 * `HealthCheckResponse { ServingStatus status = 1; }` of a framed message, 0 when it is not said;
 * below zero: that is not what came.
 */
export function readHealth(body: string): number {
  const bytes = Buffer.from(body, 'latin1');
  if (bytes.length < 5 || bytes[0] !== 0 || bytes.readUInt32BE(1) !== bytes.length - 5) return -1;
  let health = 0;
  for (let at = 5; at < bytes.length; ) {
    const tag = varint(bytes, at);
    if (tag === null) return -1;
    const value = varint(bytes, tag.next);
    if (value === null) return -1;
    const wire = tag.value & 7;
    if (wire !== 0 && wire !== 2) return -1;
    if (tag.value === 0x08) health = value.value;
    at = wire === 2 ? value.next + value.value : value.next;
  }
  return health;
}

/** Up to four bytes: no number here is larger. */
function varint(bytes: Buffer, from: number): { value: number; next: number } | null {
  let value = 0;
  for (let at = from; at < bytes.length && at < from + 4; at++) {
    value += (bytes[at] & 127) * 128 ** (at - from);
    if (bytes[at] < 128) return { value, next: at + 1 };
  }
  return null;
}
