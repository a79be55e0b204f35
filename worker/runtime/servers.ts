// Commands about servers: states, weights, limits, checks. One row each; what they change lies in
// the segment, so every thread and every process sees it at once.

import * as state from '../../shared/segment/server-state.ts';
import {
  type AdminState,
  type HealthState,
  setAdminState,
  setHealthState,
} from './administration.ts';
import {
  type Answer,
  failure,
  type RuntimeCall,
  type RuntimeCommandDef,
  type RuntimeMessage,
} from './command.ts';
import type { RuntimeContext } from './context.ts';
import { hasDynamicBalance } from './balance-kind.ts';
import { agentSettings } from './agents.ts';
import { modelSettings } from './server-settings.ts';
import { findServer, isMessage, type ServerTarget } from './target.ts';

/** A command on one server, found by the word at `place`. */
function onServer(
  place: number,
  act: (call: RuntimeCall, target: ServerTarget) => Answer | Promise<Answer>,
) {
  return (call: RuntimeCall): Answer | Promise<Answer> => {
    const target = findServer(call.context, call.words[place]);
    return isMessage(target) ? target : act(call, target);
  };
}

const weightMax = 256;
/** Absolute weight of a word, or why it is none. A percentage is of the configured weight. */
function parseWeight(word: string | undefined, initial: number): number | RuntimeMessage {
  if (word === undefined) return failure('Require <weight> or <weight%>.');
  const match = /^([+-]?\d+)(.*)$/.exec(word);
  if (match === null) return failure('Empty weight string empty or preceded by garbage');
  const value = Number(match[1]);
  if (match[2] === '%') {
    if (value < 0) return failure('Relative weight must be positive.');
    return Math.min(Math.floor((initial * Math.min(value, 25_600)) / 100), weightMax);
  }
  if (value < 0 || value > weightMax) {
    return failure('Absolute weight can only be between 0 and 256 inclusive.');
  }
  return match[2] === '' ? value : failure('Trailing garbage in weight string');
}

/** `set weight`; also for agents. */
export function setWeight(context: RuntimeContext, target: ServerTarget, word?: string): Answer {
  const { words, at } = target.words;
  const initial = words[at + state.serverWeightConfigured];
  const weight = parseWeight(word, initial);
  if (typeof weight !== 'number') return weight;
  const isStatic = !hasDynamicBalance(context.stats.model.proxies[target.proxyIndex]);
  if (weight !== 0 && weight !== initial && isStatic) {
    return failure(
      "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.",
    );
  }
  target.words.set(state.serverWeight, weight);
  context.serverChanged(target.proxyIndex, target.serverIndex, '');
  return '';
}

/** `set maxconn server`; also for agents. */
export function setMaxconn(context: RuntimeContext, target: ServerTarget, word?: string): Answer {
  if (word === undefined) return failure('Require <maxconn>.');
  const match = /^(\d+)(.*)$/.exec(word);
  if (match === null) return failure('maxconn string empty or preceded by garbage');
  if (match[2] !== '') return failure('Trailing garbage in maxconn string');
  target.words.set(state.serverMaxconn, Number(match[1]));
  context.serverChanged(target.proxyIndex, target.serverIndex, '');
  return '';
}

type Setting = (call: RuntimeCall, target: ServerTarget, value: string | undefined) => Answer;

const adminStates: ReadonlySet<string> = new Set(['ready', 'drain', 'maint']);
const healthStates: ReadonlySet<string> = new Set(['up', 'stopping', 'down']);

/** What `set server <b>/<s>` can change. */
const settings: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  [
    'health',
    ({ context }, target, value) => {
      const { track } = context.stats.model.proxies[target.proxyIndex].servers[target.serverIndex];
      if (track !== '') return failure('cannot change health on a tracking server.');
      if (value === undefined || !healthStates.has(value)) {
        return failure("'set server <srv> health' expects 'up', 'stopping', or 'down'.");
      }
      // The set holds exactly the members of the union.
      setHealthState(context, target, value as HealthState);
      return '';
    },
  ],
  [
    'state',
    ({ context }, target, value) => {
      if (value === undefined || !adminStates.has(value)) {
        return failure("'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
      }
      // The set holds exactly the members of the union.
      setAdminState(context, target, value as AdminState);
      return '';
    },
  ],
  ['weight', ({ context }, target, value) => setWeight(context, target, value)],
]);

function setServer(call: RuntimeCall, target: ServerTarget): Answer | Promise<Answer> {
  const ofModel = modelSettings.get(call.words[1]) ?? agentSettings.get(call.words[1]);
  if (ofModel !== undefined) return ofModel(call, target);
  const setting = settings.get(call.words[1]);
  if (setting === undefined) {
    const names = [...settings.keys(), ...modelSettings.keys(), ...agentSettings.keys()].sort();
    return failure(`usage: set server <backend>/<server> ${names.join(' | ')}`);
  }
  return setting(call, target, call.words[2]);
}

function showWeight({ words, at }: state.ServerWords): string {
  const { [at + state.serverWeight]: now, [at + state.serverWeightConfigured]: initial } = words;
  return `${now} (initial ${initial})\n`;
}

/** `enable health`, `disable health`; also for the statistics page. */
export function setChecks(
  isEnabled: boolean,
): (call: Pick<RuntimeCall, 'context'>, target: ServerTarget) => Answer {
  return ({ context }, target) => {
    const { words, at } = target.words;
    const flags = words[at + state.serverCheckFlags];
    if (isEnabled && (flags & state.checkConfigured) === 0) {
      return failure('Health check was not configured on this server, cannot enable.');
    }
    const next = isEnabled ? flags | state.checkEnabled : flags & ~state.checkEnabled;
    target.words.set(state.serverCheckFlags, next);
    context.serverChanged(target.proxyIndex, target.serverIndex, '');
    return '';
  };
}

function become(wanted: AdminState): (call: RuntimeCall, target: ServerTarget) => Answer {
  return ({ context }, target) => {
    setAdminState(context, target, wanted);
    return '';
  };
}

export const serverCommands = [
  {
    words: ['disable', 'health'],
    requires: 'admin',
    usage: '<bk>/<srv>',
    help: 'stop the health checks of a server',
    run: onServer(0, setChecks(false)),
  },
  {
    words: ['disable', 'server'],
    requires: 'admin',
    usage: '<bk>/<srv>',
    help: "put a server in maintenance (as 'set server state maint')",
    run: onServer(0, become('maint')),
  },
  {
    words: ['enable', 'health'],
    requires: 'admin',
    usage: '<bk>/<srv>',
    help: 'start the health checks of a server again',
    run: onServer(0, setChecks(true)),
  },
  {
    words: ['enable', 'server'],
    requires: 'admin',
    usage: '<bk>/<srv>',
    help: "make a server ready (as 'set server state ready')",
    run: onServer(0, become('ready')),
  },
  {
    words: ['get', 'weight'],
    requires: 'user',
    usage: '<bk>/<srv>',
    help: 'report the weight of a server',
    run: onServer(0, (_call, target) => showWeight(target.words)),
  },
  {
    words: ['set', 'maxconn', 'server'],
    requires: 'admin',
    usage: '<bk>/<srv> <value>',
    help: 'change the maxconn of a server',
    run: onServer(0, ({ context, words }, target) => setMaxconn(context, target, words[1])),
  },
  {
    words: ['set', 'server'],
    requires: 'admin',
    usage: '<bk>/<srv> [opts]',
    help: "change a server's state, weight, address, name or TLS",
    run: onServer(0, setServer),
  },
  {
    words: ['set', 'weight'],
    requires: 'admin',
    usage: '<bk>/<srv> <weight>',
    help: "change a server's weight (as 'set server weight')",
    run: onServer(0, ({ context, words }, target) => setWeight(context, target, words[1])),
  },
] as const satisfies readonly RuntimeCommandDef[];
