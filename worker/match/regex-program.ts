// A tree as a program of a small machine (regex-machine.ts): one table of numbers. Start only.

import type { ByteSet, RegexNode, RegexTree } from './regex-tree.ts';

/** Instructions; those with operands are followed by them. */
export const opSet = 0; // set
export const opSplit = 1; // tried first, tried second
export const opJump = 2; // where
export const opSave = 3; // slot
export const opForget = 4; // first group, group behind the last
export const opStart = 5;
export const opEnd = 6;
export const opWord = 7;
export const opNoWord = 8;
export const opBack = 9; // group
export const opMark = 10; // register
export const opMoved = 11; // register
export const opLook = 12; // end of the body, negative
export const opLookBack = 13; // end of the body, negative
export const opAtomic = 14; // end of the body
export const opMatch = 15;

export interface RegexProgram {
  readonly code: Int32Array;
  /** 256 bytes for each set. */
  readonly sets: Uint8Array;
  /** Two for each group, then one register for each loop that can be empty. */
  readonly slots: number;
  readonly groups: number;
  /** The outcome at an instruction and a place is always the same: it need not be tried twice. */
  readonly isStateless: boolean;
  /** Some loop is over what can be empty: which empty turns are taken differs between engines. */
  readonly hasEmptyTurns: boolean;
}

/** More would take too long to be worth it. */
const codeMax = 20_000;

/** null: the program would be too large. */
export function compileProgram(tree: RegexTree): RegexProgram | null {
  const writer = new Writer(tree.groups);
  try {
    writer.node(tree.root);
  } catch (error) {
    if (error instanceof TooLarge) return null;
    throw error;
  }
  writer.put(opMatch);
  const sets = new Uint8Array(writer.sets.length * 256);
  for (const [index, set] of writer.sets.entries()) sets.set(set, index * 256);
  return {
    code: Int32Array.from(writer.code),
    sets,
    slots: tree.groups * 2 + writer.registers,
    groups: tree.groups,
    isStateless: !tree.hasBack || writer.backs === 0,
    hasEmptyTurns: writer.registers > 0,
  };
}

class TooLarge extends Error {}

class Writer {
  readonly code: number[] = [];
  readonly sets: ByteSet[] = [];
  registers = 0;
  backs = 0;
  private readonly groups: number;

  constructor(groups: number) {
    this.groups = groups;
  }

  put(...words: readonly number[]): number {
    if (this.code.length > codeMax) throw new TooLarge();
    return this.code.push(...words) - words.length;
  }

  node(node: RegexNode): void {
    switch (node.kind) {
      case 'set':
        this.put(opSet, this.setIndex(node.set));
        return;
      case 'sequence':
        for (const item of node.items) this.node(item);
        return;
      case 'choice':
        this.choice(node.items);
        return;
      case 'repeat':
        this.repeat(node);
        return;
      case 'group':
        this.group(node.item, node.index);
        return;
      case 'look':
        this.look(node);
        return;
      case 'atomic':
        this.atomic(node.item, node.index);
        return;
      case 'assert':
        this.put({ start: opStart, end: opEnd, word: opWord, 'no-word': opNoWord }[node.what]);
        return;
      case 'back':
        this.backs++;
        this.put(opBack, node.index);
    }
  }

  private setIndex(set: ByteSet): number {
    const known = this.sets.findIndex((one) => one.every((bit, code) => bit === set[code]));
    return known >= 0 ? known : this.sets.push(set) - 1;
  }

  private choice(items: readonly RegexNode[]): void {
    const ends: number[] = [];
    for (const [index, item] of items.entries()) {
      const isLast = index === items.length - 1;
      const split = isLast ? -1 : this.put(opSplit, 0, 0);
      if (split >= 0) this.code[split + 1] = this.code.length;
      this.node(item);
      if (split >= 0) {
        ends.push(this.put(opJump, 0) + 1);
        this.code[split + 2] = this.code.length;
      }
    }
    for (const end of ends) this.code[end] = this.code.length;
  }

  private group(item: RegexNode, index: number): void {
    this.put(opSave, index * 2);
    this.node(item);
    this.put(opSave, index * 2 + 1);
  }

  private look(node: Extract<RegexNode, { readonly kind: 'look' }>): void {
    const at = this.put(node.isAhead ? opLook : opLookBack, 0, node.isNegative ? 1 : 0);
    this.node(node.item);
    this.put(opMatch);
    this.code[at + 1] = this.code.length;
  }

  private atomic(item: RegexNode, index: number): void {
    this.put(opSave, index * 2);
    const at = this.put(opAtomic, 0);
    this.node(item);
    this.put(opMatch);
    this.code[at + 1] = this.code.length;
    this.put(opSave, index * 2 + 1);
  }

  private repeat({
    item,
    min,
    max,
    isLazy,
  }: Extract<RegexNode, { readonly kind: 'repeat' }>): void {
    for (let i = 0; i < min; i++) this.turn(item, false);
    if (max === Infinity) {
      const split = this.put(opSplit, 0, 0);
      const body = this.code.length;
      this.turn(item, true);
      this.put(opJump, split);
      this.point(split, body, isLazy);
      return;
    }
    const splits: number[] = [];
    for (let i = min; i < max; i++) {
      splits.push(this.put(opSplit, 0, 0));
      this.turn(item, true);
    }
    for (const split of splits) this.point(split, split + 3, isLazy);
  }

  /** Where a split goes: into the body first, or behind the loop first. */
  private point(split: number, body: number, isLazy: boolean): void {
    this.code[split + (isLazy ? 2 : 1)] = body;
    this.code[split + (isLazy ? 1 : 2)] = this.code.length;
  }

  /** One turn of a loop: groups inside forget, and a turn beyond the least must move. */
  private turn(item: RegexNode, mustMove: boolean): void {
    const from = firstGroup(item);
    if (from > 0) this.put(opForget, from, lastGroup(item) + 1);
    const register = mustMove && canBeEmpty(item) ? this.groups * 2 + this.registers++ : -1;
    if (register >= 0) this.put(opMark, register);
    this.node(item);
    if (register >= 0) this.put(opMoved, register);
  }
}

function groupsIn(node: RegexNode): readonly number[] {
  if (node.kind === 'sequence' || node.kind === 'choice') return node.items.flatMap(groupsIn);
  if (node.kind === 'repeat' || node.kind === 'look') return groupsIn(node.item);
  if (node.kind !== 'group' && node.kind !== 'atomic') return [];
  return [node.index, ...groupsIn(node.item)];
}

const firstGroup = (node: RegexNode): number => {
  const groups = groupsIn(node);
  return groups.length === 0 ? 0 : Math.min(...groups);
};
const lastGroup = (node: RegexNode): number => Math.max(...groupsIn(node));

function canBeEmpty(node: RegexNode): boolean {
  switch (node.kind) {
    case 'set':
      return false;
    case 'sequence':
      return node.items.every(canBeEmpty);
    case 'choice':
      return node.items.some(canBeEmpty);
    case 'repeat':
      return node.min === 0 || canBeEmpty(node.item);
    case 'group':
    case 'atomic':
      return canBeEmpty(node.item);
    default:
      return true;
  }
}
