// Actions that set and unset variables (manual 2.8 and 4.4). The name stands between the
// parentheses of the action, with the conditions under which a value may be set. Built by
// compile/rules.ts.

import { ruleSets } from '../../shared/config/model.ts';
import type { Act, ActionDef, Evaluate, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import { parseSetConditions, variableEraser } from '../sample/variables.ts';
import { variableWriter, type WriteVariable } from '../sample/variables.ts';
import { missing, takeWord } from './arguments.ts';

function takeWriter(words: WordCursor, scope: Scope): WriteVariable | null {
  const [name, ...conditions] = words.parenthesis.split(',').map((word) => word.trim());
  const bits = parseSetConditions(conditions);
  if (typeof bits === 'number') return variableWriter(name, bits, scope);
  scope.alert(bits);
  return null;
}

function takeEvaluate(words: WordCursor, scope: Scope): Evaluate | null {
  if (!words.atEnd()) return scope.expression(words)?.evaluate ?? null;
  return missing(words, scope, 'an expression');
}

function buildSet(words: WordCursor, scope: Scope): Act | null {
  const write = takeWriter(words, scope);
  const evaluate = takeEvaluate(words, scope);
  if (write === null || evaluate === null) return null;
  return (stream) => {
    const { sample } = stream;
    sample.restart();
    if (evaluate(stream, sample)) write(stream, sample);
    return verdictNext;
  };
}

function buildSetFormat(words: WordCursor, scope: Scope): Act | null {
  const write = takeWriter(words, scope);
  const text = takeWord(words, scope, 'a format');
  const format = text === null ? null : scope.logFormat(text, 'text');
  if (write === null || format === null) return null;
  return (stream) => {
    const value = format(stream);
    const { sample } = stream;
    sample.restart();
    sample.setText(value);
    write(stream, sample);
    return verdictNext;
  };
}

function buildUnset(words: WordCursor, scope: Scope): Act | null {
  const erase = variableEraser(words.parenthesis, scope);
  if (erase === null) return null;
  return (stream) => {
    erase(stream);
    return verdictNext;
  };
}

export const variables = [
  {
    name: 'set-var',
    sets: ruleSets,
    help: 'Sets a variable to the value of an expression',
    example: 'set-var(txn.host,ifnotexists) src',
    build: buildSet,
  },
  {
    name: 'set-var-fmt',
    sets: ruleSets,
    help: 'Sets a variable to the text of a format',
    example: 'set-var-fmt(txn.from) "%[src]:%[src_port]"',
    build: buildSetFormat,
  },
  {
    name: 'unset-var',
    sets: ruleSets,
    help: 'Unsets a variable',
    example: 'unset-var(txn.host)',
    build: buildUnset,
  },
] satisfies readonly ActionDef[];
