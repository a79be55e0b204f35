// What the checks of a proxy lack once all lines are read: rules without the option that runs them,
// an external check without its command. Called by resolve.ts for each proxy.

import { type Draft, finalWarning } from './draft.ts';
import type { ProxyDraft } from './keyword.ts';

const ruleOptions = [
  ['tcp', 'tcp-check'],
  ['http', 'httpchk'],
] as const;

/** Warnings and alerts about the checks of one proxy. */
export function checkChecks(proxy: ProxyDraft, draft: Draft): void {
  const { model, section } = proxy;
  if (section === 'frontend') return;
  for (const [rules, option] of ruleOptions) {
    if (model.check[rules].length === 0 || model.check.kind === option) continue;
    // Those of another section belong to it.
    if (!proxy.ownChecks.has(rules)) continue;
    const message =
      `${section} '${model.name}' uses ${rules}-check rules without 'option ${option}', ` +
      'so the rules are ignored.';
    finalWarning(draft, model.place, message);
  }
  if (model.check.kind === 'external-check') checkExternal(proxy, draft);
  else warnOfExternal(proxy, draft);
  if (model.mode === 'http') return;
  for (const { checks, place } of model.servers) {
    if (checks.observe !== 'layer7') continue;
    draft.diagnostics.alert(place, "'layer7' can only be used in http proxies.");
  }
}

/** What only external checks read. */
function warnOfExternal({ model, section }: ProxyDraft, draft: Draft): void {
  for (const word of ['command', 'path'] as const) {
    if (model.check[word] === '') continue;
    const message =
      `'external-check ${word}' will be ignored for ${section} '${model.name}' ` +
      "(requires 'option external-check').";
    finalWarning(draft, model.place, message);
  }
}

function checkExternal({ model }: ProxyDraft, draft: Draft): void {
  const name = `Proxy '${model.name}' : 'option external-check'`;
  const missing = (what: string): void => {
    draft.diagnostics.alert(model.place, `${name} unable to find required '${what}'.`);
  };
  if (draft.global.externalCheck === '') missing('global.external-check');
  if (model.check.command === '') missing('external-check command');
  if (!draft.global.insecureForkWanted) {
    const message =
      `Proxy '${model.name}' : 'insecure-fork-wanted' not enabled in the global section, ` +
      "'option external-check' will likely fail.";
    finalWarning(draft, model.place, message);
  }
}
