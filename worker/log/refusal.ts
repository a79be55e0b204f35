// The line of a client that did not get past its preamble: PROXY header or TLS handshake (manual
// 8.2.5), unless error-log-format says otherwise; and of one whose frames break HTTP/2. Called by
// the acceptor.

import { stepClose } from '../../shared/config/log-steps.ts';
import { type Endpoint, familyNone, familyUnix } from '../conn/endpoint.ts';
import { faultText } from '../conn/fault.ts';
import type { Stream } from '../stream/stream.ts';
import { localDate } from './dates.ts';
import type { LineBuffer } from './line.ts';
import { logKilled, logStream } from './logger.ts';

/** Logs that what came on the connection of `stream`, which is lent for it, is no request. */
export function logBroken(stream: Stream): void {
  stream.bytesIn = stream.session.connection.bytesReceived;
  refuse(stream);
  logStream(stream, stepClose);
}

/** Logs why the connection of `stream`, which is lent for the purpose, could not be used. */
export function logRefusal(stream: Stream): void {
  refuse(stream);
  logKilled(stream, writeRefusal);
}

function refuse(stream: Stream): void {
  const { session, thread } = stream;
  const { times } = stream;
  times.acceptMs = session.acceptMs;
  times.acceptWallMs = session.acceptWallMs;
  times.handshakeMs = session.handshakeMs;
  times.endMs = thread.time.nowMs;
  stream.endCause = 'P';
  stream.endPhase = 'R';
}

function writeRefusal({ session }: Stream, line: LineBuffer): void {
  const { connection, listener, acceptWallMs } = session;
  const bind = listener.bind.name || String(listener.bind.id);
  const cause = connection.transport?.errorText() ?? '';
  const reason = faultText(connection.fault) + (cause === '' ? '' : ` (${cause})`);
  line.text(clientText(session.source, listener.bind.id));
  line.text(` [${localDate(acceptWallMs)}.`);
  line.millis(Math.floor(acceptWallMs % 1000));
  line.text(`] ${session.frontend.name}/${bind}: ${reason}`);
}

function clientText(source: Endpoint, listenerId: number): string {
  if (source.family === familyNone) return 'unknown';
  return `${source.text()}:${source.family === familyUnix ? listenerId : source.port}`;
}
