import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderBlock, HpackDecoder, hpackBroken, hpackTooLarge } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { decodeHuffman } from './huffman.ts';
import { headerName, headerWords, writeLatin1 } from './message.ts';

const memory = new Uint8Array(1 << 16);
const text = (at: number, length: number): string =>
  Buffer.from(memory.subarray(at, at + length)).toString('latin1');

function listOf(block: HeaderBlock): string[] {
  const lines: string[] = [];
  for (let word = 0; word < block.count * headerWords; word += headerWords) {
    const { words } = block;
    const name = text(words[word], words[word + 1]);
    lines.push(`${name}: ${text(words[word + 2], words[word + 3])}`);
    assert.equal(words[word + 4], headerName(name).hash);
  }
  return lines;
}

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));

function decode(decoder: HpackDecoder, block: Uint8Array, room = 8192): string[] | number {
  const list = new HeaderBlock(64);
  list.restart(memory, 0, room);
  const result = decoder.decode(block, 0, block.length, list);
  return result === 0 ? listOf(list) : result;
}

const get = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
const custom = [
  ':method: GET',
  ':scheme: https',
  ':path: /index.html',
  ':authority: www.example.com',
  'custom-key: custom-value',
];

/** RFC 7541 appendix C.3 and C.4: three requests on one connection, plain and coded. */
const requests: readonly (readonly string[])[] = [
  [
    '828684410f7777772e6578616d706c652e636f6d',
    '828684be58086e6f2d6361636865',
    '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
  ],
  [
    '828684418cf1e3c2e5f23a6ba0ab90f4ff',
    '828684be5886a8eb10649cbf',
    '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
  ],
];

test('the request examples of RFC 7541, with the sizes of the table', () => {
  for (const blocks of requests) {
    const decoder = new HpackDecoder(4096);
    const sizes: number[] = [];
    const lists = blocks.map((block) => {
      const list = decode(decoder, hex(block));
      sizes.push(decoder.table.size);
      return list;
    });
    assert.deepEqual(lists, [get, [...get, 'cache-control: no-cache'], custom]);
    assert.deepEqual(sizes, [57, 110, 164]);
  }
});

test('entries are evicted as in RFC 7541 C.6, with a table of 256 bytes', () => {
  const decoder = new HpackDecoder(256);
  const first = decode(
    decoder,
    hex(
      '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad1718' +
        '63c78f0b97c8e9ae82ae43d3',
    ),
  );
  assert.deepEqual(first, [
    ':status: 302',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:21 GMT',
    'location: https://www.example.com',
  ]);
  assert.equal(decoder.table.size, 222);
  assert.ok(Array.isArray(decode(decoder, hex('4883640effc1c0bf'))));
  assert.equal(decoder.table.size, 222);
  assert.equal(decoder.table.count, 4);
});

test('blocks that break the rules', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['index 0', '80'],
    ['an index beyond the tables', 'be'],
    ['a name beyond the tables', '7f00'],
    ['an integer without end', 'ffffffffffff'],
    ['a string longer than the block', '000561'],
    ['a block that ends in a literal', '40'],
    ['a table larger than announced', '3fe2ff03'],
    ['a table size behind a field', '823f00'],
    ['padding of zeros', '00016181f0'],
    ['padding of more than seven bits', '00016182afff'],
    ['the end-of-string symbol', '00016184ffffffff'],
  ];
  for (const [what, block] of cases) {
    assert.equal(decode(new HpackDecoder(4096), hex(block)), hpackBroken, what);
  }
});

test('a list that is too large is given up, and the table follows all the same', () => {
  const decoder = new HpackDecoder(4096);
  const block = hex(`${'400161'}10${'62'.repeat(16)}${'400163'}10${'64'.repeat(16)}`);
  assert.equal(decode(decoder, block, 20), hpackTooLarge);
  assert.deepEqual(decode(decoder, hex('bfbe')), [`a: ${'b'.repeat(16)}`, `c: ${'d'.repeat(16)}`]);
});

test('every symbol of the Huffman code, by codes of an independent encoder', () => {
  // 'Mon, 21 Oct 2013 20:13:22 GMT' of RFC 7541 C.6.3, and long codes.
  const coded = hex('d07abe941054d444a8200595040b8166e084a62d1bff');
  const room = { bytes: memory, at: 0, end: 100 };
  const length = decodeHuffman(coded, 0, coded.length, room);
  assert.equal(text(0, length), 'Mon, 21 Oct 2013 20:13:22 GMT');
  const zero = hex('ffc7');
  assert.equal(decodeHuffman(zero, 0, 2, room), 1);
  assert.equal(memory[0], 0);
});

/** Writes headers into memory as a Message would hold them. */
function headersOf(lines: readonly (readonly [string, string])[]): Int32Array {
  const headers = new Int32Array(lines.length * headerWords);
  let at = 20_000;
  lines.forEach(([name, value], index) => {
    writeLatin1(memory, at, name);
    writeLatin1(memory, at + name.length, value);
    const valueAt = at + name.length;
    headers.set([at, name.length, valueAt, value.length, headerName(name).hash], index * 5);
    at = valueAt + value.length;
  });
  return headers;
}

function roundTrip(
  encoder: HpackEncoder,
  decoder: HpackDecoder,
  lines: readonly (readonly [string, string])[],
): { list: string[] | number; bytes: number } {
  const headers = headersOf(lines);
  assert.ok(encoder.start(memory, 40_000, 10_000));
  lines.forEach((_, index) => {
    assert.ok(encoder.putField(headers, index * headerWords));
  });
  const block = memory.slice(40_000, encoder.at);
  return { list: decode(decoder, block), bytes: block.length };
}

test('what is encoded reads back, and what repeats is short', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(4096);
  const lines = [
    ['server', 'hawser'],
    ['x-custom', 'value'],
    ['content-length', '1234'],
    ['set-cookie', 'a=b'],
    ['x-long', 'y'.repeat(300)],
  ] as const;
  const expected = lines.map(([name, value]) => `${name}: ${value}`);
  const first = roundTrip(encoder, decoder, lines);
  const second = roundTrip(encoder, decoder, lines);
  assert.deepEqual(first.list, expected);
  assert.deepEqual(second.list, expected);
  assert.ok(second.bytes < first.bytes - 15);
});

test('a secret is never kept, by no hop', () => {
  const encoder = new HpackEncoder();
  const headers = headersOf([['authorization', 'Basic eA==']]);
  encoder.start(memory, 40_000, 1000);
  encoder.putField(headers, 0);
  assert.equal(memory[40_000] & 0xf0, 0x10);
  assert.equal(encoder.table.count, 0);
});

test('a smaller table of the peer is told, and the old entries are not used', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(4096);
  const lines = [['x-custom', 'value']] as const;
  roundTrip(encoder, decoder, lines);
  encoder.limit(0);
  encoder.limit(100);
  const { list } = roundTrip(encoder, decoder, lines);
  assert.deepEqual(list, ['x-custom: value']);
  assert.equal(decoder.table.sizeMax, 100);
  assert.equal(decoder.table.count, 1);
});

test('many different headers: both tables stay equal', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(4096);
  for (let i = 0; i < 2000; i++) {
    const lines = [
      [`x-${i % 97}`, `${i * 7919}`.repeat(1 + (i % 5))],
      ['x-fixed', String(i % 3)],
    ] as const;
    const { list } = roundTrip(encoder, decoder, lines);
    assert.deepEqual(
      list,
      lines.map(([name, value]) => `${name}: ${value}`),
    );
    assert.equal(encoder.table.size, decoder.table.size);
  }
});
