// What fetches read, and hence where in the life of a stream they have a value. One row per class;
// a fetch names one or several (`request-headers+response-headers`). The compiler asks `isLegalAt`,
// the word list of -dKall prints `columns`, messages name a place by its label.

/**
 * Places where a sample may be evaluated, one bit each, in the order `-dKall` prints its columns.
 */
export const points = {
  frontConnection: 1 << 0,
  frontSession: 1 << 1,
  frontContent: 1 << 2,
  frontRequest: 1 << 3,
  frontRequestBody: 1 << 4,
  backendChoice: 1 << 5,
  backContent: 1 << 6,
  backRequest: 1 << 7,
  backRequestBody: 1 << 8,
  serverChoice: 1 << 9,
  serverConnect: 1 << 10,
  backResponseContent: 1 << 11,
  backResponse: 1 << 12,
  backResponseBody: 1 << 13,
  storeRule: 1 << 14,
  frontResponseContent: 1 << 15,
  frontResponse: 1 << 16,
  frontResponseBody: 1 << 17,
  log: 1 << 18,
  check: 1 << 19,
  configuration: 1 << 20,
  cli: 1 << 21,
} as const;

const pointCount = 22;

/** Labels by bit, the words HAProxy's lists and messages use for these places. */
export const pointLabels: readonly string[] = [
  'frontend tcp-request connection rule',
  'frontend tcp-request session rule',
  'frontend tcp-request content rule',
  'frontend http-request header rule',
  'frontend http-request body rule',
  'frontend use-backend rule',
  'backend tcp-request content rule',
  'backend http-request header rule',
  'backend http-request body rule',
  'backend use-server, balance or stick-match rule',
  'server source selection',
  'backend tcp-response content rule',
  'backend http-response header rule',
  'backend http-response body rule',
  'backend stick-store rule',
  'frontend tcp-response content rule',
  'frontend http-response header rule',
  'frontend http-response body rule',
  'logs',
  'backend tcp-check rule',
  'configuration parser',
  'CLI parser',
];

interface ReadsDef {
  readonly name: string;
  /** What messages call it. */
  readonly label: string;
  /** Or'ed points at which it can be read. */
  readonly legal: number;
}

const all = (1 << pointCount) - 1;
const { log, check, configuration, cli } = points;
/** Everything on the road of a stream. */
const stream = all & ~(check | configuration | cli);
/** From the first content rule until the server is connected. */
const request = stream & (points.backResponseContent - 1) & ~0b11;
const response = stream & ~(points.backResponseContent - 1);
const backend = stream & ~(points.backContent - 1);

/** One row per class. Order: the life of a stream. */
export const readsDefs = [
  { name: 'constant', label: 'constants', legal: all },
  { name: 'internal', label: 'internal state', legal: all & ~configuration },
  { name: 'listener', label: 'listener', legal: stream },
  { name: 'frontend', label: 'frontend', legal: stream },
  { name: 'client-address', label: 'client address', legal: stream | check },
  { name: 'client-connection', label: 'client-side connection', legal: stream & ~1 },
  { name: 'track', label: 'track counters', legal: stream },
  { name: 'request-buffer', label: 'request buffer', legal: request },
  { name: 'request-headers', label: 'HTTP request headers', legal: request },
  { name: 'request', label: 'HTTP request', legal: stream & ~0b11 },
  {
    name: 'request-body',
    label: 'HTTP request body',
    legal: request & ~(points.frontContent | points.frontRequest),
  },
  { name: 'backend', label: 'backend', legal: backend | check },
  { name: 'server', label: 'server', legal: response | points.serverConnect | check },
  { name: 'server-address', label: 'server address', legal: response | check },
  { name: 'server-connection', label: 'server-side connection', legal: response | check },
  { name: 'response-buffer', label: 'response buffer', legal: (response & ~log) | check },
  { name: 'response-headers', label: 'HTTP response headers', legal: (response & ~log) | check },
  { name: 'response', label: 'HTTP response', legal: response | check },
  {
    name: 'response-body',
    label: 'HTTP response body',
    legal: (response & ~(log | points.backResponseContent | points.backResponse)) | check,
  },
  { name: 'request-totals', label: 'request buffer statistics', legal: stream & ~0b11 },
  {
    name: 'response-totals',
    label: 'response buffer statistics',
    legal: response | points.serverChoice | points.serverConnect,
  },
  { name: 'transaction-totals', label: 'transaction statistics', legal: stream & ~0b11 },
  { name: 'session-totals', label: 'session statistics', legal: stream },
] as const satisfies readonly ReadsDef[];

const byName = new Map<string, ReadsDef>(readsDefs.map((def) => [def.name, def]));

/** Points at which a fetch with this `reads` has a value. Throws for a class that is no row. */
export function legalPoints(reads: string): number {
  let legal = 0;
  for (const def of rowsOf(reads)) legal |= def.legal;
  return legal;
}

/** True when a fetch with this `reads` has a value at any of the or'ed points; 0: always. */
export function isLegalAt(reads: string, point: number): boolean {
  return point === 0 || (legalPoints(reads) & point) !== 0;
}

/** What it reads, in words: `HTTP request headers,HTTP response headers`. */
export function readsLabel(reads: string): string {
  return rowsOf(reads)
    .map((def) => def.label)
    .join(',');
}

/** The columns of `-dKall`: `Y Y . .`. */
export function readsColumns(reads: string): string {
  const legal = legalPoints(reads);
  return Array.from({ length: pointCount }, (_, bit) => ((legal >> bit) & 1 ? 'Y' : '.')).join(' ');
}

/** Label of the first of the or'ed points. */
export function pointLabel(point: number): string {
  return pointLabels[31 - Math.clz32(point & -point)] ?? '';
}

function rowsOf(reads: string): readonly ReadsDef[] {
  return reads.split('+').map((name) => {
    const def = byName.get(name);
    if (def === undefined) throw new Error(`'${name}' is not a row of readsDefs`);
    return def;
  });
}
