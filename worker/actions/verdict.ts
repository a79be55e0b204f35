// Actions that decide: let pass, refuse, answer, close. What a verdict does to the connection, the
// counters and the termination state is the engine's business. Built by compile/rules.ts.

import { errorReply, resolvedReply } from '../stream/error-reply.ts';
import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import {
  verdictClose,
  verdictDeny,
  verdictDone,
  verdictNext,
  verdictStop,
  verdictTarpit,
} from '../keyword.ts';
import type { ReplyPlan } from '../program.ts';
import type { Stream } from '../stream/stream.ts';
import { headerName, proxyHeader } from '../http/message.ts';
import { countedErrors, countTracked } from '../tables/tracking.ts';
import { isDone, takeChoice, takeWord } from './arguments.ts';

function stop(): number {
  return verdictStop;
}

function close(): number {
  return verdictClose;
}

function answerWith(reply: ReplyPlan, verdict: number): Act {
  if (!reply.fromProxy) {
    return (stream) => {
      stream.reply = reply;
      return verdict;
    };
  }
  return (stream) => {
    stream.reply = resolvedReply(stream, reply);
    return verdict;
  };
}

/**
 * `deny`, `tarpit`: without arguments, or with a status only, the proxy's own error page answers.
 */
function buildDeny(words: WordCursor, scope: Scope): Act | null {
  const reply = takeDenyReply(words, scope, scope.ruleSet === 'http-request' ? 403 : 502);
  return reply === null ? null : answerWith(reply, verdictDeny);
}

function buildTarpit(words: WordCursor, scope: Scope): Act | null {
  const reply = takeDenyReply(words, scope, 500);
  return reply === null ? null : answerWith(reply, verdictTarpit);
}

function takeDenyReply(words: WordCursor, scope: Scope, status: number): ReplyPlan | null {
  if (isDone(words)) return scope.reply(rewritten(words, ['default-errorfiles']), status);
  if (words.peek() !== 'deny_status') return scope.reply(words, status);
  words.next();
  const code = takeWord(words, scope, 'a status');
  if (code === null) return null;
  const start = ['status', code];
  if (isDone(words)) return scope.reply(rewritten(words, [...start, 'default-errorfiles']), status);
  return readOn(words, start, scope, status);
}

/** Reads a reply whose first words are `start` and which goes on with the words that follow. */
function readOn(
  words: WordCursor,
  start: readonly string[],
  scope: Scope,
  status: number,
): ReplyPlan | null {
  const replaced = rewritten(words, [...start, ...words.words.slice(words.index)]);
  const reply = scope.reply(replaced, status);
  words.index += replaced.index - start.length;
  return reply;
}

/** A cursor over `texts` that reports mistakes where `words` stands. */
function rewritten(words: WordCursor, texts: readonly string[]): WordCursor {
  return {
    words: texts,
    place: words.place,
    index: 0,
    parenthesis: '',
    peek() {
      return this.words[this.index] ?? '';
    },
    next() {
      return this.words[this.index++] ?? '';
    },
    atEnd() {
      return this.index >= this.words.length;
    },
    here() {
      return words.here();
    },
  };
}

function buildReturn(words: WordCursor, scope: Scope): Act | null {
  const reply = scope.reply(words, 200);
  return reply === null ? null : answerWith(reply, verdictDone);
}

const challenge = headerName('www-authenticate');
const proxyChallenge = headerName('proxy-authenticate');

/**
 * `auth [realm R]`: the page of 401, or of 407 to a client that speaks to a proxy, with a
 * challenge.
 */
function buildAuth(words: WordCursor, scope: Scope): Act | null {
  let realm = scope.proxy?.name ?? '';
  if (words.peek() === 'realm') {
    words.next();
    const given = takeWord(words, scope, 'a realm');
    if (given === null) return null;
    realm = given;
  }
  const text = `Basic realm="${realm}"`;
  const made = new Map<ReplyPlan, ReplyPlan>();
  return (stream) => {
    const status = isProxyRequest(stream) ? 407 : 401;
    const page = errorReply(stream, status);
    let reply = made.get(page);
    if (reply === undefined) {
      reply = withChallenge(page, status, text);
      made.set(page, reply);
    }
    stream.reply = reply;
    // An answer of the proxy, not a refusal (log: LR, no dreq); but who guesses is counted.
    countTracked(stream, countedErrors);
    return verdictDone;
  };
}

function withChallenge(page: ReplyPlan, status: number, text: string): ReplyPlan {
  const name = status === 407 ? proxyChallenge : challenge;
  const others = page.headers.filter((header) => header.name.text !== name.text);
  return { ...page, headers: [...others, { name, value: () => text }] };
}

function isProxyRequest(stream: Stream): boolean {
  return (stream.request.flags & proxyHeader) !== 0;
}

function buildStrictMode(words: WordCursor, scope: Scope): Act | null {
  const mode = takeChoice(words, scope, ['on', 'off']);
  if (mode === null) return null;
  const soft = mode === 'off';
  return (stream) => {
    stream.softRewrites = soft;
    return verdictNext;
  };
}

const tcpSets = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'tcp-response content',
] as const;

export const verdict = [
  {
    name: 'accept',
    sets: tcpSets,
    help: 'Ends the rule set, the connection or exchange goes on',
    example: 'accept',
    build: () => stop,
  },
  {
    name: 'allow',
    sets: ['http-request', 'http-response', 'http-after-response'],
    help: 'Ends the rule set, the message goes on',
    example: 'allow',
    build: () => stop,
  },
  {
    name: 'reject',
    sets: [...tcpSets, 'http-request'],
    help: 'Closes the connection without an answer',
    example: 'reject',
    build: () => close,
  },
  {
    name: 'close',
    sets: ['tcp-response content'],
    help: 'Closes the connection to the server',
    example: 'close',
    build: () => close,
  },
  {
    name: 'deny',
    sets: ['http-request', 'http-response'],
    help: 'Refuses the request or the response with an error page',
    example: 'deny deny_status 429',
    build: buildDeny,
  },
  {
    name: 'tarpit',
    sets: ['http-request'],
    help: 'Holds the client for timeout tarpit, then refuses the request',
    example: 'tarpit deny_status 500',
    build: buildTarpit,
  },
  {
    name: 'return',
    sets: ['http-request', 'http-response'],
    help: 'Answers with a response of its own',
    example: 'return status 200 content-type text/plain string ok',
    build: buildReturn,
  },
  {
    name: 'auth',
    sets: ['http-request'],
    help: 'Asks the client for a user name and a password',
    example: 'auth realm Staff',
    build: buildAuth,
  },
  {
    name: 'strict-mode',
    sets: ['http-request', 'http-response', 'http-after-response'],
    help: 'Says whether a rewrite that fails is an error, for the rules that follow',
    example: 'strict-mode off',
    build: buildStrictMode,
  },
] satisfies readonly ActionDef[];
