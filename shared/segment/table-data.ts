// What an entry of a stick table may hold: one row per data type (manual 11.1, "stick-table ...
// store"), the words it takes in the segment, and sliding rates. Read by the configuration, by
// stick-table.ts and by the families of words that are products of this list. The order of rows is
// the order in which `show table` prints them, and with it how fetches number them.

/** Where a value lies: `count` one word; `signed` one; `wide` a float; `rate` four; `text` 16. */
export type Storage = 'count' | 'signed' | 'wide' | 'rate' | 'text';

export interface DataTypeDef {
  readonly name: string;
  /** Written into the segment: never changes its meaning. */
  readonly id: number;
  readonly storage: Storage;
  /** `gpc(n)`: n values. */
  readonly isArray: boolean;
  readonly help: string;
}

const row = (id: number, name: string, storage: Storage, help: string): DataTypeDef => ({
  name,
  id,
  storage,
  isArray: false,
  help,
});
const array = (id: number, name: string, storage: Storage, help: string): DataTypeDef => ({
  ...row(id, name, storage, help),
  isArray: true,
});

export const dataTypes: readonly DataTypeDef[] = [
  row(1, 'server_id', 'signed', 'number of the server'),
  row(2, 'gpt0', 'count', 'tag set by rules'),
  row(3, 'gpc0', 'count', 'counter driven by rules'),
  row(4, 'gpc0_rate', 'rate', 'increments of gpc0 per period'),
  row(5, 'conn_cnt', 'count', 'connections'),
  row(6, 'conn_rate', 'rate', 'connections per period'),
  row(7, 'conn_cur', 'count', 'connections open now'),
  row(8, 'sess_cnt', 'count', 'sessions'),
  row(9, 'sess_rate', 'rate', 'sessions per period'),
  row(10, 'http_req_cnt', 'count', 'HTTP requests'),
  row(11, 'http_req_rate', 'rate', 'HTTP requests per period'),
  row(12, 'http_err_cnt', 'count', 'HTTP errors of the client'),
  row(13, 'http_err_rate', 'rate', 'HTTP errors of the client per period'),
  row(14, 'bytes_in_cnt', 'wide', 'bytes from the client'),
  row(15, 'bytes_in_rate', 'rate', 'bytes from the client per period'),
  row(16, 'bytes_out_cnt', 'wide', 'bytes to the client'),
  row(17, 'bytes_out_rate', 'rate', 'bytes to the client per period'),
  row(18, 'gpc1', 'count', 'second counter driven by rules'),
  row(19, 'gpc1_rate', 'rate', 'increments of gpc1 per period'),
  row(20, 'server_key', 'text', 'name or address of the server'),
  row(21, 'http_fail_cnt', 'count', 'HTTP failures of the server'),
  row(22, 'http_fail_rate', 'rate', 'HTTP failures of the server per period'),
  array(23, 'gpt', 'count', 'tags set by rules'),
  array(24, 'gpc', 'count', 'counters driven by rules'),
  array(25, 'gpc_rate', 'rate', 'increments of the counters per period'),
  row(26, 'glitch_cnt', 'count', 'protocol glitches'),
  row(27, 'glitch_rate', 'rate', 'protocol glitches per period'),
];

/** Most values of one array (manual 11.1). */
export const arrayMax = 100;
/** Bytes of a server's key that fit; of a longer one only the number is kept. */
export const textBytesMax = 60;

export const dataTypeByName: ReadonlyMap<string, DataTypeDef> = new Map([
  ...dataTypes.map((type) => [type.name, type] as const),
  ['server_name', dataTypes[19]],
]);
const dataTypeById = new Map(dataTypes.map((type) => [type.id, type]));

/** Words of one value. */
export const storageWords: Readonly<Record<Storage, number>> = {
  count: 1,
  signed: 1,
  wide: 2,
  rate: 4,
  text: 16,
};

/** One column of a table. */
export interface Column {
  readonly type: DataTypeDef;
  /** Values: 1 but for arrays. */
  readonly length: number;
  /** Of rates, else 0. */
  readonly periodMs: number;
  /** Words from the start of an entry to the first value. */
  readonly offset: number;
}

/** What a table is asked to hold: plain data of the configuration. */
export interface StoredType {
  readonly name: string;
  readonly length: number;
  readonly periodMs: number;
}

/** Columns from `firstWord` of an entry on, in the order of the list above. Starts only. */
export function layColumns(stored: readonly StoredType[], firstWord: number): Column[] {
  const columns: Column[] = [];
  let offset = firstWord;
  for (const type of dataTypes) {
    const one = stored.find(({ name }) => name === type.name);
    if (one === undefined) continue;
    const words = storageWords[type.storage];
    // Floats lie on multiples of eight bytes; entries start on one.
    if (words % 2 === 0 && offset % 2 === 1) offset++;
    columns.push({ type, length: one.length, periodMs: one.periodMs, offset });
    offset += words * one.length;
  }
  return columns;
}

/** Columns as a header of the segment tells them: three words each. */
export function readColumns(words: Int32Array, at: number, count: number): StoredType[] {
  const stored: StoredType[] = [];
  for (let i = 0; i < count; i++) {
    const type = dataTypeById.get(words[at + i * 3]);
    if (type === undefined) continue;
    const length = words[at + i * 3 + 1];
    stored.push({ name: type.name, length, periodMs: words[at + i * 3 + 2] });
  }
  return stored;
}

/** As readColumns. */
export function writeColumns(words: Int32Array, at: number, columns: readonly Column[]): void {
  columns.forEach(({ type, length, periodMs }, i) => {
    words.set([type.id, length, periodMs], at + i * 3);
  });
}

const countMax = 0xffffffff;

/** Adds to an unsigned 32-bit counter, which stays at its maximum. Hot path. */
export function addCount(words: Int32Array, at: number, count: number): number {
  const sum = (words[at] >>> 0) + count;
  const value = Math.min(sum, countMax);
  words[at] = value;
  return value;
}

/**
 * Counts `count` events at `nowMs` in the rate at word `at` (a float: start of the period; count
 * now; count before). Under the table's lock. Hot path.
 */
export function addRate(
  { words, floats }: { readonly words: Int32Array; readonly floats: Float64Array },
  at: number,
  periodMs: number,
  { nowMs, count }: { readonly nowMs: number; readonly count: number },
): void {
  const start = floats[at >> 1];
  const age = nowMs - start;
  if (age >= periodMs) {
    const isNext = age < 2 * periodMs;
    words[at + 3] = isNext ? words[at + 2] : 0;
    floats[at >> 1] = isNext ? start + periodMs : nowMs;
    words[at + 2] = 0;
  }
  addCount(words, at + 2, count);
}

/** Events of the sliding period that ends at `nowMs`. */
export function readRate(
  { words, floats }: { readonly words: Int32Array; readonly floats: Float64Array },
  at: number,
  periodMs: number,
  nowMs: number,
): number {
  let current = words[at + 2] >>> 0;
  let past = words[at + 3] >>> 0;
  let remain = floats[at >> 1] + periodMs - nowMs;
  if (remain < 0) {
    remain += periodMs;
    past = remain >= 0 ? current : 0;
    current = 0;
  }
  // A single event must not fade to nothing before its period is over.
  if (current === 0 && past <= 1) return past;
  return Math.floor((past * remain) / periodMs + current);
}
