import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../../shared/sys/linux.ts';
import { blocked, type Connection } from '../conn/connection.ts';
import * as h2 from '../http/h2-frames.ts';
import { SlotPool } from '../memory/pool.ts';
import type { ThreadContext } from '../thread-context.ts';
import { type FrameTarget, H2Demux } from './h2-demux.ts';

const pool = new SlotPool(linuxSys(), 16_384, 8);

function frame(type: number, flags: number, id: number, payload: string): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  new h2.FrameHeader().set(payload.length, type, flags, id).write(bytes, 0);
  bytes.write(payload, 9, 'latin1');
  return bytes;
}

/** Gives `parts` one after the other and writes down what the demultiplexer says. */
function run(parts: readonly Buffer[], framesAtOnce = 1000): string[] {
  const said: string[] = [];
  const text = (at: number, length: number): string =>
    Buffer.from(pool.bytes.slice(at, at + length)).toString('latin1');
  const queue = [...parts];
  const deferred: (() => void)[] = [];
  const connection = {
    isOpen: true,
    readable: true,
    recv(at: number, length: number): number {
      const part = queue.shift();
      if (part === undefined) {
        connection.readable = false;
        return blocked;
      }
      const taken = part.subarray(0, length);
      pool.bytes.set(taken, at);
      if (taken.length < part.length) queue.unshift(part.subarray(length));
      return taken.length;
    },
  };
  let data = '';
  const target: FrameTarget = {
    isReadable: () => connection.isOpen,
    framesAtOnce: () => framesAtOnce,
    onDataStart: (id, padding) => {
      if (padding > 0) said.push(`padding ${id} ${padding}`);
      return 0;
    },
    onData: (id, at, length, ends) => {
      data += text(at, length);
      if (ends) {
        said.push(`data ${id} ${data}`);
        data = '';
      }
      return 0;
    },
    onHeaderBlock: (header, at, length, frames) => {
      said.push(`head ${header.streamId} ${header.flags} ${text(at, length)} ${frames}`);
      return 0;
    },
    onFrame: (header, at) => {
      said.push(`frame ${header.type} ${header.streamId} ${text(at, header.length)}`);
      return 0;
    },
    onEnd: (result) => {
      said.push(`end ${result}`);
      connection.isOpen = false;
    },
    onFatal: (code) => {
      said.push(`fatal ${code}`);
      connection.isOpen = false;
    },
  };
  const thread = { memory: pool, defer: (act: () => void) => deferred.push(act) };
  // The demultiplexer needs no more of either than these.
  const demux = new H2Demux(
    connection as unknown as Connection,
    thread as unknown as ThreadContext,
    target,
    true,
  );
  demux.read();
  while (deferred.length > 0) deferred.shift()!();
  demux.release();
  return said;
}

const start = Buffer.concat([Buffer.from(h2.preface), frame(h2.frameSettings, 0, 0, '')]);

const story = Buffer.concat([
  start,
  frame(h2.frameHeaders, h2.flagEndHeaders, 1, 'block'),
  frame(h2.frameData, 0, 1, 'hello '),
  frame(99, 255, 7, 'unknown'),
  frame(h2.frameData, h2.flagPadded, 1, '\x03worldxyz'),
  frame(h2.frameData, h2.flagEndStream, 1, ''),
  frame(h2.frameHeaders, h2.flagPadded | h2.flagPriority, 3, '\x02\0\0\0\0\x10blpp'),
  frame(h2.frameContinuation, 0, 3, 'o'),
  frame(h2.frameContinuation, h2.flagEndHeaders, 3, 'ck'),
  frame(h2.framePing, 0, 0, '12345678'),
]);

const told = [
  'frame 4 0 ',
  'head 1 4 block 1',
  'padding 1 4',
  'data 1 hello world',
  'head 3 40 block 3',
  'frame 6 0 12345678',
];

test('the same frames however they arrive', () => {
  assert.deepEqual(run([story]), told);
  for (let cut = 1; cut < story.length; cut++) {
    assert.deepEqual(run([story.subarray(0, cut), story.subarray(cut)]), told, `cut at ${cut}`);
  }
  assert.deepEqual(run(Array.from(story, (byte) => Buffer.from([byte]))), told);
  assert.equal(pool.inUse, 0);
});

test('a few frames at a time are all of them in the end', () => {
  assert.deepEqual(run([story], 1), told);
  assert.deepEqual(run([story], 3), told);
});

test('payload larger than a slot passes through', () => {
  const payload = 'abcdefgh'.repeat(2048);
  const parts = [start, frame(h2.frameData, h2.flagEndStream, 1, payload)];
  assert.deepEqual(run(parts), ['frame 4 0 ', `data 1 ${payload}`]);
});

test('what ends a connection', () => {
  const cases: readonly (readonly [string, Buffer, number])[] = [
    ['no preface', Buffer.from('GET / HTTP/1.1\r\n\r\n'), h2.errorProtocol],
    [
      'no settings first',
      Buffer.concat([Buffer.from(h2.preface), frame(h2.framePing, 0, 0, '12345678')]),
      h2.errorProtocol,
    ],
    ...(
      [
        ['settings on a stream', frame(h2.frameSettings, 0, 1, ''), h2.errorProtocol],
        ['data on no stream', frame(h2.frameData, 0, 0, 'x'), h2.errorProtocol],
        ['a ping of another length', frame(h2.framePing, 0, 0, '1'), h2.errorFrameSize],
        ['a reset of another length', frame(h2.frameReset, 0, 1, '1'), h2.errorFrameSize],
        ['a push', frame(h2.framePush, 4, 1, '\0\0\0\x02x'), h2.errorProtocol],
        ['a continuation of nothing', frame(h2.frameContinuation, 4, 1, 'x'), h2.errorProtocol],
        ['more padding than payload', frame(h2.frameData, 8, 1, '\x09abc'), h2.errorProtocol],
        ['padding of an empty frame', frame(h2.frameData, 8, 1, ''), h2.errorFrameSize],
        ['a frame too large', frame(h2.frameHeaders, 4, 1, 'x'.repeat(16_385)), h2.errorFrameSize],
        [
          'another frame within a block',
          Buffer.concat([frame(h2.frameHeaders, 0, 1, 'x'), frame(h2.framePing, 0, 0, '12345678')]),
          h2.errorProtocol,
        ],
        [
          'a block of very many frames',
          Buffer.concat([
            frame(h2.frameHeaders, 0, 1, 'x'),
            ...Array.from({ length: 100 }, () => frame(h2.frameContinuation, 0, 1, '')),
          ]),
          h2.errorCalm,
        ],
        [
          'a stream that depends on itself',
          frame(h2.frameHeaders, 4 | h2.flagPriority, 1, '\0\0\0\x01\0x'),
          h2.errorProtocol,
        ],
      ] as const
    ).map(([what, bytes, code]) => [what, Buffer.concat([start, bytes]), code] as const),
  ];
  for (const [what, bytes, code] of cases) {
    assert.equal(run([bytes]).at(-1), `fatal ${code}`, what);
    assert.equal(pool.inUse, 0, what);
  }
});
