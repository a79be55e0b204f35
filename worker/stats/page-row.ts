// One row of the statistics page: which columns it has, in the groups that operators know from
// HAProxy, and how each is written. Called by page.ts; values come from table.ts.

import { fixedColumns, statColumns } from '../../shared/segment/metrics.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import type { Value } from './columns.ts';
import { escapeHtml, groupedNumber, shortTime } from './html.ts';
import type { StatsSource, Subject } from './source.ts';
import { statValue } from './table.ts';

/** Reads a value of the row by column name. */
type Read = (name: string) => Value;
type WriteCell = (read: Read, line: Subject) => string;

interface Cell {
  readonly title: string;
  readonly write: WriteCell;
  /** What the pointer shows, '' for nothing. */
  readonly hint?: WriteCell;
  /** Text rather than a number. */
  readonly isText?: boolean;
}

interface Group {
  readonly title: string;
  readonly cells: readonly Cell[];
}

const columns = new Map(statColumns.map((column) => [column.name, column]));

/** The column called `name`; a wrong name is a mistake of ours. */
function columnOf(name: string): MetricDef {
  const column = columns.get(name);
  if (column === undefined) throw new Error(`there is no statistics column '${name}'`);
  return column;
}

const shown = (value: Value): string => {
  if (value === null) return '';
  return typeof value === 'number' ? groupedNumber(value) : escapeHtml(value);
};

const count = (title: string, name: string): Cell => ({
  title,
  write: (read) => shown(read(name)),
});

/** A limit of 0 is none. */
const limit = (title: string, name: string): Cell => ({
  title,
  write: (read) => {
    const value = read(name);
    return value === null || value === 0 ? '-' : shown(value);
  },
});

const time = (title: string, name: string): Cell => ({
  title,
  write: (read) => {
    const value = read(name);
    if (typeof value !== 'number') return '';
    return value < 0 ? '?' : shortTime(value);
  },
});

const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'];

/** What the sessions came to: requests by class of response, and average times. */
const sessionsHint: WriteCell = (read, line) => {
  if (line.proxy.mode !== 'http') return '';
  const classes = statusClasses.map((name) => `${name} ${read(`hrsp_${name}`) ?? 0}`);
  const requests =
    line.kind === 'F' || line.kind === 'B' ? `requests ${read('req_tot') ?? 0}; ` : '';
  const times =
    line.kind === 'S' || line.kind === 'B'
      ? `; averages: queue ${read('qtime') ?? 0} ms, connect ${read('ctime') ?? 0} ms, ` +
        `response ${read('rtime') ?? 0} ms, total ${read('ttime') ?? 0} ms`
      : '';
  return `${requests}responses: ${classes.join(', ')}${times}`;
};

const yes = (title: string, name: string): Cell => ({
  title,
  write: (read, line) => {
    const value = read(name);
    if (line.kind !== 'S') return shown(value);
    return value === 1 ? 'Y' : '-';
  },
});

const status: WriteCell = (read, line) => {
  const text = escapeHtml(String(read('status') ?? ''));
  const since = line.kind === 'S' || line.kind === 'B' ? read('lastchg') : null;
  return typeof since === 'number' ? `${shortTime(since)} ${text}` : text;
};

/** `L7OK/200 in 3ms`. */
const lastCheck: WriteCell = (read) => {
  const name = read('check_status');
  if (name === null) return '';
  const code = read('check_code');
  const duration = read('check_duration');
  const detail = typeof code === 'number' && code > 0 ? `/${code}` : '';
  return escapeHtml(`${name}${detail}${duration === null ? '' : ` in ${duration}ms`}`);
};

const lastCheckHint: WriteCell = (read) => {
  const text = [read('check_desc'), read('last_chk')].filter(
    (part) => part !== null && part !== '',
  );
  return text.join(': ');
};

const weight: WriteCell = (read) => {
  const effective = read('weight');
  if (effective === null) return '';
  return `${shown(effective)}/${shown(read('uweight'))}`;
};

const throttle: WriteCell = (read) => {
  const value = read('throttle');
  return value === null ? '' : `${shown(value)}%`;
};

/** The groups and columns of every table, left to right. */
const groups: readonly Group[] = [
  { title: 'Queue', cells: [count('Cur', 'qcur'), count('Max', 'qmax'), limit('Limit', 'qlimit')] },
  {
    title: 'Session rate',
    cells: [count('Cur', 'rate'), count('Max', 'rate_max'), limit('Limit', 'rate_lim')],
  },
  {
    title: 'Sessions',
    cells: [
      count('Cur', 'scur'),
      count('Max', 'smax'),
      limit('Limit', 'slim'),
      { ...count('Total', 'stot'), hint: sessionsHint },
      count('LbTot', 'lbtot'),
      time('Last', 'lastsess'),
    ],
  },
  { title: 'Bytes', cells: [count('In', 'bin'), count('Out', 'bout')] },
  { title: 'Denied', cells: [count('Req', 'dreq'), count('Resp', 'dresp')] },
  {
    title: 'Errors',
    cells: [count('Req', 'ereq'), count('Conn', 'econ'), count('Resp', 'eresp')],
  },
  { title: 'Warnings', cells: [count('Retr', 'wretr'), count('Redis', 'wredis')] },
  {
    title: 'Server',
    cells: [
      { title: 'Status', write: status, isText: true },
      { title: 'LastChk', write: lastCheck, hint: lastCheckHint, isText: true },
      { title: 'Wght', write: weight },
      yes('Act', 'act'),
      yes('Bck', 'bck'),
      count('Chk', 'chkfail'),
      count('Dwn', 'chkdown'),
      time('Dwntme', 'downtime'),
      { title: 'Thrtle', write: throttle },
    ],
  },
];

/** Protocols with numbers of their own: their columns of `show stat` begin alike. */
const modules = ['ssl', 'h2', 'h1'];

/** All numbers of a protocol, for the pointer. */
const moduleHint =
  (module: string): WriteCell =>
  (read) =>
    statColumns
      .slice(fixedColumns)
      .filter(({ name }) => name.startsWith(`${module}_`))
      .map(({ name }) => [name, read(name)] as const)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ');

/** `stats show-modules`: behind all others. */
const moduleGroup: Group = {
  title: 'Extra modules',
  cells: modules.map((module) => {
    const hint = moduleHint(module);
    const write: WriteCell = (read, line) => (hint(read, line) === '' ? '' : module);
    return { title: module, write, hint, isText: true };
  }),
};

const withModules: readonly Group[] = [...groups, moduleGroup];

const groupsOf = ({ modules: isShown }: Pick<RowOptions, 'modules'>): readonly Group[] =>
  isShown ? withModules : groups;

/** Chooses every server of its form, or none. */
const boxOfAll =
  '<input type="checkbox" title="All servers" aria-label="All servers" ' +
  'onclick="for(const one of this.form.elements)if(one.name===\'s\')one.checked=this.checked">';

/** The two header lines of a table. `box`: a column of boxes to choose servers stands first. */
export function headRows(options: Pick<RowOptions, 'box' | 'modules'>): string {
  const { box } = options;
  const shownGroups = groupsOf(options);
  const first = `${box ? `<th rowspan="2">${boxOfAll}</th>` : ''}<th class="n" rowspan="2"></th>`;
  const titles = shownGroups
    .map(({ title, cells }) => `<th class="g" colspan="${cells.length}">${title}</th>`)
    .join('');
  const names = shownGroups
    .map(({ cells }) =>
      cells.map(({ title }, at) => `<th${at === 0 ? ' class="g"' : ''}>${title}</th>`).join(''),
    )
    .join('');
  return `<thead><tr>${first}${titles}</tr><tr>${names}</tr></thead>`;
}

/** Class of the row, for its colour. */
export function rowState(status: string, isBackup: boolean): string {
  if (status.startsWith('MAINT')) return 'maint';
  if (status.startsWith('DRAIN') || status.startsWith('NOLB')) return 'drain';
  if (status === 'no check') return 'unchecked';
  if (status.startsWith('DOWN')) return status === 'DOWN' ? 'down' : 'rising';
  if (status !== 'UP') return 'falling';
  return isBackup ? 'up backup' : 'up';
}

export interface RowOptions {
  /** Boxes to choose servers stand first. */
  readonly box: boolean;
  /** Ids, addresses and cookies are shown with the name. */
  readonly legends: boolean;
  /** Columns of protocols stand last. */
  readonly modules: boolean;
}

/** One row, with its anchor `proxy/name`. */
export function tableRow(source: StatsSource, line: Subject, options: RowOptions): string {
  const read: Read = (name) => statValue(source, line, columnOf(name));
  const name = String(read('svname'));
  const label = line.kind === 'F' ? 'Frontend' : line.kind === 'B' ? 'Backend' : escapeHtml(name);
  const anchor = escapeHtml(`${line.proxy.name}/${label}`);
  const hint = options.legends ? legend(read, line) : '';
  const title = hint === '' ? '' : ` title="${escapeHtml(hint)}"`;
  let cells = `<td class="n"${title}><a id="${anchor}" href="#${anchor}">${label}</a></td>`;
  for (const group of groupsOf(options)) cells += groupCells(group, read, line);
  const box = options.box ? `<td>${checkbox(line)}</td>` : '';
  return `<tr class="${classOf(read, line)}">${box}${cells}</tr>\n`;
}

function groupCells(group: Group, read: Read, line: Subject): string {
  let text = '';
  for (let at = 0; at < group.cells.length; at++) {
    const { write, hint, isText } = group.cells[at];
    const classes = `${at === 0 ? 'g' : ''}${isText === true ? ' s' : ''}`.trim();
    const more = hint?.(read, line) ?? '';
    text +=
      `<td${classes === '' ? '' : ` class="${classes}"`}` +
      `${more === '' ? '' : ` title="${escapeHtml(more)}"`}>${write(read, line)}</td>`;
  }
  return text;
}

function classOf(read: Read, line: Subject): string {
  if (line.kind === 'S') return rowState(String(read('status')), read('bck') === 1);
  return line.kind === 'L' ? 'listener' : 'total';
}

function checkbox(line: Subject): string {
  if (line.server === null) return '';
  return `<input type="checkbox" name="s" value="${escapeHtml(line.server.name)}">`;
}

/** `stats show-legends`: what the pointer tells of a row. */
function legend(read: Read, line: Subject): string {
  const parts = [line.kind === 'S' || line.kind === 'L' ? `id ${line.id}` : `id ${line.proxy.id}`];
  if (line.kind === 'F' || line.kind === 'B') parts.push(`mode ${line.proxy.mode}`);
  for (const [name, title] of legendColumns) {
    const value = read(name);
    if (value !== null && value !== '') parts.push(`${title} ${value}`);
  }
  return parts.join(', ');
}

const legendColumns = [
  ['addr', 'address'],
  ['cookie', 'cookie'],
  ['algo', 'balance'],
] as const;
