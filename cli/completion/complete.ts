// What may stand at the cursor of a command line that begins with `hawser`: words and options as
// they are declared, names from the running proxy where a word speaks to one. Called by commands.ts
// for `__complete`, which the shells' functions ask (scripts.ts). Never says anything on its own.

import { askWorker, ClientError, defaultSocket } from '../client.ts';
import { referenceNames } from '../help.ts';
import { parseRings } from '../logs.ts';
import type { WordRow } from './grammar.ts';
import { completeRuntime, readRuntimeWords } from '../runtime-words.ts';

/** One line for the shell. */
export interface Offer {
  readonly word: string;
  readonly about: string;
}

/** The answer also lists files. */
const filesLine = ':files';

/** Words whose arguments are files, and options that take one. */
const takesFiles = new Set(['start', 'check', 'fmt', 'explain', 'state']);
const fileOptions = new Set(['--socket', '-s', '-f']);

/** Words that may follow without being in yargs' lists. */
type Names = (before: readonly string[], current: string) => Promise<readonly Offer[]>;

const plain = (words: readonly string[]): readonly Offer[] =>
  words.map((word) => ({ word, about: '' }));

const namesOf: Readonly<Record<string, Names>> = {
  cli: async (before, current) => {
    const at = commandAt(before);
    const line = [...before.slice(at), current].join(' ');
    return plain(completeRuntime(line, await readRuntimeWords(socketIn(before))));
  },
  logs: async (before) => plain(parseRings(await askWorker(socketIn(before), 'show events'))),
  help: async (_, current) => (current === '' ? [] : plain(referenceNames())),
};

/** Prints what fits; `words` are those behind `hawser`, the last one is being written. */
export async function complete(root: WordRow, words: readonly string[]): Promise<number> {
  const before = joinEquals(words.slice(0, -1));
  const current = words.at(-1) ?? '';
  const offers = await offersFor(root, before, current);
  const fitting = offers.filter(({ word }) => word.startsWith(current) && word !== '');
  const lines = fitting.map(({ word, about }) => `${word}\t${about}\n`);
  const files = wantsFiles(before, current) ? `${filesLine}\n` : '';
  process.stdout.write([...new Set(lines)].join('') + files);
  return 0;
}

async function offersFor(
  root: WordRow,
  before: readonly string[],
  current: string,
): Promise<readonly Offer[]> {
  const [word = ''] = before;
  // HAProxy's flags are the proxy's: their arguments are files, if anything.
  if (word.startsWith('-') || wantsOptionFile(before)) return [];
  const isCommand = word === 'cli' && before.length > commandAt(before);
  const listed = isCommand ? [] : declared(root, before, current);
  if (current.startsWith('-') || word === '') return listed;
  const names = await namesOf[word]?.(before.slice(1), current).catch((fault: unknown) => {
    // Nobody answers at the socket: then there are no names.
    if (fault instanceof ClientError) return [];
    throw fault;
  });
  return [...listed, ...(names ?? [])];
}

/** bash makes three words of `--socket=path`. */
function joinEquals(words: readonly string[]): readonly string[] {
  return words.filter((word) => word !== '=');
}

/** Where the words of the runtime API begin, behind `cli` and the tool's own options. */
function commandAt(before: readonly string[]): number {
  let at = before[0] === 'cli' ? 1 : 0;
  while (at < before.length && before[at].startsWith('-')) {
    at += fileOptions.has(before[at]) ? 2 : 1;
  }
  return at;
}

function socketIn(before: readonly string[]): string {
  const at = before.findIndex((word) => word === '--socket' || word === '-s');
  if (at >= 0 && before[at + 1] !== undefined) return before[at + 1];
  const joined = before.find((word) => word.startsWith('--socket='));
  return joined?.slice('--socket='.length) ?? defaultSocket();
}

const wantsOptionFile = (before: readonly string[]): boolean =>
  fileOptions.has(before.at(-1) ?? '');

function wantsFiles(before: readonly string[], current: string): boolean {
  if (wantsOptionFile(before)) return true;
  const [word = ''] = before;
  if (word.startsWith('-')) return !current.startsWith('-');
  return takesFiles.has(word) && !current.startsWith('-');
}

/** Words, options and choices that the tool declares. */
function declared(root: WordRow, before: readonly string[], current: string): readonly Offer[] {
  let word = root;
  for (const one of before) word = word.words.find(({ name }) => name === one) ?? word;
  const last = before.at(-1) ?? '';
  const open = word.options.find(({ names, takesValue }) => takesValue && names.includes(last));
  if (open !== undefined) return plain(open.choices);
  if (current.startsWith('-')) {
    return word.options.flatMap(({ names, about }) => names.map((name) => ({ word: name, about })));
  }
  const words = word.words.map(({ name, about }) => ({ word: name, about }));
  return [...words, ...plain(word.choices)];
}
