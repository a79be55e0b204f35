// What one run of the master program consists of, handed to everything in master/. Made by main.ts
// (a test makes its own, with its own worker).

import type { Sys } from '../shared/sys/sys.ts';
import type { Console } from './console.ts';
import type { Flags } from './flags.ts';
import type { SoftStop } from './soft-stop.ts';

export interface ConfigurationText {
  /** What messages call it. */
  readonly name: string;
  readonly text: string;
}

export interface Program {
  readonly flags: Flags;
  readonly console: Console;
  readonly sys: Sys;
  /** Words behind the program's name, for starting this program again in the background. */
  readonly words: readonly string[];
  /** The environment as the program was started. */
  readonly environment: Readonly<Record<string, string>>;
  /** The folder of the worker's modules: named, never imported statically. */
  readonly workerUrl: URL;
  /** Wall clock of the start, microseconds. */
  readonly startUs: number;
  /** See WorkerStart: made once, so that tickets outlive reloads and workers. */
  readonly ticketKeys: string;
  /** Configurations that are text already, read after the files of the flags. */
  readonly texts: readonly ConfigurationText[];
  /** Called once, when the first worker serves. */
  readonly onReady: () => void;
  /** SIGUSR1, also one that came before anything ran. */
  readonly softStop: SoftStop;
}

/** Names the pipe in which the process in the background says that it serves. */
export const readyVariable = 'HAWSER_READY_FD';

/** True in the process that shall run in the background. */
export function isBackground({ environment }: Pick<Program, 'environment'>): boolean {
  return environment[readyVariable] !== undefined;
}

/** Exports of the worker's modules that the master calls; each is imported when it is needed. */
export const workerModules = {
  main: 'main.js',
  check: 'check-configuration.js',
  explain: 'explain/explain.js',
  catalog: 'catalog.js',
  threads: 'thread-pool.js',
} as const;

/** Imports one module of the worker. */
export async function importWorker<T>(
  program: Pick<Program, 'workerUrl'>,
  module: keyof typeof workerModules,
): Promise<T> {
  // A module namespace has no type here: the caller names what the file exports by contract.
  return (await import(new URL(workerModules[module], program.workerUrl).href)) as T;
}

interface ThreadsModule {
  readonly prepareThreads: () => void;
  readonly dropThreads: () => Promise<void>;
}

/** The worker's threads begin to load while this thread does something else. */
export async function prepareThreads(program: Pick<Program, 'workerUrl'>): Promise<void> {
  (await importWorker<ThreadsModule>(program, 'threads')).prepareThreads();
}

/** This process is no worker after all: another one will be. */
export async function dropThreads(program: Pick<Program, 'workerUrl'>): Promise<void> {
  await (await importWorker<ThreadsModule>(program, 'threads')).dropThreads();
}
