// The worker's place in the segment: its slot, the rows its threads will count in, its tables and
// server states. Everything that may fail for want of room is asked for here, before a thread runs:
// where the segment has no room the worker serves from memory of its own, and says so.

import { segmentOptions } from '../shared/config/stick-tables.ts';
import type { ObjectNumbers, WorkerStart } from '../shared/messages.ts';
import { attachMemory } from '../shared/segment/attach.ts';
import { SharedClock } from '../shared/segment/clock.ts';
import { CounterWriter } from '../shared/segment/counters.ts';
import { LiveWords } from '../shared/segment/live.ts';
import { ObjectTable } from '../shared/segment/objects.ts';
import { ProcessSlots } from '../shared/segment/processes.ts';
import { attachSegment, type Segment, SegmentError } from '../shared/segment/segment.ts';
import { slotsMax } from '../shared/segment/layout.ts';
import type { Sys } from '../shared/sys/sys.ts';
import { type FarmStates, prepareFarm } from './server/farm-states.ts';
import { indexObjects } from './server/object-index.ts';
import { type OpenedTables, openTables } from './tables/table-set.ts';

export interface WorkerState {
  readonly segment: Segment;
  readonly clock: SharedClock;
  readonly slots: ProcessSlots;
  readonly slot: number;
  readonly objects: ObjectNumbers;
  readonly objectTable: ObjectTable;
  readonly liveWords: LiveWords;
  /** Claims what all threads keep of one more object. Throws SegmentError: there is no room. */
  readonly claim: (object: number) => void;
  /** Number of this load of the configuration. */
  readonly load: number;
  readonly farm: FarmStates;
  readonly tables: OpenedTables;
  /** Why the inherited segment is not used, '' : it is. */
  readonly warning: string;
}

/** Throws SegmentError when not even memory can be had. */
export function attachWorker(start: WorkerStart, sys: Sys): WorkerState {
  try {
    return settle(start, sys, attachSegment(sys, start.segment.fd), '');
  } catch (fault) {
    if (!(fault instanceof SegmentError)) throw fault;
    const options = segmentOptions(start.model);
    const { segment, warning } = attachMemory(sys, options, fault.message);
    return settle(start, sys, segment, warning);
  }
}

function settle(start: WorkerStart, sys: Sys, segment: Segment, warning: string): WorkerState {
  const clock = new SharedClock(segment, sys.monotonicNs(), null);
  const slots = new ProcessSlots(segment);
  const slot = slots.take(process.pid, clock.nowNs);
  if (slot < 0) {
    throw new SegmentError(`the segment is in use by ${slotsMax} processes, no slot is free`);
  }
  try {
    const table = new ObjectTable(segment);
    const objects = indexObjects(start.model, start.listeners, table, slot);
    const liveWords = new LiveWords(segment, slot);
    const claim = rowClaimer(start, segment, slot, liveWords);
    claimRows(objects, claim);
    const place = { segment, objects: table, slot, nowMs: clock.nowMs };
    const tables = openTables(start.model, place);
    const load = loadNumber(start);
    const farm = prepareFarm(start.model, objects, table, {
      words: segment.words,
      load,
      nowSeconds: Math.floor(clock.nowMs / 1000),
      isReload: start.generation > 1,
    });
    const known = { objects, objectTable: table, liveWords, claim, load };
    return { segment, clock, slots, slot, ...known, farm, tables, warning };
  } catch (fault) {
    slots.leave(slot, process.pid);
    throw fault;
  }
}

/** Every thread must find the same chunks: they are claimed before threads ask. */
function rowClaimer(
  { model }: WorkerStart,
  segment: Segment,
  slot: number,
  live: LiveWords,
): (row: number) => void {
  const writers: CounterWriter[] = [];
  for (let writer = 0; writer <= model.global.nbthread; writer++) {
    writers.push(new CounterWriter(segment, slot, writer));
  }
  return (row) => {
    live.row(row);
    for (const writer of writers) writer.row(row);
  };
}

function claimRows(
  { process: own, proxies, listeners }: ObjectNumbers,
  claim: (row: number) => void,
): void {
  const rows = [own, ...listeners];
  for (const { front, back, servers } of proxies) rows.push(front, back, ...servers);
  for (const row of rows) if (row >= 0) claim(row);
}

/**
 * Tells this load of the configuration from any other of the segment; equal for a worker that
 * replaces a dead one.
 */
function loadNumber({ masterStartUs, reloads }: WorkerStart): number {
  const number = (Math.floor(masterStartUs / 1000) + reloads * 0x9e3779b1) & 0x7fffffff;
  return number === 0 ? 1 : number;
}
