// Turns streams and events into log messages: decides whether and how loud, writes the line and
// hands it to every target that wants it. The engine calls logStream, rules call logNow, the loop
// calls flushLogs, the control thread calls logEvent. Never waits, never throws for traffic.

import { stepClose, stepError, stepKilled } from '../../shared/config/log-steps.ts';
import { field } from '../../shared/segment/metrics.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { HeaderParts } from './header.ts';
import { LineBuffer } from './line.ts';
import type { LogSink } from './sink.ts';
import type { LogPlan, LogProfilePlan, LogTargetPlan, SamplePlan, WriteLine } from './plan.ts';

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
/** A line that several targets share, and the structured data of RFC 5424. */
const body = new LineBuffer(new Uint8Array(lineMax));
const data = new LineBuffer(new Uint8Array(lineMax));
/** What the headers are made of: filled for every message. */
const parts: HeaderParts = {
  tag: '',
  host: '',
  facilityBits: 0,
  level: 0,
  wallMs: 0,
  structuredData: '',
};

/** What writeStream is to say: one object, filled again for every line. */
interface Saying {
  step: number;
  level: number;
  /** The proxy's line of this step, null for none. */
  line: WriteLine | null;
  /** Goes before the profiles of the targets. */
  profile: LogProfilePlan | null;
}

const saying: Saying = { step: 0, level: 0, line: null, profile: null };

/** A stream has come to a step at which its frontend logs. Proxy thread. */
export function logStream(stream: Stream, step: number): void {
  const { log } = stream.frontend;
  if (log === null) return;
  if (step === stepClose && log.skipNull && stream.bytesIn === 0) return;
  saying.line = log.line;
  saying.step = step;
  if (step === stepClose && stream.frontend.isHttp && stream.times.requestMs < 0) {
    logError(stream, log);
    return;
  }
  const isError = hasError(stream);
  if (log.skipNormal && !isError) return;
  writeStream(stream, log, isError && log.raiseErrors ? levelError : levelInfo);
  countLine(stream, log);
}

/** What never became a request. */
function logError(stream: Stream, log: LogPlan): void {
  saying.step = stepError;
  if (log.errorLine !== null) saying.line = log.errorLine;
  writeStream(stream, log, log.raiseErrors ? levelError : levelInfo);
  countLine(stream, log);
}

/** A connection without a stream of its own has failed; `line` says how unless a format does. */
export function logKilled(stream: Stream, line: WriteLine): void {
  const { log } = stream.frontend;
  if (log === null) return;
  saying.step = stepKilled;
  saying.line = log.errorLine ?? line;
  writeStream(stream, log, log.raiseErrors ? levelError : levelInfo);
  countLine(stream, log);
}

/** The action do-log: a line now, whatever else is logged. Proxy thread. */
export function logNow(stream: Stream, step: number, profile: LogProfilePlan | null): void {
  const { log } = stream.frontend;
  if (log === null) return;
  saying.step = step;
  saying.line = log.format;
  saying.profile = profile;
  writeStream(stream, log, levelInfo);
  saying.profile = null;
}

function countLine({ thread, frontend }: Stream, { counts }: LogPlan): void {
  if (counts) thread.connections?.countLine(frontend.index);
}

/** Errors, timeouts, retries, redispatches, statuses from 500 on (manual 8.3.3). Proxy thread. */
export function hasError(stream: Stream): boolean {
  const { endCause } = stream;
  if (stream.redispatched) return true;
  if (endCause !== '-' && endCause !== 'L') return true;
  if (endCause === '-' && stream.retries > 0) return true;
  return stream.frontend.isHttp && stream.status >= 500;
}

/** Writes what `saying` says for every target that takes it. */
function writeStream(stream: Stream, log: LogPlan, normal: number): void {
  const level = stream.logLevel < 0 ? normal : stream.logLevel;
  if (level === levelSilent) return;
  const { targets } = log;
  const { step, line: own, profile } = saying;
  stream.logStep = step;
  parts.host = log.host;
  parts.wallMs = stream.thread.time.wallMs;
  // A line that several targets show is written once and copied.
  const isShared = targets.length > 1;
  body.at = 0;
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i];
    if (!isWanted(target, level)) continue;
    const used = profile ?? target.profile;
    const said = used === null ? null : used.steps[step];
    if (said?.drops) continue;
    parts.tag = used === null || used.tag === '' ? log.tag : used.tag;
    parts.structuredData = structuredDataOf(stream, said?.structuredData ?? log.structuredData);
    begin(stream.thread.sys, target, level);
    const line = said?.line ?? own;
    if (isShared && line === own) copyShared(stream, own);
    else line?.(stream, current);
    endMessage(target);
  }
}

/** The message being written: its header is there, and `messageAt` stands behind it. */
let current = body;

function begin(sys: Sys, target: LogTargetPlan, level: number): void {
  current = target.sender.begin(sys, target.lengthBytes);
  // The line feed always has its place.
  current.end--;
  parts.facilityBits = target.facilityBits;
  parts.level = Math.max(level, target.minLevel);
  target.writeHeader(current, parts);
  current.messageAt = current.at;
}

function copyShared(stream: Stream, line: WriteLine | null): void {
  if (body.at === 0) {
    body.start(0, lineMax);
    line?.(stream, body);
  }
  current.copy(body.bytes, 0, body.at);
}

/** An empty message is not sent: nothing was asked for at this step. */
function endMessage(target: LogTargetPlan): void {
  if (current.at === current.messageAt) return;
  current.end = current.at + 1;
  current.byte(10);
  target.sender.commit(current);
}

function structuredDataOf(stream: Stream, write: WriteLine | null): string {
  if (write === null) return '';
  data.start(0, lineMax);
  write(stream, data);
  return Buffer.from(data.bytes.subarray(0, data.at)).toString('latin1').trimEnd();
}

/** A message that is no stream's. */
export interface LogMessage {
  readonly text: string;
  readonly level: number;
  /** Wall clock, milliseconds since the epoch. */
  readonly wallMs: number;
}

/** Sends what `body` holds to every target of `log` that takes this level. */
function send(sys: Sys, log: LogPlan, message: LogMessage): void {
  const { targets } = log;
  parts.host = log.host;
  parts.wallMs = message.wallMs;
  parts.structuredData = '';
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i];
    if (!isWanted(target, message.level)) continue;
    parts.tag = target.profile?.tag || log.tag;
    begin(sys, target, message.level);
    current.copy(body.bytes, 0, body.at);
    endMessage(target);
  }
}

/** Whether a target takes a message of this level now. */
export function isWanted(target: Pick<LogTargetPlan, 'level' | 'sample'>, level: number): boolean {
  if (level > target.level) return false;
  return target.sample === null || isChosen(target.sample);
}

function isChosen(sample: SamplePlan): boolean {
  const chosen = sample.chosen[sample.position];
  sample.position = (sample.position + 1) % sample.chosen.length;
  return chosen;
}

const fieldDroppedLogs = field.DroppedLogs;

/**
 * Sends what has gathered: once per turn of the loop. `processRow`: where lost lines are counted.
 */
export function flushLogs({ program, sys, counters }: ThreadContext, processRow: number): void {
  const lost = flushSinks(program.senders, sys);
  if (lost > 0) counters.values[processRow + fieldDroppedLogs] += lost;
}

/** Sends what waits for `senders`; how many lines were lost since the last time. */
export function flushSinks(senders: readonly LogSink[], sys: Sys): number {
  let lost = 0;
  for (let i = 0; i < senders.length; i++) {
    const sender = senders[i];
    if (sender.count > 0) sender.flush(sys);
    if (sender.dropped === sender.counted) continue;
    lost += sender.dropped - sender.counted;
    sender.counted = sender.dropped;
  }
  return lost;
}

/** A line that is no stream's: it leaves with the others at the end of the turn. Proxy thread. */
export function logLine(sys: Sys, log: LogPlan, message: LogMessage): void {
  body.start(0, lineMax);
  body.text(message.text);
  send(sys, log, message);
}

/**
 * A message about the proxy itself (a server went down, the proxy stops). Control thread; who calls
 * flushes.
 */
export function logEvent(sys: Sys, log: LogPlan | null, message: LogMessage): void {
  if (log === null) return;
  logLine(sys, log, message);
}
