// Both ends of raw sockets for tests: a client, and a server that hands out its connections one by
// one. What is heard waits until a test asks for it, so a story reads in order and nothing sleeps.

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Owner } from './proxy.ts';

export class Wire {
  readonly socket: Socket;
  /** Code of the error that ended it, '' for none. */
  fault: string;
  private heard: string;
  private isOver: boolean;
  private readonly watchers: Set<() => void>;

  constructor(socket: Socket) {
    this.socket = socket;
    this.fault = '';
    this.heard = '';
    this.isOver = false;
    this.watchers = new Set();
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => this.tell(() => (this.heard += part)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.tell(() => (this.fault = error.code ?? 'error'));
    });
    for (const event of ['end', 'close'])
      socket.on(event, () => this.tell(() => (this.isOver = true)));
  }

  private tell(change: () => void): void {
    change();
    for (const watch of this.watchers) watch();
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Ends our half. */
  finish(): this {
    this.socket.end();
    return this;
  }

  /** Leaves with a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  private when<T>(look: () => T | undefined, wanted: string): Promise<T> {
    return new Promise((settle, refuse) => {
      const watch = (): void => {
        const found = look();
        if (found === undefined && !this.isOver) return;
        this.watchers.delete(watch);
        if (found !== undefined) settle(found);
        else refuse(new Error(`ended (${this.fault}) before ${wanted}; heard: ${this.heard}`));
      };
      this.watchers.add(watch);
      watch();
    });
  }

  /** Takes what was heard up to and with `text`. */
  until(text: string): Promise<string> {
    return this.when(() => {
      const at = this.heard.indexOf(text);
      return at < 0 ? undefined : this.take(at + text.length);
    }, JSON.stringify(text));
  }

  /** Takes `length` bytes. */
  bytes(length: number): Promise<string> {
    return this.when(
      () => (this.heard.length < length ? undefined : this.take(length)),
      `${length} bytes`,
    );
  }

  /** One message head. */
  head(): Promise<string> {
    return this.until('\r\n\r\n');
  }

  /** All that comes until the other side ends or fails. */
  rest(): Promise<string> {
    return this.when(() => (this.isOver ? this.take(this.heard.length) : undefined), 'its end');
  }

  private take(length: number): string {
    const taken = this.heard.slice(0, length);
    this.heard = this.heard.slice(length);
    return taken;
  }
}

export class WireServer {
  readonly port: number;
  /** Connections so far. */
  count: number;
  private readonly accepted: Wire[];
  private readonly waiting: ((wire: Wire) => void)[];

  constructor(port: number) {
    this.port = port;
    this.count = 0;
    this.accepted = [];
    this.waiting = [];
  }

  /** The next connection, in the order of arrival. */
  next(): Promise<Wire> {
    const wire = this.accepted.shift();
    if (wire !== undefined) return Promise.resolve(wire);
    return new Promise((settle) => this.waiting.push(settle));
  }

  add(wire: Wire): void {
    this.count++;
    const settle = this.waiting.shift();
    if (settle === undefined) this.accepted.push(wire);
    else settle(wire);
  }
}

/** A server whose connections the test serves by hand. */
export async function startWireServer(owner: Owner): Promise<WireServer> {
  const sockets = new Set<Socket>();
  const listener = createServer({ allowHalfOpen: true, noDelay: true });
  await new Promise<void>((settle) => listener.listen(0, '127.0.0.1', settle));
  const server = new WireServer((listener.address() as AddressInfo).port);
  listener.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    server.add(new Wire(socket));
  });
  owner.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((settle) => listener.close(settle));
  });
  return server;
}

/** A client of `port`; closed with the test. */
export function openWire(owner: Owner, port: number): Wire {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  owner.after(async () => socket.destroy());
  return new Wire(socket);
}
