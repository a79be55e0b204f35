// The operator's tool: its words, read by yargs (help, unknown options, completion). Called by
// cli/main.ts for everything that does not begin with one of HAProxy's flags. Only what works is
// here. What each word does is in a file of its own, loaded when it is asked for.

import type { Argv } from 'yargs';
import { nearestWord } from '../shared/config/hint.ts';
import { hawserVersion } from '../shared/version.ts';
import { ClientError } from './client.ts';
import { withProxyWords } from './commands-proxy.ts';
import { withSocketWords } from './commands-socket.ts';
import { withStateWords } from './commands-state.ts';
import { standardInput } from './input.ts';
import { mistakeIn, reworded } from './mistakes.ts';
import { readGrammar, type WordRow } from './completion/grammar.ts';
import { type Shell, scripts, shells } from './completion/scripts.ts';
import { statusDone, statusRefused, statusUnreachable, statusUsage } from './exit-status.ts';

/** Words that are planned: refused by name, so that nobody searches for a typing mistake. */
const planned = ['convert', 'metrics', 'stop'];

/** Where no terminal says how wide it is, and where wider lines do not read well. */
const helpColumns = 80;
const helpColumnsMax = 110;

/** Takes the work of one word; its exit status becomes the program's. */
export type Run = (work: Promise<number>) => Promise<void>;

/** Runs one word; the exit status. */
export async function runTool(words: readonly string[]): Promise<number> {
  if (planned.includes(words[0] ?? '')) {
    process.stderr.write(`hawser: '${words[0]}' is not supported yet.\n`);
    return statusRefused;
  }
  // Who reads with `head` has had enough.
  process.stdout.on('error', (fault: NodeJS.ErrnoException) => {
    process.exit(fault.code === 'EPIPE' ? statusDone : statusRefused);
  });
  // Before yargs, whose own `help` would take the word.
  if (words[0] === 'help' && words.length > 1 && words[1] !== '--help') {
    return await helpWith(words.slice(1));
  }
  let status = statusDone;
  const run: Run = async (work) => {
    status = await work.catch((fault: unknown) => {
      if (!(fault instanceof ClientError)) throw fault;
      process.stderr.write(`hawser: ${fault.message}\n`);
      return statusUnreachable;
    });
  };
  const grammar = readGrammar((parser) => withAllWords(parser, run));
  if (words[0] === '__complete') {
    const { complete } = await import('./completion/complete.ts');
    return await complete(grammar, words.slice(1));
  }
  const mistake = mistakeIn(commandApart(words), grammar);
  if (mistake !== '') {
    process.stderr.write(`hawser: ${mistake} (hawser ${words[0]} --help)\n`);
    return statusUsage;
  }
  const { default: yargs } = await import('yargs');
  const parser = yargs(commandApart(words.map(dashNamed)))
    .scriptName('hawser')
    .usage("$0 <command>, or with HAProxy's flags: $0 -f FILE")
    .parserConfiguration({ 'populate--': true })
    .version(hawserVersion)
    .hide('version')
    .wrap(Math.min(process.stdout.columns ?? helpColumns, helpColumnsMax))
    .demandCommand(1, 'A command is needed.')
    .strict()
    .exitProcess(false)
    .fail((message, fault, usage) => {
      if (fault !== undefined && fault !== null) throw fault;
      if (words.length === 0) usage.showHelp('error');
      // Without a throw yargs would run the word all the same.
      throw new UsageError(words.length === 0 ? '' : mistakeOf(words, message, grammar));
    });
  try {
    await withAllWords(parser, run).parseAsync();
  } catch (fault) {
    if (!(fault instanceof UsageError)) throw fault;
    if (fault.message !== '') process.stderr.write(`hawser: ${fault.message}\n`);
    return statusUsage;
  }
  return status;
}

/** The command line makes no sense; '' when that has been said. */
class UsageError extends Error {}

/** A word may be the tool's and the language's: `help check` tells of both. */
async function helpWith(words: readonly string[]): Promise<number> {
  const { help, referenceNames } = await import('./help.ts');
  const ignore: Run = async () => undefined;
  const own = readGrammar((parser) => withAllWords(parser, ignore)).words;
  const word = words.length === 1 ? own.find(({ name }) => name === words[0]) : undefined;
  if (word === undefined) return help(words);
  const { name, about } = word;
  process.stdout.write(`hawser ${name}\n  the tool: ${about}\n  options: hawser ${name} --help\n`);
  if (!referenceNames().includes(name)) return statusDone;
  process.stdout.write('\n');
  return help(words);
}

/** What is wrong with the command line, and where help is. */
function mistakeOf(words: readonly string[], message: string, grammar: WordRow): string {
  const [first] = words;
  const names = grammar.words.map(({ name }) => name);
  const said = reworded(message, words, grammar);
  if (names.includes(first)) return `${said} (hawser ${first} --help)`;
  if (first.startsWith('-')) return `${said} (hawser --help)`;
  const near = nearestWord(first, names);
  const hint = near === '' ? 'hawser --help lists the words' : `did you mean '${near}'?`;
  return `there is no word '${first}'; ${hint}`;
}

function withAllWords(parser: Argv, run: Run): Argv {
  return withStateWords(withSocketWords(withProxyWords(parser, run), run), run)
    .command('help [word..]', 'what a word of the configuration or of the runtime API means')
    .command(
      'completion <shell>',
      'the completion of a shell: source <(hawser completion bash)',
      (options) => options.positional('shell', { choices: shells, demandOption: true }),
      ({ shell }) => run(printScript(shell)),
    )
    .command('version', 'the version', {}, () => run(printVersion()));
}

/**
 * `cli show events buf0 -w`: what begins at the first word of the command is the proxy's, also its
 * dashes and `help`.
 */
export function commandApart(words: readonly string[]): string[] {
  if (words[0] !== 'cli' || words.includes('--')) return [...words];
  let at = 1;
  while (at < words.length && words[at].startsWith('-')) {
    at += words[at] === '--socket' || words[at] === '-s' ? 2 : 1;
  }
  return [...words.slice(0, at), '--', ...words.slice(at)];
}

/** yargs loses a lone dash among positionals; a file of this name is the same to every word. */
const dashNamed = (word: string): string => (word === '-' ? standardInput : word);

async function printScript(shell: Shell): Promise<number> {
  process.stdout.write(scripts[shell]);
  return statusDone;
}

async function printVersion(): Promise<number> {
  process.stdout.write(`hawser ${hawserVersion}\n`);
  return statusDone;
}
