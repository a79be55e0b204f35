// Long answers come bit by bit, turn by turn.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../../shared/sys/linux.ts';
import { latin1 } from '../http/message.ts';
import { SlotPool } from '../memory/pool.ts';
import { Applet } from '../stream/applet.ts';
import { paced } from './next-turn.ts';

test('what is paced is whole, and no turn has more than its bytes and a piece', () => {
  const rows = Array.from({ length: 100 }, (_, i) => `row ${i};`);
  const memory = new SlotPool(linuxSys(), 1024, 1);
  const applet = new Applet(memory, memory.take(), paced(rows, 40));
  let text = '';
  const lengths: number[] = [];
  while (!applet.done) {
    applet.fill();
    lengths.push(applet.length);
    text += latin1(memory.bytes, applet.at, applet.length);
    applet.consume(applet.length);
  }
  assert.equal(text, rows.join(''));
  assert.equal(lengths[0], 0);
  assert.ok(lengths.length > 10);
  assert.ok(Math.max(...lengths) < 48);
  applet.close();
});
