// The commands on stick tables, over a small worker in memory: what is set is shown, filtered and
// cleared, and what is wrong is said.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TableReferences } from '../../shared/segment/table-references.ts';
import { runtimeCommands } from './catalog.ts';
import { converse, sampleContext, sampleState } from './sample-context.ts';

const text = `
defaults
  timeout connect 1s
  timeout client 1s
  timeout server 1s
backend addresses
  stick-table type ip size 100 store gpc0,gpc1_rate(10s),bytes_in_cnt
backend names
  stick-table type string len 12 size 1k expire 10s store gpt(2),gpc_rate(2,5s)
backend sticky
  stick-table type ipv6 size 10 expire 1m
  stick on src
  server s1 127.0.0.1:1
`;
const commands = runtimeCommands();

function worker() {
  const { context } = sampleContext(text);
  const run = async (line: string, level: 'user' | 'operator' = 'operator'): Promise<string> => {
    const answer = await converse(context, commands, [`${line}\n`], sampleState(level));
    return answer.replace(/\n<end>$/, '').replace(/0x[0-9a-f]+:/g, '0x:');
  };
  return { context, run };
}

const address = '0x: key=10.0.0.1 use=0 exp=0 shard=0 gpc0=5 bytes_in_cnt=7000000000';
const steps: readonly (readonly [string, string | RegExp])[] = [
  [
    'show table',
    '# table: addresses, type: ip, size:100, used:0\n' +
      '# table: names, type: string, size:1024, used:0\n' +
      '# table: sticky, type: ipv6, size:10, used:0\n',
  ],
  ['set table addresses key 10.0.0.1 data.gpc0 5 data.bytes_in_cnt 7000000000', ''],
  ['set table addresses key 10.0.0.2 data.gpc1_rate 9', ''],
  [
    'show table addresses key 10.0.0.1',
    `# table: addresses, type: ip, size:100, used:2\n${address} gpc1_rate(10000)=0\n`,
  ],
  [
    'show table addresses data.gpc1_rate gt 8 data.gpc0 eq 0',
    '# table: addresses, type: ip, size:100, used:2\n' +
      '0x: key=10.0.0.2 use=0 exp=0 shard=0 gpc0=0 bytes_in_cnt=0 gpc1_rate(10000)=9\n',
  ],
  ['clear table addresses data.gpc0 ge 5', ''],
  ['show table addresses', /used:1\n0x: key=10\.0\.0\.2 /],
  ['clear table addresses', ''],
  ['show table addresses', '# table: addresses, type: ip, size:100, used:0\n'],
  ['set table names key a=b data.gpt[1] 3 data.gpc_rate[0] 2', ''],
  [
    'show table names',
    '# table: names, type: string, size:1024, used:1\n' +
      '0x: key=a\\=b use=0 exp=10000 shard=0 gpt0=0 gpt1=3 gpc0_rate(5000)=2 gpc1_rate(5000)=0\n',
  ],
  ['set table sticky key 2001:db8::1', ''],
  ['show table sticky', /key=2001:db8::1 use=0 exp=60000 shard=0 server_id=0 server_key=-\n/],
  ['set table sticky key 10.0.0.7', ''],
  ['show table sticky key ::ffff:10.0.0.7', /key=::ffff:10\.0\.0\.7 use=0/],
  ['clear table sticky key 10.0.0.7', ''],
  ['set table addresses key ::ffff:10.0.0.8', ''],
  ['show table addresses key 10.0.0.8', /key=10\.0\.0\.8 use=0/],
  ['clear table addresses key ::10.0.0.8', ''],
  ['clear table sticky key 2001:db8::1', ''],
  ['show table sticky key 2001:db8::1', ''],
];

test('entries are set, shown, filtered and cleared', async () => {
  const { run } = worker();
  for (const [line, expected] of steps) {
    const answer = await run(line);
    if (typeof expected === 'string') assert.equal(answer, expected, line);
    else assert.match(answer, expected, line);
  }
});

test('what cannot be done is said', async () => {
  const { run } = worker();
  const cases: readonly (readonly [string, RegExp])[] = [
    ['show table nothing', /No such table/],
    ['show table addresses data.gpc1 eq 1', /Filter entry #1: The table does not store gpc1/],
    ['show table addresses data.x eq 1', /Unknown data type/],
    ['show table addresses data.gpc0 is 1', /'eq', 'ne'/],
    ['show table addresses data.gpc0 eq', /integer/],
    ['show table names data.gpt[2] eq 1', /no element 2/],
    ['show table addresses gpc0 eq 1', /Expected is 'data\.<type>/],
    ['show table addresses key', /A key is expected/],
    ['clear table', /The name of a table is expected/],
    ['set table addresses key hello', /Invalid key: 'hello' is none of type ip/],
    ['set table addresses key 2001:db8::1', /Invalid key/],
    ['set table addresses data.gpc0 1', /'key <key>'/],
    ['set table addresses ptr 0x10 data.gpc0 1', /no such entry/],
  ];
  for (const [line, expected] of cases) assert.match(await run(line), expected, line);
  assert.match(await run('set table addresses key 10.0.0.1', 'user'), /[Pp]ermission/);
  assert.match(await run('show table addresses', 'user'), /not shown at this level/);
});

test('an entry is found by its address, and one that is tracked stays', async () => {
  const { context, run } = worker();
  await run('set table addresses key 10.0.0.9 data.gpc0 1');
  const shown = await converse(context, commands, ['show table addresses\n'], sampleState());
  const pointer = /0x[0-9a-f]+/.exec(shown)?.[0] ?? '';
  assert.match(await run(`show table addresses ptr ${pointer}`), /key=10\.0\.0\.9/);
  const table = context.tables.list[0];
  assert.ok(table);
  table.keyNumber(0x0a000009);
  const entry = table.find(0);
  const references = new TableReferences(table.segment, 0, 0);
  const record = table.hold(entry, references);
  assert.match(await run(`clear table addresses ptr ${pointer}`), /tracked/);
  assert.equal(await run('clear table addresses'), '');
  assert.equal(table.used, 1);
  table.drop(entry, record, references);
  assert.equal(await run(`clear table addresses ptr ${pointer}`), '');
  assert.equal(table.used, 0);
});
