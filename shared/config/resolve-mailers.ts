// email-alert lines of proxies against the mailers sections that they name (manual 12.3). Called by
// resolve.ts when every line has been read.

import { type Draft, finalWarning } from './draft.ts';
import type { ProxyModel } from './model.ts';

/** Drops what cannot be sent, and tells of it. */
export function resolveMailers(draft: Draft): void {
  const used = new Set<string>();
  for (const { model } of draft.proxies) {
    const name = resolveAlert(model, draft);
    if (name !== '') used.add(name);
  }
  for (const { name, place, mailers } of draft.mailers) {
    if (used.has(name) && mailers.length > 0) continue;
    finalWarning(draft, place, `Removing incomplete section 'mailers ${name}'.`);
  }
}

/** Name of the section that the proxy's alerts go to, '' for none. */
function resolveAlert(model: ProxyModel, draft: Draft): string {
  const { emailAlert: alert, name } = model;
  if (alert === null || model.disabled) return '';
  if (alert.mailers === '' || alert.from === '' || alert.to === '') {
    finalWarning(
      draft,
      alert.place,
      `'email-alert' will be ignored for proxy '${name}' (the presence any of 'email-alert from', ` +
        "'email-alert level' 'email-alert mailers', 'email-alert myhostname', or 'email-alert " +
        "to' requires each of 'email-alert from', 'email-alert mailers' and 'email-alert to' to " +
        'be present).',
    );
    model.emailAlert = null;
    return '';
  }
  if (draft.mailers.some((section) => section.name === alert.mailers)) return alert.mailers;
  draft.diagnostics.alert(
    alert.place,
    `Proxy '${name}': unable to find mailers '${alert.mailers}'.`,
  );
  return '';
}
