// Model -> Program, in passes that report all they find. Run by every proxy thread at start, and on
// the main thread by `-c`, where nothing is counted and no server is shared. Never opens a socket
// or a file.

import { Diagnostics } from '../../shared/config/diagnostic.ts';
import type { LineModel, Model, ProxyModel, ServerModel } from '../../shared/config/model.ts';
import type { ListenerObject } from '../../shared/messages.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import { actions, converters, fetches, logTags } from '../catalog.ts';
import { NameCase } from '../http/name-case.ts';
import type { Act } from '../keyword.ts';
import { LogRings } from '../log/rings.ts';
import { SenderSet } from '../log/sender-set.ts';
import type { ListenerPlan, Program, ProxyPlan } from '../program.ts';
import { points } from '../sample/reads.ts';
import { LineChoice } from '../server/line-choice.ts';
import type { ServerWordsTable } from '../server/words.ts';
import { compileChecks } from './checks.ts';
import { CompileContext, type SharedLists } from './context.ts';
import { defaultReplies } from './error-page.ts';
import { lineCursor } from '../line-cursor.ts';
import { compileForward } from './logs.ts';
import { compileProxy, type ProxyCompiler } from './proxies.ts';
import { buildReply } from './reply.ts';
import { compileRingNames } from './ring-names.ts';
import { CompileScope } from './scope.ts';
import type { CompileWatch } from './watch.ts';
import { compileTls, serverTls, type TlsPlans } from './tls.ts';
import type { TlsClientPlan, TlsContexts } from '../conn/tls-contexts.ts';

/** What a thread that will serve gives; a check gives none of it. */
export interface CompileRuntime {
  readonly words: ServerWordsTable;
  readonly random: () => number;
  /** Counter objects (shared/segment) of a proxy, -1 for a side it lacks. */
  objectsOf(proxyIndex: number): { readonly front: number; readonly back: number };
  /** 80 secret bytes, the same on every thread: keys of TLS tickets. */
  readonly ticketKeys: Uint8Array;
}

export interface CompileInput {
  readonly model: Model;
  readonly listeners: readonly ListenerObject[];
  readonly sys: Sys;
  /** null: check only. */
  readonly runtime: CompileRuntime | null;
  /** Large files of lists and maps that threads share, by path; absent: all are in the model. */
  readonly lists?: SharedLists;
  /** Memory of the event rings, in the order of the model; absent: nothing is written to them. */
  readonly rings?: readonly Uint8Array[];
  /** Where servers are, for who balances without serving (the control thread). */
  readonly words?: ServerWordsTable;
  /** Absent for all that serves. */
  readonly watch?: CompileWatch;
}

export interface CompileResult {
  /** Not to be served when `diagnostics.alerts` is above zero. */
  readonly program: Program;
  readonly diagnostics: Diagnostics;
  /** Names, patterns and variables of the program, for edits while it runs. */
  readonly context: CompileContext;
  /** For what is added while it runs. */
  readonly compiler: ProxyCompiler;
  /** TLS of all lines; null: nothing is served. */
  readonly tls: TlsContexts | null;
}

/** Those that need our address towards the server, which costs a system call. */
const backSourceWords = /^(%b[ip]|bc_src(_port)?)$/;

/** Those that need to know what a stream costs. */
const streamCostWords = /^(cpu|lat)_ns_/;

const noObjects = { front: -1, back: -1 };

/**
 * Compiles all of `model`; every mistake is in `diagnostics`. Control or proxy thread, at start.
 */
export function compileProgram(input: CompileInput): CompileResult {
  const { model, runtime, sys } = input;
  const { h1CaseAdjust } = model.global;
  const diagnostics = new Diagnostics();
  const tables = { fetches, converters, logTags, reply: buildReply };
  const context = new CompileContext(model, diagnostics, tables, input);
  const senders = new SenderSet(new LogRings(model.rings, input.rings ?? null), model.global.tune);
  const tls = runtime === null ? null : compileTls(model, diagnostics, runtime.ticketKeys);
  const compiler: ProxyCompiler = {
    model,
    actions,
    senders,
    sys,
    random: runtime?.random ?? Math.random,
    names: h1CaseAdjust.length === 0 ? null : new NameCase(h1CaseAdjust),
    words: runtime?.words ?? input.words ?? null,
    tlsOf: (server) => tls?.servers.get(server) ?? lateTls(model, tls, server),
    objectsOf: (index) => runtime?.objectsOf(index) ?? noObjects,
    scopeOf: (proxy, line, ruleSet, point) => {
      const seat = { proxy, ruleSet, line: line ?? headLine(proxy) };
      return new CompileScope(context, point === undefined ? seat : { ...seat, point });
    },
  };
  checkAcls(model, context);
  const startActs = compileGlobal(model, context);
  const proxies = model.proxies.map((_, index) => compileProxy(compiler, index));
  const { splice, disableFastForward, disableZeroCopyForwarding } = model.global.tune;
  const logForwards = model.logForwards.map((one) => compileForward(one, model, senders));
  const lineChoices = senders.connect((name) => lineChoice(proxies, name));
  const ringNames = compileRingNames(model, (line) => {
    return new CompileScope(context, { proxy: null, ruleSet: '', line, point: points.cli });
  });
  const used = [...context.used];
  const program: Program = {
    model,
    splices: splice && !disableFastForward && !disableZeroCopyForwarding,
    proxies,
    checks: compileChecks({
      model,
      actions,
      scopeOf: (proxy, line, point) => compiler.scopeOf(proxy, line, '', point),
    }),
    listeners: input.listeners.map((object) => compileListener(object, proxies, tls)),
    variableNames: context.variables.names,
    defaultReplies: defaultReplies(),
    startActs,
    senders: senders.list,
    lineChoices,
    logForwards,
    ringNames,
    readsBackSource: used.some((word) => backSourceWords.test(word)),
    readsStreamCost: used.some((word) => streamCostWords.test(word)),
  };
  context.patterns.complete(runtime !== null);
  return { program, diagnostics, context, compiler, tls: tls?.contexts ?? null };
}

/** Of a server that was added at run time; the control thread has made sure that it can be. */
function lateTls(model: Model, tls: TlsPlans | null, server: ServerModel): TlsClientPlan | null {
  return tls === null ? null : serverTls(model, tls.contexts, server, () => {});
}

/** The balancer of a log backend; null: the loader has said that there is none. */
export function lineChoice(proxies: readonly ProxyPlan[], name: string): LineChoice | null {
  const backend = proxies.find((one) => one.hasBack && one.name === name)?.backend ?? null;
  return backend === null ? null : new LineChoice(backend);
}

/** The line that stands for a proxy as a whole: mistakes then point at its section. */
function headLine(proxy: ProxyModel): LineModel {
  return { place: proxy.place, words: [], columns: [], text: '', from: '' };
}

/** Every `acl` line is compiled, also those that no rule uses. */
function checkAcls(model: Model, context: CompileContext): void {
  for (const proxy of model.proxies) {
    if (proxy.acls.length === 0) continue;
    new CompileScope(context, { proxy, ruleSet: '', line: headLine(proxy) }).compileAcls();
  }
}

/** `set-var` and `set-var-fmt` of global: the actions of these names, on a line of their own. */
function compileGlobal(model: Model, context: CompileContext): readonly Act[] {
  const acts: Act[] = [];
  for (const line of model.global.setVars) {
    const [keyword, variable] = line.words;
    const point = points.configuration;
    const scope = new CompileScope(context, { proxy: null, ruleSet: '', line, point });
    const act = actions.get(keyword)?.build(lineCursor(line, 2, variable), scope) ?? null;
    if (act !== null) acts.push(act);
  }
  return acts;
}

function compileListener(
  object: ListenerObject,
  proxies: readonly ProxyPlan[],
  tls: TlsPlans | null,
): ListenerPlan {
  const proxy = proxies[object.proxyIndex];
  const bind = proxy.model.binds[object.bindIndex];
  return {
    index: object.index,
    proxy,
    bind,
    object,
    tls: tls?.binds.get(bind) ?? null,
  };
}
