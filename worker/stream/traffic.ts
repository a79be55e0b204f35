// Bytes of a stream and of its HTTP/1 connections, added to the counters: once at the stream's end,
// with option contstats also on the way. What was added before is never added twice. Called by
// finish.ts and, while payload flows, by forward.ts.

import { field } from '../../shared/segment/metrics.ts';
import { versionH2 } from '../http/message.ts';
import type { Connection } from '../conn/connection.ts';
import { H1Back } from '../mux/h1-back.ts';
import type { EngineContext } from './context.ts';
import { countTrackedBytes } from '../tables/tracking.ts';
import { flagTcp } from './phases.ts';
import type { Stream } from './stream.ts';

const fieldRequestBytesIn = field.reqbin;
const fieldRequestBytesOut = field.reqbout;
const fieldResponseBytesIn = field.resbin;
const fieldResponseBytesOut = field.resbout;
const fieldBytesIn = field.h1_bytes_in;
const fieldBytesOut = field.h1_bytes_out;
const fieldSplicedIn = field.h1_spliced_bytes_in;
const fieldSplicedOut = field.h1_spliced_bytes_out;

/** With option contstats, flowing streams are counted this often (manual 4). */
const recountMs = 5000;

/** Starts the clock of option contstats for a stream whose payload begins to flow. */
export function startRecount(context: EngineContext, stream: Stream): void {
  const isOn = stream.frontend.model.options['contstats'] === true;
  stream.recountMs = isOn ? context.thread.time.nowMs + recountMs : 0;
}

/** Payload moves: is it time to count again? */
export function recount(context: EngineContext, stream: Stream): void {
  const { nowMs } = context.thread.time;
  if (nowMs < stream.recountMs) return;
  stream.recountMs = nowMs + recountMs;
  countTraffic(context, stream);
}

/**
 * Adds what has moved since the last call to the rows of the proxies, the listener and the server.
 */
export function countTraffic(context: EngineContext, stream: Stream): void {
  measure(stream);
  const bytesIn = stream.bytesIn - stream.countedIn;
  const bytesOut = stream.bytesOut - stream.countedOut;
  stream.countedIn = stream.bytesIn;
  stream.countedOut = stream.bytesOut;
  countTrackedBytes(stream, bytesIn, bytesOut);
  const { values } = context.thread.counters;
  const front = context.frontRows[stream.frontend.index];
  add(values, front, bytesIn, bytesOut);
  const listener = context.listenerRows[stream.session.listener.index];
  if (listener >= 0) add(values, listener, bytesIn, bytesOut);
  const { server } = stream;
  const { backend } = stream.backend;
  if (backend !== null && stream.backendEntered) {
    add(values, backend.row, bytesIn, bytesOut);
    // Of a server that was tried in vain too.
    if (server !== null && stream.times.queueMs >= 0) add(values, server.row, bytesIn, bytesOut);
  }
  if ((stream.flags & flagTcp) !== 0) return;
  if (stream.request.version !== versionH2) countWire(values, front, stream.session.connection);
  countBackWire(context, stream);
}

/** Bytes of the HTTP/1 connection to the server: at the end, or before the stream gives it up. */
export function countBackWire({ thread }: EngineContext, stream: Stream): void {
  const { backend } = stream.backend;
  if (backend === null || !(stream.back instanceof H1Back)) return;
  countWire(thread.counters.values, backend.row, stream.back.connection);
}

/** Requests and responses pass through without change of size worth a second number. */
function add(values: Float64Array, row: number, bytesIn: number, bytesOut: number): void {
  values[row + fieldRequestBytesIn] += bytesIn;
  values[row + fieldRequestBytesOut] += bytesIn;
  values[row + fieldResponseBytesIn] += bytesOut;
  values[row + fieldResponseBytesOut] += bytesOut;
}

/** From the client with heads, to the client with heads. */
function measure(stream: Stream): void {
  const { front } = stream;
  if (front === null) return;
  stream.bytesIn = stream.request.headLength + front.inbound.taken;
  if (stream.bytesOutBase < 0) return;
  const { outbound } = front;
  stream.bytesOut = outbound.offeredBytes() - stream.bytesOutBase;
}

/** What an HTTP/1 connection has carried since the last call. */
function countWire(values: Float64Array, row: number, connection: Connection): void {
  values[row + fieldBytesIn] += connection.bytesReceived - connection.countedIn;
  values[row + fieldBytesOut] += connection.bytesSent - connection.countedOut;
  connection.countedIn = connection.bytesReceived;
  connection.countedOut = connection.bytesSent;
  values[row + fieldSplicedIn] += connection.splicedIn;
  values[row + fieldSplicedOut] += connection.splicedOut;
  connection.splicedIn = 0;
  connection.splicedOut = 0;
}
