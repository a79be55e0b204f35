// Counters of traffic: who counts (CounterWriter, one per thread) and who adds up (CounterReader).
// A writer's rows lie in chunks that only it writes, so hot code counts with plain stores:
//     counters.values[row + field.stot] += 1
// where `row` was taken from `counters.row(objectIndex)` at start. Nothing here is atomic, on
// purpose.

import {
  chunkAt,
  chunkCount,
  claimChunk,
  keyOf,
  kindCounters,
  ownerOf,
  writerOf,
} from './chunks.ts';
import { rowBytes, rowFields, rowsPerChunk, wordChunkRevision } from './layout.ts';
import { field, transientFields } from './metrics.ts';
import { noRoom } from './objects.ts';
import { ratePeriodMs, rateTotal } from './rate.ts';
import type { Segment } from './segment.ts';

/** Rows of one writer: a proxy thread (its index) or the control thread (index nbthread). */
export class CounterWriter {
  /** The whole segment as floats: `values[row(object) + field]`. */
  readonly values: Float64Array;
  private readonly segment: Segment;
  private readonly slot: number;
  private readonly writer: number;
  private readonly chunks: number[];

  constructor(segment: Segment, slot: number, writer: number) {
    this.values = segment.floats;
    this.segment = segment;
    this.slot = slot;
    this.writer = writer;
    this.chunks = [];
  }

  /**
   * Where this writer counts for an object: an index into `values`. At start only; throws
   * SegmentError when the segment or its disk is full.
   */
  row(objectIndex: number): number {
    const part = Math.floor(objectIndex / rowsPerChunk);
    const chunk = this.chunks[part] ?? this.claim(part);
    return rowIndex(this.segment, chunk, objectIndex);
  }

  private claim(part: number): number {
    const chunk = claimChunk(this.segment, {
      slot: this.slot,
      kind: kindCounters,
      part,
      writer: this.writer,
      prepare: (taken, isInherited) => {
        if (isInherited) forgetTransient(this.segment, taken);
      },
    });
    if (chunk < 0) throw noRoom(chunk);
    this.chunks[part] = chunk;
    return chunk;
  }
}

function rowIndex(segment: Segment, chunk: number, objectIndex: number): number {
  return (chunkAt(segment, chunk) + (objectIndex % rowsPerChunk) * rowBytes) / 8;
}

/**
 * Gauges, maxima and averages belong to a process, not to the object: a new owner starts afresh.
 */
function forgetTransient(segment: Segment, chunk: number): void {
  const first = chunkAt(segment, chunk) / 8;
  for (let row = 0; row < rowsPerChunk; row++) {
    for (const at of transientFields) segment.floats[first + row * rowFields + at] = 0;
  }
}

/** Samples of one kind of time that a window remembers. */
export const windowSamples = 512;

// Read once: there are too many fields for V8 to know where each lies in the object.
const fieldSamples = field['-samples'];
const fieldQueue = field.qtime;
const fieldConnect = field.ctime;
const fieldResponse = field.rtime;
const fieldTotal = field.ttime;
const fieldQueueMax = field.qtime_max;
const fieldConnectMax = field.ctime_max;
const fieldResponseMax = field.rtime_max;
const fieldTotalMax = field.ttime_max;

/** Milliseconds of one finished exchange; a phase that was not reached counts 0. */
export function countTimes(
  values: Float64Array,
  row: number,
  queueMs: number,
  connectMs: number,
  responseMs: number,
  totalMs: number,
): void {
  const full = values[row + fieldSamples] >= windowSamples;
  values[row + fieldSamples] += 1;
  slide(values, row + fieldQueue, queueMs, full);
  slide(values, row + fieldConnect, connectMs, full);
  slide(values, row + fieldResponse, responseMs, full);
  slide(values, row + fieldTotal, totalMs, full);
  raise(values, row + fieldQueueMax, queueMs);
  raise(values, row + fieldConnectMax, connectMs);
  raise(values, row + fieldResponseMax, responseMs);
  raise(values, row + fieldTotalMax, totalMs);
}

function slide(values: Float64Array, at: number, sample: number, full: boolean): void {
  const sum = values[at];
  values[at] = full ? sum - Math.ceil(sum / windowSamples) + sample : sum + sample;
}

/** Keeps the largest value a peak field has seen. */
export function raise(values: Float64Array, at: number, value: number): void {
  if (value > values[at]) values[at] = value;
}

/**
 * Adds up what all writers of a segment, live and gone, have counted. Control thread and tools.
 */
export class CounterReader {
  private readonly segment: Segment;
  /** Counter chunks by part, rebuilt when a chunk changed hands. */
  private parts: number[][];
  private revision: number;
  /** By object, made when asked for: indexes of all its rows, and of those of live writers. */
  private rows: (readonly number[])[];
  private liveRows: (readonly number[])[];

  constructor(segment: Segment) {
    this.segment = segment;
    this.parts = [];
    this.revision = -1;
    this.rows = [];
    this.liveRows = [];
  }

  /** A count: everything ever counted, by processes that are gone too. */
  sum(objectIndex: number, at: number): number {
    const rows = this.rowsOf(objectIndex);
    const { floats } = this.segment;
    let total = 0;
    for (let i = 0; i < rows.length; i++) total += floats[rows[i] + at];
    return total;
  }

  /** A gauge: only what live writers hold. `slot` -1: of all processes. */
  gauge(objectIndex: number, at: number, slot = -1): number {
    const rows = this.rowsIn(objectIndex, slot);
    const { floats } = this.segment;
    let total = 0;
    for (let i = 0; i < rows.length; i++) total += floats[rows[i] + at];
    return total;
  }

  /** The largest value of live writers. */
  peak(objectIndex: number, at: number, slot = -1): number {
    const rows = this.rowsIn(objectIndex, slot);
    const { floats } = this.segment;
    let highest = 0;
    for (let i = 0; i < rows.length; i++) {
      const value = floats[rows[i] + at];
      if (value > highest) highest = value;
    }
    return highest;
  }

  /** The latest time of all writers, in seconds of the shared clock; 0: never. */
  last(objectIndex: number, at: number): number {
    const rows = this.rowsOf(objectIndex);
    const { floats } = this.segment;
    let latest = 0;
    for (let i = 0; i < rows.length; i++) {
      const value = floats[rows[i] + at];
      if (value > latest) latest = value;
    }
    return latest;
  }

  /** Events per second over the sliding period that ends at `nowMs`, rounded down. */
  rate(objectIndex: number, at: number, nowMs: number): number {
    return Math.floor(this.exactRate(objectIndex, at, nowMs));
  }

  /** The same with its fraction. */
  exactRate(objectIndex: number, at: number, nowMs: number): number {
    const rows = this.rowsOf(objectIndex);
    const { floats } = this.segment;
    let total = 0;
    for (let i = 0; i < rows.length; i++) total += rateTotal(floats, rows[i] + at, nowMs);
    return total / ratePeriodMs;
  }

  /** Average of a window over live writers, rounded up; 0 without samples. */
  average(objectIndex: number, at: number): number {
    const rows = this.rowsIn(objectIndex, -1);
    const { floats } = this.segment;
    let sum = 0;
    let samples = 0;
    for (let i = 0; i < rows.length; i++) {
      sum += floats[rows[i] + at];
      samples += Math.min(floats[rows[i] + fieldSamples], windowSamples);
    }
    return samples === 0 ? 0 : Math.ceil(sum / samples);
  }

  /** Process slots that have writers of this object now. */
  writersOf(objectIndex: number): readonly { readonly slot: number; readonly writer: number }[] {
    return this.chunksOf(objectIndex)
      .filter((chunk) => ownerOf(this.segment, chunk) >= 0)
      .map((chunk) => ({
        slot: ownerOf(this.segment, chunk),
        writer: writerOf(this.segment, chunk),
      }));
  }

  /** Zeroes a field in all rows. For maxima and rates, whose writers may lose one update to it. */
  clear(objectIndex: number, at: number): void {
    for (const chunk of this.chunksOf(objectIndex)) {
      this.segment.floats[rowIndex(this.segment, chunk, objectIndex) + at] = 0;
    }
  }

  private isOf(chunk: number, slot: number): boolean {
    const owner = ownerOf(this.segment, chunk);
    return slot < 0 ? owner >= 0 : owner === slot;
  }

  /** Where the writers of an object count: indexes of the segment's floats. Not to be kept. */
  rowsOf(objectIndex: number): readonly number[] {
    this.follow();
    return (this.rows[objectIndex] ??= this.indexesOf(objectIndex, () => true));
  }

  /** The same of live writers; `slot` -1: of all processes. */
  private rowsIn(objectIndex: number, slot: number): readonly number[] {
    this.follow();
    if (slot >= 0) return this.indexesOf(objectIndex, (chunk) => this.isOf(chunk, slot));
    return (this.liveRows[objectIndex] ??= this.indexesOf(objectIndex, (chunk) =>
      this.isOf(chunk, -1),
    ));
  }

  private indexesOf(objectIndex: number, isWanted: (chunk: number) => boolean): readonly number[] {
    return this.chunksOf(objectIndex)
      .filter(isWanted)
      .map((chunk) => rowIndex(this.segment, chunk, objectIndex));
  }

  private chunksOf(objectIndex: number): readonly number[] {
    this.follow();
    return this.parts[Math.floor(objectIndex / rowsPerChunk)] ?? [];
  }

  private follow(): void {
    const revision = Atomics.load(this.segment.words, wordChunkRevision);
    if (revision !== this.revision) this.rebuild(revision);
  }

  private rebuild(revision: number): void {
    const { segment } = this;
    this.revision = revision;
    this.rows = [];
    this.liveRows = [];
    this.parts = [];
    for (let chunk = chunkCount(segment) - 1; chunk >= 0; chunk--) {
      const key = keyOf(segment, chunk);
      if (key >>> 24 !== kindCounters) continue;
      const part = (key & 0xffffff) - 1;
      const list = this.parts[part] ?? [];
      list.push(chunk);
      this.parts[part] = list;
    }
  }
}

/**
 * `clear counters all`: counts belong to their writers, so the one who clears adds the negative
 * of the sum to its own row; readers then see zero, and nobody's store is lost. Control thread,
 * own writer.
 */
export function clearCount(
  reader: CounterReader,
  writer: CounterWriter,
  objectIndex: number,
  at: number,
): void {
  writer.values[writer.row(objectIndex) + at] -= reader.sum(objectIndex, at);
}
