// The checks of every proxy, compiled: rules and protocols of worker/check, with the scopes in
// which their expressions are built. Start only.

import type { LineModel, Model, ProxyModel } from '../../shared/config/model.ts';
import { buildPlans, type CheckPlans } from '../check/plans.ts';
import type { CheckScope } from '../check/plan.ts';
import type { ActionDef, Scope } from '../keyword.ts';
import { points } from '../sample/reads.ts';
import { lineCursor } from '../line-cursor.ts';

export interface ChecksInput {
  readonly model: Model;
  readonly actions: ReadonlyMap<string, ActionDef>;
  scopeOf(proxy: ProxyModel, line: LineModel, point: number): Scope;
}

/** Actions that have a meaning without a stream. */
const checkActions = new Set(['set-var', 'set-var-fmt', 'unset-var']);

/** Compiles all checks; mistakes are reported through the scopes. */
export function compileChecks({ model, actions, scopeOf }: ChecksInput): CheckPlans {
  const scopes = (proxy: ProxyModel): CheckScope => ({
    at: (line) => scopeOf(proxy, line, points.check),
    action: (line) => {
      const [word] = line.words;
      const open = word.indexOf('(');
      const name = open < 0 ? word : word.slice(0, open);
      const def = checkActions.has(name) ? actions.get(name) : undefined;
      if (def === undefined) return 'unknown';
      const argument = open < 0 ? '' : word.slice(open + 1, word.lastIndexOf(')'));
      return def.build(lineCursor(line, 1, argument), scopeOf(proxy, line, points.check));
    },
  });
  return buildPlans({
    model,
    scopes,
    missing: (proxy, place, message) => {
      const line = { place, words: [], columns: [], text: '', from: '' };
      scopeOf(proxy, line, points.check).alert(message);
    },
  });
}
