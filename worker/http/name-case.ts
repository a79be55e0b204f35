// Header names as broken peers want them (manual 3, h1-case-adjust): names leave in lower case, and
// the few that are listed are written over, in place, in a head that is ready to be sent. Only
// their case differs, so nothing moves. Made at start; read by mux/output.ts.

import { colon, lineFeed } from './syntax.ts';

interface Entry {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

const none: readonly Entry[] = [];
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

export class NameCase {
  /** By length of the name. */
  private readonly entries: (readonly Entry[])[];

  /** Pairs of names, lower case first. */
  constructor(pairs: readonly { readonly from: string; readonly to: string }[]) {
    const lengthMax = Math.max(0, ...pairs.map(({ from }) => from.length));
    this.entries = Array.from({ length: lengthMax + 1 }, () => none);
    for (const { from, to } of pairs) {
      const known = this.entries[from.length];
      this.entries[from.length] = [...known, { from: bytesOf(from), to: bytesOf(to) }];
    }
  }

  /** Goes over the lines behind the first one: of a head, or of trailers behind the last chunk. */
  apply(bytes: Uint8Array, start: number, length: number): void {
    const end = start + length;
    let at = nextLine(bytes, start, end);
    while (at < end) {
      const nameEnd = bytes.indexOf(colon, at);
      const line = nextLine(bytes, at, end);
      if (nameEnd >= 0 && nameEnd < line) this.adjust(bytes, at, nameEnd - at);
      at = line;
    }
  }

  private adjust(bytes: Uint8Array, at: number, length: number): void {
    if (length >= this.entries.length) return;
    const candidates = this.entries[length];
    for (let i = 0; i < candidates.length; i++) {
      const { from, to } = candidates[i];
      if (!isEqual(bytes, at, from)) continue;
      for (let k = 0; k < length; k++) bytes[at + k] = to[k];
      return;
    }
  }
}

function isEqual(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    if (bytes[at + i] !== name[i]) return false;
  }
  return true;
}

function nextLine(bytes: Uint8Array, at: number, end: number): number {
  const found = bytes.indexOf(lineFeed, at);
  return found < 0 || found >= end ? end : found + 1;
}
