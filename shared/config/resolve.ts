// The draft to the Model: numbers for what has none, names checked across sections, defaults that
// depend on other settings, and the warnings that HAProxy gives at the end of a load.
// Called once by load.ts after the last line.

import { type Draft, finalWarning } from './draft.ts';
import { nearestWord } from './hint.ts';
import type { ProxyDraft, ServerDraft } from './keyword.ts';
import type { Model, ProxyModel, ServerModel } from './model.ts';
import { modelVersion } from './model.ts';
import { checkGuids } from './resolve-guid.ts';
import { checkChecks } from './resolve-check.ts';
import { checkMode } from './resolve-mode.ts';
import { type Names, resolveServers } from './resolve-addresses.ts';
import { loadServerStates } from './server-states.ts';
import { resolveLogs } from './resolve-logs.ts';
import { checkPeers, completePeers } from './resolve-peers.ts';
import { addDefaultResolvers, checkResolvers } from './resolve-resolvers.ts';
import { resolveStick } from './resolve-stick.ts';
import { checkTraces } from './resolve-traces.ts';
import { mergeTlsDefaults } from './resolve-tls.ts';
import { readRuleFiles } from './rule-files.ts';
import { resolveFcgi } from './resolve-fcgi.ts';
import { checkReverse } from './resolve-reverse.ts';
import { resolveMailers } from './resolve-mailers.ts';
import { checkBufferSizes } from './resolve-tune.ts';
import { readHeaderCaseFile } from './sections/header-case.ts';

const nowhere = { file: '', line: 0, column: 0 };

/** Finishes `draft`. Mistakes are reported to its diagnostics; the Model is whole either way. */
export function resolveDraft(draft: Draft, files: readonly string[], names: Names): Model {
  draft.linesFine = draft.diagnostics.alerts === 0;
  checkBufferSizes(draft);
  assignProxyIds(draft);
  loadServerStates(draft);
  resolveServers(draft, names);
  completePeers(draft);
  addDefaultResolvers(draft);
  checkResolvers(draft);
  for (const proxy of draft.proxies) {
    if (proxy.model.disabled) continue;
    completeProxy(proxy, draft);
  }
  checkGuids(draft);
  resolveStick(draft);
  mergeTlsDefaults(draft);
  checkReverse(draft);
  checkPeers(draft);
  checkUserlists(draft);
  checkErrorSections(draft);
  resolveLogs(draft);
  resolveMailers(draft);
  resolveFcgi(draft);
  checkTraces(draft);
  readRuleFiles(draft);
  readHeaderCaseFile(draft);
  return {
    version: modelVersion,
    files,
    global: { ...draft.global, environment: Object.fromEntries(draft.environment) },
    proxies: draft.proxies.map((proxy) => ({ ...proxy.model, presets: presetsOf(proxy) })),
    defaults: usedDefaults(draft),
    httpErrors: draft.httpErrors,
    userlists: draft.userlists,
    logProfiles: draft.logProfiles,
    peers: draft.peers.map((section) => section.model),
    resolvers: draft.resolvers.map(({ model }) => model),
    healthchecks: draft.healthchecks,
    rings: draft.rings.map(({ model }) => model),
    mailers: draft.mailers,
    namespaces: draft.namespaces,
    logForwards: draft.logForwards.map(({ model }) => model),
    fcgiApps: draft.fcgiApps,
    traces: draft.traces,
    contents: Object.fromEntries(draft.contents),
    certificates: Object.fromEntries(draft.certificates),
    crtLists: Object.fromEntries(draft.crtLists),
    issuerChains: draft.issuerChains,
    patternFiles: [...draft.patternFiles],
  };
}

/** What servers may start from that the runtime API adds. */
export function presetsOf(proxy: ProxyDraft): ProxyModel['presets'] {
  if (proxy.section === 'frontend') return [];
  const own: [string, ServerDraft][] = proxy.hasDefaultServer ? [['', proxy.defaultServer]] : [];
  return [...own, ...proxy.namedDefaultServers].map(([name, { model: server, tls, tlsOn }]) => ({
    name,
    server,
    tls,
    tlsOn,
  }));
}

/** The checks of one proxy, and the settings that depend on others. */
export function completeProxy(proxy: ProxyDraft, draft: Draft): void {
  checkBinds(proxy, draft);
  checkMode(proxy, draft);
  checkBackends(proxy, draft);
  checkTimeouts(proxy, draft);
  checkChecks(proxy, draft);
}

/** Defaults sections whose rules some proxy carries. */
function usedDefaults(draft: Draft): Model['defaults'] {
  const named = draft.defaults.filter(({ model }) => model.name !== '');
  return named.map((proxy) => ({
    name: proxy.model.name,
    acls: proxy.model.acls,
    proxy: { ...proxy.model, presets: presetsOf(proxy) },
    hasMode: proxy.hasMode,
  }));
}

/** Free numbers from 2 on: HAProxy never gives number 1 by itself. */
function assignProxyIds(draft: Draft): void {
  const used = new Set(draft.proxies.map(({ model }) => model.id));
  let next = 2;
  for (const { model } of draft.proxies) {
    if (model.id === 0) {
      while (used.has(next)) next++;
      model.id = next++;
    }
    assignServerIds(model, draft);
    assignBindIds(model, draft);
  }
}

function assignServerIds(model: ProxyModel, draft: Draft): void {
  const used = new Map<number, ServerModel>();
  for (const server of model.servers) {
    if (server.id === 0) continue;
    const other = used.get(server.id);
    if (other === undefined) used.set(server.id, server);
    else {
      const message = `server id ${server.id} is already used by server '${other.name}'.`;
      draft.diagnostics.alert(server.place, message);
    }
  }
  let next = 1;
  for (const server of model.servers) {
    if (server.id === 0) {
      while (used.has(next)) next++;
      server.id = next;
      used.set(next, server);
    }
    next++;
  }
}

function assignBindIds(model: ProxyModel, draft: Draft): void {
  const used = new Set<number>();
  for (const bind of model.binds) {
    if (bind.id === 0) continue;
    if (bind.addresses.length > 1) {
      draft.diagnostics.alert(bind.place, "'id' can only be used with a single socket");
    }
    if (used.has(bind.id)) {
      draft.diagnostics.alert(bind.place, `custom id ${bind.id} already used in this section`);
    }
    used.add(bind.id);
  }
  let next = 1;
  for (const bind of model.binds) {
    if (bind.id !== 0) {
      next = bind.id + 1;
      continue;
    }
    while (used.has(next)) next++;
    bind.id = next;
    for (let index = 0; index < bind.addresses.length; index++) used.add(next++);
  }
}

function warn(draft: Draft, message: string): void {
  finalWarning(draft, nowhere, message);
}

function checkBinds(proxy: ProxyDraft, draft: Draft): void {
  const { binds, name } = proxy.model;
  if (proxy.section === 'backend' || binds.length > 0) return;
  warn(
    draft,
    `${proxy.section} '${name}' has no 'bind' directive. ` +
      'Please declare it as a backend if this was intended.',
  );
}

function checkBackends(proxy: ProxyDraft, draft: Draft): void {
  const { model, section } = proxy;
  if (section === 'backend') return;
  const { defaultBackend, defaultBackendPlace } = model;
  if (defaultBackend !== '' && defaultBackendPlace !== null) {
    const found = checkTarget(proxy, draft, defaultBackend, {
      rule: 'default_backend',
      place: defaultBackendPlace,
    });
    if (found && model.servers.length > 0) {
      warn(
        draft,
        `In proxy '${model.name}', the 'default_backend' rule always has precedence ` +
          'over the servers, which will never be used.',
      );
    }
  }
  for (const rule of model.useBackends) {
    // A name with a format in it is only known while serving.
    if (rule.words[0].includes('%')) continue;
    const place = { ...rule.place, column: rule.columns[0] ?? rule.place.column };
    checkTarget(proxy, draft, rule.words[0], { rule: 'use_backend', place });
  }
}

const backendNames = ({ proxyNames }: Draft): string[] =>
  [...proxyNames].filter(([, { section }]) => section !== 'frontend').map(([name]) => name);

function checkTarget(
  proxy: ProxyDraft,
  draft: Draft,
  name: string,
  at: { readonly rule: string; readonly place: ProxyModel['place'] },
): boolean {
  const { diagnostics } = draft;
  const { model } = proxy;
  const found = draft.proxyNames.get(name);
  const target = found?.section === 'frontend' ? undefined : found;
  const own = `Proxy '${model.name}': `;
  if (target === undefined) {
    const near = nearestWord(name, backendNames(draft));
    const hint = near === '' ? '' : `did you mean '${near}'?`;
    diagnostics.alert(at.place, `${own}unable to find required ${at.rule}: '${name}'.`, hint);
  } else if (target === proxy) {
    diagnostics.alert(at.place, `${own}loop detected for ${at.rule}: '${name}'.`);
  } else if (target.model.mode !== model.mode && model.mode !== 'tcp') {
    diagnostics.alert(
      at.place,
      `${model.mode} ${proxy.section} '${model.name}' tries to use incompatible ` +
        `${target.model.mode} ${target.section} '${name}' in '${at.rule}' (see 'mode').`,
    );
  } else return true;
  return false;
}

function checkTimeouts(proxy: ProxyDraft, draft: Draft): void {
  const { timeouts, servers, mode, name } = proxy.model;
  const front = proxy.section !== 'backend' && timeouts.client < 0;
  const noServer = timeouts.server < 0 && (mode === 'http' || timeouts.tunnel < 0);
  const back = proxy.section !== 'frontend' && servers.length > 0;
  if (front || (back && (timeouts.connect < 0 || noServer))) {
    warn(
      draft,
      `missing timeouts for ${proxy.section} '${name}'.\n` +
        '   | Connections may then stay for ever. Timeouts that should be set to more than\n' +
        "   | zero are: 'client', 'connect', 'server'.",
    );
  }
  // Both were one setting long ago; configurations still rely on it.
  if (timeouts.tarpit < 0) timeouts.tarpit = timeouts.connect;
  if (proxy.section !== 'frontend' && timeouts.queue < 0) timeouts.queue = timeouts.connect;
}

function checkUserlists(draft: Draft): void {
  for (const list of draft.userlists) {
    for (const user of list.users) {
      const missing = user.groups.find((name) => !list.groups.some((group) => group.name === name));
      if (missing === undefined) continue;
      const what = `no such group '${missing}' specified in user '${user.name}'`;
      draft.diagnostics.alert(nowhere, `userlist '${list.name}': ${what}`);
    }
    for (const group of list.groups) {
      const missing = group.users.find((name) => !list.users.some((user) => user.name === name));
      if (missing === undefined) continue;
      const what = `no such user '${missing}' specified in group '${group.name}'`;
      draft.diagnostics.alert(nowhere, `userlist '${list.name}': ${what}`);
    }
  }
}

function checkErrorSections(draft: Draft): void {
  const names = new Set(draft.httpErrors.map(({ name }) => name));
  const reported = new Set<string>();
  for (const { model } of draft.proxies) {
    for (const { kind, value, place } of model.errors) {
      const key = `${place.file}:${place.line}`;
      if (kind !== 'section' || names.has(value) || reported.has(key)) continue;
      reported.add(key);
      draft.diagnostics.alert(place, `unable to find http-errors section '${value}'.`);
    }
  }
}
