// Names that log lines use, checked against the sections that declare them; backends in `mode log`
// checked for what they can do; rings for their servers. Called once by resolve.ts when every line
// has been read.

import { dirname } from 'node:path';
import type { Place } from './diagnostic.ts';
import {
  defaultRingBytes,
  type Draft,
  finalWarning,
  type LogForwardDraft,
  newRingDraft,
  type RingDraft,
} from './draft.ts';
import { isDirectory } from './files.ts';
import { refuseLater, refuseWord } from './later-words.ts';
import type { BindModel, LogTargetModel, ProxyModel, RingModel, ServerModel } from './model.ts';

/** Reports names that no section declares, and makes the rings that log servers need. */
export function resolveLogs(draft: Draft): void {
  draft.rings.unshift(defaultRing());
  for (const { model } of draft.proxies) if (model.mode === 'log') resolveBackend(model, draft);
  checkDatagramServers(draft);
  for (const { model } of draft.rings) {
    if (model.file !== null) {
      warnOfPlace(model.place, model.file.path, draft);
      checkFile(model, draft);
    }
    for (const server of model.servers) refuseLater(server, 'a ring', draft.diagnostics);
  }
  for (const forward of draft.logForwards) checkForward(forward, draft);
  const names: Names = {
    profiles: new Set(draft.logProfiles.map(({ name }) => name)),
    rings: new Map(draft.rings.map(({ model }) => [model.name, model])),
    backends: new Map(
      draft.proxies
        .filter(({ section }) => section !== 'frontend')
        .map((one) => [one.model.name, one.model]),
    ),
  };
  for (const target of targetsOf(draft)) checkTarget(target, names, draft);
}

/** Without the file's folder the proxies serve all the same, so it is no alert. */
function warnOfPlace(place: Place, path: string, { diagnostics }: Draft): void {
  const folder = dirname(path);
  const lost = `lines for 'file@${path}' are lost`;
  if (isDirectory(path)) {
    diagnostics.warning(place, `log : '${path}' is a folder: ${lost}`, 'name a file in it');
  } else if (!isDirectory(folder)) {
    const hint = "make it, as the folder of the process's 'user'";
    diagnostics.warning(place, `log : there is no folder '${folder}': ${lost}`, hint);
  }
}

/** The file is opened, and opened again, by a process that may have changed its root. */
function checkFile(ring: RingDraft['model'], { global, diagnostics }: Draft): void {
  const { chroot } = global;
  if (chroot === '' || chroot === '/' || ring.file === null) return;
  const { path } = ring.file;
  const root = chroot.endsWith('/') ? chroot : `${chroot}/`;
  if (chroot !== 'auto' && path.startsWith(root)) {
    ring.file = { ...ring.file, path: path.slice(root.length - 1) };
    return;
  }
  diagnostics.alert(
    ring.place,
    `log : the file '${path}' is outside of what 'chroot ${chroot}' leaves: put it below, or use ` +
      'another target.',
  );
}

/** What its listeners cannot honour yet is refused: the control thread has them. */
function checkForward({ model }: LogForwardDraft, draft: Draft): void {
  const { name, place, binds, datagramBinds } = model;
  if (binds.length === 0 && datagramBinds.length === 0) {
    const message = `log-forward '${name}' has no 'bind' directive: it will get no message.`;
    finalWarning(draft, place, message);
  }
  const where = 'a log-forward section';
  for (const bind of binds) {
    const used = laterBindWords.filter(([, isUsed]) => isUsed(bind));
    for (const [word] of used) refuseWord(bind.place, word, where, draft.diagnostics);
  }
}

const laterBindWords: readonly (readonly [string, (bind: BindModel) => boolean])[] = [
  ['accept-proxy', ({ acceptProxy }) => acceptProxy],
  ['accept-netscaler-cip', ({ netscalerMagic }) => netscalerMagic > 0],
  ['maxconn', ({ maxconn }) => maxconn > 0],
  ['strict-sni', ({ ssl }) => ssl?.strictSni === true],
  ['more than one crt', ({ ssl }) => (ssl?.crts.length ?? 0) > 1],
];

/** The ring that is always there (manual 9.3, `show events`). */
function defaultRing(): RingDraft {
  const ring = newRingDraft({ file: '', line: 0, column: 0 }, 'buf0');
  ring.model.description = 'in-memory ring buffer';
  ring.model.format = 'timed';
  ring.model.sizeBytes = 1 << 20;
  return ring;
}

interface Names {
  readonly profiles: ReadonlySet<string>;
  readonly rings: ReadonlyMap<string, RingModel>;
  readonly backends: ReadonlyMap<string, ProxyModel>;
}

/** Every log target of the configuration, each line once. */
function targetsOf(draft: Draft): ReadonlySet<LogTargetModel> {
  const proxies = draft.proxies.flatMap(({ model }) => model.logs);
  const peers = draft.peers.flatMap(({ model }) => model.logs);
  const forwards = draft.logForwards.flatMap(({ model }) => model.logs);
  const apps = draft.fcgiApps.flatMap(({ logs }) => logs);
  return new Set([...draft.global.logs, ...proxies, ...peers, ...forwards, ...apps]);
}

function checkTarget(target: LogTargetModel, names: Names, draft: Draft): void {
  const { profile, place } = target;
  const { diagnostics } = draft;
  if (profile !== '' && !names.profiles.has(profile)) {
    diagnostics.alert(place, `log : unknown log-profile '${profile}'`);
  }
  const [kind, name = ''] = target.target.split('@');
  if (kind === 'ring') checkRing(target, name, names.rings.get(name), draft);
  if (kind !== 'backend') return;
  const backend = names.backends.get(name);
  if (backend === undefined) diagnostics.alert(place, `log : uses unknown log backend '${name}'`);
  else if (backend.mode !== 'log') {
    diagnostics.alert(place, `log : uses incompatible log backend '${name}' (needs 'mode log')`);
  }
}

function checkRing(
  { place }: LogTargetModel,
  name: string,
  ring: RingModel | undefined,
  draft: Draft,
): void {
  if (ring === undefined) draft.diagnostics.alert(place, `log : uses unknown ring named '${name}'`);
}

const logAlgorithms = new Set(['roundrobin', 'random', 'sticky', 'log-hash']);

function resolveBackend(model: ProxyModel, draft: Draft): void {
  const { diagnostics } = draft;
  const who = `backend '${model.name}'`;
  const { balance } = model;
  if (balance !== null && !logAlgorithms.has(balance.algorithm)) {
    const message = `in ${who}: "balance" only supports 'roundrobin', 'random', 'sticky' and 'log-hash'.`;
    diagnostics.alert(balance.place, message);
  }
  for (const { what, lines } of unusable(model)) {
    if (lines.length === 0) continue;
    const message = `Cannot use ${what} with 'mode log' in ${who}. They will be ignored.`;
    finalWarning(draft, model.place, message);
    lines.length = 0;
  }
  for (const server of model.servers) checkServer(server, model, draft);
}

/** What has no meaning without streams. */
function unusable({ rules, stickRules, useServers }: ProxyModel) {
  return [
    { what: 'tcp-request rules', lines: rules['tcp-request content'] },
    { what: 'tcp-response rules', lines: rules['tcp-response content'] },
    { what: 'sticking rules', lines: stickRules },
    { what: '"use-server" rules', lines: useServers },
  ];
}

function checkServer(server: ServerModel, model: ProxyModel, draft: Draft): void {
  const { family, socket } = server.address;
  if (family !== 'ipv4' && family !== 'ipv6' && family !== 'unspecified') {
    const message = 'log server address family not supported for log backend server.';
    draft.diagnostics.alert(server.place, message);
  }
  if (socket === 'dgram') return;
  const ring = newRingDraft(server.place, `${model.name}/${server.name}`);
  const { file, line } = server.place;
  ring.model.description = `created from log backend declared into '${file}' at line ${line}`;
  ring.model.format = '';
  ring.model.sizeBytes = server.logBufsize || defaultRingBytes;
  ring.model.connectMs = model.timeouts.connect;
  ring.model.serverMs = model.timeouts.server;
  ring.proxy.model.servers.push(server);
  draft.rings.push(ring);
}

/** Only log backends send datagrams. */
function checkDatagramServers(draft: Draft): void {
  const others = draft.proxies.filter(({ model }) => model.mode !== 'log');
  for (const { model } of [...others, ...draft.rings.map(({ proxy }) => proxy)]) {
    for (const { address, place } of model.servers) {
      if (address.socket !== 'dgram') continue;
      const message = `unsupported transport for server address in '${model.mode}' backend.`;
      draft.diagnostics.alert(place, message);
    }
  }
}
