// The parts of the page that need no browser: numbers as people read them, and the picture that
// messages are put together to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyPicture, isTrouble, takeFull, takeTick, usableServers } from './page/store.ts';
import { byteRate, clock, duration, milliseconds, shortNumber, stateClass } from './page/text.ts';
import { column, type FullMessage, pointsMax, type Row } from './wire.ts';

test('numbers are short', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0'],
    [0.44, '0.4'],
    [12.34, '12.3'],
    [99.97, '100'],
    [999, '999'],
    [999.6, '1k'],
    [1234, '1.23k'],
    [45_600_000, '45.6M'],
    [-1500, '-1.50k'],
  ];
  for (const [value, text] of cases) assert.equal(shortNumber(value), text, String(value));
  assert.equal(byteRate(0), '0 B/s');
  assert.equal(byteRate(1530), '1.53 kB/s');
  assert.deepEqual([null, 0.04, 3.14, 42.4, 1500, 61_000].map(milliseconds), [
    '–',
    '0 ms',
    '3.1 ms',
    '42 ms',
    '1.5 s',
    '61 s',
  ]);
  assert.deepEqual([5, 65, 3700, 90_000].map(duration), ['5s', '1m 5s', '1h 1m', '1d 1h']);
  const at = new Date(2026, 10, 29, 9, 5, 1).getTime();
  assert.equal(clock(at), '09:05:01');
  assert.equal(clock(at, at + 2 * 86_400_000), '2026-11-29 09:05:01');
});

test('states have a colour', () => {
  const cases: Readonly<Record<string, string>> = {
    UP: 'up',
    OPEN: 'up',
    'UP 1/3': 'falling',
    'DOWN 1/2': 'rising',
    DOWN: 'down',
    'MAINT (via a/b)': 'maint',
    'DRAIN 1/2': 'drain',
    NOLB: 'drain',
    'no check': 'unchecked',
    STOP: 'stopped',
  };
  for (const [status, name] of Object.entries(cases)) assert.equal(stateClass(status), name);
});

const facts = {
  pid: 1,
  generation: 1,
  threads: 1,
  startedAt: 0,
  connections: 0,
  maxconn: 0,
  idle: 0,
};
const row = (status: string): Row => {
  const cells: (string | number | null)[] = Object.keys(column).map(() => 0);
  cells[column.status] = status;
  return cells;
};
const server = (index: number) => ({ index, name: `s${index}`, address: '', isBackup: false });
const full: FullMessage = {
  token: 'one',
  process: facts,
  proxies: [
    {
      index: 2,
      id: 9,
      name: 'be',
      mode: 'http',
      description: '',
      hasFront: false,
      hasBack: true,
      servers: [server(0), server(1)],
    },
  ],
  rows: { '2': { b: row('UP'), '0': row('UP'), '1': row('DOWN') } },
  history: [
    [10, 1],
    [11, 2],
  ],
  events: [{ id: 3, at: 0, proxy: 'be', severity: 5, text: 'a' }],
  loads: [],
  tables: [],
};

test('ticks bring a picture up to date, events come once', () => {
  const picture = emptyPicture();
  const first = takeFull(picture, full);
  assert.equal(first.isNew, true);
  assert.deepEqual(first.rows.toSorted(), ['2.0', '2.1', '2.b']);
  assert.deepEqual(usableServers(picture, picture.proxies[0]), [0]);
  const event = { id: 4, at: 0, proxy: 'be', severity: 5, text: 'b' };
  const changes = takeTick(picture, {
    process: facts,
    point: [12, 3],
    rows: { '2': { '1': row('UP') } },
    events: [...full.events, event],
  });
  assert.deepEqual(changes.rows, ['2.1']);
  assert.deepEqual(
    picture.events.map(({ id }) => id),
    [3, 4],
  );
  assert.deepEqual(usableServers(picture, picture.proxies[0]), [0, 1]);
  assert.equal(picture.history.length, 3);
});

test('another process goes on where the last one stopped', () => {
  const picture = emptyPicture();
  takeFull(picture, full);
  const again = takeFull(picture, { ...full, token: 'two', history: [[15, 9]], events: [] });
  assert.equal(again.isNew, false);
  assert.equal(picture.token, 'two');
  assert.deepEqual(
    picture.history.map(([at]) => at),
    [10, 11, 15],
  );
  for (let at = 20; at < 20 + pointsMax; at++) {
    takeTick(picture, { process: facts, point: [at, 0], rows: {} });
  }
  assert.equal(picture.history.length, pointsMax);
});

test('trouble is what an operator looks at', () => {
  for (const status of ['UP', 'OPEN', 'no check']) assert.equal(isTrouble(row(status)), false);
  for (const status of ['DOWN', 'MAINT', 'UP 1/3', 'DRAIN']) assert.ok(isTrouble(row(status)));
  const failing = [...row('UP')];
  failing[column.errorRate] = 0.1;
  assert.ok(isTrouble(failing));
});
