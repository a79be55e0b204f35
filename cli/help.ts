// `hawser help WORD`: what a word of the configuration language or of the runtime API means, from
// the rows that the build has collected (reference.json, beside the program).

import { readFileSync } from 'node:fs';
import { nearestWord } from '../shared/config/hint.ts';
import type { ReferenceRow } from '../shared/config/reference.ts';

/** Rows shown at most where a word is only part of their names. */
const listMax = 30;

/** Prints what is known of a word; the exit status. */
export function help(words: readonly string[]): number {
  const rows = readRows();
  const wanted = words.join(' ').toLowerCase();
  const found = rowsNamed(rows, wanted);
  if (found.length > 0) {
    process.stdout.write(found.map(describe).join('\n'));
    const members = membersOf(rows, wanted);
    if (members !== '') process.stdout.write(`\n${members}\n`);
    return 0;
  }
  const near = nearestWord(
    wanted,
    rows.map(({ name }) => name.toLowerCase()),
  );
  const hint = near === '' ? '' : `; did you mean '${near}'?`;
  const similar = similarTo(rows, wanted);
  if (similar.length > 0) {
    process.stdout.write(`${similar.slice(0, listMax).map(brief).join('\n')}\n`);
    const more = similar.length - listMax;
    if (more > 0) process.stdout.write(`and ${more} more\n`);
    if (hint !== '') process.stdout.write(`no word is called '${wanted}'${hint}\n`);
    return 0;
  }
  process.stderr.write(`hawser: no word that works is called '${wanted}'${hint}\n`);
  return 1;
}

/** What may stand behind a word that is not the last one of its line; '' for all others. */
function membersOf(rows: readonly ReferenceRow[], wanted: string): string {
  const isAction = ({ kind, about }: ReferenceRow): boolean =>
    kind === 'action' && isAmong(wanted, about);
  const isAlgorithm = ({ kind }: ReferenceRow): boolean =>
    kind === 'balance algorithm' && wanted === 'balance';
  const names = rows.filter((row) => isAction(row) || isAlgorithm(row)).map(({ name }) => name);
  if (names.length === 0) return '';
  return `its ${wanted === 'balance' ? 'algorithms' : 'actions'}: ${names.join(', ')}`;
}

const isAmong = (word: string, about: string): boolean => about.split(', ').includes(word);

/** Words that hold the text; those that begin with it come first. */
function similarTo(rows: readonly ReferenceRow[], wanted: string): readonly ReferenceRow[] {
  const at = rows.map((row) => [row, row.name.toLowerCase().indexOf(wanted)] as const);
  const [first, others] = [(index: number) => index === 0, (index: number) => index > 0];
  return [first, others].flatMap((is) => at.filter(([, index]) => is(index)).map(([row]) => row));
}

/** `http-request deny` is looked for as it stands, then as deny. */
function rowsNamed(rows: readonly ReferenceRow[], wanted: string): readonly ReferenceRow[] {
  const plain = wanted.replace(/\(.*$/, '');
  const whole = rows.filter(({ name }) => name.toLowerCase() === plain);
  if (whole.length > 0) return whole;
  if (plain.startsWith('balance ')) {
    const [, algorithm] = plain.split(/ +/);
    return rows.filter(({ kind, name }) => kind === 'balance algorithm' && name === algorithm);
  }
  const last = plain.replace(/^(?:http|tcp|quic)-[a-z-]+ (?:(?:connection|session|content) )?/, '');
  return rows.filter(({ kind, name }) => kind === 'action' && name === last);
}

function describe({ kind, form, about, help: text, example }: ReferenceRow): string {
  const lines = [`${form}`, `  ${kind}${about === '' ? '' : `: ${about}`}`, `  ${text}`];
  if (example !== '' && example !== form) lines.push(`  example: ${example}`);
  return `${lines.join('\n')}\n`;
}

const brief = ({ kind, form, help: text }: ReferenceRow): string => `${form}  (${kind}) ${text}`;

/** Every word that `help` knows. */
export function referenceNames(): readonly string[] {
  return readRows().map(({ name }) => name);
}

function readRows(): readonly ReferenceRow[] {
  const path = new URL('../reference.json', import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as ReferenceRow[];
}
