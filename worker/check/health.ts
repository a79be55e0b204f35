// From the results of checks to the state of a server: the counter between 0 and rise+fall-1, going
// down, coming up, and the sentences about it (those of HAProxy: monitoring reads them). Control
// thread only.

import {
  checkStatuses,
  checkStatusNumber,
  resultConditional,
  resultFailed,
  resultNeutral,
  resultPassed,
  statusFirstDetailed,
} from '../../shared/segment/check-status.ts';
import {
  adminMaint,
  checkEnabled,
  type ServerWords,
  serverAdmin,
  serverAgentCode,
  serverAgentDurationMs,
  serverAgentFlags,
  serverAgentHealth,
  serverAgentStatus,
  serverCheckCode,
  serverCheckDurationMs,
  serverCheckFlags,
  serverCheckStatus,
  serverFall,
  serverHealth,
  serverRise,
  serverState,
  serverWeight,
  stateRunning,
  stateStarting,
  stateStopped,
  stateStopping,
} from '../../shared/segment/server-state.ts';

export interface CheckResult {
  /** Number of a row of checkStatuses. */
  readonly status: number;
  readonly info: string;
  readonly code: number;
  /** Below zero: it was not measured. */
  readonly durationMs: number;
}

/** Which words a result is written to, and how they are read. */
export interface ProbeKind {
  readonly isAgent: boolean;
  readonly title: string;
  readonly health: number;
  readonly status: number;
  readonly code: number;
  readonly durationMs: number;
  rise(server: ServerWords): number;
  fall(server: ServerWords): number;
}

export const healthKind: ProbeKind = {
  isAgent: false,
  title: 'Health',
  health: serverHealth,
  status: serverCheckStatus,
  code: serverCheckCode,
  durationMs: serverCheckDurationMs,
  rise: ({ words, at }) => words[at + serverRise],
  fall: ({ words, at }) => words[at + serverFall],
};

/** Agents change the state at once. */
export const agentKind: ProbeKind = {
  isAgent: true,
  title: 'Agent',
  health: serverAgentHealth,
  status: serverAgentStatus,
  code: serverAgentCode,
  durationMs: serverAgentDurationMs,
  rise: () => 1,
  fall: () => 1,
};

/** What a result changed. */
export interface HealthChange {
  /**
   * The counter or the kind of result is not what it was: `option log-health-checks` reports it.
   */
  readonly isNews: boolean;
  /** A failure that counts (column chkfail). */
  readonly isFailure: boolean;
  /** The state that the server has now because of it, '' when it has not changed. */
  readonly became: StateChange;
}

export type StateChange = 'up' | 'down' | 'stopping' | '';

const L7Status = checkStatusNumber('L7STS');

/** Writes a result to the server's words, and moves its counter. */
export function noteResult(
  server: ServerWords,
  kind: ProbeKind,
  result: CheckResult,
): Pick<HealthChange, 'isNews' | 'isFailure'> {
  const { words, at } = server;
  const outcome = checkStatuses[result.status].result;
  const before = words[at + kind.health];
  const rise = kind.rise(server);
  const full = rise + kind.fall(server) - 1;
  let isNews = words[at + kind.status] !== result.status;
  words[at + kind.status] = result.status;
  words[at + kind.code] = result.code;
  words[at + kind.durationMs] = Math.round(result.durationMs);
  if (kind.isAgent) server.agentText = result.info;
  else server.setCheckText(result.info);
  if (outcome === resultNeutral) return { isNews: false, isFailure: false };
  let isFailure = false;
  if (outcome === resultFailed) {
    // An agent that does not answer says nothing about the server.
    const counts = !kind.isAgent || result.status >= statusFirstDetailed;
    isFailure = counts && before > 0;
    if (isFailure) words[at + kind.health] = before - 1 < rise ? 0 : before - 1;
  } else if (before < full) {
    words[at + kind.health] = before + 1 >= rise ? full : before + 1;
    isNews = true;
  }
  return { isNews: isNews || isFailure, isFailure };
}

/** Milliseconds of a slow start, 0 for none, and the clock. */
export interface Moment {
  readonly nowSeconds: number;
  readonly slowstartMs: number;
}

/** The state that follows from a result that has been noted. */
export function applyState(
  server: ServerWords,
  kind: ProbeKind,
  status: number,
  moment: Moment,
): StateChange {
  const outcome = checkStatuses[status].result;
  if (outcome === resultFailed) return applyFailure(server, kind, status, moment);
  if (outcome !== resultPassed && outcome !== resultConditional) return '';
  if (!mayRun(server)) return '';
  const state = server.words[server.at + serverState];
  if (outcome === resultConditional) {
    if (kind.isAgent || state === stateStopping) return '';
    server.setState(stateStopping, moment.nowSeconds);
    return 'stopping';
  }
  if (state === stateStarting || state === stateRunning) return '';
  if (kind.isAgent && state === stateStopping) return '';
  server.setState(moment.slowstartMs > 0 ? stateStarting : stateRunning, moment.nowSeconds);
  return 'up';
}

function applyFailure(
  server: ServerWords,
  kind: ProbeKind,
  status: number,
  { nowSeconds }: Moment,
): StateChange {
  const { words, at } = server;
  // Only an agent that says so marks a server down, not one that cannot be reached.
  if (kind.isAgent && status !== L7Status) return '';
  if (words[at + kind.health] > 0) return '';
  if ((words[at + serverAdmin] & adminMaint) !== 0) return '';
  if (words[at + serverState] === stateStopped) return '';
  server.setState(stateStopped, nowSeconds);
  return 'down';
}

/** Neither maintenance nor another probe is in the way. */
export function mayRun(server: ServerWords): boolean {
  const { words, at } = server;
  if ((words[at + serverAdmin] & adminMaint) !== 0) return false;
  const isChecked = (words[at + serverCheckFlags] & checkEnabled) !== 0;
  if (isChecked && words[at + serverHealth] < words[at + serverRise]) return false;
  const isAsked = (words[at + serverAgentFlags] & checkEnabled) !== 0;
  return !isAsked || words[at + serverAgentHealth] >= agentKind.rise(server);
}

interface Intervals {
  readonly interMs: number;
  readonly fastinterMs: number;
  readonly downinterMs: number;
}

/** Milliseconds until the next check: inter, fastinter while changing, downinter when down. */
export function intervalMs(
  server: ServerWords,
  kind: ProbeKind,
  { interMs, fastinterMs, downinterMs }: Intervals,
  isForced = false,
): number {
  const { words, at } = server;
  const health = words[at + kind.health];
  const full = kind.rise(server) + kind.fall(server) - 1;
  if (!isForced && health === full) return interMs;
  if (words[at + serverState] === stateStopped && health === 0) return downinterMs || interMs;
  return fastinterMs || interMs;
}

/** ", reason: ..., code: N, info: ..., check duration: Nms" of a result. */
export function reasonText({ status, info, code, durationMs }: CheckResult): string {
  const coded = status >= statusFirstDetailed ? `, code: ${code}` : '';
  const quoted = info === '' ? '' : `, info: "${escaped(info.slice(0, infoMax))}"`;
  const lasted = durationMs < 0 ? '' : `, check duration: ${Math.floor(durationMs)}ms`;
  return `, reason: ${checkStatuses[status].text}${coded}${quoted}${lasted}`;
}

const infoMax = 127;

/** Quotes and what is not printable, as the reference writes them. */
function escaped(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 32 && code < 127 && code !== 34) out += text[i];
    else out += `<${code.toString(16).toUpperCase().padStart(2, '0')}>`;
  }
  return out;
}

/** Numbers of the sentence about a change. */
export interface ChangeNumbers {
  readonly active: number;
  readonly backup: number;
  readonly sessions: number;
  readonly requeued: number;
  readonly queued: number;
}

export interface ServerNames {
  readonly backend: string;
  readonly server: string;
  readonly isBackup: boolean;
}

const verbs: Readonly<Record<Exclude<StateChange, ''>, string>> = {
  up: 'UP',
  down: 'DOWN',
  stopping: 'stopping',
};

/**
 * `Server b/s is DOWN...`. `reason` of reasonText, or ` via b/s` for a server that tracks another.
 */
export function changeText(
  names: ServerNames,
  became: Exclude<StateChange, ''>,
  reason: string,
  numbers: ChangeNumbers,
): string {
  const { active, backup, sessions, requeued, queued } = numbers;
  const title = `${names.isBackup ? 'Backup ' : ''}Server ${names.backend}/${names.server}`;
  const head = `${title} is ${verbs[became]}${reason}. ${active} active and ${backup}`;
  const onBackup = backup > 0 && active === 0 ? ' Running on backup.' : '';
  if (became !== 'down') {
    return `${head} backup servers online.${onBackup} ${requeued} sessions requeued, ${queued} total in queue.`;
  }
  return (
    `${head} backup servers left.${onBackup}` +
    ` ${sessions} sessions active, ${requeued} requeued, ${queued} remaining in queue.`
  );
}

/** `option log-health-checks`: one line per result that is news. */
export function healthText(
  names: ServerNames,
  kind: ProbeKind,
  result: CheckResult,
  server: ServerWords,
): string {
  const { words, at } = server;
  const health = words[at + kind.health];
  const rise = kind.rise(server);
  const isUp = health >= rise;
  const outcome = checkStatuses[result.status].result;
  const conditional = outcome === resultConditional ? 'conditionally ' : '';
  const verb = outcome >= resultPassed ? 'succeeded' : 'failed';
  const subject = `${names.isBackup ? 'backup ' : ''}server ${names.backend}/${names.server}`;
  const count = isUp ? `${health - rise + 1}/${kind.fall(server)}` : `${health}/${rise}`;
  const state = isUp ? (words[at + serverWeight] > 0 ? 'UP' : 'DRAIN') : 'DOWN';
  return (
    `${kind.title} check for ${subject} ${conditional}${verb}${reasonText(result)}, ` +
    `status: ${count} ${state}.`
  );
}
