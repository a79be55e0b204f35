// `show peers` (management.txt 9.3): the peers sections of this worker, or one of them.

import { showSections } from '../peers/show.ts';
import { type Answer, failure, type RuntimeCall, type RuntimeCommandDef } from './command.ts';

function show({ context, words }: RuntimeCall): Answer {
  const { sections, met } = context.peers;
  const withDictionary = words[0] === 'dict';
  const name = words[withDictionary || words[0] === '-' ? 1 : 0] ?? '';
  const wanted = name === '' ? sections : sections.filter(({ model }) => model.name === name);
  const atServers = met.filter(({ model }) => name === '' || model.name === name);
  if (name !== '' && wanted.length + atServers.length === 0) return failure('No such peers.');
  const nowMs = context.stats.nowMs();
  const startedWallMs = Date.now() - context.uptimeMs();
  const shown = showSections(wanted, { nowMs, startedWallMs, withDictionary });
  return [shown, ...atServers.map(({ text }) => text)].filter((text) => text !== '').join('\n');
}

export const peersCommands: readonly RuntimeCommandDef[] = [
  {
    words: ['show', 'peers'],
    requires: 'user',
    usage: '[dict|-] [<section>]',
    help: 'what this process and its peers know of each other',
    run: show,
  },
];
