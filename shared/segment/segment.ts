// The segment itself: one mapping of a named file or of a memfd, and its typed views. The master
// opens it, workers and threads attach to it. Never called with `-c`, and never throws away a
// file that cannot be used: the file is kept beside as NAME.old.

import { fstatSync, readSync, renameSync, statSync } from 'node:fs';
import { errnoText } from '../sys/errno.ts';
import type { Sys } from '../sys/sys.ts';
import {
  type Capacity,
  floatCreatedMs,
  headerBytes,
  longClockNs,
  planLayout,
  readHeader,
  type SegmentLayout,
  wordChunksReserved,
  writeHeader,
} from './layout.ts';

/**
 * A segment that cannot be had: `message` is one sentence for the operator. Raised at start only.
 */
export class SegmentError extends Error {}

/** The views of one mapping. Cheap to make: every thread has its own over the same memory. */
export class Segment {
  readonly sys: Sys;
  /** Descriptor in this process, -1 when the memory has no file (tests). */
  readonly fd: number;
  readonly layout: SegmentLayout;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly longs: BigInt64Array;

  constructor(sys: Sys, fd: number, bytes: Uint8Array, layout: SegmentLayout) {
    this.sys = sys;
    this.fd = fd;
    this.bytes = bytes;
    this.layout = layout;
    const { buffer, byteOffset, length } = bytes;
    this.words = new Int32Array(buffer, byteOffset, length / 4);
    this.floats = new Float64Array(buffer, byteOffset, length / 8);
    this.longs = new BigInt64Array(buffer, byteOffset, length / 8);
  }
}

export interface OpenOptions extends Capacity {
  /** Path of `shm-stats-file`, '' for anonymous memory. */
  readonly path: string;
}

export interface OpenedSegment {
  readonly segment: Segment;
  /** False: counters go on from what the file held. */
  readonly fresh: boolean;
  /** Sentences for the operator: why an old file was put aside, a limit that stays. */
  readonly notices: readonly string[];
}

const openCreateReadWrite = 0o102;
const lockExclusive = 2;
const fileMode = 0o600;

/**
 * Master, once per life: creates or re-opens the segment. Throws SegmentError (no such folder, no
 * permission, full disk) with the reason; a file that is not usable is renamed and replaced.
 */
export function openSegment(sys: Sys, options: OpenOptions): OpenedSegment {
  if (options.path === '') {
    const fd = checked(sys.memfd('hawser'), 'cannot make anonymous memory for the segment');
    return { segment: create(sys, fd, options), fresh: true, notices: [] };
  }
  const notices: string[] = [];
  for (;;) {
    const fd = openLocked(sys, options.path);
    const length = sys.fstatSize(fd);
    if (length === 0) {
      return { segment: create(sys, fd, options), fresh: true, notices };
    }
    const found = probe(fd, length);
    if (typeof found !== 'string') {
      unlock(sys, fd);
      if (found.objectsMax < options.objectsMax) {
        notices.push(`segment file '${options.path}' was made for ${found.objectsMax} objects`);
      }
      return { segment: map(sys, fd, found), fresh: false, notices };
    }
    renameSync(options.path, `${options.path}.old`);
    sys.close(fd);
    notices.push(
      `segment file '${options.path}' cannot be used: ${found}; ` +
        `kept as '${options.path}.old', counters start from zero`,
    );
  }
}

/**
 * Worker: attaches to the descriptor it inherited. Throws SegmentError when it is not a segment.
 */
export function attachSegment(sys: Sys, fd: number): Segment {
  const length = checked(sys.fstatSize(fd), 'cannot read the size of the segment');
  const found = probe(fd, length);
  if (typeof found === 'string') throw new SegmentError(`cannot attach to the segment: ${found}`);
  return map(sys, fd, found);
}

/** Thread: the same mapping through the view that the control thread sent. */
export function viewSegment(sys: Sys, fd: number, bytes: Uint8Array): Segment {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, headerBytes / 4);
  const found = readHeader(words, bytes.length);
  if (typeof found === 'string') throw new SegmentError(`cannot use the segment: ${found}`);
  return new Segment(sys, fd, bytes, found);
}

/** A segment in plain shared memory, for tests and tools that need no file. */
export function memorySegment(sys: Sys, capacity: Capacity): Segment {
  const layout = planLayout(capacity);
  const bytes = new Uint8Array(new SharedArrayBuffer(layout.lengthBytes));
  const segment = new Segment(sys, -1, bytes, layout);
  initialise(segment);
  return segment;
}

/** Opens and locks; when the path was renamed meanwhile, the lock is on the wrong file: again. */
function openLocked(sys: Sys, path: string): number {
  for (;;) {
    const fd = checked(
      sys.open(path, openCreateReadWrite, fileMode),
      `cannot open segment file '${path}'`,
    );
    checked(sys.flock(fd, lockExclusive), `cannot lock segment file '${path}'`);
    if (isStillAt(fd, path)) return fd;
    sys.close(fd);
  }
}

function isStillAt(fd: number, path: string): boolean {
  const mine = fstatSync(fd);
  const there = statSync(path, { throwIfNoEntry: false });
  return there !== undefined && there.ino === mine.ino && there.dev === mine.dev;
}

const lockNone = 8;

function unlock(sys: Sys, fd: number): void {
  sys.flock(fd, lockNone);
}

/** The header of the file, checked; or why not. Reads, so that nothing foreign is ever mapped. */
function probe(fd: number, length: number): SegmentLayout | string {
  if (length < headerBytes) return `it is cut short: ${length} bytes`;
  const header = new Int32Array(headerBytes / 4);
  readSync(fd, header, 0, headerBytes, 0);
  return readHeader(header, length);
}

function create(sys: Sys, fd: number, options: OpenOptions): Segment {
  const layout = planLayout(options);
  const name = options.path === '' ? 'anonymous memory' : `'${options.path}'`;
  checked(sys.ftruncate(fd, layout.lengthBytes), `cannot size segment file ${name}`);
  checked(sys.fallocate(fd, layout.areaAt), `no room for segment file ${name}`);
  const segment = map(sys, fd, layout);
  initialise(segment);
  unlock(sys, fd);
  return segment;
}

function initialise(segment: Segment): void {
  const { sys, floats, longs, words, layout } = segment;
  floats[floatCreatedMs] = sys.wallUs() / 1000;
  longs[longClockNs] = BigInt(Math.floor(sys.monotonicNs()));
  words[wordChunksReserved] = segment.fd < 0 ? layout.chunksMax : 0;
  writeHeader(words, layout);
}

function map(sys: Sys, fd: number, layout: SegmentLayout): Segment {
  const mapped = sys.mapShared(fd, layout.lengthBytes);
  if (typeof mapped === 'number') {
    throw new SegmentError(`cannot map the segment: ${errnoText(-mapped)}`);
  }
  return new Segment(sys, fd, mapped, layout);
}

function checked(result: number, message: string): number {
  if (result < 0) throw new SegmentError(`${message}: ${errnoText(-result)}`);
  return result;
}
