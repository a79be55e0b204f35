// How much of the reference's own list of words works here, by class: keywords-3.5-dev5.txt holds
// that list (names and forms only), the catalog says what we have. Run: node
// dist/test/parity/coverage.js prints the README's table; test/readme.test.ts keeps the README from
// claiming more.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dumpKeywords } from '../../worker/catalog.ts';

export interface Coverage {
  readonly title: string;
  readonly works: number;
  readonly wanted: number;
  /** Lines of the list that ours has not, without blanks around them. */
  readonly missing: readonly string[];
}

/** Classes as -dK names them. */
const classes = [
  { name: 'cfg', title: 'configuration keywords' },
  { name: 'smp', title: 'sample fetches' },
  { name: 'cnv', title: 'converters' },
  { name: 'acl', title: 'ACL keywords' },
  { name: 'cli', title: 'runtime commands' },
] as const;

const isWord = (line: string): boolean => line !== '' && !line.startsWith('#');

/** Reads the list from the repository's root, where tests run. */
export function coverage(): readonly Coverage[] {
  const path = join(process.cwd(), 'test/parity/keywords-3.5-dev5.txt');
  const reference = readFileSync(path, 'latin1').split('\n');
  return classes.map(({ name, title }) => {
    const ours = dumpKeywords(name).split('\n');
    const start = reference.indexOf(ours[0]);
    const end = reference.findIndex((line, at) => at > start && line.startsWith('# List'));
    const wanted = reference.slice(start, end < 0 ? reference.length : end).filter(isWord);
    const known = new Set(ours.map((line) => line.trim()));
    const missing = wanted.map((line) => line.trim()).filter((line) => !known.has(line));
    return { title, works: ours.filter(isWord).length, wanted: wanted.length, missing };
  });
}

/** A row of the README's table. */
export const coverageRow = ({ title, works, wanted }: Coverage): string =>
  `| ${title} | ${works} of ${wanted} |`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const row of coverage()) console.log(coverageRow(row));
}
