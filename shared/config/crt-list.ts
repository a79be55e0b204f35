// Lists of certificates (manual 5.1, `crt-list`): lines of a file, or of the runtime API, with the
// TLS words between their brackets. Mistakes are reported at the line of the list.

import { findCertificates, noWords, underBase } from './certificates.ts';
import type { Draft } from './draft.ts';
import { readText } from './files.ts';
import { freshBind } from './fresh.ts';
import type { BindKeyword } from './keyword.ts';
import { Line } from './line.ts';
import type { BindSslModel } from './model.ts';
import type { CertificateWords, CrtListLineModel } from './model-certificates.ts';
import { readCertificateWord } from './sections/crt-words.ts';

/** TLS words that may stand between brackets. */
export const crtListWords: ReadonlySet<string> = new Set([
  'allow-0rtt',
  'alpn',
  'ca-file',
  'ca-verify-file',
  'ciphers',
  'ciphersuites',
  'client-sigalgs',
  'crl-file',
  'curves',
  'ecdhe',
  'no-alpn',
  'no-ca-names',
  'npn',
  'sigalgs',
  'ssl-min-ver',
  'ssl-max-ver',
  'verify',
]);

/** Words of bind lines, those that work and those that do not yet. */
export interface CrtListRows {
  readonly rows: ReadonlyMap<string, BindKeyword>;
  readonly later: readonly string[];
}

/** Reads a list into the draft, once; '' or why its file cannot be read. */
export function readCrtList(path: string, draft: Draft, known: CrtListRows): string {
  if (draft.crtLists.has(path)) return '';
  const { text, error } = readText(path);
  if (error !== '') return `unable to read '${path}' : ${error}.`;
  const lines: CrtListLineModel[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.trim();
    if (words === '' || words.startsWith('#')) continue;
    lines.push(...readListLine({ file: path, number: index + 1, text: line }, draft, known));
  }
  draft.crtLists.set(path, { lines, isFolder: false });
  return '';
}

interface Source {
  readonly file: string;
  readonly number: number;
  readonly text: string;
}

/** One line; a bundle gives several. Empty when something is wrong, which has been reported. */
export function readListLine(source: Source, draft: Draft, known: CrtListRows): CrtListLineModel[] {
  const parts = splitListLine(source.text);
  const words = typeof parts === 'string' ? [] : parts.options;
  const all = ['crt-list', ...words];
  const line = new Line(
    source,
    all,
    all.map(() => 1),
    draft.diagnostics,
  );
  if (typeof parts === 'string') return refuse(line, parts);
  const bind = freshBind(line.place(-1), []);
  // Only what is written: the rest comes from the bind line.
  bind.ssl = {} as BindSslModel;
  const options = readOptions(line, { bind, draft, known });
  if (options === null) return [];
  const path = underBase(draft.global.ssl.crtBase, parts.certificate);
  const { names, error } = findCertificates(draft, path, options);
  if (error !== '') return refuse(line, error);
  const ssl = Object.keys(bind.ssl).length === 0 ? null : bind.ssl;
  return names.map((certificate, index) => ({
    certificate,
    filters: parts.filters,
    ssl,
    options: parts.options,
    line: source.number + index,
  }));
}

function refuse(line: Line, message: string): [] {
  line.alert(-1, message);
  return [];
}

interface Parts {
  readonly certificate: string;
  readonly options: readonly string[];
  readonly filters: readonly string[];
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** What stands before, between and behind the brackets; a string says what is wrong. */
export function splitListLine(text: string): Parts | string {
  const open = text.indexOf('[');
  const close = text.indexOf(']');
  if (text.includes('[', open + 1) && open >= 0) return "too many '['";
  if (text.includes(']', close + 1) && close >= 0) return "too many ']'";
  if (close >= 0 && (open < 0 || close < open)) return "missing '['";
  if (open >= 0 && close < 0) return "missing ']'";
  const [certificate, ...before] = wordsOf(open < 0 ? text : text.slice(0, open));
  if (certificate === undefined) return 'file must start with a cert';
  if (open < 0) return { certificate, options: [], filters: before };
  if (before.length > 0) return "filters can't be between filename and options";
  const options = wordsOf(text.slice(open + 1, close));
  return { certificate, options, filters: wordsOf(text.slice(close + 1)) };
}

interface Target {
  readonly bind: ReturnType<typeof freshBind>;
  readonly draft: Draft;
  readonly known: CrtListRows;
}

/** Writes the TLS words to the bind line; answers those about files, null: one was wrong. */
function readOptions(line: Line, { bind, draft, known }: Target): CertificateWords | null {
  let words: CertificateWords = noWords;
  for (let index = 0; index < line.count; ) {
    const word = line.arg(index);
    const row = crtListWords.has(word) ? known.rows.get(word) : undefined;
    if (row !== undefined) {
      if (index + row.takes >= line.count) {
        line.alert(index, `ssl args out of '[]' for ${word}`);
        return null;
      }
      row.parse({ line, index }, bind, draft);
      index += 1 + row.takes;
    } else if (crtListWords.has(word) && known.later.includes(word)) {
      line.notSupported(index, word);
      return null;
    } else {
      const next = readCertificateWord({ line, index }, words);
      if (next === null) return null;
      words = { ...next, from: 'list' };
      index += 2;
    }
    if (line.failed) return null;
  }
  return words;
}
