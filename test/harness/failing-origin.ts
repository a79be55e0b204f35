// Servers that fail as the path of a request says, clients of one request, and a proxy with one
// listener per story: for tests of retries and queues. HAWSER_REFERENCE=/path/to/haproxy runs the
// stories with that program instead of ours: what they expect has been recorded so.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { bundledProgram, inherited, type Owner, type RunningProxy, startProxy } from './proxy.ts';

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** What a server does to a request instead of answering it. */
const failures: Readonly<Record<string, (socket: Socket) => void>> = {
  close: (socket) => void socket.end(),
  reset: (socket) => void socket.resetAndDestroy(),
  junk: (socket) => void socket.end('SMTP ready\r\n\r\n'),
  cut: (socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-'),
  hold: () => {},
};

/**
 * Does what the path of a request says: `/FAILURE/TIMES/NAME` fails as often and is answered then.
 */
export class Origin {
  readonly hits: string[] = [];
  private readonly held = new Map<string, Socket>();
  private readonly sockets = new Set<Socket>();
  private readonly watchers = new Set<() => void>();
  private readonly server: Server;

  constructor(owner: Owner) {
    this.server = createServer((socket) => this.serve(socket));
    owner.after(async () => {
      for (const socket of this.sockets) socket.destroy();
      this.server.close();
    });
  }

  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    let heard = '';
    socket.on('data', (piece: Buffer) => {
      heard += piece.toString('latin1');
      const end = heard.indexOf('\r\n\r\n') + 4;
      const length = Number(/content-length: (\d+)/i.exec(heard)?.[1] ?? 0);
      if (end < 4 || heard.length < end + length) return;
      const [path] = /\/\S+/.exec(heard) ?? [''];
      assert.equal(heard.length - end, length);
      heard = '';
      this.answer(socket, path);
    });
  }

  private answer(socket: Socket, path: string): void {
    const [, what, times] = path.split('/');
    this.hits.push(path);
    for (const watch of this.watchers) watch();
    if (what === 'hold') this.held.set(path, socket);
    if (this.count(path) > Number(times)) socket.end(ok);
    else if (failures[what] !== undefined) failures[what](socket);
    else socket.end(`HTTP/1.1 ${what} X\r\ncontent-length: 0\r\n\r\n`);
  }

  count(path: string): number {
    return this.hits.filter((hit) => hit === path).length;
  }

  /** The request has come. */
  came(path: string): Promise<void> {
    return new Promise((settle) => {
      const watch = (): void => {
        if (!this.hits.includes(path)) return;
        this.watchers.delete(watch);
        settle();
      };
      this.watchers.add(watch);
      watch();
    });
  }

  /** Any request has come. */
  next(): Promise<void> {
    return new Promise((settle) => {
      const watch = (): void => {
        this.watchers.delete(watch);
        settle();
      };
      this.watchers.add(watch);
    });
  }

  release(path: string): void {
    this.held.get(path)?.end(ok);
  }
}

export interface Asked {
  readonly socket: Socket;
  /** Status of the answer, 0: closed without one. */
  readonly status: Promise<number>;
}

export function ask(port: number, path: string, more = ''): Asked {
  const body = /content-length: 3/.test(more) ? 'abc' : '';
  const head = `${body === '' ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nhost: a\r\nconnection: close`;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let heard = '';
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => {
    heard += piece;
  });
  socket.on('error', () => {});
  socket.once('end', () => socket.end());
  socket.write(`${head}\r\n${more}\r\n${body}`);
  const status = once(socket, 'close').then(() => Number(heard.slice(9, 12)));
  return { socket, status };
}

const reference = process.env['HAWSER_REFERENCE'];
const program = reference === undefined ? { entry: bundledProgram } : { command: [reference] };

/** Starts a proxy with one listener per story; `PORT` is the origin's. */
export async function begin(
  owner: Owner,
  stories: Readonly<Record<string, string>>,
): Promise<{ readonly proxy: RunningProxy; readonly origin: Origin }> {
  const origin = new Origin(owner);
  const port = await origin.listen();
  const sections = Object.entries(stories).map(
    ([name, lines]) => `listen ${name}\n  bind "${inherited(name)}"\n  ${lines}\n`,
  );
  const config = `global
  log stdout format raw local0
defaults
  mode http
  log global
  log-format "(%HP %ST %ts %rc %sq/%bq %s)"
  option http-server-close
  timeout client 60s
  timeout server 60s
  timeout connect 60s
  timeout queue 60s
${sections.join('').replaceAll('PORT', `${port}`)}`;
  return { proxy: startProxy(owner, { config, ...program }), origin };
}

/** What the log says of a request. */
export async function logged(proxy: RunningProxy, path: string): Promise<string> {
  await proxy.printed(`(${path} `);
  return new RegExp(`\\(${path} ([^)]*)\\)`).exec(proxy.output)?.[1] ?? '';
}
