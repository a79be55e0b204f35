// haproxy_log_analysis on the log of a day: its commands and filters give the numbers of what was
// sent.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { program, runProgram } from '../../harness/programs.ts';
import { countBy, countOf, Site, type Visit } from '../../harness/site.ts';

const analysis = program('haproxy-log-analysis', '/usr/bin/haproxy_log_analysis');

/** Python's dictionary of numbers, as the program prints it. */
function counts(text: string): Record<string, number> {
  const found = text.matchAll(/(?:'([^']*)'|(None)): (\d+)/g);
  return Object.fromEntries(
    Array.from(found, ([, key, none, value]) => [key ?? none, Number(value)]),
  );
}

const methodOf = ({ path, more = '' }: Visit): string =>
  path === '' ? 'None' : more.includes('content-length') ? 'POST' : 'GET';

const isAnswered = ({ path }: Visit): boolean => path !== '';

test('haproxy_log_analysis counts what was sent', { skip: analysis.missing }, async (owner) => {
  const site = await Site.open(owner);
  await site.day();
  const log = site.writeLog();
  /** What it prints below its title. */
  const ask = async (command: string, ...more: readonly string[]): Promise<string> => {
    // It keeps what it has read beside the log.
    rmSync(`${log}.dat`, { force: true });
    const { status, out, err } = await runProgram(analysis.file, [
      '-l',
      log,
      '-c',
      command,
      ...more,
    ]);
    assert.equal(status, 0, err);
    return out.trim().split('\n').slice(2).join('\n');
  };
  const total = countOf(() => true);
  assert.equal(await ask('counter'), `${total}`);
  assert.equal(await ask('counter_invalid'), '1');
  assert.deepEqual(counts(await ask('http_methods')), countBy(methodOf));
  assert.deepEqual(
    counts(await ask('status_codes_counter')),
    countBy(({ status }) => `${status}`),
  );
  assert.deepEqual(
    counts(await ask('request_path_counter')),
    countBy(({ path }) => path || 'None'),
  );
  assert.deepEqual(counts(await ask('ip_counter')), {
    '': countOf(isAnswered) - 5,
    '192.0.2.7': 3,
    '192.0.2.9': 2,
  });
  const { one, two, ...others } = counts(await ask('server_load'));
  assert.deepEqual(others, { closed: 1, only: 2, '<NOSRV>': 4 });
  assert.equal(
    one + two,
    countOf(({ where }) => where.startsWith('app/')),
  );
  const minutes = Array.from((await ask('requests_per_minute')).matchAll(/\), (\d+)\)/g), caught);
  assert.equal(
    minutes.reduce((sum, count) => sum + count, 0),
    total,
  );
  assert.equal(await ask('counter', '-f', 'status_code_family[5]'), '6');
  assert.equal(await ask('counter', '-f', 'backend[narrow]'), '2');
  assert.equal(await ask('counter', '-n', '-f', 'frontend[web]'), '0');
  await site.proxy.stop();
});

/** The number that a match has caught. */
function caught([, digits]: RegExpMatchArray): number {
  return Number(digits);
}
