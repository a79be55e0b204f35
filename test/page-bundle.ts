// The build's page: the live dashboard as one HTML text, its script (worker/dashboard/page) and
// style bundled into it, so that a browser asks for nothing else. Called by finish-build.ts; the
// program reads what is written here, beside either of its forms.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Built tests run from the repository's root. */
const source = 'worker/dashboard/page/';

/** Writes page.html into these folders; takes a tenth of a second. */
export async function makePage(folders: readonly string[]): Promise<void> {
  if (!existsSync('node_modules/uplot')) {
    throw new Error("the package 'uplot' is not installed: run 'npm ci'");
  }
  const script = await bundle('main.ts');
  const style = await bundle('page.css');
  const html = readFileSync(`${source}page.html`, 'utf8');
  // Functions, so that a `$` in the texts means itself.
  const page = html
    .replace('<style></style>', () => `<style>${style}</style>`)
    .replace('<script></script>', () => `<script>${script}</script>`);
  for (const folder of folders) {
    const file = fileURLToPath(new URL(`${folder}/worker/dashboard/page.html`, import.meta.url));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, page);
  }
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [source + entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: ['chrome100', 'firefox100', 'safari15'],
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [{ text }] = outputFiles;
  // What would end the element early.
  if (/<\/(script|style)/i.test(text)) throw new Error(`${entry} cannot stand in a page`);
  return text.trim();
}
