// What a live dashboard is told: the messages of its event stream, as JSON. `full` comes first and
// after a pause, `tick` once a second with what has changed. Made by feed.ts, read by the page, so
// nothing here needs Node.js or a browser.

/** Places in a row. Rates are events of the last second. */
export const column = {
  /** OPEN, PAUSED, STOP, UP, DOWN, MAINT, ... as the statistics have it. */
  status: 0,
  /** Wall clock of the last change of state, seconds; null: unknown. */
  changedAt: 1,
  sessions: 2,
  queue: 3,
  /** Requests, or sessions in TCP mode. */
  rate: 4,
  /**
   * Answers of status 500 and above; of servers also connections and answers that failed, of TCP
   * backends these alone.
   */
  errorRate: 5,
  bytesInRate: 6,
  bytesOutRate: 7,
  /** Requests, or sessions in TCP mode, so far. */
  total: 8,
  weight: 9,
  /** Averages of the last exchanges, milliseconds; null: there were none. */
  queueMs: 10,
  connectMs: 11,
  responseMs: 12,
  totalMs: 13,
  /** Of a backend: total time of the last ten seconds' exchanges; null: there were none. */
  p50: 14,
  p95: 15,
  p99: 16,
  /** Last health check, '' for none. */
  check: 17,
  /** Sessions, or for servers streams, that are allowed; 0: no limit. */
  limit: 18,
} as const;

export type Cell = string | number | null;
export type Row = readonly Cell[];

/** Rows of one proxy: `f` its frontend, `b` its backend, and servers by their index. */
export type ProxyRows = Readonly<Record<string, Row>>;

/** Places in a point of the charts: everything the dashboard shows, added up. */
export const point = {
  /** Wall clock, seconds. */
  at: 0,
  requests: 1,
  clientErrors: 2,
  serverErrors: 3,
  failures: 4,
  sessions: 5,
  queue: 6,
  p50: 7,
  p95: 8,
  p99: 9,
  bytesIn: 10,
  bytesOut: 11,
} as const;

export type Point = readonly (number | null)[];

/** Points that are kept: ten minutes. */
export const pointsMax = 600;
/** Events that are kept. */
export const eventsMax = 200;
/** Readings of the histogram that percentiles are of. */
export const latencySlices = 10;

export interface ServerHead {
  readonly index: number;
  readonly name: string;
  /** '' where it is not told. */
  readonly address: string;
  readonly isBackup: boolean;
}

export interface ProxyHead {
  readonly index: number;
  /** What a change of its servers is sent with. */
  readonly id: number;
  readonly name: string;
  readonly mode: string;
  readonly description: string;
  readonly hasFront: boolean;
  readonly hasBack: boolean;
  readonly servers: readonly ServerHead[];
}

export interface LiveEvent {
  readonly id: number;
  /** Wall clock, milliseconds. */
  readonly at: number;
  readonly proxy: string;
  /** As of syslog: 0 is worst. */
  readonly severity: number;
  readonly text: string;
}

/** A start of a worker, or a reload that failed. */
export interface LoadEvent {
  readonly at: number;
  readonly what: 'start' | 'reload' | 'restart' | 'failed' | 'crash';
  readonly detail: string;
}

export interface TopTable {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly used: number;
  /** Of the numbers behind each key; the first one decides the order. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly [key: string, ...values: number[]])[];
  /** The table is larger than what is looked at in one go. */
  readonly isPart: boolean;
}

export interface ProcessFacts {
  readonly pid: number;
  readonly generation: number;
  readonly threads: number;
  /** Wall clock of the worker's start, seconds. */
  readonly startedAt: number;
  readonly connections: number;
  readonly maxconn: number;
  /** Percent of the time that threads sleep. */
  readonly idle: number;
}

export interface FullMessage {
  /** Goes with every change. */
  readonly token: string;
  readonly process: ProcessFacts;
  readonly proxies: readonly ProxyHead[];
  readonly rows: Readonly<Record<string, ProxyRows>>;
  readonly history: readonly Point[];
  readonly events: readonly LiveEvent[];
  readonly loads: readonly LoadEvent[];
  readonly tables: readonly TopTable[];
}

export interface TickMessage {
  readonly process: ProcessFacts;
  /** Only what has changed. */
  readonly rows: Readonly<Record<string, ProxyRows>>;
  readonly point: Point;
  readonly events?: readonly LiveEvent[];
  readonly loads?: readonly LoadEvent[];
  readonly tables?: readonly TopTable[];
}
