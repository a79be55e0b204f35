// `stick` lines of a backend to a plan (manual 4.2). Start only; called by proxies.ts.

import type { LineModel, ProxyModel } from '../../shared/config/model.ts';
import { tableIndexOf, tablesOf } from '../../shared/config/stick-tables.ts';
import type { Scope, WordCursor } from '../keyword.ts';
import { points } from '../sample/reads.ts';
import { fitsKey, setKey } from '../sample/table-key.ts';
import type { StickPlan, StickRule } from '../server/stickiness.ts';
import { lineCursor } from '../line-cursor.ts';

interface VerbRow {
  readonly matches: boolean;
  readonly stores: boolean;
  readonly isResponse: boolean;
}

const verbs: Readonly<Record<string, VerbRow>> = {
  on: { matches: true, stores: true, isResponse: false },
  match: { matches: true, stores: false, isResponse: false },
  store: { matches: false, stores: true, isResponse: false },
  'store-request': { matches: false, stores: true, isResponse: false },
  'store-response': { matches: false, stores: true, isResponse: true },
};

/** null: the proxy has no such lines. Mistakes are reported and left out. */
export function compileStick(
  { name, stickRules }: ProxyModel,
  scopeAt: (line: LineModel, point: number) => Scope,
): StickPlan | null {
  if (stickRules.length === 0) return null;
  const request: StickRule[] = [];
  const response: StickRule[] = [];
  for (const line of stickRules) {
    const verb = verbs[line.words[0]];
    const scope = scopeAt(line, verb.isResponse ? points.storeRule : points.serverChoice);
    const rule = compileRule(name, lineCursor(line, 1), verb, scope);
    if (rule !== null) (verb.isResponse ? response : request).push(rule);
  }
  return { request, response };
}

function compileRule(
  proxyName: string,
  words: WordCursor,
  { matches, stores }: VerbRow,
  scope: Scope,
): StickRule | null {
  const expression = scope.expression(words);
  if (expression === null) return null;
  const tableName = takeTable(words) || proxyName;
  const known = scope.alerts;
  const condition = words.atEnd() ? null : scope.condition(words);
  if (scope.alerts > known) return null;
  const tableIndex = tableIndexOf(scope.model, tableName);
  const table = tablesOf(scope.model)[tableIndex]?.table;
  const refuse = (why: string): null => {
    scope.alert(`Proxy '${proxyName}': ${why} stick-table '${tableName}'.`);
    return null;
  };
  if (!table) return refuse('unable to find');
  if (!fitsKey(expression.returns, table.keyType)) {
    return refuse('type of fetch not usable with type of');
  }
  const { evaluate } = expression;
  return {
    condition,
    tableIndex,
    serverKey: table.serverKey,
    matches,
    stores,
    fillKey: (stream, into) => {
      const { sample } = stream;
      sample.restart();
      return evaluate(stream, sample) && setKey(into, sample);
    },
  };
}

/** `table NAME`, '' : the backend's own. */
function takeTable(words: WordCursor): string {
  if (words.peek() !== 'table') return '';
  words.next();
  return words.next();
}
