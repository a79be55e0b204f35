// Commands about backends as a whole: adding and deleting them, and whether rules lead to them
// (management.txt 9.3: add backend, del backend, publish backend, show defaults).

import { readLateBackend } from '../../shared/config/late-backend.ts';
import type { ProxyModel } from '../../shared/config/model.ts';
import { hasBack } from '../server/object-index.ts';
import { hasDynamicBalance } from './balance-kind.ts';
import {
  type Answer,
  failure,
  information,
  type RuntimeCall,
  type RuntimeCommandDef,
} from './command.ts';
import type { RuntimeContext } from './context.ts';
import { backendRemovability } from './removability.ts';
import { findProxy } from './target.ts';

const usage = 'Usage: add backend <name> from <defproxy> [mode <px_mode>] [guid <val>].';

interface Options {
  mode: string;
  guid: string;
}

/** Words after the defaults section; null: they are not understood. */
function readOptions(words: readonly string[]): Options | null {
  const options: Options = { mode: '', guid: '' };
  for (let i = 0; i < words.length; i += 2) {
    const [name, value] = [words[i], words[i + 1]];
    if (value === undefined || (name !== 'mode' && name !== 'guid')) return null;
    if (options[name] !== '') return null;
    options[name] = value;
  }
  return options;
}

const knownModes = new Set(['tcp', 'http', 'log', 'spop', 'health', 'haterm']);

/** What is wrong with the mode that was asked for; '': nothing. */
function modeFault(mode: string): string {
  if (mode === '' || mode === 'tcp' || mode === 'http') return '';
  return knownModes.has(mode)
    ? 'Dynamic backends are compatible with only TCP or HTTP mode.'
    : 'Unknown proxy mode.';
}

async function addBackend({ context, words }: RuntimeCall): Promise<Answer> {
  const [name = '', from, section] = words;
  if (name === '') return failure('Require backend name.');
  const bad = /[^A-Za-z0-9_.:-]/.exec(name);
  if (bad !== null) return failure(`Invalid character '${bad[0]}' in backend name.`);
  if (from !== 'from' || section === undefined) {
    return failure('Usage: add backend <name> from <defproxy>.');
  }
  const options = readOptions(words.slice(3));
  if (options === null) return failure(usage);
  const fault = modeFault(options.mode);
  if (fault !== '') return failure(fault);
  return joinBackend(context, name, section, options);
}

async function joinBackend(
  context: RuntimeContext,
  name: string,
  section: string,
  { mode, guid }: Options,
): Promise<Answer> {
  const { model } = context.stats;
  const defaults = model.defaults.findLast((one) => one.name === section);
  if (defaults === undefined) return failure(`Cannot find default proxy '${section}'.`);
  if (mode === '' && !defaults.hasMode) {
    return failure(
      `Mode is required as '${section}' default proxy does not explicitly defines it.`,
    );
  }
  const failed = (why: string): Answer => failure(`Error during backend creation : ${why}.`);
  const twin = model.proxies.find((one) => one.name === name);
  if (twin !== undefined) {
    return failed(`name is already used by other proxy '${twin.kind} ${name}'`);
  }
  if (model.defaults.some((one) => one.name === name)) {
    return failed(`name is already used by other proxy 'defaults ${name}'`);
  }
  if (isGuidTaken(context, guid)) return failed(`GUID insertion : '${guid}' is already in use`);
  // Only these two pass modeFault, and defaults sections know no other.
  const wanted = (mode === '' ? defaults.proxy.mode : mode) as ProxyModel['mode'];
  const proxy = readLateBackend(model, defaults, { name, mode: wanted, guid });
  if (typeof proxy === 'string') return failed(proxy);
  const refusal = await context.backends.add(proxy);
  if (refusal !== '') return failed(refusal);
  const note = hasDynamicBalance(proxy)
    ? ''
    : ` (no support for dynamic servers: backend '${name}' uses a non dynamic load balancing method)`;
  return information(`New backend registered${note}.`);
}

function isGuidTaken({ stats }: RuntimeContext, guid: string): boolean {
  if (guid === '') return false;
  return stats.model.proxies.some(
    (proxy) => proxy.guid === guid || proxy.servers.some((server) => server.guid === guid),
  );
}

async function deleteBackend({ context, words }: RuntimeCall): Promise<Answer> {
  const [name = ''] = words;
  if (words.length > 1) return failure('Usage: del backend <name>.');
  const { state, text } = backendRemovability(context, name);
  if (state !== 'now') return failure(text);
  await context.backends.remove(findProxy(context, name, hasBack));
  return information('Backend deleted.');
}

function publish(isPublished: boolean): RuntimeCommandDef['run'] {
  return async ({ context, words }) => {
    const index = findProxy(context, words[0] ?? '', hasBack);
    if (index < 0) return failure('No such backend.');
    if (context.stats.model.proxies[index].disabled) {
      return failure('No effect on a disabled backend.');
    }
    await context.backends.publish(index, isPublished);
    return information(isPublished ? 'Backend published.' : 'Backend unpublished.');
  };
}

function showDefaults({ context }: RuntimeCall): Answer {
  return context.stats.model.defaults.map(({ name }) => `${name}\n`).join('');
}

export const backendCommands = [
  {
    words: ['add', 'backend'],
    requires: 'admin',
    usage: '<backend>',
    help: 'create a backend while running',
    run: addBackend,
  },
  {
    words: ['del', 'backend'],
    requires: 'admin',
    usage: '<backend>',
    help: 'delete a backend that is unpublished and not in use',
    run: deleteBackend,
  },
  {
    words: ['publish', 'backend'],
    requires: 'admin',
    usage: '<backend>',
    help: 'let rules lead to a backend',
    run: publish(true),
  },
  {
    words: ['show', 'defaults'],
    requires: 'user',
    usage: '',
    help: 'list what backends that are added may start from',
    run: showDefaults,
  },
  {
    words: ['unpublish', 'backend'],
    requires: 'admin',
    usage: '<backend>',
    help: 'keep rules from leading to a backend',
    run: publish(false),
  },
] as const satisfies readonly RuntimeCommandDef[];
