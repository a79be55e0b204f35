// Log servers for tests: sockets that keep what comes, and wait for it.

import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Owner } from './proxy.ts';

/** A TCP log server that gathers what comes; `port` 0 for any. */
export class StreamSink {
  text = '';
  readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private watch = (): void => {};

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.setEncoding('latin1').on('data', (text: string) => {
        this.text += text;
        this.watch();
      });
      socket.on('error', () => {});
    });
  }

  async start(owner: Owner, port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    owner.after(() => this.stop());
    return (this.server.address() as AddressInfo).port;
  }

  async has(what: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.watch = () => {
        if (this.text.includes(what)) resolve();
      };
      this.watch();
    });
  }

  stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => void this.server.close(() => resolve()));
  }
}

/** A UDP log server. */
export class DatagramSink {
  readonly lines: string[] = [];
  private readonly socket: DatagramSocket = createSocket('udp4');
  private watch = (): void => {};

  async start(owner: Owner): Promise<number> {
    this.socket.on('message', (message) => {
      this.lines.push(message.toString('latin1'));
      this.watch();
    });
    await new Promise<void>((resolve) => this.socket.bind(0, '127.0.0.1', resolve));
    owner.after(async () => this.socket.close());
    return this.socket.address().port;
  }

  async count(wanted: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.watch = () => {
        if (this.lines.length >= wanted) resolve();
      };
      this.watch();
    });
  }
}
