// `show stat` as rows that can be compared: one for each frontend, backend and server, with rates
// made of two readings. Called by cli/top/top.ts. Reads HAProxy's CSV by the names of its columns.

export type RowKind = 'frontend' | 'backend' | 'server';

/** How a row is doing, whatever HAProxy's words for it are. */
export type Health = 'good' | 'bad' | 'aside' | 'unknown';

export interface Row {
  readonly kind: RowKind;
  readonly proxy: string;
  /** The server, '' for a frontend or backend. */
  readonly server: string;
  /** HAProxy's words: `UP 1/3`, `MAINT (resolution)`. */
  readonly state: string;
  readonly health: Health;
  /** Seconds since the last change of state, -1: it has none. */
  readonly sinceSeconds: number;
  readonly requestsPerSecond: number;
  /** Requests, connections and answers that failed. */
  readonly errorsPerSecond: number;
  readonly status4xxPerSecond: number;
  readonly status5xxPerSecond: number;
  readonly sessions: number;
  /** 0: no limit. */
  readonly sessionsMax: number;
  readonly queue: number;
  readonly bytesInPerSecond: number;
  readonly bytesOutPerSecond: number;
  /** Averages over the last answers, -1: there are none. */
  readonly responseMs: number;
  readonly totalMs: number;
  readonly weight: number;
  readonly check: string;
  readonly requests: number;
  readonly errors: number;
}

/** One reading: the counters of every row by its name. */
export interface Reading {
  readonly atMs: number;
  readonly records: readonly Readonly<Record<string, string>>[];
}

/** Columns that rows are made of: there are two hundred, and thousands of lines. */
const wantedColumns: readonly string[] = [
  ...['pxname', 'svname', 'type', 'status', 'lastchg', 'rate', 'req_rate', 'req_tot', 'stot'],
  ...['ereq', 'econ', 'eresp', 'hrsp_4xx', 'hrsp_5xx', 'scur', 'slim', 'qcur', 'bin', 'bout'],
  ...['rtime', 'ttime', 'weight', 'last_chk', 'check_status'],
];

/** The reading of a `show stat` answer. */
export function readStat(text: string, atMs: number): Reading {
  const [head = '', ...lines] = text.split('\n').filter((line) => line !== '');
  const names = head.replace(/^# ?/, '').split(',');
  const places = wantedColumns.map((name) => [name, names.indexOf(name)] as const);
  const records = lines.map((line) => {
    const cells = line.includes('"') ? splitCsv(line) : line.split(',');
    const record: Record<string, string> = {};
    for (const [name, at] of places) record[name] = cells[at] ?? '';
    return record;
  });
  return { atMs, records: records.filter(({ svname }) => svname !== '') };
}

/** Cells of one line; quotes around a cell hold commas and doubled quotes. */
export function splitCsv(line: string): string[] {
  const cells = line.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g);
  return Array.from(cells, ([, cell]) =>
    cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
  );
}

/** The rows of a reading; rates are since `before`, or HAProxy's own when there is none. */
export function rowsOf(now: Reading, before: Reading | null): readonly Row[] {
  const old = new Map(before?.records.map((record) => [keyOf(record), record]));
  const seconds = before === null ? 0 : (now.atMs - before.atMs) / 1000;
  return now.records.flatMap((record) => {
    const kind = kindOf(record);
    return kind === null ? [] : [rowOf(kind, record, { old: old.get(keyOf(record)), seconds })];
  });
}

const keyOf = ({ pxname, svname }: Readonly<Record<string, string>>): string =>
  `${pxname}/${svname}`;

/** Listeners (type 3) are part of their frontend. */
function kindOf({ svname, type }: Readonly<Record<string, string>>): RowKind | null {
  if (svname === 'FRONTEND') return 'frontend';
  if (svname === 'BACKEND') return 'backend';
  return type === '3' ? null : 'server';
}

interface Since {
  readonly old: Readonly<Record<string, string>> | undefined;
  readonly seconds: number;
}

function rowOf(kind: RowKind, record: Readonly<Record<string, string>>, since: Since): Row {
  const count = (...names: string[]): number =>
    names.reduce((sum, name) => sum + Number(record[name] || 0), 0);
  const per = (...names: string[]): number => rateOf(record, since, names);
  const average = (name: string): number => (record[name] ? Number(record[name]) : -1);
  const requests = record['req_tot'] ? 'req_tot' : 'stot';
  const errors = ['ereq', 'econ', 'eresp'];
  const own = Number(record['req_rate'] || record['rate'] || 0);
  return {
    kind,
    proxy: record['pxname'],
    server: kind === 'server' ? record['svname'] : '',
    state: record['status'],
    health: healthOf(record['status']),
    sinceSeconds: record['lastchg'] ? Number(record['lastchg']) : -1,
    requestsPerSecond: since.old === undefined ? own : per(requests),
    errorsPerSecond: per(...errors),
    status4xxPerSecond: per('hrsp_4xx'),
    status5xxPerSecond: per('hrsp_5xx'),
    sessions: count('scur'),
    sessionsMax: count('slim'),
    queue: count('qcur'),
    bytesInPerSecond: per('bin'),
    bytesOutPerSecond: per('bout'),
    responseMs: average('rtime'),
    totalMs: average('ttime'),
    weight: kind === 'frontend' ? -1 : count('weight'),
    check: record['last_chk'] || record['check_status'] || '',
    requests: count(requests),
    errors: count(...errors),
  };
}

/** Counters that went back have been cleared: nothing is known of this interval. */
function rateOf(
  record: Readonly<Record<string, string>>,
  { old, seconds }: Since,
  names: readonly string[],
): number {
  if (old === undefined || seconds <= 0) return 0;
  const sum = names.reduce(
    (total, name) => total + Number(record[name] || 0) - Number(old[name] || 0),
    0,
  );
  return Math.max(0, sum / seconds);
}

/** `UP 1/3` is going down but serves; `DOWN 1/2` is coming back and does not. */
export function healthOf(state: string): Health {
  if (/^(UP|OPEN|no check)/.test(state)) return /\d\/\d/.test(state) ? 'aside' : 'good';
  if (/^(DOWN|STOP|FULL)/.test(state)) return 'bad';
  return /^(MAINT|DRAIN|NOLB|PAUSED|WAITING)/.test(state) ? 'aside' : 'unknown';
}

/** `3 UP, 1 DOWN, 2 MAINT`: servers by the first word of their state. */
export function serversByState(rows: readonly Row[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, state } of rows) {
    if (kind !== 'server') continue;
    const word = state === 'no check' ? state : state.replace(/ .*/, '');
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}
