// Which engine runs an expression: string operations for a literal, V8's backtracking engine where
// its steps are bounded for the text at hand, the machine with a limit for everything else. So no
// expression of a user's can hold a thread, whatever is sent to it. Start; `test` and `exec` run
// while serving.

import { type Cost, costOf, lengthWithin } from './regex-cost.ts';
import { lastSteps, programSearch, programTests, stepsMax } from './regex-machine.ts';
import { compileProgram, type RegexProgram } from './regex-program.ts';
import { type RegexNode, type RegexTree, readRegexTree } from './regex-tree.ts';

/** An expression in use: what a RegExp has of it. */
export interface Regex {
  readonly source: string;
  readonly flags: string;
  readonly global: boolean;
  lastIndex: number;
  test(text: string): boolean;
  exec(text: string): RegExpExecArray | null;
}

/** Steps that V8 may take: a few milliseconds at the worst. */
const nativeStepsMax = 4_000_000;
/** Linear expressions with no more work per byte than this are left to V8 for any text. */
const perByteMax = 1_000;

/** The expression in the safe form, or a message that says why it has none. */
export function guardRegex(native: RegExp): Regex | string {
  const tree = readRegexTree(native.source, native.ignoreCase);
  const literal = native.ignoreCase ? null : literalOf(tree);
  if (literal !== null) return new LiteralRegex(native, literal);
  const cost = guardedCost(tree.root, native.global);
  if (cost.degree <= 1 && cost.coefficient <= perByteMax) return native;
  const lengthMax = lengthWithin(cost, nativeStepsMax);
  if (lengthMax === Infinity) return native;
  const program = compileProgram(tree);
  if (program === null) return 'it is too large to be run within a bound of steps';
  return new GuardedRegex(native, program, lengthMax, neededText(tree.root));
}

/** One search after the other through the same text can be as many as it has bytes. */
function guardedCost(root: RegexNode, isGlobal: boolean): Cost {
  const cost = costOf(root);
  return isGlobal && cost.degree > 1 ? { ...cost, degree: cost.degree + 1 } : cost;
}

/** The same expression with these flags too. */
export function addFlags(regex: Regex, flags: string): Regex | string {
  return guardRegex(new RegExp(regex.source, [...new Set(regex.flags + flags)].join('')));
}

/** Short texts go to V8, long ones to the machine. */
class GuardedRegex implements Regex {
  readonly source: string;
  readonly flags: string;
  readonly global: boolean;
  lastIndex: number;
  /** Texts up to this length cannot cost V8 much. */
  readonly lengthMax: number;
  /** Steps of the searches of one text so far, where each goes on behind the last. */
  private spent: number;
  private readonly native: RegExp;
  private readonly program: RegexProgram;
  /** Nothing matches without it; may be empty. */
  private readonly needed: string;

  constructor(native: RegExp, program: RegexProgram, lengthMax: number, needed: string) {
    this.source = native.source;
    this.flags = native.flags;
    this.global = native.global;
    this.lastIndex = 0;
    this.lengthMax = lengthMax;
    this.spent = 0;
    this.native = native;
    this.program = program;
    this.needed = needed;
  }

  test(text: string): boolean {
    if (!text.includes(this.needed)) return false;
    if (text.length <= this.lengthMax) return this.native.test(text);
    return programTests(this.program, text);
  }

  exec(text: string): RegExpExecArray | null {
    if (!text.includes(this.needed)) return null;
    if (text.length > this.lengthMax) return this.execSlowly(text);
    this.native.lastIndex = this.lastIndex;
    const found = this.native.exec(text);
    this.lastIndex = this.native.lastIndex;
    return found;
  }

  private execSlowly(text: string): RegExpExecArray | null {
    const from = this.global ? this.lastIndex : 0;
    if (from === 0) this.spent = 0;
    const found = this.spent < stepsMax ? programSearch(this.program, text, from) : null;
    this.spent += lastSteps();
    if (this.global) this.lastIndex = found === null ? 0 : found[1];
    if (found === null) return null;
    const match: (string | undefined)[] = [];
    for (let group = 0; group < this.program.groups; group++) {
      const from = found[group * 2];
      const end = found[group * 2 + 1];
      match.push(from < 0 || end < 0 ? undefined : text.slice(from, end));
    }
    // What exec of a RegExp returns: an array that also knows where it was found.
    return Object.assign(match, { index: found[0], input: text }) as RegExpExecArray;
  }
}

/** The longest text that stands in every match, as far as a look at the top of the tree tells. */
function neededText(node: RegexNode): string {
  if (node.kind === 'group' || node.kind === 'atomic') return neededText(node.item);
  if (node.kind === 'repeat') return node.min > 0 ? neededText(node.item) : '';
  if (node.kind !== 'sequence' && node.kind !== 'set') return '';
  let best = '';
  let run = '';
  for (const item of node.kind === 'sequence' ? node.items : [node]) {
    const code = item.kind === 'set' ? singleByte(item.set) : -1;
    run = code >= 0 ? run + String.fromCharCode(code) : '';
    const found = item.kind === 'set' ? run : neededText(item);
    if (found.length > best.length) best = found;
  }
  return best;
}

interface Literal {
  readonly text: string;
  readonly atStart: boolean;
  /** 2: at the very end; 1: or before a last line feed; 0: anywhere. */
  readonly atEnd: number;
}

/** Plain text, at the start, at the end or anywhere: no engine is asked for yes or no. */
class LiteralRegex implements Regex {
  readonly source: string;
  readonly flags: string;
  readonly global: boolean;
  lastIndex: number;
  readonly test: (text: string) => boolean;
  private readonly native: RegExp;

  constructor(native: RegExp, literal: Literal) {
    this.source = native.source;
    this.flags = native.flags;
    this.global = native.global;
    this.lastIndex = 0;
    this.native = native;
    this.test = testOf(literal);
  }

  exec(text: string): RegExpExecArray | null {
    this.native.lastIndex = this.lastIndex;
    const found = this.native.exec(text);
    this.lastIndex = this.native.lastIndex;
    return found;
  }
}

function testOf({ text: wanted, atStart, atEnd }: Literal): (text: string) => boolean {
  const line = `${wanted}\n`;
  if (atStart && atEnd === 0) return (text) => text.startsWith(wanted);
  if (atStart && atEnd === 1) return (text) => text === wanted || text === line;
  if (atStart) return (text) => text === wanted;
  if (atEnd === 0) return (text) => text.includes(wanted);
  if (atEnd === 1) return (text) => text.endsWith(wanted) || text.endsWith(line);
  return (text) => text.endsWith(wanted);
}

function literalOf({ root }: RegexTree): Literal | null {
  const items = root.kind === 'sequence' ? root.items : [root];
  let text = '';
  let atStart = false;
  let atEnd = 0;
  for (const [index, item] of items.entries()) {
    const isLast = index === items.length - 1;
    const code = item.kind === 'set' ? singleByte(item.set) : -1;
    if (code >= 0) text += String.fromCharCode(code);
    else if (index === 0 && item.kind === 'assert' && item.what === 'start') atStart = true;
    else if (isLast && endKind(item) > 0) atEnd = endKind(item);
    else return null;
  }
  return text === '' ? null : { text, atStart, atEnd };
}

function singleByte(set: Uint8Array): number {
  const code = set.indexOf(1);
  return code >= 0 && set.lastIndexOf(1) === code ? code : -1;
}

/** `$` as regex.ts writes it is a look-ahead for the end with or without a line feed. */
function endKind(item: RegexNode): number {
  if (item.kind === 'assert') return item.what === 'end' ? 2 : 0;
  if (item.kind !== 'look' || !item.isAhead || item.isNegative) return 0;
  const { item: body } = item;
  if (body.kind !== 'sequence' || body.items.length !== 2) return 0;
  const [line, end] = body.items;
  const isLine = line.kind === 'repeat' && line.max === 1 && line.item.kind === 'set';
  const isFeed = isLine && line.item.kind === 'set' && singleByte(line.item.set) === 10;
  return isFeed && end.kind === 'assert' && end.what === 'end' ? 1 : 0;
}
