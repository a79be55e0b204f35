// Who owns which chunk of the segment. Chunks change hands by one atomic store, which is what
// makes the crash rule hold: counters are never added up into another place, so nothing can be
// added twice. Called at start and at the death of a process; never while serving.
//
//   free --claim--> claimed (slot) --key, zeroed--> ready (slot) --owner gone--> retired
//                                                     ^                             |
//                                                     `-------- inherited ----------'
//
// A kill between any two steps leaves either a claim of a dead slot without a key (goes back to
// free), or one with a key (becomes retired): both are decided again, with the same answer, by
// whoever sweeps. A retired counter chunk keeps its values, readers go on adding them; the next
// writer of the same part inherits it and counts on from there. Gauges and maxima are only read
// from ready chunks, and a new owner clears them before it says ready.

import {
  chunkBytes,
  chunkEntryWords,
  chunkTableAt,
  wordChunkRevision,
  wordChunksReserved,
  wordChunksUsed,
} from './layout.ts';
import type { Segment } from './segment.ts';

export const kindCounters = 1;
export const kindLive = 2;
export const kindObjects = 3;
/** Stick tables: the part is the object, the writer the chunk's place in the table. */
export const kindTable = 4;
/** References of one thread into stick tables; they go with their process. */
export const kindReferences = 5;

const claimFree = 0;
const readyBit = 0x100;
const slotMask = 0xff;
const claimRetired = 0x200;
const claimPermanent = 0x400;
const reserveStepChunks = 16;
/** Entry words: claim, key, writer, and 1 once somebody may have written to the chunk. */
const touchedWord = 3;
const entryWord = chunkTableAt / 4;

/** All chunks are taken; `row` and `register` turn it into a SegmentError. */
export const chunkNone = -1;

function claimWord(chunk: number): number {
  return entryWord + chunk * chunkEntryWords;
}

/** The key of the `part`-th chunk of a kind; never 0, which means an empty chunk. */
export function chunkKey(kind: number, part: number): number {
  return (kind << 24) | (part + 1);
}

/** Key of a chunk (chunkKey), 0 when it holds nothing. */
export function keyOf(segment: Segment, chunk: number): number {
  return Atomics.load(segment.words, claimWord(chunk) + 1);
}

/** Writer index within its process. */
export function writerOf(segment: Segment, chunk: number): number {
  return segment.words[claimWord(chunk) + 2];
}

/** Process slot of a chunk that is in use and complete, else -1. */
export function ownerOf(segment: Segment, chunk: number): number {
  const claim = Atomics.load(segment.words, claimWord(chunk));
  return (claim & readyBit) !== 0 ? (claim & slotMask) - 1 : -1;
}

/** Chunks that were ever taken; all later ones are untouched. */
export function chunkCount(segment: Segment): number {
  return Atomics.load(segment.words, wordChunksUsed);
}

/** Chunks that nobody has. */
export function freeChunkCount(segment: Segment): number {
  let taken = 0;
  for (let chunk = chunkCount(segment) - 1; chunk >= 0; chunk--) {
    if (Atomics.load(segment.words, claimWord(chunk)) !== claimFree) taken++;
  }
  return segment.layout.chunksMax - taken;
}

/** Byte at which a chunk starts. */
export function chunkAt(segment: Segment, chunk: number): number {
  return segment.layout.areaAt + chunk * chunkBytes;
}

export interface ChunkClaim {
  /** Process slot, or -1 for chunks that belong to the segment itself. */
  readonly slot: number;
  readonly kind: number;
  readonly part: number;
  readonly writer: number;
  /** The chunk outlives the process that claims it: it belongs to the segment once it is ready. */
  readonly stays?: boolean;
  /**
   * Clears what a new owner must not inherit: a fresh chunk is all zero. Runs before the chunk is
   * seen as ready.
   */
  readonly prepare: (chunk: number, isInherited: boolean) => void;
}

/**
 * A chunk for one writer and one part: the one it already has, an inherited one, or a fresh one of
 * zeroes. Returns its number, chunkNone when all are taken, or minus errno when the disk is full.
 */
export function claimChunk(segment: Segment, claim: ChunkClaim): number {
  const key = chunkKey(claim.kind, claim.part);
  const own = findOwn(segment, claim, key);
  if (own >= 0) return own;
  const inherited = claim.kind === kindCounters ? inherit(segment, claim, key) : chunkNone;
  if (inherited >= 0) return publish(segment, claim, inherited, true);
  const fresh = takeFree(segment, claim);
  if (fresh < 0) return fresh;
  zero(segment, fresh);
  Atomics.store(segment.words, claimWord(fresh) + 1, key);
  return publish(segment, claim, fresh, false);
}

/** A chunk nobody had is zero already, and stays uncommitted until it is written to. */
function zero(segment: Segment, chunk: number): void {
  const before = Atomics.exchange(segment.words, claimWord(chunk) + touchedWord, 1);
  if (before === 0) return;
  const at = chunkAt(segment, chunk);
  segment.bytes.fill(0, at, at + chunkBytes);
}

function findOwn(segment: Segment, claim: ChunkClaim, key: number): number {
  if (claim.slot < 0) return chunkNone;
  for (let chunk = chunkCount(segment) - 1; chunk >= 0; chunk--) {
    if (keyOf(segment, chunk) !== key || ownerOf(segment, chunk) !== claim.slot) continue;
    if (writerOf(segment, chunk) === claim.writer) return chunk;
  }
  return chunkNone;
}

function inherit(segment: Segment, claim: ChunkClaim, key: number): number {
  const used = chunkCount(segment);
  for (let chunk = 0; chunk < used; chunk++) {
    if (keyOf(segment, chunk) === key && exchange(segment, chunk, claimRetired, claim.slot + 1)) {
      return chunk;
    }
  }
  return chunkNone;
}

function takeFree(segment: Segment, claim: ChunkClaim): number {
  for (;;) {
    const used = chunkCount(segment);
    for (let chunk = 0; chunk < used; chunk++) {
      if (exchange(segment, chunk, claimFree, claim.slot < 0 ? claimPermanent : claim.slot + 1)) {
        return chunk;
      }
    }
    const room = reserve(segment, used);
    if (room < 0) return room;
    Atomics.compareExchange(segment.words, wordChunksUsed, used, used + 1);
  }
}

/** File blocks come before the first store, so that a full disk is an answer and not a SIGBUS. */
function reserve(segment: Segment, used: number): number {
  const { words, layout, sys, fd } = segment;
  if (used >= layout.chunksMax) return chunkNone;
  const reserved = Atomics.load(words, wordChunksReserved);
  if (used < reserved) return 0;
  const step = Math.max(reserveStepChunks, reserved >> 2);
  const next = Math.min(reserved + step, layout.chunksMax);
  const result = sys.fallocate(fd, layout.areaAt + next * chunkBytes);
  if (result < 0) return result - 1;
  Atomics.compareExchange(words, wordChunksReserved, reserved, next);
  return 0;
}

function publish(segment: Segment, claim: ChunkClaim, chunk: number, isInherited: boolean): number {
  const { words } = segment;
  words[claimWord(chunk) + 2] = claim.writer;
  claim.prepare(chunk, isInherited);
  const stays = claim.slot < 0 || claim.stays === true;
  const ready = stays ? claimPermanent : (claim.slot + 1) | readyBit;
  Atomics.store(words, claimWord(chunk), ready);
  Atomics.add(words, wordChunkRevision, 1);
  return chunk;
}

/** Calls `visit` with every complete chunk of a key. */
export function eachChunk(segment: Segment, key: number, visit: (chunk: number) => void): void {
  const used = chunkCount(segment);
  for (let chunk = 0; chunk < used; chunk++) {
    if (keyOf(segment, chunk) !== key) continue;
    const claim = Atomics.load(segment.words, claimWord(chunk));
    if (claim === claimPermanent || (claim & readyBit) !== 0) visit(chunk);
  }
}

/** Gives chunks of the segment itself back. Nobody may read them any more. */
export function freeChunks(segment: Segment, key: number): void {
  eachChunk(segment, key, (chunk) => {
    Atomics.store(segment.words, claimWord(chunk) + 1, 0);
    exchange(segment, chunk, claimPermanent, claimFree);
  });
  Atomics.add(segment.words, wordChunkRevision, 1);
}

function exchange(segment: Segment, chunk: number, from: number, to: number): boolean {
  return Atomics.compareExchange(segment.words, claimWord(chunk), from, to) === from;
}

/**
 * Gives up every chunk of a slot whose process is gone or leaving. May be cut short anywhere and
 * run again, also by somebody else: each chunk is decided by one store.
 */
export function retireChunks(segment: Segment, slot: number): void {
  const { words } = segment;
  const used = chunkCount(segment);
  for (let chunk = 0; chunk < used; chunk++) {
    const claim = Atomics.load(words, claimWord(chunk));
    if ((claim & slotMask) !== slot + 1) continue;
    const keeps = keyOf(segment, chunk) >>> 24 === kindCounters;
    if (!keeps) Atomics.store(words, claimWord(chunk) + 1, 0);
    exchange(segment, chunk, claim, keeps ? claimRetired : claimFree);
  }
  Atomics.add(words, wordChunkRevision, 1);
}
