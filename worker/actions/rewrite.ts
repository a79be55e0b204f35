// What happens when a rewrite finds no room or a value that no message may carry (manual 4.4,
// strict-mode), and the edits that more than one family makes. Called by acts while serving.

import { field } from '../../shared/segment/metrics.ts';
import { splitTarget, TargetParts } from '../http/syntax.ts';
import { type HeaderName, headerName, headerWords, type Message } from '../http/message.ts';
import { verdictError, verdictNext } from '../keyword.ts';
import { endsBy } from '../stream/finish.ts';
import { directionRequest, type Stream } from '../stream/stream.ts';

/** Counts a rewrite that failed; the verdict is an error unless `strict-mode off` was said. */
export function rewriteFailed(stream: Stream): number {
  countFailure(stream, stream.frontend.frontObject);
  if (stream.backend !== stream.frontend) countFailure(stream, stream.backend.backObject);
  if (stream.softRewrites) return verdictNext;
  endsBy(stream, 'P', stream.direction === directionRequest ? 'R' : 'H');
  return verdictError;
}

function countFailure(stream: Stream, object: number): void {
  const { counters } = stream.thread;
  if (object >= 0) counters.values[counters.row(object) + field.wrew] += 1;
}

export const hostHeader = headerName('host');
const parts = new TargetParts();

/**
 * True for a value that can stand in a header: no CR, LF or NUL (they would start another line).
 */
export function isFieldValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 10 || code === 13 || code === 0) return false;
  }
  return true;
}

/**
 * True for a target or method that leaves the request line in one piece: no control byte, no space.
 */
export function isLineWord(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code <= 32 || code === 127) return false;
  }
  return true;
}

/**
 * True when the message may become `bytes` longer: head, payload in view and edits share one
 * buffer, of which tune.maxrewrite bytes are kept for edits whatever has been received.
 */
export function hasRoom(stream: Stream, isRequest: boolean, bytes: number): boolean {
  const message = isRequest ? stream.request : stream.response;
  const payload = isRequest ? stream.requestPayload : stream.responsePayload;
  const { bufsize, maxrewrite } = stream.thread.program.model.global.tune;
  const received = Math.min(message.headLength + payload.length, bufsize - maxrewrite);
  return received + message.grown + bytes <= bufsize;
}

/** Appends a header; a new Host also goes into a target that names an authority. False: no room. */
export function addHeader(
  stream: Stream,
  name: HeaderName,
  value: string,
  isRequest: boolean,
): boolean {
  if (!isFieldValue(value)) return false;
  if (!hasRoom(stream, isRequest, name.text.length + value.length + 4)) return false;
  const message = isRequest ? stream.request : stream.response;
  if (!message.add(name, value)) return false;
  if (!isRequest || name.hash !== hostHeader.hash || name.text !== 'host') return true;
  return setAuthority(message, value);
}

/** Gives header `index` another value. False: no room, or no value for a header. */
export function replaceHeader(
  stream: Stream,
  index: number,
  value: string,
  isRequest: boolean,
): boolean {
  const message = isRequest ? stream.request : stream.response;
  const growth = value.length - message.headers[index * headerWords + 3];
  return (
    isFieldValue(value) && hasRoom(stream, isRequest, growth) && message.setValue(index, value)
  );
}

/** Puts `host` where the target names its authority; true when it names none. */
function setAuthority(message: Message, host: string): boolean {
  splitTarget(message.bytes, message.targetAt, message.targetLength, parts);
  if (parts.authorityAt < 0) return true;
  if (parts.authorityLength === 0) return false;
  const target = message.target();
  const from = parts.authorityAt - message.targetAt;
  const to = from + parts.authorityLength;
  if (target.slice(from, to) === host) return true;
  return isLineWord(host) && message.setTarget(target.slice(0, from) + host + target.slice(to));
}

/** The target's authority, '' when it names none. */
export function authorityOf(message: Message): string {
  splitTarget(message.bytes, message.targetAt, message.targetLength, parts);
  return parts.authorityAt < 0 ? '' : message.text(parts.authorityAt, parts.authorityLength);
}

/** Where the path starts in `target()`, the authority skipped; -1: the target has no path. */
export function pathStart(message: Message): number {
  splitTarget(message.bytes, message.targetAt, message.targetLength, parts);
  return parts.pathAt < 0 ? -1 : parts.pathAt - message.targetAt;
}
