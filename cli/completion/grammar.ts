// The tool's words and options as data, for completion: what the files commands-*.ts tell yargs,
// told to a listener that only writes it down. yargs' own completion prints as it goes, parses the
// real command line for words behind words, and knows no names of files.

import type { Argv } from 'yargs';

export interface OptionRow {
  /** With their dashes: `--socket`, `-s`. */
  readonly names: readonly string[];
  readonly about: string;
  readonly choices: readonly string[];
  readonly takesValue: boolean;
  /** Least and greatest value of a number, null for what is none. */
  readonly range: readonly [number, number] | null;
}

/** A word with its options, its arguments' choices and the words behind it. */
export interface WordRow {
  readonly name: string;
  readonly about: string;
  /** What stands behind it, as the help shows it: `<files..>`. */
  readonly usage: string;
  readonly options: OptionRow[];
  readonly choices: string[];
  readonly words: WordRow[];
}

/** The part of an option's declaration that completion needs. */
interface Declared {
  readonly alias?: string;
  readonly type?: string;
  readonly describe?: string;
  readonly choices?: readonly string[];
  readonly range?: readonly [number, number];
}

type Builder = (parser: Argv) => unknown;

/** What `declare` tells a parser. */
export function readGrammar(declare: Builder): WordRow {
  const root = newWord('hawser', '', '');
  declare(listener(root));
  return root;
}

function newWord(name: string, about: string, usage: string): WordRow {
  const fixed = { choices: [], takesValue: false, range: null };
  const help = { names: ['--help'], about: 'show help', ...fixed };
  return { name, about, usage, options: [help], choices: [], words: [] };
}

function listener(word: WordRow): Argv {
  const heard: Readonly<Record<string, (...parts: never[]) => void>> = {
    command: (usage: string, about: string, builder: Builder | object) => {
      const [name, ...behind] = usage.split(' ');
      const inner = newWord(name, about, behind.join(' '));
      word.words.push(inner);
      if (typeof builder === 'function') builder(listener(inner));
    },
    option: (name: string, declared: Declared) =>
      void word.options.push(readOption(name, declared)),
    positional: (_: string, { choices = [] }: Declared) => void word.choices.push(...choices),
  };
  // Everything else that is told is about help and mistakes; each call gives the listener back.
  const self: Argv = new Proxy({} as Argv, {
    get:
      (_, method: string) =>
      (...parts: never[]) => {
        heard[method]?.(...parts);
        return self;
      },
  });
  return self;
}

function readOption(
  name: string,
  { alias, type, describe = '', choices = [], range }: Declared,
): OptionRow {
  const names = [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])];
  const takesValue = type !== 'boolean';
  return { names, about: describe, choices, takesValue, range: range ?? null };
}
