// Fuzzer of the HTTP/2 codecs. Header lists go through an encoder and a decoder that share nothing
// but bytes, with tables of random sizes; blocks are mutated, and whatever is accepted must keep
// inside its room, as lists and as heads. `smoke` is run by h2.test.ts; a failure names the seed.
// (Frames cut at every offset: worker/mux/h2-demux.test.ts.)

import assert from 'node:assert/strict';
import { H2HeadReader } from '../../worker/http/h2-head.ts';
import { HeaderBlock, HpackDecoder } from '../../worker/http/hpack-decoder.ts';
import { HpackEncoder } from '../../worker/http/hpack-encoder.ts';
import {
  headerName,
  headerWords,
  latin1,
  Message,
  writeLatin1,
} from '../../worker/http/message.ts';
import { SlotPool } from '../../worker/memory/pool.ts';
import { FakeSys } from '../../shared/sys/fake/sys.ts';
import { Random } from './h1.fuzz.ts';

const names = [
  ':method',
  ':path',
  ':scheme',
  ':authority',
  ':status',
  'host',
  'cookie',
  'content-length',
  'te',
  'x-a',
  'x-longer-name',
  'accept',
  'set-cookie',
  'Upper',
  'connection',
];
const values = [
  '',
  'a',
  'GET',
  '/',
  '/x?y=z',
  'http',
  'h:80',
  '200',
  '0',
  'trailers',
  'b'.repeat(90),
];

type Line = readonly [name: string, value: string];

const linesOf = (random: Random): Line[] =>
  Array.from(
    { length: random.below(12) },
    () => [random.pick(names), random.pick(values)] as const,
  );

const slotBytes = 16_384;
const blockAt = 2 * slotBytes;

/** Writes lines behind `at` and answers their table. */
function place(bytes: Uint8Array, start: number, lines: readonly Line[]): Int32Array {
  const headers = new Int32Array(lines.length * headerWords);
  let at = start;
  lines.forEach(([name, value], index) => {
    writeLatin1(bytes, at, name);
    writeLatin1(bytes, at + name.length, value);
    const hash = headerName(name).hash;
    headers.set([at, name.length, at + name.length, value.length, hash], index * headerWords);
    at += name.length + value.length;
  });
  return headers;
}

function readBack(bytes: Uint8Array, block: HeaderBlock): Line[] {
  const { words } = block;
  return Array.from({ length: block.count }, (_, index) => {
    const word = index * headerWords;
    const name = latin1(bytes, words[word], words[word + 1]);
    return [name, latin1(bytes, words[word + 2], words[word + 3])] as const;
  });
}

class Codecs {
  readonly pool = new SlotPool(new FakeSys(), slotBytes, 8);
  readonly message = new Message(this.pool, 64);
  readonly reader = new H2HeadReader();
  private readonly list = new HeaderBlock(64);

  /** One connection: many blocks through one pair of tables. */
  connection(random: Random, blocks: number): void {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(4096);
    for (let i = 0; i < blocks; i++) {
      if (random.below(6) === 0) encoder.limit(random.below(4200));
      const lines = linesOf(random).map(([name, value]) => [name.toLowerCase(), value] as const);
      assert.deepEqual(this.decode(decoder, this.encode(encoder, lines)), lines);
      assert.equal(decoder.table.size, encoder.table.size);
    }
  }

  private encode(encoder: HpackEncoder, lines: readonly Line[]): Uint8Array {
    const { bytes } = this.pool;
    const headers = place(bytes, 0, lines);
    assert.ok(encoder.start(bytes, blockAt, slotBytes));
    lines.forEach((_, index) => {
      assert.ok(encoder.putField(headers, index * headerWords));
    });
    return bytes.slice(blockAt, encoder.at);
  }

  private decode(decoder: HpackDecoder, block: Uint8Array): Line[] | number {
    const { pool, list } = this;
    list.restart(pool.bytes, slotBytes, slotBytes);
    const result = decoder.decode(block, 0, block.length, list);
    assert.ok(list.at <= list.end);
    return result === 0 ? readBack(pool.bytes, list) : result;
  }

  /** Bytes that no encoder made: refused or read, never outside the room. */
  noise(random: Random): void {
    const { pool } = this;
    const decoder = new HpackDecoder(random.pick([0, 64, 4096]));
    for (let i = 0; i < 8; i++) {
      const lines = linesOf(random);
      const block = this.encode(new HpackEncoder(), lines);
      for (let k = random.below(6); k > 0 && block.length > 0; k--) {
        block[random.below(block.length)] = random.below(256);
      }
      pool.bytes.fill(0xee, 2 * slotBytes + slotBytes);
      const room = random.below(400);
      this.list.restart(pool.bytes, slotBytes, room);
      decoder.decode(block, 0, block.length, this.list);
      assert.ok(this.list.at <= slotBytes + room);
      this.head(random);
    }
  }

  /** Whatever was decoded, the head is taken or refused, and its parts lie inside the slot. */
  private head(random: Random): void {
    const { list, message, reader } = this;
    list.end = 2 * slotBytes;
    const ends = random.below(2) === 0;
    const result =
      random.below(2) === 0
        ? reader.readRequest(message, list, ends, random.below(2) === 0)
        : reader.readResponse(message, list, ends, random.below(9));
    assert.ok(list.at <= 2 * slotBytes);
    if (result !== 0) return;
    for (let i = 0; i < message.count; i++) {
      assert.match(message.nameText(i), /^[!#$%&'*+.^_`|~0-9a-z-]+$/);
      assert.doesNotMatch(message.valueText(i), /[\0\r\n]/);
    }
    assert.ok(message.targetAt + message.targetLength <= 2 * slotBytes);
  }
}

/** Runs `runs` connections from `seed`. Throws on the first difference. */
export function smoke(seed: number, runs: number): void {
  const random = new Random(seed);
  const codecs = new Codecs();
  for (let run = 0; run < runs; run++) {
    codecs.connection(random, 20);
    codecs.noise(random);
  }
}
