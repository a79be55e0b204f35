// Runs the programs of regex-program.ts with a limit of steps: for expressions that a backtracking
// engine could spend any time on. Takes the same ways in the same order as such an engine, but
// never goes twice through one instruction at one place, so that the work is at most program ×
// text; only expressions with back-references, and what is inside look-arounds and atomic groups,
// depend on the limit alone. Proxy thread; its buffers are the thread's and kept.

import {
  opAtomic,
  opBack,
  opEnd,
  opForget,
  opJump,
  opLook,
  opLookBack,
  opMark,
  opMatch,
  opMoved,
  opNoWord,
  opSave,
  opSet,
  opSplit,
  opStart,
  opWord,
  type RegexProgram,
} from './regex-program.ts';

/** After so many steps a text counts as one that does not match (as with PCRE's match limit). */
export const stepsMax = 2_000_000;
/** Places to come back to, at most. */
const stackMax = 1 << 20;

/** Instructions × places that are remembered, at most; a bit each. */
const placesMax = 1 << 27;

/** How often the limit was reached on this thread. */
export const giveUps = { count: 0 };

let stack = new Int32Array(1024);
let slots = new Int32Array(64);
let visited = new Int32Array(1024);

const isWordCode = new Uint8Array(256);
for (let code = 0; code < 256; code++) {
  isWordCode[code] = /\w/.test(String.fromCharCode(code)) ? 1 : 0;
}

/** One search at a time. */
class Machine {
  steps: number;
  private program: RegexProgram;
  private text: string;
  /** Of the stack. */
  private top: number;
  /** Instructions × places have been gone through; only outside look-arounds. */
  private remembers: boolean;
  /** Where the search began, rows of `visited` in use, and words of each. */
  private from: number;
  private rows: number;
  private rowWords: number;
  /** Where it goes on after a step of the rarer kind, and after going back. */
  private next: number;
  private place: number;

  constructor(program: RegexProgram) {
    this.program = program;
    this.text = '';
    this.steps = 0;
    this.top = 0;
    this.remembers = false;
    this.from = 0;
    this.rows = 0;
    this.rowWords = 1;
    this.next = 0;
    this.place = 0;
  }

  /** The first match at or behind `from`: its end, its start in slot 0; -1: none. */
  search(program: RegexProgram, text: string, from: number): number {
    this.program = program;
    this.text = text;
    this.steps = 0;
    this.remembers = program.isStateless && program.code.length * text.length < placesMax;
    this.from = from;
    this.rows = 0;
    this.rowWords = (program.code.length >>> 5) + 1;
    if (slots.length < program.slots) slots = new Int32Array(program.slots * 2);
    for (let at = from; at <= text.length && this.steps < stepsMax; at++) {
      slots.fill(-1, 0, program.slots);
      this.top = 0;
      const end = this.run(0, at);
      if (end >= 0) {
        slots[0] = at;
        slots[1] = end;
        return end;
      }
    }
    if (this.steps >= stepsMax) giveUps.count++;
    return -1;
  }

  /** Runs from `start` until a match; leaves what can be undone above the caller's stack. */
  private run(start: number, from: number): number {
    const { text } = this;
    const { code, sets } = this.program;
    const base = this.top;
    // What is not remembered costs more than one step.
    const weight = this.remembers ? 1 : 4;
    let pc = start;
    let at = from;
    for (;;) {
      this.steps += weight;
      if (this.steps >= stepsMax || this.top + 64 > stackMax) {
        this.steps = stepsMax;
        return -1;
      }
      let goesOn = true;
      switch (code[pc]) {
        case opSet:
          goesOn = at < text.length && sets[(code[pc + 1] << 8) | text.charCodeAt(at)] === 1;
          at++;
          pc += 2;
          break;
        case opSplit:
          goesOn = !this.remembers || this.isNew(pc, at);
          if (goesOn) this.push(code[pc + 2], at);
          pc = code[pc + 1];
          break;
        case opJump:
          pc = code[pc + 1];
          break;
        case opSave:
          this.store(code[pc + 1], at);
          pc += 2;
          break;
        case opMatch:
          return at;
        default:
          at = this.rare(pc, at);
          goesOn = at >= 0;
          pc = this.next;
      }
      if (goesOn) continue;
      if (!this.back(base)) return -1;
      pc = this.next;
      at = this.place;
    }
  }

  /** Goes back to the last place left open; false: there is none above `base`. */
  private back(base: number): boolean {
    while (this.top > base) {
      this.top -= 2;
      const what = stack[this.top];
      const value = stack[this.top + 1];
      if (what >= 0) {
        this.next = what;
        this.place = value;
        return true;
      }
      slots[-1 - what] = value;
    }
    return false;
  }

  private push(what: number, value: number): void {
    if (this.top + 2 > stack.length) {
      const larger = new Int32Array(stack.length * 2);
      larger.set(stack);
      stack = larger;
    }
    stack[this.top] = what;
    stack[this.top + 1] = value;
    this.top += 2;
  }

  private store(slot: number, value: number): void {
    this.push(-1 - slot, slots[slot]);
    slots[slot] = value;
  }

  /** A row of bits for each place from where the search began; rows are cleared when reached. */
  private isNew(pc: number, at: number): boolean {
    const row = at - this.from;
    while (this.rows <= row) this.clearRow();
    const word = row * this.rowWords + (pc >>> 5);
    const mask = 1 << (pc & 31);
    if ((visited[word] & mask) !== 0) return false;
    visited[word] |= mask;
    return true;
  }

  private clearRow(): void {
    const from = this.rows * this.rowWords;
    this.rows++;
    const end = this.rows * this.rowWords;
    if (end > visited.length) {
      const larger = new Int32Array(end * 2);
      larger.set(visited);
      visited = larger;
    } else visited.fill(0, from, end);
  }

  /** The other instructions: the place afterwards, -1: no match; `next` is the next one. */
  private rare(pc: number, at: number): number {
    const { code } = this.program;
    this.next = pc + 1;
    switch (code[pc]) {
      case opStart:
        return at === 0 ? at : -1;
      case opEnd:
        return at === this.text.length ? at : -1;
      case opWord:
        return this.isEdge(at) ? at : -1;
      case opNoWord:
        return this.isEdge(at) ? -1 : at;
      case opForget:
        this.next = pc + 3;
        for (let slot = code[pc + 1] * 2; slot < code[pc + 2] * 2; slot++) {
          if (slots[slot] !== -1) this.store(slot, -1);
        }
        return at;
      case opMark:
        this.next = pc + 2;
        if (!this.remembers) this.store(code[pc + 1], at);
        return at;
      case opMoved:
        this.next = pc + 2;
        return this.remembers || slots[code[pc + 1]] !== at ? at : -1;
      case opBack:
        this.next = pc + 2;
        return this.repeatGroup(code[pc + 1], at);
      case opLook:
        return this.look(pc, at, false);
      case opLookBack:
        return this.look(pc, at, true);
      default:
        return code[pc] === opAtomic ? this.atomic(pc, at) : -1;
    }
  }

  private isEdge(at: number): boolean {
    const { text } = this;
    const before = at > 0 ? isWordCode[text.charCodeAt(at - 1)] : 0;
    const behind = at < text.length ? isWordCode[text.charCodeAt(at)] : 0;
    return before !== behind;
  }

  /** The text of a group again; a group that took no part is empty. */
  private repeatGroup(group: number, at: number): number {
    const from = slots[group * 2];
    const end = slots[group * 2 + 1];
    if (from < 0 || end < 0) return at;
    this.steps += (end - from) >> 3;
    return this.text.startsWith(this.text.slice(from, end), at) ? at + end - from : -1;
  }

  private look(pc: number, at: number, isBack: boolean): number {
    const { code } = this.program;
    const base = this.top;
    const isFound = isBack ? this.endsHere(pc + 3, at) : this.inside(pc + 3, at) >= 0;
    const isNegative = code[pc + 2] === 1;
    if (isNegative) this.undo(base);
    else this.keepStores(base);
    this.next = code[pc + 1];
    return isFound === isNegative || this.steps >= stepsMax ? -1 : at;
  }

  /** A body that begins somewhere before `at` and ends there. */
  private endsHere(pc: number, at: number): boolean {
    const base = this.top;
    for (let from = at; from >= 0 && this.steps < stepsMax; from--) {
      let end = this.inside(pc, from);
      while (end !== at && this.back(base)) end = this.inside(this.next, this.place);
      if (end === at) return true;
    }
    return false;
  }

  private atomic(pc: number, at: number): number {
    const base = this.top;
    const end = this.inside(pc + 2, at);
    this.keepStores(base);
    this.next = this.program.code[pc + 1];
    return end;
  }

  /** A body of its own: what it has gone through says nothing about another time. */
  private inside(pc: number, at: number): number {
    const { remembers } = this;
    this.remembers = false;
    const end = this.run(pc, at);
    this.remembers = remembers;
    return end;
  }

  private undo(base: number): void {
    while (this.back(base));
  }

  /** Forgets places left open above `base`, but not what has to be put back. */
  private keepStores(base: number): void {
    let kept = base;
    for (let from = base; from < this.top; from += 2) {
      if (stack[from] >= 0) continue;
      stack[kept] = stack[from];
      stack[kept + 1] = stack[from + 1];
      kept += 2;
    }
    this.top = kept;
  }
}

const noProgram: RegexProgram = {
  code: Int32Array.of(opMatch),
  sets: new Uint8Array(0),
  slots: 2,
  groups: 1,
  isStateless: true,
  hasEmptyTurns: false,
};
const machine = new Machine(noProgram);

/** True when the expression matches somewhere in `text`. */
export function programTests(program: RegexProgram, text: string): boolean {
  return machine.search(program, text, 0) >= 0;
}

/** Start and end of each group of the first match at or behind `from`, -1: took no part. */
export function programSearch(
  program: RegexProgram,
  text: string,
  from: number,
): Int32Array | null {
  return machine.search(program, text, from) < 0 ? null : slots;
}

/** Steps of the last search. */
export const lastSteps = (): number => machine.steps;
