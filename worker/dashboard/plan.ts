// The live dashboard of one proxy as its `stats` lines describe it: where it is and what it may
// show. Asked by worker/compile, which serves it, and by the control thread, which fills it.

import type { LineModel, Model, ProxyModel } from '../../shared/config/model.ts';

export interface DashboardPlan {
  readonly proxyIndex: number;
  /** The line that asks for it. */
  readonly line: LineModel;
  readonly uri: string;
  /** Names of proxies that are shown; null: all. */
  readonly scope: ReadonlySet<string> | null;
  /** Addresses too. */
  readonly showsLegends: boolean;
}

/** Where the statistics page of a proxy is, when no line says so. */
export const statsUriDefault = '/haproxy?stats';

/** null: nobody has asked for one. The last line that says something counts. */
export function dashboardPlan(proxy: ProxyModel, proxyIndex: number): DashboardPlan | null {
  const { statsLines } = proxy;
  const last = (word: string): LineModel | undefined =>
    statsLines.findLast(({ words }) => words[0] === word);
  const line = last('dashboard');
  if (line === undefined || proxy.mode !== 'http') return null;
  const uri = line.words[1] ?? `${statsUriOf(proxy).replace(/\/$/, '')}/live`;
  const scope = statsLines.filter(({ words }) => words[0] === 'scope');
  const names = scope.map(({ words }) => (words[1] === '.' ? proxy.name : words[1]));
  return {
    proxyIndex,
    line,
    uri,
    scope: names.length === 0 ? null : new Set(names),
    showsLegends: last('show-legends') !== undefined,
  };
}

/** All of them. */
export function dashboardPlans({ proxies }: Pick<Model, 'proxies'>): DashboardPlan[] {
  return proxies.flatMap((proxy, index) =>
    proxy.disabled ? [] : (dashboardPlan(proxy, index) ?? []),
  );
}

function statsUriOf({ statsLines }: ProxyModel): string {
  return statsLines.findLast(({ words }) => words[0] === 'uri')?.words[1] ?? statsUriDefault;
}

/** What stands behind the URI of the event stream. */
export const eventsSuffix = ';events';

/** What `target` (a path with its query) asks of the dashboard at `uri`; null: something else. */
export function dashboardTarget(uri: string, target: string): 'page' | 'events' | null {
  if (!target.startsWith(uri)) return null;
  const rest = target.slice(uri.length);
  if (rest === eventsSuffix) return 'events';
  return rest === '' || rest.startsWith('?') ? 'page' : null;
}

/** Why the dashboard cannot be where it is wanted; '' when it can. */
export function addressConflict(proxy: ProxyModel, { uri, line }: DashboardPlan): string {
  const statsUri = statsUriOf(proxy);
  const first = proxy.statsLines.find(({ words }) => words[0] === 'dashboard');
  if (first !== line) {
    return `'stats dashboard' was given before, at line ${first?.place.line}.`;
  }
  if (dashboardTarget(uri, statsUri) !== null) {
    return `'stats dashboard' and 'stats uri' are both at '${statsUri}': give it a path of its own.`;
  }
  if (uri === proxy.monitorUri) {
    return `'stats dashboard' at '${uri}' cannot be reached: 'monitor-uri' answers there.`;
  }
  return '';
}
