// The line of a client that did not get past its preamble: PROXY header or TLS handshake (manual
// 8.2.6). No stream exists then, so no format of the user's applies. Called by the acceptor.

import { type Endpoint, familyNone, familyUnix } from '../conn/endpoint.ts';
import { faultText } from '../conn/fault.ts';
import type { Session } from '../stream/session.ts';
import type { ThreadContext } from '../thread-context.ts';
import { localDate } from './dates.ts';
import { levelError, levelInfo, logLine } from './logger.ts';
import type { LogPlan } from './plan.ts';

/** Logs why `session.connection` could not be used. Proxy thread. */
export function logRefusal(thread: ThreadContext, session: Session, log: LogPlan): void {
  const { connection, listener, acceptWallMs } = session;
  const millis = String(Math.floor(acceptWallMs % 1000)).padStart(3, '0');
  const date = `${localDate(acceptWallMs)}.${millis}`;
  const bind = listener.bind.name || String(listener.bind.id);
  const cause = connection.transport?.errorText() ?? '';
  const reason = faultText(connection.fault) + (cause === '' ? '' : ` (${cause})`);
  const client = clientText(session.source, listener.bind.id);
  const text = `${client} [${date}] ${session.frontend.name}/${bind}: ${reason}`;
  const level = log.raiseErrors ? levelError : levelInfo;
  logLine(thread.sys, log, { level, text, wallMs: thread.time.wallMs });
}

function clientText(source: Endpoint, listenerId: number): string {
  if (source.family === familyNone) return 'unknown';
  return `${source.text()}:${source.family === familyUnix ? listenerId : source.port}`;
}
