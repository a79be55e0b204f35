// Sections in conversation, on a clock that the test moves: handshakes and refusals, lessons from
// local and remote peers, updates and acknowledgements, collisions, silence. Bytes arrive in
// pieces of any length.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StickTable } from '../../shared/segment/stick-table.ts';
import { dataTypeByName } from '../../shared/segment/table-data.ts';
import { Room, type RoomTable, roomTable, type TableWish } from '../../test/harness/peer-room.ts';
import { controlMessage, dataMessage, heartbeat, tableUpdate } from './messages.ts';
import { statusText } from './peer.ts';
import { showSections } from './show.ts';

const store = [{ name: 'gpc0', length: 1, periodMs: 0 }];
const gpc0 = dataTypeByName.get('gpc0')!;

function table(wish: TableWish = {}): RoomTable {
  return roomTable('t', { store, ...wish });
}

/** A rule counts in an entry. */
function count({ own }: RoomTable, key: number, value: number, nowMs: number): void {
  own.keyNumber(key);
  own.enter();
  const entry = own.take(nowMs);
  own.words[own.at(entry) + own.column(gpc0)!.offset] = value;
  own.touch(entry, nowMs);
  own.leave();
}

/** `key=value` of every entry, sorted. */
function content({ own }: RoomTable): string {
  const found: string[] = [];
  own.enter();
  own.eachEntry((entry) => {
    found.push(`${keyOf(own, entry)}=${own.words[own.at(entry) + own.column(gpc0)!.offset]}`);
    return true;
  });
  own.leave();
  return found.toSorted().join(' ');
}

function keyOf(own: StickTable, entry: number): number {
  return own.words[own.at(entry) + 8];
}

const two = ['bind 127.0.0.1:1', 'server a', 'server b 127.0.0.1:2'];
const twoOther = ['bind 127.0.0.1:2', 'server a 127.0.0.1:1', 'server b'];

test('what changes here is there a moment later, and the other way round', async () => {
  for (const pieceMax of [1, 3, 65_536]) {
    const room = new Room();
    room.pieceMax = pieceMax;
    const [one, other] = [table(), table()];
    const a = room.join('a', two, [one]);
    room.join('b', twoOther, [other]);
    await room.pass(6000);
    assert.ok(a.isUpToDate);
    count(one, 1, 10, room.nowMs);
    count(one, 2, 20, room.nowMs);
    await room.pass(100);
    assert.equal(content(other), '1=10 2=20');
    count(other, 1, 11, room.nowMs);
    count(other, 3, 30, room.nowMs);
    await room.pass(100);
    assert.equal(content(one), '1=11 2=20 3=30');
    assert.equal(content(other), '1=11 2=20 3=30');
    const [{ update, lastPushed }] = a.peers[1].tables;
    assert.equal(update, lastPushed, 'all is acknowledged');
    assert.equal(lastPushed, one.shared.log.last);
  }
});

test('a process that starts is taught by a remote peer', async () => {
  const room = new Room();
  const [one, other] = [table({ expireMs: 60_000 }), table({ expireMs: 60_000 })];
  for (let key = 0; key < 900; key++) count(one, key, key, room.nowMs);
  room.join('a', two, [one]);
  await room.pass(6000);
  const b = room.join('b', twoOther, [other]);
  assert.ok(!b.isUpToDate);
  await room.pass(200);
  assert.ok(b.isUpToDate);
  assert.equal(other.own.used, 900);
  assert.equal(content(other), content(one));
  assert.equal(b.flags & 0x22000000, 0x22000000, 'a remote lesson was assigned and finished');
  count(one, 5, 55, room.nowMs);
  await room.pass(100);
  assert.match(content(other), / 5=55 /);
});

test('a teacher that is not up to date itself leaves the lesson unfinished', async () => {
  const room = new Room();
  const lines = [...two, 'server c 127.0.0.1:3'];
  room.join('a', lines, [table()]);
  const b = room.join('b', [...twoOther, 'server c 127.0.0.1:3'], [table()]);
  await room.pass(1000);
  assert.ok(!b.isUpToDate, 'both have only just started');
  await room.pass(12_000);
  assert.ok(b.isUpToDate, 'after that nobody is waited for');
});

test('the old process teaches the new one, which asks nobody else then', async () => {
  const room = new Room();
  const [former, next] = [table(), table()];
  for (let key = 0; key < 300; key++) count(former, key, key, room.nowMs);
  const old = room.join('a', two, [former]);
  await room.pass(6000);
  const fresh = room.join('a', two, [next], { expectsTeacher: true });
  await room.pass(100);
  assert.ok(!fresh.isUpToDate, 'it waits for its teacher');
  const done = old.stop(false);
  await room.pass(1000);
  await done;
  assert.ok(fresh.isUpToDate);
  assert.equal(content(next), content(former));
  assert.equal(fresh.flags & 0x11000000, 0x11000000, 'a local lesson was assigned and finished');
});

test('without a successor nothing keeps a process', async () => {
  const room = new Room();
  const old = room.join('a', two, [table()]);
  await room.pass(6000);
  const done = old.stop(false);
  await room.pass(100);
  await done;
});

test('a new process whose teacher does not come asks a remote peer after five seconds', async () => {
  const room = new Room();
  const [one, other] = [table(), table()];
  count(one, 1, 10, room.nowMs);
  room.join('a', two, [one]);
  await room.pass(6000);
  const b = room.join('b', twoOther, [other], { expectsTeacher: true });
  await room.pass(4900);
  assert.ok(!b.isUpToDate);
  await room.pass(300);
  assert.ok(b.isUpToDate);
  assert.equal(content(other), '1=10');
});

test('an interrupted exchange goes on where it stopped', async () => {
  const room = new Room();
  const [one, other] = [table(), table()];
  const a = room.join('a', two, [one]);
  room.join('b', twoOther, [other]);
  await room.pass(6000);
  count(one, 1, 1, room.nowMs);
  await room.pass(100);
  room.deaf.add('a').add('b');
  for (const end of room.ends) end.cut();
  count(one, 2, 2, room.nowMs);
  await room.pass(100);
  assert.equal(content(other), '1=1');
  room.deaf.clear();
  await room.pass(10_000);
  assert.equal(content(other), '1=1 2=2');
  assert.equal(a.peers[1].tables[0].update, 2);
});

test('both connect at once: one connection stays', async () => {
  const room = new Room();
  const a = room.join('a', two, [table()]);
  const b = room.join('b', twoOther, [table()]);
  await room.pass(20_000);
  assert.ok(a.peers[1].session?.isEstablished);
  assert.ok(b.peers[0].session?.isEstablished);
  assert.equal(room.ends.filter(({ isOpen }) => isOpen).length, 2);
});

test('of two connections that are made at once the one of the first name stays', async () => {
  const room = new Room();
  room.deaf.add('a').add('b');
  const a = room.join('a', two, [table()]);
  const b = room.join('b', twoOther, [table()]);
  await room.pass(10);
  room.deaf.clear();
  await room.pass(5050);
  const session = a.peers[1].session;
  assert.ok(session?.isEstablished && session.isOutgoing);
  assert.ok(b.peers[0].session?.isEstablished);
  assert.equal(a.peers[1].collisions, 0);
});

test('silent peers hear a heartbeat, and one that says nothing is given up', async () => {
  const room = new Room();
  const a = room.join('a', two, [table()]);
  room.join('b', twoOther, [table()]);
  await room.pass(20_000);
  const [, peer] = a.peers;
  assert.ok(peer.heartbeatsSent >= 4, `${peer.heartbeatsSent} heartbeats`);
  assert.ok(peer.heartbeatsReceived >= 3, `${peer.heartbeatsReceived} heartbeats`);
  assert.equal(peer.heartbeatsMissed, 0);
  // From now on nothing arrives any more.
  room.pieces = () => {};
  await room.pass(20_000);
  assert.ok(peer.heartbeatsMissed > 0);
});

const greeting = (version: string, to: string, from: string): Buffer =>
  Buffer.from(`${version}\n${to}\n${from} 123 1\n`);

test('handshakes that cannot work are answered with the reason', async () => {
  const cases: readonly (readonly [Buffer, string])[] = [
    [greeting('HAProxyS 2.1', 'a', 'b'), '200\n'],
    [greeting('HAProxyS 2.0', 'a', 'b'), '200\n'],
    [greeting('HAProxyS 2.2', 'a', 'b'), '502\n'],
    [greeting('HAProxyS 3.0', 'a', 'b'), '502\n'],
    [greeting('HAProxyS two', 'a', 'b'), '502\n'],
    [greeting('HTTP/1.1 200', 'a', 'b'), '501\n'],
    [greeting('HAProxyS 2.1', 'z', 'b'), '503\n'],
    [greeting('HAProxyS 2.1', 'a', 'z'), '504\n'],
    [Buffer.from('HAProxyS 2.1\na\nb\n'), '501\n'],
  ];
  for (const [bytes, expected] of cases) {
    const room = new Room();
    const { send, answer } = room.stranger(room.join('a', two, [table()]));
    send(bytes);
    await room.pass(10);
    assert.equal(answer().toString('latin1').slice(0, 4), expected, bytes.toString());
  }
});

test('a peer that breaks the rules is told so and disconnected', async () => {
  const cases: readonly (readonly [string, Buffer, string, number])[] = [
    ['reserved class', Buffer.from([255, 1]), '0100', 1],
    ['length without end', Buffer.from([10, 0x80, 255, 255, 255, 255, 255]), '0100', 1],
    ['too long', Buffer.from([10, 0x80, 0xf0, 0xff, 0xff, 0x7f]), '0101', 0],
    ['empty definition', Buffer.from([10, 0x82, 0]), '0100', 1],
    ['unknown class', Buffer.from([77, 1]), '', 0],
    ['unknown type', Buffer.from([10, 0x99, 1, 1]), '', 0],
    ['update of no table', dataMessage(tableUpdate, (_, at) => at), '', 0],
  ];
  for (const [what, bytes, expected, faults] of cases) {
    const room = new Room();
    const a = room.join('a', two, [table()]);
    const { send, answer } = room.stranger(a);
    send(greeting('HAProxyS 2.1', 'a', 'b'));
    send(bytes);
    await room.pass(10);
    // What the section says by itself: its request for a lesson.
    const said = answer().subarray(4).toString('hex').replace(/^0000/, '');
    assert.equal(said.slice(0, 4), expected, what);
    assert.equal(a.peers[1].protocolErrors, faults, what);
  }
});

test('show peers tells states, tables and keys', async () => {
  const room = new Room();
  const a = room.join('a', two, [table()]);
  room.join('b', twoOther, [table()]);
  await room.pass(6000);
  const options = { nowMs: room.nowMs, startedWallMs: 0, withDictionary: false };
  const text = showSections([a], options);
  assert.match(
    text,
    /^0x[0-9a-f]+: \[\d\d\/Jan\/1970:\d\d:\d\d:\d\d\] id=room disabled=0 flags=0x/,
  );
  assert.match(text, / id=a\(local,inactive\) addr=\S* app_state=STOPPED /);
  assert.match(text, / id=b\(remote,active\) addr=127\.0\.0\.1:2 app_state=RUNNING /);
  assert.match(text, / learn_state=NOTASSIGNED last_status=ESTA last_hdshk=\ds\n/);
  assert.match(text, /shared tables:\n {10}0x[0-9a-f]+ local_id=1 remote_id=\d flags=0x0 /);
  assert.match(text, /Dictionary cache not dumped/);
  assert.match(showSections([a], { ...options, withDictionary: true }), /RX dictionary cache:\n/);
  assert.equal(statusText(0), 'NONE');
});

test('a heartbeat alone keeps nobody waiting', async () => {
  const room = new Room();
  const a = room.join('a', two, [table()]);
  const { send } = room.stranger(a);
  send(greeting('HAProxyS 2.1', 'a', 'b'));
  send(controlMessage(0, heartbeat));
  await room.pass(10);
  assert.equal(a.peers[1].heartbeatsReceived, 1);
});
