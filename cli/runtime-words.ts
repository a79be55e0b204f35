// Completion of runtime commands: the words that `help` lists, and the names of what they are about
// (backends, servers, tables, rings) asked of the proxy. Called by the interactive session and by
// the shells' completion.

import { ask, isUnknown, patienceMs } from './client.ts';

/** What completion knows of a proxy. */
export interface RuntimeWords {
  /** At the socket is a master: commands may go to it, or to its current worker. */
  readonly isMaster: boolean;
  /** Commands as lists of words; a word in <>, [] or () stands for what the user writes. */
  readonly commands: readonly (readonly string[])[];
  /** Those of the master itself. */
  readonly own: readonly (readonly string[])[];
  readonly names: Readonly<Record<string, readonly string[]>>;
}

/** Asks the proxy for its commands and for the names of its objects. */
export async function readRuntimeWords(socket: string): Promise<RuntimeWords> {
  const isMaster = !isUnknown(await ask(socket, '@master show cli level', patienceMs));
  const prefix = isMaster ? '@1 ' : '';
  const own = isMaster ? parseHelp(await ask(socket, 'help', patienceMs)) : [];
  const commands = [...own, ...parseHelp(await ask(socket, `${prefix}help`, patienceMs))];
  return { isMaster, commands, own, names: await readNames(socket, prefix) };
}

/** Lines of help, as `  show table [name] : text`, in words. */
export function parseHelp(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => /^ {2}(\S.*?)\s*: /.exec(line)?.[1] ?? '')
    .filter((usage) => usage !== '')
    .map((usage) => usage.split(/\s+/));
}

async function readNames(socket: string, prefix: string): Promise<Record<string, string[]>> {
  const [stat, tables, events] = await Promise.all([
    ask(socket, `${prefix}show stat`, patienceMs),
    ask(socket, `${prefix}show table`, patienceMs),
    ask(socket, `${prefix}show events`, patienceMs),
  ]);
  const rows = stat.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const pairs = rows.map((line) => line.split(',').slice(0, 2));
  const named = (kind: string): string[] =>
    pairs.filter(([, name]) => name === kind).map(([proxy]) => proxy);
  const isServer = ([, name]: string[]): boolean => name !== 'FRONTEND' && name !== 'BACKEND';
  return {
    frontend: named('FRONTEND'),
    backend: named('BACKEND'),
    server: pairs.filter(isServer).map((pair) => pair.join('/')),
    table: Array.from(tables.matchAll(/^# table: ([^,]+),/gm), (found) => found[1]),
    sink: Array.from(events.matchAll(/^ +(\S+) +: type=/gm), (found) => found[1]),
  };
}

/** Words for a name that the help writes in brackets; none when it is a value of the user's. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/<(?:bk|b|backend)>\/<(?:srv|s|server)>/, 'server'],
  [/<frontend>/, 'frontend'],
  [/<(?:backend|bk)>/, 'backend'],
  [/<table>/, 'table'],
  [/<sink>/, 'sink'],
];

/** What may stand at the cursor: whole words, sorted. `line` is the text before the cursor. */
export function completeRuntime(line: string, words: RuntimeWords): string[] {
  const parts = line.trimStart().split(/\s+/);
  if (parts[0].startsWith('@') && parts.length > 1) parts.shift();
  const last = parts.pop() ?? '';
  const found = new Set<string>();
  for (const command of words.commands) {
    if (!parts.every((part, at) => matches(command[at], part))) continue;
    for (const word of wordsAt(command, parts.length, words)) {
      if (word.startsWith(last) && word !== '') found.add(word);
    }
  }
  return [...found].sort();
}

const isOpen = (word: string): boolean => /^[[<(]/.test(word);

const matches = (word: string | undefined, part: string): boolean =>
  word !== undefined && (word === part || isOpen(word));

function wordsAt(command: readonly string[], at: number, words: RuntimeWords): readonly string[] {
  const word = command[at];
  if (word === undefined) return [];
  if (!isOpen(word)) return [word];
  const kind = kinds.find(([pattern]) => pattern.test(word))?.[1];
  if (kind !== undefined) return words.names[kind] ?? [];
  // [all|server] names its words.
  const choice = word.replace(/[[\]()*]/g, '').split('|');
  return choice.length > 1 ? choice.filter((one) => /^[a-z-]+$/.test(one)) : [];
}
