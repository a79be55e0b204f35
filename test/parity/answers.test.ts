// The reference's recorded answers, asked of us. A difference is a mistake of ours or a row of
// differences.ts with its reason. Record again with test/parity/record.ts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Difference, differenceOf, differences } from './differences.ts';
import { Replay, unsupported } from './replay.ts';
import { questionsOf, readAnswers, type Scene } from './scene.ts';
import { scenes } from './scenes.ts';

const folder = join(process.cwd(), 'test/parity/answers');
const needed = new Set<Difference>();

interface Tally {
  asked: number;
  skipped: number;
  deliberate: number;
  readonly wrong: string[];
}

function compare(scene: Scene): Tally {
  const { recorded } = readAnswers(readFileSync(join(folder, `${scene.name}.jsonl`), 'utf8'));
  assert.deepEqual(
    recorded.map(({ kind, text }) => ({ kind, text })),
    questionsOf(scene),
    'the recorded answers are of other questions: record again',
  );
  const replay = new Replay(scene);
  const tally: Tally = { asked: 0, skipped: 0, deliberate: 0, wrong: [] };
  for (const { kind, text, answer } of recorded) {
    const own = replay.answer(kind, text);
    tally.asked++;
    if (own === answer) continue;
    const difference = differenceOf(scene.name, text);
    if (difference !== undefined) needed.add(difference);
    if (own === unsupported) tally.skipped++;
    else if (difference !== undefined) tally.deliberate++;
    else tally.wrong.push(`${text}: ${String(own)}, not ${String(answer)} ${replay.faults}`);
  }
  return tally;
}

for (const scene of scenes) {
  test(`${scene.name}: as the reference answers`, (context) => {
    const { asked, skipped, deliberate, wrong } = compare(scene);
    context.diagnostic(`${asked} asked, ${skipped} not supported yet, ${deliberate} deliberate`);
    assert.deepEqual(wrong, []);
    assert.ok(asked > 0);
  });
}

test('every deliberate difference is still one', () => {
  const stale = differences.filter((one) => !needed.has(one));
  assert.deepEqual(
    stale.map(({ scene, text }) => `${String(scene)} ${String(text)}`),
    [],
  );
});
