// A worker on the fake kernel for stories told step by step: clients and servers are ends that the
// test holds, time moves only when the test says so. For behaviour that waits (timeouts, retries,
// limits) and therefore cannot be told on real sockets without sleeping.

import assert from 'node:assert/strict';
import type { FakePeer, FakeServer } from '../../shared/sys/fake/network.ts';
import { World } from './world.ts';

const host = '127.0.0.1';
/** Turns until everything that can happen at one moment has happened. */
const settleTurns = 12;

export class Scene {
  readonly world: World;
  private readonly ends: End[];

  /** `config`: sections after global and defaults; both may be given whole instead. */
  constructor(config: string, threads = 1) {
    this.world = new World(config, threads, 1);
    this.ends = [];
  }

  /** Lets things happen without time passing. */
  settle(): void {
    for (let i = 0; i < settleTurns; i++) this.world.turn(0);
  }

  /** Time passes, in steps of a millisecond. */
  pass(ms: number): void {
    this.settle();
    for (let i = 0; i < ms; i++) this.world.turn(1);
    this.settle();
  }

  client(port: number): End {
    const end = new End(this, this.world.sys.connectTo({ family: 'ipv4', host, port }));
    this.ends.push(end);
    this.settle();
    return end;
  }

  /** Listens at `port`, before anybody connects to it. */
  serve(port: number): Origin {
    return new Origin(this, this.world.sys.serve({ family: 'ipv4', host, port }));
  }

  keep(end: End): End {
    this.ends.push(end);
    return end;
  }

  /** Log lines so far: the configuration sends them to a UDP address. */
  get logLines(): string[] {
    return this.world.sys.datagramsSent.map(({ bytes }) => Buffer.from(bytes).toString('latin1'));
  }

  /** All ends leave: whatever was taken must have been given back. */
  end(): void {
    for (const end of this.ends) end.close();
    this.pass(1);
    this.world.softStop();
    this.pass(20);
    assert.deepEqual(this.world.faults(), []);
  }
}

/** One far end of a connection. */
export class End {
  readonly peer: FakePeer;
  private readonly scene: Scene;
  private heard: string;

  constructor(scene: Scene, peer: FakePeer) {
    this.scene = scene;
    this.peer = peer;
    this.heard = '';
  }

  /** Sends `text` and lets things happen. */
  say(text: string): this {
    this.scene.settle();
    assert.equal(this.peer.write(text), text.length, 'the worker does not read');
    this.scene.settle();
    return this;
  }

  /** Takes what has been heard since the last call. */
  hear(): string {
    this.scene.settle();
    const text = this.heard + this.peer.readText();
    this.heard = '';
    this.scene.settle();
    return text;
  }

  /** Ends this half. */
  finish(): this {
    this.peer.shutdown();
    this.scene.settle();
    return this;
  }

  close(): void {
    this.peer.close();
    this.scene.settle();
  }

  reset(): void {
    this.peer.reset();
    this.scene.settle();
  }

  /** The worker has ended or reset the connection. */
  get isOver(): boolean {
    this.scene.settle();
    return this.peer.ended || this.peer.wasReset;
  }
}

export class Origin {
  private readonly scene: Scene;
  private readonly server: FakeServer;

  constructor(scene: Scene, server: FakeServer) {
    this.scene = scene;
    this.server = server;
  }

  /** The next connection, null: nobody has connected. */
  tryNext(): End | null {
    this.scene.settle();
    const peer = this.server.accept();
    return peer === null ? null : this.scene.keep(new End(this.scene, peer));
  }

  next(): End {
    const end = this.tryNext();
    assert.ok(end !== null, 'nobody connects');
    return end;
  }
}

/** Whole configuration: plain timeouts, and `lines` behind them. */
export function sceneText(lines: string, defaults = ''): string {
  return `global
  nbthread 1
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 4s
  ${defaults}
${lines}
`;
}
