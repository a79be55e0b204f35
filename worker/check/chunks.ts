// The chunked coding of a whole small message (RFC 9112 7.1). Checks read answers of one buffer at
// most, so they are decoded from their start each time something has come.

export interface Decoded {
  /** What the chunks hold, as far as they have come. */
  readonly text: string;
  /** The last chunk and its trailers have come, or the coding is broken: nothing more follows. */
  readonly isWhole: boolean;
  /** Where the coding ends in what was given, -1: not there, or it is broken. */
  readonly endAt: number;
}

/** Decodes `raw`, one character per byte. */
export function decodeChunks(raw: string): Decoded {
  let text = '';
  let at = 0;
  for (;;) {
    const end = raw.indexOf('\r\n', at);
    if (end < 0) return { text, isWhole: false, endAt: -1 };
    const size = /^[0-9a-fA-F]+/.exec(raw.slice(at, end))?.[0];
    if (size === undefined) return { text, isWhole: true, endAt: -1 };
    const length = Number.parseInt(size, 16);
    if (length === 0) {
      const endAt = trailersEnd(raw, end);
      return { text, isWhole: endAt >= 0, endAt };
    }
    text += raw.slice(end + 2, end + 2 + length);
    at = end + 2 + length + 2;
    if (at > raw.length) return { text, isWhole: false, endAt: -1 };
  }
}

/** `at`: the line end of the last chunk's size. -1: they have not all come. */
function trailersEnd(raw: string, at: number): number {
  const found = raw.indexOf('\r\n\r\n', at);
  return found < 0 ? -1 : found + 4;
}
