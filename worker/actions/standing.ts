// Actions on the standing of a stream: its log level, its place in the queue and among other
// streams, and how often it may try again. They change fields that the engine or the log reads
// later; none of them ends a rule set. Built by compile/rules.ts.

import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import { integerBetween, takeChoice, takeIntegerExpression } from './arguments.ts';
import { takeNumber, takeWord } from './arguments.ts';

const contentSets = ['tcp-request content', 'tcp-response content'] as const;
const httpSets = ['http-request', 'http-response'] as const;

const levels = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug', 'silent'];

function buildSetLogLevel(words: WordCursor, scope: Scope): Act | null {
  const word = takeChoice(words, scope, levels);
  if (word === null) return null;
  const level = levels.indexOf(word);
  return (stream) => {
    stream.logLevel = level;
    return verdictNext;
  };
}

/** Actions that store one bounded integer, constant or found per stream, in the stream. */
type StoreInteger = (stream: Stream, value: number) => void;

function bounded(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

function buildPriority(
  limit: number,
  store: StoreInteger,
): (words: WordCursor, scope: Scope) => Act | null {
  return (words, scope) => {
    const text = takeWord(words, scope, 'an expression that gives a priority');
    if (text === null) return null;
    words.index--;
    const source = takeIntegerExpression(words, scope);
    if (source === null) return null;
    return (stream) => {
      const value = source.read(stream);
      if (!Number.isNaN(value)) store(stream, bounded(value, limit));
      return verdictNext;
    };
  };
}

function buildSetNice(words: WordCursor, scope: Scope): Act | null {
  const place = words.here();
  const word = takeWord(words, scope, 'a nice value');
  if (word === null) return null;
  if (!/^-?[0-9]+$/.test(word)) {
    scope.alertAt(place, `'${word}' is not an integer`);
    return null;
  }
  const nice = bounded(Number(word), 1024);
  return (stream) => {
    stream.nice = nice;
    return verdictNext;
  };
}

function buildSetRetries(words: WordCursor, scope: Scope): Act | null {
  if (scope.proxy !== null && scope.proxy.kind === 'frontend') {
    scope.alert("'set-retries' needs a proxy with backend capability");
    return null;
  }
  const source = takeNumber(words, scope, 'a number of retries', integerBetween(0, 100));
  if (source === null) return null;
  return (stream) => {
    const value = source.read(stream);
    if (value >= 0 && value <= 100) stream.retryMax = value;
    return verdictNext;
  };
}

function buildDisableRetry(): Act {
  return (stream) => {
    stream.retriesConnectOnly = true;
    return verdictNext;
  };
}

export const standing = [
  {
    name: 'set-priority-class',
    sets: ['tcp-request content', 'http-request'],
    help: 'Sets the class that orders queued requests; lower goes first',
    example: 'set-priority-class int(-5)',
    build: buildPriority(2047, (stream, value) => {
      stream.priorityClass = value;
    }),
  },
  {
    name: 'set-priority-offset',
    sets: ['tcp-request content', 'http-request'],
    help: 'Moves the request within its queue class, by milliseconds',
    example: 'set-priority-offset int(100)',
    build: buildPriority(524287, (stream, value) => {
      stream.priorityOffset = value;
    }),
  },
  {
    name: 'set-log-level',
    sets: [...contentSets, ...httpSets, 'http-after-response'],
    help: 'Sets the level the stream is logged with, silent for none',
    example: 'set-log-level silent',
    build: buildSetLogLevel,
  },
  {
    name: 'set-nice',
    sets: [...contentSets, ...httpSets],
    help: 'Sets the nice factor of the stream, -1024 to 1024',
    example: 'set-nice 10',
    build: buildSetNice,
  },
  {
    name: 'set-retries',
    sets: ['tcp-request content', 'http-request'],
    help: 'Sets how often a failed connection is retried for this stream',
    example: 'set-retries 3',
    build: buildSetRetries,
  },
  {
    name: 'disable-l7-retry',
    sets: ['http-request'],
    help: 'Lets only failed connections be retried',
    example: 'disable-l7-retry',
    build: buildDisableRetry,
  },
] satisfies readonly ActionDef[];
