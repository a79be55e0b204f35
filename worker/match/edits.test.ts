import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  ControlToThread,
  LiveEdits,
  PatternEdit,
  VariableEdit,
} from '../../shared/messages.ts';
import { kindSint, Sample } from '../sample/sample.ts';
import { ControlEdits, patternEdit, ThreadEdits } from './edits.ts';
import { provisionalId } from './pattern.ts';
import { PatternReference } from './pattern-reference.ts';
import { PatternRegistry } from './pattern-registry.ts';

function registry(): PatternRegistry {
  const lists = new PatternRegistry();
  const reference = new PatternReference('/m', true, '');
  for (const text of ['a', 'b', 'c']) reference.add(text, '0');
  lists.add(reference);
  lists.complete(false);
  return lists;
}

type EditMessage = Extract<ControlToThread, { type: 'edit' }>;

/** A proxy thread without traffic: its copy, what it has said and what it has yet to hear. */
class Member {
  readonly lists = registry();
  readonly values: number[] = [];
  readonly out: LiveEdits[] = [];
  readonly inbox: EditMessage[] = [];
  readonly edits: ThreadEdits;
  private readonly later: (() => void)[] = [];

  constructor() {
    const variables = { apply: (edit: VariableEdit) => void this.store(edit) };
    this.edits = new ThreadEdits(
      this.lists,
      variables,
      (edits) => this.out.push(edits),
      (act) => this.later.push(act),
    );
  }

  private store({ index, int }: VariableEdit): void {
    this.values[index] = Number(int);
  }

  get list(): PatternReference {
    const found = this.lists.named('/m');
    assert.ok(found !== null);
    return found;
  }

  /** What set-map does. */
  put(text: string, value: string): void {
    if (this.list.setValue(text, value) === 0) this.list.addProvisional(text, value);
    this.edits.publishPattern(this.list, patternEdit('put', this.list, { text, value }));
  }

  /** What del-map does. */
  remove(text: string): void {
    this.list.remove(text);
    this.edits.publishPattern(this.list, patternEdit('delete', this.list, { text }));
  }

  setVariable(value: number): void {
    this.values[0] = value;
    const sample = new Sample();
    sample.setInt(value);
    assert.equal(sample.kind, kindSint);
    this.edits.publishVariable(0, sample);
  }

  endTurn(): void {
    for (const act of this.later.splice(0)) act();
  }

  hear(index: number): void {
    const message = this.inbox.shift();
    if (message !== undefined) this.edits.apply(message, message.origin === index);
  }
}

class Process {
  readonly members = [new Member(), new Member(), new Member()];
  readonly lists = registry();
  readonly values: number[] = [];
  readonly control: ControlEdits;

  constructor() {
    const store = {
      apply: ({ index, int }: VariableEdit) => {
        this.values[index] = Number(int);
      },
    };
    this.control = new ControlEdits(this.lists, store, (message) => {
      assert.equal(message.type, 'edit');
      for (const { inbox } of this.members) inbox.push(message as EditMessage);
    });
  }

  command(edit: PatternEdit): void {
    this.control.apply({ patterns: [edit], variables: [] }, -1);
  }

  /** The control thread hears one report. */
  take(index: number): void {
    const edits = this.members[index].out.shift();
    if (edits !== undefined) this.control.apply(edits, index);
  }

  settle(): void {
    for (const [index, member] of this.members.entries()) {
      member.endTurn();
      while (member.out.length > 0) this.take(index);
    }
    for (const [index, member] of this.members.entries()) {
      while (member.inbox.length > 0) member.hear(index);
    }
  }
}

const shown = (lists: PatternRegistry): readonly unknown[] =>
  (lists.named('/m')?.current() ?? []).map(({ id, text, value }) => [id, text, value]);

test('an edit of a rule is there at once, and everywhere after a turn', () => {
  const process = new Process();
  const [one, two] = process.members;
  one.put('a', '1');
  one.put('d', '2');
  assert.equal(one.list.first('d')?.value, '2');
  assert.equal(two.list.first('d'), null);
  process.settle();
  assert.deepEqual(shown(two.lists).at(-1), [4, 'd', '2']);
  assert.deepEqual(shown(one.lists), shown(two.lists));
  assert.deepEqual(shown(one.lists), shown(process.lists));
});

test('what a thread has set does not fall back while its edits are on their way', () => {
  const process = new Process();
  const [one] = process.members;
  for (let i = 1; i <= 3; i++) {
    one.put('count', String(i));
    one.setVariable(i);
    one.endTurn();
    process.take(0);
  }
  for (let i = 1; i <= 3; i++) {
    one.hear(0);
    assert.equal(one.list.first('count')?.value, '3');
    assert.equal(one.values[0], 3);
  }
  assert.equal(process.lists.named('/m')?.first('count')?.value, '3');
});

test('a cleared list keeps what was set after the clearing was ordered', () => {
  const process = new Process();
  const [one] = process.members;
  const list = process.lists.named('/m');
  assert.ok(list !== null);
  process.command(patternEdit('clear', list));
  one.put('new', '1');
  one.hear(0);
  assert.deepEqual(
    one.list.current().map(({ text }) => text),
    ['new'],
  );
  assert.ok((one.list.first('new')?.id ?? 0) >= provisionalId);
  process.settle();
  assert.deepEqual(shown(one.lists), [[4, 'new', '1']]);
  assert.deepEqual(shown(process.lists), shown(process.members[2].lists));
});

test('whatever the order of messages, all copies end alike', () => {
  for (let seed = 1; seed <= 400; seed++) {
    let state = seed * 2654435761;
    const roll = (sides: number): number => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % sides;
    };
    const process = new Process();
    for (let step = 0; step < 60; step++) act(process, roll);
    process.settle();
    for (const { lists, values } of process.members) {
      assert.deepEqual(shown(lists), shown(process.lists), `seed ${seed}`);
      assert.deepEqual(values, process.values, `seed ${seed}`);
    }
  }
});

/** One step of anybody: a rule, the end of a turn, a message that arrives, a command. */
function act(process: Process, roll: (sides: number) => number): void {
  const index = roll(3);
  const member = process.members[index];
  const text = 'abcdef'[roll(6)];
  const list = process.lists.named('/m');
  assert.ok(list !== null);
  const steps = [
    () => member.put(text, String(roll(9))),
    () => member.remove(text),
    () => member.setVariable(roll(100)),
    () => member.endTurn(),
    () => process.take(index),
    () => member.hear(index),
    () => process.command(patternEdit('add', list, { text, value: 'cli' })),
    () => process.command(patternEdit('value', list, { text, value: 'changed' })),
    () => process.command(patternEdit('delete', list, { entry: 1 + roll(8) })),
    () => process.command(patternEdit('delete', list, { text })),
    () => roll(4) === 0 && process.command(patternEdit('clear', list)),
    () => replace(process, list, roll),
  ];
  steps[roll(steps.length)]();
}

/** prepare, add, commit: the commit may come later than the rest. */
function replace(process: Process, list: PatternReference, roll: (sides: number) => number): void {
  const version = list.prepare();
  process.command(patternEdit('add', list, { text: 'abc'[roll(3)], value: 'v', version }));
  if (roll(2) === 0) process.command(patternEdit('commit', list, { version }));
}
