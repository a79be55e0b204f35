// How one column of `show stat` becomes lines of the Prometheus output: most are their number, a
// few are a line per state, or seconds where the column has milliseconds. Called by prometheus.ts.

import { checkStatuses, resultFailed } from '../../shared/segment/check-status.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import * as state from '../../shared/segment/server-state.ts';
import type { Value } from './columns.ts';
import type { StatsSource, Subject } from './source.ts';
import { bytesOf } from './byte-text.ts';
import { lineRest, type MetricLines } from './metric-lines.ts';
import { cellValue } from './row-plan.ts';

export type Labels = readonly (readonly [name: string, value: string])[];

/** Writes the lines of one column for one object, whose labels `out` has. */
export type WriteLines = (
  out: MetricLines,
  source: StatsSource,
  line: Subject,
  column: number,
) => void;

/** How a column is written that is more than one number per object, or none at times. */
export function specialLines({ name }: MetricDef): WriteLines | null {
  return writers[name] ?? null;
}

/** Columns that are left out, rather than NaN, where HTTP is not spoken. */
const httpOnly: ReadonlySet<string> = new Set(
  (
    'hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other req_rate_max req_tot intercepted ' +
    'cache_lookups cache_hits cache_hint_hits comp_in comp_out comp_byp comp_rsp'
  ).split(' '),
);

/** True: objects that do not speak HTTP have no such metric at all. */
export const isHttpOnly = ({ name }: MetricDef): boolean => httpOnly.has(name);

const value = (source: StatsSource, line: Subject, column: number): Value =>
  cellValue(source, line, column, true);

/** Milliseconds become seconds. */
const seconds: WriteLines = (out, source, line, column) => {
  out.seconds(value(source, line, column));
};

interface State {
  readonly name: string;
  readonly label: Uint8Array;
  /** Whole rests of lines: it is in this state, or not. */
  readonly is: Uint8Array;
  readonly isNot: Uint8Array;
}

const statesOf = (...names: readonly string[]): readonly State[] =>
  names.map((name) => {
    const label = `state="${name}"`;
    return {
      name,
      label: bytesOf(`,${label}`),
      is: lineRest(label, 1),
      isNot: lineRest(label, 0),
    };
  });

/** One line per state: 1 for the one it is in. */
function writeStates(out: MetricLines, states: readonly State[], current: string): void {
  for (let i = 0; i < states.length; i++) {
    const { name, is, isNot } = states[i];
    out.state(name === current ? is : isNot);
  }
}

function writeCounts(out: MetricLines, states: readonly State[], seen: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const name of seen) counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const { name, label } of states) out.labelled(label, counts.get(name) ?? 0);
}

const proxyStates = statesOf('DOWN', 'UP');
const listenerStates = statesOf('WAITING', 'OPEN', 'FULL');
const serverStates = statesOf('DOWN', 'UP', 'MAINT', 'DRAIN', 'NOLB');
const checkStates = statesOf(
  ...checkStatuses.filter(({ result }) => result >= resultFailed).map(({ name }) => name),
);

function serverState({ words, at }: state.ServerWords): string {
  const admin = words[at + state.serverAdmin];
  const operational = words[at + state.serverState];
  if ((admin & state.adminMaint) !== 0) return 'MAINT';
  if (operational === state.stateStopping) return 'NOLB';
  if (operational === state.stateStopped) return 'DOWN';
  return (admin & state.adminDrain) !== 0 ? 'DRAIN' : 'UP';
}

const status: WriteLines = (out, source, line, column) => {
  if (line.words !== null) {
    writeStates(out, serverStates, serverState(line.words));
    return;
  }
  const text = String(value(source, line, column));
  if (line.kind === 'L') {
    writeStates(out, listenerStates, text);
    return;
  }
  const isUp = line.kind === 'F' ? text !== 'STOP' : text === 'UP' || isEmpty(line);
  writeStates(out, proxyStates, isUp ? 'UP' : 'DOWN');
};

const isEmpty = (line: Subject): boolean => line.proxy.servers.length === 0;

const serversOf = (source: StatsSource, line: Subject): readonly state.ServerWords[] =>
  source.servers[line.proxyIndex];

const aggregate: WriteLines = (out, source, line) => {
  if (!isEmpty(line)) writeCounts(out, serverStates, serversOf(source, line).map(serverState));
};

const isChecked = ({ words, at }: state.ServerWords): boolean =>
  (words[at + state.serverCheckFlags] & (state.checkEnabled | state.checkPaused)) ===
  state.checkEnabled;

const checkName = ({ words, at }: state.ServerWords): string =>
  checkStatuses[words[at + state.serverCheckStatus]]?.name ?? '';

const aggregateChecks: WriteLines = (out, source, line) => {
  if (isEmpty(line)) return;
  writeCounts(out, checkStates, serversOf(source, line).filter(isChecked).map(checkName));
};

const checkStatus: WriteLines = (out, _source, { words }) => {
  if (words !== null && isChecked(words)) writeStates(out, checkStates, checkName(words));
};

/** The first status that may have a code of layers 5 to 7. */
const codedFrom = 14;
/** The first status of a check that has ended. */
const endedFrom = 3;

const checkCode: WriteLines = (out, _source, { words }) => {
  if (words === null || !isChecked(words)) return;
  const isCoded = words.words[words.at + state.serverCheckStatus] >= codedFrom;
  out.number(isCoded ? words.words[words.at + state.serverCheckCode] : 0);
};

const checkDuration: WriteLines = (out, _source, { words }) => {
  if (words === null || words.words[words.at + state.serverCheckStatus] < endedFrom) return;
  out.seconds(words.words[words.at + state.serverCheckDurationMs]);
};

/** Agents: there is a status as soon as there is an agent. */
const agentStatus: WriteLines = (out, source, line, column) => {
  const text = value(source, line, column);
  if (typeof text === 'string') writeStates(out, checkStates, text.replace(/^\* /, ''));
};

const present: WriteLines = (out, source, line, column) => {
  const number = value(source, line, column);
  if (number !== null) out.number(number);
};

const presentSeconds: WriteLines = (out, source, line, column) => {
  const ms = value(source, line, column);
  if (typeof ms === 'number') out.seconds(ms);
};

function responses(code: string): WriteLines {
  const label = bytesOf(`,code="${code}"`);
  return (out, source, line, column) => out.labelled(label, value(source, line, column));
}

const writers: Readonly<Record<string, WriteLines>> = {
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
