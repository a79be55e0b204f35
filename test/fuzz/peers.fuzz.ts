// Feeds a peers session with bytes: handshakes and messages that are right, damaged, cut, repeated,
// and plain noise, in random pieces. It must never throw, must not keep more than it is allowed to,
// must hang up on what is broken, and the table must stay whole.
// `smoke(seed, runs)` is what `npm test` runs; the seed is printed by the caller when it fails.

import assert from 'node:assert/strict';
import { dataTypes, type StoredType } from '../../shared/segment/table-data.ts';
import { SentKeys } from '../../worker/peers/dictionary.ts';
import {
  ackMessage,
  classControl,
  controlMessage,
  tableUpdate,
  tableUpdateTimed,
} from '../../worker/peers/messages.ts';
import { columnsByBit, definitionMessage } from '../../worker/peers/table-definition.ts';
import { writeUpdate } from '../../worker/peers/update-writer.ts';
import { Room, type RoomTable, roomTable } from '../harness/peer-room.ts';

/** A small generator (mulberry32): the same numbers for the same seed everywhere. */
function generator(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % limit;
  };
}

type Random = (limit: number) => number;

const store: readonly StoredType[] = dataTypes
  .filter(({ name }) => !/^gp[ct][01]/.test(name))
  .map(({ name, isArray, storage }) => ({
    name,
    length: isArray ? 3 : 1,
    periodMs: storage === 'rate' ? 10_000 : 0,
  }));

const lines = ['bind 127.0.0.1:1', 'server a', 'server b 127.0.0.1:2'];
const hello = Buffer.from('HAProxyS 2.1\na\nb 123 1\n');

function newTable(): RoomTable {
  return roomTable('t', { keyType: 'string', keyLength: 20, store, expireMs: 10_000 });
}

/** A message that is right. */
function message(random: Random, { own }: RoomTable, nowMs: number): Buffer {
  switch (random(6)) {
    case 0:
      return controlMessage(classControl, random(6));
    case 1:
      return ackMessage(random(4), random(100));
    case 2:
      return definitionMessage(own, random(4) === 0 ? 'u' : 't', 1 + random(3));
    default: {
      own.keyText(`key${random(50)}`);
      own.enter();
      const entry = own.take(nowMs);
      own.leave();
      const isTimed = random(2) === 0;
      const type = isTimed ? tableUpdateTimed : tableUpdate;
      const head = { type, id: random(1000), hasId: true, isTimed, nowMs };
      const bytes = Buffer.alloc(8192);
      const place = { bytes, at: 0, keys: new SentKeys() };
      const source = { table: own, entry, columns: columnsByBit(own) };
      return bytes.subarray(0, writeUpdate(place, source, head));
    }
  }
}

function damaged(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  switch (random(4)) {
    case 0:
      copy[random(copy.length)] = random(256);
      return copy;
    case 1:
      return copy.subarray(0, random(copy.length));
    case 2:
      return Buffer.concat([copy, copy]);
    default:
      return Buffer.from(Array.from({ length: random(40) }, () => random(256)));
  }
}

/** Runs `runs` cases from `seed`; throws on the first that breaks a promise. */
export async function smoke(seed: number, runs: number): Promise<void> {
  const random = generator(seed);
  const teacher = newTable();
  for (let run = 0; run < runs; run++) {
    const room = new Room();
    room.pieceMax = 1 + random(60);
    const table = newTable();
    const section = room.join('a', lines, [table]);
    const { send } = room.stranger(section);
    send(random(10) === 0 ? damaged(random, hello) : hello);
    for (let count = random(30); count > 0; count--) {
      const bytes = message(random, teacher, room.nowMs);
      send(random(8) === 0 ? damaged(random, bytes) : bytes);
    }
    await room.pass(20);
    checkTable(table);
  }
}

/** Every entry is reached from the oldest on, and is found under its key. */
function checkTable({ own }: RoomTable): void {
  own.enter();
  let count = 0;
  own.eachEntry((entry) => {
    count++;
    assert.ok(own.isUsed(entry));
    own.keyFrom(own, own.at(entry));
    assert.equal(own.find(0), entry);
    return count <= 1000;
  });
  own.leave();
  assert.equal(count, own.used);
}
