// All servers and backends of a configuration as the control thread handles them: their words in
// the segment, brought to the configuration once per load. Health checks, runtime API and
// statistics share one of these. Proxy threads read the same words through words.ts.

import type { Model, ProxyModel, ServerModel } from '../../shared/config/model.ts';
import { BackendWords } from '../../shared/segment/backend-state.ts';
import type { ObjectTable } from '../../shared/segment/objects.ts';
import {
  adminInheritedMaint,
  adminMaint,
  adminResolutionMaint,
  type ServerSetup,
  ServerWords,
  serverAdmin,
  serverLoad,
  serverState,
  stateStopped,
} from '../../shared/segment/server-state.ts';
import { isNamed } from '../../shared/config/model-server.ts';
import { keepAddress, keptAddress } from './kept-address.ts';
import { applySavedState } from './saved-state.ts';
import { maxconnOf } from './server.ts';
import { trackersOf } from './track.ts';
import type { ObjectIndex } from './object-index.ts';

export interface FarmStates {
  /** By proxy index, null on a pure frontend. */
  readonly backends: (BackendWords | null)[];
  /** By proxy index and server index. */
  readonly servers: ServerWords[][];
}

/** When the words are brought to the configuration, and for which load of it. */
interface Moment {
  readonly words: Int32Array;
  readonly load: number;
  readonly nowSeconds: number;
  /** Another worker of the same master has served before. */
  readonly isReload?: boolean;
}

/**
 * Prepares every server and backend. `load` names this load of the configuration: the same number
 * finds all states as they were (a worker that replaces a crashed one), another one resets what
 * the configuration decides. Never 0.
 */
export function prepareFarm(
  model: Pick<Model, 'proxies'>,
  objects: ObjectIndex,
  table: ObjectTable,
  at: Moment,
): FarmStates {
  const backends: (BackendWords | null)[] = [];
  const servers: ServerWords[][] = [];
  for (let index = 0; index < model.proxies.length; index++) {
    const { back, servers: indexes } = objects.proxies[index];
    const farm = model.proxies[index].servers.map((server, i) => {
      const words = new ServerWords(at.words, table, indexes[i], back);
      const isKept = takeKeptAddress(words, server, at);
      const setup = serverSetup(model.proxies[index], server);
      const isNew = words.prepare(setup, at.load, at.nowSeconds);
      if (isKept) keepAddress(words, server);
      else if (setup.unresolved === true) loseAddress(words);
      const { savedState } = server;
      if (isNew && savedState !== null) applySavedState(words, server, savedState, at.nowSeconds);
      return words;
    });
    servers.push(farm);
    const whole = back < 0 ? null : new BackendWords(at.words, table.sharedWords(back), farm);
    whole?.prepare(at.load, at.nowSeconds);
    backends.push(whole);
  }
  inheritStart(model, servers);
  for (const whole of backends) whole?.refresh(at.nowSeconds);
  return { backends, servers };
}

/** A server whose name is resolved while serving goes on where the worker before had it. */
function takeKeptAddress(words: ServerWords, server: ServerModel, at: Moment): boolean {
  if (server.resolvers === '' || server.address.family !== 'unspecified') return false;
  const { [words.at + serverLoad]: load } = words.words;
  if (load !== at.load && (load === 0 || at.isReload !== true)) return false;
  const address = keptAddress(words, server);
  if (address === null) return false;
  server.address = address;
  return true;
}

/** Whatever the words say of it, from another worker: nobody knows where it is. */
function loseAddress(words: ServerWords): void {
  if (!words.setAdmin(adminResolutionMaint, 0)) return;
  words.words[words.at + serverState] = stateStopped;
}

/** Servers that track one which starts in maintenance start there too. */
function inheritStart(model: Pick<Model, 'proxies'>, servers: ServerWords[][]): void {
  const trackers = trackersOf(model);
  const pass = (proxyIndex: number, serverIndex: number): void => {
    const { words, at } = servers[proxyIndex][serverIndex];
    if ((words[at + serverAdmin] & adminMaint) === 0) return;
    for (const follower of trackers.get(`${proxyIndex}/${serverIndex}`) ?? []) {
      const own = servers[follower.proxyIndex][follower.serverIndex];
      if (!own.setAdmin(adminInheritedMaint, 0)) continue;
      own.words[own.at + serverState] = stateStopped;
      pass(follower.proxyIndex, follower.serverIndex);
    }
  };
  for (const [proxyIndex, list] of servers.entries()) {
    for (const serverIndex of list.keys()) pass(proxyIndex, serverIndex);
  }
}

/** `init-state`: up or down, and how far from the other (manual 5.2). */
export function initialHealth({ checks, rise, fall }: ServerModel): number {
  if (checks.initState === 'fully-up') return rise + fall - 1;
  if (checks.initState === 'down') return rise - 1;
  return checks.initState === 'fully-down' ? 0 : rise;
}

/** What the words of a server begin with. */
export function serverSetup(proxy: ProxyModel, server: ServerModel): ServerSetup {
  const initHealth = initialHealth(server);
  return {
    weight: server.weight,
    disabled: server.disabled || proxy.disabled,
    unresolved: isNamed(server) && server.address.family === 'unspecified',
    backup: server.backup,
    maxconn: maxconnOf(server),
    rise: server.rise,
    fall: server.fall,
    checked: server.check,
    initUp: initHealth >= server.rise,
    initHealth,
    agent: server.agent.enabled,
  };
}
