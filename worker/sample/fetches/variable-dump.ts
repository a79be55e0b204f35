// The fetch `dump_all_vars` (manual 7.3.2): every variable of a scope as text, for logs and
// debugging. Names are looked through while serving, as the manual warns.

import type { ArgumentValue, Evaluate, FetchDef, Scope } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import { castSample } from '../cast.ts';
import { kindBinary, kindBool, kindMethod, kindString, Sample } from '../sample.ts';
import { valueIn } from '../variables.ts';

/** Scopes in the order they are shown. */
const scopes = ['sess', 'txn', 'req', 'res', 'proc'] as const;
type ShownScope = (typeof scopes)[number];

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\r': '\\r',
  '\n': '\\n',
  '\b': '\\b',
  '\0': '\\0',
};

function quoted(text: string): string {
  let out = '"';
  for (let i = 0; i < text.length; i++) out += escapes[text[i]] ?? text[i];
  return `${out}"`;
}

function hexadecimal(bytes: string): string {
  return `x${Buffer.from(bytes, 'latin1').toString('hex')}`;
}

const copy = new Sample();

/** A value as its type is written. */
function written(value: Sample): string {
  if (value.kind === kindString || value.kind === kindMethod) return quoted(value.text);
  if (value.kind === kindBinary) return hexadecimal(value.text);
  if (value.kind === kindBool) return value.int ? 'true' : 'false';
  copy.copy(value);
  return castSample(copy, kindString) ? copy.text : '';
}

/** `name=value` of the variables of one scope, each behind the delimiter. */
function scopeText(stream: Stream, scope: ShownScope, prefix: string, delimiter: string): string {
  const names = stream.thread.program.variableNames;
  const start = `${scope}.${prefix}`;
  let text = '';
  for (let i = 0; i < names.length; i++) {
    if (!names[i].startsWith(start)) continue;
    const value = valueIn(stream, scope, i);
    if (value !== null) text += `${delimiter}${names[i]}=${written(value)}`;
  }
  return text;
}

function buildDump(args: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const [wanted = '', prefix = '', delimiter = ', '] = args as readonly string[];
  const shown = wanted === '' ? scopes : scopes.filter((one) => one === wanted);
  if (shown.length === 0) {
    scope.alert(`invalid scope '${wanted}': it must be one of ${scopes.join(', ')}`);
    return null;
  }
  // The whole must fit a buffer: a part of it would say something else.
  const lengthMax = scope.model.global.tune.bufsize;
  return (stream, out) => {
    let text = '';
    for (let i = 0; i < shown.length; i++) text += scopeText(stream, shown[i], prefix, delimiter);
    return text.length - delimiter.length < lengthMax && out.setText(text.slice(delimiter.length));
  };
}

export const variableDumps: readonly FetchDef[] = [
  {
    name: 'dump_all_vars',
    args: [
      { name: 'scope', type: 'string', optional: true },
      { name: 'prefix', type: 'string', optional: true },
      { name: 'delimiter', type: 'string', optional: true },
    ],
    returns: kindString,
    reads: 'constant',
    help: 'all variables of a scope with their values',
    example: 'dump_all_vars(txn,user)',
    build: buildDump,
  },
];
