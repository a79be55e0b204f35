// One configuration line to words with their columns: quotes, escapes, comments and environment
// variables exactly as manual 2.2 and 2.3 say. Called by source.ts and by nothing that serves.
// Text is bytes (latin1 in a string). Any byte sequence gives words or a fault; it never throws.

export type LexFaultKind = 'quote' | 'brace' | 'variable' | 'hex' | 'expansion';

export interface LexFault {
  readonly kind: LexFaultKind;
  /** Offset in the line, from 0. */
  readonly at: number;
}

export interface LexedLine {
  words: string[];
  /** Column of each word's first character, from 1. */
  columns: number[];
  /** Offset behind each word's last character, its quotes included. */
  ends: number[];
  /** Offset where reading ended: at a comment, a stray line end, or the end of the text. */
  stoppedAt: number;
  fault: LexFault | null;
  /** Offset of the first word that came out empty (or of the unknown variable in it), -1: none. */
  emptyAt: number;
}

/** Answers for variables; undefined when one is not set. Names may start with a dot. */
export type Lookup = (name: string) => string | undefined;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DOUBLE = 34;
const HASH = 35;
const DOLLAR = 36;
const SINGLE = 39;
const BACKSLASH = 92;
const OPEN_BRACE = 123;

/** Characters that need a decision; a run of others is copied at once. */
const plainRun = /[^\s"'#$\\]+/y;
const variableName = /\.?[A-Za-z0-9_]*/y;

class Lexer {
  readonly text: string;
  readonly lookup: Lookup;
  readonly out: LexedLine = {
    words: [],
    columns: [],
    ends: [],
    stoppedAt: 0,
    fault: null,
    emptyAt: -1,
  };
  at = 0;
  word = '';
  inWord = false;
  wordAt = 0;
  doubleAt = -1;
  singleAt = -1;
  /** Only quotes were seen since the last quote opened: an empty word must be made of them. */
  emptyQuote = false;
  unknownAt = -1;

  constructor(text: string, lookup: Lookup) {
    this.text = text;
    this.lookup = lookup;
  }

  open(at: number): void {
    if (this.inWord) return;
    this.inWord = true;
    this.wordAt = at;
  }

  close(): void {
    if (!this.inWord) return;
    if (this.word === '' && this.out.emptyAt < 0) {
      this.out.emptyAt = this.unknownAt >= 0 ? this.unknownAt : this.wordAt;
    }
    this.out.words.push(this.word);
    this.out.columns.push(this.wordAt + 1);
    this.out.ends.push(this.at);
    this.word = '';
    this.inWord = false;
  }

  fail(kind: LexFaultKind, at: number): false {
    this.out.fault = { kind, at };
    return false;
  }
}

/** Splits `text` (one line without its line feed). */
export function splitLine(text: string, lookup: Lookup): LexedLine {
  const lexer = new Lexer(text, lookup);
  while (lexer.at < text.length && step(lexer)) {
    /* each step consumes at least one character */
  }
  lexer.out.stoppedAt = lexer.at;
  if (lexer.out.fault !== null) return lexer.out;
  lexer.close();
  const quoteAt = Math.max(lexer.doubleAt, lexer.singleAt);
  if (quoteAt >= 0) lexer.fail('quote', quoteAt);
  return lexer.out;
}

/** Consumes what stands at the cursor; false at the end of the line or on a fault. */
function step(lexer: Lexer): boolean {
  const code = lexer.text.charCodeAt(lexer.at);
  const quoted = lexer.doubleAt >= 0 || lexer.singleAt >= 0;
  if (code === LF || code === CR || code === 0) return false;
  if (code === HASH && !quoted) return false;
  if (code === DOUBLE && lexer.singleAt < 0) return toggleDouble(lexer);
  if (code === SINGLE && lexer.doubleAt < 0) return toggleSingle(lexer);
  if (code === BACKSLASH && lexer.singleAt < 0) return readEscape(lexer);
  if (!quoted && isSpace(code)) {
    lexer.close();
    lexer.at++;
    return true;
  }
  if (code === DOLLAR && lexer.doubleAt >= 0) return readVariable(lexer);
  return copyRun(lexer);
}

const isSpace = (code: number): boolean => code === SPACE || (code >= TAB && code <= CR);

function copyRun(lexer: Lexer): boolean {
  lexer.open(lexer.at);
  plainRun.lastIndex = lexer.at;
  const run = plainRun.exec(lexer.text);
  const nul = run === null ? -1 : run[0].indexOf('\0');
  const length = run === null ? 1 : nul > 0 ? nul : run[0].length;
  lexer.word += lexer.text.slice(lexer.at, lexer.at + length);
  lexer.at += length;
  return true;
}

function toggleDouble(lexer: Lexer): boolean {
  const opened = lexer.doubleAt >= 0;
  endOrStartQuote(lexer, opened ? lexer.doubleAt : -1);
  lexer.doubleAt = opened ? -1 : lexer.at;
  lexer.at++;
  return true;
}

function toggleSingle(lexer: Lexer): boolean {
  const opened = lexer.singleAt >= 0;
  endOrStartQuote(lexer, opened ? lexer.singleAt : -1);
  lexer.singleAt = opened ? -1 : lexer.at;
  lexer.at++;
  return true;
}

function endOrStartQuote(lexer: Lexer, openedAt: number): void {
  if (openedAt < 0) lexer.emptyQuote = true;
  else if (lexer.emptyQuote) lexer.open(openedAt);
}

const escapes: ReadonlyMap<string, string> = new Map([
  [' ', ' '],
  ['\\', '\\'],
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['#', '#'],
  ["'", "'"],
  ['"', '"'],
]);

/** A backslash outside strong quotes. Unknown combinations keep their backslash. */
function readEscape(lexer: Lexer): boolean {
  const { text, at } = lexer;
  lexer.open(at);
  const next = text.charAt(at + 1);
  const known = escapes.get(next);
  if (known !== undefined || (next === '$' && lexer.doubleAt >= 0)) {
    lexer.word += known ?? '$';
    lexer.at += 2;
    return true;
  }
  if (next !== 'x') {
    lexer.word += '\\';
    lexer.at++;
    return true;
  }
  const hex = text.slice(at + 2, at + 4);
  if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return lexer.fail('hex', at);
  lexer.word += String.fromCharCode(Number.parseInt(hex, 16));
  lexer.at += 4;
  return true;
}

/** `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}`, inside weak quotes only. */
function readVariable(lexer: Lexer): boolean {
  const { text } = lexer;
  const startAt = lexer.at;
  const braceAt = text.charCodeAt(startAt + 1) === OPEN_BRACE ? startAt + 1 : -1;
  const nameAt = startAt + (braceAt < 0 ? 1 : 2);
  if (!/[A-Za-z_.]/.test(text.charAt(nameAt))) return lexer.fail('variable', nameAt);
  variableName.lastIndex = nameAt;
  const name = variableName.exec(text)![0];
  let value = lexer.lookup(name);
  if (name.startsWith('.') && value === undefined) return lexer.fail('variable', nameAt);
  lexer.at = nameAt + name.length;
  let split = false;
  if (braceAt >= 0 && text.charAt(lexer.at) === '[') {
    if (!text.startsWith('[*]', lexer.at)) return lexer.fail('expansion', lexer.at);
    split = true;
    lexer.at += 3;
  }
  if (braceAt >= 0) {
    const closeAt = readDefault(lexer);
    if (closeAt < 0) return lexer.fail('brace', braceAt);
    if (closeAt > lexer.at) value ??= text.slice(lexer.at + 1, closeAt);
    lexer.at = closeAt + 1;
  }
  emitVariable(lexer, value, split, { startAt, nameAt });
  return true;
}

/** Offset of the closing brace, -1: none. The cursor is on it or on the dash before a default. */
function readDefault(lexer: Lexer): number {
  const next = lexer.text.charAt(lexer.at);
  if (next === '}') return lexer.at;
  return next === '-' ? lexer.text.indexOf('}', lexer.at) : -1;
}

function emitVariable(
  lexer: Lexer,
  value: string | undefined,
  split: boolean,
  from: { readonly startAt: number; readonly nameAt: number },
): void {
  // An empty list makes no word at all, and the quotes around it vanish with it.
  if (split) lexer.emptyQuote = false;
  if (value === undefined) {
    if (split) return;
    lexer.open(from.startAt);
    if (lexer.unknownAt < 0) lexer.unknownAt = from.nameAt;
    return;
  }
  lexer.unknownAt = -1;
  if (!split) {
    if (value === '') return;
    lexer.open(from.startAt);
    lexer.word += value;
    return;
  }
  splitValue(lexer, value, from.startAt);
}

function splitValue(lexer: Lexer, value: string, startAt: number): void {
  for (const [index, part] of value.split(/[ \t\n\v\f\r]+/).entries()) {
    if (index > 0) lexer.close();
    if (part === '') continue;
    lexer.open(startAt);
    lexer.word += part;
  }
}
