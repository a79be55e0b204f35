// What log servers of rings are asked for (`sni`). Their connections belong to the process and to
// no stream, so the expression may read what the process knows. Called once by compile.ts.

import type { LineModel, Model, ServerModel } from '../../shared/config/model.ts';
import type { Evaluate, Scope } from '../keyword.ts';
import { kindString } from '../sample/sample.ts';

/** By server; mistakes are reported through the scopes. */
export function compileRingNames(
  { rings }: Model,
  scopeOf: (line: LineModel) => Scope,
): ReadonlyMap<ServerModel, Evaluate> {
  const names = new Map<ServerModel, Evaluate>();
  for (const server of rings.flatMap(({ servers }) => servers)) {
    const sni = server.ssl?.sni ?? '';
    if (sni === '') continue;
    const line = { place: server.place, words: [], columns: [], text: '', from: '' };
    const built = scopeOf(line).expressionOf(sni, kindString);
    if (built !== null) names.set(server, built.evaluate);
  }
  return names;
}
