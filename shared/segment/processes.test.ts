// Process slots: who is alive, who is not, and that nobody takes a living one's place.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../sys/linux.ts';
import type { Sys } from '../sys/sys.ts';
import { slotsMax } from './layout.ts';
import { heartbeatTimeoutNs, type ProcessProbe, ProcessSlots, procProbe } from './processes.ts';
import { memorySegment, type Segment, viewSegment } from './segment.ts';

const capacity = { objects: 4, writers: 2, objectsMax: 0 };

class World implements ProcessProbe {
  readonly dead = new Set<number>();
  readonly started = new Map<number, number>();
  space = 1;
  private readonly base: Segment;

  constructor() {
    this.base = memorySegment(this.kernel(1), capacity);
  }

  startTicks(pid: number): number {
    return this.started.get(pid) ?? 0;
  }

  namespace(): number {
    return this.space;
  }

  kernel(pid: number): Sys {
    return {
      ...linuxSys(),
      getpid: () => pid,
      kill: (other) => (this.dead.has(other) ? -3 : 0),
    };
  }

  slots(pid: number): ProcessSlots {
    return new ProcessSlots(viewSegment(this.kernel(pid), -1, this.base.bytes), this);
  }
}

test('64 processes have slots, the next one has to wait for a death', () => {
  const world = new World();
  for (let pid = 100; pid < 100 + slotsMax; pid++) {
    assert.equal(world.slots(pid).take(pid, 0), pid - 100);
  }
  assert.equal(world.slots(500).take(500, 0), -1);
  world.dead.add(117);
  assert.equal(world.slots(500).take(500, 0), 17);
  assert.equal(world.slots(1).generationOf(17), 2);
  assert.equal(world.slots(1).pidOf(17), 500);
});

test('a slot without heartbeat for 60 s of shared time is free, one with it is not', () => {
  const world = new World();
  const mine = world.slots(100);
  const slot = mine.take(100, 0);
  const other = world.slots(200);
  assert.equal(other.sweep(heartbeatTimeoutNs), 0);
  assert.equal(mine.heartbeat(slot, 100, heartbeatTimeoutNs), true);
  assert.equal(other.sweep(2 * heartbeatTimeoutNs), 0);
  assert.equal(other.sweep(2 * heartbeatTimeoutNs + 1), 1);
  assert.equal(mine.heartbeat(slot, 100, heartbeatTimeoutNs), false, 'it must notice');
});

test('a process number that was given to another process does not keep the slot alive', () => {
  const world = new World();
  world.started.set(100, 5000);
  world.slots(100).take(100, 0);
  assert.equal(world.slots(200).sweep(1), 0);
  world.started.set(100, 9000);
  assert.equal(world.slots(200).sweep(1), 1);
});

test('a process that was suspended keeps its slot, however long it slept', () => {
  const world = new World();
  world.started.set(100, 5000);
  const mine = world.slots(100);
  const slot = mine.take(100, 0);
  const days = 30 * 86_400 * 1e9;
  assert.equal(world.slots(200).sweep(days), 0);
  assert.equal(mine.heartbeat(slot, 100, days), true);
});

test('a zombie is dead', () => {
  const world = new World();
  world.started.set(100, 5000);
  world.slots(100).take(100, 0);
  world.started.set(100, -1);
  assert.equal(world.slots(200).sweep(1), 1);
});

test('of a process in another pid namespace only the heartbeat tells', () => {
  const world = new World();
  world.slots(100).take(100, 0);
  world.dead.add(100);
  world.space = 2;
  assert.equal(world.slots(200).sweep(1), 0);
  assert.equal(world.slots(200).sweep(heartbeatTimeoutNs + 1), 1);
});

test('leaving frees the slot at once, and only the owner can', () => {
  const world = new World();
  const slot = world.slots(100).take(100, 0);
  world.slots(200).leave(slot, 200);
  assert.equal(world.slots(1).pidOf(slot), 100);
  world.slots(100).leave(slot, 100);
  assert.equal(world.slots(1).pidOf(slot), 0);
});

test('a master that waited for its child frees its slot without asking anybody', () => {
  const world = new World();
  const slot = world.slots(100).take(100, 0);
  world.slots(1).sweepPid(100);
  assert.equal(world.slots(1).pidOf(slot), 0);
});

test('the real probe knows this process', () => {
  assert.ok(procProbe.startTicks(process.pid) > 0);
  assert.equal(procProbe.startTicks(0x7fffffff), 0);
  assert.notEqual(procProbe.namespace(), 0);
});
