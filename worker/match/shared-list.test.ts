// A shared file answers as the same file read into entries of a thread's own does, before and after
// any edits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { parseIpv4, parseIpv6 } from '../sample/address.ts';
import { kindIpv4, kindIpv6, Sample } from '../sample/sample.ts';
import { matchMethodByName } from './methods.ts';
import { noValues, type PatternEntry } from './pattern.ts';
import { parseListFile, parseMapFile } from './pattern-file.ts';
import { PatternReference } from './pattern-reference.ts';
import { usePatterns, type PatternSet } from './pattern-set.ts';
import { allocateSharedList, SharedList } from './shared-list.ts';

type Pair = readonly [own: PatternReference, shared: PatternReference];

function pairOf(content: string, isMap: boolean): Pair {
  const own = new PatternReference('f', isMap, '');
  const parse = isMap ? parseMapFile : parseListFile;
  parse(content, (text, value, line) => own.add(text, value, line));
  const file = new SharedList(allocateSharedList(content), isMap);
  return [own, new PatternReference('f', isMap, '', file)];
}

function setOf(reference: PatternReference, name: string, ignoreCase = false): PatternSet {
  const method = matchMethodByName.get(name)!;
  const set = usePatterns(reference, 'f', { method, ignoreCase, values: noValues });
  if (typeof set === 'string') throw new Error(set);
  set.build();
  return set;
}

const shown = (entry: PatternEntry | null): unknown =>
  entry === null ? null : [entry.id, entry.text, entry.value];

const all = (reference: PatternReference): unknown[] => reference.current().map(shown);

test('lines are read as those of other files', () => {
  const lines = [
    '# comment',
    ' #not a comment',
    'plain',
    '  \tled by blanks',
    'trailing \t ',
    '',
    ' \t ',
    'key value with words  \t',
    'key\tother',
    'lonely',
    'cut\rhere and there',
    '\rnothing',
    'zero\0 more',
    '\xe9\xff \xfe',
    'last',
  ];
  for (const isMap of [false, true]) {
    for (const end of ['', '\n']) {
      const [own, shared] = pairOf(lines.join('\n') + end, isMap);
      assert.deepEqual(all(shared), all(own));
      assert.deepEqual(
        shared.current().map((entry) => shared.lineOf(entry)),
        own.current().map(({ line }) => line),
      );
    }
  }
});

const letters = 'ab/.';

class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  roll(below: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.state % below;
  }

  text(): string {
    let text = '';
    for (let i = this.roll(5); i >= 0; i--) text += letters[this.roll(letters.length)];
    return text;
  }
}

test('every method gives the same entry as over a list of a thread, whatever is edited', () => {
  const seed = Number(process.env['HAWSER_SEED'] ?? 20_261_129);
  for (let round = 0; round < 60; round++) {
    const dice = new Dice(seed + round);
    const lines = Array.from({ length: 40 }, () => `${dice.text()} v${dice.roll(5)}`);
    const pair = pairOf(lines.join('\n'), true);
    const methods = round % 4 === 0 ? ['str', 'beg', 'end', 'sub'] : ['str', 'beg', 'end'];
    const sets = methods.map((name) => pair.map((reference) => setOf(reference, name)));
    for (let step = 0; step < 120; step++) {
      const text = edit(dice, pair);
      const what = `seed ${seed + round} step ${step}`;
      compare(sets, text, what);
      compare(sets, dice.text() + dice.text(), what);
      const [own, shared] = pair;
      assert.equal(shared.size, own.size);
    }
    assert.deepEqual(all(pair[1]), all(pair[0]));
  }
});

/** One edit of both; the text it may be about. */
function edit(dice: Dice, pair: Pair): string {
  const text = dice.text();
  const value = `w${dice.roll(9)}`;
  const id = 1 + dice.roll(60);
  const kind = dice.roll(40);
  for (const reference of pair) {
    if (kind < 12) reference.add(text, value);
    else if (kind < 20) reference.remove(text);
    else if (kind < 24) reference.removeId(id);
    else if (kind < 30) reference.setValue(text, value);
    else if (kind < 34) {
      const found = reference.findId(id);
      if (found !== null) reference.giveValue(found, value);
    } else if (kind < 36) reference.addProvisional(text, value);
    else if (kind === 38) reference.add(text, value, 0, reference.prepare());
    else if (kind === 39 && id > 55) reference.commit(reference.nextGeneration);
    else if (kind === 37 && id > 57) reference.clear();
  }
  return text;
}

function compare(sets: readonly (readonly PatternSet[])[], text: string, what: string): void {
  const sample = new Sample();
  sample.setText(text);
  for (const [own, shared] of sets) {
    const note = `${what} ${own.method.name} '${sample.text}'`;
    assert.deepEqual(shown(shared.find(sample)), shown(own.find(sample)), note);
    assert.equal(shared.test(sample), own.test(sample), note);
    assert.deepEqual(
      shared.reference.find(sample.text).map(shown),
      own.reference.find(sample.text).map(shown),
      note,
    );
  }
}

test('without regard to case, and with too many lengths, a thread has its own entries', () => {
  const [, shared] = pairOf('Abc 1\nabc 2\nb 3', true);
  const sample = new Sample();
  sample.setText('ABC');
  assert.deepEqual(shown(setOf(shared, 'str', true).find(sample)), [1, 'Abc', '1']);
  assert.equal(shared.base, null);
  const lines = Array.from({ length: 200 }, (_, i) => 'x'.repeat(i + 1));
  const [, long] = pairOf(lines.join('\n'), false);
  sample.setText('xxxy');
  assert.deepEqual(shown(setOf(long, 'beg').find(sample)), [3, 'xxx', null]);
});

test('one thread reads the file, the others wait for it', async () => {
  const lines = Array.from({ length: 50_000 }, (_, i) => `host${i} backend${i % 7}`);
  const memory = allocateSharedList(lines.join('\n'));
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.module).then(({ SharedList }) => {
      const list = new SharedList(workerData.memory, true);
      const number = list.find('host49999');
      parentPort.postMessage([list.count, number, list.value(number)]);
    });`;
  const module = new URL('./shared-list.js', import.meta.url).href;
  const answers = Array.from({ length: 3 }, () => {
    const worker = new Worker(code, { eval: true, workerData: { module, memory } });
    return new Promise((settle, refuse) => {
      worker.once('message', settle);
      worker.once('error', refuse);
    });
  });
  for (const answer of await Promise.all(answers)) {
    assert.deepEqual(answer, [50_000, 50_000, 'backend5']);
  }
});

class AddressDice extends Dice {
  /** Few addresses, so that networks lie in one another. */
  network(): string {
    const kind = this.roll(12);
    if (kind === 0) return `10.${this.roll(2)}.0.${this.roll(4)}/255.0.255.255`;
    if (kind === 1) return `2001:db8::${this.roll(4)}/${[64, 126, 128][this.roll(3)]}`;
    if (kind === 2) return `::ffff:10.0.${this.roll(2)}.${this.roll(4)}`;
    const address = `10.${this.roll(2)}.${this.roll(2)}.${this.roll(4)}`;
    return kind < 6 ? address : `${address}/${[0, 8, 16, 24, 31, 32][this.roll(6)]}`;
  }

  sample(): Sample {
    const sample = new Sample();
    if (this.roll(4) === 0) {
      const text = [`2001:db8::${this.roll(4)}`, `::ffff:10.0.0.${this.roll(4)}`][this.roll(2)];
      sample.kind = kindIpv6;
      sample.text = parseIpv6(text);
    } else {
      sample.kind = kindIpv4;
      sample.int = parseIpv4(
        `${10 + this.roll(2)}.${this.roll(2)}.${this.roll(2)}.${this.roll(4)}`,
      );
    }
    return sample;
  }
}

test('addresses find the same network as over a list of a thread, whatever is edited', () => {
  const seed = Number(process.env['HAWSER_SEED'] ?? 20_261_129);
  for (let round = 0; round < 60; round++) {
    const dice = new AddressDice(seed + round);
    const lines = Array.from({ length: 30 }, () => `${dice.network()} v${dice.roll(5)}`);
    const pair = pairOf(lines.join('\n'), true);
    const [own, shared] = pair.map((reference) => setOf(reference, 'ip'));
    for (let step = 0; step < 80; step++) {
      const text = dice.roll(2) === 0 ? dice.network() : lines[dice.roll(30)].split(' ')[0];
      const [kind, id, value] = [dice.roll(5), 1 + dice.roll(40), `w${dice.roll(9)}`];
      for (const reference of pair) {
        if (kind === 0) reference.add(text, value);
        else if (kind === 1) reference.remove(text);
        else if (kind === 2) reference.removeId(id);
        else reference.setValue(text, value);
      }
      for (let i = 0; i < 3; i++) {
        const sample = dice.sample();
        const what = `seed ${seed + round} step ${step} ${sample.kind} ${sample.int} ${sample.text}`;
        assert.deepEqual(shown(shared.find(sample)), shown(own.find(sample)), what);
        assert.equal(shared.test(sample), own.test(sample), what);
      }
    }
    assert.notEqual(pair[1].base, null);
    assert.deepEqual(all(pair[1]), all(pair[0]));
  }
});

test('a line that is no network is told with its number', () => {
  const [, shared] = pairOf('10.0.0.1\n# comment\n10.0.0.0/8\nnonsense/8\n10.0.0.2\n', false);
  const method = matchMethodByName.get('ip')!;
  const set = usePatterns(shared, 'f', { method, ignoreCase: false, values: noValues });
  assert.match(String(set), /'nonsense\/8' is a host name.* at line 4 of file 'f'/);
});
