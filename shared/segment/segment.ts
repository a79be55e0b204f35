// The segment itself: one mapping of a named file or of a memfd, and its typed views. The master
// opens it, workers and threads attach to it. Never called with `-c`, and never throws away a
// file that cannot be used: the file is kept beside as NAME.old.

import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs';
import { errnoText, faultText } from '../sys/errno.ts';
import type { Sys } from '../sys/sys.ts';
import {
  type Capacity,
  chunkBytes,
  floatCreatedMs,
  hasFields,
  headerBytes,
  isSmaller,
  longClockNs,
  planLayout,
  readHeader,
  type SegmentLayout,
  wordChunksReserved,
  wordChunksUsed,
  writeHeader,
} from './layout.ts';
import { fieldNameText } from './metrics.ts';

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
  /** A file kept aside whose counters can be read (state-dump.ts), '' : there is none. */
  readonly former: string;
}

const openCreateReadWrite = 0o102;
const lockExclusive = 2;
const fileMode = 0o600;

/**
 * Master, once per life: creates or re-opens the segment. Throws SegmentError (no such folder, no
 * permission, full disk, no regular file) with the reason; a file that is not usable is renamed
 * and replaced.
 */
export function openSegment(sys: Sys, options: OpenOptions): OpenedSegment {
  const { path } = options;
  if (path === '') {
    const fd = checked(sys.memfd('hawser'), 'cannot make anonymous memory for the segment');
    return { segment: create(sys, fd, options), fresh: true, notices: [], former: '' };
  }
  const notices: string[] = [];
  let former = '';
  for (;;) {
    const fd = openLocked(sys, path);
    const length = sys.fstatSize(fd);
    if (length === 0) {
      return { segment: create(sys, fd, options), fresh: true, notices, former };
    }
    const found = probe(fd, length);
    if (found.layout !== null && found.fault === '') {
      unlock(sys, fd);
      return { segment: map(sys, fd, found.layout), fresh: false, notices, former };
    }
    const kept = putAside(sys, fd, path);
    if (found.layout !== null) former = kept;
    const after =
      found.layout === null ? 'counters start from zero' : 'its counters are taken over';
    notices.push(
      `segment file '${path}' cannot be used: ${found.fault}; kept as '${kept}', ${after}`,
    );
  }
}

/**
 * Worker: attaches to the descriptor it inherited. Throws SegmentError when it is not a segment.
 */
export function attachSegment(sys: Sys, fd: number): Segment {
  const length = checked(sys.fstatSize(fd), 'cannot read the size of the segment');
  const { layout, fault } = probe(fd, length);
  if (layout === null || fault !== '') {
    throw new SegmentError(`cannot attach to the segment: ${fault}`);
  }
  return map(sys, fd, layout);
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

/** Puts a file that is too small aside and makes a new one; null: somebody else just has. */
export function renewSegment(
  sys: Sys,
  options: OpenOptions,
): { readonly segment: Segment; readonly former: string } | null {
  const fd = openLocked(sys, options.path);
  const { layout } = probe(fd, sys.fstatSize(fd));
  if (layout === null || !isSmaller(layout, planLayout(options))) {
    sys.close(fd);
    return null;
  }
  const former = putAside(sys, fd, options.path);
  return { segment: create(sys, openLocked(sys, options.path), options), former };
}

/** The name under which a file that cannot be used stays: one that nothing has. */
function putAside(sys: Sys, fd: number, path: string): string {
  let kept = `${path}.old`;
  for (let n = 1; existsSync(kept); n++) kept = `${path}.old.${n}`;
  try {
    renameSync(path, kept);
  } catch (fault) {
    const reason = faultText(fault);
    throw new SegmentError(`segment file '${path}' cannot be used, nor kept aside: ${reason}`);
  } finally {
    sys.close(fd);
  }
  return kept;
}

interface Probed {
  /** null: nothing in the file can be read. */
  readonly layout: SegmentLayout | null;
  /** '' or why this program cannot write to it. */
  readonly fault: string;
}

/** The header of the file, checked. Reads, so that nothing foreign is ever mapped. */
function probe(fd: number, length: number): Probed {
  if (length < headerBytes) return { layout: null, fault: `it is cut short: ${length} bytes` };
  const header = new Int32Array(headerBytes / 4);
  readSync(fd, header, 0, headerBytes, 0);
  const layout = readHeader(header, length);
  if (typeof layout === 'string') return { layout: null, fault: layout };
  const fault = hasFields(header, fieldNameText) ? '' : 'another version counts other things';
  return { layout, fault };
}

/**
 * Tools: what a file holds, as it is at this moment, in memory of one's own. Only what is in use is
 * read, and nothing is written. Throws SegmentError.
 */
export function snapshotSegment(sys: Sys, path: string): Segment {
  const fd = openReading(path);
  try {
    const length = fstatSync(fd).size;
    const { layout, fault } = probe(fd, length);
    if (layout === null) throw new SegmentError(`'${path}' cannot be read: ${fault}`);
    const header = new Int32Array(headerBytes / 4);
    readSync(fd, header, 0, headerBytes, 0);
    const used = Math.min(header[wordChunksUsed], layout.chunksMax);
    const wanted = Math.min(layout.areaAt + used * chunkBytes, length);
    const bytes = new Uint8Array(new SharedArrayBuffer(wanted));
    for (let at = 0; at < wanted; ) {
      const read = readSync(fd, bytes, at, Math.min(wanted - at, readStepBytes), at);
      if (read === 0) break;
      at += read;
    }
    return new Segment(sys, -1, bytes, layout);
  } finally {
    closeSync(fd);
  }
}

const readStepBytes = 2 ** 24;

function openReading(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (fault) {
    throw new SegmentError(`cannot open segment file '${path}': ${faultText(fault)}`);
  }
}

/** Tools: the live file, to write to. Throws SegmentError; never makes or replaces a file. */
export function joinSegment(sys: Sys, path: string): Segment {
  const fd = checked(sys.open(path, openReadWrite, 0), `cannot open segment file '${path}'`);
  const { layout, fault } = probe(fd, checked(sys.fstatSize(fd), 'no size'));
  if (layout === null || fault !== '') {
    sys.close(fd);
    throw new SegmentError(`segment file '${path}' cannot be used: ${fault}`);
  }
  return map(sys, fd, layout);
}

const openReadWrite = 2;

function create(sys: Sys, fd: number, options: OpenOptions): Segment {
  try {
    const layout = planLayout(options);
    const name = options.path === '' ? 'anonymous memory' : `'${options.path}'`;
    checked(sys.ftruncate(fd, layout.lengthBytes), `cannot size segment file ${name}`);
    checked(sys.fallocate(fd, layout.areaAt), `no room for segment file ${name}`);
    const segment = map(sys, fd, layout);
    initialise(segment);
    unlock(sys, fd);
    return segment;
  } catch (fault) {
    // An empty file is no file: the next start makes it again.
    sys.ftruncate(fd, 0);
    sys.close(fd);
    throw fault;
  }
}

function initialise(segment: Segment): void {
  const { sys, floats, longs, words, layout } = segment;
  floats[floatCreatedMs] = sys.wallUs() / 1000;
  longs[longClockNs] = BigInt(Math.floor(sys.monotonicNs()));
  words[wordChunksReserved] = segment.fd < 0 ? layout.chunksMax : 0;
  writeHeader(words, layout, fieldNameText);
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
