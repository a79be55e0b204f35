// Regular expressions as HAProxy users write them (PCRE 2, no Unicode) made into JavaScript ones
// over latin1 strings; regex-guard.ts then says which engine runs them. Called at start only, by
// match methods, arguments and rewriting actions.
// What cannot be said in JavaScript with the same meaning is refused with a message, never
// approximated. Two small differences remain: a back-reference to a group that took no part
// matches the empty text instead of failing, and a group inside a repetition is forgotten at each
// turn.

import {
  complementOf,
  isLetter,
  letterEscapes,
  literal,
  posixClasses,
  setEscapes,
} from './regex-classes.ts';
import { guardRegex, type Regex } from './regex-guard.ts';

interface RegexOptions {
  readonly ignoreCase?: boolean;
  /** The caller reads groups by number: nothing may shift them. */
  readonly captures?: boolean;
}

/** The expression, or a message that says why it cannot be used. */
export function compileRegex(text: string, options: RegexOptions = {}): Regex | string {
  const translation = new Translation(text, options.captures === true);
  // Flag i folds the accented letters too, which bytes are not: only safe when there are none.
  const foldByFlag =
    options.ignoreCase === true && /^[\x20-\x7e]*$/.test(text) && !/\\[xo0]/.test(text);
  translation.flags = options.ignoreCase === true && !foldByFlag ? 'i' : '';
  const source = translation.run();
  if (translation.fault !== '') return translation.fault;
  try {
    const regex = guardRegex(new RegExp(source, foldByFlag ? 'i' : ''));
    return typeof regex === 'string' ? `regex '${text}' cannot be used (${regex})` : regex;
  } catch (error) {
    return `regex '${text}' is invalid (${(error as Error).message})`;
  }
}

interface Group {
  readonly close: string;
  readonly flags: string;
  /** Number of the inner group an atomic group repeats, 0: not atomic. */
  readonly atomic: number;
}

/** \x{41}, \x41, \o{101}, \101 or \01, \cA: a group each. */
const bytePattern = new RegExp(
  [
    '^\\\\x\\{([0-9a-fA-F]{1,2})\\}',
    '^\\\\x([0-9a-fA-F]{0,2})',
    '^\\\\o\\{([0-7]{1,3})\\}',
    '^\\\\(0[0-7]{0,2}|[1-7][0-7]{1,2})',
    '^\\\\c([@-_a-z?])',
  ].join('|'),
);

class Translation {
  readonly text: string;
  readonly captures: boolean;
  at = 0;
  out = '';
  fault = '';
  /** Flags in force: any of i, s, m, x. */
  flags = '';
  readonly groups: Group[] = [];
  /** Our number of each of the user's groups, and how many groups we have opened. */
  readonly numbers: number[] = [0];
  readonly names: string[] = [];
  opened = 0;
  shifted = false;
  /** Where the last item that a quantifier may follow starts in `out`, -1: none. */
  itemAt = -1;
  /** Starts of the groups that are open. */
  readonly starts: number[] = [];

  constructor(text: string, captures: boolean) {
    this.text = text;
    this.captures = captures;
  }

  run(): string {
    while (this.at < this.text.length && this.fault === '') this.step();
    if (this.fault === '' && this.groups.length > 0) this.fail('missing closing parenthesis');
    return this.out;
  }

  fail(why: string): undefined {
    this.fault = `regex '${this.text}' cannot be used (${why} at offset ${this.at})`;
  }

  private emit(item: string): undefined {
    this.itemAt = this.out.length;
    this.out += item;
  }

  private step(): undefined {
    const letter = this.text[this.at];
    if (letter === '\\') this.escape();
    else if (letter === '[') this.brackets();
    else if (letter === '(') this.open();
    else if (letter === ')') this.close();
    else if (letter === '*' || letter === '+' || letter === '?' || letter === '{')
      this.quantifier();
    else this.plain(letter);
  }

  private plain(letter: string): undefined {
    this.at++;
    if (this.flags.includes('x') && this.skipExtended(letter)) return;
    if (letter === '.') this.emit(this.flags.includes('s') ? '[^]' : '[^\\n]');
    else if (letter === '^') this.assertion(this.flags.includes('m') ? '(?<![^\\n])' : '^');
    else if (letter === '$') this.assertion(this.flags.includes('m') ? '(?![^\\n])' : '(?=\\n?$)');
    else if (letter === '|') this.assertion('|');
    else this.emit(this.folded(letter.charCodeAt(0)));
  }

  private assertion(item: string): undefined {
    this.out += item;
    this.itemAt = -1;
  }

  private skipExtended(letter: string): boolean {
    if (/[\t-\r ]/.test(letter)) return true;
    if (letter !== '#') return false;
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end + 1;
    return true;
  }

  /** One literal, in both cases where case does not count. */
  private folded(code: number): string {
    if (!this.flags.includes('i') || !isLetter(code)) return literal(code);
    return `[${String.fromCharCode(code | 32)}${String.fromCharCode(code & ~32)}]`;
  }

  private escape(): undefined {
    const letter = this.text[this.at + 1];
    if (letter === undefined) return this.fail('a backslash at the end');
    const set = setEscapes[letter];
    if (set !== undefined) {
      this.at += 2;
      this.emit(set.outer);
      return;
    }
    if (letter === 'Q') return this.quoted();
    if (letter === 'E') {
      this.at += 2;
      return;
    }
    if (this.reference(letter)) return;
    const code = this.byteEscape(false);
    if (code >= 0) this.emit(this.folded(code));
  }

  /** \Q...\E */
  private quoted(): undefined {
    const end = this.text.indexOf('\\E', this.at + 2);
    const stop = end < 0 ? this.text.length : end;
    for (let i = this.at + 2; i < stop; i++) this.emit(this.folded(this.text.charCodeAt(i)));
    this.at = end < 0 ? stop : stop + 2;
  }

  /** \1, \g1, \g{-1}, \g{name}, \k<name>, \k'name', \k{name}; true when it was one (or a fault). */
  private reference(letter: string): boolean {
    const rest = this.text.slice(this.at);
    const plain = /^\\([1-9]\d?)/.exec(rest);
    if (plain !== null && (plain[1].length === 1 || Number(plain[1]) < this.numbers.length)) {
      return this.refer(Number(plain[1]), plain[0].length);
    }
    if (plain !== null && !/^\\[0-7]/.test(rest))
      return this.refer(Number(plain[1]), plain[0].length);
    if (letter !== 'g' && letter !== 'k') return false;
    const found = /^\\(?:g(?:\{(-?\w+)\}|(-?\d+))|k(?:<(\w+)>|'(\w+)'|\{(\w+)\}))/.exec(rest);
    const target = found === null ? '' : (found[1] ?? found[2] ?? found[3] ?? found[4] ?? found[5]);
    if (found === null || target === '') {
      this.fail(`'\\${letter}' is not supported here`);
      return true;
    }
    if (!/^-?\d+$/.test(target)) return this.refer(this.names.indexOf(target), found[0].length);
    const number = Number(target);
    return this.refer(number < 0 ? this.numbers.length + number : number, found[0].length);
  }

  private refer(number: number, length: number): boolean {
    if (!(number > 0 && number < this.numbers.length)) {
      this.fail('reference to a group that does not exist before it');
      return true;
    }
    if (this.flags.includes('i')) {
      this.fail('a back-reference that ignores case is not supported here');
      return true;
    }
    this.at += length;
    this.emit(`(?:\\${this.numbers[number]})`);
    return true;
  }

  /** Reads an escape that stands for one byte; -1 with a fault when it does not. */
  private byteEscape(inBrackets: boolean): number {
    const rest = this.text.slice(this.at);
    const found = bytePattern.exec(rest);
    if (found !== null) {
      this.at += found[0].length;
      if (found[1] !== undefined) return Number.parseInt(found[1], 16);
      if (found[2] !== undefined) return found[2] === '' ? 0 : Number.parseInt(found[2], 16);
      if (found[5] !== undefined) return found[5].toUpperCase().charCodeAt(0) ^ 64;
      return Number.parseInt(found[3] ?? found[4], 8) & 255;
    }
    const letter = this.text[this.at + 1];
    if (letterEscapes[letter] !== undefined) {
      this.at += 2;
      return letterEscapes[letter];
    }
    if (/[A-Za-z0-9]/.test(letter)) {
      this.fail(`'\\${letter}' is not supported${inBrackets ? ' between brackets' : ''}`);
      return -1;
    }
    this.at += 2;
    return letter.charCodeAt(0);
  }

  /** [...]: the first closing bracket is a literal, POSIX classes are spelled out. */
  private brackets(): undefined {
    const { text } = this;
    let out = '[';
    this.at++;
    if (text[this.at] === '^') {
      out += '^';
      this.at++;
    }
    let first = true;
    for (;;) {
      if (this.fault !== '') return;
      if (this.at >= text.length) return this.fail('missing closing bracket');
      if (text[this.at] === ']' && !first) break;
      first = false;
      out += this.bracketItem();
    }
    this.at++;
    this.emit(`${out}]`);
  }

  private bracketItem(): string {
    const low = this.bracketAtom();
    if (low.code < 0 || this.fault !== '') return low.text;
    const { text } = this;
    if (text[this.at] !== '-' || text[this.at + 1] === ']' || this.at + 1 >= text.length) {
      return this.bracketLiteral(low.code, low.code);
    }
    this.at++;
    const high = this.bracketAtom();
    // A set cannot end a range: the dash is then itself.
    if (high.code < 0) return `${this.bracketLiteral(low.code, low.code)}\\x2d${high.text}`;
    if (high.code < low.code) this.fail('range out of order');
    return this.bracketLiteral(low.code, high.code);
  }

  /** One character (code) or a set (text) between brackets. */
  private bracketAtom(): { readonly code: number; readonly text: string } {
    const { text } = this;
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(text.slice(this.at, this.at + 14));
    if (posix !== null) {
      if (posixClasses[posix[2]] === undefined) this.fail(`unknown class '${posix[0]}'`);
      this.at += posix[0].length;
      if (this.fault !== '') return { code: -1, text: '' };
      return { code: -1, text: posix[1] === '^' ? complementOf(posix[2]) : posixClasses[posix[2]] };
    }
    if (/^\[[.=]/.test(text.slice(this.at))) this.fail('collating elements are not supported');
    if (text[this.at] !== '\\') return { code: text.charCodeAt(this.at++), text: '' };
    const set = setEscapes[text[this.at + 1] ?? ''];
    if (set?.inner === null)
      this.fail(`'\\${text[this.at + 1]}' is not supported between brackets`);
    if (set !== undefined) {
      this.at += 2;
      return { code: -1, text: set.inner ?? '' };
    }
    if (this.at + 1 >= text.length) this.fail('a backslash at the end');
    return { code: this.fault === '' ? this.byteEscape(true) : -1, text: '' };
  }

  private bracketLiteral(low: number, high: number): string {
    let out = low === high ? literal(low) : `${literal(low)}-${literal(high)}`;
    if (!this.flags.includes('i')) return out;
    for (let code = low; code <= high; code++) {
      if (isLetter(code)) out += String.fromCharCode(code ^ 32);
    }
    return out;
  }

  private quantifier(): undefined {
    const found = /^(?:[*+?]|\{\d+(?:,\d*)?\})([?+]?)/.exec(this.text.slice(this.at));
    if (found === null) {
      this.at++;
      this.emit('\\{');
      return;
    }
    if (this.itemAt < 0) return this.fail('a quantifier follows nothing');
    this.at += found[0].length;
    const possessive = found[1] === '+';
    this.out += possessive ? found[0].slice(0, -1) : found[0];
    if (possessive) this.makeAtomic(this.itemAt);
    else this.itemAt = -1;
  }

  /** JavaScript has no atomic groups: a look-ahead that captures, then the captured text. */
  private makeAtomic(from: number): undefined {
    const inner = this.out.slice(from);
    if (/\((?!\?)/.test(inner))
      return this.fail('groups inside a possessive item are not supported');
    this.opened++;
    this.shifted = true;
    this.out = this.out.slice(0, from);
    this.emit(`(?:(?=(${inner}))\\${this.opened})`);
    this.itemAt = -1;
  }

  private open(): undefined {
    const rest = this.text.slice(this.at);
    if (rest.startsWith('(*')) return this.fail('verbs are not supported');
    const comment = /^\(\?#[^)]*\)/.exec(rest);
    if (comment !== null) {
      this.at += comment[0].length;
      return;
    }
    const named = /^\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/.exec(rest);
    if (named !== null) return this.enter(named[0].length, '(', named[1] ?? named[2]);
    const back = /^\(\?P=(\w+)\)/.exec(rest);
    if (back !== null) {
      this.refer(this.names.indexOf(back[1]), back[0].length);
      return;
    }
    const plain = /^\(\?(?:[:=!]|<[=!])/.exec(rest);
    if (plain !== null) return this.enter(plain[0].length, plain[0], null);
    if (rest.startsWith('(?>')) return this.enterAtomic();
    const flags = /^\(\?([imsx]*)(?:-([imsx]*))?([:)])/.exec(rest);
    if (flags !== null) return this.inlineFlags(flags);
    if (rest.startsWith('(?')) return this.fail(`'${rest.slice(0, 3)}' is not supported`);
    this.enter(1, '(', '');
  }

  /** `name`: null for a group that does not capture, '' for a nameless one that does. */
  private enter(length: number, start: string, name: string | null): undefined {
    if (name !== null) {
      if (this.shifted && this.captures) {
        return this.fail('an atomic or possessive item before a group is not supported here');
      }
      this.opened++;
      this.names[this.numbers.length] = name;
      this.numbers.push(this.opened);
    }
    this.at += length;
    this.starts.push(this.out.length);
    this.groups.push({ close: ')', flags: this.flags, atomic: 0 });
    this.out += start;
    this.itemAt = -1;
  }

  private enterAtomic(): undefined {
    this.at += 3;
    this.opened++;
    this.shifted = true;
    this.starts.push(this.out.length);
    this.groups.push({ close: ')', flags: this.flags, atomic: this.opened });
    this.out += '(?:(?=(';
    this.itemAt = -1;
  }

  /** `(?i)` changes the rest of the enclosing group, `(?i:...)` what it holds. */
  private inlineFlags(found: RegExpExecArray): undefined {
    const before = this.flags;
    let flags = before;
    for (const letter of found[1]) if (!flags.includes(letter)) flags += letter;
    for (const letter of found[2] ?? '') flags = flags.replace(letter, '');
    if (found[3] === ':') this.enter(found[0].length, '(?:', null);
    else this.at += found[0].length;
    this.flags = flags;
    this.itemAt = -1;
  }

  private close(): undefined {
    const group = this.groups.pop();
    if (group === undefined) return this.fail('a closing parenthesis too many');
    this.at++;
    this.flags = group.flags;
    this.out += group.atomic > 0 ? `))\\${group.atomic})` : group.close;
    this.itemAt = this.starts.pop() ?? -1;
  }
}
