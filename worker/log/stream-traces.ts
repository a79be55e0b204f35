// What the stream engine and the muxes trace: the points, and who an event is about. Called only
// where `tracer.isOn` has said that somebody wants it.

import {
  sourceFcgi,
  sourceH1,
  sourceH2,
  sourceSession,
  sourceStream,
  traceError,
  traceProto,
  traceState,
  traceUser,
} from '../../shared/trace/sources.ts';
import type { TraceSubject } from '../../shared/trace/settings.ts';
import { field } from '../../shared/segment/metrics.ts';
import type { Message } from '../http/message.ts';
import { traceEvent, type TracePoint, tracer } from './trace.ts';
import { messageLines } from './trace-text.ts';
import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';

export const pointSessionNew = traceEvent(sourceSession, 'sess_new', traceState);
export const pointSessionEnd = traceEvent(sourceSession, 'sess_end', traceState);
export const pointSessionError = traceEvent(sourceSession, 'sess_err', traceError);
export const pointStreamNew = traceEvent(sourceStream, 'strm_new', traceState);
export const pointStreamFree = traceEvent(sourceStream, 'strm_free', traceUser);
export const pointStreamError = traceEvent(sourceStream, 'strm_err', traceError);
export const pointConnector = traceEvent(sourceStream, 'sc_state', traceState);
export const pointHttp = traceEvent(sourceStream, 'http_ana', traceProto);
export const pointH1New = traceEvent(sourceH1, 'h1c_new', traceState);
export const pointH1End = traceEvent(sourceH1, 'h1c_end', traceState);
export const pointH1Error = traceEvent(sourceH1, 'h1c_err', traceError);
export const pointH1Received = traceEvent(sourceH1, 'rx_headers', traceUser);
export const pointH1Sent = traceEvent(sourceH1, 'tx_headers', traceUser);
export const pointH1StreamEnd = traceEvent(sourceH1, 'h1s_end', traceState);
export const pointH2New = traceEvent(sourceH2, 'h2c_new', traceState);
export const pointH2End = traceEvent(sourceH2, 'h2c_end', traceState);
export const pointH2Error = traceEvent(sourceH2, 'h2c_err', traceError);
export const pointH2Frame = traceEvent(sourceH2, 'rx_frame', traceProto);
export const pointH2StreamNew = traceEvent(sourceH2, 'h2s_new', traceUser);
export const pointH2StreamEnd = traceEvent(sourceH2, 'h2s_end', traceState);
export const pointFcgiNew = traceEvent(sourceFcgi, 'fconn_new', traceState);
export const pointFcgiEnd = traceEvent(sourceFcgi, 'fconn_end', traceState);
export const pointFcgiError = traceEvent(sourceFcgi, 'fconn_err', traceError);
export const pointFcgiRecord = traceEvent(sourceFcgi, 'rx_record', traceProto);
export const pointFcgiStreamEnd = traceEvent(sourceFcgi, 'fstrm_end', traceState);

/** From verbosity `minimal` on: who; `simple`: the first line; `complete`: all of the head. */
const verbosityWho = 2;
const verbosityLine = 3;
const verbosityAll = 4;

/** An event of a client's connection. */
export function traceSession(point: TracePoint, session: Session, text: string): void {
  const { frontend, listener, connection } = session;
  const subject = {
    frontend: frontend.index + 1,
    listener: listener.index + 1,
    session: tracer.idOf(session),
    connection: tracer.idOf(connection),
  };
  tracer.report(point, subject, text, () => {
    return `fe=${frontend.name} src=${session.source.text()}:${session.source.port} fd=${connection.fd}`;
  });
}

/** An event of a stream; `message`: the head that it is about. */
export function traceStream(
  point: TracePoint,
  stream: Stream,
  text: string,
  message: Message | null = null,
): void {
  tracer.report(point, subjectOf(stream), text, (verbosity) => {
    const { frontend, backend, server } = stream;
    const who = `id=${tracer.idOf(stream)} fe=${frontend.name} be=${backend.name}`;
    const parts = verbosity < verbosityWho ? [] : [`${who} srv=${server?.model.name ?? '<NONE>'}`];
    if (message !== null && verbosity >= verbosityLine) {
      parts.push(...messageLines(message, verbosity >= verbosityAll));
    }
    return parts.join(' - ');
  });
}

function subjectOf(stream: Stream): Partial<TraceSubject> {
  const { session, frontend, backend, server, front, back } = stream;
  const connection = back?.connection ?? front?.connection ?? null;
  return {
    frontend: frontend.index + 1,
    backend: backend.index + 1,
    server: server === null ? 0 : backend.index * 65_536 + server.index + 1,
    listener: session.listener.index + 1,
    session: tracer.idOf(session),
    stream: tracer.idOf(stream),
    connection: connection === null ? 0 : tracer.idOf(connection),
  };
}

/** An event of a connection that carries several streams, or none yet. */
export function traceConnection(point: TracePoint, connection: object, text: string): void {
  tracer.report(point, { connection: tracer.idOf(connection) }, text);
}

/** A stream has been served, or could not be. */
export function traceEnd(stream: Stream): void {
  const { endCause, endPhase, status } = stream;
  const isFault = endCause !== '-' && endCause !== 'L';
  if (isFault) traceStream(pointStreamError, stream, `ended by ${endCause}${endPhase}`);
  traceStream(
    pointStreamFree,
    stream,
    `release stream, state ${endCause}${endPhase}, status ${status}`,
  );
}

/** What counters of HTTP/2 connections tell, by their place. */
const h2Points: readonly (readonly [counter: number, point: TracePoint, text: string])[] = [
  [field.h2_total_connections, pointH2New, 'new connection'],
  [field.h2_detected_conn_protocol_errors, pointH2Error, 'error of the connection'],
  [field.h2_backend_open_streams, pointH2StreamNew, 'new stream'],
];

/** A counter of an HTTP/2 connection moves: asked for every frame, so it looks itself. */
export function traceH2Count(connection: object, counter: number): void {
  if (!tracer.isOn(sourceH2)) return;
  for (const [counted, point, text] of h2Points) {
    if (counted === counter) traceConnection(point, connection, text);
  }
}
