// Actions that edit the start line: method, target and its parts, status. The parts of a target are
// those of RFC 9112 3.2; the path starts after scheme and authority. Built by compile/rules.ts.

import type { Message } from '../http/message.ts';
import type { Act, ActionDef, FormatText, Scope, WordCursor } from '../keyword.ts';
import { verdictDeny, verdictNext } from '../keyword.ts';
import { type UriNormalizer, uriNormalizers } from '../http/uri.ts';
import { errorReply } from '../stream/error-reply.ts';
import type { Stream } from '../stream/stream.ts';
import { reasonText } from '../http/syntax-reason.ts';
import { integerBetween, takeChoice, takeFormat, takeWord } from './arguments.ts';
import type { Regex } from '../match/regex-guard.ts';
import { buildRegExp, fillReferences } from './regex.ts';
import { authorityOf, hasRoom, hostHeader, isFieldValue, isLineWord } from './rewrite.ts';
import { pathStart, rewriteFailed } from './rewrite.ts';

/** Puts `text` into the request; false: no room, or the request line would fall apart. */
type Edit = (message: Message, text: string) => boolean;

/** The same when the buffer has room for a text that long. */
function edited(stream: Stream, edit: Edit, text: string): boolean {
  return (
    hasRoom(stream, true, text.length - stream.request.targetLength) && edit(stream.request, text)
  );
}

function setTarget(message: Message, target: string): boolean {
  return isLineWord(target) && target !== '' && message.setTarget(target);
}

/** The path without its query; a target that has none (`*`) is replaced whole. */
function setPath(message: Message, path: string): boolean {
  const target = message.target();
  const start = pathStart(message);
  const query = target.indexOf('?', Math.max(start, 0));
  const end = query < 0 ? target.length : query;
  return setTarget(message, target.slice(0, Math.max(start, 0)) + path + target.slice(end));
}

function setPathAndQuery(message: Message, path: string): boolean {
  const start = Math.max(pathStart(message), 0);
  return setTarget(message, message.target().slice(0, start) + path);
}

/** A question mark is added for a value that is not empty, and never taken away. */
function setQuery(message: Message, query: string): boolean {
  const target = message.target();
  const mark = target.indexOf('?');
  if (mark >= 0) return setTarget(message, target.slice(0, mark + 1) + query);
  return query === '' || setTarget(message, `${target}?${query}`);
}

/** The whole target; an authority in it becomes the value of every Host field. */
function setUri(message: Message, target: string): boolean {
  if (!setTarget(message, target)) return false;
  const isPath = target.startsWith('/') || target === '*';
  if (isPath) return true;
  const authority = authorityOf(message);
  if (authority === '') return false;
  for (let i = message.find(hostHeader, 0); i >= 0; i = message.find(hostHeader, i + 1)) {
    if (!message.setValue(i, authority)) return false;
  }
  return true;
}

function setMethod(message: Message, method: string): boolean {
  return method !== '' && isLineWord(method) && message.setMethod(method);
}

function buildSet(edit: Edit): (words: WordCursor, scope: Scope) => Act | null {
  return (words, scope) => {
    const value = takeFormat(words, scope, 'a format');
    if (value === null) return null;
    return (stream) => (edit(stream.request, value(stream)) ? verdictNext : rewriteFailed(stream));
  };
}

/** What a regular expression is matched against. '' : nothing to match. */
type Read = (message: Message) => string;

function pathOf(message: Message): string {
  const path = pathAndQueryOf(message);
  const mark = path.indexOf('?');
  return mark < 0 ? path : path.slice(0, mark);
}

function pathAndQueryOf(message: Message): string {
  const start = pathStart(message);
  return start < 0 ? '' : message.target().slice(start);
}

function buildReplace(read: Read, edit: Edit): (words: WordCursor, scope: Scope) => Act | null {
  return (words, scope) => {
    const pattern = takeWord(words, scope, 'a regular expression');
    if (pattern === null) return null;
    const regex = buildRegExp(pattern, scope, false);
    const format = takeFormat(words, scope, 'a replacement');
    if (regex === null || format === null) return null;
    return (stream) => replaceWith(stream, { regex, format, read, edit });
  };
}

interface Replacing {
  readonly regex: Regex;
  readonly format: FormatText;
  readonly read: Read;
  readonly edit: Edit;
}

function replaceWith(stream: Stream, { regex, format, read, edit }: Replacing): number {
  const text = read(stream.request);
  const match = text === '' ? null : regex.exec(text);
  if (match === null) return verdictNext;
  const replaced = fillReferences(match, format(stream));
  const isDone = replaced !== null && edited(stream, edit, replaced);
  return isDone ? verdictNext : rewriteFailed(stream);
}

function buildSetStatus(words: WordCursor, scope: Scope): Act | null {
  const place = words.here();
  const status = integerBetween(100, 999)(words.next());
  if (Number.isNaN(status)) {
    scope.alertAt(place, 'a status between 100 and 999 is expected');
    return null;
  }
  const given = words.peek() === 'reason' ? takeReason(words, scope) : reasonText(status);
  if (given === null) return null;
  return (stream) => {
    const message = stream.response;
    if (!message.setReason(given)) return rewriteFailed(stream);
    message.status = status;
    stream.status = status;
    return verdictNext;
  };
}

function takeReason(words: WordCursor, scope: Scope): string | null {
  words.next();
  const place = words.here();
  const reason = takeWord(words, scope, 'a reason');
  if (reason === null || isFieldValue(reason)) return reason;
  scope.alertAt(place, 'a reason is one line');
  return null;
}

/** Experimental in the reference: needs `expose-experimental-directives` in global. */
function buildNormalize(words: WordCursor, scope: Scope): Act | null {
  if (!scope.model.global.exposeExperimental) {
    scope.alert("'normalize-uri' needs 'expose-experimental-directives' in the global section");
    return null;
  }
  const name = takeChoice(
    words,
    scope,
    uriNormalizers.map((one) => one.name),
  );
  const normalizer: UriNormalizer | undefined = uriNormalizers.find((one) => one.name === name);
  if (normalizer === undefined) return null;
  const { run, option } = normalizer;
  const withOption = option !== '' && words.peek() === option;
  if (withOption) words.next();
  return (stream) => {
    const target = stream.request.target();
    const normal = run(target, withOption);
    if (normal === target) return verdictNext;
    if (normal !== null) {
      return setTarget(stream.request, normal) ? verdictNext : rewriteFailed(stream);
    }
    stream.reply = errorReply(stream, 400);
    return verdictDeny;
  };
}

const request = ['http-request'] as const;

interface EditRow {
  readonly part: string;
  readonly what: string;
  readonly edit: Edit;
  /** null: only set-, no replace- of it. */
  readonly read: Read | null;
  readonly sample: string;
}

const edits: readonly EditRow[] = [
  { part: 'method', what: 'method', edit: setMethod, read: null, sample: 'POST' },
  { part: 'path', what: 'path', edit: setPath, read: pathOf, sample: '/%[path]' },
  {
    part: 'pathq',
    what: 'path and query',
    edit: setPathAndQuery,
    read: pathAndQueryOf,
    sample: '/app',
  },
  { part: 'query', what: 'query', edit: setQuery, read: null, sample: 'a=1' },
  {
    part: 'uri',
    what: 'whole target',
    edit: setUri,
    read: (message) => message.target(),
    sample: 'http://example.com/',
  },
];

const setters = edits.map(
  (row): ActionDef => ({
    name: `set-${row.part}`,
    sets: request,
    help: `Replaces the ${row.what} of the request`,
    example: `set-${row.part} ${row.sample}`,
    build: buildSet(row.edit),
  }),
);

const replacers = edits.flatMap(({ part, what, edit, read }): readonly ActionDef[] => {
  if (read === null) return [];
  return [
    {
      name: `replace-${part}`,
      sets: request,
      help: `Rewrites the ${what} of the request when a regular expression matches`,
      example: `replace-${part} (.*) /foo\\1`,
      build: buildReplace(read, edit),
    },
  ];
});

export const uri = [
  ...setters,
  ...replacers,
  {
    name: 'normalize-uri',
    sets: request,
    help: 'Brings the target of the request into a normal form',
    example: 'normalize-uri path-strip-dotdot full',
    build: buildNormalize,
  },
  {
    name: 'set-status',
    sets: ['http-response', 'http-after-response'],
    help: 'Replaces the status of the response, and its reason',
    example: 'set-status 503 reason "Slow Down"',
    build: buildSetStatus,
  },
] satisfies readonly ActionDef[];
