// A mail server for tests: takes every message, or says no where it is told to, or nothing at all.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Owner } from './proxy.ts';

export interface Envelope {
  readonly greeting: string;
  readonly from: string;
  readonly to: string;
  /** Head and body. */
  readonly text: string;
}

export class SmtpServer {
  port = 0;
  readonly received: Envelope[] = [];
  private readonly refuses: string;
  private readonly watchers = new Set<() => void>();

  /** `refuses`: the command that is answered with 550; '*': nothing is ever said. */
  constructor(refuses = '') {
    this.refuses = refuses;
  }

  async listen(owner: Owner): Promise<this> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      if (this.refuses !== '*') this.serve(socket);
    });
    owner.after(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    return this;
  }

  /** `count` messages have come. */
  got(count: number): Promise<void> {
    return new Promise((settle) => {
      const watch = (): void => {
        if (this.received.length < count) return;
        this.watchers.delete(watch);
        settle();
      };
      this.watchers.add(watch);
      watch();
    });
  }

  private serve(socket: Socket): void {
    let heard = '';
    let inData = false;
    const said: Record<string, string> = {};
    socket.setEncoding('latin1');
    socket.write('220 mail.example\r\n');
    socket.on('data', (piece: string) => {
      heard += piece;
      for (;;) {
        const mark = inData ? '\r\n.\r\n' : '\r\n';
        const at = heard.indexOf(mark);
        if (at < 0) return;
        const line = heard.slice(0, at);
        heard = heard.slice(at + mark.length);
        if (inData) this.take(said, line);
        const word = inData ? '.' : line.slice(0, 4).toUpperCase();
        inData = word === 'DATA';
        if (!inData) said[word] = line;
        socket.write(this.answer(word));
        if (word === 'QUIT') socket.end();
      }
    });
  }

  private answer(word: string): string {
    if (word === this.refuses) return '550 not here\r\n';
    if (word === 'DATA') return '354 go on\r\n';
    return word === 'QUIT' ? '221 bye\r\n' : '250 fine\r\n';
  }

  private take(said: Readonly<Record<string, string>>, text: string): void {
    const greeting = (said['EHLO'] ?? said['HELO'] ?? '').slice(5);
    const address = (line = ''): string => /<(.*)>/.exec(line)?.[1] ?? '';
    const [from, to] = [address(said['MAIL']), address(said['RCPT'])];
    this.received.push({ greeting, from, to, text });
    for (const watch of this.watchers) watch();
  }
}
