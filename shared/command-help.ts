// The texts of `help` and of an unknown command, for the runtime API of a worker and of the master:
// which commands match, and how they are laid out. Follows the reference's layout: usage padded to
// 40 columns, ': ', one sentence.

const usageColumns = 40;
const suggestionsMax = 10;

/** What help needs of a command. */
export interface CommandRow {
  /** The words that name it. */
  readonly words: readonly string[];
  /** What follows them. */
  readonly usage: string;
  /** '' keeps it out. */
  readonly help: string;
}

/** Commands that every session has, shown last. */
const always: readonly (readonly [string, string])[] = [
  ['help [<command>]', 'list matching or all commands'],
  ['prompt [help | n | i | p | timed ]*', 'toggle interactive mode with prompt'],
  ['quit', 'disconnect'],
];

/** The answer to `help`, of the commands that are offered, less what `words` leave out. */
export function helpOf(offered: readonly CommandRow[], words: readonly string[]): string {
  return `The following commands are valid at this level:\n${list(offered, words)}`;
}

/** The answer to a line that is no command: those that begin alike. */
export function unknownOf(offered: readonly CommandRow[], words: readonly string[]): string {
  return (
    `Unknown command: '${words[0]}', but maybe one of the following ones is a better match:\n` +
    list(offered, words)
  );
}

function list(offered: readonly CommandRow[], words: readonly string[]): string {
  const visible = offered.filter((command) => command.help !== '');
  const exact = longestMatch(visible, words);
  const matching = visible.filter((command) => startsWith(command.words, words.slice(0, exact)));
  const rest = words.slice(exact);
  const near = rest.length === 0 ? [] : nearest(matching, rest, exact);
  const chosen = near.length > 0 || (exact === 0 && words.length > 0) ? near : matching;
  const lines = chosen.map((command) => entry(usageOf(command), command.help)).sort();
  return lines.join('') + always.map(([usage, help]) => entry(usage, help)).join('');
}

/** A command with its arguments, as help shows it. */
export function usageOf(command: CommandRow): string {
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
function longestMatch(commands: readonly CommandRow[], words: readonly string[]): number {
  let longest = 0;
  for (const command of commands) {
    let length = 0;
    while (length < words.length && command.words[length] === words[length]) length++;
    longest = Math.max(longest, length);
  }
  return longest;
}

/**
 * Commands whose remaining words resemble those given, best first. Of those that begin alike none
 * may be left; of all commands some always are, and never a page of them.
 */
function nearest(
  commands: readonly CommandRow[],
  rest: readonly string[],
  from: number,
): CommandRow[] {
  const wanted = rest.join(' ').toLowerCase();
  const rated = commands
    .map((command) => {
      const words = command.words.slice(from, from + rest.length).join(' ');
      const begins = (text: string): boolean => text.startsWith(wanted);
      const isPrefix = begins(words) || (from === 0 && command.words.some(begins));
      return { command, distance: isPrefix ? 0 : distance(wanted, words) };
    })
    .sort((a, b) => a.distance - b.distance);
  const best = rated[0]?.distance ?? 0;
  const most = from > 0 || best <= resembles(wanted) ? resembles(wanted) : best;
  return rated
    .filter(({ distance: far }) => far <= Math.min(most, best + 1))
    .slice(0, suggestionsMax)
    .map(({ command }) => command);
}

const resembles = (wanted: string): number => Math.max(2, wanted.length / 2);

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
