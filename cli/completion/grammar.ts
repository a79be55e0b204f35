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
}

/** A word with its options, its arguments' choices and the words behind it. */
export interface WordRow {
  readonly name: string;
  readonly about: string;
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
}

type Builder = (parser: Argv) => unknown;

/** What `declare` tells a parser. */
export function readGrammar(declare: Builder): WordRow {
  const root = newWord('hawser', '');
  declare(listener(root));
  return root;
}

function newWord(name: string, about: string): WordRow {
  const help = { names: ['--help'], about: 'show help', choices: [], takesValue: false };
  return { name, about, options: [help], choices: [], words: [] };
}

function listener(word: WordRow): Argv {
  const heard: Readonly<Record<string, (...parts: never[]) => void>> = {
    command: (usage: string, about: string, builder: Builder | object) => {
      const inner = newWord(usage.split(' ')[0], about);
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
  { alias, type, describe = '', choices = [] }: Declared,
): OptionRow {
  const names = [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])];
  return { names, about: describe, choices, takesValue: type !== 'boolean' };
}
