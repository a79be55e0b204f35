// ProxyModel -> ProxyPlan: timeouts, rule sets, switching, replies, captures, logs, members. Called
// by compile.ts once per proxy and thread; also when a configuration is only checked.

import { parseNetwork } from '../../shared/address.ts';
import type {
  CaptureModel,
  ForwardForModel,
  LineModel,
  Model,
  ProxyModel,
  ServerModel,
  TimeoutsModel,
} from '../../shared/config/model.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import { familyIpv4, familyIpv6 } from '../conn/endpoint.ts';
import type { TlsClientPlan } from '../conn/tls-contexts.ts';
import { headerName } from '../http/message.ts';
import type { NameCase } from '../http/name-case.ts';
import type { Condition, FormatText, Scope } from '../keyword.ts';
import {
  type ForwardForPlan,
  namesDelete,
  namesPreserve,
  namesReject,
  persistClose,
  persistKeepAlive,
  persistServerClose,
  type ProxyPlan,
  type ProxyTimeouts,
  type RuleList,
  type ServerLinePlan,
  type SwitchPlan,
} from '../program.ts';
import type { SenderSet } from '../log/sender-set.ts';
import { points } from '../sample/reads.ts';
import { maskBytes, maskIpv6, maskOf, parseIpv4, parseIpv6 } from '../sample/address.ts';
import type { ServerWordsTable } from '../server/words.ts';
import { buildBackend } from './backends.ts';
import { compileFcgi } from './fcgi.ts';
import { compileForwarded } from './forwarded.ts';
import { compileStick } from './stick.ts';
import { lineCursor } from '../line-cursor.ts';
import { uniqueIdFormat } from './log-format.ts';
import { compileLog } from './logs.ts';
import { collectReplies } from './reply.ts';
import { type Actions, compileRedirects, compileRules, takeCondition } from './rules.ts';
import type { CompileScope } from './scope.ts';
import { compileStatsPage } from './stats-page.ts';
import { compileServerLine } from './server-lines.ts';

/** What all proxies of one compilation share. */
export interface ProxyCompiler {
  readonly model: Model;
  readonly actions: Actions;
  readonly senders: SenderSet;
  readonly sys: Sys;
  readonly random: () => number;
  /** `h1-case-adjust`, null: nothing is listed. */
  readonly names: NameCase | null;
  /** null: the configuration is only checked. */
  readonly words: ServerWordsTable | null;
  /** null: the server speaks clear text, or nothing is served. */
  readonly tlsOf: (server: ServerModel) => TlsClientPlan | null;
  /** Counter objects of a proxy, -1 for a side it lacks. */
  objectsOf(proxyIndex: number): { readonly front: number; readonly back: number };
  /** Makes the scope that a line of `proxy` is built in; `line` null: the proxy as a whole. */
  scopeOf(
    proxy: ProxyModel,
    line: LineModel | null,
    ruleSet: Scope['ruleSet'],
    /** Where it is evaluated (sample/reads.ts); absent: as the rule set says, 0: anywhere. */
    point?: number,
  ): CompileScope;
}

/** Compiles proxy `index` of the model. Mistakes are reported through its scopes. */
export function compileProxy(compiler: ProxyCompiler, index: number): ProxyPlan {
  const model = compiler.model.proxies[index];
  const scope = compiler.scopeOf(model, null, '');
  const hasFront = model.kind !== 'backend';
  const hasBack = model.kind !== 'frontend';
  const objects = compiler.objectsOf(index);
  // HTTP rules of a TCP frontend are for sessions that its rules make HTTP.
  const isHttp = model.mode === 'http' || switchesMode(model);
  const rules = compileRuleSets(compiler, model, isHttp);
  const plan: ProxyPlan = {
    index,
    name: model.name,
    model,
    isHttp: model.mode === 'http',
    httpTwin: null,
    hasFront,
    hasBack,
    frontObject: hasFront ? objects.front : -1,
    backObject: hasBack ? objects.back : -1,
    timeouts: compileTimeouts(model.timeouts),
    persist: persistOf(model),
    spliceRequest: spliceOf(model, 'splice-request'),
    spliceResponse: spliceOf(model, 'splice-response'),
    ...rules,
    ...compileSwitching(compiler, model),
    ...compileFeatures(compiler, model, isHttp),
    ...compileCaptures(model),
    statsPage: isHttp ? compileStatsPage(compiler, model) : null,
    log: compileProxyLog(compiler, model, model.mode === 'http'),
    backend: hasBack ? compileBackend(compiler, model, index, scope) : null,
    serverLines: model.servers.map((server) => compileLine(compiler, model, server)),
  };
  if (scope.alerts > 0 || !mayBecomeHttp(compiler.model, model)) return plan;
  const log = compileProxyLog(compiler, model, true);
  return { ...plan, httpTwin: { ...plan, isHttp: true, log } };
}

const switchesMode = ({ rules }: ProxyModel): boolean =>
  rules['tcp-request content'].some(({ words }) => words[0] === 'switch-mode');

/** A TCP session becomes HTTP by a rule, or by the backend that is chosen for it. */
function mayBecomeHttp({ proxies }: Model, model: ProxyModel): boolean {
  if (model.mode !== 'tcp' || model.kind === 'backend') return false;
  return (
    switchesMode(model) || proxies.some(({ kind, mode }) => kind !== 'frontend' && mode === 'http')
  );
}

/** What connections to `server` of proxy `model` evaluate. */
export function compileLine(
  compiler: ProxyCompiler,
  model: ProxyModel,
  server: ServerModel,
): ServerLinePlan {
  const scopeOf = (): Scope => scopeOfServer(compiler, model, server);
  return compileServerLine(model, server, scopeOf, compiler.tlsOf(server));
}

/** The scope of words that a connection to `server` evaluates. */
function scopeOfServer(compiler: ProxyCompiler, model: ProxyModel, { place }: ServerModel): Scope {
  const line = { place, words: [], columns: [], text: '', from: '' };
  return compiler.scopeOf(model, line, '');
}

function compileProxyLog(compiler: ProxyCompiler, model: ProxyModel, isHttp: boolean) {
  const { senders } = compiler;
  const scope = compiler.scopeOf(model, null, '', points.log);
  return compileLog({ model, isHttp, global: compiler.model.global, scope, senders });
}

function compileBackend(compiler: ProxyCompiler, model: ProxyModel, index: number, scope: Scope) {
  const { words, sys, random } = compiler;
  const stick = compileStick(model, (line, point) => compiler.scopeOf(model, line, '', point));
  return buildBackend({ model, proxyIndex: index, scope, words, stick, sys, random });
}

type RuleSets = Pick<
  ProxyPlan,
  | 'tcpConnection'
  | 'tcpSession'
  | 'tcpContent'
  | 'tcpResponse'
  | 'httpRequest'
  | 'httpResponse'
  | 'httpAfterResponse'
  | 'redirects'
>;

/** In TCP mode the HTTP rule sets are ignored (the loader has warned): they are not even built. */
function compileRuleSets(compiler: ProxyCompiler, model: ProxyModel, isHttp: boolean): RuleSets {
  const scopeOf = (line: LineModel, ruleSet: Scope['ruleSet']) =>
    compiler.scopeOf(model, line, ruleSet);
  const compile = (ruleSet: keyof ProxyModel['rules']): RuleList =>
    compileRules(model.rules[ruleSet], ruleSet, compiler.actions, scopeOf);
  const compileHttp = (ruleSet: keyof ProxyModel['rules']): RuleList =>
    isHttp ? compile(ruleSet) : [];
  return {
    tcpConnection: compile('tcp-request connection'),
    tcpSession: compile('tcp-request session'),
    tcpContent: compile('tcp-request content'),
    tcpResponse: compile('tcp-response content'),
    httpRequest: compileHttp('http-request'),
    httpResponse: compileHttp('http-response'),
    httpAfterResponse: compileHttp('http-after-response'),
    redirects: isHttp ? compileRedirects(model.redirects, scopeOf) : [],
  };
}

/** A timeout that was not set falls back on its neighbour as the manual says; 0: none. */
function compileTimeouts(model: TimeoutsModel): ProxyTimeouts {
  const clientMs = firstSet(model.client);
  const connectMs = firstSet(model.connect);
  return {
    clientMs,
    serverMs: firstSet(model.server),
    connectMs,
    queueMs: firstSet(model.queue, connectMs),
    tunnelMs: firstSet(model.tunnel),
    tarpitMs: firstSet(model.tarpit, connectMs),
    httpRequestMs: firstSet(model.httpRequest, clientMs),
    httpKeepAliveMs: firstSet(model.httpKeepAlive, model.httpRequest, clientMs),
    clientFinMs: firstSet(model.clientFin),
    serverFinMs: firstSet(model.serverFin),
    clientHsMs: firstSet(model.clientHs, clientMs),
  };
}

function firstSet(...times: readonly number[]): number {
  return times.find((time) => time > 0) ?? 0;
}

function persistOf({ options }: ProxyModel): number {
  if (options['httpclose'] === true) return persistClose;
  return options['http-server-close'] === true ? persistServerClose : persistKeepAlive;
}

/** `option splice-auto` speaks for both directions. */
function spliceOf({ options }: ProxyModel, name: 'splice-request' | 'splice-response'): number {
  if (options[name] === true || options['splice-auto'] === true) return 1;
  return options[name] === false || options['splice-auto'] === false ? -1 : 0;
}

type Switching = Pick<
  ProxyPlan,
  | 'switches'
  | 'isOpen'
  | 'forceSwitches'
  | 'defaultBackend'
  | 'inspectDelayMs'
  | 'responseInspectDelayMs'
>;

function compileSwitching(compiler: ProxyCompiler, model: ProxyModel): Switching {
  const switches: SwitchPlan[] = [];
  for (const line of model.kind === 'backend' ? [] : model.useBackends) {
    const plan = compileSwitch(compiler, model, line);
    if (plan !== null) switches.push(plan);
  }
  const scope = compiler.scopeOf(model, null, '');
  const named = model.defaultBackend === '' ? -1 : scope.backendIndex(model.defaultBackend);
  return {
    switches,
    isOpen: !model.disabled && !model.unpublished,
    forceSwitches: compileForces(compiler, model),
    defaultBackend: named,
    inspectDelayMs: firstSet(model.inspectDelayMs),
    responseInspectDelayMs: firstSet(model.responseInspectDelayMs),
  };
}

function compileForces(compiler: ProxyCompiler, model: ProxyModel): Condition[] {
  const forces: Condition[] = [];
  for (const line of model.forceSwitches) {
    const scope = compiler.scopeOf(model, line, '', points.backendChoice);
    const condition = scope.condition(lineCursor(line));
    if (condition !== null) forces.push(condition);
  }
  return forces;
}

/** The loader has reported static names that do not exist. */
function compileSwitch(
  compiler: ProxyCompiler,
  model: ProxyModel,
  line: LineModel,
): SwitchPlan | null {
  const scope = compiler.scopeOf(model, line, '', points.backendChoice);
  const words = lineCursor(line);
  const name = words.next();
  const condition = takeCondition(words, scope);
  if (condition === undefined) return null;
  if (name.includes('%')) {
    const format = scope.logFormat(name);
    return format === null ? null : { condition, proxyIndex: -1, name: format };
  }
  const proxyIndex = scope.backendIndex(name);
  return proxyIndex < 0 ? null : { condition, proxyIndex, name: null };
}

type Features = Pick<
  ProxyPlan,
  | 'monitorUri'
  | 'monitorFail'
  | 'replies'
  | 'forwardFor'
  | 'originalTo'
  | 'forwarded'
  | 'serverNameHeader'
  | 'fcgi'
  | 'restrictNames'
  | 'buffersRequest'
  | 'checksCache'
  | 'clientNames'
  | 'serverNames'
  | 'ignoresProbes'
  | 'usesProxyHeader'
  | 'pretendsKeepAlive'
  | 'uniqueId'
  | 'uniqueIdHeader'
>;

function compileFeatures(compiler: ProxyCompiler, model: ProxyModel, isHttp: boolean): Features {
  const scope = compiler.scopeOf(model, null, '');
  return {
    monitorUri: isHttp ? model.monitorUri : '',
    monitorFail: isHttp ? compileConditions(compiler, model, model.monitorFail) : [],
    replies: isHttp ? collectReplies(model.errors, scope) : new Map(),
    forwardFor: compileForwardFor(isHttp ? model.forwardFor : null),
    originalTo: compileForwardFor(isHttp ? model.originalTo : null),
    serverNameHeader: model.serverNameHeader === '' ? null : headerName(model.serverNameHeader),
    forwarded: compileForwarded(model, (line) => compiler.scopeOf(model, line, '')),
    fcgi: compileApplication(compiler, model, isHttp),
    restrictNames: namesByWord[model.restrictReqHdrNames],
    usesProxyHeader: model.options['http-use-proxy-header'] === true,
    pretendsKeepAlive: model.options['http-pretend-keepalive'] === true,
    clientNames: model.options['h1-case-adjust-bogus-client'] === true ? compiler.names : null,
    serverNames: model.options['h1-case-adjust-bogus-server'] === true ? compiler.names : null,
    checksCache: model.options['checkcache'] === true,
    ignoresProbes: model.options['http-ignore-probes'] === true,
    buffersRequest: isHttp && needsBody(model),
    uniqueId: compileUniqueId(compiler, model),
    uniqueIdHeader: model.uniqueIdHeader === '' ? null : headerName(model.uniqueIdHeader),
  };
}

function compileApplication(compiler: ProxyCompiler, proxy: ProxyModel, isHttp: boolean) {
  if (!isHttp) return null;
  const { model, senders } = compiler;
  const scopeOf = (line: LineModel) => compiler.scopeOf(proxy, line, '', points.backRequest);
  return compileFcgi(proxy, { model, senders, scopeOf });
}

/** Applications are told how long a body is before it comes. */
const needsBody = (model: ProxyModel): boolean =>
  model.options['http-buffer-request'] === true || hashesBody(model) || model.fcgiApp !== '';

/** `balance url_param ... check_post` looks into bodies, which must have come. */
const hashesBody = ({ balance }: ProxyModel): boolean =>
  balance?.algorithm === 'url_param' && balance.words.includes('check_post');

function compileConditions(
  compiler: ProxyCompiler,
  model: ProxyModel,
  lines: readonly LineModel[],
): readonly Condition[] {
  const conditions: Condition[] = [];
  for (const line of lines) {
    const condition = compiler
      .scopeOf(model, line, '', points.frontRequest)
      .condition(lineCursor(line));
    if (condition !== null) conditions.push(condition);
  }
  return conditions;
}

function compileUniqueId(compiler: ProxyCompiler, model: ProxyModel): FormatText | null {
  const line = model.uniqueIdFormat;
  // A pure backend's is that of its health checks.
  const point = model.kind === 'backend' ? points.check : points.frontRequest;
  if (line === null) return null;
  const scope = compiler.scopeOf(model, line, '', point);
  return scope.logFormatAs(line.words[0] ?? '', uniqueIdFormat);
}

const namesByWord = {
  default: namesPreserve,
  preserve: namesPreserve,
  delete: namesDelete,
  reject: namesReject,
};

/** `option forwardfor`: the header, and the network whose clients are passed over. */
export function compileForwardFor(model: ForwardForModel | null): ForwardForPlan | null {
  if (model === null) return null;
  const { header, ifNone, except } = model;
  const matcher = except === null ? null : networkMatcher(`${except.host}/${except.bits}`);
  return { name: headerName(header), ifNone, except: matcher };
}

/** Tells whether an address is inside `network`. */
function networkMatcher(network: string): ForwardForPlan['except'] {
  const found = parseNetwork(network);
  if (found === null) return null;
  if (!found.host.includes(':')) {
    const mask = maskOf(found.bits);
    const wanted = (parseIpv4(found.host) & mask) >>> 0;
    return (family, ipv4) => family === familyIpv4 && (ipv4 & mask) >>> 0 === wanted;
  }
  const mask = maskBytes(found.bits);
  const wanted = maskIpv6(parseIpv6(found.host), mask);
  return (family, _ipv4, bytes) => family === familyIpv6 && maskIpv6(bytes, mask) === wanted;
}

type Captures = Pick<ProxyPlan, 'captureRequestHeaders' | 'captureResponseHeaders'>;

/** Slots without a name are filled by rules only. */
function compileCaptures(model: ProxyModel): Captures {
  const plan = ({ name, lengthMax }: CaptureModel) => ({ name: headerName(name), lengthMax });
  return {
    captureRequestHeaders: model.captureRequestHeaders.map(plan),
    captureResponseHeaders: model.captureResponseHeaders.map(plan),
  };
}
