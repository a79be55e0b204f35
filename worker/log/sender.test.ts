import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressModel } from '../../shared/config/model.ts';
import { SO_RCVBUF, SO_SNDBUF, SOL_SOCKET } from '../../shared/sys/constants.ts';
import type { DatagramBatch, Region, SocketAddress, Sys } from '../../shared/sys/sys.ts';
import { LogRings } from './rings.ts';
import { Sender } from './sender.ts';
import { SenderSet } from './sender-set.ts';

const address: AddressModel = {
  family: 'ipv4',
  socket: 'dgram',
  host: '127.0.0.1',
  port: 514,
  portOffset: false,
  fd: -1,
};

/** A kernel that takes so many messages and then none (EAGAIN). */
class Kernel {
  readonly sent: string[] = [];
  readonly calls: number[] = [];
  /** How many it takes before its buffer is full. */
  takes = Number.MAX_SAFE_INTEGER;
  /** A datagram that cannot be sent: EMSGSIZE. */
  refused = '';
  opened = 0;
  closed = 0;
  readonly options: number[][] = [];

  sys(): Sys {
    return {
      region: (length: number): Region => ({ bytes: new Uint8Array(length), address: 0 }),
      address: (): SocketAddress => ({
        region: { bytes: new Uint8Array(128), address: 0 },
        length: 0,
      }),
      datagrams: (capacity: number) => new Batch(capacity),
      socket: () => 20 + this.opened++,
      close: () => this.closed++,
      setNonBlocking: () => 0,
      setsockoptInt: (fd: number, level: number, name: number, value: number) => {
        this.options.push([fd, level, name, value]);
        return 0;
      },
      sendBatch: (_fd: number, batch: Batch) => this.take(batch.texts),
      write: (_fd: number, region: Region, at: number, length: number) => {
        const text = Buffer.from(region.bytes.subarray(at, at + length)).toString('latin1');
        return this.take([text]) > 0 ? length : -11;
      },
    } as unknown as Sys; // a sender asks for nothing else
  }

  private take(texts: readonly string[]): number {
    this.calls.push(texts.length);
    if (texts[0] === this.refused) return -90;
    const end = texts.indexOf(this.refused);
    const taken = texts.slice(0, end < 0 ? this.takes : Math.min(end, this.takes));
    if (taken.length === 0) return -11;
    this.takes -= taken.length;
    this.sent.push(...taken);
    return taken.length;
  }
}

class Batch implements DatagramBatch {
  readonly capacity: number;
  count = 0;
  texts: string[] = [];
  constructor(capacity: number) {
    this.capacity = capacity;
  }
  clear(): void {
    this.count = 0;
    this.texts = [];
  }
  add(region: Region, at: number, length: number): void {
    this.texts[this.count++] = Buffer.from(region.bytes.subarray(at, at + length)).toString();
  }
}

function say(sender: Sender, sys: Sys, text: string): void {
  const line = sender.begin(sys, 1024);
  line.text(text);
  sender.commit(line);
}

test('messages of a turn leave in one batch, each once', () => {
  const kernel = new Kernel();
  const sys = kernel.sys();
  const sender = new Sender(address, -1);
  for (const text of ['a', 'bb', 'ccc']) say(sender, sys, text);
  assert.deepEqual(kernel.calls, []);
  sender.flush(sys);
  sender.flush(sys);
  say(sender, sys, 'd');
  sender.flush(sys);
  assert.deepEqual(kernel.sent, ['a', 'bb', 'ccc', 'd']);
  assert.deepEqual(kernel.calls, [3, 1]);
  assert.equal(kernel.opened, 1);
  assert.equal(sender.dropped, 0);
});

test('what the kernel does not take is dropped and counted', () => {
  const kernel = new Kernel();
  const sys = kernel.sys();
  const sender = new Sender(address, -1);
  kernel.takes = 1;
  for (const text of ['a', 'b', 'c']) say(sender, sys, text);
  sender.flush(sys);
  kernel.takes = 0;
  say(sender, sys, 'd');
  sender.flush(sys);
  assert.deepEqual(kernel.sent, ['a']);
  assert.equal(sender.dropped, 3);
  assert.equal(sender.count, 0);
});

test('a datagram that cannot be sent does not keep the others back', () => {
  const kernel = new Kernel();
  const sys = kernel.sys();
  const sender = new Sender(address, -1);
  kernel.refused = 'b';
  for (const text of ['a', 'b', 'c']) say(sender, sys, text);
  sender.flush(sys);
  assert.deepEqual(kernel.sent, ['a', 'c']);
  assert.equal(sender.dropped, 1);
});

test('a full turn is sent before its end', () => {
  const kernel = new Kernel();
  const sys = kernel.sys();
  const sender = new Sender(address, -1);
  for (let i = 0; i < 200; i++) say(sender, sys, `m${i}`);
  sender.flush(sys);
  assert.equal(kernel.sent.length, 200);
  assert.deepEqual(new Set(kernel.sent).size, 200);
  assert.ok(Math.max(...kernel.calls) <= 64);
});

test('lines for a pipe leave together as long as nobody can tear them', () => {
  const kernel = new Kernel();
  const sys = kernel.sys();
  const sender = new Sender(null, 1);
  for (let i = 0; i < 5; i++) say(sender, sys, 'x'.repeat(1000));
  sender.flush(sys);
  assert.deepEqual(
    kernel.sent.map((text) => text.length),
    [4000, 1000],
  );
  sender.close(sys);
  assert.equal(kernel.closed, 0);
});

test('the same destination is opened once', () => {
  const set = new SenderSet(new LogRings([], null), { sndbufBackend: 0, rcvbufBackend: 0 });
  const at = (one: AddressModel | null, target = '') => set.senderOf({ address: one, target });
  const first = at(address);
  assert.equal(at({ ...address }), first);
  assert.notEqual(at({ ...address, port: 515 }), first);
  assert.equal(at(null, 'stdout'), at({ ...address, family: 'fd', fd: 1 }));
  assert.equal(set.list.length, 3);
});

test('sockets have the buffers that are asked for', () => {
  const kernel = new Kernel();
  const sizes = { sndbufBackend: 65_536, rcvbufBackend: 32_768 };
  const sender = new SenderSet(new LogRings([], null), sizes).senderOf({ address, target: '' });
  const sys = kernel.sys();
  const line = sender.begin(sys, 10);
  line.text('hello');
  sender.commit(line);
  sender.flush(sys);
  assert.deepEqual(kernel.options, [
    [20, SOL_SOCKET, SO_SNDBUF, 65_536],
    [20, SOL_SOCKET, SO_RCVBUF, 32_768],
  ]);
});
