// Model -> Backend: the servers, balancing and persistence of one proxy. Called by
// compile/proxies.ts for every proxy that has a back side, on each proxy thread and when a
// configuration is only checked.

import { nearestWord } from '../../shared/config/hint.ts';
import type { ProxyModel } from '../../shared/config/model.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import { algorithms } from '../balance/algorithms.ts';
import type { Evaluate, Scope } from '../keyword.ts';
import { kindString } from '../sample/sample.ts';
import { Backend } from '../server/backend.ts';
import type { BalanceDef, MakeBalancer, Members } from '../server/balancer.ts';
import { CookiePersistence } from '../server/cookie.ts';
import { Persistence, type PersistPlan, type UseServerPlan } from '../server/persistence.ts';
import { RdpCookie } from '../server/rdp-cookie.ts';
import { Stickiness, type StickPlan } from '../server/stickiness.ts';
import { Server } from '../server/server.ts';
import { trackFault } from '../server/track.ts';
import { privateWords, type ServerWordsTable } from '../server/words.ts';
import { checkDynamicCookies, compileCookie } from './cookie.ts';
import { fullconnOf } from './fullconn.ts';
import { lineCursor } from '../line-cursor.ts';

export interface BackendInput {
  readonly model: ProxyModel;
  readonly proxyIndex: number;
  /** Scope of this proxy; alerts go through it. */
  readonly scope: Scope;
  /** null: only check. */
  readonly words: ServerWordsTable | null;
  /** `stick` rules, null: there are none. */
  readonly stick: StickPlan | null;
  readonly sys: Sys;
  /** Uniform in [0, 1), the thread's own. Math.random when absent. */
  readonly random?: () => number;
}

/** Never null: what is wrong has been reported through `scope`, and a rotation takes its place. */
export function buildBackend(input: BackendInput): Backend {
  const { model, proxyIndex, scope } = input;
  const table = input.words ?? checkedWords(model);
  const place = table.backend(proxyIndex);
  const home = {
    words: table.words,
    backendName: model.name,
    backendLiveAt: place.liveAt,
    fullconn: fullconnOf(scope.model, model),
  };
  const servers = model.servers.map(
    (server, index) => new Server(server, index, table.server(proxyIndex, index), home),
  );
  const members: Members = {
    servers,
    block: table.farm(proxyIndex),
    allBackups: model.options['allbackups'] === true,
    threadIndex: table.threadIndex,
    random: input.random ?? Math.random,
    backendWords: table.words,
    backendLiveAt: place.liveAt,
    values: table.values,
  };
  const usesDown = model.options['persist'] === true;
  checkDynamicCookies(model, scope);
  const cookie = compileCookie(model, scope);
  const persistence = new Persistence({
    servers,
    useServers: compileUseServers(model, scope),
    rules: compilePersist(model, scope),
    cookie: cookie === null ? null : new CookiePersistence(cookie, servers, usesDown),
    rdpCookie:
      model.rdpCookie === '' ? null : new RdpCookie(readRdp(model, scope), servers, usesDown),
    stickiness: input.stick === null ? null : new Stickiness(input.stick, servers, usesDown),
    usesDown,
  });
  checkTracks(model, scope);
  const make = compileBalance(model, scope);
  return new Backend({
    model,
    proxyIndex,
    servers,
    home,
    balancer: make(members),
    rebalance: (block) => make({ ...members, block }),
    persistence,
    table,
    place,
  });
}

/** Words of a configuration that is only checked: every server as its configuration says. */
function checkedWords(model: ProxyModel): ServerWordsTable {
  return privateWords(model.servers.length);
}

/** What a backend does that says nothing (manual 4.2, balance). */
const defaultBalance = 'random';
/** What a tcp backend does that asks to hash a part of an HTTP request. */
const plainBalance = 'roundrobin';

function compileBalance(model: ProxyModel, scope: Scope): MakeBalancer {
  const { balance } = model;
  if (balance === null) return unconditional(defaultBalance, model, scope);
  const def = algorithms.get(balance.algorithm);
  if (def === undefined) {
    scope.alertAt(balance.place, `balance algorithm '${balance.algorithm}' is not supported yet`);
    return unconditional(plainBalance, model, scope);
  }
  if (def.httpOnly && model.mode !== 'http') {
    const kind = model.kind === 'listen' ? 'proxy' : 'backend';
    scope.warning(
      `Layer 7 hash not possible for ${kind} '${model.name}' (needs 'mode http'). ` +
        'Falling back to round robin.',
    );
    return unconditional(plainBalance, model, scope);
  }
  return def.build(balance, model, scope) ?? unconditional(plainBalance, model, scope);
}

/** An algorithm that needs no words. */
function unconditional(algorithm: string, model: ProxyModel, scope: Scope): MakeBalancer {
  const def = algorithms.get(algorithm) as BalanceDef; // one of the two names above
  const make = def.build({ algorithm, words: [], place: model.place }, model, scope);
  return make as MakeBalancer; // without words nothing can be wrong
}

function compileUseServers(model: ProxyModel, scope: Scope): UseServerPlan[] {
  const plans: UseServerPlan[] = [];
  for (const line of model.useServers) {
    const words = lineCursor(line);
    const wanted = words.next();
    const condition = words.atEnd() ? null : scope.condition(words);
    const serverIndex = model.servers.findIndex((server) => server.name === wanted);
    const isFormat = wanted.includes('%');
    const name = isFormat ? scope.logFormat(wanted) : null;
    if (serverIndex < 0 && !isFormat) {
      const near = nearestWord(
        wanted,
        model.servers.map((server) => server.name),
      );
      const hint = near === '' ? '' : `did you mean '${near}'?`;
      const place = { ...line.place, column: line.columns[0] ?? line.place.column };
      scope.alertAt(place, `unable to find server '${wanted}' in backend '${model.name}'`, hint);
      continue;
    }
    plans.push({ condition, serverIndex: isFormat ? -1 : serverIndex, name });
  }
  return plans;
}

function readRdp({ rdpCookie }: ProxyModel, scope: Scope): Evaluate {
  // The name was checked by the loader, so nothing can be wrong.
  return scope.expressionOf(`req.rdp_cookie(${rdpCookie})`, kindString)!.evaluate;
}

/** force-persist and ignore-persist in the order in which they were written. */
function compilePersist(model: ProxyModel, scope: Scope): PersistPlan[] {
  const lines = [
    ...model.forcePersist.map((line) => ({ line, forces: true })),
    ...model.ignorePersist.map((line) => ({ line, forces: false })),
  ].sort((a, b) => a.line.place.line - b.line.place.line);
  const plans: PersistPlan[] = [];
  for (const { line, forces } of lines) {
    const condition = scope.condition(lineCursor(line));
    if (condition !== null) plans.push({ condition, forces });
  }
  return plans;
}

/** A server that tracks another needs one that is checked, not itself and not in a circle. */
function checkTracks(model: ProxyModel, scope: Scope): void {
  for (const server of model.servers) {
    const fault = trackFault(scope.model, model.name, server);
    if (fault !== '') scope.alertAt(server.place, fault);
  }
}
