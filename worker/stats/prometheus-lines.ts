// How one column of `show stat` becomes lines of the Prometheus output: most are their number, a
// few are a line per state, or seconds where the column has milliseconds. Called by
// prometheus-scope.ts, once for each column of a scrape.

import { checkStatuses, resultFailed } from '../../shared/segment/check-status.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import * as state from '../../shared/segment/server-state.ts';
import { hasNoServers } from './columns.ts';
import { noLine, type StateDef, statesOf } from './metric-lines.ts';
import { cellValue } from './row-plan.ts';
import type { StatsSource, Subject, SubjectKind } from './source.ts';

/** What is written of each object: NaN is empty, noLine is left out; of states its number. */
type ReadValue = (source: StatsSource, line: Subject, column: number) => number;

export interface NumberForm {
  readonly kind: 'number' | 'seconds';
  /** One more label, '' for none. */
  readonly label: string;
  /** null: the column itself. */
  readonly read: ReadValue | null;
}

interface StateForm {
  readonly kind: 'states';
  readonly states: readonly StateDef[];
  readonly read: ReadValue;
}

interface CountForm {
  readonly kind: 'counts';
  readonly states: readonly StateDef[];
  /** Counts by state; false: there are no such lines. */
  readonly count: (source: StatsSource, line: Subject, counts: number[]) => boolean;
}

export type MetricForm = NumberForm | StateForm | CountForm;

/** How a column is written, for objects of one kind. */
export function formOf({ name }: MetricDef, kind: SubjectKind): MetricForm {
  return forms[name]?.(kind) ?? plain;
}

const plain: NumberForm = { kind: 'number', label: '', read: null };
const seconds = (): NumberForm => ({ kind: 'seconds', label: '', read: null });

/** Columns that are left out, rather than NaN, where HTTP is not spoken. */
const httpOnly: ReadonlySet<string> = new Set(
  (
    'hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other req_rate_max req_tot intercepted ' +
    'cache_lookups cache_hits cache_hint_hits comp_in comp_out comp_byp comp_rsp'
  ).split(' '),
);

/** True: objects that do not speak HTTP have no such metric at all. */
export const isHttpOnly = ({ name }: MetricDef): boolean => httpOnly.has(name);

const proxyStates = statesOf('DOWN', 'UP');
const listenerStates = statesOf('WAITING', 'OPEN', 'FULL');
const serverStates = statesOf('DOWN', 'UP', 'MAINT', 'DRAIN', 'NOLB');
const checkStates = statesOf(
  ...checkStatuses.filter(({ result }) => result >= resultFailed).map(({ name }) => name),
);

// As serverStates has them.
const down = 0;
const up = 1;
const maint = 2;
const drain = 3;
const noBalancing = 4;

function serverState({ words, at }: state.ServerWords): number {
  const admin = words[at + state.serverAdmin];
  const operational = words[at + state.serverState];
  if ((admin & state.adminMaint) !== 0) return maint;
  if (operational === state.stateStopping) return noBalancing;
  if (operational === state.stateStopped) return down;
  return (admin & state.adminDrain) !== 0 ? drain : up;
}

const numberOf = (states: readonly StateDef[], name: string): number =>
  states.findIndex((one) => one.name === name);

const text = (source: StatsSource, line: Subject, column: number): string =>
  String(cellValue(source, line, column, true));

const statuses: Readonly<Record<SubjectKind, StateForm>> = {
  S: {
    kind: 'states',
    states: serverStates,
    read: (_source, { words }) => (words === null ? noLine : serverState(words)),
  },
  L: {
    kind: 'states',
    states: listenerStates,
    read: (source, line, column) => numberOf(listenerStates, text(source, line, column)),
  },
  F: {
    kind: 'states',
    states: proxyStates,
    read: (source, line, column) => (text(source, line, column) === 'STOP' ? down : up),
  },
  B: {
    kind: 'states',
    states: proxyStates,
    read: (source, line, column) =>
      text(source, line, column) === 'UP' || hasNoServers(line) ? up : down,
  },
};

const aggregate: CountForm = {
  kind: 'counts',
  states: serverStates,
  count: (source, line, counts) => {
    if (hasNoServers(line)) return false;
    for (const words of source.servers[line.proxyIndex]) {
      if (!words.isRetired) counts[serverState(words)]++;
    }
    return true;
  },
};

const isChecked = ({ words, at }: state.ServerWords): boolean =>
  (words[at + state.serverCheckFlags] & (state.checkEnabled | state.checkPaused)) ===
  state.checkEnabled;

/** By the number of a check's status: its place among checkStates, -1: it is none of them. */
const checkPlaces = checkStatuses.map(({ name }) => numberOf(checkStates, name));

const checkPlace = ({ words, at }: state.ServerWords): number =>
  checkPlaces[words[at + state.serverCheckStatus]] ?? -1;

const aggregateChecks: CountForm = {
  kind: 'counts',
  states: checkStates,
  count: (source, line, counts) => {
    if (hasNoServers(line)) return false;
    for (const words of source.servers[line.proxyIndex]) {
      const place = isChecked(words) ? checkPlace(words) : -1;
      if (place >= 0) counts[place]++;
    }
    return true;
  },
};

const checkStatus: StateForm = {
  kind: 'states',
  states: checkStates,
  read: (_source, { words }) => (words !== null && isChecked(words) ? checkPlace(words) : noLine),
};

const hasAgent = ({ words, at }: state.ServerWords): boolean =>
  (words[at + state.serverAgentFlags] & state.checkEnabled) !== 0;

/** Agents: there is a status as soon as there is an agent. */
const agentStatus: StateForm = {
  kind: 'states',
  states: checkStates,
  read: (_source, { words }) =>
    words !== null && hasAgent(words)
      ? (checkPlaces[words.words[words.at + state.serverAgentStatus]] ?? -1)
      : noLine,
};

/** The first status that may have a code of layers 5 to 7. */
const codedFrom = 14;
/** The first status of a check that has ended. */
const endedFrom = 3;

const checkCode: NumberForm = {
  ...plain,
  read: (_source, { words }) => {
    if (words === null || !isChecked(words)) return noLine;
    const isCoded = words.words[words.at + state.serverCheckStatus] >= codedFrom;
    return isCoded ? words.words[words.at + state.serverCheckCode] : 0;
  },
};

const checkDuration: NumberForm = {
  ...seconds(),
  read: (_source, { words }) =>
    words === null || words.words[words.at + state.serverCheckStatus] < endedFrom
      ? noLine
      : words.words[words.at + state.serverCheckDurationMs],
};

/** The column's value, no line where it is empty. */
const agentValue: ReadValue = (source, line, column) => {
  if (line.words === null || !hasAgent(line.words)) return noLine;
  const value = cellValue(source, line, column, true);
  return typeof value === 'number' ? value : noLine;
};

const responses = (code: string) => (): NumberForm => ({ ...plain, label: `,code="${code}"` });

const forms: Readonly<Record<string, (kind: SubjectKind) => MetricForm>> = {
  status: (kind) => statuses[kind],
  agg_server_status: () => aggregate,
  agg_server_check_status: () => aggregate,
  agg_check_status: () => aggregateChecks,
  check_status: () => checkStatus,
  check_code: () => checkCode,
  check_duration: () => checkDuration,
  agent_status: () => agentStatus,
  agent_code: () => ({ ...plain, read: agentValue }),
  agent_duration: () => ({ ...seconds(), read: agentValue }),
  qtime: seconds,
  ctime: seconds,
  rtime: seconds,
  ttime: seconds,
  qtime_max: seconds,
  ctime_max: seconds,
  rtime_max: seconds,
  ttime_max: seconds,
  hrsp_1xx: responses('1xx'),
  hrsp_2xx: responses('2xx'),
  hrsp_3xx: responses('3xx'),
  hrsp_4xx: responses('4xx'),
  hrsp_5xx: responses('5xx'),
  hrsp_other: responses('other'),
};
