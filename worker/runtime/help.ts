// The texts of `help` and of an unknown command: which commands match, and how they are laid out.
// Called by session.ts. Follows the reference's layout: usage padded to 40 columns, ': ', one
// sentence.

import type { CommandTable, RuntimeCommandDef, SessionState } from './command.ts';

const usageColumns = 40;
const suggestionsMax = 10;

/** Commands that every session has, shown last. */
const always: readonly (readonly [string, string])[] = [
  ['help [<command>]', 'list matching or all commands'],
  ['prompt [help | n | i | p | timed ]*', 'toggle interactive mode with prompt'],
  ['quit', 'disconnect'],
];

/** The answer to `help`, less what `words` leave out. */
export function helpText(table: CommandTable, session: SessionState, words: string[]): string {
  return `The following commands are valid at this level:\n${list(table, session, words)}`;
}

/** The answer to a line that is no command: those that begin alike. */
export function unknownText(table: CommandTable, session: SessionState, words: string[]): string {
  return (
    `Unknown command: '${words[0]}', but maybe one of the following ones is a better match:\n` +
    list(table, session, words)
  );
}

function list(table: CommandTable, session: SessionState, words: string[]): string {
  const visible = table.all.filter((command) => command.help !== '' && isOffered(command, session));
  const exact = longestMatch(visible, words);
  const matching = visible.filter((command) => startsWith(command.words, words.slice(0, exact)));
  const rest = words.slice(exact);
  const near = rest.length === 0 ? [] : nearest(matching, rest, exact);
  const chosen = near.length > 0 ? near : matching;
  const lines = chosen.map((command) => entry(usageOf(command), command.help)).sort();
  return lines.join('') + always.map(([usage, help]) => entry(usage, help)).join('');
}

function isOffered(command: RuntimeCommandDef, session: SessionState): boolean {
  if (command.mode === 'expert') return session.expert;
  return command.mode !== 'experimental' || session.experimental;
}

/** A command with its arguments, as help shows it. */
export function usageOf(command: RuntimeCommandDef): string {
  const words = command.words.join(' ');
  return command.usage === '' ? words : `${words} ${command.usage}`;
}

function entry(usage: string, help: string): string {
  return `  ${usage.padEnd(usageColumns)}: ${help}\n`;
}

function startsWith(words: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((word, i) => words[i] === word);
}

/** How many of the words given begin some command. */
function longestMatch(commands: readonly RuntimeCommandDef[], words: readonly string[]): number {
  let longest = 0;
  for (const command of commands) {
    let length = 0;
    while (length < words.length && command.words[length] === words[length]) length++;
    longest = Math.max(longest, length);
  }
  return longest;
}

/** Commands whose remaining words resemble those given, best first; none when nothing does. */
function nearest(
  commands: readonly RuntimeCommandDef[],
  rest: readonly string[],
  from: number,
): RuntimeCommandDef[] {
  const wanted = rest.join(' ');
  const rated = commands
    .map((command) => {
      const words = command.words.slice(from, from + rest.length).join(' ');
      const isPrefix = words.startsWith(wanted);
      return { command, distance: isPrefix ? 0 : distance(wanted, words) };
    })
    .filter(({ distance: far }) => far <= Math.max(2, wanted.length / 2))
    .sort((a, b) => a.distance - b.distance);
  const best = rated[0]?.distance ?? 0;
  return rated
    .filter(({ distance: far }) => far <= best + 1)
    .slice(0, suggestionsMax)
    .map(({ command }) => command);
}

/** Edit distance of two short texts. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + same);
    }
    row = next;
  }
  return row[b.length];
}
