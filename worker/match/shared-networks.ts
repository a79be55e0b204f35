// IPv4 networks of a shared file (shared-list.ts), for the method ip: their addresses, and a hash
// of them by mask. The first thread that needs them reads the texts, the others wait. What is no
// IPv4 network with a plain mask is only listed: few files have such lines, and threads keep those
// as entries of their own. Nothing changes once it is read; look-ups run while serving.
//
//   words  state, first line that is no network, number of others, bit sets of masks (2 words)
//          addresses  1 word each: masked
//          next       1 word each: the next entry with the same network, 0: none
//          others     1 word each: numbers of entries that are not in the hash
//          slots      1 word each: the first entry of a network, 0: free
//   bytes  1 each: bits of the mask

import { parseNetworkPattern } from './addresses.ts';

const wordState = 0;
const wordBad = 1;
const wordOthers = 2;
const wordMasks = 3;
const headWords = 5;

const stateRaw = 0;
const stateBusy = 1;
const stateReady = 2;

/** Lines that threads would rather not keep as entries of their own. */
const othersMax = 10_000;

/** Bytes for so many lines and slots; the system gives them when they are used. */
export const networkBytes = (lines: number, slots: number): number =>
  (headWords + lines * 3 + slots) * 4 + ((lines + 3) & ~3);

/** The texts that are read, by number. */
interface NetworkTexts {
  readonly count: number;
  text(number: number): string;
}

/** Where in `memory` the tables are. */
interface NetworkPlace {
  readonly memory: SharedArrayBuffer;
  readonly at: number;
  readonly lines: number;
  readonly slotCount: number;
  readonly texts: NetworkTexts;
}

/** The mask of so many bits, as 32 bits with a sign. */
const maskOf = (bits: number): number => (bits === 0 ? 0 : (-1 << (32 - bits)) | 0);

function hashOf(address: number, bits: number): number {
  let hash = Math.imul(address ^ Math.imul(bits + 1, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

export class SharedNetworks {
  /** First entry that is no network, 0: all are. */
  readonly bad: number;
  /** IPv6 networks, and masks with holes. */
  readonly others: Int32Array;
  /** Bits of the masks that there are, longest first, and the masks. */
  readonly bits: readonly number[];
  private readonly masks: readonly number[];
  private readonly addresses: Int32Array;
  private readonly next: Int32Array;
  private readonly slots: Int32Array;
  private readonly slotMask: number;
  private readonly lengths: Uint8Array;

  constructor({ memory, at, lines, slotCount: slots, texts }: NetworkPlace) {
    const head = new Int32Array(memory, at, headWords);
    const from = at + headWords * 4;
    this.addresses = new Int32Array(memory, from, lines);
    this.next = new Int32Array(memory, from + lines * 4, lines);
    const others = new Int32Array(memory, from + lines * 8, lines);
    this.slots = new Int32Array(memory, from + lines * 12, slots);
    this.slotMask = slots - 1;
    this.lengths = new Uint8Array(memory, from + lines * 12 + slots * 4, lines);
    if (Atomics.compareExchange(head, wordState, stateRaw, stateBusy) === stateRaw) {
      this.read(head, others, texts);
      Atomics.store(head, wordState, stateReady);
      Atomics.notify(head, wordState);
    } else {
      while (Atomics.wait(head, wordState, stateBusy) === 'ok');
    }
    this.bad = head[wordBad];
    this.others = others.subarray(0, head[wordOthers]);
    this.bits = Array.from({ length: 33 }, (_, i) => 32 - i).filter(
      (bits) => (head[wordMasks + (bits >> 5)] & (1 << (bits & 31))) !== 0,
    );
    this.masks = this.bits.map(maskOf);
  }

  /** Few enough lines are listed only. */
  get isUseful(): boolean {
    return this.others.length <= othersMax;
  }

  /** The first entry of the network around `address` with mask `index` of `bits`; 0: none. */
  find(address: number, index: number): number {
    const bits = this.bits[index];
    const wanted = address & this.masks[index];
    const { slots, slotMask, addresses, lengths } = this;
    for (let slot = hashOf(wanted, bits) & slotMask; ; slot = (slot + 1) & slotMask) {
      const number = slots[slot];
      if (number === 0) return 0;
      if (addresses[number - 1] === wanted && lengths[number - 1] === bits) return number;
    }
  }

  /** The next entry of the same network, 0: none. */
  after(number: number): number {
    return this.next[number - 1];
  }

  /** Bits of the mask of an entry in the hash. */
  bitsOf(number: number): number {
    return this.lengths[number - 1];
  }

  private read(head: Int32Array, others: Int32Array, texts: NetworkTexts): void {
    let count = 0;
    // From the end, so that the first of equal networks is the one that is found.
    for (let number = texts.count; number > 0; number--) {
      const network = parseNetworkPattern(texts.text(number));
      if (typeof network === 'string') {
        head[wordBad] = number;
        continue;
      }
      const bits = network.family === 4 ? prefixBits(network.mask4) : -1;
      if (bits < 0) others[count++] = number;
      else {
        this.index(number, network.address4 & network.mask4, bits);
        head[wordMasks + (bits >> 5)] |= 1 << (bits & 31);
      }
    }
    head[wordOthers] = count;
    others.subarray(0, count).sort();
  }

  private index(number: number, address: number, bits: number): void {
    const { slots, slotMask, addresses, lengths } = this;
    addresses[number - 1] = address;
    lengths[number - 1] = bits;
    for (let slot = hashOf(address, bits) & slotMask; ; slot = (slot + 1) & slotMask) {
      const other = slots[slot];
      const isTwin = other !== 0 && addresses[other - 1] === address && lengths[other - 1] === bits;
      if (other !== 0 && !isTwin) continue;
      this.next[number - 1] = other;
      slots[slot] = number;
      return;
    }
  }
}

/** Bits of a mask that is one run of ones from the left, -1: it has holes. */
export function prefixBits(mask: number): number {
  const zeros = ~mask >>> 0;
  return (zeros & (zeros + 1)) === 0 ? Math.clz32(zeros) : -1;
}
