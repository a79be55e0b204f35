// Actions that hold a stream until time or bytes have come. They answer verdictWait and leave in
// `stream.waitUntilMs` when to be asked again at the latest; the engine also asks when payload
// arrives.

import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictLate, verdictNext, verdictWait } from '../keyword.ts';
import { answerExpectation, hasBody, wholeBody } from '../stream/body-wait.ts';
import { sizeNumber, takeNumber, takeWord, timeNumber } from './arguments.ts';
import { isRequestSet } from './headers.ts';

function buildPause(words: WordCursor, scope: Scope): Act | null {
  const source = takeNumber(words, scope, 'a time or an expression', timeNumber);
  if (source === null) return null;
  return (stream) => {
    const { nowMs } = stream.thread.time;
    if (stream.waitUntilMs === 0) {
      const pauseMs = source.read(stream);
      if (!(pauseMs > 0)) return verdictNext;
      stream.waitUntilMs = nowMs + pauseMs;
    }
    stream.isPaused = nowMs < stream.waitUntilMs;
    if (stream.isPaused) return verdictWait;
    stream.waitUntilMs = 0;
    return verdictNext;
  };
}

interface BodyWait {
  timeMs: number;
  atLeastBytes: number;
  usesLarge: boolean;
}

const bodyWords: Readonly<Record<string, (wait: BodyWait, text: string) => boolean>> = {
  time: (wait, text) => {
    wait.timeMs = timeNumber(text);
    return !Number.isNaN(wait.timeMs);
  },
  'at-least': (wait, text) => {
    wait.atLeastBytes = sizeNumber(text);
    return !Number.isNaN(wait.atLeastBytes);
  },
};

function takeBodyWait(words: WordCursor, scope: Scope): BodyWait | null {
  const wait: BodyWait = { timeMs: Number.NaN, atLeastBytes: 0, usesLarge: false };
  if (words.peek() === '') scope.alertAt(words.here(), "'time' is expected");
  for (;;) {
    if (takeLarge(words, scope)) wait.usesLarge = true;
    const store = bodyWords[words.peek()];
    if (store === undefined) break;
    const word = words.next();
    const place = words.here();
    const text = takeWord(words, scope, `the value of '${word}'`);
    if (text === null) return null;
    if (store(wait, text)) continue;
    scope.alertAt(place, `'${text}' is not a value of '${word}'`);
    return null;
  }
  if (!Number.isNaN(wait.timeMs)) return wait;
  scope.alertAt(words.here(), "'time' and a time are expected");
  return null;
}

/** `use-large-buffer` stands at the cursor. */
function takeLarge(words: WordCursor, scope: Scope): boolean {
  if (words.peek() !== 'use-large-buffer') return false;
  if (scope.model.global.tune.bufsizeLarge === 0) {
    scope.alertAt(
      words.here(),
      "unable to use large buffers, 'tune.bufsize.large' global parameter must be set",
    );
  }
  words.next();
  return true;
}

function buildWaitForBody(words: WordCursor, scope: Scope): Act | null {
  const wait = takeBodyWait(words, scope);
  if (wait === null) return null;
  const isRequest = isRequestSet(scope.ruleSet);
  const { usesLarge } = wait;
  const wish = wait.atLeastBytes === 0 ? { ...wholeBody, usesLarge } : wait;
  return (stream) => {
    const { nowMs } = stream.thread.time;
    if (isRequest) answerExpectation(stream);
    if (hasBody(stream, isRequest, wish)) {
      stream.waitUntilMs = 0;
      return verdictNext;
    }
    if (stream.waitUntilMs === 0) stream.waitUntilMs = nowMs + wait.timeMs;
    if (nowMs < stream.waitUntilMs) return verdictWait;
    stream.waitUntilMs = 0;
    return verdictLate;
  };
}

/**
 * Requests are only read from connections whose handshakes are over: there is nothing to wait for.
 */
function buildWaitForHandshake(): Act {
  return () => verdictNext;
}

export const waiting = [
  {
    name: 'pause',
    sets: ['http-request', 'http-response'],
    help: 'Holds the message for a time',
    example: 'pause 100ms',
    build: buildPause,
  },
  {
    name: 'wait-for-body',
    sets: ['http-request', 'http-response'],
    help: 'Holds the message until its body, or a part of it, has come',
    example: 'wait-for-body time 1s at-least 1k',
    build: buildWaitForBody,
  },
  {
    name: 'wait-for-handshake',
    sets: ['http-request'],
    help: 'Holds a request that came as early data until the handshake is over',
    example: 'wait-for-handshake',
    build: buildWaitForHandshake,
  },
] satisfies readonly ActionDef[];
