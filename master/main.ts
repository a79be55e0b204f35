// Entry of everything that HAProxy's command line can ask for: reads the flags, answers those that
// only print, then checks, goes to the background or runs. Called by cli/main.ts; a test passes its
// own worker folder. Must not touch traffic. Modules that only some runs need are imported when
// needed.

import { randomBytes } from 'node:crypto';
import { chdir } from 'node:process';
import { type Diagnostic, type Diagnostics, isFatal } from '../shared/config/diagnostic.ts';
import type { LoadOptions } from '../shared/config/load.ts';
import type { Model } from '../shared/config/model.ts';
import type { ExplainRequest, Explanation } from '../shared/explanation.ts';
import { faultText } from '../shared/sys/errno.ts';
import { hawserVersion } from '../shared/version.ts';
import { Console, type MessageSink, writeAll } from './console.ts';
import { type Flags, parseFlags } from './flags.ts';
import {
  type ConfigurationText,
  dropThreads,
  importWorker,
  isBackground,
  type Program,
  prepareThreads,
} from './program.ts';
import { SoftStop } from './soft-stop.ts';

export interface MainOptions {
  /** Where the worker's modules are; default: beside this folder. */
  readonly workerUrl?: URL;
  /** Configurations without a file, read after those of the flags. */
  readonly texts?: readonly ConfigurationText[];
  /** Prints the messages instead of HAProxy's lines. */
  readonly sink?: MessageSink;
  /** Called once, when the first worker serves. */
  readonly onReady?: () => void;
}

const ticketKeyBytes = 80;
const workerFolder = new URL('../worker/', import.meta.url);

/** Runs the program with the words behind its name; the exit status. Never rejects. */
export async function runMaster(
  words: readonly string[],
  options: MainOptions = {},
): Promise<number> {
  const startUs = Date.now() * 1000;
  const console = new Console(hawserVersion, process.argv[1] ?? '', options.sink ?? null);
  const result = parseFlags(words);
  if (result.kind !== 'run') return await leave(result, console);
  const { flags } = result;
  const softStop = new SoftStop().watch();
  console.quiet = flags.quiet;
  console.verbose = flags.verbose;
  for (const warning of result.warnings) console.warning(warning);
  if (flags.condition !== null) return await evaluate(flags.condition, console);
  if (flags.files.length === 0 && (options.texts ?? []).length === 0 && !listsOnly(flags)) {
    return await leave(noConfiguration, console);
  }
  if (flags.directory !== '' && !changeDirectory(flags.directory, console)) return 1;
  const { linuxSys } = await import('../shared/sys/linux.ts');
  return await run({
    flags,
    console,
    sys: linuxSys(),
    words,
    environment: environmentNow(),
    workerUrl: options.workerUrl ?? workerFolder,
    startUs,
    ticketKeys: randomBytes(ticketKeyBytes).toString('hex'),
    texts: options.texts ?? [],
    onReady: options.onReady ?? (() => undefined),
    softStop,
  });
}

function environmentNow(): Record<string, string> {
  const pairs = Object.entries(process.env).filter(([, value]) => value !== undefined);
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** What the program can list needs no configuration. */
const listsOnly = ({ dumpKeywords, dumpLibraries }: Flags): boolean =>
  dumpKeywords !== null || dumpLibraries;

const noConfiguration = {
  kind: 'mistake',
  message: "No configuration: -f names it ('hawser start' alone is a demonstration).",
  usage: true,
} as const;

type Leaving = Exclude<ReturnType<typeof parseFlags>, { kind: 'run' }>;

async function leave(result: Leaving, console: Console): Promise<number> {
  if (result.kind === 'text') {
    writeAll(1, result.text);
    return 0;
  }
  const { usageText, versionText } = await import('./version.ts');
  if (result.kind === 'version') {
    writeAll(1, versionText(result.form));
    return 0;
  }
  if (result.usage) {
    writeAll(1, versionText('line'));
    writeAll(2, usageText());
  }
  // Last, where the eye is behind a page of flags.
  if (result.message !== '') console.alert(result.message);
  return 1;
}

/** -cc: 0 true, 1 false, 2 not a condition. */
async function evaluate(text: string, console: Console): Promise<number> {
  const { splitLine } = await import('../shared/config/lexer.ts');
  const { evaluateCondition } = await import('../shared/config/condition.ts');
  const lookup = (name: string): string | undefined => process.env[name];
  const line = splitLine(text, lookup);
  if (line.fault !== null) {
    console.alert(`Syntax Error in condition: ${faultTexts[line.fault.kind]}.`);
    return 2;
  }
  const { value, error } = evaluateCondition(line.words.join(' '), lookup);
  if (error === '') return value ? 0 : 1;
  console.alert(`Failed to evaluate condition: ${error}`);
  return 2;
}

const faultTexts = {
  quote: 'Unmatched quote',
  brace: 'Missing closing brace in an environment variable',
  variable: 'Environment variable expected',
  hex: 'Truncated or invalid hexadecimal sequence',
  expansion: 'A list can only be expanded as a word of its own',
} as const;

function changeDirectory(path: string, console: Console): boolean {
  try {
    chdir(path);
    return true;
  } catch (fault) {
    console.alert(`Could not change to directory ${path} : ${faultText(fault)}`);
    return false;
  }
}

/** By its flags; the configuration may say otherwise (`master-worker`, `daemon`). */
function isWorkerItself(program: Program): boolean {
  const { check, dumpKeywords, master, daemon } = program.flags;
  return !check && dumpKeywords === null && !master && (!daemon || isBackground(program));
}

interface CheckModule {
  readonly checkConfiguration: (model: Model) => { readonly diagnostics: Diagnostics };
}

async function run(program: Program): Promise<number> {
  const { flags, console } = program;
  if (isWorkerItself(program)) await prepareThreads(program);
  const { load } = await import('./configuration.ts');
  const check = async () => (await importWorker<CheckModule>(program, 'check')).checkConfiguration;
  const always = flags.check || flags.dumpKeywords !== null;
  const { model } = await load({ ...program, check, always });
  if (model === null) return 1;
  if (model.global.quiet && !flags.verbose) console.quiet = true;
  await dump(program);
  if (flags.check) return await finishCheck(program, model);
  if (flags.masterSockets.length > 0 && !model.global.masterWorker) {
    console.alert('a master CLI socket was defined, but master-worker mode (-W) is not enabled.');
    return 1;
  }
  return await serve(program, model);
}

export interface Checked {
  readonly diagnostics: readonly Diagnostic[];
  /** Something listens: it can be started when there is no alert. */
  readonly listens: boolean;
}

/** Loads and compiles a configuration for a report; opens nothing. For `hawser check`. */
export async function checkFiles(
  files: readonly string[],
  options: Pick<MainOptions, 'workerUrl' | 'texts'> = {},
): Promise<Checked> {
  const { findMistakes, hasListener } = await import('./configuration.ts');
  const workerUrl = options.workerUrl ?? workerFolder;
  const { found, model } = await findMistakes({
    files,
    texts: options.texts ?? [],
    environment: environmentNow(),
    check: async () => (await importWorker<CheckModule>({ workerUrl }, 'check')).checkConfiguration,
    always: true,
  });
  return { diagnostics: found, listens: hasListener(model) };
}

interface ExplainModule {
  readonly explainRequest: (model: Model, request: ExplainRequest) => Explanation;
}

/** What a configuration makes of a request, null when it cannot be started; opens nothing. */
export async function explainFiles(
  input: Pick<LoadOptions, 'files' | 'texts'>,
  request: ExplainRequest,
): Promise<{
  readonly diagnostics: readonly Diagnostic[];
  readonly explanation: Explanation | null;
}> {
  const { findMistakes } = await import('./configuration.ts');
  const program = { workerUrl: workerFolder };
  const { found: diagnostics, model } = await findMistakes({
    ...input,
    environment: environmentNow(),
    check: async () => (await importWorker<CheckModule>(program, 'check')).checkConfiguration,
    always: true,
  });
  if (diagnostics.some(isFatal)) return { diagnostics, explanation: null };
  const { explainRequest } = await importWorker<ExplainModule>(program, 'explain');
  return { diagnostics, explanation: explainRequest(model, request) };
}

async function dump(program: Program): Promise<void> {
  const { flags } = program;
  if (flags.dumpLibraries) {
    const { sharedObjects } = await import('./version.ts');
    writeAll(1, `List of loaded object files:\n${sharedObjects()}`);
  }
  if (flags.dumpKeywords === null) return;
  const { keywordClasses } = await import('./version.ts');
  for (const name of flags.dumpKeywords.split(',')) {
    if (name === 'help') writeAll(1, keywordClasses());
    else writeAll(1, (await importWorker<CatalogModule>(program, 'catalog')).dumpKeywords(name));
  }
}

interface CatalogModule {
  /** The words of one class ('all' for every class) in HAProxy's -dK format. */
  readonly dumpKeywords: (className: string) => string;
}

async function finishCheck({ flags, console }: Program, model: Model): Promise<number> {
  const { settleThreads } = await import('./threads.ts');
  if (!settleThreads({ console }, model)) return 1;
  const { hasListener } = await import('./configuration.ts');
  if (console.warnings > 0) console.say('Warnings were found.\n');
  if (!hasListener(model)) {
    console.say('Configuration file has no error but will not start (no listener) => exit(2).\n');
    return 2;
  }
  if (flags.verbose) writeAll(1, 'Configuration file is valid\n');
  return 0;
}

async function serve(program: Program, model: Model): Promise<number> {
  const isStarter = model.global.daemon && !isBackground(program);
  if ((isStarter || model.global.masterWorker) && isWorkerItself(program)) {
    await dropThreads(program);
  }
  if (isStarter) {
    const { startBackground } = await import('./daemon.ts');
    return await startBackground(program);
  }
  const { nameProcess } = await import('./process-name.ts');
  nameProcess();
  if (model.global.masterWorker) {
    const { runSupervisor } = await import('./supervisor.ts');
    return await runSupervisor(program, model);
  }
  const { runStandAlone } = await import('./stand-alone.ts');
  return await runStandAlone(program, model);
}
