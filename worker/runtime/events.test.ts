import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RingModel } from '../../shared/config/model.ts';
import { makeRing } from '../../shared/segment/event-ring.ts';
import { LogRings } from '../log/rings.ts';
import { eventCommands } from './events.ts';
import { converse, sampleContext, sampleState, tableOf } from './sample-context.ts';
import { RemoteLines } from './remote-lines.ts';
import { RuntimeSession } from './session.ts';

const model: RingModel = {
  place: { file: '', line: 0, column: 0 },
  name: 'r1',
  description: 'my ring',
  format: 'raw',
  lengthMax: 0,
  sizeBytes: 4096,
  backingFile: '',
  connectMs: -1,
  serverMs: -1,
  servers: [],
  file: null,
  otlp: null,
};

function scene() {
  const rings = new LogRings([model], [makeRing(4096)]);
  const context = { ...sampleContext('').context, rings };
  const { ring } = rings.named('r1');
  const write = (text: string): void => {
    const bytes = Buffer.from(text);
    ring.write(bytes, 0, bytes.length);
    ring.wake();
  };
  return { context, write };
}

const table = tableOf(eventCommands);
const operator = () => ({ ...sampleState(), level: 'operator' as const });

const cases: readonly (readonly [command: string, answer: string])[] = [
  ['show events r1', 'one\ntwo\n\n<end>'],
  ['show events r1 -0', 'one\0two\0\n<end>'],
  ['show events r1 -n', '\n<end>'],
  ['show events r1 -q', 'unknown option\n\n<end>'],
  ['show events nothing', 'No such event sink\n\n<end>'],
  ['show events stderr', 'Nothing to report for this sink\n\n<end>'],
  [
    'show events',
    'Supported events sinks are listed below. Add -0(zero), -w(wait), -n(new). Any key to stop.\n' +
      '    stdout     : type=fd, 0 dropped, standard output (fd#1)\n' +
      '    stderr     : type=fd, 0 dropped, standard output (fd#2)\n' +
      '    r1         : type=buffer, 0 dropped, my ring\n\n<end>',
  ],
];

for (const [command, answer] of cases) {
  test(command, async () => {
    const { context, write } = scene();
    write('one');
    write('two');
    assert.equal(await converse(context, table, [`${command}\n`], operator()), answer);
  });
}

test('the content of a ring is for operators', async () => {
  const { context } = scene();
  const user = { ...sampleState(), level: 'user' as const };
  const answer = await converse(context, table, ['show events r1\n'], user);
  assert.equal(answer, 'Permission denied\n\n<end>');
});

test('a session waits for more until its client says anything', async () => {
  const { context, write } = scene();
  write('old');
  let text = '';
  let arrived = (): void => {};
  const output = {
    write: (piece: string): void => {
      text += piece;
      arrived();
    },
    end: (): void => {
      text += '<end>';
    },
  };
  const limits = { lineBytes: 200, payloadBytes: 300 };
  const session = new RuntimeSession(context, table, operator(), { output, limits });
  const until = (what: string): Promise<void> =>
    new Promise((resolve) => {
      arrived = () => {
        if (text.includes(what)) resolve();
      };
      arrived();
    });
  // Waiting for a ring keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  const running = session.feed('show events r1 -w\n');
  await until('old\n');
  write('first');
  await until('first\n');
  write('second');
  await until('second\n');
  await session.feed('\n');
  await running;
  clearInterval(alive);
  assert.equal(text, 'old\nfirst\nsecond\n\n<end>');
});

test('a line of the master CLI is answered in parts until it is stopped', async () => {
  const { context, write } = scene();
  write('old');
  let text = '';
  let arrived = (): void => {};
  const lines = new RemoteLines(context, table);
  const line = { level: 'admin' as const, line: 'show events r1 -w', payload: '' };
  const alive = setInterval(() => {}, 1000);
  const answer = lines.run(7, line, (part) => {
    text += part;
    arrived();
  });
  const until = (what: string): Promise<void> =>
    new Promise((resolve) => {
      arrived = () => {
        if (text.includes(what)) resolve();
      };
      arrived();
    });
  await until('old\n');
  write('new');
  await until('new\n');
  lines.stop(7);
  assert.equal(await answer, '');
  assert.equal(text, 'old\nnew\n\n');
  // Who has left before the answer began gets what there is, and no more.
  const late = lines.run(8, line, (part) => {
    text += part;
  });
  lines.stop(8);
  await late;
  clearInterval(alive);
  assert.equal(text, 'old\nnew\n\nold\nnew\n\n');
});
