// Pattern files (manual 7.1, 2.7): one pattern per line for lists, key and value for maps. The
// loader has read the files; this turns their content into a PatternReference, once per name.

import { PatternReference } from './pattern-reference.ts';
import { SharedList } from './shared-list.ts';
import { listName, type PatternRegistry } from './pattern-registry.ts';

/** Called with every pattern of a file; `value` is null in a list. */
type TakePattern = (text: string, value: string | null, line: number) => void;

const cut = /[\r\0].*$/s;

/** Calls `take` with every line that is no comment, without what follows a CR or NUL in it. */
function readLines(content: string, take: (line: string, number: number) => void): void {
  const isCut = content.includes('\r') || content.includes('\0');
  let number = 0;
  for (let from = 0; from < content.length; ) {
    const found = content.indexOf('\n', from);
    const end = found < 0 ? content.length : found;
    number++;
    const line = content[from] === '#' ? '' : content.slice(from, end);
    if (line !== '') take(isCut ? line.replace(cut, '') : line, number);
    from = end + 1;
  }
}

const beforeList = /^[ \t]+/;

/** One pattern per line: leading blanks dropped, inner and trailing ones kept. */
export function parseListFile(content: string, take: TakePattern): void {
  readLines(content, (line, number) => {
    const text = line.replace(beforeList, '');
    if (text !== '') take(text, null, number);
  });
}

const mapLine = /^[ \t]*([^ \t]+)[ \t]*(.*?)[ \t]*$/;

/** Different values kept once each: maps have few, such as the names of backends. */
const sharedValuesMax = 4096;

/** A key without blanks, then blanks, then the value up to the end of the line. */
export function parseMapFile(content: string, take: TakePattern): void {
  const values = new Map<string, string>();
  readLines(content, (line, number) => {
    const found = mapLine.exec(line);
    if (found === null) return;
    let value = values.get(found[2]);
    if (value === undefined) {
      value = found[2];
      if (values.size < sharedValuesMax) values.set(value, value);
    }
    take(found[1], value, number);
  });
}

/** How a list is named: `opt@` may be missing, `virt@` has no file, `file@` is the default. */
export interface PatternName {
  /** As commands and other users know it. */
  readonly name: string;
  /** '' for a list without file. */
  readonly path: string;
  readonly optional: boolean;
}

/** What a name in the configuration says of its list. */
export function parsePatternName(word: string): PatternName {
  const name = listName(word);
  if (/^virt@./.test(word)) return { name, path: '', optional: true };
  return { name, path: name, optional: /^opt@./.test(word) };
}

/** What opening a list needs from the compiler. */
export interface PatternSource {
  readonly registry: PatternRegistry;
  /** Memory of a large file that threads share, null: `content` has it. */
  shared(path: string): SharedArrayBuffer | null;
  /** Content of a file; null with an alert, unless it is optional. */
  content(path: string, optional: boolean): string | null;
  /** `at file 'x' line 3`. */
  readonly user: string;
}

/** Who opens a list: an acl, an acl over the keys of a map (-M), or a map converter. */
export interface PatternUser {
  readonly as: 'acl' | 'map';
  readonly isMap: boolean;
}

/** The list called `word`, loaded when it is new. A message when it cannot be used. */
export function openPatterns(
  word: string,
  { as, isMap }: PatternUser,
  source: PatternSource,
): PatternReference | string {
  const { name, path, optional } = parsePatternName(word);
  const user = `by ${as} ${source.user}`;
  const known = source.registry.named(name);
  if (known !== null) {
    if (known.isMap !== isMap) {
      const [had, wants] = isMap ? ['one', 'two'] : ['two', 'one'];
      const already = `the file "${name}" is already used as ${had} column file`;
      return `${already} and cannot be used as ${wants} column file`;
    }
    known.display += `, ${user}`;
    markUser(known, as);
    return known;
  }
  const display = `pattern loaded from file '${word}' used ${user}`;
  const shared = path === '' ? null : source.shared(path);
  const list = shared === null ? null : new SharedList(shared, isMap);
  const reference = new PatternReference(name, isMap, display, list);
  if (list === null) {
    const content = path === '' ? '' : source.content(path, optional);
    if (content === null && !optional) return `failed to open pattern file <${path}>`;
    const parse = isMap ? parseMapFile : parseListFile;
    parse(content ?? '', (text, value, line) => reference.add(text, value, line));
  }
  markUser(reference, as);
  source.registry.add(reference);
  return reference;
}

function markUser(reference: PatternReference, as: PatternUser['as']): void {
  if (as === 'acl') reference.usedByAcl = true;
  else reference.usedByMap = true;
}
