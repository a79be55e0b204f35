// How many steps a backtracking engine can take at most for an expression, told from its tree
// before it ever runs: coefficient × length ^ degree. regex-guard.ts decides with it how long a
// text may be for V8's engine. Start only.
//
// Each node has a number of ways it can match at one place, and the work of finding them all. What
// follows a node is tried once per way. A loop whose next turn and whose exit begin with different
// bytes has one way; otherwise as many as there are turns. A loop over something that itself has
// more than one way is exponential.

import type { ByteSet, RegexNode } from './regex-tree.ts';

/** coefficient × length ^ degree; a degree of Infinity is exponential. */
export interface Cost {
  readonly coefficient: number;
  readonly degree: number;
}

/** What may come at a place: bytes it can begin with, and the steps until another byte fails. */
interface Front {
  readonly bytes: ByteSet;
  readonly probe: number;
}

/** What a node can do at one place, given what may follow. */
interface Reach {
  readonly ways: Cost;
  readonly work: Cost;
  /** Of the node and, where it can be empty, of what follows. */
  readonly first: Front;
  readonly isNullable: boolean;
}

const constant = (coefficient: number): Cost => ({ coefficient, degree: 0 });
const one = constant(1);
const everyTurn: Cost = { coefficient: 1, degree: 1 };

function plus(a: Cost, b: Cost): Cost {
  return {
    coefficient: a.coefficient + b.coefficient,
    degree: Math.max(a.degree, b.degree),
  };
}

function times(a: Cost, b: Cost): Cost {
  return { coefficient: a.coefficient * b.coefficient, degree: a.degree + b.degree };
}

const larger = (a: Cost, b: Cost): Cost => ({
  coefficient: Math.max(a.coefficient, b.coefficient),
  degree: Math.max(a.degree, b.degree),
});

const exponential: Cost = { coefficient: 1, degree: Infinity };
const isOne = ({ coefficient, degree }: Cost): boolean => degree === 0 && coefficient <= 1;

function union(a: Front, b: Front): Front {
  return { bytes: a.bytes.map((bit, code) => bit | b.bytes[code]), probe: a.probe + b.probe };
}

const areDisjoint = (a: Front, b: Front): boolean =>
  a.bytes.every((bit, code) => (bit & b.bytes[code]) === 0);

const nothing: Front = { bytes: new Uint8Array(256), probe: 1 };
const anything: Front = { bytes: new Uint8Array(256).fill(1), probe: 1 };

/** Steps at most for a text of that length, from every start that has to be tried. */
export function costOf(root: RegexNode): Cost {
  const { work } = reachOf(root, nothing);
  return startsAtStart(root) ? work : times(work, everyTurn);
}

function startsAtStart(node: RegexNode): boolean {
  if (node.kind === 'assert') return node.what === 'start';
  if (node.kind === 'group' || node.kind === 'atomic') return startsAtStart(node.item);
  if (node.kind === 'choice') return node.items.every(startsAtStart);
  return node.kind === 'sequence' && node.items.length > 0 && startsAtStart(node.items[0]);
}

/** `follow`: what comes behind. */
function reachOf(node: RegexNode, follow: Front): Reach {
  switch (node.kind) {
    case 'set':
      return { ways: one, work: one, first: { bytes: node.set, probe: 1 }, isNullable: false };
    case 'sequence':
      return sequenceReach(node.items, follow);
    case 'choice':
      return choiceReach(node.items, follow);
    case 'repeat':
      return repeatReach(node, follow);
    case 'group':
      return reachOf(node.item, follow);
    case 'look':
      return lookReach(node, follow);
    case 'atomic':
      return atomicReach(node.item, follow);
    case 'assert':
      return { ways: one, work: one, first: assertFront(node.what, follow), isNullable: true };
    case 'back':
      return { ways: one, work: everyTurn, first: anything, isNullable: true };
  }
}

/** At the end no byte follows. */
function assertFront(what: string, follow: Front): Front {
  return { bytes: what === 'end' ? nothing.bytes : follow.bytes, probe: follow.probe + 1 };
}

function atomicReach(item: RegexNode, follow: Front): Reach {
  const { work, first, isNullable } = reachOf(item, follow);
  return { ways: one, work: plus(work, everyTurn), first, isNullable };
}

/** Takes nothing. What it looks at decides only when that costs the same everywhere. */
function lookReach(node: Extract<RegexNode, { readonly kind: 'look' }>, follow: Front): Reach {
  const body = reachOf(node.item, anything);
  const work = node.isAhead ? body.work : times(body.work, everyTurn);
  const { coefficient: steps, degree } = work;
  const isPositive = node.isAhead && !node.isNegative;
  const bytes = isPositive ? body.first.bytes : follow.bytes;
  const first = degree > 0 ? anything : { bytes, probe: steps + follow.probe };
  return { ways: one, work: plus(work, one), first, isNullable: true };
}

function sequenceReach(items: readonly RegexNode[], follow: Front): Reach {
  let reach: Reach = { ways: one, work: one, first: follow, isNullable: true };
  for (const item of items.toReversed()) {
    const own = reachOf(item, reach.first);
    reach = {
      ways: times(own.ways, reach.ways),
      work: plus(own.work, times(own.ways, reach.work)),
      first: own.first,
      isNullable: own.isNullable && reach.isNullable,
    };
  }
  return reach;
}

function choiceReach(items: readonly RegexNode[], follow: Front): Reach {
  const [head, ...rest] = items.map((item) => reachOf(item, follow));
  let reach = head;
  for (const next of rest) {
    reach = {
      ways: areDisjoint(reach.first, next.first)
        ? larger(reach.ways, next.ways)
        : plus(reach.ways, next.ways),
      work: plus(plus(reach.work, next.work), one),
      first: union(reach.first, next.first),
      isNullable: reach.isNullable || next.isNullable,
    };
  }
  return reach;
}

type Repeat = Extract<RegexNode, { readonly kind: 'repeat' }>;

function repeatReach({ item, min, max }: Repeat, follow: Front): Reach {
  const start = reachOf(item, nothing).first;
  const body = reachOf(item, max > 1 ? union(follow, start) : follow);
  const isClear = isOne(body.ways) && !body.isNullable;
  const isDecided = isClear && areDisjoint(body.first, follow);
  const turns = max === Infinity ? everyTurn : constant(Math.max(max, 1));
  return {
    ways: repeatWays({ min, max, isClear, isDecided, body: body.ways }),
    work: plus(one, isClear ? times(turns, turnWork(body, follow)) : unclearWork(body, max)),
    first: min === 0 ? union(body.first, follow) : body.first,
    isNullable: min === 0 || body.isNullable,
  };
}

interface RepeatWays {
  readonly min: number;
  readonly max: number;
  readonly isClear: boolean;
  readonly isDecided: boolean;
  readonly body: Cost;
}

function repeatWays({ min, max, isClear, isDecided, body }: RepeatWays): Cost {
  if (isDecided || (isClear && min === max)) return one;
  if (isClear) return max === Infinity ? everyTurn : constant(max - min + 1);
  if (max === Infinity) return exponential;
  return power(plus(body, one), max);
}

/** One turn, and the try to leave before it. */
const turnWork = (body: Reach, follow: Front): Cost => plus(body.work, constant(follow.probe));

/** Of a body with several ways, the work of one turn is done once for each way to get there. */
function unclearWork(body: Reach, max: number): Cost {
  if (max === Infinity) return exponential;
  return times(power(plus(body.ways, one), max), body.work);
}

function power({ coefficient, degree }: Cost, exponent: number): Cost {
  return {
    coefficient: coefficient ** exponent,
    degree: degree === 0 ? 0 : degree * exponent,
  };
}

/** The longest text for which the steps stay within `steps`; Infinity: any. */
export function lengthWithin({ coefficient, degree }: Cost, steps: number): number {
  if (!(coefficient <= steps) || degree === Infinity) return 0;
  if (degree === 0) return Infinity;
  return Math.floor((steps / coefficient) ** (1 / degree));
}
