// `show stat` and `show info` of a real configuration over a segment in memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedColumns, infoLines, statColumns } from '../../shared/segment/metrics.ts';
import { enter, liveCurrent, liveServed } from '../../shared/segment/live.ts';
import { field } from '../../shared/segment/metrics.ts';
import { countRate } from '../../shared/segment/rate.ts';
import * as state from '../../shared/segment/server-state.ts';
import { sampleStats, textOf } from './sample-stats.ts';
import { infoText, statPieces, type StatSelection, wholeSelection } from './table.ts';

const text = `
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend f
  bind 127.0.0.1:18891 name l1
  option socket-stats
  default_backend b
backend b
  server s1 127.0.0.1:18892 check inter 10s
  server s2 127.0.0.1:18893 backup weight 5
listen l
  mode tcp
  bind 127.0.0.1:18894
  server s3 127.0.0.1:18892 disabled
`;

function stat(change: Partial<StatSelection> = {}, sample = sampleStats(text)): string {
  return textOf(statPieces(sample.source, { ...wholeSelection, ...change }));
}

/** Cells by column name, line by line; the key is "proxy/service". */
function cells(csv: string): Map<string, Map<string, string>> {
  const [head, ...lines] = csv.trimEnd().split('\n');
  const names = head.slice(2).split(',');
  return new Map(
    lines.map((line) => {
      const values = line.split(',');
      const byName = new Map(names.map((name, i) => [name, values[i]]));
      return [`${values[0]}/${values[1]}`, byName];
    }),
  );
}

test('CSV has one cell per column, the separator in place, and the lines in order', () => {
  const csv = stat();
  const lines = csv.trimEnd().split('\n');
  assert.equal(lines[0].startsWith('# pxname,svname,qcur,'), true);
  for (const line of lines) {
    assert.equal(line.split(',').length, statColumns.length + 2);
    assert.equal(line.split(',')[fixedColumns], '-');
  }
  assert.deepEqual(
    [...cells(csv).keys()],
    ['f/FRONTEND', 'f/l1', 'b/s1', 'b/s2', 'b/BACKEND', 'l/FRONTEND', 'l/s3', 'l/BACKEND'],
  );
});

test('cells are what the reference prints for the same configuration', () => {
  const lines = cells(stat());
  const expected: readonly [string, string, string][] = [
    ['f/FRONTEND', 'qcur', ''],
    ['f/FRONTEND', 'stot', '0'],
    ['f/FRONTEND', 'econ', ''],
    ['f/FRONTEND', 'status', 'OPEN'],
    ['f/FRONTEND', 'type', '0'],
    ['f/FRONTEND', 'mode', 'http'],
    ['f/FRONTEND', 'hrsp_2xx', '0'],
    ['l/FRONTEND', 'hrsp_2xx', ''],
    ['l/FRONTEND', 'req_tot', '0'],
    ['l/BACKEND', 'req_tot', ''],
    ['l/FRONTEND', 'mode', 'tcp'],
    ['f/l1', 'addr', '127.0.0.1:18891'],
    ['f/l1', 'type', '3'],
    ['f/l1', 'sid', '1'],
    ['f/l1', 'rate', ''],
    ['f/l1', 'proto', 'tcpv4'],
    ['b/s1', 'status', 'UP 1/3'],
    ['b/s1', 'chkfail', '0'],
    ['b/s1', 'check_status', 'INI'],
    ['b/s1', 'check_code', ''],
    ['b/s1', 'check_rise', '2'],
    ['b/s1', 'lastsess', '-1'],
    ['b/s1', 'slim', ''],
    ['b/s2', 'status', 'no check'],
    ['b/s2', 'chkfail', ''],
    ['b/s2', 'downtime', ''],
    ['b/s2', 'bck', '1'],
    ['b/s2', 'act', '0'],
    ['b/s2', 'weight', '5'],
    ['b/BACKEND', 'act', '1'],
    ['b/BACKEND', 'bck', '1'],
    ['b/BACKEND', 'weight', '1'],
    // The reference has no name for its default and says 'unknown'.
    ['b/BACKEND', 'algo', 'random'],
    ['b/BACKEND', 'sid', '0'],
    ['l/s3', 'status', 'MAINT'],
    ['l/s3', 'weight', '1'],
    ['l/BACKEND', 'status', 'DOWN'],
    ['l/BACKEND', 'weight', '0'],
  ];
  for (const [line, column, value] of expected) {
    assert.equal(lines.get(line)?.get(column), value, `${line} ${column}`);
  }
});

test('counters, gauges, rates and ages appear where they were counted', () => {
  const sample = sampleStats(text);
  const { writer, source, live } = sample;
  const { front, back } = source.objects.proxies[0];
  assert.equal(back, -1);
  const row = writer.row(front);
  writer.values[row + field.stot] += 3;
  writer.values[row + field.h1sess] += 1;
  writer.values[row + field.reqbin] += 1000;
  writer.values[row + field.resbin] += 2000;
  countRate(writer.values, row + field.rate, source.nowMs(), 7);
  enter(live.words, live.row(front) + liveCurrent);
  const server = source.objects.proxies[1].servers[0];
  enter(live.words, live.row(server) + liveServed);
  writer.values[writer.row(server) + field.lastsess] = source.nowMs() / 1000 - 5;
  const lines = cells(stat({}, sample));
  const cell = (line: string, column: string): string | undefined => lines.get(line)?.get(column);
  assert.equal(cell('f/FRONTEND', 'stot'), '3');
  assert.equal(cell('f/FRONTEND', 'sess_other'), '2');
  assert.equal(cell('f/FRONTEND', 'bin'), '1000');
  assert.equal(cell('f/FRONTEND', 'bout'), '2000');
  assert.equal(cell('f/FRONTEND', 'rate'), '7');
  assert.equal(cell('f/FRONTEND', 'scur'), '1');
  assert.equal(cell('f/FRONTEND', 'smax'), '1');
  assert.equal(cell('b/s1', 'scur'), '1');
  assert.equal(cell('b/s1', 'lastsess'), '5');
});

test('typed output names object, column, tags and type', () => {
  const lines = stat({ format: 'typed' }).trimEnd().split('\n');
  assert.ok(lines.includes('F.2.0.0.pxname.1:KNSV:str:f'));
  assert.ok(lines.includes('F.2.0.7.stot.1:MCPP:u64:0'));
  assert.ok(lines.includes('F.2.0.33.rate.1:MRPP:u32:0'));
  assert.ok(lines.includes('S.3.1.19.act.1:SGPV:u32:1'));
  assert.ok(lines.includes('B.3.0.19.act.1:MGPV:u32:1'));
  assert.ok(lines.includes('S.3.2.55.lastsess.1:MAPP:s32:-1'));
  assert.ok(lines.includes('B.3.0.132.ssl_sess.1:MCPV:u64:0'));
  const helped = stat({ format: 'typed', withHelp: true }).split('\n')[0];
  assert.match(helped, /^F\.2\.0\.0\.pxname\.1:KNSV:str:f:".+"$/);
});

test('JSON output is JSON, object by object', () => {
  const parsed = JSON.parse(stat({ format: 'json' }));
  assert.equal(parsed.length, 8);
  assert.deepEqual(parsed[2][0], {
    objType: 'Server',
    proxyId: 3,
    id: 1,
    field: { pos: 0, name: 'pxname' },
    processNum: 1,
    tags: { origin: 'Key', nature: 'Name', scope: 'Service' },
    value: { type: 'str', value: 'b' },
  });
  assert.equal(stat({ format: 'json', proxyId: 99 }), '[]\n');
});

test('selections by proxy, type and id, and hidden servers', () => {
  const keys = (change: Partial<StatSelection>): string[] => [...cells(stat(change)).keys()];
  assert.deepEqual(keys({ proxyId: 3 }), ['b/s1', 'b/s2', 'b/BACKEND']);
  assert.deepEqual(keys({ types: 1 }), ['f/FRONTEND', 'l/FRONTEND']);
  assert.deepEqual(keys({ types: 4, id: 2 }), ['b/s2']);
  assert.deepEqual(keys({ types: 4, hidesMaint: true }), ['b/s1', 'b/s2']);
  const sample = sampleStats(text);
  sample.source.servers[1][0].setState(state.stateStopped, 0);
  const up = cells(stat({ types: 4, hidesDown: true }, sample));
  assert.deepEqual([...up.keys()], ['b/s2']);
});

test('a user does not see addresses, cookies and algorithms', () => {
  const lines = cells(stat({ isOperator: false }));
  assert.equal(lines.get('b/s1')?.get('addr'), '');
  assert.equal(lines.get('b/s1')?.get('cookie'), '');
  assert.equal(lines.get('b/BACKEND')?.get('algo'), '');
});

test('show info prints what is known, typed, as JSON and with fractions', () => {
  const sample = sampleStats(text);
  const { writer, source } = sample;
  writer.values[writer.row(source.objects.process) + field.CumConns] += 12;
  countRate(
    writer.values,
    writer.row(source.objects.process) + field.ConnRate,
    source.nowMs() - 1500,
    5,
  );
  const info = (format: 'text' | 'typed' | 'json', asFloat = false): string =>
    infoText(source, { format, withHelp: false, asFloat });
  const lines = info('text').trimEnd().split('\n');
  assert.ok(lines.includes('Name: HAProxy'));
  assert.ok(lines.includes('CumConns: 12'));
  assert.ok(lines.includes('ConnRate: 2'));
  assert.ok(info('text', true).includes('\nConnRate: 2.5\n'));
  assert.ok(info('typed', true).includes('ConnRate.1:MRPV:flt:2.5\n'));
  assert.ok(info('typed').startsWith('0.Name.1:POSV:str:HAProxy\n'));
  const parsed = JSON.parse(info('json'));
  assert.deepEqual(parsed[0].field, { pos: 0, name: 'Name' });
  assert.ok(parsed.length <= infoLines.length);
});
