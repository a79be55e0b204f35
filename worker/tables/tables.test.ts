// Rules on stick tables over plain memory: what is tracked, counted, set and looked up, and where
// stick rules send a stream.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySegment } from '../../shared/segment/segment.ts';
import { ObjectTable } from '../../shared/segment/objects.ts';
import { ProcessSlots } from '../../shared/segment/processes.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { compileText, Exchange } from '../../test/harness/exchange.ts';
import { openTables, viewTables } from './table-set.ts';
import { countedErrors, countTracked, endTracking, trackerOf } from './tracking.ts';

const head = `
defaults
  mode http
  timeout client 1s
  timeout server 1s
  timeout connect 1s
frontend fe
  bind 127.0.0.1:80
  default_backend be
`;
const tables = `
backend be
  option persist
  stick-table type string len 8 size 10 srvkey addr
  stick on path
  stick match req.hdr(x-old) table names
  stick store-response res.hdr(x-key) table names
  server s1 127.0.0.1:1001
  server s2 127.0.0.1:1002 non-stick
  server s3 127.0.0.1:1003
backend names
  stick-table type string len 8 size 10
backend ip
  stick-table type ip size 10 expire 5s store gpc0,gpt0,http_req_cnt,http_err_rate(1s),conn_cur
backend arrays
  stick-table type ip size 10 store gpc(2),gpc_rate(2,10s),gpt(2)
`;

/** An exchange over compiled rules whose tables are real ones in memory. */
function exchange(lines: readonly string[]): Exchange {
  const rules = lines.map((line) => `  http-request ${line}\n`).join('');
  const { program, messages } = compileText(head + rules + tables);
  assert.deepEqual(messages, []);
  const segment = memorySegment(linuxSys(), { objects: 8, writers: 1, objectsMax: 0 });
  const slot = new ProcessSlots(segment).take(process.pid, 0);
  const objects = new ObjectTable(segment);
  const opened = openTables(program.model, { segment, objects, slot, nowMs: 0 });
  const made = new Exchange(program);
  made.stream.thread.tables = viewTables(program.model, opened.objects, {
    segment,
    slot,
    writer: 0,
  });
  return made;
}

/** Values that expressions have after the rules, as one text. */
function values(lines: readonly string[], wanted: readonly string[]): string {
  const shown = wanted.map((one) => `%[${one},bool]`.replace(',bool', '')).join(' ');
  const made = exchange([...lines, `set-var-fmt(txn.shown) "${shown}"`]).request();
  made.runRequest();
  const index = made.stream.thread.program.variableNames.findIndex((name) =>
    name.endsWith('shown'),
  );
  return made.stream.variables[index]?.text ?? 'nothing';
}

const cases: readonly (readonly [readonly string[], readonly string[], string])[] = [
  [[], ['sc0_get_gpc0', 'sc_tracked(0)', 'src_conn_cur(ip)', 'table_cnt(ip)'], ' 0 0 0'],
  [
    ['track-sc0 src table ip', 'sc-inc-gpc0(0)', 'sc-set-gpt0(0) 7'],
    ['sc0_get_gpc0', 'sc0_get_gpt0', 'sc0_http_req_cnt', 'sc0_conn_cur', 'sc0_trackers', 'sc0_key'],
    '1 7 1 1 1 127.0.0.2',
  ],
  [
    [
      'track-sc2 src table arrays',
      'sc-inc-gpc(1,2)',
      'sc-add-gpc(1,2) int(4)',
      'sc-set-gpt(1,2) 9',
    ],
    ['sc_get_gpc(1,2)', 'sc_gpc_rate(1,2)', 'sc_get_gpt(1,2)', 'sc2_get_gpc1', 'sc_get_gpc(5,2)'],
    '5 5 9 5 ',
  ],
  [
    ['track-sc0 src table ip', 'track-sc0 dst table arrays'],
    ['sc0_key', 'table_cnt(arrays)', 'table_avl(ip)'],
    '127.0.0.2 0 9',
  ],
  [
    ['track-sc1 src table ip', 'sc-inc-gpc0(1)', 'sc-inc-gpc0(0)'],
    ['sc1_inc_gpc0', 'sc1_clr_gpc0', 'sc1_get_gpc0', 'sc0_inc_gpc0', 'sc1_get_gpc0(names)'],
    '2 2 0  ',
  ],
  [
    ['set-var(txn.n) src,table_inc_gpc0(ip)'],
    ['src_get_gpc0(ip)', 'src,in_table(ip)', 'dst,in_table(ip)', 'src,table_expire(ip)'],
    '1 1 0 5000',
  ],
  [[], ['src,table_expire(ip)', 'src,table_expire(ip,77)', 'str(hello),table_gpc0(ip)'], ' 77 '],
  [['set-var(txn.n) src_inc_gpc0(ip)'], ['src_inc_gpc0(ip)', 'src_clr_gpc0(ip)'], '2 2'],
];

test('what rules track, count and look up', () => {
  for (const [lines, wanted, expected] of cases) {
    assert.equal(values(lines, wanted), expected, [...lines, ...wanted].join(' | '));
  }
});

test('an entry that is tracked counts until the stream ends, and then no connection is open', () => {
  const made = exchange(['track-sc0 src table ip']).request();
  made.runRequest();
  const { stream } = made;
  countTracked(stream, countedErrors);
  const table = stream.trackers[0].table;
  assert.ok(table);
  assert.equal(table.trackers(stream.trackers[0].entry), 1);
  endTracking(stream.thread, stream.trackers);
  table.keyNumber(0x7f000002);
  const entry = table.find(1000);
  assert.equal(table.trackers(entry), 0);
  const { columns } = table.geometry;
  const current = columns.find(({ type }) => type.name === 'conn_cur');
  assert.ok(current);
  assert.equal(table.words[table.at(entry) + current.offset], 0);
});

test('rules that cannot work are refused', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['track-sc0 src table nothing', /unable to find table 'nothing'/],
    ['track-sc3 src table ip', /invalid stick table track ID '3'/],
    ['sc-inc-gpc(0) if TRUE', /<ID>,<Track ID>/],
    ['sc-set-gpt0(0)', /missing a value/],
    ['set-var(txn.x) sc0_get_gpc0(nothing)', /unable to find table 'nothing'/],
  ];
  for (const [line, expected] of refused) {
    const { messages } = compileText(`${head}  http-request ${line}\n${tables}`);
    assert.match(messages.join('\n'), expected, line);
  }
  const { messages } = compileText(`${head}${tables}backend z\n  stick on src\n`);
  assert.match(messages.join('\n'), /unable to find stick-table 'z'/);
});

test('stick rules keep the server that answered and find it again', () => {
  const made = exchange([]).request();
  const { stream } = made;
  const backend = stream.thread.program.proxies[1];
  const { backend: farm } = backend;
  assert.ok(farm);
  const choose = (): string | undefined => {
    stream.server = null;
    stream.serverAssigned = false;
    stream.serverForced = false;
    farm.persistence.choose(stream);
    return (stream.server as { name: string } | null)?.name;
  };
  stream.backend = backend;
  assert.equal(choose(), undefined);
  stream.server = farm.servers[1];
  farm.persistence.onConnected(stream);
  assert.equal(choose(), undefined, 's2 is not remembered');
  stream.server = farm.servers[2];
  made.response('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Key: k1\r\n\r\n');
  farm.persistence.onConnected(stream);
  assert.equal(choose(), 's3');
  assert.equal(stream.thread.tables?.list[2]?.used, 1, 'the key of the response');
});

test('a counter that does not exist tracks nothing', () => {
  const { stream } = exchange([]);
  for (const slot of [-10, -1, 0, 99]) assert.equal(trackerOf(stream, slot), null);
});
