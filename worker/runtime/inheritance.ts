// Maintenance and drain that servers inherit from the one they track (manual 5.2, track): what
// becomes of their words when an operator changes that one, and of those that track them in turn.
// Called by administration.ts, which says what has happened.

import * as state from '../../shared/segment/server-state.ts';
import { trackersOf } from '../server/track.ts';
import type { RuntimeContext } from './context.ts';
import type { ServerTarget } from './target.ts';

/** A server that has inherited a state, or lost one. */
export interface Inheritance {
  readonly target: ServerTarget;
  /** Whom from, "backend/server". */
  readonly via: string;
  readonly became: 'maint' | 'maint while down' | 'ready' | 'still down' | 'drain' | 'undrained';
}

/** Passes the administrative state of a server on; who changed, last added first. */
export function inheritAdmin(
  context: RuntimeContext,
  from: ServerTarget,
  nowSeconds: number,
): Inheritance[] {
  const trackers = trackersOf(context.stats.model);
  const changes: Inheritance[] = [];
  const pass = ({ proxyIndex, serverIndex, words, name: via }: ServerTarget): void => {
    const followers = trackers.get(`${proxyIndex}/${serverIndex}`) ?? [];
    for (const follower of [...followers].reverse()) {
      const target = targetOf(context, follower.proxyIndex, follower.serverIndex);
      const became = inherit(target.words, words, nowSeconds);
      if (became === null) continue;
      changes.push({ target, via, became });
      pass(target);
    }
  };
  pass(from);
  return changes;
}

function targetOf(
  { stats }: RuntimeContext,
  proxyIndex: number,
  serverIndex: number,
): ServerTarget {
  const proxy = stats.model.proxies[proxyIndex];
  const name = `${proxy.name}/${proxy.servers[serverIndex].name}`;
  return { proxyIndex, serverIndex, words: stats.servers[proxyIndex][serverIndex], name };
}

/** null: nothing changed that others would have to know. */
function inherit(
  own: state.ServerWords,
  tracked: state.ServerWords,
  nowSeconds: number,
): Inheritance['became'] | null {
  const above = tracked.words[tracked.at + state.serverAdmin];
  const before = own.words[own.at + state.serverAdmin];
  const isMaint = (above & state.adminMaint) !== 0;
  const isDrain = (above & state.adminDrain) !== 0;
  own.setAdmin(
    (isMaint ? state.adminInheritedMaint : 0) | (isDrain ? state.adminInheritedDrain : 0),
    (isMaint ? 0 : state.adminInheritedMaint) | (isDrain ? 0 : state.adminInheritedDrain),
  );
  const after = own.words[own.at + state.serverAdmin];
  const was = (bits: number): boolean => (before & bits) !== 0;
  const is = (bits: number): boolean => (after & bits) !== 0;
  if (is(state.adminMaint) && !was(state.adminMaint)) {
    return own.setState(state.stateStopped, nowSeconds) ? 'maint' : 'maint while down';
  }
  if (was(state.adminMaint) && !is(state.adminMaint)) {
    const next = tracked.words[tracked.at + state.serverState];
    own.setState(next, nowSeconds);
    return next === state.stateStopped ? 'still down' : 'ready';
  }
  if (is(state.adminDrain) === was(state.adminDrain)) return null;
  return is(state.adminDrain) ? 'drain' : 'undrained';
}
