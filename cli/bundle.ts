// Loads the program from the file that the build makes of it for this kind of thread
// (test/bundle.ts), with V8's code cache where this very node made it. Called by the small entry
// files beside the bundle, once per thread; the build calls makeCache. Never part of the bundle,
// unused by an unbundled run. A process that will serve has its first thread load meanwhile.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import { setEngineFlags } from '../shared/engine-flags.ts';
import { willServe } from './early.ts';

/** Names of entry modules, as 'worker/main', to what evaluates each and answers its exports. */
type Modules = Readonly<Record<string, () => Record<string, unknown>>>;

type Wrapped = (
  modules: { exports: { modules?: Modules } },
  require: NodeJS.Require,
  importModule: (name: string) => Promise<unknown>,
  folder: URL,
) => void;

interface ThreadPool {
  readonly prepareThreads: () => void;
}

/** The files' name without endings: has the hash of their text, so that no cache outlives it. */
declare const bundleName: string;

const folder = new URL('../', import.meta.url);
setEngineFlags();
if (isMainThread && willServe(process.argv.slice(1))) {
  (createRequire(folder)('./worker/thread-pool.js') as ThreadPool).prepareThreads();
}
const script = compileBundle();
const modules = runBundle();

/** False: this start compiles what it needs. */
export const cacheIsUsed = script.cachedDataRejected === false;

/** The exports of one entry module, evaluated when first asked for. */
export function load(name: string): Record<string, unknown> {
  return modules[name]();
}

/** V8's code cache, with every function that has run in this thread so far. */
export function makeCache(): Buffer {
  return script.createCachedData();
}

/** V8 refuses a cache of another version, machine or set of flags: then it compiles as usual. */
function compileBundle(): Script {
  const name = `${bundleName}.${isMainThread ? 'main' : 'thread'}`;
  const file = fileURLToPath(new URL(`${name}.js`, folder));
  const cachedData = readOptional(new URL(`${name}.cache`, folder));
  return new Script(readFileSync(file, 'latin1'), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
}

function readOptional(url: URL): Buffer | undefined {
  try {
    return readFileSync(url);
  } catch {
    return undefined;
  }
}

function runBundle(): Modules {
  const module: { exports: { modules?: Modules } } = { exports: {} };
  const run = script.runInThisContext() as Wrapped; // what the build wraps the bundle in
  const require = createRequire(folder);
  // Files beside the bundle are its own entries, and require finds those sooner.
  const importModule = async (name: string): Promise<unknown> =>
    name.startsWith('file:') ? require(fileURLToPath(name)) : import(name);
  run(module, require, importModule, folder);
  if (module.exports.modules === undefined) throw new Error(`${bundleName} has no modules`);
  return module.exports.modules;
}
