// How long exchanges take, by backend, as a histogram: proxy threads count, the control thread
// reads percentiles. Only there when a proxy has a live dashboard. Each thread has counts of its
// own for each backend, so a count is a plain store.
//
//   [thread][backend] words: counts of 192 buckets, then their sum, then 7 unused
//
// Buckets: sixteenths of a millisecond one by one up to seven, then eight for each power of two, so
// a bucket is at most an eighth of its value wide. The last ends at 70 minutes and takes the rest.

const bucketCount = 192;
const sumAt = bucketCount;
const backendWords = 200;
const unitsPerMs = 16;
/** Buckets of one power of two, and its logarithm. */
const steps = 8;
const stepBits = 3;
const unitsMax = 2 ** (bucketCount / steps + stepBits - 1) - 1;

/** Memory for so many threads and backends (by proxy index). Made once. */
export function allocateLatency(threads: number, proxies: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * proxies * backendWords * Uint32Array.BYTES_PER_ELEMENT);
}

function bucketOf(ms: number): number {
  const units = Math.min(ms * unitsPerMs, unitsMax) | 0;
  if (units < steps) return units;
  const exponent = 31 - Math.clz32(units);
  const step = (units >> (exponent - stepBits)) & (steps - 1);
  return (exponent - stepBits + 1) * steps + step;
}

/** Where a bucket begins, milliseconds. */
function startOf(bucket: number): number {
  if (bucket < steps) return bucket / unitsPerMs;
  const exponent = Math.floor(bucket / steps) + stepBits - 1;
  return (2 ** exponent * (1 + (bucket % steps) / steps)) / unitsPerMs;
}

/** One thread's counts. */
export class LatencyWriter {
  private readonly words: Uint32Array;

  constructor(buffer: SharedArrayBuffer, threads: number, threadIndex: number) {
    const share = buffer.byteLength / threads;
    const length = share / Uint32Array.BYTES_PER_ELEMENT;
    this.words = new Uint32Array(buffer, share * threadIndex, length);
  }

  /** An exchange with a server of backend `proxyIndex` is over. Hot path. */
  count(proxyIndex: number, ms: number): void {
    const { words } = this;
    const row = proxyIndex * backendWords;
    // A backend that was added at run time has no room.
    if (row >= words.length) return;
    words[row + bucketOf(ms)] += 1;
    words[row + sumAt] += 1;
  }
}

/** Counts of one backend since the last reading, and of a while. */
interface Window {
  readonly seen: Uint32Array;
  /** Newest last. */
  readonly slices: Slice[];
}

type Slice = Uint32Array | null;

/** Percentiles over a sliding window. Control thread. */
export class LatencyReader {
  private readonly words: Uint32Array;
  private readonly threads: number;
  private readonly slicesMax: number;
  /** By proxy index; those that nobody has used are absent. */
  private readonly windows: Map<number, Window>;

  /** `slicesMax`: readings that a window is made of. */
  constructor(buffer: SharedArrayBuffer, threads: number, slicesMax: number) {
    this.words = new Uint32Array(buffer);
    this.threads = threads;
    this.slicesMax = slicesMax;
    this.windows = new Map();
  }

  /** Takes what was counted since the last call: one slice more, the oldest forgotten. */
  turn(): void {
    const perThread = this.words.length / this.threads;
    for (let row = 0; row < perThread; row += backendWords) {
      const proxyIndex = row / backendWords;
      const sum = this.countOf(row, sumAt);
      const known = this.windows.get(proxyIndex);
      if (known === undefined && sum === 0) continue;
      const window = known ?? { seen: new Uint32Array(sumAt + 1), slices: [] };
      if (known === undefined) this.windows.set(proxyIndex, window);
      window.slices.push(sum === window.seen[sumAt] ? null : this.take(row, window.seen));
      if (window.slices.length > this.slicesMax) window.slices.shift();
    }
  }

  private countOf(row: number, at: number): number {
    const perThread = this.words.length / this.threads;
    let count = 0;
    for (let i = 0; i < this.threads; i++) count += this.words[i * perThread + row + at];
    return count >>> 0;
  }

  private take(row: number, seen: Uint32Array): Uint32Array {
    const slice = new Uint32Array(bucketCount);
    for (let at = 0; at < bucketCount; at++) {
      const count = this.countOf(row, at);
      slice[at] = count - seen[at];
      seen[at] = count;
    }
    seen[sumAt] = this.countOf(row, sumAt);
    return slice;
  }

  /** Of these backends together, milliseconds at each of `ranks` (0 to 1); null: no counts. */
  percentiles(proxies: Iterable<number>, ranks: readonly number[]): number[] | null {
    const total = new Float64Array(bucketCount);
    let sum = 0;
    for (const proxyIndex of proxies) {
      for (const slice of this.windows.get(proxyIndex)?.slices ?? []) {
        if (slice === null) continue;
        for (let at = 0; at < bucketCount; at++) {
          total[at] += slice[at];
          sum += slice[at];
        }
      }
    }
    return sum === 0 ? null : ranks.map((rank) => valueAt(total, rank * sum));
  }
}

/** The value that `wanted` of the counts lie below; inside a bucket they are spread evenly. */
function valueAt(counts: Float64Array, wanted: number): number {
  let below = 0;
  for (let at = 0; at < counts.length; at++) {
    if (counts[at] > 0 && below + counts[at] >= wanted) {
      const part = Math.max(0, wanted - below) / counts[at];
      return startOf(at) + part * (startOf(at + 1) - startOf(at));
    }
    below += counts[at];
  }
  return startOf(counts.length);
}
