// The trace points of HTTP/1 towards clients (manual, traces): h1-front.ts calls them by the name
// of what happens, which costs a comparison while nobody traces.

import { sourceH1 } from '../../shared/trace/sources.ts';
import type { Message } from '../http/message.ts';
import {
  pointH1End,
  pointH1Error,
  pointH1New,
  pointH1Received,
  pointH1Sent,
  pointH1StreamEnd,
  traceSession,
  traceStream,
} from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';

/** A connection is ready for its first request. */
export function begun(session: Session): void {
  if (tracer.isOn(sourceH1)) traceSession(pointH1New, session, '[F] new connection');
}

/** A whole request head stands in the stream. */
export function received(stream: Stream): void {
  if (!tracer.isOn(sourceH1)) return;
  traceStream(pointH1Received, stream, '[F] rcvd H1 request headers', stream.request);
}

/** What came is no request that could be served. */
export function refused(session: Session): void {
  if (tracer.isOn(sourceH1)) traceSession(pointH1Error, session, '[F] no valid request');
}

/** A response head is about to be written; `stream` null: its stream is gone. */
export function sending(stream: Stream | null, message: Message): void {
  if (!tracer.isOn(sourceH1) || stream === null) return;
  traceStream(pointH1Sent, stream, '[F] sending H1 response headers', message);
}

/** The exchange is over. */
export function streamEnded(stream: Stream): void {
  if (tracer.isOn(sourceH1)) traceStream(pointH1StreamEnd, stream, '[F] H1 stream is over');
}

/** The connection is over. */
export function ended(session: Session): void {
  if (tracer.isOn(sourceH1)) traceSession(pointH1End, session, '[F] connection ends');
}
