// Times and sizes: every unit, every fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSize, parseTime, timeFaultText, timeMax, type TimeUnit } from './units.ts';

test('times are scaled to the wanted unit and rounded up', () => {
  const cases: [string, TimeUnit, number][] = [
    ['0', 'ms', 0],
    ['15', 'ms', 15],
    ['15', 's', 15],
    ['10ms', 'ms', 10],
    ['3s', 'ms', 3000],
    ['2m', 'ms', 120_000],
    ['1h', 's', 3600],
    ['1d', 'ms', 86_400_000],
    ['1500us', 'ms', 2],
    ['1us', 'ms', 1],
    ['1ms', 's', 1],
    ['24d', 'ms', 2_073_600_000],
    ['2147483647', 'ms', timeMax],
  ];
  for (const [text, unit, value] of cases) {
    assert.deepEqual(
      [text, parseTime(text, unit).value, parseTime(text, unit).fault],
      [text, value, ''],
    );
  }
});

test('times that cannot be used say why and where', () => {
  const cases: [string, string, number][] = [
    ['', 'character', 0],
    ['s', 'character', 0],
    ['-1', 'character', 0],
    ['1.5s', 'character', 1],
    ['10u', 'character', 2],
    ['10w', 'character', 2],
    ['10sx', 'trailing', 3],
    ['2147483648', 'overflow', 0],
    ['25d', 'overflow', 0],
    ['99999999999999999999', 'overflow', 0],
  ];
  for (const [text, fault, at] of cases) {
    const found = parseTime(text);
    assert.deepEqual([text, found.fault, found.at], [text, fault, at]);
  }
  assert.match(timeFaultText(parseTime('1x'), '1x', 'timeout client'), /'x'.*'timeout client'/);
  assert.match(timeFaultText(parseTime('30d'), '30d', 'grace'), /overflow/);
});

test('sizes', () => {
  const cases: [string, number, string][] = [
    ['0', 0, ''],
    ['16384', 16_384, ''],
    ['16k', 16_384, ''],
    ['2M', 2_097_152, ''],
    ['1g', 1_073_741_824, ''],
    ['4g', 4_294_967_295, 'overflow'],
    ['4kb', 0, 'character'],
    ['k', 0, 'character'],
    ['-1', 0, 'character'],
    ['', 0, 'character'],
  ];
  for (const [text, value, fault] of cases) {
    const found = parseSize(text);
    assert.deepEqual([text, found.value, found.fault], [text, value, fault]);
  }
});
