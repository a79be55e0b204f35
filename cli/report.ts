// What a configuration's diagnostics look like: paragraphs with the source line and a caret for
// people, one object for editors and CI. Called by check.ts, and by explain for what it refuses.

import type { Diagnostic, Severity } from '../shared/config/diagnostic.ts';
import { counted, harmless, type Paint, type Tone } from './terminal.ts';

/** Texts of files, for a diagnostic that names a line without showing it. */
export type ReadLine = (file: string, line: number) => string;

const names: Readonly<Record<Severity, string>> = {
  alert: 'error',
  warning: 'warning',
  notice: 'notice',
  diag: 'hint',
};

const tones: Readonly<Record<Severity, Tone>> = {
  alert: 'error',
  warning: 'warning',
  notice: 'accent',
  diag: 'accent',
};

/** One finding as programs read it; lines and columns count from 1, columns in characters. */
export interface Finding {
  readonly severity: string;
  readonly file: string;
  /** 0: it is about no line. */
  readonly line: number;
  /** 0: it is about the whole line. */
  readonly column: number;
  /** The column behind the word, 0 without a column. */
  readonly endColumn: number;
  readonly message: string;
  readonly hint: string;
  readonly source: string;
}

/** In the order of the files and of their lines; what concerns no line comes first. */
export function findingsOf(list: readonly Diagnostic[], readLine: ReadLine): readonly Finding[] {
  const order = new Map<string, number>();
  for (const { file } of list) if (!order.has(file)) order.set(file, order.size);
  const rank = ({ file }: Diagnostic): number => (file === '' ? -1 : (order.get(file) ?? 0));
  return list
    .toSorted((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column)
    .map((found) => findingOf(found, readLine));
}

function findingOf(found: Diagnostic, readLine: ReadLine): Finding {
  const { severity, file, line, column, isTolerated = false } = found;
  const bytes = found.text === '' && line > 0 ? readLine(file, line) : found.text;
  const hasColumn = column > 0 && bytes !== '';
  const from = hasColumn ? columnOf(bytes, column - 1) : 0;
  const word = hasColumn ? decode(/^\S*/.exec(bytes.slice(column - 1))?.[0] ?? '') : '';
  return {
    severity: isTolerated ? names.warning : names[severity],
    file: decode(file),
    line,
    column: from,
    endColumn: hasColumn ? from + Math.max(1, Array.from(word).length) : 0,
    message: decode(found.message),
    hint: decode(found.hint),
    source: decode(bytes).trimEnd(),
  };
}

/** Texts of a configuration are bytes inside; people read UTF-8. */
const decode = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

/** The column, from 1, of the character at a byte. */
function columnOf(bytes: string, at: number): number {
  return Array.from(decode(bytes.slice(0, at))).length + 1;
}

/** One character for each, so that the caret stands where it should; tabs stay. */
const printable = (text: string): string => text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '?');

/** `file:line:column: error: sentence`, the line with its number, a caret, what to do. */
export function paragraphOf(finding: Finding, paint: Paint): string {
  const { severity, file, line, column, hint } = finding;
  const message = harmless(finding.message);
  const source = printable(finding.source);
  const tone = toneOf(severity);
  const at = line > 0 ? `:${line}${column > 0 ? `:${column}` : ''}` : '';
  const place = file === '' ? '' : `${paint('strong', `${file}${at}`)}: `;
  const head = `${place}${paint(tone, severity)}: ${message}\n`;
  const gutter = ' '.repeat(Math.max(4, String(line).length));
  const advice = hint === '' ? '' : `${paint('accent', hint)}`;
  if (source === '') return advice === '' ? head : `${head}${gutter} = ${advice}\n`;
  const number = String(line).padStart(gutter.length);
  const bar = paint('faint', '|');
  const shown = `${paint('faint', number)} ${bar} ${source}\n`;
  if (column === 0) return `${head}${shown}${advice === '' ? '' : `${gutter} = ${advice}\n`}`;
  const marks = '^'.repeat(Math.max(1, finding.endColumn - column));
  const caret = `${gutter} ${bar} ${blankAs(source, column)}${paint(tone, marks)}`;
  return `${head}${shown}${caret}${advice === '' ? '' : ` ${advice}`}\n`;
}

const toneOf = (name: string): Tone =>
  tones[(Object.keys(names) as Severity[]).find((key) => names[key] === name) ?? 'diag'];

/** Tabs stay tabs, so that the caret stands below its word in any terminal. */
function blankAs(source: string, column: number): string {
  return Array.from(source)
    .slice(0, column - 1)
    .map((char) => (char === '\t' ? '\t' : ' '))
    .join('');
}

/** `2 errors, 1 warning`. */
export function summaryOf(findings: readonly Finding[]): string {
  return `${counted(countOf(findings, 'error'), 'error')}, ${counted(countOf(findings, 'warning'), 'warning')}`;
}

/** How many findings have this severity. */
export function countOf(findings: readonly Finding[], severity: string): number {
  return findings.filter((finding) => finding.severity === severity).length;
}
