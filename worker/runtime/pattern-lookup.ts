// What `get acl` and `get map` say: one line per way a list is used, with what matches. Control
// thread.

import type { PatternEntry } from '../match/pattern.ts';
import type { PatternReference } from '../match/pattern-reference.ts';
import type { PatternSet } from '../match/pattern-set.ts';
import { castSample } from '../sample/cast.ts';
import { Sample } from '../sample/sample.ts';

/** `isMap`: asked as a map, in that command's words. */
export function matchLines(reference: PatternReference, text: string, isMap: boolean): string {
  return reference.sets.map((set) => `${matchLine(set, text, isMap)}\n`).join('');
}

function matchLine(set: PatternSet, text: string, isMap: boolean): string {
  const { method, options } = set;
  const sample = new Sample();
  sample.setText(text);
  const isCast = method.takes < 0 || castSample(sample, method.takes);
  const matches = isCast && set.test(sample);
  const entry = matches ? set.find(sample) : null;
  const words = [
    `type=${method.name}`,
    `case=${options.ignoreCase ? 'insensitive' : 'sensitive'}`,
    `${isMap ? 'found' : 'match'}=${matches ? 'yes' : 'no'}`,
  ];
  if (matches) words.push(...matched(set, entry, isMap));
  return words.join(', ');
}

function matched(set: PatternSet, entry: PatternEntry | null, isMap: boolean): string[] {
  const { method, options, values } = set;
  const isTree = entry !== null && method.isTree?.(entry, options) === true;
  const pattern = entry === null ? 'unknown' : `"${entry.text}"`;
  const words = [`idx=${isTree ? 'tree' : 'list'}`, `${isMap ? 'key' : 'pattern'}=${pattern}`];
  if (!isMap) return words;
  const type = entry?.value == null ? '' : values.typeOf(entry.value);
  words.push(type === '' ? 'value=none' : `value="${entry?.value}", type="${type}"`);
  return words;
}
