import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../../shared/sys/linux.ts';
import { FedDemux } from '../../test/harness/fcgi-fed.ts';
import { endRecord, pairs, record, types } from '../../test/harness/fcgi-records.ts';
import { SlotPool } from '../memory/pool.ts';

const slotBytes = 16_384;
const pool = new SlotPool(linuxSys(), slotBytes, 8);
const scratchAt = pool.take();

interface Run {
  readonly said: string[];
  readonly isOpen: boolean;
}

const text = (at: number, length: number): string =>
  Buffer.from(pool.bytes.slice(at, at + length)).toString('latin1');

/** Receives `bytes` in pieces of these lengths, again and again; output is taken in portions. */
function run(bytes: Buffer, lengths = [slotBytes], portion = slotBytes): Run {
  const said: string[] = [];
  let output = '';
  let turn = 0;
  const reader = { onOutput: () => take() };
  const take = (): void => {
    const got = fed.demux.take(reader, scratchAt, portion);
    output += text(scratchAt, got);
  };
  const fed = new FedDemux(pool, bytes, () => lengths[turn++ % lengths.length], {
    isReadable: () => fed.isOpen,
    onRecord: () => {},
    readerOf: (id) => (id === 1 ? reader : null),
    onOutputEnd: (id) => {
      said.push(`output ${id} ${output}`);
      output = '';
    },
    onErrors: (id, at, length) => said.push(`errors ${id} ${text(at, length)}`),
    onRequestEnd: (id, status) => said.push(`end ${id} ${status}`),
    onValues: (at, length) =>
      said.push(length < 0 ? 'no values' : `values ${text(at, length)}`) > 0,
    onStray: () => said.push('stray') > 0,
    onEnd: () => said.push('closed'),
    onFatal: () => {
      said.push('fatal');
      fed.isOpen = false;
    },
  });
  fed.run([reader], take);
  assert.equal(pool.inUse, 1, 'all slots are given back');
  return { said, isOpen: fed.isOpen };
}

const story = [
  record(types.values, 0, pairs({ FCGI_MAX_REQS: '10' }), 5),
  record(types.stdout, 1, 'hello ', 3),
  record(types.stderr, 1, 'oops', 4),
  record(types.stdout, 2, 'nobody reads'),
  record(99, 7, 'what'),
  record(types.stdout, 1, 'world'),
  record(types.stdout, 1, '', 2),
  endRecord(1),
  record(types.unknown, 0, '\x09\0\0\0\0\0\0\0'),
];
const told = [
  'values \x0d\x02FCGI_MAX_REQS10',
  'errors 1 oops',
  'stray',
  'output 1 hello world',
  'end 1 0',
  'no values',
];

test('records are told whatever pieces they come in', () => {
  const whole = Buffer.concat(story);
  assert.deepEqual(run(whole).said, told);
  for (let cut = 1; cut < whole.length; cut++) {
    assert.deepEqual(run(whole, [cut, slotBytes]).said, told, `cut at ${cut}`);
  }
  assert.deepEqual(run(whole, [1]).said, told);
});

test('nothing is lost when output is taken in small portions', () => {
  for (const portion of [1, 3, 7]) {
    assert.deepEqual(
      run(Buffer.concat(story), [slotBytes], portion).said,
      told,
      `${portion} at a time`,
    );
  }
});

test('output of any length passes, and errors in as many pieces as memory makes them', () => {
  const long = 'x'.repeat(65_535);
  const end = record(types.stdout, 1);
  const output = run(Buffer.concat([record(types.stdout, 1, long, 255), end]));
  assert.deepEqual(output.said, [`output 1 ${long}`]);
  const errors = run(Buffer.concat([record(types.stderr, 1, long, 255), end])).said;
  assert.equal(errors.pop(), 'output 1 ');
  assert.ok(errors.length > 1);
  assert.equal(errors.map((piece) => piece.slice('errors 1 '.length)).join(''), long);
});

test('what is no FastCGI, or breaks its rules, ends the connection', () => {
  const cases: readonly (readonly [string, Buffer])[] = [
    ['another version', Buffer.from([2, 6, 0, 1, 0, 0, 0, 0])],
    ['HTTP', Buffer.from('HTTP/1.1 200 OK\r\n')],
    ['output of request 0', record(types.stdout, 0, 'x')],
    ['values of a request', record(types.values, 1, '')],
    ['an end that is too short', record(types.end, 1, '1234567')],
    ['values larger than memory', record(types.values, 0, 'x'.repeat(slotBytes + 1))],
  ];
  for (const [what, bytes] of cases) {
    assert.deepEqual(run(bytes), { said: ['fatal'], isOpen: false }, what);
  }
});
