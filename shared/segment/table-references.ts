// Who tracks which entry: every reference into a stick table is written down in memory of the
// thread that holds it, so that the references of a process that was killed can be told from the
// others. Written under the lock of the table it points into; read by whoever counts again.
//
//   record (2 words)   object of the table + 1 (0: free), entry

import { chunkAt, chunkCount, claimChunk, keyOf, kindReferences, ownerOf } from './chunks.ts';
import { chunkBytes } from './layout.ts';
import type { Segment } from './segment.ts';

const recordWords = 2;
const recordsPerChunk = chunkBytes / 4 / recordWords;

/** The references of one thread. */
export class TableReferences {
  private readonly segment: Segment;
  private readonly slot: number;
  private readonly writer: number;
  private readonly free: number[];
  private chunks: number;

  /** `writer`: index of the thread within its process. */
  constructor(segment: Segment, slot: number, writer: number) {
    this.segment = segment;
    this.slot = slot;
    this.writer = writer;
    this.free = [];
    this.chunks = 0;
  }

  /** Writes a reference down; returns its record, -1: no room in the segment. */
  add(object: number, entry: number): number {
    if (this.free.length === 0) this.grow();
    const record = this.free.pop();
    if (record === undefined) return -1;
    const { words } = this.segment;
    words[record + 1] = entry;
    Atomics.store(words, record, object + 1);
    return record;
  }

  remove(record: number): void {
    Atomics.store(this.segment.words, record, 0);
    this.free.push(record);
  }

  private grow(): void {
    const chunk = claimChunk(this.segment, {
      slot: this.slot,
      kind: kindReferences,
      part: this.chunks,
      writer: this.writer,
      prepare: () => {},
    });
    if (chunk < 0) return;
    this.chunks++;
    const first = chunkAt(this.segment, chunk) / 4;
    for (let i = recordsPerChunk - 1; i >= 0; i--) this.free.push(first + i * recordWords);
  }
}

/** Calls `visit` with every entry of a table that a process refers to. Under the table's lock. */
export function eachReference(
  segment: Segment,
  object: number,
  visit: (entry: number) => void,
): void {
  const { words } = segment;
  for (let chunk = chunkCount(segment) - 1; chunk >= 0; chunk--) {
    if (keyOf(segment, chunk) >>> 24 !== kindReferences || ownerOf(segment, chunk) < 0) continue;
    const first = chunkAt(segment, chunk) / 4;
    for (let i = 0; i < recordsPerChunk; i++) {
      const record = first + i * recordWords;
      if (Atomics.load(words, record) === object + 1) visit(words[record + 1]);
    }
  }
}
