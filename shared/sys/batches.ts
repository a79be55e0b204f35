// The structures that carry many things in one system call: events, gather lists, datagrams, and
// the socket address. Made once by linux.ts, filled by callers, read by the kernel.
// Each owns a region in the kernel's layout; none allocates after it was made.

import { checkBounds } from './bounds.ts';
import { AF_UNSPEC } from './constants.ts';
import { region } from './memory.ts';
import type { DatagramBatch, EventBatch, IoVector, Region, SocketAddress } from './sys.ts';

/** Bytes of a sockaddr_storage: every address fits. */
export const SOCKADDR_BYTES = 128;

const TWO_32 = 0x1_0000_0000;

/** struct epoll_event is packed to 12 bytes on x86-64 only; elsewhere its data is aligned to 8. */
const PACKED = process.arch === 'x64' || process.arch === 'ia32';
/** 32-bit words from one epoll_event to the next. */
export const EVENT_WORDS = PACKED ? 3 : 4;
/** Word of an epoll_event that holds the descriptor (word 0 holds the events). */
export const EVENT_FD_WORD = PACKED ? 1 : 2;

/** Writes a 64-bit pointer or length at `word` (little endian, safe integers only). */
export function putLong(words: Uint32Array, word: number, value: number): void {
  words[word] = value >>> 0;
  words[word + 1] = (value / TWO_32) >>> 0;
}

/** A view of 32-bit words over a whole region. */
export function wordsOf(memory: Region): Uint32Array {
  const bytes = memory.bytes;
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}

function checkCapacity(capacity: number, most: number): void {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > most) {
    throw new RangeError(`a capacity of ${capacity}: 1 to ${most}`);
  }
}

/** An array of epoll_event. */
export class KernelEvents implements EventBatch {
  readonly capacity: number;
  readonly address: number;
  readonly #words: Int32Array;

  constructor(capacity: number) {
    checkCapacity(capacity, 1 << 16);
    const memory = region(capacity * EVENT_WORDS * 4);
    this.capacity = capacity;
    this.address = memory.address;
    const { buffer, byteOffset } = memory.bytes;
    this.#words = new Int32Array(buffer, byteOffset, capacity * EVENT_WORDS);
  }

  fdAt(index: number): number {
    return this.#words[index * EVENT_WORDS + EVENT_FD_WORD]!;
  }

  eventsAt(index: number): number {
    return this.#words[index * EVENT_WORDS]!;
  }
}

/** A sockaddr. A fresh one is of family AF_UNSPEC. */
export class KernelAddress implements SocketAddress {
  readonly region: Region;
  length: number;

  constructor() {
    this.region = region(SOCKADDR_BYTES);
    this.region.bytes[0] = AF_UNSPEC;
    this.length = 2;
  }
}

/*
 * struct msghdr, 64-bit: byte 0 name, 8 name length, 16 iovec, 24 iovec count, 32 control,
 * 40 control length, 48 flags; 56 bytes. In 32-bit words: 0, 2, 4, 6, 8, 10, 12.
 */
export const MSGHDR_BYTES = 56;
export const MSG_NAME = 0;
export const MSG_NAME_LENGTH = 2;
export const MSG_IOV = 4;
export const MSG_IOV_COUNT = 6;
export const MSG_CONTROL = 8;
export const MSG_CONTROL_LENGTH = 10;

/** Most entries one vector may hold (IOV_MAX). */
const VECTOR_MAX = 1024;
/** The list starts here, after the msghdr that points to it. */
const VECTOR_AT = 64;

/** A msghdr followed by its iovec array: {pointer, length} of 8 bytes each. */
export class KernelVector implements IoVector {
  readonly capacity: number;
  count: number;
  /** Address of the iovec array, for writev. */
  readonly listAddress: number;
  /** Address of the msghdr, for sendmsg. */
  readonly messageAddress: number;
  readonly #words: Uint32Array;
  /** Keeps the memory of the entries alive until the list is filled anew. */
  readonly #entries: Region[];

  constructor(capacity: number) {
    checkCapacity(capacity, VECTOR_MAX);
    const memory = region(VECTOR_AT + capacity * 16);
    this.capacity = capacity;
    this.count = 0;
    this.messageAddress = memory.address;
    this.listAddress = memory.address + VECTOR_AT;
    this.#words = wordsOf(memory);
    this.#entries = new Array<Region>(capacity).fill(memory);
    putLong(this.#words, MSG_IOV, this.listAddress);
  }

  clear(): void {
    this.count = 0;
  }

  add(memory: Region, at: number, length: number): void {
    checkBounds(memory, at, length);
    const index = this.count;
    if (index >= this.capacity) throw new RangeError(`a vector of ${this.capacity} is full`);
    const words = this.#words;
    const word = VECTOR_AT / 4 + index * 4;
    const address = memory.address + at;
    words[word] = address >>> 0;
    words[word + 1] = (address / TWO_32) >>> 0;
    words[word + 2] = length;
    this.#entries[index] = memory;
    this.count = index + 1;
  }

  /** Tells the msghdr how long the list is. Called directly before sendmsg. */
  seal(): void {
    this.#words[MSG_IOV_COUNT] = this.count;
  }
}

/** struct mmsghdr: a msghdr, the length sent (4 bytes), 4 bytes of padding. */
const MMSGHDR_BYTES = 64;
/** One message: its mmsghdr in the first array; iovec and sockaddr in the second. */
const IOVEC_BYTES = 16;

/** An array of mmsghdr, then one iovec and one sockaddr for each. */
export class KernelDatagrams implements DatagramBatch {
  readonly capacity: number;
  count: number;
  readonly address: number;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #entries: Region[];

  constructor(capacity: number) {
    checkCapacity(capacity, VECTOR_MAX);
    const memory = region(capacity * (MMSGHDR_BYTES + IOVEC_BYTES + SOCKADDR_BYTES));
    this.capacity = capacity;
    this.count = 0;
    this.address = memory.address;
    this.#bytes = memory.bytes;
    this.#words = wordsOf(memory);
    this.#entries = new Array<Region>(capacity).fill(memory);
    for (let index = 0; index < capacity; index++) {
      const header = (index * MMSGHDR_BYTES) / 4;
      putLong(this.#words, header + MSG_IOV, memory.address + this.#iovecAt(index));
      this.#words[header + MSG_IOV_COUNT] = 1;
    }
  }

  clear(): void {
    this.count = 0;
  }

  add(memory: Region, at: number, length: number, to: SocketAddress | null): void {
    checkBounds(memory, at, length);
    const index = this.count;
    if (index >= this.capacity) throw new RangeError(`a batch of ${this.capacity} is full`);
    const words = this.#words;
    const header = (index * MMSGHDR_BYTES) / 4;
    const iovecAt = this.#iovecAt(index);
    putLong(words, iovecAt / 4, memory.address + at);
    words[iovecAt / 4 + 2] = length;
    if (to === null) {
      putLong(words, header + MSG_NAME, 0);
      words[header + MSG_NAME_LENGTH] = 0;
    } else {
      checkBounds(to.region, 0, to.length);
      if (to.length > SOCKADDR_BYTES) throw new RangeError(`an address of ${to.length} bytes`);
      const nameAt = iovecAt + IOVEC_BYTES;
      for (let i = 0; i < to.length; i++) this.#bytes[nameAt + i] = to.region.bytes[i]!;
      putLong(words, header + MSG_NAME, this.address + nameAt);
      words[header + MSG_NAME_LENGTH] = to.length;
    }
    this.#entries[index] = memory;
    this.count = index + 1;
  }

  #iovecAt(index: number): number {
    return this.capacity * MMSGHDR_BYTES + index * (IOVEC_BYTES + SOCKADDR_BYTES);
  }
}
