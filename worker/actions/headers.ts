// Actions that edit header fields, of the request or of the response as their rule set says.
// One row per word; the message is chosen when the rule is built. Built by compile/rules.ts.

import type { RuleSet } from '../../shared/config/model.ts';
import { type HeaderName, headerWords, type Message } from '../http/message.ts';
import type { Act, ActionDef, FormatText, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import { takeChoice, takeFormat, takeWord } from './arguments.ts';
import { takeHeaderName } from './header-name.ts';
import type { Regex } from '../match/regex-guard.ts';
import { buildRegExp, fillReferences } from './regex.ts';
import { addHeader, replaceHeader, rewriteFailed } from './rewrite.ts';

const httpSets = ['http-request', 'http-response', 'http-after-response'] as const;

/** True when rules of this set edit the request. */
export function isRequestSet(ruleSet: RuleSet | ''): boolean {
  return ruleSet === 'http-request';
}

interface NameAndFormat {
  readonly name: HeaderName;
  readonly value: FormatText;
}

function takeNameAndFormat(words: WordCursor, scope: Scope): NameAndFormat | null {
  const name = takeHeaderName(words, scope);
  if (name === null) return null;
  const value = takeFormat(words, scope, 'a header value');
  return value === null ? null : { name, value };
}

function buildAdd(words: WordCursor, scope: Scope): Act | null {
  const found = takeNameAndFormat(words, scope);
  if (found === null) return null;
  const { name, value } = found;
  const isRequest = isRequestSet(scope.ruleSet);
  return (stream) => {
    if (addHeader(stream, name, value(stream), isRequest)) return verdictNext;
    return rewriteFailed(stream);
  };
}

function buildSet(words: WordCursor, scope: Scope): Act | null {
  const found = takeNameAndFormat(words, scope);
  if (found === null) return null;
  const { name, value } = found;
  const isRequest = isRequestSet(scope.ruleSet);
  return (stream) => {
    const message = isRequest ? stream.request : stream.response;
    const text = value(stream);
    message.removeAll(name);
    return addHeader(stream, name, text, isRequest) ? verdictNext : rewriteFailed(stream);
  };
}

/** Tells whether a header name, in lower case, is meant. */
type MatchName = (name: string) => boolean;

const nameMatches: Readonly<Record<string, (text: string) => MatchName>> = {
  str: (text) => (name) => name === text,
  beg: (text) => (name) => name.startsWith(text),
  end: (text) => (name) => name.endsWith(text),
  sub: (text) => (name) => name.includes(text),
};

function buildDelete(words: WordCursor, scope: Scope): Act | null {
  const text = takeWord(words, scope, 'a header name');
  if (text === null) return null;
  const isRequest = isRequestSet(scope.ruleSet);
  if (words.peek() !== '-m') {
    const name = scope.header(text);
    return (stream) => {
      (isRequest ? stream.request : stream.response).removeAll(name);
      return verdictNext;
    };
  }
  words.next();
  const matches = takeNameMatch(words, scope, text);
  if (matches === null) return null;
  return (stream) => {
    removeMatching(isRequest ? stream.request : stream.response, matches);
    return verdictNext;
  };
}

function takeNameMatch(words: WordCursor, scope: Scope, text: string): MatchName | null {
  const method = takeChoice(words, scope, ['str', 'beg', 'end', 'sub', 'reg']);
  if (method === null) return null;
  if (method !== 'reg') return nameMatches[method](text.toLowerCase());
  const regex = buildRegExp(text, scope, true);
  return regex === null ? null : (name) => regex.test(name);
}

function removeMatching(message: Message, matches: MatchName): void {
  for (let i = 0; i < message.count; i++) {
    const isHere = message.headers[i * headerWords + 1] !== 0;
    if (isHere && matches(message.nameText(i))) message.remove(i);
  }
}

interface ReplaceArguments extends NameAndFormat {
  readonly regex: Regex;
}

function takeReplace(words: WordCursor, scope: Scope): ReplaceArguments | null {
  const name = takeWord(words, scope, 'a header name');
  if (name === null) return null;
  const pattern = takeWord(words, scope, 'a regular expression');
  if (pattern === null) return null;
  const regex = buildRegExp(pattern, scope, false);
  const value = takeFormat(words, scope, 'a replacement');
  return regex === null || value === null ? null : { name: scope.header(name), regex, value };
}

function buildReplaceHeader(words: WordCursor, scope: Scope): Act | null {
  const found = takeReplace(words, scope);
  if (found === null) return null;
  const { name, regex, value } = found;
  const isRequest = isRequestSet(scope.ruleSet);
  return (stream) => {
    const message = isRequest ? stream.request : stream.response;
    let index = message.find(name, 0);
    const text = index < 0 ? '' : value(stream);
    for (; index >= 0; index = message.find(name, index + 1)) {
      const match = regex.exec(message.valueText(index));
      if (match === null) continue;
      const replaced = fillReferences(match, text);
      if (replaced === null || !replaceHeader(stream, index, replaced, isRequest)) {
        return rewriteFailed(stream);
      }
    }
    return verdictNext;
  };
}

function buildReplaceValue(words: WordCursor, scope: Scope): Act | null {
  const found = takeReplace(words, scope);
  if (found === null) return null;
  const { name, regex, value } = found;
  const isRequest = isRequestSet(scope.ruleSet);
  return (stream) => {
    const message = isRequest ? stream.request : stream.response;
    let index = message.find(name, 0);
    const text = index < 0 ? '' : value(stream);
    for (; index >= 0; index = message.find(name, index + 1)) {
      const old = message.valueText(index);
      const replaced = replaceMembers(old, regex, text);
      if (replaced === old) continue;
      if (replaced === null || !replaceHeader(stream, index, replaced, isRequest)) {
        return rewriteFailed(stream);
      }
    }
    return verdictNext;
  };
}

/**
 * Replaces each member of a comma-separated list that `regex` matches; blanks around members stay.
 */
function replaceMembers(list: string, regex: Regex, template: string): string | null {
  let out = '';
  let start = 0;
  while (start <= list.length) {
    const end = memberEnd(list, start);
    let from = start;
    let to = end;
    while (from < to && isBlank(list.charCodeAt(from))) from++;
    while (to > from && isBlank(list.charCodeAt(to - 1))) to--;
    const match = regex.exec(list.slice(from, to));
    const text = match === null ? list.slice(from, to) : fillReferences(match, template);
    if (text === null) return null;
    out += list.slice(start, from) + text + list.slice(to, end);
    if (end < list.length) out += ',';
    start = end + 1;
  }
  return out;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/**
 * Offset of the comma after the member at `start`, or the end; commas between quotes do not count.
 */
function memberEnd(list: string, start: number): number {
  let quoted = false;
  for (let i = start; i < list.length; i++) {
    const code = list.charCodeAt(i);
    if (code === 92 && quoted) i++;
    else if (code === 34) quoted = !quoted;
    else if (code === 44 && !quoted) return i;
  }
  return list.length;
}

export const headers = [
  {
    name: 'add-header',
    sets: httpSets,
    help: 'Appends a header field',
    example: 'add-header X-Forwarded-Proto https',
    build: buildAdd,
  },
  {
    name: 'set-header',
    sets: httpSets,
    help: 'Replaces every header field of a name by one value',
    example: 'set-header X-Server %s',
    build: buildSet,
  },
  {
    name: 'del-header',
    sets: httpSets,
    help: 'Removes header fields by name, -m says how the name is compared',
    example: 'del-header x-internal- -m beg',
    build: buildDelete,
  },
  {
    name: 'replace-header',
    sets: httpSets,
    help: 'Rewrites whole header values that a regular expression matches',
    example: 'replace-header Cookie foo=([^;]*);(.*) foo=\\1;\\2',
    build: buildReplaceHeader,
  },
  {
    name: 'replace-value',
    sets: httpSets,
    help: 'Rewrites the members of comma-separated values that a regular expression matches',
    example: 'replace-value X-Forwarded-For ^192\\.168\\.(.*)$ 172.16.\\1',
    build: buildReplaceValue,
  },
] satisfies readonly ActionDef[];
