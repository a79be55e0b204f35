// What a proxy says that its mode cannot use: HAProxy warns and ignores it, so does this.
// Called by resolve.ts for every proxy that is enabled.

import { proxySectionKeywords } from './catalog.ts';
import { type Draft, finalWarning } from './draft.ts';
import type { ProxyDraft } from './keyword.ts';

const nowhere = { file: '', line: 0, column: 0 };
const httpAlgorithms = new Set(['uri', 'url_param', 'hdr']);

/** Warns about HTTP settings of a proxy in TCP mode and takes them back. */
export function checkMode(proxy: ProxyDraft, draft: Draft): void {
  checkLogFormat(proxy, draft);
  if (proxy.model.mode === 'http' || mayBecomeHttp(proxy)) return;
  checkLogPreset(proxy, draft);
  checkBalance(proxy, draft);
  checkOptions(proxy, draft);
  checkRules(proxy, draft);
  checkServers(proxy, draft);
  checkSources(proxy, draft);
}

/** `usesrc hdr_ip(...)`: there are no headers to take an address from. */
function checkSources(proxy: ProxyDraft, draft: Draft): void {
  const { model } = proxy;
  const owners = [{ source: model.source, what: 'ignoring use of' }].concat(
    model.servers.map(({ source, name }) => ({ source, what: `server ${name} cannot use` })),
  );
  for (const { source, what } of owners) {
    const name = /^hdr_ip\(([^,)]+)/.exec(source?.usesrc ?? '')?.[1];
    if (name === undefined) continue;
    const message = `${who(proxy)} : ${what} header ${name} as source IP in non-HTTP mode.`;
    finalWarning(draft, model.place, message);
  }
}

/** `tcp-request content switch-mode http` makes HTTP settings useful in TCP mode. */
const mayBecomeHttp = (proxy: ProxyDraft): boolean =>
  proxy.model.rules['tcp-request content'].some(
    ({ words }) => words[0] === 'switch-mode' && words[1] === 'http',
  );

const who = (proxy: ProxyDraft): string => `${proxy.section} '${proxy.model.name}'`;

function checkLogFormat(proxy: ProxyDraft, draft: Draft): void {
  const { logs, logFormat, logFormatSd, logPreset } = proxy.model;
  if (proxy.section === 'backend' || logs.length > 0) return;
  if (logFormat === null && logFormatSd === null && logPreset === 'default') return;
  const message = `log format ignored for ${who(proxy)} since it has no log address.`;
  finalWarning(draft, nowhere, message);
}

function checkLogPreset(proxy: ProxyDraft, draft: Draft): void {
  const { model, logPresetPlace } = proxy;
  if (model.logPreset === 'default' || model.logPreset === 'tcp' || logPresetPlace === null) return;
  const name = lines[model.logPreset] ?? `${model.logPreset}log`;
  finalWarning(
    draft,
    logPresetPlace,
    `'option ${name}' not usable with ${who(proxy)} (needs 'mode http'). ` +
      "Falling back to 'option tcplog'.",
  );
  model.logPreset = 'tcp';
}

function checkBalance(proxy: ProxyDraft, draft: Draft): void {
  const { balance } = proxy.model;
  if (balance === null || !httpAlgorithms.has(balance.algorithm)) return;
  finalWarning(
    draft,
    nowhere,
    `Layer 7 hash not possible for ${who(proxy)} (needs 'mode http'). Falling back to round robin.`,
  );
  proxy.model.balance = { algorithm: 'roundrobin', words: [], place: balance.place };
}

function checkServers(proxy: ProxyDraft, draft: Draft): void {
  for (const { name, place, redir, cookie } of proxy.model.servers) {
    if (redir !== '') {
      const message = `server '${name}' of ${who(proxy)} cannot have 'redir' without 'mode http'.`;
      draft.diagnostics.alert(place, message);
    }
    if (cookie === '') continue;
    const message = `ignoring cookie for server '${name}' of ${who(proxy)} as it needs HTTP mode.`;
    finalWarning(draft, place, message);
  }
}

function checkOptions(proxy: ProxyDraft, draft: Draft): void {
  const { options } = proxy.model;
  for (const [name, on] of Object.entries(options)) {
    const row = proxySectionKeywords.get(`option ${name}`);
    if (!on || row?.http !== true) continue;
    if (row.side === 'front' && proxy.section === 'backend') continue;
    if (row.side === 'back' && proxy.section === 'frontend') continue;
    const message = `'option ${name}' ignored for ${who(proxy)} as it requires HTTP mode.`;
    finalWarning(draft, nowhere, message);
    delete options[name];
  }
}

function checkRules(proxy: ProxyDraft, draft: Draft): void {
  const { rules, captureCookie, monitorUri, redirects, statsLines } = proxy.model;
  const own = (lines: readonly { readonly from: string }[]): boolean =>
    lines.some(({ from }) => from === '');
  const found: readonly (readonly [boolean, string])[] = [
    [captureCookie !== null, "'capture' statement"],
    [monitorUri !== '', "'monitor-uri' statement"],
    [statsLines.length > 0, "'stats' statement"],
    [own(rules['http-request']), "'http-request' rules"],
    [own(rules['http-response']), "'http-response' rules"],
    [own(rules['http-after-response']), "'http-after-response' rules"],
    [redirects.length > 0, "'redirect' rules"],
  ];
  for (const [present, what] of found) {
    if (!present) continue;
    const verb = what.endsWith('rules') ? 'as they require' : 'as it requires';
    const message = `${what} ignored for ${who(proxy)} ${verb} HTTP mode.`;
    finalWarning(draft, nowhere, message);
  }
}

/** Options that ask for a format by an argument. */
const lines: Readonly<Record<string, string>> = { clf: 'httplog clf', json: 'httplog json' };
