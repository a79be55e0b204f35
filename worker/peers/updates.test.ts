// Tables over the wire: every type of key and of data arrives as it was, with arrays of other
// lengths, types that only one side holds, time left, server keys by number; and broken messages
// change nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StickTable } from '../../shared/segment/stick-table.ts';
import { dataTypes, type StoredType } from '../../shared/segment/table-data.ts';
import type { KeyType } from '../../shared/segment/table-layout.ts';
import { type RoomTable, roomTable } from '../../test/harness/peer-room.ts';
import { entryLine, writeValue } from '../tables/text.ts';
import { receivedKeys, SentKeys } from './dictionary.ts';
import { FrameReader, tableDefine, tableUpdate, tableUpdateTimed } from './messages.ts';
import {
  columnsByBit,
  definitionMessage,
  readDefinitionBody,
  readDefinitionHead,
  type RemoteColumn,
} from './table-definition.ts';
import { UpdateReader } from './update-reader.ts';
import { writeUpdate } from './update-writer.ts';
import { ByteReader } from './varint.ts';

const nowMs = 1_000_000;

const everything: readonly StoredType[] = dataTypes.map(({ name, isArray, storage }) => ({
  name,
  length: isArray ? 3 : 1,
  periodMs: storage === 'rate' ? 10_000 : 0,
}));
/** What may stand in one table: arrays take the place of single ones. */
const singles = everything.filter(({ name }) => !['gpt', 'gpc', 'gpc_rate'].includes(name));
const arrays = everything.filter(({ name }) => !/^gp[ct][01]/.test(name));

function keyed(table: StickTable, keyType: KeyType): void {
  if (keyType === 'ip' || keyType === 'integer') table.keyNumber(0x8f000102 | 0);
  else if (keyType === 'string') table.keyText('a key = \xe9');
  else table.keyBytes('0123456789abcdef');
}

/** An entry with another number in every value. */
function filled({ own }: RoomTable): number {
  own.enter();
  const entry = own.take(nowMs);
  let value = 1;
  for (const column of own.geometry.columns) {
    for (let index = 0; index < column.length; index++) {
      writeValue(own, { entry, column, index }, value++ * 1_000_003, nowMs - 10);
    }
  }
  own.leave();
  return entry;
}

const keys = { sent: new SentKeys(), received: receivedKeys() };

interface Sent {
  readonly definition: Buffer;
  readonly update: Buffer;
}

function sent({ own }: RoomTable, entry: number, isTimed = false, dictionary = keys): Sent {
  const bytes = Buffer.alloc(65_536);
  const head = {
    type: isTimed ? tableUpdateTimed : tableUpdate,
    id: 7,
    hasId: true,
    isTimed,
    nowMs,
  };
  const place = { bytes, at: 0, keys: dictionary.sent };
  const end = writeUpdate(place, { table: own, entry, columns: columnsByBit(own) }, head);
  return { definition: definitionMessage(own, 't', 1), update: bytes.subarray(0, end) };
}

function dataOf(message: Buffer, type: number): ByteReader {
  const frames = new FrameReader(65_536);
  frames.push(message);
  assert.equal(frames.next(), 1);
  assert.equal(frames.type, type);
  return frames.data;
}

function columnsOf(definition: Buffer, table: RoomTable): readonly RemoteColumn[] | null {
  const data = dataOf(definition, tableDefine);
  assert.deepEqual(readDefinitionHead(data), { remoteId: 1, wireName: 't' });
  return readDefinitionBody(data, table.shared.table)?.columns ?? null;
}

/** The entry as `show table` prints it, after what was sent has been taken in. */
function arrived(from: Sent, to: RoomTable, type = tableUpdate, received = keys.received): string {
  const columns = columnsOf(from.definition, to);
  assert.ok(columns);
  const update = new UpdateReader();
  const data = dataOf(from.update, type);
  assert.ok(update.readHead(type, data));
  assert.ok(update.readBody(data, to.shared, columns, received));
  assert.equal(data.left, 0);
  assert.equal(update.id, 7);
  update.apply(to.shared, columns, 'other', nowMs);
  return lastLine(to);
}

function lastLine({ own }: RoomTable): string {
  own.enter();
  let line = '';
  own.eachEntry((entry) => {
    line = entryLine(own, entry, nowMs);
    return true;
  });
  own.leave();
  return line.replace(/^0x[0-9a-f]+: /, '');
}

const keyTypes: readonly (readonly [KeyType, number])[] = [
  ['ip', 4],
  ['integer', 4],
  ['ipv6', 16],
  ['string', 20],
  ['binary', 10],
];

test('every type of key and data arrives as it was', () => {
  for (const [keyType, keyLength] of keyTypes) {
    for (const store of [singles, arrays]) {
      const wish = { keyType, keyLength, store, receivesOnly: true };
      const [from, to] = [roomTable('t', wish), roomTable('t', wish)];
      keyed(from.own, keyType);
      const before = filled(from);
      const expected = entryLine(from.own, before, nowMs).replace(/^0x[0-9a-f]+: /, '');
      assert.equal(arrived(sent(from, before), to), expected, keyType);
    }
  }
});

test('what is local to a peer is only learned by a table that only receives', () => {
  const store = [
    { name: 'conn_cur', length: 1, periodMs: 0 },
    { name: 'gpc0', length: 1, periodMs: 0 },
  ];
  const from = roomTable('t', { store });
  from.own.keyNumber(1);
  const message = sent(from, filled(from));
  assert.match(arrived(message, roomTable('t', { store })), /gpc0=1000003 conn_cur=0\n/);
  const passive = roomTable('t', { store, receivesOnly: true });
  assert.match(arrived(message, passive), /gpc0=1000003 conn_cur=2000006\n/);
});

test('types and elements that only one side has are left out', () => {
  const at = (name: string, length = 1, periodMs = 0): StoredType => ({ name, length, periodMs });
  const from = roomTable('t', {
    store: [at('gpc', 4), at('gpc_rate', 4, 10_000), at('http_req_cnt'), at('bytes_in_cnt')],
  });
  from.own.keyNumber(1);
  const line = arrived(
    sent(from, filled(from)),
    roomTable('t', { store: [at('gpc', 2), at('conn_cnt'), at('bytes_in_cnt')] }),
  );
  assert.match(line, / conn_cnt=0 bytes_in_cnt=2000006 gpc0=3000009 gpc1=4000012\n$/);
});

test('a table of other keys takes nothing', () => {
  const from = roomTable('t', { keyType: 'string', keyLength: 20 });
  const definition = definitionMessage(from.own, 't', 1);
  assert.deepEqual(columnsOf(definition, roomTable('t', { keyType: 'string', keyLength: 20 })), []);
  assert.equal(columnsOf(definition, roomTable('t', { keyType: 'string', keyLength: 21 })), null);
  assert.equal(columnsOf(definition, roomTable('t', { keyType: 'binary', keyLength: 21 })), null);
});

test('entries of a lesson keep the time that they had left', () => {
  const from = roomTable('t', { expireMs: 60_000 });
  const to = roomTable('t', { expireMs: 30_000 });
  from.own.keyNumber(1);
  from.own.enter();
  const entry = from.own.take(nowMs - 50_000);
  from.own.leave();
  assert.match(arrived(sent(from, entry, true), to, tableUpdateTimed), / exp=10000 /);
  assert.match(arrived(sent(from, entry), to), / exp=30000 /, 'an update makes it young again');
});

test('a server key is sent once, then by its number', () => {
  const store = [
    { name: 'server_id', length: 1, periodMs: 0 },
    { name: 'server_key', length: 1, periodMs: 0 },
  ];
  const [from, to] = [roomTable('t', { store }), roomTable('t', { store })];
  const dictionary = { sent: new SentKeys(), received: receivedKeys() };
  from.own.keyNumber(1);
  const entry = filled(from);
  const key = from.own.geometry.columns[1];
  const at = from.own.at(entry) + key.offset;
  from.own.words[at] = 4;
  from.own.words[at + 1] = Buffer.from('srv1').readInt32LE();
  const first = sent(from, entry, false, dictionary);
  const second = sent(from, entry, false, dictionary);
  assert.equal(first.update.length - second.update.length, 5);
  for (const message of [first, second]) {
    const line = arrived(message, to, tableUpdate, dictionary.received);
    assert.match(line, /server_id=1000003 server_key=srv1\n/);
  }
  assert.deepEqual(dictionary.received.slice(0, 2), ['srv1', null]);
});

test('write-to gets what rules do not count with', () => {
  const store = [
    { name: 'server_id', length: 1, periodMs: 0 },
    { name: 'gpc0', length: 1, periodMs: 0 },
  ];
  const target = roomTable('target', { store });
  const from = roomTable('t', { store });
  from.own.keyNumber(1);
  arrived(sent(from, filled(from)), roomTable('t', { store }, target));
  assert.match(lastLine(target), /server_id=1000003 gpc0=0\n/);
});

test('every cut of a message is refused and changes nothing', () => {
  const from = roomTable('t', { keyType: 'string', keyLength: 20, store: arrays });
  const to = roomTable('t', { keyType: 'string', keyLength: 20, store: arrays });
  keyed(from.own, 'string');
  const { definition, update } = sent(from, filled(from));
  const columns = columnsOf(definition, to);
  assert.ok(columns);
  const whole = dataOf(update, tableUpdate);
  const reader = new UpdateReader();
  for (let end = whole.at; end < whole.end; end++) {
    const data = new ByteReader(whole.bytes, whole.at, end);
    const isWhole =
      reader.readHead(tableUpdate, data) &&
      reader.readBody(data, to.shared, columns, receivedKeys());
    assert.ok(!isWhole, `${end - whole.at} bytes`);
  }
  assert.equal(to.own.used, 0);
});

/** Parts that HAProxy 3.5 shows for these keys, of four. */
const parts: readonly (readonly [string, KeyType, readonly (string | number)[], string])[] = [
  ['t', 'string', ['a', 'b', 'c', 'd', 'e', 'f'], '123211'],
  ['p/n', 'integer', [1, 2, 3, 4], '4342'],
  ['p/i', 'ip', [0x0a000001, 0x0a000002, 0x0a000003, 0x0a000004], '1322'],
  ['p/s', 'ipv6', ['1', '2', '3', '4'].map(ipv6Ending), '2312'],
];

function ipv6Ending(digit: string): string {
  return Buffer.from(`2001${'0'.repeat(27)}${digit}`, 'hex').toString('latin1');
}

test('parts of the keys are those of the reference', () => {
  for (const [name, keyType, list, expected] of parts) {
    const { own, shared } = roomTable(name, { keyType, keyLength: 20, shards: 4 });
    const found = list.map((key) => {
      if (typeof key === 'number') own.keyNumber(key);
      else if (keyType === 'string') own.keyText(key);
      else own.keyBytes(key);
      own.enter();
      const entry = own.take(nowMs);
      own.leave();
      return shared.shardOf(entry);
    });
    assert.equal(found.join(''), expected, name);
  }
});
