// Waiting without a loop. Every thread may, none that serves should.

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the calling thread for `ms` milliseconds. */
export function blockFor(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}
