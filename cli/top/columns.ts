// The columns of `hawser top`: one row each, with what it is sorted by and how it is written.
// Called by cli/top/table.ts; the word's help lists their names.

import { type Alignment, clockOf, harmless } from '../terminal.ts';
import type { Row } from './sample.ts';

export interface ColumnDef {
  /** For --sort. */
  readonly name: string;
  readonly title: string;
  readonly width: number;
  readonly alignment: Alignment;
  readonly help: string;
  readonly value: (row: Row) => number | string;
  readonly text: (row: Row) => string;
}

/** `1.2k`, `34M`: at most four characters of digits and one of unit. */
export function shortNumber(value: number): string {
  if (value === 0) return '0';
  if (value < 10) return value.toFixed(1).replace(/\.0$/, '');
  const units = ['', 'k', 'M', 'G', 'T'];
  let [rest, unit] = [value, 0];
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${rest < 10 ? rest.toFixed(1) : Math.round(rest)}${units[unit]}`;
}

const numeric = (
  name: string,
  title: string,
  help: string,
  value: (row: Row) => number,
): ColumnDef => ({
  name,
  title,
  width: 7,
  alignment: 'right',
  help,
  value,
  text: (row) => (value(row) < 0 ? '-' : shortNumber(value(row))),
});

const since = (row: Row): string =>
  row.sinceSeconds < 0 ? '-' : clockOf(row.sinceSeconds).replace(/^(\d+d) (\d\d).*/, '$1 $2h');

export const columns = [
  {
    name: 'state',
    title: 'STATE',
    width: 11,
    alignment: 'left',
    help: "HAProxy's word for it",
    value: (row) => row.state,
    text: ({ state }) => state,
  },
  numeric(
    'requests',
    'REQ/S',
    'requests a second, sessions in TCP',
    (row) => row.requestsPerSecond,
  ),
  numeric(
    'errors',
    'ERR/S',
    'requests, connections, answers that failed',
    (row) => row.errorsPerSecond,
  ),
  numeric('4xx', '4XX/S', 'answers with a status of the 400s', (row) => row.status4xxPerSecond),
  numeric('5xx', '5XX/S', 'answers with a status of the 500s', (row) => row.status5xxPerSecond),
  numeric('sessions', 'SESS', 'sessions that are open', (row) => row.sessions),
  numeric('queue', 'QUEUE', 'requests that wait', (row) => row.queue),
  numeric('in', 'IN B/S', 'bytes a second from clients', (row) => row.bytesInPerSecond),
  numeric('out', 'OUT B/S', 'bytes a second to clients', (row) => row.bytesOutPerSecond),
  numeric('response', 'RESP MS', 'until the answer, average', (row) => row.responseMs),
  numeric('total', 'TOT MS', 'until the end, average', (row) => row.totalMs),
  {
    name: 'since',
    title: 'SINCE',
    width: 9,
    alignment: 'right',
    help: 'age of the state',
    value: (row) => row.sinceSeconds,
    text: since,
  },
  {
    name: 'check',
    title: 'LAST CHECK',
    width: 40,
    alignment: 'left',
    help: 'what the last check said',
    value: (row) => row.check,
    text: ({ check }) => harmless(check),
  },
] as const satisfies readonly ColumnDef[];

export const columnNames: readonly string[] = ['name', ...columns.map(({ name }) => name)];
