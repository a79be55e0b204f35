// halog (of the package haproxy) on the log of a day: every mode of it gives the numbers of what
// was sent.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { program, runProgram } from '../../harness/programs.ts';
import { countBy, countOf, lineCount, Site, type Visit } from '../../harness/site.ts';

const halog = program('haproxy', '/usr/bin/halog', '/usr/sbin/halog');

/** What it prints: lines, the first of which may be a title, and how many it has read. */
type Ask = (...words: readonly string[]) => Promise<readonly string[]>;

const total = countOf(() => true);
const isError = ({ status }: Visit): boolean => status >= 500;

/** Lines as `key -> rest`, split at the first blank. */
const pairs = (lines: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );

async function statuses(ask: Ask): Promise<void> {
  assert.deepEqual(
    pairs(await ask('-st')),
    countBy(({ status }) => `${status}`),
  );
  assert.deepEqual(
    pairs(await ask('-tc')),
    countBy(({ state }) => state),
  );
  assert.deepEqual(
    pairs(await ask('-cc')),
    countBy(({ more = '', where, state }) => {
      if (where !== 'app/*' && where !== 'app/one') return '--';
      if (more.includes('cookie')) return 'VN';
      return state === '--' ? 'NI' : 'NN';
    }),
  );
}

async function servers(ask: Ask): Promise<void> {
  const [title, ...lines] = await ask('-srv');
  assert.match(title, /^#srv_name 1xx 2xx 3xx 4xx 5xx other tot_req req_ok pct_ok avg_ct avg_rt$/);
  const rows = new Map(lines.map((line) => [line.split(' ')[0], line.split(' ').slice(1)]));
  const [one, two] = ['app/one', 'app/two'].map((name) => (rows.get(name) ?? []).map(Number));
  for (const [column, kind] of [1, 2, 3, 4, 5].entries()) {
    const wanted = ({ status, where }: Visit): boolean =>
      where.startsWith('app/') && Math.floor(status / 100) === kind;
    assert.equal(one[column] + two[column], countOf(wanted), `${kind}xx`);
  }
  assert.equal(
    one[6] + two[6],
    countOf(({ where }) => where.startsWith('app/')),
  );
  assert.deepEqual(rows.get('narrow/only')?.slice(0, 9), [...'0 2 0 0 0 0 2 2 100.0'.split(' ')]);
  assert.deepEqual(rows.get('lost/<NOSRV>')?.slice(0, 9), '0 0 0 0 1 0 1 0 0.0'.split(' '));
  assert.deepEqual(rows.get('refused/closed')?.slice(0, 9), '0 0 0 0 1 0 1 0 0.0'.split(' '));
  assert.deepEqual(rows.get('web/<NOSRV>')?.slice(0, 9), '0 0 0 3 0 0 3 0 0.0'.split(' '));
  assert.equal(rows.size, 6);
}

async function urls(ask: Ask): Promise<void> {
  const wanted = countBy(({ path }) => path.replace(/\?.*/, '') || '"<BADREQ>"');
  for (const mode of ['-u', '-uc', '-ue', '-ua', '-ut', '-uao', '-uto', '-uba', '-ubt']) {
    const [title, ...lines] = await ask(mode);
    assert.match(title, /^#req err ttot tavg oktot okavg bavg btot src$/);
    const rows = lines.map((line) => line.split(' '));
    assert.deepEqual(Object.fromEntries(rows.map((row) => [row[8], Number(row[0])])), wanted, mode);
    const key = { '-uc': 0, '-ue': 1, '-ua': 3, '-ut': 2, '-uba': 6, '-ubt': 7 }[mode];
    if (key === undefined) continue;
    const column = rows.map((row) => Number(row[key]));
    assert.deepEqual(
      column,
      column.toSorted((a, b) => b - a),
      mode,
    );
  }
  const [, ...lines] = await ask('-query', '-u');
  assert.ok(lines.some((line) => line.endsWith(' /200/0/cart?item=1')));
  const [, ...addresses] = await ask('-ic');
  assert.match(addresses.join('\n'), new RegExp(`^${total} .* 127\\.0\\.0\\.1$`));
}

async function filters(ask: Ask): Promise<void> {
  const count = async (...words: readonly string[]): Promise<number> =>
    Number((await ask(...words, '-c')).join(''));
  assert.equal(await count(), lineCount);
  assert.equal(await count('-H'), total);
  assert.equal(await count('-e'), countOf(isError));
  assert.equal(await count('-E'), total - countOf(isError));
  assert.equal(await count('-Q'), 1);
  assert.equal(await count('-QS'), 0);
  assert.equal(await count('-tcn', 'SH'), 2);
  assert.equal(await count('-TCN', 'SH'), total - 2);
  assert.equal(await count('-hs', '502'), 3);
  assert.equal(
    await count('-HS', '400:499'),
    total - countOf(({ status: s }) => s >= 400 && s < 500),
  );
  const captured = (await ask('-hdr', '1:1')).filter((line) => line !== '');
  assert.deepEqual(captured, [...Array(3).fill('192.0.2.7'), ...Array(2).fill('192.0.2.9')]);
  const [queued] = await ask('-Q');
  assert.match(queued, / narrow\/only \d+\/\d+\/.* 0\/1 \{\} "GET \/200\/0\/narrow HTTP\/1\.1"$/);
  const { out: help } = await runProgram(halog.file, ['--help']);
  if (!help.includes('-hdr-match')) return;
  assert.equal(await count('-H', '-hdr-match', '1:1=192.0.2.7'), 3);
  assert.equal(await count('-rt', '3600000'), 0);
  assert.equal(await count('-RT', '3600000'), total);
}

async function times(ask: Ask): Promise<void> {
  const percentiles = await ask('-pct');
  assert.match(percentiles.at(-1) ?? '', /^100\.0 22 \d+ \d+ \d+ \d+ ?$/);
  const holes = await ask('-ad', '0', '-ac', '1');
  assert.ok(holes.length > 0);
  for (const line of holes) assert.match(line, /^\d\d:\d\d:\d\d\.\d{3} \d+ \d+ \d+$/);
}

test('halog counts what was sent', { skip: halog.missing }, async (owner) => {
  const site = await Site.open(owner);
  await site.day();
  const log = readFileSync(site.writeLog(), 'utf8');
  const ask: Ask = async (...words) => {
    const { status, out, err } = await runProgram(halog.file, words, log);
    assert.equal(status, 0, err);
    const isSilent = words.includes('-c');
    if (!isSilent)
      assert.match(err, new RegExp(`^${lineCount} lines in, \\d+ lines out, 1 parsing`));
    return out.trimEnd().split('\n');
  };
  await statuses(ask);
  await servers(ask);
  await urls(ask);
  await filters(ask);
  await times(ask);
  await site.proxy.stop();
});
