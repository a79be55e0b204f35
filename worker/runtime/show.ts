// Commands that only look: statistics, process, environment, servers, sockets, sessions. One row
// each. Formats are the manual's (management.txt 9.3); tools parse them.

import { compatibilityVersion } from '../../shared/config/features.ts';
import { isGone, type ServerModel } from '../../shared/config/model.ts';
import { checkStatuses, statusInitial } from '../../shared/segment/check-status.ts';
import {
  liveCurrent,
  liveIdlePrivate,
  liveIdleSafe,
  liveIdleUnsafe,
  liveNeeded,
  liveServed,
} from '../../shared/segment/live.ts';
import * as state from '../../shared/segment/server-state.ts';
import { hasBack } from '../server/object-index.ts';
import { jsonSchema } from '../stats/schema.ts';
import { infoText, type StatSelection, statPieces, wholeSelection } from '../stats/table.ts';
import { anonymous, anonymousAddress } from './anonymity.ts';
import {
  type Answer,
  failure,
  information,
  isAllowed,
  type RuntimeCall,
  type RuntimeCommandDef,
} from './command.ts';
import type { IdleCounts, RuntimeContext } from './context.ts';
import { resolverStats } from './resolvers.ts';
import { findProxy } from './target.ts';

function showStat({ context, session, words }: RuntimeCall): Answer {
  let rest = words;
  if (rest[0] === 'domain') {
    if (rest[1] === 'resolvers') return resolverStats(context, rest.slice(2));
    if (rest[1] !== 'proxy') return failure('Invalid statistics domain.');
    rest = rest.slice(2);
  }
  const selection: { -readonly [Key in keyof StatSelection]: StatSelection[Key] } = {
    ...wholeSelection,
    isOperator: isAllowed(session.level, 'operator'),
  };
  if (rest.length >= 3) {
    const proxyIndex = findProxy(context, rest[0], () => true);
    const proxyId = proxyIndex >= 0 ? context.stats.model.proxies[proxyIndex].id : integer(rest[0]);
    if (proxyId === 0) return failure('No such proxy.');
    selection.proxyId = proxyId;
    selection.types = integer(rest[1]);
    selection.id = integer(rest[2]);
    rest = rest.slice(3);
  }
  for (const word of rest) statOptions.get(word)?.(selection);
  return statPieces(context.stats, selection);
}

type Change = (selection: { -readonly [Key in keyof StatSelection]: StatSelection[Key] }) => void;

/** Words after `show stat`; the reference skips any other word. */
const statOptions: ReadonlyMap<string, Change> = new Map<string, Change>([
  ['typed', (selection) => (selection.format = 'typed')],
  ['json', (selection) => (selection.format = 'json')],
  ['desc', (selection) => (selection.withHelp = true)],
  ['no-maint', (selection) => (selection.hidesMaint = true)],
  ['up', (selection) => (selection.hidesDown = true)],
]);

/** As C's atoi: the number a text starts with, 0 when it starts with none. */
function integer(text: string): number {
  return Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0);
}

function showInfo({ context, words }: RuntimeCall): Answer {
  const format = words.includes('json') ? 'json' : words.includes('typed') ? 'typed' : 'text';
  return infoText(context.stats, {
    format,
    withHelp: words.includes('desc'),
    asFloat: words.includes('float'),
  });
}

function showEnvironment({ context, words }: RuntimeCall): Answer {
  const wanted = words[0];
  let text = '';
  for (const [name, value] of Object.entries(context.environment)) {
    if (wanted === undefined || wanted === name) text += `${name}=${value ?? ''}\n`;
  }
  return text === '' && wanted !== undefined ? failure('Variable not found') : text;
}

const stateFields =
  'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight ' +
  'srv_time_since_last_change srv_check_status srv_check_result srv_check_health ' +
  'srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord ' +
  'srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';

interface Place {
  readonly proxyIndex: number;
  readonly serverIndex: number;
}

/** One row for each server of one backend, or of all. */
function eachServer(
  { context, words, session }: RuntimeCall,
  head: string,
  row: (context: RuntimeContext, place: Place, anonKey: number) => string,
): Answer {
  const { proxies } = context.stats.model;
  const only = words.length > 0 ? findProxy(context, words[0], hasBack) : -1;
  if (words.length > 0 && only < 0) return failure("Can't find backend.");
  const pieces = [head];
  for (let proxyIndex = 0; proxyIndex < proxies.length; proxyIndex++) {
    if (only >= 0 && only !== proxyIndex) continue;
    proxies[proxyIndex].servers.forEach((server, serverIndex) => {
      if (isGone(server)) return;
      pieces.push(row(context, { proxyIndex, serverIndex }, session.anonKey));
    });
  }
  return pieces;
}

function serverAddress({ address }: ServerModel): string {
  return address.family === 'ipv4' || address.family === 'ipv6' ? address.host || '-' : '-';
}

function stateRow(
  context: RuntimeContext,
  { proxyIndex, serverIndex }: Place,
  anonKey: number,
): string {
  const hide = (text: string): string => anonymous(anonKey, text);
  const { stats } = context;
  const proxy = stats.model.proxies[proxyIndex];
  const server = proxy.servers[serverIndex];
  const { words, at } = stats.servers[proxyIndex][serverIndex];
  const now = Math.floor(stats.nowMs() / 1000);
  const status = words[at + state.serverCheckStatus];
  const checkAddress = server.checkAddress?.host || '-';
  // `addr` and `port` are the agent's as long as it has none of its own.
  const agentAddress = server.agent.address ?? server.checkAddress;
  const fields = [
    [proxy.id, hide(proxy.name), server.id, hide(server.name)],
    [anonymousAddress(anonKey, serverAddress(server))],
    [words[at + state.serverState], words[at + state.serverAdmin]],
    [words[at + state.serverWeight], words[at + state.serverWeightConfigured]],
    [now - words[at + state.serverChangedAt], status, checkStatuses[status]?.result ?? 0],
    [shownHealth(server, words, at), words[at + state.serverCheckFlags] & 0x0f],
    [
      words[at + state.serverAgentFlags] & 0x1f,
      0,
      0,
      hide(server.fqdn) || '-',
      server.address.port,
    ],
    [server.srvRecord || '-'],
    [server.ssl !== null ? 1 : server.noSsl ? -1 : 0, server.checkPort, checkAddress],
    [agentAddress?.host || '-', server.agent.port || server.checkPort],
  ];
  return `${fields.flat().join(' ')}\n`;
}

/**
 * Until a check has been made what the configuration says to begin with, else what a default-server
 * line leaves behind in HAProxy.
 */
function shownHealth({ checks, presetRise }: ServerModel, words: Int32Array, at: number): number {
  const isChecked = (words[at + state.serverCheckFlags] & state.checkEnabled) !== 0;
  const isNew = words[at + state.serverCheckStatus] === statusInitial && checks.initState === '';
  return isChecked && !isNew ? words[at + state.serverHealth] : presetRise;
}

/**
 * What a server's connections do. `idle_per_thr` is asked of the threads, which hold them (any of
 * them may use them); '-' for one that was too busy to answer.
 */
async function showConnections(call: RuntimeCall): Promise<Answer> {
  const { context } = call;
  // What a thread answers to 'idle' is one of these (context.ts).
  const answers = (await context.inspect('idle')) as readonly IdleCounts[];
  const idle = new Map(answers.map(([thread, servers]) => [thread, new Map(servers)]));
  const threads = Array.from({ length: context.threadCount }, (_, thread) => idle.get(thread));
  const head = `${connectionHead} idle_per_thr[${context.threadCount}]\n`;
  return eachServer(call, head, (_, place, anonKey) => {
    const object = context.stats.objects.proxies[place.proxyIndex].servers[place.serverIndex];
    const counts = threads.map((servers) => servers && (servers.get(object) ?? 0));
    const shown = counts.map((count) => count ?? '-').join(' ');
    return `${connectionRow(context, place, anonKey)} ${shown}\n`;
  });
}

function connectionRow(
  context: RuntimeContext,
  { proxyIndex, serverIndex }: Place,
  anonKey: number,
): string {
  const { stats } = context;
  const proxy = stats.model.proxies[proxyIndex];
  const server = proxy.servers[serverIndex];
  const object = stats.objects.proxies[proxyIndex].servers[serverIndex];
  const live = (word: number): number => stats.live.sum(object, word);
  const unsafe = live(liveIdleUnsafe);
  const safe = live(liveIdleSafe);
  const fields = [
    [`${anonymous(anonKey, proxy.name)}/${anonymous(anonKey, server.name)}`],
    [`${proxy.id}/${server.id}`, anonymousAddress(anonKey, serverAddress(server))],
    [server.address.port, '-', server.poolPurgeDelayMs, live(liveServed), live(liveCurrent)],
    [stats.live.peak(object, liveCurrent + 1), live(liveNeeded), live(liveIdlePrivate)],
    [unsafe, safe, server.poolMaxConn, unsafe + safe],
  ];
  return fields.flat().join(' ');
}

const connectionHead =
  '# bkname/svname bkid/svid addr port - purge_delay served used_cur used_max need_est ' +
  'idle_sess unsafe_nb safe_nb idle_lim idle_cur';

function showBackends({ context }: RuntimeCall): Answer {
  const names = context.stats.model.proxies
    .filter((proxy) => hasBack(proxy) && !isGone(proxy))
    .map((proxy) => `${proxy.name}\n`);
  return `# name\n${names.join('')}`;
}

function showCliSockets({ context }: RuntimeCall): Answer {
  const binds = context.stats.model.global.statsSockets;
  const rows = context.cliListeners.map((listener) => {
    const bind = binds[listener.bindIndex];
    const family = bind.addresses[0]?.family ?? 'fd';
    return `${socketName(family, listener)} ${bind.level} all\n`;
  });
  return `# socket lvl processes\n${rows.join('')}`;
}

function socketName(family: string, at: { readonly host: string; readonly port: number }): string {
  if (family === 'ipv4') return `ipv4@${at.host || '0.0.0.0'}:${at.port}`;
  if (family === 'ipv6') return `ipv6@[${at.host || '::'}]:${at.port}`;
  if (family === 'abns' || family === 'abnsz') return `abns@${at.host}`;
  return family === 'unix' || at.host.startsWith('/') ? `unix@${at.host}` : 'unknown';
}

export const showCommands = [
  {
    words: ['show', 'backend'],
    requires: 'user',
    usage: '',
    help: 'list the backends',
    run: showBackends,
  },
  {
    words: ['show', 'cli', 'sockets'],
    requires: 'user',
    usage: '',
    help: 'list the sockets this API listens on',
    run: showCliSockets,
  },
  {
    words: ['show', 'env'],
    requires: 'operator',
    usage: '[var]',
    help: 'show the environment of the process',
    run: showEnvironment,
  },
  {
    words: ['show', 'info'],
    requires: 'user',
    usage: '[desc|json|typed|float]*',
    help: 'report on the running process',
    run: showInfo,
  },
  {
    words: ['show', 'schema', 'json'],
    requires: 'user',
    usage: '',
    help: 'show what the JSON output looks like',
    run: () => `${jsonSchema()}\n`,
  },
  {
    words: ['show', 'servers', 'conn'],
    requires: 'user',
    usage: '[<backend>]',
    help: 'show the connections to servers',
    run: showConnections,
  },
  {
    words: ['show', 'servers', 'state'],
    requires: 'user',
    usage: '[<backend>]',
    help: 'show the states of servers',
    run: (call) => eachServer(call, `1\n# ${stateFields}\n`, stateRow),
  },
  {
    words: ['show', 'startup-logs'],
    requires: 'user',
    usage: '',
    help: 'show the messages of the start',
    run: ({ context }) => context.startupLogs,
  },
  {
    words: ['show', 'stat'],
    requires: 'user',
    usage: '[desc|json|no-maint|typed|up]*',
    help: 'report the counters of proxies and servers',
    run: showStat,
  },
  {
    words: ['show', 'version'],
    requires: 'user',
    usage: '',
    help: 'show the version of this process',
    run: () => information(compatibilityVersion),
  },
] as const satisfies readonly RuntimeCommandDef[];
