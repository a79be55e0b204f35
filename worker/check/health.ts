// From the results of checks to the state of a server: the counter between 0 and rise+fall-1, going
// down, coming up, and the sentences about it (those of HAProxy: monitoring reads them). Control
// thread only.

import { checkStatuses, resultFailed } from '../../shared/segment/check-status.ts';
import {
  adminMaint,
  type ServerWords,
  serverAdmin,
  serverCheckCode,
  serverCheckDurationMs,
  serverCheckStatus,
  serverFall,
  serverHealth,
  serverRise,
  serverState,
  serverWeight,
  stateRunning,
  stateStopped,
} from '../../shared/segment/server-state.ts';

export interface CheckResult {
  /** Number of a row of checkStatuses. */
  readonly status: number;
  readonly info: string;
  readonly durationMs: number;
}

/** What a result changed. */
export interface HealthChange {
  /**
   * The counter or the kind of result is not what it was: `option log-health-checks` reports it.
   */
  readonly isNews: boolean;
  /** A failure that counts (column chkfail). */
  readonly isFailure: boolean;
  readonly became: 'up' | 'down' | '';
}

/** Applies a result to the server's words. Does not refresh its backend. */
export function applyResult(
  server: ServerWords,
  result: CheckResult,
  nowSeconds: number,
): HealthChange {
  const { words, at } = server;
  const before = words[at + serverHealth];
  const rise = words[at + serverRise];
  const full = rise + words[at + serverFall] - 1;
  const failed = checkStatuses[result.status].result === resultFailed;
  const health = failed ? afterFailure(before, rise) : afterSuccess(before, rise, full);
  const isNews = health !== before || words[at + serverCheckStatus] !== result.status;
  words[at + serverHealth] = health;
  words[at + serverCheckStatus] = result.status;
  words[at + serverCheckCode] = 0;
  words[at + serverCheckDurationMs] = Math.round(result.durationMs);
  server.setCheckText(result.info);
  const became = applyState(server, failed, nowSeconds);
  return { isNews, isFailure: failed && before > 0, became };
}

function afterFailure(health: number, rise: number): number {
  return health - 1 < rise ? 0 : health - 1;
}

function afterSuccess(health: number, rise: number, full: number): number {
  return health + 1 >= rise ? full : health + 1;
}

function applyState(server: ServerWords, failed: boolean, nowSeconds: number): 'up' | 'down' | '' {
  const { words, at } = server;
  if ((words[at + serverAdmin] & adminMaint) !== 0) return '';
  const state = words[at + serverState];
  const health = words[at + serverHealth];
  if (failed) {
    if (health > 0 || state === stateStopped) return '';
    server.setState(stateStopped, nowSeconds);
    return 'down';
  }
  if (health < words[at + serverRise] || state !== stateStopped) return '';
  server.setState(stateRunning, nowSeconds);
  return 'up';
}

/** Milliseconds until the next check: inter, fastinter while changing, downinter when down. */
export function intervalMs(
  server: ServerWords,
  model: { readonly interMs: number; readonly fastinterMs: number; readonly downinterMs: number },
): number {
  const { words, at } = server;
  const health = words[at + serverHealth];
  if (health === words[at + serverRise] + words[at + serverFall] - 1) return model.interMs;
  if (health === 0) return model.downinterMs > 0 ? model.downinterMs : model.interMs;
  return model.fastinterMs > 0 ? model.fastinterMs : model.interMs;
}

/** ", reason: ..., info: ..., check duration: Nms" of a result. */
export function reasonText({ status, info, durationMs }: CheckResult): string {
  const quoted = info === '' ? '' : `, info: "${escaped(info)}"`;
  return `, reason: ${checkStatuses[status].text}${quoted}, check duration: ${Math.round(durationMs)}ms`;
}

/** Quotes, backslashes and what is not printable, as the reference writes them. */
function escaped(text: string): string {
  let out = '';
  for (const char of text) {
    const code = char.charCodeAt(0);
    if (char === '"' || char === '\\') out += `\\${char}`;
    else if (code >= 32 && code < 127) out += char;
    else out += `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`;
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

/**
 * `Server b/s is DOWN...`. `reason` of reasonText, or ` via b/s` for a server that tracks another.
 */
export function changeText(
  names: ServerNames,
  became: 'up' | 'down',
  reason: string,
  numbers: ChangeNumbers,
): string {
  const { active, backup, sessions, requeued, queued } = numbers;
  const head = `${names.isBackup ? 'Backup ' : ''}Server ${names.backend}/${names.server} is `;
  const onBackup = backup > 0 && active === 0 ? ' Running on backup.' : '';
  if (became === 'up') {
    return (
      `${head}UP${reason}. ${active} active and ${backup} backup servers online.${onBackup}` +
      ` ${requeued} sessions requeued, ${queued} total in queue.`
    );
  }
  return (
    `${head}DOWN${reason}. ${active} active and ${backup} backup servers left.${onBackup}` +
    ` ${sessions} sessions active, ${requeued} requeued, ${queued} remaining in queue.`
  );
}

/** `option log-health-checks`: one line per result that is news. */
export function healthText(names: ServerNames, result: CheckResult, server: ServerWords): string {
  const { words, at } = server;
  const health = words[at + serverHealth];
  const rise = words[at + serverRise];
  const isUp = health >= rise;
  const failed = checkStatuses[result.status].result === resultFailed;
  const kind = `${names.isBackup ? 'backup ' : ''}server ${names.backend}/${names.server}`;
  const count = isUp ? `${health - rise + 1}/${words[at + serverFall]}` : `${health}/${rise}`;
  const state = isUp ? (words[at + serverWeight] > 0 ? 'UP' : 'DRAIN') : 'DOWN';
  return (
    `Health check for ${kind} ${failed ? 'failed' : 'succeeded'}${reasonText(result)}, ` +
    `status: ${count} ${state}.`
  );
}
