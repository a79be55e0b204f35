import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindIpv4, kindIpv6, kindSint, kindString, Sample } from '../sample/sample.ts';
import { parseIpv4, parseIpv6 } from '../sample/address.ts';
import { matchMethodByName } from './methods.ts';
import { noValues } from './pattern.ts';
import { PatternReference } from './pattern-reference.ts';
import { type PatternSet, usePatterns } from './pattern-set.ts';

function setOf(reference: PatternReference, method: string, ignoreCase = false): PatternSet {
  const def = matchMethodByName.get(method);
  assert.ok(def !== undefined);
  const set = usePatterns(reference, 'file', { method: def, ignoreCase, values: noValues });
  assert.ok(typeof set !== 'string');
  return set;
}

function sampleOf(method: string, text: string): Sample {
  const sample = new Sample();
  sample.kind = kindString;
  sample.text = text;
  if (method === 'int') {
    sample.kind = kindSint;
    sample.int = Number(text);
  } else if (method === 'ip') {
    sample.kind = text.includes(':') ? kindIpv6 : kindIpv4;
    if (sample.kind === kindIpv6) sample.text = parseIpv6(text);
    else sample.int = parseIpv4(text);
  }
  return sample;
}

/** xorshift32: the seed is printed with a failure. */
function dice(seed: number): (sides: number) => number {
  let state = seed | 1;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

type Roll = (sides: number) => number;
const letters = (roll: Roll): string =>
  Array.from({ length: 1 + roll(3) }, () => 'aAbB/.'[roll(6)]).join('');

const makers: Readonly<
  Record<string, { pattern: (roll: Roll) => string; text: (roll: Roll) => string }>
> = {
  str: { pattern: letters, text: letters },
  beg: { pattern: letters, text: (roll) => letters(roll) + letters(roll) },
  end: { pattern: letters, text: (roll) => letters(roll) + letters(roll) },
  sub: { pattern: letters, text: (roll) => letters(roll) + letters(roll) },
  dir: { pattern: letters, text: (roll) => letters(roll) + letters(roll) },
  dom: { pattern: letters, text: (roll) => letters(roll) + letters(roll) },
  reg: {
    pattern: (roll) => `^${letters(roll).replaceAll('.', '\\.')}`,
    text: (roll) => letters(roll) + letters(roll),
  },
  int: {
    pattern: (roll) => (roll(2) === 0 ? String(roll(9)) : `${roll(5)}:${5 + roll(5)}`),
    text: (roll) => String(roll(11)),
  },
  ip: {
    pattern: (roll) => {
      if (roll(4) === 0) return `2001:db8::${roll(4)}/${120 + roll(9)}`;
      return roll(6) === 0 ? `10.0.0.${roll(8)}/255.0.0.255` : `10.0.0.${roll(8)}/${24 + roll(9)}`;
    },
    text: (roll) => (roll(4) === 0 ? `2001:db8::${roll(9)}` : `10.0.${roll(2)}.${roll(8)}`),
  },
};

/** A list built at once from the same entries: what every patched index must agree with. */
function freshFind(reference: PatternReference, method: string, fold: boolean, sample: Sample) {
  const def = matchMethodByName.get(method);
  const entries = reference.current();
  if (entries.length === 0) return null;
  return def?.index(entries, { ignoreCase: fold }).find(sample) ?? null;
}

test('an index that edits have patched answers as one that is built anew', () => {
  for (const [method, { pattern, text }] of Object.entries(makers)) {
    for (let seed = 1; seed <= 60; seed++) {
      const roll = dice(seed * 7919);
      const reference = new PatternReference('x', false, '');
      for (let i = roll(20); i >= 0; i--) reference.add(pattern(roll), null);
      const sets = [false, true].map((fold) => setOf(reference, method, fold));
      for (let step = 0; step < 40; step++) {
        const kind = roll(4);
        const entries = reference.current();
        if (kind < 2) reference.add(pattern(roll), null);
        else if (kind === 2 && entries.length > 0) {
          reference.removeEntry(entries[roll(entries.length)]);
        }
        for (const [index, set] of sets.entries()) {
          const sample = sampleOf(method, text(roll));
          const expected = freshFind(reference, method, index === 1, sample);
          const label = `${method} seed ${seed} step ${step} '${sample.text}' ${sample.int}`;
          assert.equal(set.find(sample)?.id, expected?.id, label);
          assert.equal(set.test(sample), expected !== null, label);
        }
      }
    }
  }
});

test('many additions to a sorted list are sorted in', () => {
  const reference = new PatternReference('x', false, '');
  reference.add('/', null);
  reference.add('/0', null);
  const set = setOf(reference, 'beg');
  set.build();
  for (let i = 1; i < 300; i++) {
    reference.add(`/${i}/`, null);
    assert.equal(set.find(sampleOf('beg', `/${i}/x`))?.text, `/${i}/`);
  }
  assert.equal(set.find(sampleOf('beg', '/q'))?.text, '/');
});

test('twins: the first one answers until it goes', () => {
  const reference = new PatternReference('x', true, '');
  const first = reference.add('k', '1');
  reference.add('other', '0');
  reference.add('k', '2');
  const set = setOf(reference, 'str');
  assert.equal(set.find(sampleOf('str', 'k'))?.value, '1');
  reference.removeEntry(first);
  assert.equal(set.find(sampleOf('str', 'k'))?.value, '2');
  assert.equal(reference.setValue('k', '3'), 1);
  assert.equal(set.find(sampleOf('str', 'k'))?.value, '3');
  assert.equal(reference.remove('k'), 1);
  assert.equal(set.find(sampleOf('str', 'k')), null);
  assert.equal(reference.size, 1);
});

test('removed entries are swept when they are many', () => {
  const reference = new PatternReference('x', false, '');
  for (let i = 0; i < 500; i++) reference.add(String(i), null);
  for (let i = 0; i < 499; i++) assert.equal(reference.remove(String(i)), 1);
  assert.deepEqual(
    reference.current().map(({ id, text }) => [id, text]),
    [[500, '499']],
  );
  assert.equal(reference.findId(500)?.text, '499');
  assert.equal(reference.findId(1), null);
});

test('versions: filled unseen, put in force at once, older ones dropped; they wrap', () => {
  const reference = new PatternReference('x', false, '');
  reference.add('old', null);
  const set = setOf(reference, 'str');
  assert.equal(reference.isPrepared(1), false);
  assert.equal(reference.prepare(), 1);
  assert.equal(reference.prepare(), 2);
  reference.add('one', null, 0, 1);
  reference.add('two', null, 0, 2);
  assert.equal(reference.size, 3);
  assert.equal(set.test(sampleOf('str', 'two')), false);
  assert.equal(reference.first('two'), null);
  assert.equal(reference.isPrepared(2), true);
  assert.equal(reference.isPrepared(3), false);
  reference.commit(2);
  assert.equal(set.test(sampleOf('str', 'two')), true);
  assert.equal(set.test(sampleOf('str', 'old')), false);
  assert.equal(reference.size, 1);
  assert.equal(reference.isPrepared(1), false);
  reference.clear();
  assert.equal(reference.size, 0);
  reference.generation = 0xffffffff;
  reference.nextGeneration = 0xffffffff;
  assert.equal(reference.prepare(), 0);
  assert.equal(reference.isPrepared(0), true);
  reference.commit(0);
  assert.equal(reference.generation, 0);
});

test('equal uses of a list share their index, others do not', () => {
  const reference = new PatternReference('x', false, '');
  assert.equal(setOf(reference, 'str'), setOf(reference, 'str'));
  assert.notEqual(setOf(reference, 'str'), setOf(reference, 'str', true));
  assert.notEqual(setOf(reference, 'str'), setOf(reference, 'beg'));
  assert.equal(reference.sets.length, 3);
});

test('an expression is compiled for each case it is used in', () => {
  const reference = new PatternReference('x', false, '');
  reference.add('^a', null);
  assert.equal(setOf(reference, 'reg', true).test(sampleOf('reg', 'A')), true);
  assert.equal(setOf(reference, 'reg').test(sampleOf('reg', 'A')), false);
});
