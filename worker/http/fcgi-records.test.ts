import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ParamWriter, paramName } from './fcgi-params.ts';
import {
  outputAhead,
  Pair,
  RecordHeader,
  recordEnd,
  recordStdout,
  recordValues,
  writeBegin,
  writeLength,
  writeRecordHeader,
} from './fcgi-records.ts';
import { latin1 } from './message.ts';

test('headers are written as the specification lays them out, and read back', () => {
  const bytes = new Uint8Array(8);
  assert.equal(writeRecordHeader(bytes, 0, { type: 6, id: 0x1234, length: 0xabcd }), 8);
  assert.deepEqual([...bytes], [1, 6, 0x12, 0x34, 0xab, 0xcd, 0, 0]);
  bytes[6] = 7;
  const header = new RecordHeader();
  assert.equal(header.read(bytes, 0), true);
  assert.deepEqual({ ...header }, { type: 6, id: 0x1234, length: 0xabcd, padding: 7 });
  bytes[0] = 2;
  assert.equal(header.read(bytes, 0), false);
});

test('a request begins for a responder', () => {
  const bytes = new Uint8Array(16).fill(0xff);
  assert.equal(writeBegin(bytes, 0, 258, true), 16);
  assert.deepEqual([...bytes], [1, 1, 1, 2, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
  writeBegin(bytes, 0, 258, false);
  assert.equal(bytes[10], 0);
});

test('records about the connection have number 0, others have not', () => {
  const header = new RecordHeader();
  const cases = [
    [recordStdout, 0, true],
    [recordStdout, 1, false],
    [recordValues, 0, false],
    [recordValues, 1, true],
    [12, 0, false],
    [0, 3, false],
  ] as const;
  for (const [type, id, isMisplaced] of cases) {
    header.type = type;
    header.id = id;
    assert.equal(header.isMisplaced(), isMisplaced, `${type} ${id}`);
  }
});

test('lengths take one byte below 128, four from there on', () => {
  const bytes = new Uint8Array(300);
  for (const [nameLength, valueLength, first] of [
    [0, 0, [0, 0]],
    [127, 1, [127, 1]],
    [128, 3, [0x80, 0, 0, 128, 3]],
    [2, 260, [2, 0x80, 0, 1, 4]],
  ] as const) {
    const at = writeLength(bytes, writeLength(bytes, 0, nameLength), valueLength);
    assert.deepEqual([...bytes.subarray(0, at)], first);
    const pair = new Pair();
    const end = at + nameLength + valueLength;
    assert.equal(pair.read(bytes, 0, end), end);
    assert.deepEqual(
      { ...pair },
      {
        nameAt: at,
        nameLength,
        valueAt: at + nameLength,
        valueLength,
      },
    );
    for (let cut = 0; cut < end; cut++) assert.equal(pair.read(bytes, 0, cut), -1, `cut ${cut}`);
  }
});

test('a length that goes on beyond all memory is no pair', () => {
  const bytes = Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2]);
  assert.equal(new Pair().read(bytes, 0, bytes.length), -1);
});

test('parameters are named as CGI names them, and never pass their room', () => {
  const bytes = new Uint8Array(64);
  const writer = new ParamWriter();
  bytes.set(Buffer.from('x-foo_1.avalue'), 40);
  writer.start(bytes, 0, 30);
  writer.text('A', 'b');
  writer.field('HTTP_', { at: 40, length: 9 }, 49, 5);
  assert.equal(latin1(bytes, 0, writer.length), '\x01\x01Ab\x0e\x05HTTP_X_FOO_1_Avalue');
  assert.equal(writer.isFull, false);
  writer.copy('LONGER', 49, 5);
  assert.equal(writer.isFull, true);
  assert.equal(writer.length, 25);
  writer.text('', '');
  assert.equal(writer.length, 25, 'nothing follows what did not fit');
  assert.equal(paramName('X-forwarded.For'), 'X_FORWARDED_FOR');
});

function record(type: number, id: number, length: number, padding = 0): number[] {
  const rest = new Array<number>(length + padding).fill(9);
  return [1, type, 0, id, length >> 8, length & 255, padding, 0, ...rest];
}

test('the length of output is known when its end has been received', () => {
  const end = record(recordEnd, 1, 8);
  const cases: readonly (readonly [number[], number])[] = [
    [[], -1],
    [end, 5],
    [record(recordStdout, 1, 0), 5],
    [[...record(recordStdout, 1, 300, 3), ...end], 305],
    [[...record(recordStdout, 2, 300), ...record(7, 1, 4), ...end], 5],
    [[...record(recordStdout, 1, 10), ...record(recordEnd, 2, 8)], -1],
    [end.slice(0, 7), -1],
    [[2, ...end.slice(1)], -1],
  ];
  for (const [records, total] of cases) {
    const bytes = Uint8Array.from([0, 0, ...new Array<number>(5 + 2).fill(1), ...records]);
    const place = { at: 2, end: bytes.length };
    assert.equal(outputAhead(bytes, place, { left: 5, padding: 2 }, 1), total, `${records}`);
  }
});
