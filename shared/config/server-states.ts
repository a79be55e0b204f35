// Files of `show servers state` that a load starts from: found by load-server-state-from-file,
// read once, each line given to the server it is about (management.txt 9.3, format version 1).
// Called by resolve.ts before addresses are resolved; the words are applied when a worker starts
// (worker/server/saved-state.ts).

import type { Draft } from './draft.ts';
import { readText } from './files.ts';
import type { ProxyDraft } from './keyword.ts';
import type { SavedStateModel, ServerModel } from './model.ts';

const nowhere = { file: '', line: 0, column: 0 };
const formatVersion = 1;
const fieldsLeast = 20;
const fieldsMost = 25;

/** One line of a file, by its fields. */
type StateLine = readonly string[];

interface StateFile {
  readonly path: string;
  readonly lines: readonly StateLine[];
}

/** Gives every server of the draft what a file knows of it. */
export function loadServerStates(draft: Draft): void {
  const { serverStateFile, serverStateBase } = draft.global;
  const isWanted = draft.proxies.some(({ model }) => model.loadServerState === 'global');
  const whole =
    serverStateFile === '' || !isWanted
      ? null
      : readStates(draft, pathOf(serverStateBase, serverStateFile), '');
  for (const proxy of draft.proxies) {
    const { model, section } = proxy;
    if (section === 'frontend' || model.disabled || model.servers.length === 0) continue;
    if (model.loadServerState === 'global' && whole !== null) applyWhole(draft, proxy, whole);
    if (model.loadServerState === 'local') applyLocal(draft, proxy);
  }
}

function pathOf(base: string, name: string): string {
  if (name.startsWith('/') || base === '') return name;
  return base.endsWith('/') ? base + name : `${base}/${name}`;
}

/** null: there is nothing to apply, which has been said. `proxy`: '' for the global file. */
function readStates(draft: Draft, path: string, proxy: string): StateFile | null {
  const head = proxy === '' ? 'config: ' : `Proxy '${proxy}': `;
  const kind = proxy === '' ? 'global server state file' : 'server state file';
  const { text, error } = readText(path);
  if (error !== '') {
    const severity = error.startsWith('No such') ? 'notice' : 'warning';
    const message = `${head}Can't open ${kind} '${path}': ${error}.`;
    draft.diagnostics.add(severity, nowhere, message);
    return null;
  }
  if (text === '') {
    draft.diagnostics.add('notice', nowhere, `${head}Empty ${kind} '${path}'.`);
    return null;
  }
  const [version, ...rest] = text.split('\n');
  if (version !== `${formatVersion}`) {
    draft.diagnostics.warning(nowhere, `${head}Can't get version of the ${kind} '${path}'.`);
    return null;
  }
  const lines: StateLine[] = [];
  for (const [index, line] of rest.entries()) {
    const fields = line.trim().split(/[ \t]+/);
    if (fields[0] === '' || fields[0].startsWith('#')) continue;
    if (fields.length < fieldsLeast || fields.length > fieldsMost) {
      const message = `${head}corrupted ${kind} '${path}' at line ${index + 1}.`;
      draft.diagnostics.warning(nowhere, message);
      return null;
    }
    lines.push(fields);
  }
  return { path, lines };
}

/** The first line of a backend and server counts. */
function applyWhole(draft: Draft, { model }: ProxyDraft, { lines }: StateFile): void {
  const own = new Map<string, StateLine>();
  for (const line of lines) {
    if (line[1] === model.name && !own.has(line[3])) own.set(line[3], line);
  }
  for (const server of model.servers) {
    const line = own.get(server.name);
    if (line !== undefined) restore(draft, model.name, server, line);
  }
}

function applyLocal(draft: Draft, { model }: ProxyDraft): void {
  const name = model.serverStateFileName || model.name;
  const file = readStates(draft, pathOf(draft.global.serverStateBase, name), model.name);
  if (file === null) return;
  const servers = new Map(model.servers.map((server) => [server.name, server]));
  for (const line of file.lines) {
    if (!isOfBackend(draft, model, line)) continue;
    const server = servers.get(line[3]);
    if (server === undefined) {
      const message = `can't find server '${line[3]}' in backend '${model.name}'`;
      draft.diagnostics.warning(nowhere, `Proxy '${model.name}': ${message}`);
    } else if (server.savedState === null) restore(draft, model.name, server, line);
  }
}

function isOfBackend(draft: Draft, model: ProxyDraft['model'], line: StateLine): boolean {
  const [id, name] = line;
  const isId = Number(id) === model.id;
  if (!isId && name !== model.name) return false;
  if (isId && name === model.name) return true;
  const own = isId ? `'${model.name}'` : `'${model.id}'`;
  const what = isId
    ? `backend name mismatch: from server state file: '${name}'`
    : `backend ID mismatch: from server state file: '${id}'`;
  draft.diagnostics.warning(nowhere, `Proxy '${model.name}': ${what}, from running config ${own}`);
  return !isId || line[15] === '1';
}

/** Fields that are numbers, by their place in a line and what they may be. */
type NumberField = Exclude<keyof SavedStateModel, 'address' | 'isRenamed'>;

const numbers: readonly (readonly [NumberField, number, number])[] = [
  ['state', 5, 3],
  ['admin', 6, 0x7f],
  ['weight', 7, 256],
  ['weightConfigured', 8, 256],
  ['sinceChangeSeconds', 9, Number.MAX_SAFE_INTEGER],
  ['checkStatus', 10, 64],
  ['checkResult', 11, 4],
  ['checkHealth', 12, 2 ** 31 - 1],
  ['checkFlags', 13, 0x1f],
  ['agentFlags', 14, 0x1f],
];
const fieldNames: Readonly<Record<NumberField, string>> = {
  state: 'srv_op_state',
  admin: 'srv_admin_state',
  weight: 'srv_uweight',
  weightConfigured: 'srv_iweight',
  sinceChangeSeconds: 'srv_last_time_change',
  checkStatus: 'srv_check_status',
  checkResult: 'srv_check_result',
  checkHealth: 'srv_check_health',
  checkFlags: 'srv_check_state',
  agentFlags: 'srv_agent_state',
};

/** Notes what the line says in the model; with a wrong value nothing of it counts. */
function restore(draft: Draft, backend: string, server: ServerModel, line: StateLine): void {
  const state: Record<string, number | string | boolean> = {
    address: line[4] === '-' ? '' : line[4],
    isRenamed: false,
  };
  let faults = '';
  for (const [name, at, most] of numbers) {
    const value = /^\d+$/.test(line[at]) ? Number(line[at]) : -1;
    if (value < 0 || value > most) faults += `, invalid ${fieldNames[name]} value '${line[at]}'`;
    state[name] = value;
  }
  const port = /^\d+$/.test(line[18]) ? Number(line[18]) : -1;
  if (port < 0 || port > 65_535) faults += `, invalid srv_port value '${line[18]}'`;
  if (faults !== '') {
    const whose = `for server '${backend}/${server.name}'`;
    draft.diagnostics.warning(nowhere, `server-state application failed ${whose}${faults}`);
    return;
  }
  state['isRenamed'] = restoreName(draft, backend, server, line);
  // Every field has just been filled.
  server.savedState = state as unknown as SavedStateModel;
  server.address = { ...server.address, port };
  restoreChecks(server, line);
  restoreTls(server, line[20]);
}

const renamedBit = 0x40;

/** A name that was set while serving, or given by an SRV record. True: it was set. */
function restoreName(draft: Draft, backend: string, server: ServerModel, line: StateLine): boolean {
  const [name, record] = [line[17], line[19] ?? ''];
  if (name === '-' || server.resolvers === '') return false;
  if (server.fqdn !== '') {
    const isRenamed = name !== server.fqdn && (Number(line[6]) & renamedBit) !== 0;
    if (isRenamed) server.fqdn = name;
    return isRenamed;
  }
  if (server.srvRecord === '' || !record.startsWith('_')) return false;
  if (server.srvRecord === record) server.fqdn = name;
  else {
    const mismatch =
      `SRV record mismatch between configuration ('${server.srvRecord}') and state file ` +
      `('${record}) for server '${server.name}'. Previous state not applied`;
    const whose = `for server '${backend}/${server.name}'`;
    const message = `server-state partially applied ${whose}, ${mismatch}`;
    draft.diagnostics.warning(nowhere, message);
  }
  return false;
}

/** Ports and addresses of checks that the runtime API had changed. */
function restoreChecks(server: ServerModel, line: StateLine): void {
  const [port = '0', host = '-'] = line.slice(21, 23);
  if (!server.check) return;
  if (port !== '0' && /^\d+$/.test(port)) server.checkPort = Number(port);
  if (host === '-' || !/^[0-9a-fA-F.:]+$/.test(host)) return;
  const family = host.includes(':') ? 'ipv6' : 'ipv4';
  server.checkAddress = { ...(server.checkAddress ?? server.address), family, host };
}

function restoreTls(server: ServerModel, word = ''): void {
  const settings = server.ssl ?? server.spareSsl;
  if (settings === null || (word !== '0' && word !== '1')) return;
  server.ssl = word === '1' ? settings : null;
  server.spareSsl = word === '1' ? null : settings;
}
