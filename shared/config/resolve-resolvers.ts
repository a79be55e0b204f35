// Resolvers sections when the last line has been read: the one called `default` that the load makes
// itself (manual 5.3.2), and sections that servers name. Called by resolve.ts.

import type { Draft } from './draft.ts';
import { addSystemNameservers, newResolversDraft } from './sections/resolvers.ts';

const nowhere = { file: '<internal>', line: 0, column: 0 };

/** `default` from /etc/resolv.conf, unless it is written or the file has a mistake or nothing. */
export function addDefaultResolvers(draft: Draft): void {
  if (draft.resolvers.some(({ model }) => model.name === 'default')) return;
  const section = newResolversDraft(nowhere, 'default', true);
  const { error, warnings } = addSystemNameservers(section);
  if (error !== '' || warnings.length > 0 || section.model.nameservers.length === 0) return;
  draft.resolvers.push(section);
}

/** Every section that a server names must exist. */
export function checkResolvers(draft: Draft): void {
  const known = new Set(draft.resolvers.map(({ model }) => model.name));
  for (const { model, section } of draft.proxies) {
    if (model.disabled) continue;
    for (const { resolvers, name, place } of model.servers) {
      if (resolvers === '' || known.has(resolvers)) continue;
      const whose = `${section === 'listen' ? 'proxy' : section} '${model.name}'`;
      const message = `${whose}, server '${name}': unable to find required resolvers '${resolvers}'`;
      draft.diagnostics.alert(place, message);
    }
  }
}
