// The 64 process slots: who writes to the segment now, and since when. A control thread takes a
// slot, renews it every second and leaves it; whoever notices a dead owner sweeps its slot. Proxy
// threads never call this.
//
// Owner word of a slot: 0 free, PID in use, -PID being swept by PID. Sweeping only repeats stores
// that give the same result, so a sweeper that dies half-way is simply followed by another one.

import { readFileSync, readlinkSync } from 'node:fs';
import { retireChunks } from './chunks.ts';
import { slotBytes, slotsAt, slotsMax } from './layout.ts';
import { dropUsers } from './objects.ts';
import type { Segment } from './segment.ts';

/** A slot that was not renewed for this long, on the shared clock, is free. */
export const heartbeatTimeoutNs = 60e9;

const wordOwner = 0;
const wordGeneration = 1;
const wordNamespace = 2;
const floatStartTicks = 2;
const floatHeartbeatNs = 3;

const eSrch = 3;

/** What tells one process from a later one with the same number. A test fakes it. */
export interface ProcessProbe {
  /** Kernel start time of a process; 0 when it cannot be read, -1 when it waits to be reaped. */
  startTicks(pid: number): number;
  /** Identity of this process's pid namespace: numbers of another one say nothing here. */
  namespace(): number;
}

export const procProbe: ProcessProbe = {
  startTicks: (pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? -1 : Number(fields[19]);
    } catch {
      return 0; // gone, or no /proc here (chroot): the caller asks the kernel in another way
    }
  },
  namespace: () => {
    try {
      return Number.parseInt(readlinkSync('/proc/self/ns/pid').replace(/\D+/g, ''), 10) | 0;
    } catch {
      return 0;
    }
  },
};

export class ProcessSlots {
  private readonly segment: Segment;
  private readonly probe: ProcessProbe;
  private readonly namespace: number;

  constructor(segment: Segment, probe: ProcessProbe = procProbe) {
    this.segment = segment;
    this.probe = probe;
    this.namespace = probe.namespace();
  }

  /** Takes a slot for `pid` at shared time `nowNs`; -1 when 64 processes are alive. */
  take(pid: number, nowNs: number): number {
    this.sweep(nowNs);
    const { words, floats } = this.segment;
    for (let slot = 0; slot < slotsMax; slot++) {
      const at = slotWord(slot);
      // The heartbeat is only believed together with an owner, so it is written before the owner.
      if (Atomics.load(words, at + wordOwner) !== 0) continue;
      floats[at / 2 + floatHeartbeatNs] = nowNs;
      if (Atomics.compareExchange(words, at + wordOwner, 0, pid) !== 0) continue;
      floats[at / 2 + floatHeartbeatNs] = nowNs;
      floats[at / 2 + floatStartTicks] = this.probe.startTicks(pid);
      words[at + wordNamespace] = this.namespace;
      Atomics.add(words, at + wordGeneration, 1);
      return slot;
    }
    return -1;
  }

  /** False: the slot was taken away (this process slept too long); it must take another one. */
  heartbeat(slot: number, pid: number, nowNs: number): boolean {
    const at = slotWord(slot);
    if (Atomics.load(this.segment.words, at + wordOwner) !== pid) return false;
    this.segment.floats[at / 2 + floatHeartbeatNs] = nowNs;
    return true;
  }

  /** Gives the slot back. Its threads must have stopped counting. */
  leave(slot: number, pid: number): void {
    const { words } = this.segment;
    const at = slotWord(slot) + wordOwner;
    if (Atomics.compareExchange(words, at, pid, -pid) === pid) this.clean(slot, -pid);
  }

  /** Process id in a slot, 0 when it is free. */
  pidOf(slot: number): number {
    const owner = Atomics.load(this.segment.words, slotWord(slot) + wordOwner);
    return Math.max(owner, 0);
  }

  /** Raised each time the slot is taken. */
  generationOf(slot: number): number {
    return Atomics.load(this.segment.words, slotWord(slot) + wordGeneration);
  }

  /** Frees the slots of dead processes; returns how many. */
  sweep(nowNs: number): number {
    const { words, sys } = this.segment;
    const self = sys.getpid();
    let swept = 0;
    for (let slot = 0; slot < slotsMax; slot++) {
      const at = slotWord(slot) + wordOwner;
      const owner = Atomics.load(words, at);
      if (owner === 0 || this.isAlive(slot, owner, nowNs)) continue;
      if (Atomics.compareExchange(words, at, owner, -self) !== owner) continue;
      this.segment.floats[slotWord(slot) / 2 + floatHeartbeatNs] = nowNs;
      words[slotWord(slot) + wordNamespace] = this.namespace;
      this.clean(slot, -self);
      swept++;
    }
    return swept;
  }

  /** Master: the child `pid` has been waited for, so it is dead whatever a probe would say. */
  sweepPid(pid: number): void {
    const { words, sys } = this.segment;
    const self = sys.getpid();
    for (let slot = 0; slot < slotsMax; slot++) {
      const at = slotWord(slot) + wordOwner;
      const taken = Atomics.compareExchange(words, at, pid, -self);
      if (taken === pid) this.clean(slot, -self);
    }
  }

  private clean(slot: number, owner: number): void {
    const { words, floats } = this.segment;
    retireChunks(this.segment, slot);
    dropUsers(this.segment, slot);
    // The next owner writes its own start time after it has the slot: until then it must read 0.
    floats[slotWord(slot) / 2 + floatStartTicks] = 0;
    Atomics.compareExchange(words, slotWord(slot) + wordOwner, owner, 0);
  }

  /**
   * Of an owner in this pid namespace the kernel is asked, if it can tell one process from a later
   * one; otherwise the heartbeat tells. A sweeper in this namespace is never judged by its
   * heartbeat: a second one that frees the slot under a slow first one would let it retire the
   * chunks of the next owner.
   */
  private isAlive(slot: number, owner: number, nowNs: number): boolean {
    const { words, floats, sys } = this.segment;
    const self = sys.getpid();
    if (owner === self) return true;
    if (owner === -self) return false;
    const at = slotWord(slot);
    const fresh = nowNs - floats[at / 2 + floatHeartbeatNs] <= heartbeatTimeoutNs;
    if (words[at + wordNamespace] !== this.namespace) return fresh;
    if (sys.kill(Math.abs(owner), 0) === -eSrch) return false;
    if (owner < 0) return this.probe.startTicks(-owner) !== -1;
    const now = this.probe.startTicks(owner);
    const started = floats[at / 2 + floatStartTicks];
    // The kernel knows it: a process that was suspended is alive however long it slept.
    if (now !== 0 && started !== 0) return now === started;
    return fresh && now !== -1;
  }
}

function slotWord(slot: number): number {
  return (slotsAt + slot * slotBytes) / 4;
}
