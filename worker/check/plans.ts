// The check plans of a program: one per proxy, and one per `healthcheck` section and proxy that
// uses it. Built while compiling, on every thread, so that mistakes are found at start.

import type { LineModel, Model, ProxyModel } from '../../shared/config/model.ts';
import type { CheckModel } from '../../shared/config/model-check.ts';
import type { CheckPlan, CheckScope } from './plan.ts';
import { buildProtocol } from './protocols.ts';
import { buildRules, finishSteps } from './rules.ts';

/** A connection and nothing else. */
export const plainPlan: CheckPlan = {
  family: 'protocol',
  steps: finishSteps([]),
  presets: [],
  disablesOn404: false,
  sendsState: false,
};

export interface CheckPlans {
  /** `section`: name of a healthcheck section, '' for the proxy's own. null: a connection. */
  planOf(proxyIndex: number, section: string): CheckPlan | null;
}

export interface PlansInput {
  readonly model: Model;
  /** The scope of a line that is evaluated in the checks of `proxy`. */
  scopes(proxy: ProxyModel): CheckScope;
  /** A server names a section that does not exist. */
  missing(proxy: ProxyModel, place: LineModel['place'], message: string): void;
}

/** Builds the checks of all proxies. Start only; mistakes are reported. */
export function buildPlans({ model, scopes, missing }: PlansInput): CheckPlans {
  const own = model.proxies.map((proxy) => buildPlan(proxy.check, scopes(proxy)));
  const sections = new Map<string, CheckPlan | null>();
  const sectionOf = (index: number, name: string): CheckPlan | null => {
    const key = `${index} ${name}`;
    const known = sections.get(key);
    if (known !== undefined) return known;
    const section = model.healthchecks.find((one) => one.name === name);
    const plan =
      section === undefined ? null : buildPlan(section.check, scopes(model.proxies[index]));
    sections.set(key, plan);
    return plan;
  };
  for (const [index, proxy] of model.proxies.entries()) {
    for (const { place, name, checks } of proxy.servers) {
      const wanted = checks.healthcheck;
      if (wanted === '') continue;
      sectionOf(index, wanted);
      if (model.healthchecks.some((one) => one.name === wanted)) continue;
      missing(proxy, place, `healthcheck section '${wanted}' not found for server '${name}'.`);
    }
  }
  return {
    planOf: (index, section) => {
      if (section !== '') return sectionOf(index, section);
      // Proxies that came later are built when they are first asked for.
      const proxy = model.proxies[index];
      if (own[index] === undefined) own[index] = buildPlan(proxy.check, scopes(proxy));
      return own[index];
    },
  };
}

/** null: a plain connection, or something was wrong. */
function buildPlan(check: CheckModel, scopes: CheckScope): CheckPlan | null {
  const { kind, line, tcp, http } = check;
  if (kind === '' || kind === 'external-check') return null;
  if (kind === 'tcp-check') return buildRules(tcp, false, scopes);
  if (kind === 'httpchk') return buildRules(http, true, scopes);
  return buildProtocol(kind, line, scopes) ?? null;
}
