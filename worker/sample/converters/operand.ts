// Arguments of converters that are a constant or a variable: decided at start, read while serving.
// Used by the converter families only.

import type { Scope } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import { castSample } from '../cast.ts';
import { type Int64, parseInt64 } from '../int64.ts';
import { kindBinary, kindSint, kindString, Sample } from '../sample.ts';
import { variableReader } from '../variables.ts';

/** The operand now, null: the variable has no such value. */
type ReadInteger = (stream: Stream) => Int64 | null;
type ReadString = (stream: Stream) => string | null;

/** An integer as written, or a variable cast to one. null: alert given. */
export function integerOperand(word: string, scope: Scope): ReadInteger | null {
  const constant = parseInt64(word);
  if (constant !== null) return () => constant;
  const read = variableReader(word, scope);
  if (read === null) return null;
  const sample = new Sample();
  return (stream) => {
    const found = read(stream);
    if (found === null) return null;
    sample.copy(found);
    return castSample(sample, kindSint) ? sample.int : null;
  };
}

/** The text of a variable; `binary`: its bytes. null: alert given. */
export function variableText(name: string, scope: Scope, binary = false): ReadString | null {
  const read = variableReader(name, scope);
  if (read === null) return null;
  const sample = new Sample();
  const kind = binary ? kindBinary : kindString;
  return (stream) => {
    const found = read(stream);
    if (found === null) return null;
    sample.copy(found);
    return castSample(sample, kind) ? sample.text : null;
  };
}

/** A variable when the word is the name of one, else the word itself decoded by `decode`. */
export function textOperand(
  word: string,
  scope: Scope,
  decode: (text: string) => string | null,
): ReadString | null {
  if (/^(proc|sess|txn|req|res|check)\./.test(word)) {
    const read = variableText(word, scope, true);
    if (read === null) return null;
    return (stream) => {
      const found = read(stream);
      return found === null ? null : decode(found);
    };
  }
  const constant = decode(word);
  return () => constant;
}
