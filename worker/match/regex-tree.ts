// The tree of a regular expression, read from the JavaScript source that regex.ts writes (a small
// and regular part of the language). regex-cost.ts and regex-program.ts walk it. Start only.

import { asciiPair } from './text.ts';

/** Which of the 256 bytes. */
export type ByteSet = Uint8Array;

export type RegexNode =
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly items: readonly RegexNode[] }
  | {
      readonly kind: 'repeat';
      readonly item: RegexNode;
      readonly min: number;
      /** Infinity: no limit. */
      readonly max: number;
      readonly isLazy: boolean;
    }
  | { readonly kind: 'group'; readonly item: RegexNode; readonly index: number }
  | {
      readonly kind: 'look';
      readonly item: RegexNode;
      readonly isAhead: boolean;
      readonly isNegative: boolean;
    }
  /** An item that is never taken back; `index`: the group that holds it, as for `group`. */
  | { readonly kind: 'atomic'; readonly item: RegexNode; readonly index: number }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'back'; readonly index: number };

export type Assertion = 'start' | 'end' | 'word' | 'no-word';

export interface RegexTree {
  readonly root: RegexNode;
  /** Groups, with group 0. */
  readonly groups: number;
  readonly hasBack: boolean;
}

/** Reads `source`; `ignoreCase` folds the letters of ASCII. */
export function readRegexTree(source: string, ignoreCase: boolean): RegexTree {
  const reader = new Reader(source, ignoreCase);
  const root = reader.choice();
  if (reader.at !== source.length) throw new Error(`regex source not understood: ${source}`);
  return { root, groups: reader.groups, hasBack: reader.hasBack };
}

const quantifier = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\??)/y;

class Reader {
  at = 0;
  groups = 1;
  hasBack = false;
  private readonly source: string;
  private readonly ignoreCase: boolean;

  constructor(source: string, ignoreCase: boolean) {
    this.source = source;
    this.ignoreCase = ignoreCase;
  }

  choice(): RegexNode {
    const items = [this.sequence()];
    while (this.source[this.at] === '|') {
      this.at++;
      items.push(this.sequence());
    }
    return items.length === 1 ? items[0] : { kind: 'choice', items };
  }

  private sequence(): RegexNode {
    const items: RegexNode[] = [];
    while (this.at < this.source.length && !'|)'.includes(this.source[this.at])) {
      items.push(this.quantified(this.item()));
    }
    return items.length === 1 ? items[0] : atomicOf(items);
  }

  private quantified(item: RegexNode): RegexNode {
    quantifier.lastIndex = this.at;
    const found = quantifier.exec(this.source);
    if (found === null) return item;
    this.at = quantifier.lastIndex;
    const [, sign, least, comma, most, lazy] = found;
    const min = sign === undefined ? Number(least) : sign === '+' ? 1 : 0;
    const top = comma === undefined ? min : most === '' ? Infinity : Number(most);
    const max = sign === undefined ? top : sign === '?' ? 1 : Infinity;
    return { kind: 'repeat', item, min, max, isLazy: lazy === '?' };
  }

  private item(): RegexNode {
    const letter = this.source[this.at];
    if (letter === '(') return this.parenthesis();
    if (letter === '[') return { kind: 'set', set: this.brackets() };
    if (letter === '^' || letter === '$') {
      this.at++;
      return { kind: 'assert', what: letter === '^' ? 'start' : 'end' };
    }
    return letter === '\\' ? this.escape() : this.single(letter.charCodeAt(0), 1);
  }

  private single(code: number, length: number): RegexNode {
    this.at += length;
    const set = new Uint8Array(256);
    set[code] = 1;
    return { kind: 'set', set: this.folded(set) };
  }

  private escape(): RegexNode {
    const rest = this.source.slice(this.at, this.at + 4);
    const letter = rest[1];
    const back = /^\\([1-9]\d*)/.exec(this.source.slice(this.at));
    if (back !== null) {
      this.at += back[0].length;
      this.hasBack = true;
      return { kind: 'back', index: Number(back[1]) };
    }
    if (letter === 'b' || letter === 'B') {
      this.at += 2;
      return { kind: 'assert', what: letter === 'b' ? 'word' : 'no-word' };
    }
    if (letter === 'x') return this.single(Number.parseInt(rest.slice(2), 16), 4);
    const set = escapeSet(letter);
    if (set === null) return this.single(controlCode(letter), 2);
    this.at += 2;
    return { kind: 'set', set };
  }

  private parenthesis(): RegexNode {
    const found = /^\((\?(?::|<?[=!]))?/.exec(this.source.slice(this.at, this.at + 4));
    const start = found?.[1] ?? '';
    this.at += 1 + start.length;
    const index = start === '' ? this.groups++ : 0;
    const item = this.choice();
    this.at++;
    if (start === '?:') return item;
    if (start === '') return { kind: 'group', item, index };
    return {
      kind: 'look',
      item,
      isAhead: !start.includes('<'),
      isNegative: start.endsWith('!'),
    };
  }

  private brackets(): ByteSet {
    this.at++;
    const isNegative = this.source[this.at] === '^';
    if (isNegative) this.at++;
    const set = new Uint8Array(256);
    while (this.source[this.at] !== ']') this.bracketItem(set);
    this.at++;
    const folded = this.folded(set);
    return isNegative ? folded.map((bit) => 1 - bit) : folded;
  }

  private bracketItem(set: ByteSet): void {
    const escaped = this.source[this.at] === '\\' ? escapeSet(this.source[this.at + 1]) : null;
    if (escaped !== null) {
      this.at += 2;
      for (const [code, bit] of escaped.entries()) set[code] |= bit;
      return;
    }
    const low = this.bracketCode();
    const isRange = this.source[this.at] === '-' && this.source[this.at + 1] !== ']';
    if (isRange) this.at++;
    const high = isRange ? this.bracketCode() : low;
    for (let code = low; code <= high; code++) set[code] = 1;
  }

  private bracketCode(): number {
    const letter = this.source[this.at];
    const next = this.source[this.at + 1];
    if (letter !== '\\') {
      this.at++;
      return letter.charCodeAt(0);
    }
    this.at += next === 'x' ? 4 : 2;
    if (next !== 'x') return controlCode(next);
    return Number.parseInt(this.source.slice(this.at - 2, this.at), 16);
  }

  private folded(set: ByteSet): ByteSet {
    if (!this.ignoreCase) return set;
    const out = set.slice();
    for (let code = 0; code < 256; code++) if (set[code] === 1) out[asciiPair(code)] = 1;
    return out;
  }
}

/** `(?=(x))\N` is how regex.ts writes an atomic group. */
function atomicOf(items: readonly RegexNode[]): RegexNode {
  const [look, back] = items;
  const isPair = items.length === 2 && look.kind === 'look' && back.kind === 'back';
  if (!isPair || look.isNegative || look.item.kind !== 'group') return { kind: 'sequence', items };
  if (look.item.index !== back.index) return { kind: 'sequence', items };
  return { kind: 'atomic', item: look.item.item, index: back.index };
}

const named: Readonly<Record<string, RegExp>> = {
  d: /\d/,
  D: /\D/,
  w: /\w/,
  W: /\W/,
};

function escapeSet(letter: string): ByteSet | null {
  const pattern = named[letter];
  if (pattern === undefined) return null;
  return Uint8Array.from({ length: 256 }, (_, code) =>
    pattern.test(String.fromCharCode(code)) ? 1 : 0,
  );
}

const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

/** What a backslash before a letter stands for; any other character stands for itself. */
const controlCode = (letter: string): number => controls[letter] ?? letter.charCodeAt(0);
