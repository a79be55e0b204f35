// Small things that V8 does outside of compiled code, done inside of it. Hot path.

/** Empties a short list and keeps its memory: `length = 0` is a call into the runtime. */
export function empty(list: unknown[]): void {
  while (list.length > 0) list.pop();
}

/** Shorter moves are done here: `copyWithin` costs more to call than it saves. */
const copyLeast = 64;

/** Copies bytes to a place that does not overlap them. */
export function copyBytes(bytes: Uint8Array, to: number, from: number, length: number): void {
  if (length >= copyLeast) bytes.copyWithin(to, from, from + length);
  else for (let i = 0; i < length; i++) bytes[to + i] = bytes[from + i];
}
