// Regular expressions of the rewriting actions: compiled at start, replaced with back-references
// while serving. Syntax is that of worker/match; the replacement text is HAProxy's (\0 to \9,
// \xNN).

import type { Scope } from '../keyword.ts';
import { compileRegex } from '../match/regex.ts';
import type { Regex } from '../match/regex-guard.ts';

/** Parts of a replacement: texts between the references `groups`. */
interface Replacement {
  readonly texts: readonly string[];
  readonly groups: readonly number[];
}

/**
 * Fills `template`'s references from `match`: `\N` is group N, `\xHH` a byte, `\` before anything
 * else is that character. null: the template ends inside a reference, the rewrite fails.
 */
export function fillReferences(match: RegExpExecArray, template: string): string | null {
  if (template.indexOf('\\') < 0) return template;
  const found = parsed(template);
  if (found === null) return null;
  const { texts, groups } = found;
  let out = texts[0];
  for (let i = 0; i < groups.length; i++) out += (match[groups[i]] ?? '') + texts[i + 1];
  return out;
}

// Most templates are constants: the last one parsed is kept.
let lastTemplate = '';
let lastParsed: Replacement | null = { texts: [''], groups: [] };

function parsed(template: string): Replacement | null {
  if (template !== lastTemplate) {
    lastParsed = parseReplacement(template);
    lastTemplate = template;
  }
  return lastParsed;
}

function parseReplacement(template: string): Replacement | null {
  const texts: string[] = [];
  const groups: number[] = [];
  let text = '';
  for (let i = 0; i < template.length; i++) {
    const letter = template[i];
    if (letter !== '\\') {
      text += letter;
      continue;
    }
    const next = template.charAt(++i);
    if (next === '') return null;
    if (next >= '0' && next <= '9') {
      texts.push(text);
      groups.push(Number(next));
      text = '';
    } else if (next === 'x') {
      const digits = template.slice(i + 1, i + 3);
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) return null;
      text += String.fromCharCode(Number.parseInt(digits, 16));
      i += 2;
    } else text += next;
  }
  texts.push(text);
  return { texts, groups };
}

/** Compiles a pattern as the configuration writes it; null with an alert when it cannot be. */
export function buildRegExp(text: string, scope: Scope, ignoreCase: boolean): Regex | null {
  const regex = compileRegex(text, { ignoreCase, captures: true });
  if (typeof regex !== 'string') return regex;
  scope.alert(regex);
  return null;
}
