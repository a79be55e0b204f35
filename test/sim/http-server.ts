// A server of the simulation: understands the orders that requests carry, checks that their bodies
// came whole, and answers as told, in pieces. One per address; any number of connections.

import type { NamedAddress } from '../../shared/sys/sockaddr.ts';
import type { FakePeer, FakeServer } from '../../shared/sys/fake/network.ts';
import type { Chance } from './chance.ts';
import { chunkedText, MessageReader, payload, type ReadMessage } from './message-reader.ts';
import { orderOf, type ServerOrder } from './plan.ts';
import type { World } from './world.ts';

interface Serving {
  readonly peer: FakePeer;
  readonly reader: MessageReader;
  /** The order under way, and turns until its answer. */
  order: ServerOrder | null;
  wait: number;
  continued: boolean;
  outbox: string[];
  /** What to do when the outbox is empty. */
  ending: 'keep' | 'close' | 'reset';
}

export class SimServer {
  /** Mistakes that were seen: a request that is none, or a body that is not the client's. */
  readonly faults: string[];
  /** Requests that arrived whole. */
  received: number;
  private readonly listener: FakeServer;
  private readonly chance: Chance;
  private servings: Serving[];

  constructor(world: World, at: NamedAddress, chance: Chance) {
    this.faults = [];
    this.received = 0;
    this.listener = world.sys.serve(at);
    this.chance = chance;
    this.servings = [];
  }

  step(): void {
    for (let peer = this.listener.accept(); peer !== null; peer = this.listener.accept()) {
      this.servings.push({
        peer,
        reader: new MessageReader(false, () => true),
        order: null,
        wait: 0,
        continued: false,
        outbox: [],
        ending: 'keep',
      });
    }
    this.servings = this.servings.filter((serving) => this.serve(serving));
  }

  /** Closes what is left. */
  close(): void {
    for (const { peer } of this.servings) peer.close();
    this.listener.close();
  }

  /** False: the connection is over. */
  private serve(serving: Serving): boolean {
    const { peer, reader } = serving;
    if (peer.wasReset) {
      peer.close();
      return false;
    }
    if (this.chance.hits(0.9)) reader.feed(peer.readText());
    this.hear(serving);
    if (serving.order !== null && serving.wait-- <= 0) this.answer(serving, serving.order);
    this.send(serving);
    if (serving.outbox.length > 0 || serving.order !== null) return true;
    if (serving.ending === 'reset') peer.reset();
    if (serving.ending === 'close' || peer.ended) peer.close();
    return serving.ending === 'keep' && !peer.ended;
  }

  private hear(serving: Serving): void {
    const { reader } = serving;
    if (serving.order !== null || serving.outbox.length > 0 || serving.ending !== 'keep') return;
    const message = reader.read();
    if (reader.fault !== '') this.faults.push(`server: ${reader.fault}`);
    if (message === null) return;
    const order = orderOf(message.line);
    if (order === null) {
      this.faults.push(`server: a damaged request line: ${message.line}`);
      serving.ending = 'reset';
      return;
    }
    this.checkBody(order, message);
    this.invite(serving, message);
    if (!message.complete) return;
    if (message.body.length === order.requestBytes) this.received++;
    else this.faults.push(`server: ${order.id} has ${message.body.length} bytes of body`);
    reader.next();
    serving.continued = false;
    serving.order = order;
    serving.wait = order.delay;
  }

  private checkBody({ id, requestBytes }: ServerOrder, { body }: ReadMessage): void {
    if (!payload(`c${id}`, requestBytes).startsWith(body)) {
      this.faults.push(`server: the body of ${id} is not the client's`);
    }
  }

  private invite(serving: Serving, message: ReadMessage): void {
    if (serving.continued || message.complete || !message.headers.has('expect')) return;
    serving.continued = true;
    serving.outbox.push('HTTP/1.1 100 Continue\r\n\r\n');
  }

  private answer(serving: Serving, order: ServerOrder): void {
    serving.order = null;
    const whole = responseText(order, this.chance);
    const { fate } = order;
    if (fate === 'garbage') serving.outbox.push('nonsense\r\n\r\n');
    else if (fate === 'cut') serving.outbox.push(...this.chance.pieces(cut(whole, this.chance)));
    else if (fate === 'fine') serving.outbox.push(...this.chance.pieces(whole));
    if (fate === 'reset') serving.ending = 'reset';
    else if (fate !== 'fine' || order.last || order.framing === 'close') serving.ending = 'close';
  }

  private send(serving: Serving): void {
    const { outbox, peer } = serving;
    while (outbox.length > 0 && this.chance.hits(0.8)) {
      const taken = peer.write(outbox[0]);
      if (taken < 0 && !peer.wasReset && !peer.connected) break;
      if (taken <= 0) break;
      outbox[0] = outbox[0].slice(taken);
      if (outbox[0] === '') outbox.shift();
    }
  }
}

const cut = (whole: string, chance: Chance): string =>
  whole.slice(0, chance.between(0, whole.length - 1));

/** The answer to an order; to HEAD, its head alone. */
function responseText(order: ServerOrder, chance: Chance): string {
  const { id, responseBytes, framing, last, isHead } = order;
  const body = payload(`s${id}`, responseBytes);
  const close = last || framing === 'close' ? 'Connection: close\r\n' : '';
  const head = `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\n${close}`;
  if (framing === 'none') return `HTTP/1.1 204 No Content\r\nX-Id: ${id}\r\n${close}\r\n`;
  if (framing === 'length') {
    return `${head}Content-Length: ${responseBytes}\r\n\r\n${isHead ? '' : body}`;
  }
  if (framing === 'close') return `${head}\r\n${isHead ? '' : body}`;
  if (isHead) return `${head}Transfer-Encoding: chunked\r\n\r\n`;
  const trailer = framing === 'trailer' ? 'X-Sum: 1' : '';
  return `${head}Transfer-Encoding: chunked\r\n\r\n${chunkedText(chance.pieces(body), trailer)}`;
}
