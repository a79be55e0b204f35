// What ready, drain, maint, up, stopping and down do to a server's words, and the sentence that
// tells it. Called by the commands of servers.ts; the context spreads the news. Follows
// management.txt 9.3, `set server`.

import type { ServerModel } from '../../shared/config/model.ts';
import { liveQueued, liveServed } from '../../shared/segment/live.ts';
import * as state from '../../shared/segment/server-state.ts';
import { initialHealth } from '../server/farm-states.ts';
import type { RuntimeContext } from './context.ts';
import { type Inheritance, inheritAdmin } from './inheritance.ts';
import type { ServerTarget } from './target.ts';

/** `set server state`: what to do to a server. */
export type AdminState = 'ready' | 'drain' | 'maint';
/** `set server health`. */
export type HealthState = 'up' | 'stopping' | 'down';

/** `set server state`: maintenance, drain or ready; says so in the log when it is a change. */
export function setAdminState(
  context: RuntimeContext,
  target: ServerTarget,
  wanted: AdminState,
): void {
  const now = seconds(context);
  const change = adminChanges[wanted](target.words, now, modelOf(context, target));
  if (change.text === '') return;
  const inherited = inheritAdmin(context, target, now);
  tellAll(context, target, change, inherited);
}

/** `set server health`: as if the checks had just decided so. */
export function setHealthState(
  context: RuntimeContext,
  target: ServerTarget,
  wanted: HealthState,
): void {
  const { words } = target;
  const { rise, fall } = thresholds(words);
  words.set(state.serverHealth, wanted === 'down' ? 0 : rise + fall - 1);
  if (!words.setState(healthStates[wanted], seconds(context))) return;
  tell(context, target, { text: healthTexts[wanted], showsFarm: true });
}

/**
 * A server without an address has got one: unless something else keeps it, it is UP. `fromAnswer`:
 * a name server has said so.
 */
export function setAddressKnown(
  context: RuntimeContext,
  target: ServerTarget,
  fromAnswer: boolean,
): void {
  const { words, name } = target;
  if (!words.setAdmin(0, state.adminResolutionMaint)) return;
  const now = seconds(context);
  const model = modelOf(context, target);
  const isKept = (words.words[words.at + state.serverAdmin] & state.adminMaint) !== 0;
  const standing = isKept ? '' : startWords(words, begin(words, now, model));
  const inherited = inheritAdmin(context, target, now);
  const text = isKept
    ? 'resolves again but remains in maintenance'
    : `is ${standing} (resolves again)`;
  const change = { text: `('${model.fqdn || '(null)'}') ${text}`, showsFarm: false };
  tellAll(context, target, change, inherited);
  if (!fromAnswer) return;
  const thanks = `Server ${name} administratively READY thanks to valid DNS answer.`;
  context.report(target.proxyIndex, 5, thanks);
}

/** A server has no address any more: maintenance until it has one; `why` for the log. */
export function setAddressLost(context: RuntimeContext, target: ServerTarget, why: string): void {
  const { words } = target;
  const before = words.words[words.at + state.serverAdmin];
  if (!words.setAdmin(state.adminResolutionMaint, 0)) return;
  if ((before & state.adminMaint) !== 0) return;
  const now = seconds(context);
  const wasStopping =
    words.words[words.at + state.serverState] === state.stateStopping ||
    (before & state.adminDrain) !== 0;
  setPaused(words, true);
  words.set(state.serverHealth, 0);
  const isNew = words.setState(state.stateStopped, now);
  const inherited = inheritAdmin(context, target, now);
  const text = isNew ? 'is going DOWN for maintenance' : 'was DOWN and now enters maintenance';
  const isAlarm = isNew && !wasStopping;
  tellAll(context, target, { text, why: ` (${why})`, showsFarm: isNew, isAlarm }, inherited);
}

/** `set server agent`: as if the agent had just said so. */
export function setAgentHealth(
  context: RuntimeContext,
  target: ServerTarget,
  wanted: 'up' | 'down',
): void {
  const { words } = target;
  words.set(state.serverAgentHealth, wanted === 'up' ? 1 : 0);
  if ((words.words[words.at + state.serverAdmin] & state.adminMaint) !== 0) return;
  if (!words.setState(healthStates[wanted], seconds(context))) return;
  tell(context, target, { text: healthTexts[wanted], showsFarm: true });
}

function modelOf(context: RuntimeContext, { proxyIndex, serverIndex }: ServerTarget): ServerModel {
  return context.stats.model.proxies[proxyIndex].servers[serverIndex];
}

/** The change itself, then what servers have inherited of it. */
function tellAll(
  context: RuntimeContext,
  target: ServerTarget,
  change: Change,
  inherited: readonly Inheritance[],
): void {
  tell(context, target, change, inherited);
  for (const [index, { target: follower, became, via }] of inherited.entries()) {
    const own = inheritedChanges[became];
    const why = became.startsWith('maint') ? (change.why ?? '') : '';
    const from = own.showsOrigin === true ? ` via ${via}` : '';
    const told = { ...own, why: `${why}${from}` };
    tell(context, follower, told, inherited.slice(index + 1));
  }
}

/**
 * Says it with what is left of the backend; `serverChanged` does the rest. `next`: what has
 * happened too, and will be said after this.
 */
function tell(
  context: RuntimeContext,
  target: ServerTarget,
  change: Change,
  next: readonly Inheritance[] = [],
): void {
  const { proxyIndex, serverIndex, name } = target;
  const backend = context.stats.backends[proxyIndex];
  const became = backend?.refresh(seconds(context)) ?? 'none';
  const isBackup = isBackupServer(target);
  const farm = change.showsFarm ? farmText(context, target, next) : '';
  const why = change.why ?? '';
  const text = `${isBackup ? 'Backup ' : ''}Server ${name} ${change.text}${why}${farm}.`;
  context.serverChanged(proxyIndex, serverIndex, '');
  const severity = change.isAlarm === true ? 1 : 5;
  context.report(proxyIndex, severity, text);
  context.mail(proxyIndex, severity, text);
  if (became === 'down') {
    const { name: backendName, kind } = context.stats.model.proxies[proxyIndex];
    const what = kind === 'listen' ? 'proxy' : 'backend';
    const rest = 'has no server available!';
    context.report(
      proxyIndex,
      0,
      `${what} ${backendName} ${rest}`,
      `${what} '${backendName}' ${rest}`,
    );
  }
}

function farmText(
  { stats }: RuntimeContext,
  target: ServerTarget,
  next: readonly Inheritance[],
): string {
  const backend = stats.backends[target.proxyIndex];
  if (backend === null) return '';
  const isToGo = ({ became, target: one }: Inheritance): boolean =>
    one.proxyIndex === target.proxyIndex && (became === 'maint' || became === 'drain');
  const backups = next.filter((one) => isToGo(one) && isBackupServer(one.target)).length;
  const active = backend.active + next.filter(isToGo).length - backups;
  const backup = backend.backup + backups;
  const object = stats.objects.proxies[target.proxyIndex].servers[target.serverIndex];
  const onBackup = backup > 0 && active === 0 ? ' Running on backup.' : '';
  const queued = stats.live.sum(object, liveQueued);
  const { words, at } = target.words;
  return words[at + state.serverState] === state.stateStopped
    ? `. ${active} active and ${backup} backup servers left.${onBackup} ` +
        `${stats.live.sum(object, liveServed)} sessions active, 0 requeued, ` +
        `${queued} remaining in queue`
    : `. ${active} active and ${backup} backup servers online.${onBackup} ` +
        `0 sessions requeued, ${queued} total in queue`;
}

function isBackupServer({ words: { words, at } }: ServerTarget): boolean {
  return words[at + state.serverIsBackup] !== 0;
}

const healthStates: Readonly<Record<HealthState, number>> = {
  up: state.stateRunning,
  stopping: state.stateStopping,
  down: state.stateStopped,
};

const healthTexts: Readonly<Record<HealthState, string>> = {
  up: 'is UP, reason: changed from CLI',
  stopping: 'is stopping, reason: changed from CLI',
  down: 'is DOWN, reason: changed from CLI',
};

/** What to say, '' for nothing, and whether the numbers of the backend follow. */
interface Change {
  readonly text: string;
  readonly showsFarm: boolean;
  /** A server that served goes away. */
  readonly isAlarm?: boolean;
  /** Behind the text. */
  readonly why?: string;
}

/** What a server that tracks another has inherited. */
interface InheritedChange extends Change {
  /** The other is named. */
  readonly showsOrigin?: boolean;
}

const inheritedChanges: Readonly<Record<Inheritance['became'], InheritedChange>> = {
  maint: {
    text: 'is going DOWN for maintenance',
    showsFarm: true,
    isAlarm: true,
    showsOrigin: true,
  },
  'maint while down': {
    text: 'was DOWN and now enters maintenance',
    showsFarm: false,
    showsOrigin: true,
  },
  ready: { text: 'is UP/READY (leaving maintenance)', showsFarm: false },
  'still down': { text: 'is DOWN/READY (leaving maintenance)', showsFarm: false },
  drain: { text: 'enters drain state', showsFarm: true, showsOrigin: true },
  undrained: { text: 'is UP (leaving drain)', showsFarm: false, showsOrigin: true },
};

const quiet: Change = { text: '', showsFarm: false };

const adminChanges: Readonly<
  Record<AdminState, (words: state.ServerWords, nowSeconds: number, model: ServerModel) => Change>
> = {
  maint: (words, now) => {
    if (!words.setAdmin(state.adminForcedMaint, 0)) return quiet;
    setPaused(words, true);
    return words.setState(state.stateStopped, now)
      ? { text: 'is going DOWN for maintenance', showsFarm: true, isAlarm: true }
      : { text: 'was DOWN and now enters maintenance', showsFarm: false };
  },
  drain: (words, now, model) => {
    const entered = words.setAdmin(state.adminForcedDrain, 0);
    const left = leaveMaint(words, now, model);
    return entered || left !== '' ? { text: 'enters drain state', showsFarm: true } : quiet;
  },
  ready: (words, now, model) => {
    const undrained = words.setAdmin(0, state.adminForcedDrain);
    const left = leaveMaint(words, now, model);
    if (left !== '') return { text: left, showsFarm: false };
    return undrained ? { text: 'is UP (leaving forced drain)', showsFarm: false } : quiet;
  },
};

/** Leaves maintenance: the server is UP, one failed check from DOWN, or as `init-state` says. */
function leaveMaint(words: state.ServerWords, now: number, model: ServerModel): string {
  if (!words.setAdmin(0, state.adminForcedMaint)) return '';
  if ((words.words[words.at + state.serverAdmin] & state.adminMaint) !== 0) {
    return 'is leaving forced maintenance but remains in maintenance';
  }
  return `is ${startWords(words, begin(words, now, model))} (leaving forced maintenance)`;
}

function startWords({ words, at }: state.ServerWords, isUp: boolean): string {
  const isDrained = (words[at + state.serverAdmin] & state.adminDrain) !== 0;
  return `${isUp ? 'UP' : 'DOWN'}/${isDrained ? 'DRAIN' : 'READY'}`;
}

/** In service again: UP, one failed check from DOWN, or as `init-state` says. Tells whether UP. */
function begin(words: state.ServerWords, now: number, model: ServerModel): boolean {
  setPaused(words, false);
  const health = initialHealth(model);
  words.set(state.serverHealth, health);
  if (health < thresholds(words).rise) return false;
  const isSlow = model.checks.slowstartMs > 0 && model.checks.initState === '';
  words.setState(isSlow ? state.stateStarting : state.stateRunning, now);
  return true;
}

function setPaused(words: state.ServerWords, isPaused: boolean): void {
  const flags = words.words[words.at + state.serverCheckFlags];
  if ((flags & state.checkEnabled) === 0) return;
  const paused = isPaused ? flags | state.checkPaused : flags & ~state.checkPaused;
  words.set(state.serverCheckFlags, paused);
}

function thresholds({ words, at }: state.ServerWords): { rise: number; fall: number } {
  return { rise: words[at + state.serverRise], fall: words[at + state.serverFall] };
}

function seconds(context: RuntimeContext): number {
  return Math.floor(context.stats.nowMs() / 1000);
}
