import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../../shared/sys/linux.ts';
import { SlotPool } from '../memory/pool.ts';
import { headerName, Message, writeLatin1 } from './message.ts';
import { relocate, shrinkAnnex } from './relocation.ts';

const sizes = { small: { slotBytes: 64, slotMax: 4 }, large: { slotBytes: 4096, slotMax: 2 } };
const poolOf = (): SlotPool => new SlotPool(linuxSys(), 1024, 4, sizes);

test('slots of three sizes are told apart by where they are', () => {
  const pool = poolOf();
  const slots = [pool.take(), pool.takeSmall(), pool.takeLarge(), pool.takeLarge()];
  assert.deepEqual(
    slots.map((at) => pool.sizeOf(at)),
    [1024, 64, 4096, 4096],
  );
  assert.equal(pool.takeLarge(), -1);
  for (const at of slots) pool.release(at);
  assert.equal(pool.inUse, 0);
  assert.equal(pool.takeSmall(), slots[1]);
});

test('texts of a message follow when its bytes move', () => {
  const pool = poolOf();
  const message = new Message(pool, 4);
  const from = pool.take();
  writeLatin1(pool.bytes, from, 'GET /path HTTP/1.1');
  message.targetAt = from + 4;
  message.targetLength = 5;
  message.methodAt = from;
  message.methodLength = 3;
  assert.ok(message.add(headerName('x-one'), 'edited'));
  const to = pool.takeLarge();
  pool.bytes.copyWithin(to, from, from + 18);
  relocate(message, from, to, 18);
  pool.bytes.fill(0, from, from + 18);
  assert.equal(message.target(), '/path');
  assert.equal(message.methodText(), 'GET');
  assert.equal(message.valueText(0), 'edited', 'what is elsewhere stays there');
});

test('an annex shrinks when it fits, and grows with the next edit', () => {
  const pool = poolOf();
  const message = new Message(pool, 8);
  const one = headerName('x-one');
  assert.ok(message.add(one, 'a'.repeat(20)));
  shrinkAnnex(message);
  assert.equal(pool.sizeOf(message.annexAt), 64);
  assert.ok(message.add(headerName('x-two'), 'b'.repeat(20)));
  assert.ok(message.setValue(0, 'c'.repeat(100)));
  assert.equal(pool.sizeOf(message.annexAt), 1024);
  assert.deepEqual([message.valueText(0), message.valueText(1)], ['c'.repeat(100), 'b'.repeat(20)]);
  shrinkAnnex(message);
  assert.equal(pool.sizeOf(message.annexAt), 1024, 'there is too much in it now');
  message.reset();
  assert.equal(pool.inUse, 0);
});
