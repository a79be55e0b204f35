// Regions, gather lists and datagram batches of the fake kernel: plain arrays at address 0, with
// the bounds rule of the real ones. Used by sys.ts only.

import { checkBounds } from '../bounds.ts';
import { AF_INET, AF_INET6, AF_UNIX } from '../constants.ts';
import type { DatagramBatch, IoVector, Region, SocketAddress } from '../sys.ts';

export function fakeRegion(bytes: Uint8Array): Region {
  return { bytes, address: 0 };
}

export class FakeVector implements IoVector {
  readonly capacity: number;
  readonly parts: Uint8Array[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get count(): number {
    return this.parts.length;
  }

  set count(value: number) {
    this.parts.length = value;
  }

  clear(): void {
    this.parts.length = 0;
  }

  add(region: Region, at: number, length: number): void {
    checkBounds(region, at, length);
    if (this.parts.length >= this.capacity) throw new RangeError('the vector is full');
    this.parts.push(region.bytes.subarray(at, at + length));
  }

  /** All parts in one array. */
  joined(): Uint8Array {
    return Buffer.concat(this.parts);
  }
}

export class FakeDatagrams implements DatagramBatch {
  readonly capacity: number;
  readonly messages: { readonly part: Uint8Array; readonly to: Uint8Array | null }[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get count(): number {
    return this.messages.length;
  }

  set count(value: number) {
    this.messages.length = value;
  }

  clear(): void {
    this.messages.length = 0;
  }

  add(region: Region, at: number, length: number, to: SocketAddress | null): void {
    checkBounds(region, at, length);
    if (this.messages.length >= this.capacity) throw new RangeError('the batch is full');
    const address = to === null ? null : bytesOf(to).slice();
    this.messages.push({ part: region.bytes.subarray(at, at + length), to: address });
  }
}

/** The valid bytes of an address. */
export function bytesOf(address: SocketAddress): Uint8Array {
  checkBounds(address.region, 0, address.length);
  return address.region.bytes.subarray(0, address.length);
}

/** Stores sockaddr bytes; a socket without a name has its family alone, and zeroes if internet. */
export function storeAddress(from: Uint8Array, domain: number, into: SocketAddress): void {
  const bytes = into.region.bytes;
  bytes.fill(0);
  bytes[0] = domain;
  bytes.set(from);
  into.length = from.length > 0 ? from.length : UNNAMED_BYTES.get(domain)!;
}

const UNNAMED_BYTES: ReadonlyMap<number, number> = new Map([
  [AF_UNIX, 2],
  [AF_INET, 16],
  [AF_INET6, 28],
]);
