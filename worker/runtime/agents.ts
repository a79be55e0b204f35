// Commands about the agents of servers: turning them on and off, what they are asked and where, and
// deciding in their place (management.txt 9.3, set server agent). One row each.

import { isIP } from 'node:net';
import type { AgentModel } from '../../shared/config/model-check.ts';
import * as state from '../../shared/segment/server-state.ts';
import { setAgentHealth } from './administration.ts';
import {
  type Answer,
  failure,
  type RuntimeCall,
  type RuntimeCommandDef,
  type RuntimeMessage,
  severityWarning,
} from './command.ts';
import { findServer, isMessage, type ServerTarget } from './target.ts';

const portMax = 65_535;

function warning(text: string): RuntimeMessage {
  return { severity: severityWarning, text };
}

const notEnabled = 'agent checks are not enabled on this server';

function isAsked({ words }: ServerTarget): boolean {
  return (words.words[words.at + state.serverAgentFlags] & state.checkEnabled) !== 0;
}

function agentOf({ context }: RuntimeCall, target: ServerTarget): AgentModel {
  return context.stats.model.proxies[target.proxyIndex].servers[target.serverIndex].agent;
}

async function change(
  call: RuntimeCall,
  target: ServerTarget,
  fields: Partial<AgentModel>,
): Promise<Answer> {
  const agent = { ...agentOf(call, target), ...fields };
  await call.context.fleet.renew(target.proxyIndex, target.serverIndex, { agent });
  return '';
}

/** A port of a word, or why it is none. */
function readPort(word: string): number | RuntimeMessage {
  if (!/^-?\d+$/.test(word)) return warning('provided port is not an integer');
  const port = Number(word);
  return port < 0 || port > portMax ? warning('provided port is invalid') : port;
}

type Setting = (call: RuntimeCall, target: ServerTarget) => Answer | Promise<Answer>;

function setAgent({ context, words }: RuntimeCall, target: ServerTarget): Answer {
  if (!isAsked(target)) return failure(`${notEnabled}.`);
  const [, , wanted] = words;
  if (wanted !== 'up' && wanted !== 'down') {
    return failure("'set server <srv> agent' expects 'up' or 'down'.");
  }
  setAgentHealth(context, target, wanted);
  return '';
}

function setAddress(call: RuntimeCall, target: ServerTarget): Answer | Promise<Answer> {
  const [, , host, word, portText] = call.words;
  if (host === undefined) {
    return failure('set server <b>/<s> agent-addr requires an address and optionally a port.');
  }
  if (!isAsked(target)) return warning(notEnabled);
  if (isIP(host) === 0) return warning(`invalid addr '${host}'`);
  const port = word === 'port' && portText !== undefined ? readPort(portText) : -1;
  if (typeof port !== 'number') return port;
  const { proxyIndex, serverIndex } = target;
  const server = call.context.stats.model.proxies[proxyIndex].servers[serverIndex];
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
  const address = { ...(server.agent.address ?? server.address), family, host } as const;
  return change(call, target, port < 0 ? { address } : { address, port });
}

function setPort(call: RuntimeCall, target: ServerTarget): Answer | Promise<Answer> {
  const [, , word] = call.words;
  if (word === undefined) return failure('set server <b>/<s> agent-port requires a port.');
  if (!isAsked(target)) return warning(notEnabled);
  const port = readPort(word);
  return typeof port === 'number' ? change(call, target, { port }) : port;
}

function setSend(call: RuntimeCall, target: ServerTarget): Answer | Promise<Answer> {
  if (!isAsked(target)) return failure(`${notEnabled}.`);
  return change(call, target, { send: call.words[2] ?? '' });
}

/** What follows `set server <b>/<s>`. */
export const agentSettings: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['agent', setAgent],
  ['agent-addr', setAddress],
  ['agent-port', setPort],
  ['agent-send', setSend],
]);

/** `enable agent`, `disable agent`. */
function turn(isEnabled: boolean): (call: RuntimeCall) => Answer {
  return ({ context, words: said }) => {
    const target = findServer(context, said[0]);
    if (isMessage(target)) return target;
    const { words, at } = target.words;
    const flags = words[at + state.serverAgentFlags];
    if (isEnabled && (flags & state.checkConfigured) === 0) {
      return failure('Agent was not configured on this server, cannot enable.');
    }
    const next = isEnabled ? flags | state.checkEnabled : flags & ~state.checkEnabled;
    target.words.set(state.serverAgentFlags, next);
    context.serverChanged(target.proxyIndex, target.serverIndex, '');
    return '';
  };
}

export const agentCommands = [
  {
    words: ['disable', 'agent'],
    requires: 'admin',
    usage: '<bk>/<srv>',
    help: 'stop asking the agent of a server',
    run: turn(false),
  },
  {
    words: ['enable', 'agent'],
    requires: 'admin',
    usage: '<bk>/<srv>',
    help: 'ask the agent of a server again',
    run: turn(true),
  },
] as const satisfies readonly RuntimeCommandDef[];
