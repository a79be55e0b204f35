// Small things that V8 does outside of compiled code, done inside of it. Hot path.

/** Empties a short list and keeps its memory: `length = 0` is a call into the runtime. */
export function empty(list: unknown[]): void {
  while (list.length > 0) list.pop();
}

/** Memory as single bytes, and for several at once. */
export interface Viewed {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * Shorter moves are done here: `copyWithin` is a call into the runtime of 30 to 50 ns, in which
 * compiled code moves 100 bytes, two words at a time.
 */
const copyLeast = 512;

/** Copies bytes to a place that does not overlap them. */
export function copyBytes({ bytes, view }: Viewed, to: number, from: number, length: number): void {
  if (length >= copyLeast) {
    bytes.copyWithin(to, from, from + length);
    return;
  }
  let i = 0;
  for (; i + 8 <= length; i += 8) {
    view.setInt32(to + i, view.getInt32(from + i, true), true);
    view.setInt32(to + i + 4, view.getInt32(from + i + 4, true), true);
  }
  for (; i < length; i++) bytes[to + i] = bytes[from + i];
}
