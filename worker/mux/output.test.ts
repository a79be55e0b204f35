// What an Output promises: every byte it took leaves, once, in order, however little the socket
// takes at a time, and every slot and pipe goes back. The socket is a stand-in with a capacity.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainPool } from '../../test/harness/http-text.ts';
import type { Connection } from '../conn/connection.ts';
import type { Pipe } from '../conn/pipes.ts';
import { H1Limits } from '../http/h1.ts';
import { TrailerReader } from '../http/h1-body.ts';
import { Message, writeLatin1 } from '../http/message.ts';
import type { SlotPool } from '../memory/pool.ts';
import type { ThreadContext } from '../thread-context.ts';
import { Output } from './output.ts';
import { sideGone } from './side.ts';

const slotBytes = 4096;
const blocked = -11;

/** A socket that takes `room` bytes before it blocks; pipes hold text by descriptor. */
class TestSocket {
  readonly memory: SlotPool;
  readonly pipes = new Map<number, string>();
  out = '';
  room: number;
  isOpen = true;
  transport = null;
  fd = 7;
  bytesSent = 0;
  splicedOut = 0;
  private vector: [number, number][] = [];

  constructor(memory: SlotPool, room: number) {
    this.memory = memory;
    this.room = room;
  }

  get writable(): boolean {
    return this.room > 0;
  }
  set writable(value: boolean) {
    if (!value) this.room = 0;
  }

  readonly sys = {
    splice: (readFd: number, _fd: number, length: number): number => {
      const text = this.pipes.get(readFd) ?? '';
      const taken = this.take(text.slice(0, length));
      if (taken > 0) this.pipes.set(readFd, text.slice(taken));
      return taken;
    },
  };

  private take(text: string): number {
    const length = Math.min(text.length, this.room);
    if (length === 0) return blocked;
    this.out += text.slice(0, length);
    this.room -= length;
    return length;
  }

  private text(at: number, length: number): string {
    return Buffer.from(this.memory.bytes.subarray(at, at + length)).toString('latin1');
  }

  send(at: number, length: number, more: boolean): number {
    this.holds.push(more);
    return this.take(this.text(at, length));
  }

  push(): void {
    this.holds.push('push');
  }

  sendVector(_vector: unknown, _length: number, more: boolean): number {
    this.holds.push(more);
    return this.take(this.vector.map(([at, length]) => this.text(at, length)).join(''));
  }

  /** For each send: may the kernel keep its end back? And when it was told not to any more. */
  readonly holds: (boolean | 'push')[] = [];
  readonly list = {
    clear: () => {
      this.vector = [];
    },
    add: (_region: unknown, at: number, length: number) => {
      this.vector.push([at, length]);
    },
  };

  flush(): boolean {
    return true;
  }
  isFlushed(): boolean {
    return true;
  }
  close(): void {
    this.isOpen = false;
  }
}

class Bench {
  readonly memory: SlotPool;
  readonly socket: TestSocket;
  readonly output: Output;
  readonly slot: number;
  readonly slots: number;
  pipesOut = 0;
  private pipeFd = 100;

  constructor(room: number) {
    this.memory = plainPool(slotBytes, 16);
    const scratchAt = this.memory.take();
    this.memory.take();
    this.memory.take();
    this.slot = this.memory.take();
    this.socket = new TestSocket(this.memory, room);
    const limits = new H1Limits(100);
    const thread = {
      memory: this.memory,
      scratchAt,
      vector: this.socket.list,
      trailers: new TrailerReader(new Message(this.memory, 101), limits),
      pipes: { release: () => this.pipesOut-- },
    } as unknown as ThreadContext;
    this.output = new Output(this.socket as unknown as Connection, thread);
    this.slots = this.memory.inUse;
  }

  /** A head of this text with the first payload. */
  start(head: string, payload: string, done: boolean): number {
    writeLatin1(this.memory.bytes, 0, head);
    writeLatin1(this.memory.bytes, this.slot, payload);
    return this.output.start(head.length, this.slot, payload.length, done);
  }

  send(payload: string, done: boolean): number {
    writeLatin1(this.memory.bytes, this.slot, payload);
    return this.output.send(this.slot, payload.length, done);
  }

  pipe(text: string): void {
    const pipe: Pipe = { readFd: this.pipeFd++, writeFd: 0, held: text.length };
    this.socket.pipes.set(pipe.readFd, text);
    this.pipesOut++;
    this.output.sendPipe(pipe);
  }

  /** Lets the socket take `step` bytes at a time until all has left. */
  drain(step: number): void {
    for (let i = 0; i < 20_000 && !this.output.isFlushed(); i++) {
      this.socket.room = step;
      this.output.flush();
    }
    assert.equal(this.output.isFlushed(), true);
    assert.equal(this.output.queuedBytes(), 0);
    assert.equal(this.memory.inUse, this.slots);
    assert.equal(this.pipesOut, 0);
  }
}

const head = 'HEAD\r\n\r\n';
const rooms = [0, 1, 5, 9, 11, 20, 200, 100_000];

test('chunks of memory and of pipes leave in order, with their framing', () => {
  const piped = 'p'.repeat(300);
  for (const room of rooms) {
    for (const step of [1, 7, 1000]) {
      const bench = new Bench(room);
      bench.output.chunked = true;
      assert.equal(bench.start(head, 'abc', false), 3);
      bench.drain(step);
      bench.socket.room = room;
      bench.pipe(piped);
      // More before the pipe is empty is not taken, but the end is: nobody would come back with it.
      if (!bench.output.isFlushed()) assert.equal(bench.send('xyz', false), 0);
      assert.equal(bench.send('', true), 0);
      bench.drain(step);
      const chunk = `3\r\nabc\r\n12c\r\n${piped}\r\n0\r\n\r\n`;
      assert.equal(bench.socket.out, head + chunk, `room ${room} step ${step}`);
    }
  }
});

test('a chunk after a piped one begins with the line end that is owed', () => {
  const bench = new Bench(100_000);
  bench.output.chunked = true;
  bench.start(head, '', false);
  bench.pipe('12345');
  bench.pipe('678');
  assert.equal(bench.send('abc', true), 3);
  bench.drain(1000);
  assert.equal(bench.socket.out, `${head}5\r\n12345\r\n3\r\n678\r\n3\r\nabc\r\n0\r\n\r\n`);
});

test('trailers leave with the last chunk also when that has to wait', () => {
  for (const room of rooms) {
    const bench = new Bench(room);
    bench.output.chunked = true;
    bench.start(head, 'abc', false);
    bench.drain(3);
    bench.socket.room = room;
    bench.pipe('12345');
    const trailers = 'x-a: b\r\n\r\n';
    writeLatin1(bench.memory.bytes, bench.slot + 2000, trailers);
    bench.output.setTrailers(bench.slot + 2000, trailers.length);
    assert.equal(bench.send('', true), 0);
    bench.drain(3);
    const wanted = `${head}3\r\nabc\r\n5\r\n12345\r\n0\r\nx-a: b\r\n\r\n`;
    assert.equal(bench.socket.out, wanted, `room ${room}`);
  }
});

test('the next head waits behind what is in a pipe', () => {
  const bench = new Bench(20);
  assert.equal(bench.start(head, 'first', false), 5);
  bench.socket.room = 3;
  bench.pipe('piped');
  assert.equal(bench.start('NEXT\r\n\r\n', 'second', true), 0);
  bench.drain(2);
  bench.socket.room = 2;
  assert.equal(bench.send('second', true), 2);
  bench.socket.room = 100;
  assert.equal(bench.send('cond', true), 4);
  assert.equal(bench.socket.out, `${head}firstpipedNEXT\r\n\r\nsecond`);
});

test('what has no body for its reader is taken and goes nowhere', () => {
  const bench = new Bench(100);
  bench.output.chunked = true;
  bench.output.discards = true;
  assert.equal(bench.start(head, 'abc', false), 3);
  assert.equal(bench.output.isRaw(), false);
  bench.output.setTrailers(bench.slot, 3);
  assert.equal(bench.send('defg', true), 4);
  assert.equal(bench.socket.out, head);
  bench.output.discards = false;
  bench.output.chunked = true;
  bench.start(head, 'abc', true);
  assert.equal(bench.socket.out, `${head}${head}3\r\nabc\r\n0\r\n\r\n`);
});

test('without memory for the rest, or on a closed connection, the side is gone', () => {
  const bench = new Bench(3);
  const taken: number[] = [];
  for (let at = bench.memory.take(); at >= 0; at = bench.memory.take()) taken.push(at);
  assert.equal(bench.start(head, 'abc', true), sideGone);
  for (const at of taken) bench.memory.release(at);
  const closed = new Bench(3);
  closed.socket.isOpen = false;
  assert.equal(closed.send('abc', true), sideGone);
});

test('the kernel may keep the end of a send back for what follows, until nothing does', () => {
  const bench = new Bench(100_000);
  bench.output.isFollowed = true;
  bench.start(head, 'x'.repeat(100), false);
  bench.output.isFollowed = true;
  bench.start(head, 'x'.repeat(4000), false);
  bench.output.letGo();
  bench.output.letGo();
  bench.send('unmarked', false);
  bench.output.isFollowed = true;
  bench.send('the last', true);
  bench.output.letGo();
  assert.deepEqual(bench.socket.holds, [true, true, 'push', false, false]);
});
