// How edits of pattern lists and process variables reach all threads in one order. A rule edits
// its own thread's copy at once and reports it; the control thread applies reports and commands in
// the order they come, numbers new entries, and sends every edit to all threads. A thread leaves
// alone what it has edited itself until its own edit comes back: then all agree. See README.md.

import type {
  ControlToThread,
  LiveEdits,
  PatternEdit,
  VariableEdit,
} from '../../shared/messages.ts';
import type { Sample } from '../sample/sample.ts';
import type { PatternReference } from './pattern-reference.ts';
import type { PatternRegistry } from './pattern-registry.ts';

const none: readonly number[] = [];

/** What is the same in most edits. */
export function patternEdit(
  operation: PatternEdit['operation'],
  reference: PatternReference,
  parts: Partial<PatternEdit> = {},
): PatternEdit {
  const version = reference.generation;
  return {
    reference: reference.id,
    operation,
    text: '',
    value: null,
    entry: 0,
    entries: none,
    version,
    ...parts,
  };
}

/** Applies an edit to the control thread's lists; the edit as the other threads must apply it. */
export function settleEdit(registry: PatternRegistry, edit: PatternEdit): PatternEdit {
  const reference = registry.numbered(edit.reference);
  if (reference === null) return edit;
  const { operation, text, value, version } = edit;
  if (operation === 'add') {
    return { ...edit, entry: reference.add(text, value, 0, version).id };
  }
  if (operation !== 'put') {
    applyTo(reference, edit);
    return edit;
  }
  if (reference.first(text) === null) reference.add(text, value);
  else if (value !== null) reference.setValue(text, value);
  return { ...edit, entries: reference.find(text).map(({ id }) => id) };
}

/** Applies an edit that the control thread has settled. */
function applyTo(reference: PatternReference, edit: PatternEdit): void {
  const { operation, text, value, entry, version } = edit;
  if (operation === 'put') reference.reconcile(text, edit.entries, value);
  else if (operation === 'add') reference.addNumbered(entry, text, value, version);
  else if (operation === 'clear') reference.clear(version);
  else if (operation === 'commit') reference.commit(version);
  else if (operation === 'delete') {
    if (entry > 0) reference.removeId(entry);
    else reference.remove(text);
  } else if (entry === 0) reference.setValue(text, value ?? '');
  else {
    const found = reference.findId(entry);
    if (found !== null) reference.giveValue(found, value);
  }
}

/** Own edits of one text that have not come back yet. */
interface Pending {
  count: number;
  last: PatternEdit;
}

/** What a proxy thread knows of its variables. */
export interface ThreadVariables {
  /** Takes the value of an edit. */
  apply(edit: VariableEdit): void;
}

/** A proxy thread's side. Made once per thread. */
export class ThreadEdits {
  private readonly registry: PatternRegistry;
  private readonly variables: ThreadVariables;
  private readonly send: (edits: LiveEdits) => void;
  private readonly defer: (act: () => void) => void;
  private readonly pendingTexts: Map<PatternReference, Map<string, Pending>>;
  private readonly pendingVariables: Map<number, number>;
  private outPatterns: PatternEdit[];
  private outVariables: VariableEdit[];
  private isFlushing: boolean;

  constructor(
    registry: PatternRegistry,
    variables: ThreadVariables,
    send: (edits: LiveEdits) => void,
    defer: (act: () => void) => void,
  ) {
    this.registry = registry;
    this.variables = variables;
    this.send = send;
    this.defer = defer;
    this.pendingTexts = new Map();
    this.pendingVariables = new Map();
    this.outPatterns = [];
    this.outVariables = [];
    this.isFlushing = false;
  }

  /** A rule of this thread has put or deleted a text. */
  publishPattern(reference: PatternReference, edit: PatternEdit): void {
    let texts = this.pendingTexts.get(reference);
    if (texts === undefined) {
      texts = new Map();
      this.pendingTexts.set(reference, texts);
    }
    const pending = texts.get(edit.text);
    if (pending === undefined) texts.set(edit.text, { count: 1, last: edit });
    else {
      pending.count++;
      pending.last = edit;
    }
    this.outPatterns.push(edit);
    this.flushLater();
  }

  /** A rule of this thread has set a process variable, or unset it (null). */
  publishVariable(index: number, value: Sample | null): void {
    this.pendingVariables.set(index, (this.pendingVariables.get(index) ?? 0) + 1);
    const { kind, int, text } = value ?? unset;
    this.outVariables.push({ index, kind, int, text });
    this.flushLater();
  }

  /** One message for all that the rules of a turn have edited. */
  private flushLater(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    this.defer(() => {
      const edits = { patterns: this.outPatterns, variables: this.outVariables };
      this.outPatterns = [];
      this.outVariables = [];
      this.isFlushing = false;
      this.send(edits);
    });
  }

  /** Edits as the control thread has ordered them; `isOwn`: they began here. */
  apply({ patterns, variables }: LiveEdits, isOwn: boolean): void {
    for (const edit of patterns) {
      const reference = this.registry.numbered(edit.reference);
      if (reference !== null) this.applyPattern(reference, edit, isOwn);
    }
    for (const edit of variables) this.applyVariable(edit, isOwn);
  }

  private applyPattern(reference: PatternReference, edit: PatternEdit, isOwn: boolean): void {
    const texts = this.pendingTexts.get(reference);
    const pending = texts?.get(textOf(reference, edit));
    if (isOwn && pending !== undefined && --pending.count === 0) {
      texts?.delete(edit.text);
      applyTo(reference, edit);
    } else if (!isOwn && pending === undefined) {
      applyTo(reference, edit);
      const isWhole = edit.operation === 'clear' || edit.operation === 'commit';
      if (isWhole && texts !== undefined) restore(reference, texts);
    }
  }

  private applyVariable(edit: VariableEdit, isOwn: boolean): void {
    const count = this.pendingVariables.get(edit.index) ?? 0;
    if (!isOwn) {
      if (count === 0) this.variables.apply(edit);
    } else if (count > 1) this.pendingVariables.set(edit.index, count - 1);
    // The last of its own edits has come back: the value here is the one all others have now.
    else this.pendingVariables.delete(edit.index);
  }
}

const unset = { kind: 0, int: 0, text: '' };

/** The text of the version in force that an edit is about, '' when it is about something else. */
function textOf(reference: PatternReference, edit: PatternEdit): string {
  const { operation, text, entry, version } = edit;
  if (operation === 'clear' || operation === 'commit') return '';
  if (operation === 'add' && version !== reference.generation) return '';
  const isById = text === '' && entry > 0;
  return isById ? (reference.findId(entry)?.text ?? '') : text;
}

/** After the whole list has changed: what rules here have edited since stands. */
function restore(reference: PatternReference, texts: ReadonlyMap<string, Pending>): void {
  for (const [text, { last }] of texts) {
    if (last.operation === 'delete') reference.remove(text);
    else if (reference.first(text) === null) reference.addProvisional(text, last.value);
    else if (last.value !== null) reference.setValue(text, last.value);
  }
}

/** The control thread's side: the lists that `show` reads, and the way to all threads. */
export class ControlEdits {
  readonly registry: PatternRegistry;
  private readonly variables: ThreadVariables;
  private readonly broadcast: (message: ControlToThread) => void;

  constructor(
    registry: PatternRegistry,
    variables: ThreadVariables,
    broadcast: (message: ControlToThread) => void,
  ) {
    this.registry = registry;
    this.variables = variables;
    this.broadcast = broadcast;
  }

  /** Applies edits and sends them out; `origin`: thread they come from, -1: a command. */
  apply({ patterns, variables }: LiveEdits, origin: number): void {
    const settled = patterns.map((edit) => settleEdit(this.registry, edit));
    for (const edit of variables) this.variables.apply(edit);
    this.broadcast({ type: 'edit', origin, patterns: settled, variables });
  }
}
