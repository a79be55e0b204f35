// HTTP fetches in TCP mode (manual 7.3.6): the payload is read as if it were an HTTP/1 request.
// Parsed from a copy, because the parser normalises in place and these bytes are forwarded as they
// came. One result per thread is kept until the payload grows. Runs on the proxy thread.

import { H1Limits, HeadState, h1PrefaceH2 } from '../../http/h1.ts';
import { parseRequestHead } from '../../http/h1-head.ts';
import { Message } from '../../http/message.ts';
import type { Stream } from '../../stream/stream.ts';
import type { Sample } from '../sample.ts';

const headerMax = 101;

/** What was parsed last, and of which stream and how many bytes. */
interface Parsed {
  readonly message: Message;
  readonly state: HeadState;
  stream: Stream | null;
  streamId: number;
  length: number;
  result: number;
}

let parsed: Parsed | null = null;

/** The request in the payload; null: not one, or (`out.mayChange`) not whole yet. */
export function rawRequest(stream: Stream, out: Sample): Message | null {
  const { length, ended } = stream.requestPayload;
  if (parsed === null || parsed.message.pool !== stream.thread.memory) parsed = makeParsed(stream);
  const same =
    parsed.stream === stream && parsed.streamId === stream.id && parsed.length === length;
  if (!same) parse(parsed, stream);
  // The preface of HTTP/2 is a request line that nothing else could follow (RFC 9113 3.4).
  if (parsed.result > 0 || parsed.result === h1PrefaceH2) return parsed.message;
  if (parsed.result === 0 && !ended) out.mayChange = true;
  return null;
}

function makeParsed(stream: Stream): Parsed {
  const message = new Message(stream.thread.memory, headerMax);
  const state = new HeadState(new H1Limits(headerMax - 1));
  return { message, state, stream: null, streamId: 0, length: 0, result: 0 };
}

function parse(into: Parsed, stream: Stream): void {
  const { at, length } = stream.requestPayload;
  const { memory, scratchAt } = stream.thread;
  const size = Math.min(length, memory.slotBytes);
  memory.bytes.copyWithin(scratchAt, at, at + size);
  into.message.reset();
  into.state.restart();
  into.result = size === 0 ? 0 : parseRequestHead(into.message, scratchAt, size, into.state);
  into.stream = stream;
  into.streamId = stream.id;
  into.length = length;
}
