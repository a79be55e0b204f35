// Rare events by their places: what is counted, and that the places are there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RareEvents, rare, rareKinds } from './rare-events.ts';

const counted = (events: RareEvents) => events.list().filter(({ count }) => count > 0);

test('wants are counted while that is on, oddities always', () => {
  const events = new RareEvents(false);
  events.count(rare.handOverFull);
  events.note(rare.h2ResetEarly);
  assert.deepEqual(counted(events), [
    {
      kind: 'GLT',
      place: 'mux/h2-front.ts onReset()',
      about: 'a reset before the answer began',
      count: 1,
    },
  ]);
  events.isOn = true;
  events.count(rare.handOverFull);
  events.count(rare.handOverFull);
  events.reset(['GLT']);
  assert.deepEqual(
    counted(events).map(({ kind, count }) => [kind, count]),
    [['CNT', 2]],
  );
});

test('faults are counted by their place, without bound in number but not in kinds', () => {
  const events = new RareEvents(true);
  const fail = (about: string): void => events.fault(new TypeError(about));
  fail('x');
  fail('x');
  const [fault, ...others] = counted(events);
  assert.deepEqual([fault.kind, fault.about, fault.count, others], ['BUG', 'x', 2, []]);
  assert.match(fault.place, /^rare-events\.test\.[jt]s:\d+ fail\(\)$/);
  for (let i = 0; i < 1000; i++) fail(`about ${i}`);
  assert.equal(counted(events).length, 65);
  events.fault('no error at all');
  events.reset(rareKinds);
  assert.deepEqual(counted(events), []);
});

test('every place is where the table says, and every row is counted somewhere', () => {
  for (const [name, index] of Object.entries(rare)) {
    const [file, code] = new RareEvents(true).list()[index].place.split(' ');
    const text = readFileSync(join(process.cwd(), 'worker', file), 'utf8');
    assert.ok(text.includes(`rare.${name})`), `${name} in ${file}`);
    assert.match(text, new RegExp(`${code.replace('()', '\\(')}`), `${code} in ${file}`);
  }
});
