// The capture action: the text of an expression into a slot that logs and fetches read (manual
// 4.4). Slots belong to the frontend, in the order of the lines that make them. Built by
// compile/rules.ts.

import type { Act, ActionDef, Evaluate, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import { kindString } from '../sample/sample.ts';
import { integerBetween, takeChoice, takeWord } from './arguments.ts';

function buildCapture(words: WordCursor, scope: Scope): Act | null {
  const text = takeWord(words, scope, 'an expression to capture');
  if (text === null) return null;
  const expression = scope.expressionOf(text, kindString);
  const isResponse = scope.ruleSet.startsWith('http-response') || scope.ruleSet.includes('after');
  const kind = takeChoice(words, scope, isResponse ? ['id'] : ['len', 'id']);
  if (expression === null || kind === null) return null;
  if (kind === 'id') return captureById(words, scope, expression.evaluate, isResponse);
  return captureInto(words, scope, expression.evaluate);
}

/** The loader has made the slot (shared/config/sections/captures.ts). */
function captureInto(words: WordCursor, scope: Scope, evaluate: Evaluate): Act | null {
  const length = takeInteger(words, scope, 'a length', 1);
  const { proxy } = scope;
  if (length === null || proxy === null) return null;
  const { file, line } = words.place;
  const slot = proxy.captureRequestHeaders.findIndex(
    ({ place }) => place.file === file && place.line === line,
  );
  if (slot >= 0) return store(evaluate, slot, false);
  scope.alert("'len' makes a slot, which only a frontend has: 'id' and a slot are expected here");
  return null;
}

function captureById(
  words: WordCursor,
  scope: Scope,
  evaluate: Evaluate,
  isResponse: boolean,
): Act | null {
  const slot = takeInteger(words, scope, 'the number of a slot', 0);
  return slot === null ? null : store(evaluate, slot, isResponse);
}

function takeInteger(words: WordCursor, scope: Scope, what: string, min: number): number | null {
  const place = words.here();
  const text = takeWord(words, scope, what);
  if (text === null) return null;
  const value = integerBetween(min, 65_535)(text);
  if (!Number.isNaN(value)) return value;
  scope.alertAt(place, `'${text}' is not ${what}`);
  return null;
}

/** A frontend that lacks the slot leaves the rule without effect. */
function store(evaluate: Evaluate, slot: number, isResponse: boolean): Act {
  return (stream) => {
    const { frontend, sample } = stream;
    const slots = isResponse ? frontend.captureResponseHeaders : frontend.captureRequestHeaders;
    if (slot >= slots.length) return verdictNext;
    sample.restart();
    if (!evaluate(stream, sample)) return verdictNext;
    const { lengthMax } = slots[slot];
    const captures = isResponse ? stream.responseCaptures : stream.requestCaptures;
    while (captures.length <= slot) captures.push('');
    captures[slot] = sample.text.length > lengthMax ? sample.text.slice(0, lengthMax) : sample.text;
    return verdictNext;
  };
}

export const capture = [
  {
    name: 'capture',
    sets: ['tcp-request content', 'http-request', 'http-response', 'http-after-response'],
    help: 'Keeps the text of an expression for the log and for fetches',
    example: 'capture src id 0',
    build: buildCapture,
  },
] satisfies readonly ActionDef[];
