// Words that the reference knows as actions and hawser refuses: facts from its keyword list, per
// rule set. A word leaves this table when its row appears in a family. Read by compile/rules.ts and
// by the tests.

import type { RuleSet } from '../../shared/config/model.ts';

interface UnsupportedRow {
  readonly name: string;
  readonly sets: readonly RuleSet[];
}

const messages = ['http-request', 'http-response'] as const;
const contents = ['tcp-request content', 'tcp-response content'] as const;
const rows: readonly UnsupportedRow[] = [
  { name: 'cache-use', sets: ['http-request'] },
  { name: 'cache-store', sets: ['http-response'] },
  { name: 'send-spoe-group', sets: [...contents, ...messages] },
];

const setsByName: ReadonlyMap<string, readonly RuleSet[]> = new Map(
  rows.map((row) => [row.name, row.sets]),
);

/** True when the reference knows `name` in `ruleSet` and hawser does not. */
export function isUnsupportedAction(name: string, ruleSet: RuleSet): boolean {
  if (name.startsWith('lua.')) return true;
  return setsByName.get(name)?.includes(ruleSet) === true;
}

/** The names of this table, for the test that compares lists. */
export const unsupportedActions: readonly string[] = [...setsByName.keys()];
