// Columns of `show stat` that are put together rather than counted: one function per column name,
// by the rows of shared/segment/metrics-proxy.ts whose kind is 'made'. A column without a
// function has no value in hawser yet and stays empty, as the reference prints what does not
// apply.

import {
  checkStatuses,
  statusChecked,
  statusFirstDetailed,
} from '../../shared/segment/check-status.ts';
import { isGone } from '../../shared/config/model.ts';
import { shownWeight } from '../../shared/segment/backend-state.ts';
import {
  liveCurrent,
  liveIdlePrivate,
  liveIdleSafe,
  liveIdleUnsafe,
  liveNeeded,
  liveQueued,
} from '../../shared/segment/live.ts';
import { field } from '../../shared/segment/metrics.ts';
import * as state from '../../shared/segment/server-state.ts';
import { currentWord } from './batch-columns.ts';
import type { StatsSource, Subject, SubjectKind } from './source.ts';
import { serverStatus } from './status.ts';

/** null: empty. A pair gives the typed output tags of its own. */
export type Value = string | number | null;
export type MakeColumn = (source: StatsSource, line: Subject, isOperator: boolean) => Value;

const typeNumbers: Readonly<Record<SubjectKind, number>> = { F: 0, B: 1, S: 2, L: 3 };
const titles: Readonly<Partial<Record<SubjectKind, string>>> = { F: 'FRONTEND', B: 'BACKEND' };

/** Reads a live word of the line's object over all processes. */
const live =
  (word: number): MakeColumn =>
  (source, line) =>
    source.live.sum(line.object, word);

/** Reads a word of the server; null for other lines. */
const serverWord =
  (word: number): MakeColumn =>
  (_source, { words }) =>
    words === null ? null : words.words[words.at + word];

/** Only when the server is checked. */
const checked =
  (make: (words: state.ServerWords) => Value): MakeColumn =>
  (_source, { words }) =>
    words !== null && isChecked(words) ? make(words) : null;

/** Whether health checks of the server are on at this moment. */
export function isChecked(words: state.ServerWords): boolean {
  return (words.words[words.at + state.serverCheckFlags] & state.checkEnabled) !== 0;
}

/** A backend that never had any, or whose servers were all deleted. */
export const hasNoServers = ({ proxy }: Subject): boolean => proxy.servers.every(isGone);

function seconds(source: StatsSource): number {
  return Math.floor(source.nowMs() / 1000);
}

const downtime: MakeColumn = (source, line) => {
  const now = seconds(source);
  if (line.words !== null) return isChecked(line.words) ? serverDowntime(line.words, now) : null;
  return hasNoServers(line) ? null : (source.backends[line.proxyIndex]?.downtime(now) ?? null);
};

function serverDowntime(words: state.ServerWords, now: number): number {
  const down = words.words[words.at + state.serverState] === state.stateStopped;
  const since = down ? now - words.words[words.at + state.serverChangedAt] : 0;
  return words.words[words.at + state.serverDowntime] + since;
}

const lastChange: MakeColumn = (source, line) => {
  const changed =
    line.words === null
      ? (source.backends[line.proxyIndex]?.changedAt() ?? 0)
      : line.words.words[line.words.at + state.serverChangedAt];
  return Math.max(0, seconds(source) - changed);
};

const usable =
  (backup: boolean): MakeColumn =>
  (source, line) => {
    if (line.words !== null) {
      return (line.words.words[line.words.at + state.serverIsBackup] !== 0) === backup ? 1 : 0;
    }
    const words = source.backends[line.proxyIndex];
    if (words === null || words === undefined) return null;
    return backup ? words.backup : words.active;
  };

const weight =
  (kind: 'effective' | 'user'): MakeColumn =>
  (source, line) => {
    if (line.words !== null) {
      return kind === 'user'
        ? line.words.words[line.words.at + state.serverWeight]
        : shownWeight(line.words);
    }
    const allBackups = line.proxy.options['allbackups'] === true;
    return source.backends[line.proxyIndex]?.totalWeight(allBackups, kind) ?? null;
  };

const limit: MakeColumn = (source, line) => {
  if (line.kind === 'F') return source.frontMaxconn(line.proxyIndex);
  if (line.kind === 'B') return source.fullconn(line.proxyIndex);
  if (line.kind === 'L' && line.listener !== null) {
    return line.proxy.binds[line.listener.bindIndex].maxconn;
  }
  return line.words?.words[line.words.at + state.serverMaxconn] || null;
};

function backendStatus(source: StatsSource, { proxy, proxyIndex }: Subject): string {
  const word = source.backends[proxyIndex]?.isUp() ? 'UP' : 'DOWN';
  return proxy.unpublished ? `${word} (UNPUB)` : word;
}

const status: MakeColumn = (source, line) => {
  if (line.words !== null) return serverStatus(line.words);
  if (line.kind === 'B') return backendStatus(source, line);
  if (line.kind === 'F') return source.frontStatus(line.proxyIndex);
  if (source.frontStatus(line.proxyIndex) !== 'OPEN') return 'WAITING';
  const bind = line.listener === null ? null : line.proxy.binds[line.listener.bindIndex];
  const current = source.live.sum(line.object, liveCurrent);
  return bind !== null && bind.maxconn > 0 && current >= bind.maxconn ? 'FULL' : 'OPEN';
};

const address: MakeColumn = (_source, line, isOperator) => {
  if (!isOperator) return null;
  if (line.listener !== null) return place(line.listener.family, line.listener);
  return line.server === null ? null : place(line.server.address.family, line.server.address);
};

function place(family: string, at: { readonly host: string; readonly port: number }): string {
  if (family === 'ipv4') return `${at.host || '0.0.0.0'}:${at.port}`;
  if (family === 'ipv6') return `[${at.host || '::'}]:${at.port}`;
  return 'unix';
}

const cookie: MakeColumn = (_source, line, isOperator) => {
  if (!isOperator) return null;
  const name = line.kind === 'B' ? line.proxy.cookie?.words[0] : line.server?.cookie;
  return name || null;
};

const sum =
  (at: number): MakeColumn =>
  (source, line) =>
    source.reader.sum(line.object, at);

const otherSessions: MakeColumn = (source, line) => {
  if (line.kind !== 'F') return null;
  const of = (at: number): number => source.reader.sum(line.object, at);
  return Math.max(0, of(field.stot) - of(field.h1sess) - of(field.h2sess) - of(field.h3sess));
};

/** The maximum a process saw, the largest of the processes that live. */
const liveMaximum =
  (word: (kind: SubjectKind) => number): MakeColumn =>
  (source, line) =>
    source.live.peak(line.object, word(line.kind) + 1);

const status8 = (words: state.ServerWords): (typeof checkStatuses)[number] =>
  checkStatuses[words.words[words.at + state.serverCheckStatus]] ?? checkStatuses[0];

const checkStatus = (words: state.ServerWords): string => {
  const flags = words.words[words.at + state.serverCheckFlags];
  return ((flags & state.checkInProgress) !== 0 ? '* ' : '') + status8(words).name;
};

/** The word, once the status of its check is `from` or later. */
const since =
  (from: number, word: number, status = state.serverCheckStatus) =>
  (words: state.ServerWords): Value =>
    words.words[words.at + status] >= from ? Math.max(0, words.words[words.at + word]) : null;

/** A column of servers whose agent is asked. */
const asked =
  (value: (words: state.ServerWords) => Value): MakeColumn =>
  (_source, { words }) =>
    words === null || (words.words[words.at + state.serverAgentFlags] & state.checkEnabled) === 0
      ? null
      : value(words);

const agentStatus = (words: state.ServerWords): string => {
  const flags = words.words[words.at + state.serverAgentFlags];
  const status = checkStatuses[words.words[words.at + state.serverAgentStatus]];
  return ((flags & state.checkInProgress) !== 0 ? '* ' : '') + status.name;
};

const agentCode = since(statusFirstDetailed, state.serverAgentCode, state.serverAgentStatus);

const checkWord =
  (word: number): ((words: state.ServerWords) => Value) =>
  (words) =>
    words.words[words.at + word];

const throttle: MakeColumn = (_source, { words }) =>
  words?.words[words.at + state.serverState] === state.stateStarting
    ? words.words[words.at + state.serverThrottle]
    : null;

export const madeColumns: Readonly<Record<string, MakeColumn>> = {
  pxname: (_source, line) => line.proxy.name,
  svname: (_source, line) => titles[line.kind] ?? line.server?.name ?? listenerName(line),
  qcur: live(liveQueued),
  qmax: liveMaximum(() => liveQueued),
  scur: (source, line) => source.live.sum(line.object, currentWord(line.kind)),
  smax: liveMaximum(currentWord),
  slim: limit,
  bin: sum(field.reqbin),
  bout: sum(field.resbin),
  status,
  weight: weight('effective'),
  act: usable(false),
  bck: usable(true),
  lastchg: lastChange,
  downtime,
  qlimit: (_source, line) => line.server?.maxqueue || null,
  pid: () => 1,
  iid: (_source, line) => line.proxy.id,
  sid: (_source, line) => line.id,
  throttle,
  tracked: (_source, line) => line.server?.track || null,
  type: (_source, line) => typeNumbers[line.kind],
  rate_lim: (_source, line) => line.proxy.rateLimitSessions,
  check_status: checked(checkStatus),
  check_code: checked(since(statusFirstDetailed, state.serverCheckCode)),
  check_duration: checked(since(statusChecked, state.serverCheckDurationMs)),
  check_desc: checked((words) => status8(words).text),
  last_chk: checked((words) => words.checkText()),
  check_rise: checked(checkWord(state.serverRise)),
  check_fall: checked(checkWord(state.serverFall)),
  check_health: checked(checkWord(state.serverHealth)),
  agent_status: asked(agentStatus),
  agent_code: asked(agentCode),
  agent_duration: asked(checkWord(state.serverAgentDurationMs)),
  agent_desc: asked((words) => checkStatuses[words.words[words.at + state.serverAgentStatus]].text),
  last_agt: asked((words) => words.agentText),
  agent_rise: asked(() => 1),
  agent_fall: asked(() => 1),
  agent_health: asked(checkWord(state.serverAgentHealth)),
  addr: address,
  cookie,
  mode: (_source, line) => line.proxy.mode,
  algo: (_source, line, isOperator) =>
    isOperator && line.kind === 'B' ? (line.proxy.balance?.algorithm ?? 'random') : null,
  srv_icur: (source, line) =>
    source.live.sum(line.object, liveIdleSafe) + source.live.sum(line.object, liveIdleUnsafe),
  src_ilim: (_source, line) =>
    line.server === null || line.server.poolMaxConn < 0 ? null : line.server.poolMaxConn,
  idle_conn_cur: live(liveIdleUnsafe),
  safe_conn_cur: live(liveIdleSafe),
  used_conn_cur: live(liveCurrent),
  need_conn_est: live(liveNeeded),
  priv_idle_cur: live(liveIdlePrivate),
  uweight: weight('user'),
  agg_server_status: () => 0,
  agg_server_check_status: () => 0,
  agg_check_status: () => 0,
  srid: serverWord(state.serverIdRevision),
  sess_other: otherSessions,
  proto: (_source, line) => (line.listener === null ? null : protocolName(line.listener.family)),
};

const protocolNames: Readonly<Record<string, string>> = {
  ipv4: 'tcpv4',
  ipv6: 'tcpv6',
  unix: 'unix_stream',
  abns: 'abns_stream',
  abnsz: 'abnsz_stream',
};

function protocolName(family: string): string {
  return protocolNames[family] ?? 'sockpair';
}

function listenerName(line: Subject): string {
  const bind = line.listener === null ? null : line.proxy.binds[line.listener.bindIndex];
  return bind?.name || `sock-${line.id}`;
}
