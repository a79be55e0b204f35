// The action `use-service`: a request is answered by a service of this program (manual 4.4). The
// services are rows of the catalog; this file only finds the one that is named. Built by
// compile/rules.ts.

import { nearestWord } from '../../shared/config/hint.ts';
import type { Act, ActionDef, Scope, ServiceDef, WordCursor } from '../keyword.ts';
import { takeWord } from './arguments.ts';

type Services = ReadonlyMap<string, ServiceDef>;

/** The action for `services`, in the rule sets that at least one of them serves; none without. */
export function serviceActions(services: Services): readonly ActionDef[] {
  const [first] = services.values();
  if (first === undefined) return [];
  const sets = new Set([...services.values()].flatMap((service) => service.sets));
  return [
    {
      name: 'use-service',
      sets: [...sets],
      help: 'Lets a service of this program answer in place of a server',
      example: `use-service ${first.name}`,
      build: (words, scope) => buildService(services, words, scope),
    },
  ];
}

function buildService(services: Services, words: WordCursor, scope: Scope): Act | null {
  const place = words.here();
  const name = takeWord(words, scope, 'the name of a service');
  if (name === null) return null;
  const service = services.get(name);
  if (service !== undefined && scope.ruleSet !== '' && service.sets.includes(scope.ruleSet)) {
    return service.build(scope);
  }
  const near = nearestWord(name, [...services.keys()]);
  const elsewhere = service === undefined ? '' : `it serves ${service.sets.join(', ')}`;
  const hint = elsewhere === '' && near !== '' ? `did you mean '${near}'?` : elsewhere;
  scope.alertAt(place, `'${name}' is not a service of '${scope.ruleSet}'`, hint);
  return null;
}
