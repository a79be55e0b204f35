// Frames: a stream of bytes in every possible split gives the same messages; what is broken or too
// long is told from what has not come yet. And the numbers of changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SentKeys } from './dictionary.ts';
import {
  ackMessage,
  classControl,
  controlMessage,
  FrameReader,
  frameBroken,
  frameIncomplete,
  frameReady,
  frameTooLong,
  heartbeat,
} from './messages.ts';
import { UpdateLog } from './update-log.ts';

const stream = Buffer.concat([
  controlMessage(classControl, heartbeat),
  ackMessage(300, 0xfedcba98),
  controlMessage(1, 1),
]);

function framesOf(frames: FrameReader): string[] {
  const found: string[] = [];
  while (frames.next() === frameReady) {
    const { kind, type, data } = frames;
    found.push(`${kind}/${type}:${data.left === 0 ? '' : `${data.varint()},${data.word()}`}`);
  }
  return found;
}

test('every split of the bytes gives the same messages', () => {
  const whole = new FrameReader(100);
  whole.push(stream);
  const expected = framesOf(whole);
  assert.deepEqual(expected, ['0/4:', '10/132:300,4275878552', '1/1:']);
  for (let first = 0; first <= stream.length; first++) {
    for (let second = first; second <= stream.length; second++) {
      const frames = new FrameReader(100);
      const found: string[] = [];
      for (const piece of [
        stream.subarray(0, first),
        stream.subarray(first, second),
        stream.subarray(second),
      ]) {
        frames.push(piece);
        found.push(...framesOf(frames));
      }
      assert.deepEqual(found, expected, `${first} ${second}`);
    }
  }
});

test('lengths that are no numbers, or too large', () => {
  const next = (...bytes: number[]): number => {
    const frames = new FrameReader(100);
    frames.push(Buffer.from(bytes));
    return frames.next();
  };
  assert.equal(next(10), frameIncomplete);
  assert.equal(next(10, 0x80), frameIncomplete);
  assert.equal(next(10, 0x80, 0xff, 0xff), frameIncomplete);
  assert.equal(next(10, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff), frameBroken);
  assert.equal(next(10, 0x80, 0xf0, 0), frameTooLong);
  assert.equal(next(10, 0x80, 5, 1, 2, 3), frameIncomplete);
});

test('lines end with a line feed, with or without a carriage return', () => {
  const frames = new FrameReader(100);
  frames.push(Buffer.from('one\ntwo\r\nth'));
  assert.equal(frames.line(), 'one');
  assert.equal(frames.line(), 'two');
  assert.equal(frames.line(), null);
  frames.push(Buffer.from('ree\n\x00\x04'));
  assert.equal(frames.line(), 'three');
  assert.equal(frames.next(), frameReady);
});

test('an entry that changes again loses its old number', () => {
  const log = new UpdateLog();
  for (const entry of [5, 6, 5, 2000]) log.note(entry);
  assert.deepEqual(log.entriesAfter(0), [6, 5, 2000]);
  assert.deepEqual(log.entriesAfter(2), [5, 2000]);
  assert.deepEqual(log.entriesAfter(4), []);
  for (let i = 0; i < 10_000; i++) log.note(i % 10);
  assert.ok(log.length < 3000, `${log.length} numbers are kept for 13 entries`);
  assert.deepEqual(log.entriesAfter(log.last - 2), [8, 9]);
  assert.deepEqual(log.entriesAfter(0).slice(0, 3), [2000, 0, 1]);
});

test('acknowledgements of 32 bits find the whole number', () => {
  const log = new UpdateLog();
  log.last = 2 ** 32 + 10;
  assert.equal(log.fromWire(10), 2 ** 32 + 10);
  assert.equal(log.fromWire(0xffffffff), 2 ** 32 - 1);
  log.last = 5;
  assert.ok(log.fromWire(6) < 0, 'a number that was never given starts from the beginning');
});

test('a dictionary forgets the oldest of 128 keys', () => {
  const keys = new SentKeys();
  assert.equal(keys.find('a'), -1);
  assert.equal(keys.add('a'), 0);
  assert.equal(keys.find('a'), 0);
  for (let i = 1; i < 128; i++) assert.equal(keys.add(`k${i}`), i);
  assert.equal(keys.add('b'), 0);
  assert.equal(keys.find('a'), -1);
  assert.equal(keys.find('b'), 0);
});
