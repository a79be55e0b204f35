// An answer in pieces comes out whole, whatever the sizes of its pieces and of what is taken.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../../shared/sys/linux.ts';
import { latin1 } from '../http/message.ts';
import { SlotPool } from '../memory/pool.ts';
import type { Viewed } from '../memory/small.ts';
import { Applet, type PieceWriter, whole } from './applet.ts';

test('pieces of every size come out in order, slot by slot', () => {
  const text = Array.from({ length: 500 }, (_, i) => `row ${i};`).join('');
  for (const [pieceBytes, takenMax] of [
    [1, 64],
    [7, 3],
    [64, 64],
    [65, 63],
    [1000, 1],
    [9999, 64],
  ]) {
    const memory = new SlotPool(linuxSys(), 64, 2);
    const pieces = text.match(new RegExp(`[\\s\\S]{1,${pieceBytes}}`, 'g')) ?? [];
    const applet = new Applet(memory, memory.take(), pieces.values());
    let got = '';
    while (!applet.done || applet.length > 0) {
      applet.fill();
      const taken = Math.min(applet.length, takenMax);
      got += latin1(memory.bytes, applet.at, taken);
      applet.consume(taken);
    }
    assert.equal(got, text);
    applet.close();
    applet.close();
    assert.equal(memory.inUse, 0);
  }
});

test('closing early tells the producer and gives the slot back once', () => {
  let isTold = false;
  function* rows(): Generator<string> {
    try {
      for (;;) yield 'row';
    } finally {
      isTold = true;
    }
  }
  const memory = new SlotPool(linuxSys(), 64, 1);
  const applet = new Applet(memory, memory.take(), rows());
  applet.fill();
  // An eighth is left for what frames the bytes.
  assert.equal(applet.length, 56);
  applet.close();
  assert.ok(isTold);
  assert.equal(memory.inUse, 0);
  assert.deepEqual([...whole('all')], ['all']);
});

test('who writes is asked for as much as there is room for', () => {
  const memory = new SlotPool(linuxSys(), 64, 1);
  const asked: number[] = [];
  const writer = (text: string): PieceWriter => {
    let at = 0;
    return {
      pauses: false,
      write: ({ bytes }, to, room) => {
        asked.push(room);
        if (at === text.length) return -1;
        const part = text.slice(at, at + Math.min(room, 20));
        bytes.set(Buffer.from(part), to);
        at += part.length;
        return part.length;
      },
    };
  };
  const pieces = ['head;', writer('a'.repeat(60)), 'between;', writer('b'.repeat(20))];
  const applet = new Applet(memory, memory.take(), pieces.values());
  let got = '';
  while (!applet.done || applet.length > 0) {
    applet.fill();
    got += latin1(memory.bytes, applet.at, applet.length);
    applet.consume(applet.length);
  }
  assert.equal(got, `head;${'a'.repeat(60)}between;${'b'.repeat(20)}`);
  assert.ok(asked.every((room) => room > 0 && room <= 56));
  assert.deepEqual(asked.slice(0, 4), [51, 31, 11, 56]);
  applet.close();
});

test('who has worked long enough is left alone until the next turn', () => {
  const memory = new SlotPool(linuxSys(), 64, 1);
  const writer = {
    pauses: false,
    left: 3,
    write({ bytes }: Viewed, to: number): number {
      this.pauses = this.left > 0;
      if (this.left-- === 2) return 0;
      bytes[to] = 0x61;
      return this.left < 0 ? -1 : 1;
    },
  };
  const applet = new Applet(memory, memory.take(), [writer].values());
  const lengths: string[] = [];
  while (!applet.done) {
    applet.fill();
    lengths.push(`${applet.length} ${applet.pauses}`);
    applet.consume(applet.length);
  }
  assert.deepEqual(lengths, ['1 true', '0 true', '1 true', '0 false']);
  applet.close();
});

test('a producer that has nothing to say is asked again later', () => {
  const said: (string | null)[] = ['one', null, 'two', null, null, 'three'];
  const memory = new SlotPool(linuxSys(), 64, 1);
  const applet = new Applet(memory, memory.take(), said.values());
  const heard: string[] = [];
  while (!applet.done) {
    applet.fill();
    heard.push(latin1(memory.bytes, applet.at, applet.length) + (applet.rests ? ' rests' : ''));
    applet.consume(applet.length);
  }
  assert.deepEqual(heard, ['one rests', 'two rests', ' rests', 'three']);
  applet.close();
});
