// The redirect action and the `redirect` line: one grammar, formats in the action, constants in the
// line (manual 4.2, redirect). Built by compile/rules.ts. The answer is made per stream: its
// Location differs.

import { headerName, type Message } from '../http/message.ts';
import { reasonText } from '../http/syntax-reason.ts';
import type { Act, ActionDef, FormatText, Scope, WordCursor } from '../keyword.ts';
import { verdictDone, verdictNext } from '../keyword.ts';
import type { ReplyPlan } from '../program.ts';
import type { Stream } from '../stream/stream.ts';
import { isDone, takeWord } from './arguments.ts';
import { hostHeader, isFieldValue, pathStart, rewriteFailed } from './rewrite.ts';

type Kind = 'location' | 'prefix' | 'scheme';

/** What the words said; filled word by word. */
interface Draft {
  kind: Kind | '';
  destination: string;
  code: number;
  /** Text of the cookie to set, with its attributes; `cookieIsFormat`: a log-format string. */
  cookie: string;
  cookieIsFormat: boolean;
  readonly flags: Set<string>;
}

/** A word and how its argument is stored; null: a flag without argument. */
type Store = ((draft: Draft, argument: string) => void) | null;

function destination(kind: Kind): Store {
  return (draft, argument) => {
    draft.kind = kind;
    draft.destination = argument;
  };
}

function cookie(attributes: string, isFormat: boolean): Store {
  return (draft, argument) => {
    draft.cookie = argument + attributes;
    draft.cookieIsFormat = isFormat;
  };
}

const storeByWord: ReadonlyMap<string, Store> = new Map<string, Store>([
  ['location', destination('location')],
  ['prefix', destination('prefix')],
  ['scheme', destination('scheme')],
  [
    'code',
    (draft, argument) => {
      draft.code = Number(argument);
    },
  ],
  ['set-cookie', cookie('; path=/;', false)],
  ['set-cookie-fmt', cookie('; path=/;', true)],
  ['clear-cookie', cookie('; path=/; Max-Age=0;', false)],
  ['drop-query', null],
  ['keep-query', null],
  ['append-slash', null],
  ['ignore-empty', null],
]);

const codes = [301, 302, 303, 307, 308];

function takeDraft(words: WordCursor, scope: Scope): Draft | null {
  const draft: Draft = {
    kind: '',
    destination: '',
    code: 302,
    cookie: '',
    cookieIsFormat: false,
    flags: new Set(),
  };
  while (!isDone(words)) {
    if (!isWordTaken(words, scope, draft)) return null;
  }
  if (draft.kind === '') {
    scope.alertAt(words.here(), "a redirect needs 'location', 'prefix' or 'scheme'");
    return null;
  }
  return draft;
}

function isWordTaken(words: WordCursor, scope: Scope, draft: Draft): boolean {
  const place = words.here();
  const word = words.next();
  const store = storeByWord.get(word);
  if (store === undefined) {
    const known = [...storeByWord.keys()].map((one) => `'${one}'`).join(', ');
    scope.alertAt(place, `unexpected word '${word}' in a redirect`, `known: ${known}`);
    return false;
  }
  if (store === null) {
    draft.flags.add(word);
    return true;
  }
  const argument = takeWord(words, scope, `the argument of '${word}'`);
  if (argument === null) return false;
  store(draft, argument);
  if (codes.includes(draft.code)) return true;
  scope.alertAt(place, `'${argument}' is not a redirect: 301, 302, 303, 307 or 308 is expected`);
  return false;
}

/** Makes the Location; null: skip the rule (ignore-empty). */
type MakeLocation = (stream: Stream) => string | null;

function constant(text: string): FormatText {
  return () => text;
}

/** `isFormat`: destinations are log-format strings (the action), else constants (the line). */
export function buildRedirect(words: WordCursor, scope: Scope, isFormat: boolean): Act | null {
  const place = words.here();
  const draft = takeDraft(words, scope);
  if (draft === null) return null;
  if (scope.ruleSet === 'http-response' && draft.kind !== 'location') {
    scope.alertAt(place, "a response can be redirected by 'location' only");
    return null;
  }
  const asText = (text: string, isOne: boolean) => (isOne ? scope.logFormat(text) : constant(text));
  // A prefix of exactly `/` stands for no prefix at all.
  const isSelf = draft.kind === 'prefix' && draft.destination === '/';
  const target = isSelf ? constant('') : asText(draft.destination, isFormat);
  const cookieText = asText(draft.cookie, draft.cookieIsFormat);
  if (target === null || cookieText === null) return null;
  const makeLocation = locations[draft.kind as Kind](target, draft.flags);
  return answer(draft.code, makeLocation, draft.cookie === '' ? null : cookieText);
}

const locations: Readonly<
  Record<Kind, (text: FormatText, flags: ReadonlySet<string>) => MakeLocation>
> = {
  location: (text, flags) => {
    const skipsEmpty = flags.has('ignore-empty');
    const keepsQuery = flags.has('keep-query');
    return (stream) => {
      const location = text(stream);
      if (skipsEmpty && location === '') return null;
      return keepsQuery ? withQuery(location, queryOf(stream.request)) : location;
    };
  },
  prefix: (text, flags) => {
    const path = pathReader(flags);
    const slash = flags.has('append-slash');
    return (stream) => slashed(text(stream) + path(stream.request), slash);
  },
  scheme: (text, flags) => {
    const path = pathReader(flags);
    const slash = flags.has('append-slash');
    return (stream) => {
      const index = stream.request.find(hostHeader, 0);
      const host = index < 0 ? '' : stream.request.valueText(index);
      return slashed(`${text(stream)}://${host}${path(stream.request)}`, slash);
    };
  },
};

function slashed(location: string, isWanted: boolean): string {
  return isWanted && location !== '' && !location.endsWith('/') ? `${location}/` : location;
}

function pathReader(flags: ReadonlySet<string>): (request: Message) => string {
  return flags.has('drop-query') ? pathOf : pathAndQueryOf;
}

function pathAndQueryOf(request: Message): string {
  const start = pathStart(request);
  return start < 0 ? '/' : request.target().slice(start);
}

function pathOf(request: Message): string {
  const path = pathAndQueryOf(request);
  const mark = path.indexOf('?');
  return mark < 0 ? path : path.slice(0, mark);
}

function queryOf(request: Message): string {
  const path = pathAndQueryOf(request);
  const mark = path.indexOf('?');
  return mark < 0 ? '' : path.slice(mark + 1);
}

function withQuery(location: string, query: string): string {
  if (query === '') return location;
  const mark = location.indexOf('?');
  if (mark < 0) return `${location}?${query}`;
  return mark === location.length - 1 ? location + query : `${location}&${query}`;
}

const locationHeader = headerName('location');
const cacheControl = headerName('cache-control');
const setCookie = headerName('set-cookie');
const noCache = { name: cacheControl, value: constant('no-cache') };

function answer(code: number, location: MakeLocation, cookieText: FormatText | null): Act {
  const common = code === 302 || code === 303 || code === 307 ? [noCache] : [];
  const fixed = cookieText === null ? common : [...common, { name: setCookie, value: cookieText }];
  const reason = reasonText(code);
  return (stream) => {
    const text = location(stream);
    if (text === null) return verdictNext;
    if (!isFieldValue(text)) return rewriteFailed(stream);
    stream.reply = redirection(code, reason, text, fixed);
    return verdictDone;
  };
}

function redirection(
  status: number,
  reason: string,
  location: string,
  fixed: ReplyPlan['headers'],
): ReplyPlan {
  return {
    status,
    reason,
    headers: [{ name: locationHeader, value: constant(location) }].concat(fixed),
    body: null,
    contentType: '',
    silent: false,
    closes: false,
    fromProxy: false,
  };
}

export const redirect = [
  {
    name: 'redirect',
    sets: ['http-request', 'http-response'],
    help: 'Answers with a redirection',
    example: 'redirect location /moved code 301',
    build: (words, scope) => buildRedirect(words, scope, true),
  },
] satisfies readonly ActionDef[];
