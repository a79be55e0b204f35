// The statistics page (manual 4, stats): HTML that works without scripts, or the same numbers as
// CSV, typed or JSON. A proxy thread asks for it piece by piece, one row at a time at most, so that
// ten thousand servers do not hold the others up. Reads the segment only.

import { compatibilityDate, compatibilityVersion } from '../../shared/config/features.ts';
import { hawserVersion } from '../../shared/version.ts';
import type { StatsPagePlan, StatsPageRequest } from '../program.ts';
import type { Piece } from '../stream/applet.ts';
import { hasNoServers } from './columns.ts';
import { escapeHtml, groupedNumber } from './html.ts';
import { adminForm, outcomeText } from './page-admin.ts';
import { paced } from './next-turn.ts';
import { pageAddress } from './page-address.ts';
import { headRows, tableRow } from './page-row.ts';
import { pageStyle, rowStates } from './page-style.ts';
import { processInfo } from './process-info.ts';
import type { StatsSource, Subject } from './source.ts';
import {
  isSelected,
  proxySubjects,
  type StatSelection,
  statPieces,
  wholeSelection,
} from './table.ts';

/** The whole answer to `request`. */
export function pagePieces(
  source: StatsSource,
  plan: StatsPagePlan,
  request: StatsPageRequest,
): Iterator<Piece> {
  const selection = selectionOf(plan, request);
  const pieces =
    request.format === 'html'
      ? htmlPieces(source, plan, request, selection)
      : statPieces(source, selection);
  return paced(pieces, bytesPerTurn);
}

/** Below half a millisecond, in all formats. */
const bytesPerTurn = 16_384;

/** `stats scope` limits what is shown, the reader's own choice narrows it. */
function selectionOf(plan: StatsPagePlan, request: StatsPageRequest): StatSelection {
  const wanted = request.scope.toLowerCase();
  return {
    ...wholeSelection,
    format: request.format === 'html' ? 'csv' : request.format,
    hidesDown: request.hidesDown,
    hidesMaint: request.hidesMaint,
    isOperator: plan.showsLegends,
    shows: ({ name }) =>
      (plan.scope === null || plan.scope.has(name)) && name.toLowerCase().includes(wanted),
  };
}

function* htmlPieces(
  source: StatsSource,
  plan: StatsPagePlan,
  request: StatsPageRequest,
  selection: StatSelection,
): Generator<string> {
  yield pageHead(plan, request);
  yield `<div class="cards">${processCard(source)}${legendCard()}${optionsCard(plan, request)}</div>\n`;
  let isEmpty = true;
  for (let index = 0; index < source.model.proxies.length; index++) {
    const proxy = source.model.proxies[index];
    if (selection.shows?.(proxy) === false) continue;
    const lines = proxySubjects(source, index);
    const first = lines.next();
    if (first.done === true) continue;
    isEmpty = false;
    yield* proxyPieces(source, { plan, request, selection }, first.value, lines);
  }
  if (isEmpty) yield '<p>No proxy matches.</p>\n';
  yield '</body></html>\n';
}

interface Asked {
  readonly plan: StatsPagePlan;
  readonly request: StatsPageRequest;
  readonly selection: StatSelection;
}

function* proxyPieces(
  source: StatsSource,
  { plan, request, selection }: Asked,
  first: Subject,
  others: Iterable<Subject>,
): Generator<string> {
  const { proxy } = first;
  const name = escapeHtml(proxy.name);
  const box = request.isAdmin && !hasNoServers(first);
  const about = plan.showsLegends ? ` <small>id ${proxy.id}, mode ${proxy.mode}</small>` : '';
  const text = proxy.description === '' ? '' : ` <small>${escapeHtml(proxy.description)}</small>`;
  const form = box ? `<form method="post" action="${escapeHtml(pageAddress(plan, request))}">` : '';
  yield `<section><h2><a id="${name}" href="#${name}">${name}</a>${about}${text}</h2>\n${form}` +
    `<div class="frame"><table>${headRows({ box, modules: plan.showsModules })}<tbody>\n`;
  const { showsLegends: legends, showsModules: modules } = plan;
  if (isSelected(first, selection)) yield tableRow(source, first, { box, legends, modules });
  for (const line of others) {
    if (isSelected(line, selection)) yield tableRow(source, line, { box, legends, modules });
  }
  yield `</tbody></table></div>${box ? `${adminForm(proxy)}</form>` : ''}</section>\n`;
}

function pageHead(plan: StatsPagePlan, request: StatsPageRequest): string {
  const version = plan.showsVersion
    ? ` ${hawserVersion}; HAProxy version ${compatibilityVersion}, released ${compatibilityDate}`
    : '';
  const node = plan.node === '' ? '' : ` on ${escapeHtml(plan.node)}`;
  const about =
    plan.description === '' ? '' : `<p class="about">${escapeHtml(plan.description)}</p>`;
  return (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width,initial-scale=1">' +
    // A browser would ask for /favicon.ico, and its refusal would count as an error.
    '<link rel="icon" href="data:,">' +
    `<title>Statistics Report for HAProxy${node}</title>\n<style>${pageStyle}</style></head><body>\n` +
    `<h1>Statistics${node} <small>hawser${version}</small></h1>${about}\n` +
    outcomeText(request.outcome)
  );
}

/** One fact of the process: its title, and how it is read from the lines of `show info`. */
type Fact = readonly [string, (info: ReturnType<typeof processInfo>) => string];

const shown = (value: string | number | null | undefined): string => {
  if (value === null || value === undefined) return '';
  return typeof value === 'number' ? groupedNumber(value) : escapeHtml(value);
};

// Monitoring systems read the version, the pid and the uptime out of the page: in HAProxy's words.
const facts: readonly Fact[] = [
  ['pid', ({ Pid }) => String(Pid)],
  ['threads', ({ Nbthread }) => shown(Nbthread)],
  ['uptime', ({ Uptime }) => shown(Uptime)],
  ['connections', ({ CurrConns }) => shown(CurrConns)],
  ['maxconn', ({ Maxconn }) => shown(Maxconn) || 'none'],
  ['ulimit-n', ({ 'Ulimit-n': files }) => shown(files)],
  ['listeners', ({ Listeners }) => shown(Listeners)],
  ['bytes out', ({ TotalBytesOut }) => shown(TotalBytesOut)],
];

function processCard(source: StatsSource): string {
  const info = processInfo(source);
  const list = facts.map(([title, read]) => `<dt>${title}</dt><dd>${read(info)}</dd>`).join('');
  const title = `Statistics Report for pid ${info.Pid}`;
  return `<div class="card"><h2>${title}</h2><dl>${list}</dl></div>`;
}

function legendCard(): string {
  const items = rowStates.map(
    ([name, text]) => `<li><span class="swatch ${name}"></span>${text}</li>`,
  );
  return `<div class="card"><h2>Server states</h2><ul>${items.join('')}</ul></div>`;
}

/** Links that change what the page shows; each keeps what the others have chosen. */
function optionsCard(plan: StatsPagePlan, request: StatsPageRequest): string {
  const link = (text: string, changed: Partial<StatsPageRequest>): string =>
    `<li><a href="${escapeHtml(pageAddress(plan, { ...request, ...changed }))}">${text}</a></li>`;
  const down = request.hidesDown
    ? link('Show servers that are down', { hidesDown: false })
    : link('Hide servers that are down', { hidesDown: true });
  const maint = request.hidesMaint
    ? link('Show servers in maintenance', { hidesMaint: false })
    : link('Hide servers in maintenance', { hidesMaint: true });
  const again = request.refreshes
    ? link(`Stop refresh (${plan.refreshSeconds} s)`, { refreshes: false })
    : link('Start refresh', { refreshes: true });
  return (
    `<div class="card options"><h2>Display</h2><ul>${link('Refresh now', {})}${dashboardLink(plan)}` +
    `${plan.refreshSeconds > 0 ? again : ''}${down}${maint}` +
    `${link('CSV export', { format: 'csv' })}${link('JSON export', { format: 'json' })}</ul>` +
    `${scopeForm(plan, request)}</div>`
  );
}

function dashboardLink({ dashboardUri }: StatsPagePlan): string {
  if (dashboardUri === '') return '';
  return `<li><a href="${escapeHtml(dashboardUri)}">Live dashboard</a></li>`;
}

/** A form sends its fields as the query, so a query that belongs to the URI is among them. */
function scopeForm(plan: StatsPagePlan, request: StatsPageRequest): string {
  const [path, query = ''] = plan.uri.split('?');
  const fields = query === '' ? [] : query.split('&');
  const hidden = fields.map((pair) => {
    const [name, value = ''] = pair.split('=');
    return `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`;
  });
  return (
    `<form class="tools" method="get" action="${escapeHtml(path)}">${hidden.join('')}` +
    `<label>Proxies named like <input name="scope" size="12" maxlength="64" ` +
    `value="${escapeHtml(request.scope)}"></label><button>Show</button></form>`
  );
}
