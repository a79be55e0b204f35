// The build's bundle: the program as two files that a start compiles in a few milliseconds, one for
// the main thread of any process and one for proxy threads. Writes dist/bundle: both, V8's code
// caches of them (bundle-cache.ts), and one small file for each entry that something starts or
// imports by its place. Called by finish-build.ts; never by the program.
//
// The main thread's file evaluates a module when it is first asked for: a master never needs the
// worker's. The price is that every name of a module is a variable to V8. A proxy thread needs all
// its modules, so they share one scope there, and constants stay constants: V8 then puts their
// values into compiled code, which gets a fifth shorter (rollup keeps `const`; esbuild does not).

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin, transform } from 'esbuild';
import { rollup, type Plugin as RollupPlugin } from 'rollup';
import { writeCaches } from './bundle-cache.ts';

/** What is started or imported by its place, and what others call of it. */
const entries: Readonly<Record<string, readonly string[]>> = {
  'cli/main': [],
  'cli/demo-servers': [],
  'master/worker-process': [],
  'master/main': [],
  'worker/main': ['startWorker'],
  'worker/check-configuration': ['checkConfiguration'],
  'worker/catalog': ['dumpKeywords'],
};
/** What proxy threads start. */
const threadEntry = 'worker/thread';
const threadNames = ['serve'];

const built = fileURLToPath(new URL('..', import.meta.url));
const target = join(built, 'bundle');

/** Loaded before the program is, so that the first thread loads beside it: a file of its own. */
const poolEntry = 'worker/thread-pool.js';

/** The folder of the bundle, as the wrapper below names it. */
const folderName = 'bundleFolder';

/** As `import()`, but of the loader: V8 has none for a script with a cache. */
const importName = 'importModule';
/** A dynamic import of anything but a file that esbuild can put into the bundle. */
const importOutside = /\bimport\((?!'\.)/g;

/**
 * `import.meta.url` means the place that the module's own file would have in the bundle, and what
 * is imported from outside is asked of the loader.
 */
const places: Plugin = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, ({ path }) => {
      const place = relative(built, path);
      if (place.includes('node_modules') || place.startsWith('..')) return undefined;
      const text = readFileSync(path, 'utf8');
      const own = `new URL(${JSON.stringify(place)}, ${folderName}).href`;
      const contents = text.replaceAll('import.meta.url', own);
      if (place === 'cli/bundle.js') return { contents, loader: 'js' };
      return { contents: contents.replaceAll(importOutside, `${importName}(`), loader: 'js' };
    });
  },
};

/** The pool of threads is one, whoever imports it: the file of its own. */
const pool: Plugin = {
  name: 'pool',
  setup({ onResolve }) {
    onResolve({ filter: /\/thread-pool\.js$/ }, () => ({ path: `./${poolEntry}`, external: true }));
  },
};

const settings = {
  absWorkingDir: built,
  bundle: true,
  write: false,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  charset: 'ascii',
  packages: 'external',
  plugins: [places],
  legalComments: 'none',
  // The text is read by every thread that starts: names stay, for stack traces.
  minifyWhitespace: true,
  lineLimit: 120,
  logLevel: 'warning',
} satisfies BuildOptions;

/** Bundles what tsc has written; takes a second. */
export async function makeBundle(): Promise<void> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'package.json'), '{"type":"commonjs"}\n');
  const texts = { main: await mainText(), thread: await threadText() };
  const hash = createHash('sha256').update(texts.main).update(texts.thread);
  const name = `program-${hash.digest('hex').slice(0, 12)}`;
  for (const [kind, text] of Object.entries(texts)) {
    writeFileSync(join(target, `${name}.${kind}.js`), text);
  }
  writeFileSync(join(target, 'bundle.js'), await loaderText(name));
  for (const [entry, names] of Object.entries(entries)) writeEntry(entry, names);
  writeEntry(threadEntry, threadNames);
  await writeApart('shared/config/schema-validator.js');
  await writeApart(poolEntry);
  await writeApart('worker/explain/explain.js');
  await writeCaches(target, name);
}

async function mainText(): Promise<string> {
  const modules = Object.keys(entries).map((entry) => `'${entry}': () => require('./${entry}.js')`);
  const contents = `exports.modules = {\n${modules.join(',\n')}\n};\n`;
  const stdin = { contents, resolveDir: built, sourcefile: 'entries.js' };
  return wrapped(await outputOf({ stdin, plugins: [pool, places] }));
}

/** What the loader calls (cli/bundle.ts). */
const wrapped = (text: string): string =>
  `(function (module, require, ${importName}, ${folderName}) { const { exports } = module;
${text}
})
`;

/** As `places` and `pool`, for rollup. */
const threadPlaces: RollupPlugin = {
  name: 'places',
  resolveId: (id) => {
    if (id.endsWith('/thread-pool.js')) return { id: `./${poolEntry}`, external: true };
    return id.startsWith('.') || id.startsWith('/') ? null : { id, external: true };
  },
  resolveImportMeta: (property, { moduleId }) => {
    if (property !== 'url') throw new Error(`${moduleId}: import.meta.${property}`);
    return `new URL(${JSON.stringify(relative(built, moduleId))}, ${folderName}).href`;
  },
  renderDynamicImport: () => ({ left: `${importName}(`, right: ')' }),
};

/** One scope with all modules of a proxy thread, each evaluated where it stands. */
async function threadText(): Promise<string> {
  const bundle = await rollup({
    input: join(built, `${threadEntry}.js`),
    plugins: [threadPlaces],
    onwarn: ({ message }) => {
      throw new Error(`rollup: ${message}`);
    },
  });
  const { output } = await bundle.generate({
    format: 'cjs',
    interop: 'default',
    generatedCode: { constBindings: true },
  });
  await bundle.close();
  if (output.length !== 1) throw new Error('rollup has not made one file');
  const { code } = await transform(output[0].code, {
    charset: 'ascii',
    target: settings.target,
    legalComments: 'none',
    minifyWhitespace: true,
    lineLimit: settings.lineLimit,
  });
  return wrapped(`${code}
exports.modules = { '${threadEntry}': () => exports };`);
}

async function loaderText(name: string): Promise<string> {
  return await outputOf({
    entryPoints: [join(built, 'cli/bundle.js')],
    define: { bundleName: JSON.stringify(name) },
    banner: folderBanner(''),
  });
}

function folderBanner(up: string): { js: string } {
  const path = `require('node:path').join(__dirname, '${up}') + '/'`;
  return { js: `const ${folderName} = require('node:url').pathToFileURL(${path});` };
}

async function outputOf(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ ...settings, ...options });
  if (outputFiles?.length !== 1) throw new Error('esbuild has not made one file');
  return outputFiles[0].text;
}

/** Exports are named one by one: `import()` finds only such names in a CommonJS file. */
function writeEntry(entry: string, names: readonly string[]): void {
  const file = join(target, `${entry}.js`);
  mkdirSync(dirname(file), { recursive: true });
  const lines = names.map((name) => `exports.${name} = loaded.${name};\n`);
  const up = '../'.repeat(entry.split('/').length - 1);
  const text = `const loaded = require('${up}bundle.js').load('${entry}');\n${lines.join('')}`;
  writeFileSync(file, `${entry === 'cli/main' ? '#!/usr/bin/env node\n' : ''}${text}`);
  if (entry === 'cli/main') chmodSync(file, 0o755);
}

/** A file of its own: large and seldom wanted, or wanted before the program. */
async function writeApart(place: string): Promise<void> {
  const file = join(target, place);
  mkdirSync(dirname(file), { recursive: true });
  const up = '../'.repeat(place.split('/').length - 1);
  const text = await outputOf({ entryPoints: [join(built, place)], banner: folderBanner(up) });
  writeFileSync(file, text);
}
