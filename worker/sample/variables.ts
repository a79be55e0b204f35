// Variables (manual 2.9): typed values that live as long as their scope. Names become indexes at
// start (VariableTable); readers, writers and erasers are closures over index and scope, made for
// `var`, set-var and friends. The stream engine clears scopes as their life ends.

import type { TuneModel } from '../../shared/config/model.ts';
import type { VariableEdit } from '../../shared/messages.ts';
import type { Scope } from '../keyword.ts';
import { directionRequest, directionResponse, type Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import { kindAny, kindBinary, kindMethod, kindSint, kindString, Sample } from './sample.ts';

const ownScopes = ['proc', 'sess', 'txn', 'req', 'res', 'check'] as const;
/** Of the stream that has made this one. */
const parentScopes = ['psess', 'ptxn', 'preq', 'pres'] as const;
const variableScopes = [...ownScopes, ...parentScopes] as const;
type VariableScope = (typeof variableScopes)[number];

interface VariableName {
  readonly scope: VariableScope;
  /** Without its scope. */
  readonly name: string;
}

/** Splits `txn.foo`; a message when scope or characters are wrong. */
export function parseVariableName(text: string): VariableName | string {
  const dot = text.indexOf('.');
  const scope = dot < 0 ? '' : text.slice(0, dot);
  if (!(variableScopes as readonly string[]).includes(scope)) {
    const known = ownScopes.map((one) => `'${one}'`).join(', ');
    return `invalid variable name '${text}': it must start with its scope, one of ${known}`;
  }
  const name = text.slice(dot + 1);
  const bad = /[^A-Za-z0-9_.]/.exec(name);
  if (bad !== null)
    return `invalid syntax at char '${name.slice(bad.index)}' of variable '${text}'`;
  return { scope: scope as VariableScope, name };
}

/** Names of one program, in order of their index. */
export class VariableTable {
  readonly names: string[] = [];
  private readonly byName = new Map<string, number>();

  /** Index of a checked name. */
  indexOf(name: string): number {
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    this.byName.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  /** Index by name, -1: nobody uses it. */
  lookup(name: string): number {
    return this.byName.get(name) ?? -1;
  }
}

/** Conditions of set-var (manual, "set-var"), or'ed bits. */
const setConditions: Readonly<Record<string, number>> = {
  ifexists: 1,
  ifnotexists: 2,
  ifempty: 4,
  ifnotempty: 8,
  ifset: 16,
  ifnotset: 32,
  ifgt: 64,
  iflt: 128,
};

/** Bits of the conditions, or a message. */
export function parseSetConditions(words: readonly (string | undefined)[]): number | string {
  let bits = 0;
  for (const word of words) {
    if (word === undefined || word === '') continue;
    if (setConditions[word] === undefined) return `unknown condition "${word}"`;
    bits |= setConditions[word];
  }
  return bits;
}

type Slots = (Sample | null)[];

/** Where a scope's values are now; null: the scope does not exist here. */
type Place = (stream: Stream) => Slots | null;

const places: Readonly<Record<VariableScope, Place>> = {
  proc: (stream) => stream.thread.processVariables,
  sess: (stream) => stream.session.variables,
  txn: (stream) => stream.variables,
  req: (stream) => (stream.direction === directionRequest ? stream.variables : null),
  res: (stream) => (stream.direction === directionResponse ? stream.variables : null),
  // Only health checks have these, each check its own: no traffic can reach them.
  check: (stream) => stream.thread.checkVariables ?? null,
  // Clients' streams have no parent, and there are no others: as in HAProxy, nothing is set there.
  psess: () => null,
  ptxn: () => null,
  preq: () => null,
  pres: () => null,
};

/** The value of a slot, null when unset. */
function held(slots: Slots | null, index: number): Sample | null {
  if (slots === null || index >= slots.length) return null;
  const found = slots[index];
  return found === null || found === undefined || found.kind === kindAny ? null : found;
}

/** The variable of an index that is one of `scope`, null when unset. Not to be kept or changed. */
export function valueIn(stream: Stream, scope: VariableScope, index: number): Sample | null {
  return held(places[scope](stream), index);
}

/** Reads the variable called `name`; null with an alert when the name is wrong. */
export function variableReader(name: string, scope: Scope): ReadVariable | null {
  const parsed = parseVariableName(name);
  const index = scope.variable(name);
  if (index === null || typeof parsed === 'string') return null;
  const place = places[parsed.scope];
  return (stream) => held(place(stream), index);
}
/** The sample in the variable, null when unset. Not to be kept or changed. */
type ReadVariable = (stream: Stream) => Sample | null;

/** Sets the variable to a sample; false: a condition or a limit was in the way. */
export type WriteVariable = (stream: Stream, sample: Sample) => boolean;

/** `conditions`: bits of setConditions. null with an alert when the name is wrong. */
export function variableWriter(
  name: string,
  conditions: number,
  scope: Scope,
): WriteVariable | null {
  const parsed = parseVariableName(name);
  const index = scope.variable(name);
  if (index === null || typeof parsed === 'string') return null;
  const place = places[parsed.scope];
  const shared = parsed.scope === 'proc';
  const fits = limitOf(parsed.scope, scope.model.global.tune);
  return (stream, sample) => {
    const slots = place(stream);
    if (slots === null) return false;
    const before = held(slots, index);
    // Process variables exist from the start on, the others from their first value.
    const exists = shared || before !== null;
    if (conditions !== 0 && !mayReplace(before, exists, sample, conditions)) return false;
    if (fits !== null && !fits(stream, before, sample)) return false;
    slotOf(slots, index).copy(sample);
    if (shared) stream.thread.publishVariable?.(index, sample);
    return true;
  };
}

/** Unsets the variable. */
export function variableEraser(name: string, scope: Scope): ((stream: Stream) => void) | null {
  const parsed = parseVariableName(name);
  const index = scope.variable(name);
  if (index === null || typeof parsed === 'string') return null;
  const place = places[parsed.scope];
  const shared = parsed.scope === 'proc';
  return (stream) => {
    const slots = place(stream);
    if (slots === null || held(slots, index) === null) return;
    clearSlot(slots, index);
    if (shared) stream.thread.publishVariable?.(index, null);
  };
}

/** What other threads do when they hear of an edit of a process variable; null: unset. */
export function applyProcessVariable(
  thread: ThreadContext,
  index: number,
  value: Sample | null,
): void {
  const slots = thread.processVariables;
  if (value === null) clearSlot(slots, index);
  else slotOf(slots, index).copy(value);
}

/** The same for an edit as it travels. */
export function applyVariableEdit(thread: ThreadContext, edit: VariableEdit): void {
  const { index, kind, int, text } = edit;
  if (kind === kindAny) applyProcessVariable(thread, index, null);
  else Object.assign(slotOf(thread.processVariables, index), { kind, int, text });
}

/** The value of a process variable on this thread, null when unset. */
export function processVariable(thread: ThreadContext, index: number): Sample | null {
  return held(thread.processVariables, index);
}

function slotOf(slots: Slots, index: number): Sample {
  while (slots.length <= index) slots.push(null);
  let slot = slots[index];
  if (slot === null || slot === undefined) {
    slot = new Sample();
    slots[index] = slot;
  }
  return slot;
}

function clearSlot(slots: Slots, index: number): void {
  const slot = slots[index];
  if (slot === null || slot === undefined) return;
  slot.kind = kindAny;
  slot.int = 0;
  slot.text = '';
}

const isText = (kind: number): boolean =>
  kind === kindString || kind === kindBinary || kind === kindMethod;

function mayReplace(
  before: Sample | null,
  exists: boolean,
  sample: Sample,
  conditions: number,
): boolean {
  if ((conditions & setConditions.ifnotexists) !== 0 && exists) return false;
  if ((conditions & setConditions.ifexists) !== 0 && !exists) return false;
  if ((conditions & setConditions.ifset) !== 0 && before === null) return false;
  if ((conditions & setConditions.ifnotset) !== 0 && before !== null) return false;
  const text = isText(sample.kind);
  const empty = text && sample.text === '';
  if ((conditions & setConditions.ifempty) !== 0 && !empty) return false;
  if ((conditions & setConditions.ifnotempty) !== 0 && empty) return false;
  if (before === null || sample.kind !== kindSint || before.kind !== kindSint) return true;
  if ((conditions & setConditions.ifgt) !== 0 && !(before.int > sample.int)) return false;
  return (conditions & setConditions.iflt) === 0 || before.int < sample.int;
}

/** What one variable costs besides its text, as the limits count it. */
const slotBytes = 80;
const costOf = (sample: Sample | null): number =>
  sample === null ? 0 : slotBytes + (isText(sample.kind) ? sample.text.length : 0);

function bytesOf(slots: Slots): number {
  let total = 0;
  for (let i = 0; i < slots.length; i++) total += costOf(held(slots, i));
  return total;
}

type Fits = (stream: Stream, before: Sample | null, sample: Sample) => boolean;

/** Scopes from the outermost to the innermost; a check's is inside the session as well. */
const levels = [0, 1, 2, 3];
const levelCheck = 4;
const checkLevels = [0, 1, levelCheck];
const levelOf: Readonly<Record<VariableScope, number>> = {
  ...{ proc: 0, sess: 1, txn: 2, req: 3, res: 3, check: levelCheck },
  ...{ psess: 1, ptxn: 2, preq: 3, pres: 3 },
};

/**
 * The limits a scope counts in: its own and those of the scopes around it. null: no limit is set.
 */
function limitOf(scope: VariableScope, tune: TuneModel): Fits | null {
  const around = scope === 'check' ? checkLevels : levels.slice(0, levelOf[scope] + 1);
  const limits = [
    { level: 0, max: tune.varsGlobalMaxSize },
    { level: 0, max: tune.varsProcMaxSize },
    { level: 1, max: tune.varsSessMaxSize },
    { level: 2, max: tune.varsTxnMaxSize },
    { level: 3, max: tune.varsReqresMaxSize },
    { level: levelCheck, max: tune.varsCheckMaxSize },
  ].filter(({ level, max }) => max > 0 && around.includes(level));
  if (limits.length === 0) return null;
  return (stream, before, sample) => {
    const more = costOf(sample) - costOf(before);
    if (more <= 0) return true;
    for (let i = 0; i < limits.length; i++) {
      if (bytesWithin(stream, limits[i].level) + more > limits[i].max) return false;
    }
    return true;
  };
}

/** Bytes held in a scope and everything inside it, as far as this stream knows. */
function bytesWithin(stream: Stream, level: number): number {
  const ofCheck = bytesOf(stream.thread.checkVariables ?? []);
  if (level === levelCheck) return ofCheck;
  let total = bytesOf(stream.variables);
  if (level <= 1) total += ofCheck;
  if (level <= 1) total += bytesOf(stream.session.variables);
  if (level === 0) total += bytesOf(stream.thread.processVariables);
  return total;
}
