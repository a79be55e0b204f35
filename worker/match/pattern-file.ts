// Pattern files (manual 7.1, 2.7): one pattern per line for lists, key and value for maps. The loader
// has read the files; this turns their content into a PatternReference, once per name.

import { PatternReference, type PatternRegistry } from './pattern-set.ts';

export interface PatternLine {
  readonly line: number;
  readonly text: string;
  readonly value: string | null;
}

/** One pattern per line: leading blanks dropped, inner and trailing ones kept, `#` lines ignored. */
export function parseListFile(content: string): PatternLine[] {
  const lines: PatternLine[] = [];
  for (const [index, raw] of content.split('\n').entries()) {
    if (raw.startsWith('#')) continue;
    const text = raw.replace(/^[ \t]+/, '').replace(/[\r\0].*$/s, '');
    if (text !== '') lines.push({ line: index + 1, text, value: null });
  }
  return lines;
}

/** A key without blanks, then blanks, then the value up to the end of the line. */
export function parseMapFile(content: string): PatternLine[] {
  const lines: PatternLine[] = [];
  for (const [index, raw] of content.split('\n').entries()) {
    if (raw.startsWith('#')) continue;
    const line = raw.replace(/[\r\0].*$/s, '');
    const found = /^[ \t]*([^ \t]+)[ \t]*(.*?)[ \t]*$/.exec(line);
    if (found === null) continue;
    lines.push({ line: index + 1, text: found[1], value: found[2] });
  }
  return lines;
}

/** How a list is named: `opt@` may be missing, `virt@` has no file, `file@` is the default. */
export interface PatternName {
  /** As commands and other users know it. */
  readonly name: string;
  /** '' for a list without file. */
  readonly path: string;
  readonly optional: boolean;
}

export function parsePatternName(word: string): PatternName {
  if (word.startsWith('virt@')) return { name: word, path: '', optional: true };
  if (word.startsWith('opt@')) return { name: word, path: word.slice(4), optional: true };
  if (word.startsWith('file@'))
    return { name: word.slice(5), path: word.slice(5), optional: false };
  return { name: word, path: word, optional: false };
}

/** What opening a list needs from the compiler. */
export interface PatternSource {
  readonly registry: PatternRegistry;
  /** Content of a file; null with an alert, unless it is optional. */
  content(path: string, optional: boolean): string | null;
  /** `by acl at file 'x' line 3`. */
  readonly user: string;
}

/** The list called `word`, loaded when it is new. A message when it cannot be used. */
export function openPatterns(
  word: string,
  isMap: boolean,
  source: PatternSource,
): PatternReference | string {
  const { name, path, optional } = parsePatternName(word);
  const known = source.registry.named(name);
  if (known !== null) {
    if (known.isMap !== isMap) {
      const [had, wants] = isMap ? ['one', 'two'] : ['two', 'one'];
      return `the file "${name}" is already used as ${had} column file and cannot be used as ${wants} column file`;
    }
    known.display += `, ${source.user}`;
    return known;
  }
  const content = path === '' ? '' : source.content(path, optional);
  if (content === null && !optional) return `failed to open pattern file <${path}>`;
  const reference = new PatternReference(
    name,
    isMap,
    `pattern loaded from file '${name}' used ${source.user}`,
  );
  const parse = isMap ? parseMapFile : parseListFile;
  for (const found of parse(content ?? '')) reference.add(found.text, found.value, found.line);
  source.registry.add(reference);
  return reference;
}
