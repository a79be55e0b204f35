// The pool of proxy threads of this process. The master's side asks for it before the configuration
// is read, because a thread takes longer to load its code than a configuration to be understood;
// worker/main.ts then runs the threads' tasks in it. Imports nothing that a start could wait for.

import { Piscina } from 'piscina';

/** global nbthread, at most (manual 3.1). */
const threadsMax = 1024;

let prepared: Piscina | null = null;

/**
 * Starts the first thread without a task; the others start with theirs. May be called more than
 * once.
 */
export function prepareThreads(): void {
  prepared ??= new Piscina({
    filename: new URL('./thread.js', import.meta.url).href,
    name: 'serve',
    minThreads: 1,
    maxThreads: threadsMax,
    idleTimeout: Number.POSITIVE_INFINITY,
    atomics: 'disabled',
  });
}

/** The pool, for the worker that serves in this process. */
export function threadPool(): Piscina {
  prepareThreads();
  return prepared as Piscina; // made by the line above
}

/** This process will not serve after all. */
export async function dropThreads(): Promise<void> {
  await prepared?.destroy();
  prepared = null;
}
