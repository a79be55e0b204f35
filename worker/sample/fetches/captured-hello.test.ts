import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHello } from './captured-hello.ts';

const bytes = (hex: string): string =>
  Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('latin1');
const random = '00'.repeat(32);
/** Suites GREASE, 1301, c02b; a name, GREASE, groups, formats, signatures, versions. */
const extensions =
  '0000 0000 0a0a 0000 000a 0006 0004 1a1a 001d 000b 0002 0100 000d 0006 0004 0403 0804 ' +
  '002b 0005 0403040303';
const hello = bytes(`01 000063 0303 ${random} 00 0006 0a0a 1301 c02b 01 00 002b ${extensions}`);

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

test('a client hello is read into its lists, together as long as captures are', () => {
  const all = readHello(hello, 4096);
  assert.ok(all !== null);
  assert.equal(all.version, 0x303);
  assert.equal(hex(all.suites), '0a0a1301c02b');
  assert.equal(hex(all.extensions), '00000a0a000a000b000d002b');
  assert.equal(hex(all.groups), '1a1a001d');
  assert.equal(hex(all.formats), '00');
  assert.equal(hex(all.versions), '03040303');
  assert.equal(hex(all.signatures), '04030804');
  const short = readHello(hello, 9);
  assert.deepEqual(
    [short?.suites.length, hex(short?.extensions ?? ''), hex(short?.groups ?? '')],
    [6, '0000', '1a'],
  );
  assert.equal(short?.formats, '');
  assert.equal(short?.allSuites.length, 6);
});

test('what is cut off or is another message gives no more than it has', () => {
  assert.equal(readHello('', 10), null);
  assert.equal(readHello(`\x02${hello.slice(1)}`, 10), null);
  for (let length = 0; length < hello.length; length++) {
    const lists = readHello(hello.slice(0, length), 4096);
    assert.ok(lists === null || lists.suites.length <= 6);
  }
});
