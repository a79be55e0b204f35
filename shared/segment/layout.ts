// The shape of the segment: where each region lies, how large it is, and how a header proves
// itself. Called by segment.ts to make and to check a mapping; everything else asks a Segment for
// its views. Must never change a number below without raising `layoutVersion`: files outlive
// programs.
//
//   byte 0       header (4096)      words below; a clock, a lock, the region table, field names
//   4096         process slots      64 x 64 bytes (processes.ts)
//   8192         chunk table        chunksMax x 16 bytes: claim, key, writer, touched
//   areaAt       chunks             chunksMax x 40 KiB, committed as they are first used
//
// A chunk is the unit of everything that grows: 32 counter rows of one writing thread, 80 object
// records, or the live words of 640 objects of one process. Which chunk holds what is only in the
// chunk table, so more objects, more threads and more processes need no other layout.

export const segmentMagic = 0x52535748;
export const layoutVersion = 2;

/** Total length is a multiple of this: the largest page any supported kernel uses. */
export const lengthUnitBytes = 65_536;
export const headerBytes = 4096;
export const slotsMax = 64;
export const slotBytes = 64;
export const slotsAt = headerBytes;
export const chunkTableAt = slotsAt + slotsMax * slotBytes;
export const chunkEntryWords = 4;
export const chunkBytes = 40_960;

/** 64-bit floats of one counter row, and rows of one chunk. */
export const rowFields = 160;
export const rowBytes = rowFields * 8;
export const rowsPerChunk = chunkBytes / rowBytes;
/** One object: 256 bytes of identity, then 64 shared words. */
export const objectBytes = 512;
export const objectsPerChunk = chunkBytes / objectBytes;
/** 32-bit words that one process keeps for one object: a cache line. */
export const liveWords = 16;
export const liveRowsPerChunk = chunkBytes / (liveWords * 4);

// Header, as indexes of 32-bit words. 4 to 11 are the geometry that word 3 vouches for.
export const wordMagic = 0;
export const wordVersion = 1;
export const wordState = 2;
export const wordChecksum = 3;
export const wordLength = 4;
export const wordObjectsMax = 5;
export const wordChunksMax = 6;
export const wordChunkBytes = 7;
export const wordRowFields = 8;
export const wordObjectBytes = 9;
export const wordAreaPages = 10;
export const wordRegionCount = 11;
/** Checksum of the names of the fields of a counter row, in their order. */
export const wordFields = 12;
const geometryFirst = wordLength;
const geometryLast = wordFields;
/** Raised whenever a chunk changes hands: readers rebuild what they cached. */
export const wordChunkRevision = 48;
export const wordChunksUsed = 49;
/** Chunks whose file blocks are reserved. */
export const wordChunksReserved = 50;
/** Process id that holds the object lock, 0: nobody. */
export const wordObjectLock = 64;
export const wordObjectCount = 65;
/** Raised whenever a place is given to another object: readers look at all of them again. */
export const wordObjectRewrites = 66;
/** 64-bit views: creation (wall clock, ms, float) and the shared clock (ns, integer). */
export const floatCreatedMs = 8;
export const longClockNs = 16;
/** Region table: 16 entries of four words (type, first 4 KiB page, pages, spare). */
export const wordRegions = 128;
/** Names of the fields: length in bytes, then the text, one name a line (`*3`: three fields). */
export const wordFieldNames = 192;
export const fieldNamesBytesMax = headerBytes - (wordFieldNames + 1) * 4;

export const stateBeingMade = 0;
export const stateReady = 1;

export const regionSlots = 1;
export const regionChunkTable = 2;
export const regionChunks = 3;

export interface SegmentLayout {
  readonly lengthBytes: number;
  readonly objectsMax: number;
  readonly chunksMax: number;
  /** Byte at which chunk 0 starts. */
  readonly areaAt: number;
}

export interface Capacity {
  /** Objects the configuration has now; the segment is made with room for more. */
  readonly objects: number;
  /** Counter writers of one process: proxy threads and the control thread. */
  readonly writers: number;
  /** `shm-stats-file-max-objects`, 0: not set. */
  readonly objectsMax: number;
  /** What full stick tables take, bytes. */
  readonly tableBytes?: number;
}

/** Of a segment whose limit was not set: reloads may bring far more than there is now. */
const objectsDefault = 16_384;
const chunksLeast = 4096;
const chunksMost = 49_152;
/** Processes of one master that may write at the same time while reloads overlap. */
const processesAtOnce = 6;

/** Sizes for a new segment. Address space only: chunks are committed when they are first used. */
export function planLayout(capacity: Capacity): SegmentLayout {
  const objectsMax = capacity.objectsMax || Math.max(objectsDefault, capacity.objects * 4);
  const parts = Math.ceil(objectsMax / rowsPerChunk);
  const wanted = parts * capacity.writers * processesAtOnce + Math.ceil(parts / 2) + slotsMax;
  // A reload that changes a table has the old and the new one for a while.
  const tables = Math.ceil(((capacity.tableBytes ?? 0) * 2) / chunkBytes);
  const chunksMax = Math.min(Math.max(wanted, chunksLeast) + tables, chunksMost);
  return sized(objectsMax, chunksMax);
}

/** It has no room for what is wanted now. */
export function isSmaller(layout: SegmentLayout, wanted: SegmentLayout): boolean {
  return layout.chunksMax < wanted.chunksMax || layout.objectsMax < wanted.objectsMax;
}

function sized(objectsMax: number, chunksMax: number): SegmentLayout {
  const areaAt = roundUp(chunkTableAt + chunksMax * chunkEntryWords * 4, headerBytes);
  const lengthBytes = roundUp(areaAt + chunksMax * chunkBytes, lengthUnitBytes);
  return { lengthBytes, objectsMax, chunksMax, areaAt };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** Writes a complete header into zeroed memory; the state word comes last and makes it valid. */
export function writeHeader(words: Int32Array, layout: SegmentLayout, fieldNames: string): void {
  words[wordMagic] = segmentMagic;
  words[wordVersion] = layoutVersion;
  words[wordLength] = layout.lengthBytes / lengthUnitBytes;
  words[wordObjectsMax] = layout.objectsMax;
  words[wordChunksMax] = layout.chunksMax;
  words[wordChunkBytes] = chunkBytes;
  words[wordRowFields] = rowFields;
  words[wordObjectBytes] = objectBytes;
  words[wordAreaPages] = layout.areaAt / headerBytes;
  words[wordRegionCount] = 3;
  words[wordFields] = hashText(fieldNames);
  writeFieldNames(words, fieldNames);
  writeRegion(words, regionSlots, slotsAt, slotsMax * slotBytes);
  writeRegion(words, regionChunkTable, chunkTableAt, layout.areaAt - chunkTableAt);
  writeRegion(words, regionChunks, layout.areaAt, layout.chunksMax * chunkBytes);
  words[wordChecksum] = checksum(words);
  Atomics.store(words, wordState, stateReady);
}

function writeFieldNames(words: Int32Array, names: string): void {
  if (names.length > fieldNamesBytesMax) throw new Error('names of fields exceed the header');
  const bytes = new Uint8Array(words.buffer, words.byteOffset);
  bytes.set(Buffer.from(names, 'latin1'), (wordFieldNames + 1) * 4);
  words[wordFieldNames] = names.length;
}

/** The names of the fields that the rows of this memory have. */
export function readFieldNames(words: Int32Array): string {
  const at = (wordFieldNames + 1) * 4;
  const length = Math.max(0, Math.min(words[wordFieldNames], fieldNamesBytesMax));
  return Buffer.from(words.buffer, words.byteOffset + at, length).toString('latin1');
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619);
  return hash | 0;
}

/** Whether the rows of this memory have just these fields. */
export function hasFields(words: Int32Array, names: string): boolean {
  return words[wordFields] === hashText(names);
}

/** Region types number the entries of the table, from 1. */
function writeRegion(words: Int32Array, type: number, at: number, length: number): void {
  const first = wordRegions + (type - 1) * 4;
  words[first] = type;
  words[first + 1] = at / headerBytes;
  words[first + 2] = Math.ceil(length / headerBytes);
}

/** What HAProxy's files begin with: major version 1, minor version 3, and two bytes of nothing. */
const haproxyVersion = 0x301;

function checksum(words: Int32Array): number {
  let hash = 0x811c9dc5 ^ words[wordVersion];
  for (let i = geometryFirst; i <= geometryLast; i++) hash = Math.imul(hash ^ words[i], 16_777_619);
  return hash | 0;
}

/** What a header says, or why it cannot be used. `fileBytes` is the length of what it heads. */
export function readHeader(words: Int32Array, fileBytes: number): SegmentLayout | string {
  if (words[wordMagic] !== segmentMagic) {
    if (words[wordMagic] === 0 && words[wordState] === stateBeingMade) {
      return 'its creation was interrupted';
    }
    const isHaproxy = (words[wordMagic] & 0xffff) === haproxyVersion;
    return isHaproxy ? "it is a file of HAProxy's own format" : 'it is not a hawser segment';
  }
  if (words[wordVersion] !== layoutVersion) {
    return `its layout version is ${words[wordVersion]}, this program writes ${layoutVersion}`;
  }
  if (words[wordState] !== stateReady) return 'its creation was interrupted';
  if (words[wordChecksum] !== checksum(words)) return 'its header is damaged';
  const layout = sized(words[wordObjectsMax], words[wordChunksMax]);
  if (
    words[wordChunkBytes] !== chunkBytes ||
    words[wordRowFields] !== rowFields ||
    words[wordObjectBytes] !== objectBytes ||
    words[wordLength] * lengthUnitBytes !== layout.lengthBytes
  ) {
    return 'its sizes do not fit this program';
  }
  if (fileBytes < layout.lengthBytes) {
    return `it is cut short: ${fileBytes} bytes of ${layout.lengthBytes}`;
  }
  return layout;
}
