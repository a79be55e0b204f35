// What statistics of many servers cost: `show stat` and a Prometheus scrape, made piece by piece in
// this process without a socket. Prints the time of all pieces, the longest between two of them,
// and the bytes; the least numbers say most on a machine that others use. Decides nothing.

import type { MetricScope } from '../../worker/program.ts';
import { metricPieces } from '../../worker/stats/prometheus.ts';
import { sampleStats, viewed } from '../../worker/stats/sample-stats.ts';
import { statPieces, wholeSelection } from '../../worker/stats/table.ts';
import type { Piece } from '../../worker/stream/applet.ts';

const rounds = 35;
const warmUps = 5;
const backends = 50;
const serversEach = 100;

function configuration(): string {
  const sections = Array.from({ length: backends }, (_, back) => {
    const servers = Array.from(
      { length: serversEach },
      (_, at) => `  server srv${at} 10.0.${back}.${at + 1}:8080 check weight 10\n`,
    );
    return `backend app${back}\n${servers.join('')}`;
  });
  const timeouts = '  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n';
  return `defaults\n  mode http\n${timeouts}frontend f\n  bind 127.0.0.1:18891\n${sections.join('')}`;
}

interface Run {
  readonly wholeMs: number;
  /** Of all threads of this process, the collector's too. */
  readonly cpuMs: number;
  readonly longestMs: number;
  readonly bytes: number;
}

/** Where pieces end, as they do in the buffer of a connection. */
const slot = viewed(1 << 20);
/** tune.bufsize. */
const slotBytes = 16_384;

/** How long pieces are; who writes them is asked for a slot at a time. */
function* lengths(pieces: Iterable<Piece>): Generator<number> {
  for (const piece of pieces) {
    if (piece === null) continue;
    if (typeof piece === 'string') Buffer.from(slot.bytes.buffer).write(piece, 'latin1');
    else if (piece instanceof Uint8Array) slot.bytes.set(piece);
    else {
      for (let n = 0; (n = piece.write(slot, 0, slotBytes)) >= 0; ) yield n;
      continue;
    }
    yield piece.length;
  }
}

function run(make: () => Iterable<Piece>): Run {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let [before, longestMs, bytes] = [start, 0, 0];
  for (const length of lengths(make())) {
    bytes += length;
    const now = performance.now();
    longestMs = Math.max(longestMs, now - before);
    before = now;
  }
  const wholeMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { wholeMs, cpuMs: (user + system) / 1000, longestMs, bytes };
}

/** Words of the command line choose rows; none: all. */
const wanted = process.argv.slice(2);

function report(name: string, make: () => Iterable<Piece>): void {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) return;
  const runs = Array.from({ length: rounds }, () => run(make)).slice(warmUps);
  const numbers = (read: (one: Run) => number): string => {
    const sorted = runs.map(read).toSorted((a, b) => a - b);
    return `${sorted[sorted.length >> 1].toFixed(2)} (least ${sorted[0].toFixed(2)})`;
  };
  console.log(
    `${name}: ${numbers(({ wholeMs }) => wholeMs)} ms, ` +
      `${numbers(({ cpuMs }) => cpuMs)} ms of CPU, ` +
      `longest piece ${numbers(({ longestMs }) => longestMs)} ms, ${runs[0].bytes} bytes`,
  );
}

const sample = sampleStats(configuration());
const { source } = sample;
// Two threads have counted something for every object.
for (const { front, back, servers } of source.objects.proxies) {
  for (const object of [front, back, ...servers]) {
    if (object < 0) continue;
    for (const writer of [sample.writer, sample.control]) {
      const row = writer.row(object);
      for (let at = 0; at < 40; at++) writer.values[row + at] = object * 7 + at;
    }
  }
}
const scopes: ReadonlySet<MetricScope> = new Set<MetricScope>([
  ...(['global', 'frontend', 'listener', 'backend', 'server'] as const),
  ...(['sticktable', 'resolver'] as const),
]);
const request = {
  scopes,
  filters: new Map<string, boolean>(),
  hidesMaint: false,
  withModules: false,
  withDescriptions: false,
};
console.log(
  `${backends * serversEach} servers in ${backends} backends, medians of ${rounds - warmUps} (and the least)`,
);
for (const format of ['csv', 'typed', 'json'] as const) {
  report(`show stat ${format}`, () => statPieces(source, { ...wholeSelection, format }));
}
report('Prometheus scrape', () => metricPieces(source, undefined, request));
