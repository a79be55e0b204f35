// Replacement texts of expressions (manual: regsub, replace-header, map_regm): `\0` to `\9` are
// groups, `\xHH` a byte, a backslash before anything else is dropped. Parsed at start where the
// text is constant.

import type { Regex } from './regex-guard.ts';

export interface Replacement {
  /** Texts around the groups: one more than there are groups. */
  readonly texts: readonly string[];
  readonly groups: readonly number[];
}

/** Cuts a template at its groups. Start only where the template is constant. */
export function parseReplacement(template: string): Replacement {
  const texts: string[] = [];
  const groups: number[] = [];
  let text = '';
  for (let i = 0; i < template.length; i++) {
    if (template[i] !== '\\' || i + 1 === template.length) {
      text += template[i];
      continue;
    }
    const next = template[++i];
    const digits = template.slice(i + 1, i + 3);
    if (next >= '0' && next <= '9') {
      texts.push(text);
      groups.push(Number(next));
      text = '';
    } else if (next === 'x' && /^[0-9a-fA-F]{2}$/.test(digits)) {
      text += String.fromCharCode(Number.parseInt(digits, 16));
      i += 2;
    } else text += next;
  }
  texts.push(text);
  return { texts, groups };
}

/** The replacement with its groups filled from `match`; a group that took no part is empty. */
export function fillReplacement(replacement: Replacement, match: RegExpExecArray): string {
  const { texts, groups } = replacement;
  let out = texts[0];
  for (let i = 0; i < groups.length; i++) out += (match[groups[i]] ?? '') + texts[i + 1];
  return out;
}

/** Replaces the first match, or every match of an expression with flag g. Proxy thread. */
export function replaceMatches(text: string, regex: Regex, replacement: Replacement): string {
  let out = '';
  let from = 0;
  regex.lastIndex = 0;
  for (let match = regex.exec(text); match !== null; match = regex.exec(text)) {
    out += text.slice(from, match.index) + fillReplacement(replacement, match);
    from = match.index + match[0].length;
    if (!regex.global) break;
    if (match[0] === '') regex.lastIndex++;
    if (regex.lastIndex > text.length) break;
  }
  return out + text.slice(from);
}
