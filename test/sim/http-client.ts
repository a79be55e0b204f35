// A client of the simulation: makes its planned requests one after the other or pipelined, on as
// many connections as it takes, and judges every answer. Some leave in the middle, some read
// slowly.

import type { NamedAddress } from '../../shared/sys/sockaddr.ts';
import type { FakePeer } from '../../shared/sys/fake/network.ts';
import type { Chance } from './chance.ts';
import { chunkedText, MessageReader, payload, type ReadMessage } from './message-reader.ts';
import { type ExchangePlan, targetOf } from './plan.ts';
import type { World } from './world.ts';

export interface ClientHabits {
  /** Requests sent before the first answer is waited for. */
  readonly pipeline: number;
  /** Probability per turn that it reads what came. */
  readonly reads: number;
  /** Probability per turn that it goes away, by a close or a reset. */
  readonly leaves: number;
  /** Ends its own stream behind the last request. */
  readonly finishes: boolean;
}

/** What became of a request. */
export type Outcome = 'exact' | 'error' | 'cut' | 'left';

const patienceMs = 120_000;

export class SimClient {
  readonly faults: string[];
  readonly outcomes: Map<string, Outcome>;
  private readonly world: World;
  private readonly at: NamedAddress;
  private readonly chance: Chance;
  private readonly habits: ClientHabits;
  /** Not answered yet; the first `sent` of them are on the way. */
  private open: ExchangePlan[];
  private sent: number;
  private peer: FakePeer | null;
  private reader: MessageReader;
  private outbox: string[];
  /** A body that waits for `100 Continue`. */
  private held: string | null;
  /** The last answer said that the connection ends behind it. */
  private isLast: boolean;
  /** When a byte moved last. */
  sinceMs: number;

  constructor(
    world: World,
    at: NamedAddress,
    chance: Chance,
    work: { readonly plans: readonly ExchangePlan[]; readonly habits: ClientHabits },
  ) {
    this.world = world;
    this.at = at;
    this.chance = chance;
    this.habits = work.habits;
    this.open = [...work.plans];
    this.faults = [];
    this.outcomes = new Map();
    this.sent = 0;
    this.peer = null;
    this.reader = this.freshReader();
    this.outbox = [];
    this.held = null;
    this.isLast = false;
    this.sinceMs = world.sys.monotonicNs() / 1e6;
  }

  get isDone(): boolean {
    return this.open.length === 0 && this.peer === null;
  }

  step(): void {
    if (this.isDone) return;
    if (this.peer === null) this.connect();
    const peer = this.peer!;
    if (this.habits.leaves > 0 && this.chance.hits(this.habits.leaves)) this.leave(peer);
    else this.talk(peer);
    const nowMs = this.world.sys.monotonicNs() / 1e6;
    if (!this.isDone && nowMs - this.sinceMs > patienceMs) {
      const waiting = this.open.slice(0, Math.max(1, this.sent)).map(({ id }) => id);
      this.faults.push(`client: nothing happens to ${waiting.join(', ')}`);
      this.open = [];
      this.drop(peer);
    }
  }

  private connect(): void {
    this.peer = this.world.sys.connectTo(this.at);
    this.reader = this.freshReader();
    this.outbox = [];
    this.held = null;
    this.isLast = false;
    this.sent = 0;
  }

  private freshReader(): MessageReader {
    return new MessageReader(true, (message) => {
      const status = message.line.slice(9, 12);
      return status[0] !== '1' && status !== '204' && status !== '304' && !this.isHead();
    });
  }

  private isHead(): boolean {
    return this.open[0]?.method === 'HEAD';
  }

  private talk(peer: FakePeer): void {
    this.fill();
    while (this.outbox.length > 0 && this.chance.hits(0.8)) {
      const taken = peer.write(this.outbox[0]);
      if (taken <= 0) break;
      this.progress();
      this.outbox[0] = this.outbox[0].slice(taken);
      if (this.outbox[0] === '') this.outbox.shift();
    }
    if (this.chance.hits(this.habits.reads)) this.hear(peer);
  }

  private progress(): void {
    this.sinceMs = this.world.sys.monotonicNs() / 1e6;
  }

  /** Puts the next requests on their way. */
  private fill(): void {
    if (this.outbox.length > 0 || this.held !== null) return;
    while (this.sent < Math.min(this.habits.pipeline, this.open.length)) {
      const plan = this.open[this.sent++];
      const body = payload(`c${plan.id}`, plan.requestBytes);
      const text = plan.requestChunked ? chunkedText(this.chance.pieces(body)) : body;
      this.outbox.push(...this.chance.pieces(headText(plan)));
      if (plan.expects && this.sent === 1) {
        this.held = text;
        return;
      }
      this.outbox.push(...this.chance.pieces(text));
    }
    if (this.habits.finishes && this.sent === this.open.length && this.outbox.length === 0) {
      this.peer?.shutdown();
    }
  }

  private hear(peer: FakePeer): void {
    const text = peer.readText();
    if (text !== '') this.progress();
    this.reader.feed(text);
    while (this.open.length > 0 && !this.isLast) {
      const message = this.reader.read();
      if (this.reader.fault !== '') this.faults.push(`client: ${this.reader.fault}`);
      if (message === null || !message.complete) break;
      this.take(message);
    }
    if (peer.ended || peer.wasReset) this.over(peer);
    else if (this.open.length === 0 || this.isLast) this.drop(peer);
  }

  /** One whole answer. */
  private take(message: ReadMessage): void {
    this.reader.next();
    if (message.line.startsWith('HTTP/1.1 1')) {
      if (this.held !== null) this.outbox.push(...this.chance.pieces(this.held));
      this.held = null;
      return;
    }
    const plan = this.open.shift()!;
    this.sent--;
    // An answer instead of an invitation: the body is not sent, so nothing can follow it.
    this.isLast = this.held !== null || message.headers.get('connection') === 'close';
    this.outcomes.set(plan.id, this.judge(plan, message));
  }

  private judge(plan: ExchangePlan, { line, headers, body }: ReadMessage): Outcome {
    const status = Number(line.slice(9, 12));
    if (status >= 400) return 'error';
    if (headers.get('x-id') !== plan.id) {
      this.faults.push(`client: ${plan.id} got the answer of ${headers.get('x-id')}`);
    }
    const isEmpty = plan.method === 'HEAD' || plan.framing === 'none';
    const whole = isEmpty ? '' : payload(`s${plan.id}`, plan.responseBytes);
    if (body === whole) return 'exact';
    // The end of such an answer cannot be told from its loss.
    if (plan.framing === 'close' && whole.startsWith(body)) return 'cut';
    this.faults.push(`client: ${plan.id} got ${body.length} other bytes than ${whole.length}`);
    return 'cut';
  }

  /** The worker has ended the connection. */
  private over(peer: FakePeer): void {
    this.progress();
    this.reader.end();
    const message = this.isLast || this.open.length === 0 ? null : this.reader.read();
    if (message?.complete === true) this.take(message);
    else if (message !== null) this.judgePart(message);
    else if (this.sent > 0 && !this.isLast) this.outcomes.set(this.open.shift()!.id, 'cut');
    this.drop(peer);
  }

  private judgePart({ line, body }: ReadMessage): void {
    const plan = this.open.shift()!;
    this.outcomes.set(plan.id, 'cut');
    if (
      line.startsWith('HTTP/1.1 2') &&
      !payload(`s${plan.id}`, plan.responseBytes).startsWith(body)
    ) {
      this.faults.push(`client: part of ${plan.id} is not the server's`);
    }
  }

  private leave(peer: FakePeer): void {
    for (const { id } of this.open.splice(0, Math.max(1, this.sent))) this.outcomes.set(id, 'left');
    if (this.chance.hits(0.5)) peer.reset();
    this.drop(peer);
  }

  private drop(peer: FakePeer): void {
    peer.close();
    this.peer = null;
    this.sent = 0;
  }
}

function headText(plan: ExchangePlan): string {
  const { method, requestBytes, requestChunked, expects } = plan;
  const framing = requestChunked
    ? 'Transfer-Encoding: chunked\r\n'
    : requestBytes > 0 || method === 'POST' || method === 'PUT'
      ? `Content-Length: ${requestBytes}\r\n`
      : '';
  const expect = expects ? 'Expect: 100-continue\r\n' : '';
  return `${method} ${targetOf(plan)} HTTP/1.1\r\nHost: sim\r\n${expect}${framing}\r\n`;
}
