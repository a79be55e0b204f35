// The table of `hawser top`: rates of two readings, order, filters, what fits, and the keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../terminal.ts';
import { columns, shortNumber } from './columns.ts';
import { press, type ScreenState } from './keys.ts';
import { healthOf, readStat, rowsOf, serversByState, splitCsv } from './sample.ts';
import { linesOf, sparksOf } from './screen.ts';
import { chooseRows, columnsThatFit, type View } from './table.ts';

const head =
  '# pxname,svname,qcur,scur,slim,stot,bin,bout,ereq,econ,eresp,status,weight,lastchg,type,rate,hrsp_5xx,req_tot,last_chk,rtime,\n';

/** `count` requests so far, of which a server has lost `lost`. */
const stat = (count: number, lost: number): string =>
  `${head}web,FRONTEND,,1,10,${count},0,0,0,,,OPEN,,,0,9,0,${count},,,\n` +
  `web,sock-1,,1,10,${count},0,0,0,,,OPEN,,,3,9,0,,,,\n` +
  `site,a,0,0,,${count},0,0,,0,0,UP 1/3,1,75,2,0,0,,"L4OK, fine",12,\n` +
  `site,b,2,0,,0,0,0,,${lost},0,DOWN,1,9,2,0,${lost},,,,\n` +
  `site,BACKEND,2,0,5,${count},0,${count * 100},,${lost},0,UP,2,9,1,0,${lost},${count},,12,\n`;

const rows = rowsOf(readStat(stat(150, 20), 3000), readStat(stat(50, 0), 1000));
const all: View = { sort: 'name', reverse: false, filter: '', kind: null, troubled: false };
const names = (view: Partial<View>): string[] =>
  chooseRows(rows, { ...all, ...view }).map(({ proxy, server }) => `${proxy}/${server}`);

test('rates are the difference of two readings', () => {
  const [web, a, b, site] = rows;
  assert.equal(web.requestsPerSecond, 50);
  assert.equal(a.requestsPerSecond, 50);
  assert.deepEqual([b.errorsPerSecond, b.status5xxPerSecond, b.queue], [10, 10, 2]);
  assert.equal(site.bytesOutPerSecond, 5000);
  assert.deepEqual([a.responseMs, b.responseMs], [12, -1]);
  assert.equal(a.check, 'L4OK, fine');
});

test('the first reading has the rates of the proxy, and counters that went back have none', () => {
  assert.equal(rowsOf(readStat(stat(150, 20), 0), null)[0].requestsPerSecond, 9);
  const cleared = rowsOf(readStat(stat(10, 0), 3000), readStat(stat(50, 20), 1000));
  assert.equal(cleared[0].requestsPerSecond, 0);
});

test('listeners are part of their frontend, servers are counted by state', () => {
  assert.equal(rows.length, 4);
  assert.deepEqual(
    [...serversByState(rows)],
    [
      ['UP', 1],
      ['DOWN', 1],
    ],
  );
});

test('cells may be quoted', () => {
  assert.deepEqual(splitCsv('a,"b, ""c""",,d'), ['a', 'b, "c"', '', 'd']);
});

test('states mean something', () => {
  const cases = { UP: 'good', 'UP 1/3': 'aside', 'DOWN 1/2': 'bad', 'MAINT (via a/b)': 'aside' };
  for (const [state, health] of Object.entries(cases)) assert.equal(healthOf(state), health, state);
});

test('backends stand above their servers; order, filter, kind and trouble choose', () => {
  assert.deepEqual(names({}), ['web/', 'site/', 'site/a', 'site/b']);
  assert.deepEqual(names({ sort: 'queue' }).toSorted(), names({}).toSorted());
  assert.deepEqual(names({ sort: 'errors', kind: 'server' }), ['site/b', 'site/a']);
  assert.deepEqual(names({ sort: 'errors', kind: 'server', reverse: true }), ['site/a', 'site/b']);
  assert.deepEqual(names({ filter: 'site/[ab]' }), ['site/a', 'site/b']);
  assert.deepEqual(names({ filter: 'down' }), ['site/b']);
  assert.deepEqual(names({ filter: '(' }), []);
  assert.deepEqual(names({ troubled: true }), ['site/', 'site/a', 'site/b']);
});

test('columns that do not fit are left out from the right', () => {
  assert.equal(columnsThatFit(300, 20).length, columns.length);
  assert.deepEqual(
    columnsThatFit(54, 20).map(({ name }) => name),
    ['state', 'requests', 'errors'],
  );
});

test('numbers are short', () => {
  const cases: readonly [number, string][] = [
    [0, '0'],
    [0.25, '0.3'],
    [9, '9'],
    [12.4, '12'],
    [999.6, '1.0k'],
    [12_345, '12k'],
    [2_500_000, '2.5M'],
  ];
  for (const [value, text] of cases) assert.equal(shortNumber(value), text);
});

const start: ScreenState = {
  view: all,
  from: 0,
  paused: false,
  help: false,
  typing: null,
  quit: false,
};

const pressed = (...keys: string[]): ScreenState =>
  keys.reduce((state, name) => press(state, { name, sequence: name }, 10), start);

test('keys choose, sort, scroll and leave', () => {
  assert.equal(pressed('q').quit, true);
  assert.equal(press(start, { name: 'c', ctrl: true }, 10).quit, true);
  assert.equal(pressed('>').view.sort, 'state');
  assert.equal(pressed('<').view.sort, 'check');
  assert.equal(pressed('s').view.kind, 'server');
  assert.equal(pressed('s', '!', 'a').view.kind, null);
  assert.equal(pressed('down', 'pagedown', 'up').from, 10);
  assert.equal(pressed('up').from, 0);
  assert.equal(pressed('down', 'g').from, 0);
  assert.ok(press(start, { name: 'g', sequence: 'G' }, 10).from > 1000);
  assert.equal(pressed('/', 'a', 'return', 'escape').view.filter, '');
  assert.deepEqual(pressed('x'), start);
});

test('while a filter is written, letters are letters', () => {
  const typing = pressed('/', 'q', 's');
  assert.deepEqual([typing.typing, typing.view.filter, typing.quit], ['qs', 'qs', false]);
  const kept = press(typing, { name: 'return' }, 10);
  assert.deepEqual([kept.typing, kept.view.filter], [null, 'qs']);
  const back = press(press(typing, { name: 'backspace' }, 10), { name: 'escape' }, 10);
  assert.deepEqual([back.typing, back.view.filter], [null, '']);
});

test('a screen has as many lines as the terminal, none wider', () => {
  const frame = {
    rows,
    info: new Map([['Pid', '7']]),
    history: [1, 2],
    fault: '',
    intervalMs: 1000,
  };
  for (const [width, height] of [
    [40, 6],
    [80, 24],
    [200, 60],
  ]) {
    const { lines } = linesOf(frame, start, { width, height, paint: plain });
    assert.equal(lines.length, height);
    for (const line of lines) assert.ok(line.length <= Math.max(width, 48), line);
  }
  const far = linesOf(frame, { ...start, from: 99 }, { width: 80, height: 7, paint: plain });
  assert.equal(far.from, 2);
  const { lines } = linesOf({ ...frame, fault: 'gone' }, start, {
    width: 80,
    height: 9,
    paint: plain,
  });
  assert.equal(lines[1], 'gone');
});

test('a narrow screen leaves facts out and never halves a number', () => {
  const info = new Map([
    ['Name', 'HAProxy'],
    ['Version', '3.5'],
    ['Pid', '7'],
    ['CurrConns', '12'],
    ['Maxconn', '9843'],
  ]);
  const frame = { rows, info, history: [1234], fault: '', intervalMs: 1000 };
  const at = (width: number): readonly string[] =>
    linesOf(frame, start, { width, height: 10, paint: plain }).lines;
  assert.equal(at(60)[0], 'HAProxy 3.5 pid 7 up 00:00:00  connections 12 of 9843');
  assert.equal(at(50)[0], 'HAProxy 3.5 pid 7 up 00:00:00');
  assert.match(at(30)[1], /^1\.2k req\/s/);
});

test('the last values as bars, of the height of the highest', () => {
  assert.equal(sparksOf([0, 5, 10], 10, true), '▁▅█');
  assert.equal(sparksOf([9, 0, 0], 2, true), '▁▁');
  assert.equal(sparksOf([1, 2], 10, false), '');
  assert.equal(sparksOf([1, 2], -3, true), '');
});
