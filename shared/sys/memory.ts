// Memory the kernel may touch: regions, and the shared mapping of a file.
// Called by the rest of shared/sys. It must never hand out memory that moves or is given back while
// somebody may still use its address.

import { addressOf, declare, lastErrno } from './ffi.ts';
import type { Region } from './sys.ts';

const getpagesize = declare<() => number>('int getpagesize()');
const mmap = declare<
  (
    address: number,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    at: number,
  ) => number
>('intptr_t mmap(uintptr_t, size_t, int, int, int, int64_t)');

/** The kernel's page size in bytes. */
export const PAGE_BYTES = getpagesize();

const PROT_READ_WRITE = 3;
const MAP_SHARED_FIXED = 0x11;
const MAP_FAILED = -1;

/**
 * The C library gives an allocation of this size its own mapping and unmaps all of it on free; a
 * smaller one may come from a heap that would hand the file's pages to somebody else later. The
 * pages that no file covers are never touched, so they cost address space only.
 */
const OWN_MAPPING_BYTES = 40 * 1024 * 1024;

/** Room before the first mapped page, so that the allocator's own words never lie in the file. */
const HEAD_ROOM_BYTES = 64;

/** Views made by `mapShared`: kept for the life of the thread, whatever their users do. */
const mappings: Uint8Array[] = [];

/** A region of the real kernel: one shape for all of them. */
export class MemoryRegion implements Region {
  readonly bytes: Uint8Array;
  readonly address: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.address = addressOf(bytes);
  }
}

/** See `Sys.region`. */
export function region(length: number): Region {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`a region of ${length} bytes`);
  }
  const whole = new Uint8Array(new SharedArrayBuffer(length + PAGE_BYTES));
  const skip = (PAGE_BYTES - (addressOf(whole) % PAGE_BYTES)) % PAGE_BYTES;
  return new MemoryRegion(whole.subarray(skip, skip + length));
}

/** See `Sys.regionOf`. */
export function regionOf(bytes: Uint8Array): Region {
  return new MemoryRegion(bytes);
}

/** See `Sys.mapShared`. */
export function mapShared(fd: number, length: number): Uint8Array | number {
  if (!Number.isSafeInteger(length) || length <= 0 || length % PAGE_BYTES !== 0) {
    throw new RangeError(`a mapping of ${length} bytes: not whole pages of ${PAGE_BYTES}`);
  }
  const room = Math.max(length, OWN_MAPPING_BYTES) + 2 * PAGE_BYTES;
  const memory = new SharedArrayBuffer(room);
  const base = addressOf(new Uint8Array(memory)) + HEAD_ROOM_BYTES;
  const aligned = Math.ceil(base / PAGE_BYTES) * PAGE_BYTES;
  const mapped = mmap(aligned, length, PROT_READ_WRITE, MAP_SHARED_FIXED, fd, 0);
  if (mapped === MAP_FAILED) return -lastErrno();
  const view = new Uint8Array(memory, aligned - base + HEAD_ROOM_BYTES, length);
  mappings.push(view);
  return view;
}
