// Actions on many header fields at once, named by a binary sample: varint length, name, varint
// length, value, and so on up to two empty strings (the form of req.hdrs_bin). Built by
// compile/rules.ts.

import { headerName, headerWords, type Message } from '../http/message.ts';
import { lowerToken } from '../http/syntax.ts';
import type { Act, ActionDef, Evaluate, Scope, WordCursor } from '../keyword.ts';
import { verdictError, verdictNext } from '../keyword.ts';
import { kindBinary } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';
import { takeChoice, takeWord } from './arguments.ts';
import { isRequestSet } from './headers.ts';
import { addHeader, rewriteFailed } from './rewrite.ts';

/** Fields that frame the message or the connection: never edited by name from outside. */
const immutable = new Set([
  'expect',
  'trailer',
  'upgrade',
  'connection',
  'keep-alive',
  'content-length',
  'proxy-connection',
  'transfer-encoding',
  'proxy-authenticate',
  'proxy-authorization',
]);

/** Reads lengths and strings off a binary sample, in order. `failed` when it ends too early. */
class BinaryReader {
  private text = '';
  private at = 0;
  failed = false;

  start(text: string): void {
    this.text = text;
    this.at = 0;
    this.failed = false;
  }

  get isOver(): boolean {
    return this.at >= this.text.length;
  }

  /** The next string; '' with `failed` when the bytes run out. */
  string(): string {
    const length = this.length();
    const end = this.at + length;
    if (this.failed || end > this.text.length) {
      this.failed = true;
      return '';
    }
    const found = this.text.slice(this.at, end);
    this.at = end;
    return found;
  }

  /** HAProxy's varint: below 240 one byte, else 4 then 7 bits more per byte, added. */
  private length(): number {
    if (this.isOver) return this.fail();
    let value = this.text.charCodeAt(this.at++);
    if (value < 240) return value;
    let scale = 16;
    for (let byte = 128; byte >= 128; scale *= 128) {
      if (this.isOver || scale > 2 ** 46) return this.fail();
      byte = this.text.charCodeAt(this.at++);
      value += byte * scale;
    }
    return value;
  }

  private fail(): number {
    this.failed = true;
    return 0;
  }
}

const reader = new BinaryReader();

/** Runs `edit` for every pair; answers the verdict. */
function eachPair(
  stream: Stream,
  evaluate: Evaluate,
  edit: (name: string, value: string) => boolean,
): number {
  const { sample } = stream;
  sample.restart();
  if (!evaluate(stream, sample)) return verdictNext;
  reader.start(sample.text);
  while (!reader.isOver) {
    const name = reader.string();
    const value = reader.string();
    if (reader.failed) return rewriteFailed(stream);
    if (name === '') return value === '' ? verdictNext : rewriteFailed(stream);
    if (!immutable.has(name.toLowerCase()) && !edit(name, value)) return rewriteFailed(stream);
  }
  return verdictError;
}

function isToken(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (lowerToken[name.charCodeAt(i)] === 0) return false;
  return true;
}

function buildPut(isReplacing: boolean): (words: WordCursor, scope: Scope) => Act | null {
  return (words, scope) => {
    const evaluate = takeBinary(words, scope);
    const prefix = words.peek() === 'prefix' ? takePrefix(words, scope) : '';
    if (evaluate === null || prefix === null) return null;
    const isRequest = isRequestSet(scope.ruleSet);
    return (stream) => {
      const message = isRequest ? stream.request : stream.response;
      return eachPair(stream, evaluate, (name, value) => {
        if (!name.startsWith(prefix)) return true;
        if (!isToken(name)) return false;
        const header = headerName(name);
        if (isReplacing) message.removeAll(header);
        return addHeader(stream, header, value, isRequest);
      });
    };
  };
}

function takeBinary(words: WordCursor, scope: Scope): Evaluate | null {
  const text = takeWord(words, scope, 'an expression that gives headers');
  return text === null ? null : (scope.expressionOf(text, kindBinary)?.evaluate ?? null);
}

function takePrefix(words: WordCursor, scope: Scope): string | null {
  words.next();
  return takeWord(words, scope, 'a prefix of header names');
}

const comparisons: Readonly<Record<string, (name: string, text: string) => boolean>> = {
  str: (name, text) => name === text,
  beg: (name, text) => name.startsWith(text),
  end: (name, text) => name.endsWith(text),
  sub: (name, text) => name.includes(text),
};

function buildDelete(words: WordCursor, scope: Scope): Act | null {
  const evaluate = takeBinary(words, scope);
  const method = words.peek() === '-m' ? takeMethod(words, scope) : 'str';
  if (evaluate === null || method === null) return null;
  const isMeant = comparisons[method];
  const isRequest = isRequestSet(scope.ruleSet);
  return (stream) => {
    const message = isRequest ? stream.request : stream.response;
    const { sample } = stream;
    sample.restart();
    if (!evaluate(stream, sample)) return verdictNext;
    reader.start(sample.text);
    while (!reader.isOver) {
      const name = reader.string();
      if (reader.failed) return rewriteFailed(stream);
      if (name === '') return verdictNext;
      if (!immutable.has(name.toLowerCase())) removeMeant(message, name.toLowerCase(), isMeant);
    }
    return verdictError;
  };
}

function takeMethod(words: WordCursor, scope: Scope): string | null {
  words.next();
  return takeChoice(words, scope, ['str', 'beg', 'end', 'sub']);
}

function removeMeant(
  message: Message,
  text: string,
  isMeant: (name: string, text: string) => boolean,
): void {
  for (let i = 0; i < message.count; i++) {
    const isHere = message.headers[i * headerWords + 1] !== 0;
    if (isHere && isMeant(message.nameText(i), text)) message.remove(i);
  }
}

const httpSets = ['http-request', 'http-response', 'http-after-response'] as const;

export const headersBinary = [
  {
    name: 'add-headers-bin',
    sets: httpSets,
    help: 'Appends the header fields of a binary sample',
    example: 'add-headers-bin var(txn.old) prefix x-',
    build: buildPut(false),
  },
  {
    name: 'set-headers-bin',
    sets: httpSets,
    help: 'Replaces header fields by those of a binary sample',
    example: 'set-headers-bin var(txn.old)',
    build: buildPut(true),
  },
  {
    name: 'del-headers-bin',
    sets: httpSets,
    help: 'Removes the header fields that a binary sample names',
    example: 'del-headers-bin var(txn.names) -m beg',
    build: buildDelete,
  },
] satisfies readonly ActionDef[];
