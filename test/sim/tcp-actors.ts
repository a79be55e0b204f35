// Both ends of TCP mode in the simulation: a client says who it is and how much it will send and
// wants, each side sends its bytes and ends its stream, and each checks what it got.

import type { NamedAddress } from '../../shared/sys/sockaddr.ts';
import type { FakePeer, FakeServer } from '../../shared/sys/fake/network.ts';
import type { Chance } from './chance.ts';
import { payload } from './message-reader.ts';
import type { World } from './world.ts';

const patienceMs = 120_000;

/** One end: sends `outbox`, ends its stream, reads until the other has. */
class End {
  heard: string;
  private readonly peer: FakePeer;
  private readonly chance: Chance;
  private outbox: string[];

  constructor(peer: FakePeer, chance: Chance, outbox: string[]) {
    this.peer = peer;
    this.chance = chance;
    this.outbox = outbox;
    this.heard = '';
  }

  add(pieces: readonly string[]): void {
    this.outbox.push(...pieces);
  }

  /** True when anything moved. */
  step(finish: boolean): boolean {
    const { peer, outbox } = this;
    let moved = false;
    while (outbox.length > 0 && this.chance.hits(0.8)) {
      const taken = peer.write(outbox[0]);
      if (taken <= 0) break;
      moved = true;
      outbox[0] = outbox[0].slice(taken);
      if (outbox[0] === '') outbox.shift();
    }
    if (outbox.length === 0 && finish) peer.shutdown();
    if (this.chance.hits(0.7)) {
      const text = peer.readText();
      this.heard += text;
      moved ||= text !== '';
    }
    return moved;
  }

  private get isSent(): boolean {
    return this.outbox.length === 0;
  }

  /** Both sides have ended and all that was sent has been read, or it is broken. */
  get isOver(): boolean {
    const { peer } = this;
    if (peer.wasReset) return true;
    return peer.ended && peer.socket.inbox.length === 0 && this.isSent;
  }

  close(): void {
    this.peer.close();
  }
}

export class TcpClient {
  readonly faults: string[];
  isDone: boolean;
  /** All bytes came. */
  isExact: boolean;
  private readonly world: World;
  private readonly end: End;
  private readonly expected: string;
  /** When a byte moved last. */
  sinceMs: number;

  constructor(world: World, at: NamedAddress, chance: Chance, id: string) {
    const [there, back] = [chance.size(300_000), chance.size(300_000)];
    const text = `${id} ${there} ${back}\n${payload(`c${id}`, there)}`;
    this.world = world;
    this.end = new End(world.sys.connectTo(at), chance, chance.pieces(text));
    this.expected = payload(`s${id}`, back);
    this.faults = [];
    this.isDone = false;
    this.isExact = false;
    this.sinceMs = world.sys.monotonicNs() / 1e6;
  }

  step(): void {
    if (this.isDone) return;
    const nowMs = this.world.sys.monotonicNs() / 1e6;
    if (this.end.step(true)) this.sinceMs = nowMs;
    const isStuck = nowMs - this.sinceMs > patienceMs;
    if (isStuck) this.faults.push('tcp client: nothing happens');
    if (!isStuck && !this.end.isOver) return;
    this.isDone = true;
    this.isExact = this.end.heard === this.expected;
    if (!this.expected.startsWith(this.end.heard)) this.faults.push('tcp client: other bytes');
    this.end.close();
  }
}

export class TcpServer {
  readonly faults: string[];
  /** Connections whose bytes all came. */
  exact: number;
  private readonly listener: FakeServer;
  private readonly chance: Chance;
  private ends: { readonly end: End; expected: string | null }[];

  constructor(world: World, at: NamedAddress, chance: Chance) {
    this.faults = [];
    this.exact = 0;
    this.listener = world.sys.serve(at);
    this.chance = chance;
    this.ends = [];
  }

  step(): void {
    for (let peer = this.listener.accept(); peer !== null; peer = this.listener.accept()) {
      this.ends.push({ end: new End(peer, this.chance, []), expected: null });
    }
    this.ends = this.ends.filter((one) => {
      one.end.step(one.expected !== null);
      one.expected ??= this.greet(one.end);
      if (!one.end.isOver) return true;
      this.judge(one.end.heard, one.expected);
      one.end.close();
      return false;
    });
  }

  /** The first line tells what to send and what to expect; null before it is there. */
  private greet(end: End): string | null {
    const line = /^(\S+) (\d+) (\d+)\n/.exec(end.heard);
    if (line === null) return null;
    const [whole, id, there, back] = line;
    end.add(this.chance.pieces(payload(`s${id}`, Number(back))));
    return whole + payload(`c${id}`, Number(there));
  }

  private judge(heard: string, expected: string | null): void {
    if (heard === expected) this.exact++;
    else if (expected !== null && !expected.startsWith(heard)) {
      this.faults.push('tcp server: other bytes');
    }
  }

  close(): void {
    for (const { end } of this.ends) end.close();
    this.listener.close();
  }
}
