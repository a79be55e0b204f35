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
 * Objects that are read together, and where their values go: the first one's to `valuesAt`. Whoever
 * reads keeps one and fills it in again.
 */
export interface Batch {
  objects: Int32Array;
  /** Of `objects`: the first, and the one behind the last. */
  from: number;
  to: number;
  values: Float64Array;
  valuesAt: number;
}

const nowhere: readonly number[] = [];

/**
 * Adds up what all writers of a segment, live and gone, have counted. Control thread and tools.
 */
export class CounterReader {
  private readonly segment: Segment;
  /** Counter chunks by part, rebuilt when a chunk changed hands. */
  private parts: number[][];
  /** The same chunks, and those of live writers, as indexes of the segment's floats. */
  private all: number[][];
  private live: number[][];
  private revision: number;

  constructor(segment: Segment) {
    this.segment = segment;
    this.parts = [];
    this.all = [];
    this.live = [];
    this.revision = -1;
  }

  /** A count: everything ever counted, by processes that are gone too. */
  sum(objectIndex: number, at: number): number {
    const chunks = this.chunksIn(objectIndex, false);
    const { floats } = this.segment;
    const place = placeOf(objectIndex) + at;
    let total = 0;
    for (let i = 0; i < chunks.length; i++) total += floats[chunks[i] + place];
    return total;
  }

  /** The counts of a batch. */
  sums(batch: Batch, at: number): void {
    this.follow();
    this.add(batch, at, this.all);
  }

  /** A gauge: only what live writers hold. `slot` -1: of all processes. */
  gauge(objectIndex: number, at: number, slot = -1): number {
    if (slot >= 0) return this.gaugeOf(objectIndex, at, slot);
    const chunks = this.chunksIn(objectIndex, true);
    const { floats } = this.segment;
    const place = placeOf(objectIndex) + at;
    let total = 0;
    for (let i = 0; i < chunks.length; i++) total += floats[chunks[i] + place];
    return total;
  }

  private gaugeOf(objectIndex: number, at: number, slot: number): number {
    let total = 0;
    for (const chunk of this.chunksOf(objectIndex)) {
      if (ownerOf(this.segment, chunk) !== slot) continue;
      total += this.segment.floats[rowIndex(this.segment, chunk, objectIndex) + at];
    }
    return total;
  }

  /** The gauges of a batch, of all processes. */
  gauges(batch: Batch, at: number): void {
    this.follow();
    this.add(batch, at, this.live);
  }

  private add(
    { objects, from, to, values, valuesAt }: Batch,
    at: number,
    parts: readonly number[][],
  ): void {
    const { floats } = this.segment;
    for (let i = from; i < to; i++) {
      const chunks = partOf(parts, objects[i]);
      const place = placeOf(objects[i]) + at;
      let total = 0;
      for (let k = 0; k < chunks.length; k++) total += floats[chunks[k] + place];
      values[valuesAt + i - from] = total;
    }
  }

  /** The largest value of live writers. */
  peak(objectIndex: number, at: number): number {
    return this.highest(this.chunksIn(objectIndex, true), placeOf(objectIndex) + at);
  }

  /** The same of a batch. */
  peaks({ objects, from, to, values, valuesAt }: Batch, at: number): void {
    this.follow();
    for (let i = from; i < to; i++) {
      const chunks = partOf(this.live, objects[i]);
      values[valuesAt + i - from] = this.highest(chunks, placeOf(objects[i]) + at);
    }
  }

  private highest(chunks: readonly number[], place: number): number {
    const { floats } = this.segment;
    let highest = 0;
    for (let i = 0; i < chunks.length; i++) {
      const value = floats[chunks[i] + place];
      if (value > highest) highest = value;
    }
    return highest;
  }

  /** The latest time of all writers, in seconds of the shared clock; 0: never. */
  last(objectIndex: number, at: number): number {
    return this.highest(this.chunksIn(objectIndex, false), placeOf(objectIndex) + at);
  }

  /** The same of a batch. */
  lasts({ objects, from, to, values, valuesAt }: Batch, at: number): void {
    this.follow();
    for (let i = from; i < to; i++) {
      const chunks = partOf(this.all, objects[i]);
      values[valuesAt + i - from] = this.highest(chunks, placeOf(objects[i]) + at);
    }
  }

  /** Events per second over the sliding period that ends at `nowMs`, rounded down. */
  rate(objectIndex: number, at: number, nowMs: number): number {
    return Math.floor(this.exactRate(objectIndex, at, nowMs));
  }

  /** The same with its fraction. */
  exactRate(objectIndex: number, at: number, nowMs: number): number {
    return this.rateOf(this.chunksIn(objectIndex, false), placeOf(objectIndex) + at, nowMs);
  }

  /** The rates of a batch, rounded down. */
  rates({ objects, from, to, values, valuesAt }: Batch, at: number, nowMs: number): void {
    this.follow();
    for (let i = from; i < to; i++) {
      const chunks = partOf(this.all, objects[i]);
      const rate = this.rateOf(chunks, placeOf(objects[i]) + at, nowMs);
      values[valuesAt + i - from] = Math.floor(rate);
    }
  }

  private rateOf(chunks: readonly number[], place: number, nowMs: number): number {
    const { floats } = this.segment;
    let total = 0;
    for (let i = 0; i < chunks.length; i++) total += rateTotal(floats, chunks[i] + place, nowMs);
    return total / ratePeriodMs;
  }

  /** Average of a window over live writers, rounded up; 0 without samples. */
  average(objectIndex: number, at: number): number {
    return this.averageOf(this.chunksIn(objectIndex, true), placeOf(objectIndex), at);
  }

  /** The same of a batch. */
  averages({ objects, from, to, values, valuesAt }: Batch, at: number): void {
    this.follow();
    for (let i = from; i < to; i++) {
      const chunks = partOf(this.live, objects[i]);
      values[valuesAt + i - from] = this.averageOf(chunks, placeOf(objects[i]), at);
    }
  }

  private averageOf(chunks: readonly number[], place: number, at: number): number {
    const { floats } = this.segment;
    let sum = 0;
    let samples = 0;
    for (let i = 0; i < chunks.length; i++) {
      const row = chunks[i] + place;
      sum += floats[row + at];
      samples += Math.min(floats[row + fieldSamples], windowSamples);
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

  /** Where the rows of an object's part begin. */
  private chunksIn(objectIndex: number, ofLive: boolean): readonly number[] {
    this.follow();
    return partOf(ofLive ? this.live : this.all, objectIndex);
  }

  private chunksOf(objectIndex: number): readonly number[] {
    this.follow();
    return partOf(this.parts, objectIndex);
  }

  private follow(): void {
    const revision = Atomics.load(this.segment.words, wordChunkRevision);
    if (revision !== this.revision) this.rebuild(revision);
  }

  private rebuild(revision: number): void {
    const { segment } = this;
    this.revision = revision;
    this.parts = [];
    this.all = [];
    this.live = [];
    for (let chunk = chunkCount(segment) - 1; chunk >= 0; chunk--) {
      const key = keyOf(segment, chunk);
      if (key >>> 24 !== kindCounters) continue;
      const part = (key & 0xffffff) - 1;
      const first = chunkAt(segment, chunk) / 8;
      enlist(this.parts, part, chunk);
      enlist(this.all, part, first);
      if (ownerOf(segment, chunk) >= 0) enlist(this.live, part, first);
    }
  }
}

function enlist(parts: number[][], part: number, chunk: number): void {
  const list = parts[part];
  if (list === undefined) parts[part] = [chunk];
  else list.push(chunk);
}

/** Of an object that there is not (-1): nothing. */
function partOf(parts: readonly number[][], objectIndex: number): readonly number[] {
  return objectIndex < 0 ? nowhere : (parts[(objectIndex / rowsPerChunk) >>> 0] ?? nowhere);
}

/** Where an object's row lies within a chunk. */
const placeOf = (objectIndex: number): number => (objectIndex % rowsPerChunk) * rowFields;

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
