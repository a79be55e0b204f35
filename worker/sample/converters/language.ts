// The converter `language` (manual 7.3.1): the configured language that an Accept-Language header
// likes best (RFC 9110 12.5.4). Pure; proxy thread.

import type { ArgumentValue, Convert, ConverterDef } from '../../keyword.ts';
import { kindString } from '../sample.ts';

/** Quality of an item without one, in thousandths. */
const qualityMax = 1000;

const parameter = /^\s*;\s*q\s*=\s*([01](?:\.\d{0,3})?)/;

/** Thousandths of what stands behind a language; nothing that can be read counts as 1. */
function qualityOf(rest: string): number {
  const found = parameter.exec(rest);
  return found === null ? qualityMax : Math.min(qualityMax, Math.round(Number(found[1]) * 1000));
}

/** `range` as it came is the language `tag`, or a variant of it. */
const isWithin = (range: string, tag: string): boolean =>
  range === tag || (range.startsWith(tag) && range[tag.length] === '-' && tag !== '');

/** The first of `tags` that `range` names or is a variant of, '': none. */
function matching(range: string, tags: readonly string[]): string {
  for (let i = 0; i < tags.length; i++) if (isWithin(range, tags[i])) return tags[i];
  return '';
}

/** What ends the name of a language. */
const rangeEnd = /[;\s]/;

function preferred(header: string, tags: readonly string[]): string {
  let best = 0;
  let language = '';
  for (let at = 0; at < header.length && best < qualityMax; ) {
    const comma = header.indexOf(',', at);
    const end = comma < 0 ? header.length : comma;
    const item = header.slice(at, end).trimStart();
    at = end + 1;
    const stop = item.search(rangeEnd);
    const range = stop < 0 ? item : item.slice(0, stop);
    const found = matching(range, tags);
    const quality = found === '' ? 0 : qualityOf(item.slice(range.length));
    if (quality <= best) continue;
    best = quality;
    language = found;
  }
  return language;
}

function buildLanguage(args: readonly ArgumentValue[]): Convert {
  const [list, fallback = ''] = args as readonly string[];
  const tags = list.split(';').filter((tag) => tag !== '');
  return (sample) => {
    const language = preferred(sample.text, tags) || fallback;
    return language !== '' && sample.setText(language);
  };
}

export const languages: readonly ConverterDef[] = [
  {
    name: 'language',
    args: [
      { name: 'value', type: 'string' },
      { name: 'default', type: 'string', optional: true },
    ],
    takes: kindString,
    returns: kindString,
    help: 'language of a list that an Accept-Language header prefers',
    example: 'language(es;fr;en,en)',
    build: buildLanguage,
  },
];
