// `stats dashboard`: the act that answers for the live dashboard of a proxy: its page, its event
// stream, and the changes it asks for. Part of the statistics page's act (stats-page.ts), which has
// checked who asks; made once per thread and proxy.

import { compatibilityVersion } from '../../shared/config/features.ts';
import type { ProxyModel } from '../../shared/config/model.ts';
import { hawserVersion } from '../../shared/version.ts';
import { pageText } from '../dashboard/page-text.ts';
import {
  addressConflict,
  type DashboardPlan,
  dashboardPlan,
  dashboardTarget,
  eventsSuffix,
} from '../dashboard/plan.ts';
import { type HeaderName, headerName, type Message, methodPost } from '../http/message.ts';
import { verdictDone, verdictWait } from '../keyword.ts';
import type { ReplyPlan, StatsPagePlan, StatsPageRequest } from '../program.ts';
import type { Stream } from '../stream/stream.ts';
import type { LiveDashboards } from '../thread-context.ts';
import type { ProxyCompiler } from './proxies.ts';

/** null: the proxy has none. Conflicts are reported at its line. */
export function compileDashboard(compiler: ProxyCompiler, model: ProxyModel): DashboardPlan | null {
  const plan = dashboardPlan(model, compiler.model.proxies.indexOf(model));
  if (plan === null) return null;
  const conflict = addressConflict(model, plan);
  if (conflict === '') return plan;
  compiler.scopeOf(model, plan.line, '').alert(conflict);
  return null;
}

/** What a target asks of the dashboard; null: nothing, or there is no dashboard. */
export const askedOf = (plan: DashboardPlan | null, target: string): 'page' | 'events' | null =>
  plan === null ? null : dashboardTarget(plan.uri, target);

/** One request for a dashboard. */
export interface DashboardRequest {
  readonly plan: DashboardPlan;
  readonly page: StatsPagePlan;
  readonly asks: 'page' | 'events';
  readonly isAdmin: boolean;
}

/** Answers it; the reader is one that may see the page. */
export function answerDashboard(stream: Stream, request: DashboardRequest): number {
  const dashboards = stream.thread.statsPages?.dashboards ?? null;
  if (dashboards === null) return respond(stream, unavailable);
  if (stream.request.method === methodPost) return change(stream, request, dashboards.start.token);
  if (request.asks === 'events') return events(stream, request.plan, dashboards);
  const { page, plan, isAdmin } = request;
  const { start } = dashboards;
  const facts = {
    uri: plan.uri,
    eventsUri: `${plan.uri}${eventsSuffix}`,
    classicUri: page.uri,
    version: page.showsVersion ? `${hawserVersion} (HAProxy ${compatibilityVersion})` : '',
    node: page.node,
    description: page.description,
    isAdmin,
    token: start.token,
  };
  const text = pageText(start.page, facts);
  return respond(stream, {
    ...base,
    contentType: 'text/html; charset=utf-8',
    headers: [...common, header('content-security-policy', start.policy)],
    body: () => text,
  });
}

function events(stream: Stream, plan: DashboardPlan, dashboards: LiveDashboards): number {
  if (!dashboards.hasRoom) return respond(stream, unavailable);
  return respond(stream, {
    ...base,
    contentType: 'text/event-stream',
    // A proxy in between that gathers answers would hold this one back.
    headers: [...common, header('x-accel-buffering', 'no')],
    pieces: (asking) => dashboards.open(asking, plan.proxyIndex),
  });
}

const header = (name: string, value: string): ReplyPlan['headers'][number] => ({
  name: headerName(name),
  value: () => value,
});

const common = [
  header('cache-control', 'no-store'),
  header('x-content-type-options', 'nosniff'),
  header('referrer-policy', 'same-origin'),
  header('cross-origin-resource-policy', 'same-origin'),
];

const base: ReplyPlan = {
  status: 200,
  reason: '',
  headers: common,
  body: null,
  contentType: 'text/plain',
  silent: false,
  closes: false,
  fromProxy: false,
  service: '<STATS>',
};

const unavailable: ReplyPlan = { ...base, status: 503, body: () => 'Too many look already.\n' };

function respond(stream: Stream, reply: ReplyPlan): number {
  stream.reply = reply;
  return verdictDone;
}

const tokenName = headerName('x-hawser-token');
const siteName = headerName('sec-fetch-site');

/** A button was pressed: made as a form of the statistics page, answered as JSON. */
function change(stream: Stream, { page, isAdmin }: DashboardRequest, token: string): number {
  const isOurs = isAdmin && isFromPage(stream.request, token);
  const request = { ...bareRequest, isAdmin: isOurs };
  const outcome = stream.thread.statsPages?.change(stream, page, request) ?? 'DENY';
  if (outcome === '') return verdictWait;
  return respond(stream, {
    ...base,
    status: outcome === 'DENY' ? 403 : 200,
    contentType: 'application/json',
    body: () => `{"outcome":"${outcome}"}\n`,
  });
}

const bareRequest: StatsPageRequest = {
  format: 'html',
  refreshes: false,
  hidesDown: false,
  hidesMaint: false,
  scope: '',
  outcome: '',
  isAdmin: false,
};

/**
 * Only the page knows the token, and a browser sends a header of this name from nowhere else; where
 * a request comes from is checked besides.
 */
function isFromPage(request: Message, token: string): boolean {
  const site = textOf(request, siteName);
  return textOf(request, tokenName) === token && (site === '' || site === 'same-origin');
}

function textOf(request: Message, name: HeaderName): string {
  const index = request.find(name, 0);
  return index < 0 ? '' : request.valueText(index);
}
