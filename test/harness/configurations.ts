// Every configuration of the repository: examples, goldens, and what stands in the stories. For
// tests of what must hold for all of them. HAWSER_CONFIGS=folder:... adds those of other folders.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface FoundConfiguration {
  readonly name: string;
  /** Bytes, latin1 in a string. */
  readonly text: string;
}

/** All of them, with names for messages. */
export function configurations(): readonly FoundConfiguration[] {
  return folders
    .flatMap(filesIn)
    .flatMap((path) => configurationsOf(path).map((text, at) => ({ name: `${path} ${at}`, text })));
}

const folders = [
  ...['examples', 'test/golden/config', 'reg-tests'].map((name) => join(process.cwd(), name)),
  ...(process.env['HAWSER_CONFIGS'] ?? '').split(':').filter((name) => name !== ''),
];

function filesIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesIn(path);
    return /\.(cfg|vtc)$/.test(name) ? [path] : [];
  });
}

/** A file's configurations: itself, or those in braces of a story. */
function configurationsOf(path: string): string[] {
  const text = readFileSync(path, 'latin1');
  if (path.endsWith('.cfg')) return [text];
  const blocks = text.matchAll(/^haproxy \S+.*-conf(?:-OK|-BAD)? *\{\n([\s\S]*?)\n\}/gm);
  return Array.from(blocks, ([, block]) => `${block}\n`);
}
