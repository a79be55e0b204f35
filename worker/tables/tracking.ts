// Tracked counters (manual 7.3.4 and 11.2): which entries a session or stream follows, and what
// the proxy counts in them as things happen. Called by the stream engine and by track actions;
// nothing here knows how a key came about.

import type { StickTable } from '../../shared/segment/stick-table.ts';
import { addCount, addRate, dataTypeByName } from '../../shared/segment/table-data.ts';
import type { TableReferences } from '../../shared/segment/table-references.ts';
import type { Stream } from '../stream/stream.ts';
import type { Session } from '../stream/session.ts';
import type { ThreadContext } from '../thread-context.ts';

/** The stick tables of the configuration as one thread sees them. */
export interface StickTables {
  /** By number of the table (tablesOf), null: there is none. */
  readonly list: (StickTable | null)[];
  readonly references: TableReferences;
}

/** One tracked counter: an entry that is held. `table` null: it tracks nothing. */
export class Tracker {
  table: StickTable | null;
  entry: number;
  record: number;
  constructor() {
    this.table = null;
    this.entry = -1;
    this.record = -1;
  }
}

/** A counter and its rate, by number of data type. */
export interface CountedPair {
  readonly count: number;
  readonly rate: number;
}

const idOf = (name: string): number => dataTypeByName.get(name)!.id;
const pair = (name: string): CountedPair => ({
  count: idOf(`${name}_cnt`),
  rate: idOf(`${name}_rate`),
});

export const countedConnections = pair('conn');
export const countedSessions = pair('sess');
export const countedRequests = pair('http_req');
export const countedErrors = pair('http_err');
export const countedFailures = pair('http_fail');
export const countedGlitches = pair('glitch');
const bytesIn = pair('bytes_in');
const bytesOut = pair('bytes_out');
const current = idOf('conn_cur');

/** The event being counted: one object for all of them. */
const event = { nowMs: 0, count: 1 };

/**
 * What counter `slot` tracks for the stream: its own entry, or its session's; null: nothing, or
 * there is no such counter (a fetch may name any number).
 */
export function trackerOf(stream: Stream, slot: number): Tracker | null {
  if (slot < 0) return null;
  const own = stream.trackers;
  if (slot < own.length && own[slot].table !== null) return own[slot];
  const { trackers } = stream.session;
  return slot < trackers.length && trackers[slot].table !== null ? trackers[slot] : null;
}

/**
 * Makes counter `slot` of a session or stream track the key that `table` was given, and counts a
 * connection. The table may be full: then nothing is tracked.
 */
export function track(
  thread: ThreadContext,
  list: Tracker[],
  slot: number,
  table: StickTable,
): Tracker | null {
  const references = thread.tables?.references;
  if (references === undefined) return null;
  while (list.length <= slot) list.push(new Tracker());
  const tracker = list[slot];
  table.enter();
  const entry = table.take(thread.time.nowMs);
  const record = entry < 0 ? -1 : table.hold(entry, references);
  if (record >= 0) {
    tracker.table = table;
    tracker.entry = entry;
    tracker.record = record;
    const at = table.at(entry);
    const now = table.columns[current];
    if (now !== undefined) addCount(table.words, at + now.offset, 1);
    countPair(table, at, countedConnections, thread.time.nowMs);
  }
  table.leave();
  return record < 0 ? null : tracker;
}

/** Counts an event in an entry. Under the table's lock. */
export function countPair(
  table: StickTable,
  at: number,
  counted: CountedPair,
  nowMs: number,
): void {
  const count = table.columns[counted.count];
  if (count !== undefined) addCount(table.words, at + count.offset, 1);
  const rate = table.columns[counted.rate];
  if (rate === undefined) return;
  event.nowMs = nowMs;
  event.count = 1;
  addRate(table, at + rate.offset, rate.periodMs, event);
}

/** Counts an event in everything that the stream and its session track. */
export function countTracked(stream: Stream, counted: CountedPair): void {
  const slots = Math.max(stream.trackers.length, stream.session.trackers.length);
  for (let slot = 0; slot < slots; slot++) {
    const tracker = trackerOf(stream, slot);
    if (tracker !== null) countIn(tracker, counted, stream.thread.time.nowMs);
  }
}

/** Counts an event in one entry that is tracked. */
export function countIn({ table, entry }: Tracker, counted: CountedPair, nowMs: number): void {
  if (table === null) return;
  if (table.columns[counted.count] === undefined && table.columns[counted.rate] === undefined) {
    return;
  }
  table.enter();
  countPair(table, table.at(entry), counted, nowMs);
  table.touch(entry, nowMs);
  table.leave();
}

/** A session has got past its rules. */
export function countSession(session: Session, nowMs: number): void {
  countInSession(session, countedSessions, nowMs);
}

/** Counts an event in everything that the session itself tracks. */
export function countInSession(session: Session, counted: CountedPair, nowMs: number): void {
  const { trackers } = session;
  for (let slot = 0; slot < trackers.length; slot++) countIn(trackers[slot], counted, nowMs);
}

/** Bytes from and to the client. */
export function countTrackedBytes(stream: Stream, fromClient: number, toClient: number): void {
  const slots = Math.max(stream.trackers.length, stream.session.trackers.length);
  for (let slot = 0; slot < slots; slot++) {
    const tracker = trackerOf(stream, slot);
    if (tracker === null) continue;
    addBytes(tracker, bytesIn, fromClient, stream.thread.time.nowMs);
    addBytes(tracker, bytesOut, toClient, stream.thread.time.nowMs);
  }
}

function addBytes(
  { table, entry }: Tracker,
  counted: CountedPair,
  bytes: number,
  nowMs: number,
): void {
  if (table === null || bytes <= 0) return;
  const count = table.columns[counted.count];
  const rate = table.columns[counted.rate];
  if (count === undefined && rate === undefined) return;
  table.enter();
  const at = table.at(entry);
  if (count !== undefined) table.floats[(at + count.offset) >> 1] += bytes;
  if (rate !== undefined) {
    event.nowMs = nowMs;
    event.count = Math.ceil(bytes / table.policy.bytesRateFactor);
    addRate(table, at + rate.offset, rate.periodMs, event);
  }
  table.touch(entry, nowMs);
  table.leave();
}

/** Lets go of everything in the list: a stream or session has ended. */
export function endTracking(thread: ThreadContext, list: readonly Tracker[]): void {
  for (let slot = 0; slot < list.length; slot++) {
    const tracker = list[slot];
    if (tracker.table !== null) endTracker(thread, tracker, tracker.table);
  }
}

function endTracker(thread: ThreadContext, tracker: Tracker, table: StickTable): void {
  const { entry, record } = tracker;
  tracker.table = null;
  table.enter();
  const now = table.columns[current];
  if (now !== undefined) {
    const at = table.at(entry) + now.offset;
    if (table.words[at] > 0) table.words[at]--;
    table.touch(entry, thread.time.nowMs);
  }
  table.drop(entry, record, thread.tables!.references);
  table.leave();
}
