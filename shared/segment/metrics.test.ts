// The rows keep the reference's order and number of columns, and their fields do not overlap.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowFields } from './layout.ts';
import { assignFields, metric, rateFields } from './metric.ts';
import { field, fixedColumns, infoLines, statColumns, transientFields } from './metrics.ts';

test('show stat has 214 columns with its separator, show info its lines', () => {
  assert.equal(fixedColumns, 119);
  assert.equal(statColumns.length + 1, 214);
  assert.equal(infoLines.length, 82);
  const places: readonly [number, string][] = [
    [0, 'pxname'],
    [17, 'status'],
    [48, 'req_tot'],
    [73, 'addr'],
    [99, 'uweight'],
    [118, 'cache_hint_hits'],
    [119, 'h2_headers_rcvd'],
    [132, 'ssl_sess'],
    [212, 'h1_spliced_bytes_out'],
  ];
  for (const [at, name] of places) assert.equal(statColumns[at].name, name);
});

test('no two stored numbers share a field and all fit in a row', () => {
  const used = new Set<number>();
  for (const row of [...statColumns, ...infoLines]) {
    const at = field[row.name as keyof typeof field];
    if (row.kind === 'made') {
      assert.equal(at, undefined, row.name);
      continue;
    }
    const width = row.kind === 'rate' ? rateFields : 1;
    for (let i = at; i < at + width; i++) {
      assert.ok(!used.has(i) && i < rowFields, `${row.name} at ${i}`);
      used.add(i);
    }
  }
  assert.ok(transientFields.includes(field.ttime_max));
  assert.ok(!transientFields.includes(field.stot));
});

test('twins and too many rows stop the start', () => {
  const row = metric(['a', '', '', 'rate', 'MCP:u64', 'x']);
  assert.throws(() => assignFields([row, row], 9), /declared twice/);
  assert.throws(() => assignFields([row], 2), /need 3 fields of 2/);
});

test('every row can be explained and typed', () => {
  for (const row of [...statColumns, ...infoLines]) {
    assert.match(row.typed, /^[MSKCP][GLmMRCDATNOa][PSsC]:(u32|u64|s32|str)$/, row.name);
    assert.match(row.scope, /^(P|L?F?B?S?)$/, row.name);
    assert.notEqual(row.help, '');
  }
});
