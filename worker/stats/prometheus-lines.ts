// How one column of `show stat` becomes lines of the Prometheus output: most are their number, a
// few are a line per state, or seconds where the column has milliseconds. Called by prometheus.ts.

import { checkStatuses, resultFailed } from '../../shared/segment/check-status.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import * as state from '../../shared/segment/server-state.ts';
import type { Value } from './columns.ts';
import type { StatsSource, Subject } from './source.ts';
import { statValue } from './table.ts';

export type Labels = readonly (readonly [name: string, value: string])[];

export interface MetricLine {
  readonly labels: Labels;
  /** null: there is no number (NaN). */
  readonly value: Value;
}

type Make = (source: StatsSource, line: Subject, column: MetricDef) => readonly MetricLine[];

/** The lines of one column for one object. */
export function objectLines(
  source: StatsSource,
  column: MetricDef,
  line: Subject,
): readonly MetricLine[] {
  return (makers[column.name] ?? plain)(source, line, column);
}

/** Whether a column is more than one number per object, or none at times. */
export function isSpecial({ name }: MetricDef): boolean {
  return makers[name] !== undefined;
}

/** Columns that are left out, rather than NaN, where HTTP is not spoken. */
const httpOnly: ReadonlySet<string> = new Set(
  (
    'hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other req_rate_max req_tot intercepted ' +
    'cache_lookups cache_hits cache_hint_hits comp_in comp_out comp_byp comp_rsp'
  ).split(' '),
);

/** True: the object has no such metric at all. */
export function skipsOther(column: MetricDef, { proxy }: Subject): boolean {
  return proxy.mode !== 'http' && httpOnly.has(column.name);
}

const none: readonly MetricLine[] = [];
const one = (value: Value, labels: Labels = []): readonly MetricLine[] => [{ labels, value }];

const plain: Make = (source, line, column) => {
  const value = statValue(source, line, column);
  return one(typeof value === 'number' ? value : null);
};

/** Milliseconds become seconds. */
const seconds: Make = (source, line, column) => {
  const value = statValue(source, line, column);
  return one(typeof value === 'number' ? secondsText(value) : null);
};

const secondsText = (ms: number): string => (ms / 1000).toFixed(6);

/** One line per state: 1 for the one it is in. */
function states(names: readonly string[], current: string): readonly MetricLine[] {
  return names.map((name) => ({ labels: [['state', name]], value: name === current ? 1 : 0 }));
}

function counts(names: readonly string[], seen: readonly string[]): readonly MetricLine[] {
  return names.map((name) => ({
    labels: [['state', name]],
    value: seen.filter((one) => one === name).length,
  }));
}

const proxyStates = ['DOWN', 'UP'];
const listenerStates = ['WAITING', 'OPEN', 'FULL'];
const serverStates = ['DOWN', 'UP', 'MAINT', 'DRAIN', 'NOLB'];
const checkStates = checkStatuses
  .filter(({ result }) => result >= resultFailed)
  .map(({ name }) => name);

function serverState({ words, at }: state.ServerWords): string {
  const admin = words[at + state.serverAdmin];
  const operational = words[at + state.serverState];
  if ((admin & state.adminMaint) !== 0) return 'MAINT';
  if (operational === state.stateStopping) return 'NOLB';
  if (operational === state.stateStopped) return 'DOWN';
  return (admin & state.adminDrain) !== 0 ? 'DRAIN' : 'UP';
}

const status: Make = (source, line, column) => {
  if (line.words !== null) return states(serverStates, serverState(line.words));
  const text = String(statValue(source, line, column));
  if (line.kind === 'L') return states(listenerStates, text);
  const isUp = line.kind === 'F' ? text !== 'STOP' : text === 'UP' || isEmpty(line);
  return states(proxyStates, isUp ? 'UP' : 'DOWN');
};

const isEmpty = (line: Subject): boolean => line.proxy.servers.length === 0;

const serversOf = (source: StatsSource, line: Subject): readonly state.ServerWords[] =>
  source.servers[line.proxyIndex];

const aggregate: Make = (source, line) =>
  isEmpty(line) ? none : counts(serverStates, serversOf(source, line).map(serverState));

const isChecked = ({ words, at }: state.ServerWords): boolean =>
  (words[at + state.serverCheckFlags] & (state.checkEnabled | state.checkPaused)) ===
  state.checkEnabled;

const checkName = ({ words, at }: state.ServerWords): string =>
  checkStatuses[words[at + state.serverCheckStatus]]?.name ?? '';

const aggregateChecks: Make = (source, line) => {
  if (isEmpty(line)) return none;
  return counts(checkStates, serversOf(source, line).filter(isChecked).map(checkName));
};

const checkStatus: Make = (_source, { words }) =>
  words === null || !isChecked(words) ? none : states(checkStates, checkName(words));

/** The first status that may have a code of layers 5 to 7. */
const codedFrom = 14;
/** The first status of a check that has ended. */
const endedFrom = 3;

const checkCode: Make = (_source, { words }) => {
  if (words === null || !isChecked(words)) return none;
  const isCoded = words.words[words.at + state.serverCheckStatus] >= codedFrom;
  return one(isCoded ? words.words[words.at + state.serverCheckCode] : 0);
};

const checkDuration: Make = (_source, { words }) => {
  if (words === null || words.words[words.at + state.serverCheckStatus] < endedFrom) return none;
  return one(secondsText(words.words[words.at + state.serverCheckDurationMs]));
};

/** Agents: there is a status as soon as there is an agent. */
const agentStatus: Make = (source, line, column) => {
  const value = statValue(source, line, column);
  return typeof value === 'string' ? states(checkStates, value.replace(/^\* /, '')) : none;
};

const present: Make = (source, line, column) => {
  const value = statValue(source, line, column);
  return value === null ? none : one(value);
};

const presentSeconds: Make = (source, line, column) => {
  const value = statValue(source, line, column);
  return typeof value === 'number' ? one(secondsText(value)) : none;
};

const responses =
  (code: string): Make =>
  (source, line, column) => {
    const value = statValue(source, line, column);
    return one(typeof value === 'number' ? value : null, [['code', code]]);
  };

const makers: Readonly<Record<string, Make>> = {
  status,
  agg_server_status: aggregate,
  agg_server_check_status: aggregate,
  agg_check_status: aggregateChecks,
  check_status: checkStatus,
  check_code: checkCode,
  check_duration: checkDuration,
  agent_status: agentStatus,
  agent_code: present,
  agent_duration: presentSeconds,
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
