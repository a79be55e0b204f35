// Commands that add and delete servers while the process serves, and list what new ones may start
// from (management.txt 9.3: add server, del server, show default-server). Why a change is refused
// is said here; worker/fleet.ts makes it.

import { dynamicWords } from '../../shared/config/sections/dynamic-words.ts';
import { serverKeywords } from '../../shared/config/sections/server.ts';
import { readLateServer } from '../../shared/config/late-server.ts';
import type { ProxyModel, ServerModel } from '../../shared/config/model.ts';
import { hasBack } from '../server/object-index.ts';
import { trackedBy } from '../server/track.ts';
import { hasDynamicBalance } from './balance-kind.ts';
import {
  type Answer,
  failure,
  information,
  type RuntimeCall,
  type RuntimeCommandDef,
} from './command.ts';
import type { RuntimeContext } from './context.ts';
import { busyServerText, serverRemovability } from './removability.ts';
import { findProxy, findServerNamed } from './target.ts';

// ---- add server ----

async function addServer({ context, words }: RuntimeCall): Promise<Answer> {
  const [path = ''] = words;
  if (path === 'help') return addServerHelp();
  const slash = path.indexOf('/');
  if (slash < 1 || slash === path.length - 1) return failure("Require 'backend/server'.");
  const proxyIndex = findProxy(context, path.slice(0, slash), hasBack);
  if (proxyIndex < 0) return failure('No such backend.');
  const { model } = context.stats;
  const proxy = model.proxies[proxyIndex];
  if (!hasDynamicBalance(proxy)) {
    const kind = proxy.kind === 'listen' ? 'proxy' : 'backend';
    return failure(
      'Backend does not support dynamic servers : ' +
        `${kind} '${proxy.name}' uses a non dynamic load balancing method.`,
    );
  }
  const name = path.slice(slash + 1);
  if (proxy.servers.some((server) => server.name === name)) {
    return failure('Already exists a server with the same name in backend.');
  }
  const { server, said } = readLateServer(model, proxyIndex, [name, ...words.slice(1)]);
  if (server === null) return failure(said.join('\n'));
  const fault = joinFault(context, proxyIndex, server);
  if (fault !== '') return failure(fault);
  const refusal = await context.fleet.add(proxyIndex, server);
  if (refusal !== '') return failure(refusal);
  const warning =
    server.cookie !== '' && proxy.mode !== 'http'
      ? ['Ignoring cookie as HTTP mode is disabled.']
      : [];
  return information([...said, ...warning, 'New server registered.'].join('\n'));
}

/** What is wrong with the server in this backend; '': nothing. */
function joinFault(context: RuntimeContext, proxyIndex: number, server: ServerModel): string {
  const proxy = context.stats.model.proxies[proxyIndex];
  if (server.proto !== '' && server.proto !== 'none' && proxy.mode !== 'http') {
    return 'MUX protocol is not usable for server.';
  }
  return (
    trackFault(context, proxyIndex, server) || context.references.serverFault(proxyIndex, server)
  );
}

function trackFault(context: RuntimeContext, proxyIndex: number, server: ServerModel): string {
  const { track } = server;
  if (track === '') return '';
  if (server.check) return 'unable to enable checks and tracking at the same time!';
  const { model } = context.stats;
  const found = trackedBy(model, model.proxies[proxyIndex].name, track);
  if (found === null) {
    const [last, ...rest] = track.split('/').reverse();
    const backend = rest.reverse().join('/');
    return backend !== '' && findProxy(context, backend, hasBack) < 0
      ? `unable to find required proxy '${backend}' for tracking.`
      : `unable to find required server '${last}' for tracking.`;
  }
  const proxy = model.proxies[found.proxyIndex];
  const tracked = proxy.servers[found.serverIndex];
  const name = `${proxy.name}/${tracked.name}`;
  if (tracked.isDynamic) {
    return `unable to use ${name} for tracking as it is a dynamic server.`;
  }
  if (!tracked.check && tracked.track === '') {
    return `unable to use ${name} for tracking as it does not have any check nor agent enabled.`;
  }
  return '';
}

function addServerHelp(): Answer {
  const works = new Set(serverKeywords.map(({ name }) => name));
  const words = [...dynamicWords].filter((word) => works.has(word));
  return `List of keywords supported for dynamic server:\n${words.join('\n')}\n`;
}

// ---- del server ----

async function deleteServer({ context, words }: RuntimeCall): Promise<Answer> {
  const [path = ''] = words;
  const { state: when, text } = serverRemovability(context, path);
  if (when !== 'now') return failure(text);
  const found = findServerNamed(context, path);
  if (typeof found === 'string') return failure(found);
  const isDone = await context.fleet.remove(found.proxyIndex, found.serverIndex);
  return isDone ? information('Server deleted.') : failure(busyServerText);
}

// ---- show default-server ----

function showPresets({ context, words }: RuntimeCall): Answer {
  const { proxies } = context.stats.model;
  if (words.length === 0) return proxies.map(presetLines).join('');
  const only = findProxy(context, words[0], hasBack);
  return only < 0 ? failure("Can't find backend.") : presetLines(proxies[only]);
}

function presetLines({ name: backend, presets }: ProxyModel): string {
  const lines = presets.map(({ name }) =>
    name === '' ? `* ${backend}\n` : `  ${backend}/${name}\n`,
  );
  return lines.join('');
}

export const dynamicServerCommands = [
  {
    words: ['add', 'server'],
    requires: 'admin',
    usage: '<bk>/<srv>',
    help: 'create a server while running',
    run: addServer,
  },
  {
    words: ['del', 'server'],
    requires: 'admin',
    usage: '<bk>/<srv>',
    help: 'delete a server that is in maintenance and not in use',
    run: deleteServer,
  },
  {
    words: ['show', 'default-server'],
    requires: 'user',
    usage: '[<backend>]',
    help: 'list what servers that are added may start from',
    run: showPresets,
  },
] as const satisfies readonly RuntimeCommandDef[];
