// What is wrong with a command line of the tool, said before anything is done: options that do not
// exist, values that are missing, no numbers, out of range or none of the choices. Called by
// commands.ts. Reads the words as they are declared (completion/grammar.ts); yargs, which comes
// after it, stops at the first thing and says it in its own terms.

import { nearestWord } from '../shared/config/hint.ts';
import type { OptionRow, WordRow } from './completion/grammar.ts';

/** '' or one sentence about the first mistake behind the tool's word. */
export function mistakeIn(words: readonly string[], grammar: WordRow): string {
  const [word, rest] = wordOf(words, grammar);
  if (word === grammar) return '';
  for (let at = 0; at < rest.length; at++) {
    const token = rest[at];
    if (token === '--') return '';
    if (!/^-./.test(token)) continue;
    const given = read(token);
    if (given.name === '--version') return '';
    const option = word.options.find(({ names }) => names.includes(given.name));
    if (option === undefined) return unknownOption(given.name, word);
    if (!option.takesValue) continue;
    const value = given.value ?? rest[++at];
    if (value === undefined) return `${given.name} needs a value: ${option.about}`;
    const wrong = valueFault(given.name, value, option);
    if (wrong !== '') return wrong;
  }
  return '';
}

/** What yargs has found, in the words of the others. */
export function reworded(message: string, words: readonly string[], grammar: WordRow): string {
  const [word, rest] = wordOf(words, grammar);
  if (message.startsWith('Not enough non-option arguments')) {
    const named = words.slice(0, words.length - rest.length).join(' ');
    return `'${named}' needs ${word.usage}`;
  }
  const choice = /^Invalid values:\s+Argument: (\S+), Given: ("[^"]*"), Choices: (.*)/.exec(
    message,
  );
  if (choice !== null) {
    return `${choice[2].replaceAll('"', "'")} is no ${choice[1]}; it is one of ${choice[3].replaceAll('"', '')}`;
  }
  const extra = /^Unknown (?:argument|command)s?: ([^,]+)/.exec(message)?.[1];
  if (extra === undefined) return message;
  const token = [...words.slice(0, 1), ...rest].find(
    (one) => one === extra || isOption(one, extra),
  );
  if (token?.startsWith('-') === true) return unknownOption(token, word);
  const among = word.words.map(({ name }) => name);
  if (among.length > 0) return `'${word.name} ${extra}': it is one of ${among.join(', ')}`;
  return `'${extra}' is one word too many`;
}

const isOption = (token: string, name: string): boolean => token.replace(/^-+/, '') === name;

/** The word that the options belong to, and what stands behind it: `state show` is one of two. */
function wordOf(words: readonly string[], grammar: WordRow): [WordRow, readonly string[]] {
  let word = grammar;
  let at = 0;
  for (;;) {
    const next = word.words.find(({ name }) => name === words[at]);
    if (next === undefined) return [word, words.slice(at)];
    word = next;
    at++;
  }
}

/** `--name=value`, `--name`, `-nvalue`, `-n`. */
function read(token: string): { readonly name: string; readonly value: string | undefined } {
  if (!token.startsWith('--'))
    return { name: token.slice(0, 2), value: token.slice(2) || undefined };
  const [, name, , value] = /^(--[^=]+)(=([\s\S]*))?$/.exec(token) ?? [token, token];
  return { name: name.replace(/^--no-/, '--'), value };
}

function unknownOption(name: string, word: WordRow): string {
  const names = word.options.flatMap((option) => option.names);
  const near = name.startsWith('--') ? nearestWord(name, names) : '';
  const hint = near === '' ? '' : `; did you mean '${near}'?`;
  return `there is no option '${name}'${hint}`;
}

function valueFault(name: string, value: string, option: OptionRow): string {
  const { choices, range } = option;
  if (choices.length > 0 && !choices.includes(value)) {
    const near = nearestWord(value, choices);
    const hint = near === '' ? `it is one of ${choices.join(', ')}` : `did you mean '${near}'?`;
    return `${name} cannot be '${value}'; ${hint}`;
  }
  if (range === null) return '';
  const [from, to] = range;
  const number = Number(value);
  if (value.trim() !== '' && number >= from && number <= to) return '';
  return `${name} needs a number from ${from} to ${to}, not '${value}'`;
}
