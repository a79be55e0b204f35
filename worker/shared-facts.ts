// Lines of `show info` that only the control thread knows, where proxy threads can read them too:
// for the statistics page and the Prometheus exporter. One float a line, one writer, plain stores.

/** By their names in `show info`; the position is the place in the buffer. */
const factNames = [
  ...(['Idle_pct', 'BytesOutRate', 'DebugCommandsIssued', 'TotalWarnings', 'BootTime_ms'] as const),
  ...(['ConnRateLimit', 'SessRateLimit', 'SslRateLimit', 'Listeners', 'Jobs', 'Tasks'] as const),
  ...(['Maxconn', 'Stopping', 'PatternsAdded', 'PatternsFreed'] as const),
];

type Facts = Readonly<Record<string, string | number | null>>;

/** Made once, handed to every thread. */
export function allocateFacts(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(factNames.length * Float64Array.BYTES_PER_ELEMENT);
  new Float64Array(buffer).fill(Number.NaN);
  return buffer;
}

/** Control thread: what `lines` has of them. */
export function publishFacts(buffer: SharedArrayBuffer, lines: Facts): void {
  const values = new Float64Array(buffer);
  factNames.forEach((name, at) => {
    const value = lines[name];
    if (typeof value === 'number') values[at] = value;
  });
}

/** What has been published so far. */
export function readFacts(buffer: SharedArrayBuffer): Record<string, number> {
  const values = new Float64Array(buffer);
  const lines: Record<string, number> = {};
  factNames.forEach((name, at) => {
    if (!Number.isNaN(values[at])) lines[name] = values[at];
  });
  return lines;
}
