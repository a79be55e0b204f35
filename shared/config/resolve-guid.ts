// Identifiers that the configuration gives (manual: guid, guid-prefix): what they may look like,
// and that no two objects share one. Called once by resolve.ts.

import type { Place } from './diagnostic.ts';
import type { Draft } from './draft.ts';

const lengthMax = 127;
const allowed = /[^A-Za-z0-9.:_-]/;

/** What is wrong with an identifier, '' for nothing. */
export function guidFault(guid: string): string {
  if (guid.length > lengthMax) return `longer than ${lengthMax} characters`;
  const wrong = allowed.exec(guid);
  return wrong === null ? '' : `invalid character '${wrong[0]}'`;
}

/** Reports identifiers that are malformed or given twice. */
export function checkGuids(draft: Draft): void {
  const owners = new Map<string, string>();
  const claim = (guid: string, owner: string, place: Place): void => {
    if (guid === '') return;
    const other = owners.get(guid);
    const fault = guidFault(guid) || (other === undefined ? '' : `duplicate entry with ${other}`);
    if (fault === '') owners.set(guid, owner);
    else draft.diagnostics.alert(place, `${owner} : 'guid': ${fault} ('${guid}').`);
  };
  for (const { model } of draft.proxies) {
    const { kind, name, place, guid, binds, servers } = model;
    claim(guid, `${kind} ${name}`, place);
    for (const bind of binds) {
      bind.addresses.forEach((_address, index) => {
        const own = bind.guidPrefix === '' ? '' : `${bind.guidPrefix}-${index}`;
        claim(
          own,
          `listener of ${kind} ${name} (${bind.place.file}:${bind.place.line})`,
          bind.place,
        );
      });
    }
    for (const server of servers) claim(server.guid, `server ${name}/${server.name}`, server.place);
  }
}
