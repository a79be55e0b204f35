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

const commands = [
  'counter',
  'counter_invalid',
  'http_methods',
  'ip_counter',
  'request_path_counter',
  'requests_per_minute',
  'server_load',
  'status_codes_counter',
];

const isAnswered = ({ path }: Visit): boolean => path !== '';

test('haproxy_log_analysis counts what was sent', { skip: analysis.missing }, async (owner) => {
  const site = await Site.open(owner);
  await site.day();
  const log = site.writeLog();
  /** What it prints for each command, without the title. */
  const ask = async (commands: readonly string[], ...more: readonly string[]) => {
    // It keeps what it has read beside the log.
    rmSync(`${log}.dat`, { force: true });
    const words = ['-l', log, '-c', commands.join(), ...more];
    const { status, out, err } = await runProgram(analysis.file, words);
    assert.equal(status, 0, err);
    const parts = out.split(/^command: /m).slice(1);
    return Object.fromEntries(
      parts.map((part) => {
        const [name, , ...lines] = part.trim().split('\n');
        return [name, lines.join('\n')];
      }),
    );
  };
  const total = countOf(() => true);
  const said = await ask(commands);
  assert.deepEqual(Object.keys(said).toSorted(), commands.toSorted());
  assert.equal(said['counter'], `${total}`);
  assert.equal(said['counter_invalid'], '1');
  assert.deepEqual(counts(said['http_methods']), countBy(methodOf));
  assert.deepEqual(
    counts(said['status_codes_counter']),
    countBy(({ status }) => `${status}`),
  );
  assert.deepEqual(
    counts(said['request_path_counter']),
    countBy(({ path }) => path || 'None'),
  );
  assert.deepEqual(counts(said['ip_counter']), {
    '': countOf(isAnswered) - 5,
    '192.0.2.7': 3,
    '192.0.2.9': 2,
  });
  const { one, two, ...others } = counts(said['server_load']);
  assert.deepEqual(others, { closed: 1, only: 2, '<NOSRV>': 4 });
  assert.equal(
    one + two,
    countOf(({ where }) => where.startsWith('app/')),
  );
  const minutes = Array.from(said['requests_per_minute'].matchAll(/\), (\d+)\)/g), caught);
  assert.equal(
    minutes.reduce((sum, count) => sum + count, 0),
    total,
  );
  const filtered = async (...words: readonly string[]): Promise<string> =>
    (await ask(['counter'], ...words))['counter'];
  assert.equal(await filtered('-f', 'status_code_family[5]'), '6');
  assert.equal(await filtered('-n', '-f', 'backend[narrow]'), `${total - 2}`);
  await site.proxy.stop();
});

/** The number that a match has caught. */
function caught([, digits]: RegExpMatchArray): number {
  return Number(digits);
}
