// The `stats` lines of a proxy to the act that answers for its statistics page: who may see it, who
// may change something, and what to send (manual 4, stats). Built once per thread and proxy; the
// pages themselves are made by worker/stats.

import { hostname } from 'node:os';
import type { LineModel, ProxyModel } from '../../shared/config/model.ts';
import { parseTime } from '../../shared/units.ts';
import { headerName, methodGet, methodHead, methodPost } from '../http/message.ts';
import { pathIndex } from '../http/uri.ts';
import {
  type Act,
  type Condition,
  verdictDone,
  verdictNext,
  verdictStop,
  verdictWait,
} from '../keyword.ts';
import type { ReplyPlan, RuleList, StatsPagePlan, StatsPageRequest } from '../program.ts';
import { isAccount } from '../sample/fetches/authentication.ts';
import { type DashboardPlan, statsUriDefault } from '../dashboard/plan.ts';
import { pageAddress, parsePageAddress } from '../stats/page-address.ts';
import { runRules } from '../stream/rule-runner.ts';
import type { Stream } from '../stream/stream.ts';
import { answerDashboard, askedOf, compileDashboard } from './dashboard.ts';
import { lineCursor } from '../line-cursor.ts';
import type { ProxyCompiler } from './proxies.ts';
import { compileRules } from './rules.ts';

const realmDefault = 'HAProxy Statistics';

/** null: the proxy has no statistics page. Mistakes are reported through the lines' scopes. */
export function compileStatsPage(compiler: ProxyCompiler, model: ProxyModel): Act | null {
  if (model.statsLines.length === 0) return null;
  const lines = linesByWord(model.statsLines);
  const dashboard = compileDashboard(compiler, model);
  const plan = { ...planOf(compiler, model, lines), dashboardUri: dashboard?.uri ?? '' };
  const access = compileAccess(compiler, model, lines);
  const admins = (lines.get('admin') ?? []).flatMap((line) => {
    const scope = compiler.scopeOf(model, line, 'http-request');
    return scope.condition(lineCursor(line, 1)) ?? [];
  });
  return (stream) => answer(stream, { plan, dashboard, access, admins });
}

type StatsLines = ReadonlyMap<string, readonly LineModel[]>;

function linesByWord(lines: readonly LineModel[]): StatsLines {
  const all = new Map<string, LineModel[]>();
  for (const line of lines) all.set(line.words[0], [...(all.get(line.words[0]) ?? []), line]);
  return all;
}

/** The words behind the last line that starts with `word`; undefined: there is none. */
const lastWords = (lines: StatsLines, word: string): readonly string[] | undefined =>
  lines.get(word)?.at(-1)?.words.slice(1);

function planOf(
  compiler: ProxyCompiler,
  model: ProxyModel,
  lines: StatsLines,
): Omit<StatsPagePlan, 'dashboardUri'> {
  const { global } = compiler.model;
  const refresh = parseTime(lastWords(lines, 'refresh')?.[0] ?? '0', 's');
  const scope = lines.get('scope')?.map(({ words }) => (words[1] === '.' ? model.name : words[1]));
  const versions = model.statsLines.filter(({ words }) => words[0].endsWith('-version'));
  const description = lastWords(lines, 'show-desc');
  const node = lastWords(lines, 'show-node');
  return {
    uri: lastWords(lines, 'uri')?.[0] ?? statsUriDefault,
    refreshSeconds: refresh.value,
    scope: scope === undefined ? null : new Set(scope),
    showsVersion: versions.at(-1)?.words[0] === 'show-version',
    showsLegends: lines.has('show-legends'),
    showsModules: lines.has('show-modules'),
    node: node === undefined ? '' : node[0] || global.node || hostname(),
    description: description === undefined ? '' : description.join(' ') || global.description,
  };
}

/** `stats http-request` rules; without any, accounts and realm make two of them. */
function compileAccess(compiler: ProxyCompiler, model: ProxyModel, lines: StatsLines): RuleList {
  const compile = (list: readonly LineModel[]): RuleList =>
    compileRules(list, 'http-request', compiler.actions, (line, ruleSet) =>
      compiler.scopeOf(model, line, ruleSet),
    );
  const rules = lines.get('http-request') ?? [];
  const accounts = lines.get('auth') ?? [];
  if (rules.length > 0) {
    if (accounts.length > 0 || lines.has('realm')) {
      const [first] = accounts.length > 0 ? accounts : (lines.get('realm') ?? []);
      const scope = compiler.scopeOf(model, first, '');
      scope.warning("'stats auth' and 'stats realm' are ignored beside 'stats http-request'");
    }
    return compile(rules.map(withoutFirst));
  }
  if (accounts.length === 0) return [];
  const realm = lastWords(lines, 'realm')?.[0] ?? realmDefault;
  const [line] = accounts;
  const words = ['auth', 'realm', realm];
  const challenge = compile([{ ...line, words, columns: words.map(() => line.columns[0]) }]);
  return [allowAccounts(accounts), ...challenge];
}

const withoutFirst = (line: LineModel): LineModel => ({
  ...line,
  words: line.words.slice(1),
  columns: line.columns.slice(1),
});

function allowAccounts(lines: readonly LineModel[]): RuleList[number] {
  const pairs = lines.map(({ words }): [string, string] => {
    const colon = words[1].indexOf(':');
    return [words[1].slice(0, colon), words[1].slice(colon + 1)];
  });
  const accounts = new Map(pairs);
  const { file, line } = lines[0].place;
  const condition: Condition = (stream) => (isAccount(stream, accounts) ? 1 : 0);
  return { condition, act: () => verdictStop, file, line };
}

/** What an act of a page has to do with. */
interface Page {
  readonly plan: StatsPagePlan;
  /** The live dashboard beside it, null: there is none. */
  readonly dashboard: DashboardPlan | null;
  readonly access: RuleList;
  readonly admins: readonly Condition[];
}

function answer(stream: Stream, page: Page): number {
  const { method } = stream.request;
  if (method !== methodGet && method !== methodHead && method !== methodPost) return verdictNext;
  const target = stream.request.target();
  const at = pathIndex(target);
  if (at < 0) return verdictNext;
  const asks = askedOf(page.dashboard, target.slice(at));
  if (asks === null && !target.startsWith(page.plan.uri, at)) return verdictNext;
  const verdict = page.access.length === 0 ? verdictStop : runRules(stream, page.access);
  if (verdict !== verdictNext && verdict !== verdictStop) return verdict;
  const isAdmin = page.admins.some((condition) => condition(stream) === 1);
  if (asks !== null && page.dashboard !== null) {
    return answerDashboard(stream, { plan: page.dashboard, page: page.plan, asks, isAdmin });
  }
  const request = parsePageAddress(page.plan, target.slice(at), isAdmin);
  if (request === null) return verdictNext;
  if (method === methodPost) return change(stream, page.plan, request);
  stream.reply = pageReply(page.plan, request);
  return verdictDone;
}

const cacheControl = { name: headerName('cache-control'), value: () => 'no-cache' };
const refreshName = headerName('refresh');
const locationName = headerName('location');
const contentTypes = {
  html: 'text/html; charset=utf-8',
  csv: 'text/plain; charset=utf-8',
  typed: 'text/plain; charset=utf-8',
  json: 'application/json',
} as const;

const replyBase = {
  reason: '',
  body: null,
  silent: false,
  closes: false,
  fromProxy: false,
  service: '<STATS>',
} as const;

function pageReply(plan: StatsPagePlan, request: StatsPageRequest): ReplyPlan {
  const seconds = String(plan.refreshSeconds);
  const refresh =
    request.refreshes && request.format === 'html'
      ? [{ name: refreshName, value: () => seconds }]
      : [];
  return {
    ...replyBase,
    status: 200,
    headers: [cacheControl, ...refresh],
    contentType: contentTypes[request.format],
    pieces: (stream) => stream.thread.statsPages?.pieces(plan, request) ?? [][Symbol.iterator](),
  };
}

/** A form of the page was sent: the browser is led back to the page, which tells the outcome. */
function change(stream: Stream, plan: StatsPagePlan, request: StatsPageRequest): number {
  const outcome = stream.thread.statsPages?.change(stream, plan, request) ?? 'DENY';
  if (outcome === '') return verdictWait;
  const place = pageAddress(plan, { ...request, format: 'html' });
  const location = { name: locationName, value: () => `${place};st=${outcome}` };
  stream.reply = {
    ...replyBase,
    status: 303,
    headers: [cacheControl, location],
    contentType: 'text/plain',
  };
  return verdictDone;
}
