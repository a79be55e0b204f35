// Turns streams and events into log messages: decides whether and how loud, writes the line once
// and hands it to every target that wants it. The engine calls logStream and logAccept, the loop
// calls flushLogs, the control thread calls logEvent. Never waits, never throws for traffic.

import type { Sys } from '../../shared/sys/sys.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { HeaderParts } from './header.ts';
import { LineBuffer } from './line.ts';
import type { LogPlan, LogTargetPlan, SamplePlan } from './plan.ts';

export const levelEmergency = 0;
export const levelAlert = 1;
export const levelCritical = 2;
export const levelError = 3;
export const levelWarning = 4;
export const levelNotice = 5;
export const levelInfo = 6;
export const levelDebug = 7;
/** `set-log-level silent`. */
const levelSilent = 8;

const lineMax = 65_536;
/** The line being written, and the structured data of RFC 5424. */
const body = new LineBuffer(new Uint8Array(lineMax));
const data = new LineBuffer(new Uint8Array(lineMax));
/** What the headers are made of: filled for every message. */
const parts: HeaderParts = {
  plan: null as unknown as LogPlan, // always set before use
  target: null as unknown as LogTargetPlan,
  level: 0,
  wallMs: 0,
  structuredData: '',
};

/** A stream has ended, or is logged early (option logasap). Proxy thread. */
export function logStream(stream: Stream): void {
  const { log } = stream.frontend;
  if (log === null || log.line === null || log.atAccept) return;
  if (log.skipNull && stream.bytesIn === 0) return;
  const isError = hasError(stream);
  if (log.skipNormal && !isError) return;
  const level = levelOf(stream, isError && log.raiseErrors ? levelError : levelInfo);
  if (level !== levelSilent) writeStream(stream, log, level);
}

/** A stream begins: frontends without a log format say so now. Proxy thread. */
export function logAccept(stream: Stream): void {
  const { log } = stream.frontend;
  if (log === null || log.line === null || !log.atAccept) return;
  writeStream(stream, log, levelInfo);
}

/** Errors, timeouts, retries, redispatches, statuses from 500 on (manual 8.3.3). Proxy thread. */
export function hasError(stream: Stream): boolean {
  const { endCause } = stream;
  if (stream.redispatched) return true;
  if (endCause !== '-' && endCause !== 'L') return true;
  if (endCause === '-' && stream.retries > 0) return true;
  return stream.frontend.isHttp && stream.status >= 500;
}

function levelOf(stream: Stream, normal: number): number {
  return stream.logLevel < 0 ? normal : stream.logLevel;
}

function writeStream(stream: Stream, log: LogPlan, level: number): void {
  const { sys, time } = stream.thread;
  if (log.targets.length === 1) {
    writeOnce(stream, log, level);
    return;
  }
  body.start(0, lineMax);
  log.line?.(stream, body);
  send(sys, log, { level, wallMs: time.wallMs }, structuredDataOf(stream, log));
}

function structuredDataOf(stream: Stream, log: LogPlan): string {
  if (log.structuredData === null) return '';
  data.start(0, lineMax);
  log.structuredData(stream, data);
  return Buffer.from(data.bytes.subarray(0, data.at)).toString('latin1');
}

/** One target: the line is written where it will be sent from. */
function writeOnce(stream: Stream, log: LogPlan, level: number): void {
  const target = log.targets[0];
  if (!isWanted(target, level)) return;
  const { sys, time } = stream.thread;
  const line = target.sender.begin(sys, target.lengthBytes);
  line.end--;
  parts.plan = log;
  parts.target = target;
  parts.level = Math.max(level, target.minLevel);
  parts.wallMs = time.wallMs;
  parts.structuredData = structuredDataOf(stream, log);
  target.writeHeader(line, parts);
  line.messageAt = line.at;
  log.line?.(stream, line);
  endMessage(line, target);
}

/** Sends what `body` holds to every target of `log` that takes this level. */
function send(sys: Sys, log: LogPlan, { level, wallMs }: Said, structuredData: string): void {
  const { targets } = log;
  parts.plan = log;
  parts.wallMs = wallMs;
  parts.structuredData = structuredData;
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i];
    if (!isWanted(target, level)) continue;
    const line = target.sender.begin(sys, target.lengthBytes);
    // The line feed always has its place.
    line.end--;
    parts.target = target;
    parts.level = Math.max(level, target.minLevel);
    target.writeHeader(line, parts);
    line.copy(body.bytes, 0, body.at);
    endMessage(line, target);
  }
}

/** How loud and when. */
interface Said {
  readonly level: number;
  /** Wall clock, milliseconds since the epoch. */
  readonly wallMs: number;
}

/** A message that is no stream's. */
export interface LogMessage extends Said {
  readonly text: string;
}

function endMessage(line: LineBuffer, target: LogTargetPlan): void {
  line.end = line.at + 1;
  line.byte(10);
  target.sender.commit(line);
}

function isWanted(target: LogTargetPlan, level: number): boolean {
  if (level > target.level) return false;
  return target.sample === null || isChosen(target.sample);
}

function isChosen(sample: SamplePlan): boolean {
  const chosen = sample.chosen[sample.position];
  sample.position = (sample.position + 1) % sample.chosen.length;
  return chosen;
}

/** Sends what has gathered: once per turn of the loop. Proxy thread. */
export function flushLogs(thread: ThreadContext): void {
  const { senders } = thread.program;
  for (let i = 0; i < senders.length; i++) {
    if (senders[i].count > 0) senders[i].flush(thread.sys);
  }
}

/** A line that is no stream's: it leaves with the others at the end of the turn. Proxy thread. */
export function logLine(sys: Sys, log: LogPlan, message: LogMessage): void {
  body.start(0, lineMax);
  body.text(message.text);
  send(sys, log, message, '');
}

/**
 * A message about the proxy itself (a server went down, the proxy stops). Control thread; sent at
 * once.
 */
export function logEvent(sys: Sys, log: LogPlan | null, message: LogMessage): void {
  if (log === null) return;
  logLine(sys, log, message);
  for (const target of log.targets) target.sender.flush(sys);
}
