// What ready, drain, maint, up, stopping and down do to a server's words, and the sentence that
// tells it. Called by the commands of servers.ts; the context spreads the news. Follows
// management.txt 9.3, `set server`.

import * as state from '../../shared/segment/server-state.ts';
import type { RuntimeContext } from './context.ts';
import type { ServerTarget } from './target.ts';

/** `set server state`: what to do to a server. */
export type AdminState = 'ready' | 'drain' | 'maint';
/** `set server health`. */
export type HealthState = 'up' | 'stopping' | 'down';

export function setAdminState(
  context: RuntimeContext,
  target: ServerTarget,
  wanted: AdminState,
): void {
  const text = adminChanges[wanted](target.words, seconds(context));
  if (text !== '') {
    const { proxyIndex, serverIndex, name } = target;
    context.serverChanged(proxyIndex, serverIndex, `Server ${name} ${text}.`);
  }
}

export function setHealthState(
  context: RuntimeContext,
  target: ServerTarget,
  wanted: HealthState,
): void {
  const { words, proxyIndex, serverIndex, name } = target;
  const { rise, fall } = thresholds(words);
  words.set(state.serverHealth, wanted === 'down' ? 0 : rise + fall - 1);
  const operational = healthStates[wanted];
  if (!words.setState(operational, seconds(context))) return;
  context.serverChanged(proxyIndex, serverIndex, `Server ${name} is ${healthTexts[wanted]}.`);
}

const healthStates: Readonly<Record<HealthState, number>> = {
  up: state.stateRunning,
  stopping: state.stateStopping,
  down: state.stateStopped,
};

const healthTexts: Readonly<Record<HealthState, string>> = {
  up: 'UP, changed from CLI',
  stopping: 'stopping, changed from CLI',
  down: 'DOWN, changed from CLI',
};

type Change = (words: state.ServerWords, nowSeconds: number) => string;

const adminChanges: Readonly<Record<AdminState, Change>> = {
  maint: (words, now) => {
    if (!words.setAdmin(state.adminForcedMaint, 0)) return '';
    setPaused(words, true);
    const wasUp = words.setState(state.stateStopped, now);
    return wasUp ? 'is going DOWN for maintenance' : 'was DOWN and now enters maintenance';
  },
  drain: (words, now) => {
    const entered = words.setAdmin(state.adminForcedDrain, 0);
    const left = leaveMaint(words, now);
    return entered || left !== '' ? 'enters drain state' : '';
  },
  ready: (words, now) => {
    const undrained = words.setAdmin(0, state.adminForcedDrain);
    const left = leaveMaint(words, now);
    return left !== '' ? left : undrained ? 'is UP (leaving forced drain)' : '';
  },
};

/** Leaving maintenance starts the server UP, one failed check from DOWN. */
function leaveMaint(words: state.ServerWords, now: number): string {
  if (!words.setAdmin(0, state.adminForcedMaint)) return '';
  if ((words.words[words.at + state.serverAdmin] & state.adminMaint) !== 0) {
    return 'is leaving forced maintenance but remains in maintenance';
  }
  setPaused(words, false);
  words.set(state.serverHealth, thresholds(words).rise);
  words.setState(state.stateRunning, now);
  return 'is UP/READY (leaving forced maintenance)';
}

function setPaused(words: state.ServerWords, isPaused: boolean): void {
  const flags = words.words[words.at + state.serverCheckFlags];
  const paused = isPaused ? flags | state.checkPaused : flags & ~state.checkPaused;
  words.set(state.serverCheckFlags, paused);
}

function thresholds({ words, at }: state.ServerWords): { rise: number; fall: number } {
  return { rise: words[at + state.serverRise], fall: words[at + state.serverFall] };
}

function seconds(context: RuntimeContext): number {
  return Math.floor(context.stats.nowMs() / 1000);
}
