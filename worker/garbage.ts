// SIGQUIT gives memory back to the system (manual, management 6): here that is a full collection of
// every thread's heap. Runs on the thread that calls it; nothing calls it while serving otherwise.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null = null;

/** Collects this thread's heap now; takes some milliseconds for each ten megabytes. */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    // What V8 shows under that flag is a function without arguments.
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

interface Asked {
  inspect(what: string): Promise<readonly unknown[]>;
  say(level: 'notice', text: string): void;
}

/** All threads collect, then what the process still uses is said. Control thread. */
export async function freeMemory(control: Asked): Promise<void> {
  collectGarbage();
  await control.inspect('collect');
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const parts = `${rss} bytes, of them heap ${heapUsed}, buffers ${arrayBuffers}`;
  control.say('notice', `memory in use after a collection: ${parts}`);
}
