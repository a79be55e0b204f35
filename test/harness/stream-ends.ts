// Ways in which a stream can end, for test/e2e/stream-ends.test.ts: a frontend and a backend each,
// what clients and servers do, and what HAProxy logs then. Servers behave as their path or their
// first line says.

import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Owner } from './proxy.ts';

/** What a story may do while it is played. */
export interface Stage {
  /** A client that sends `text` and keeps its connection. */
  client(text: string): Client;
  /** A command of the runtime API. */
  command(line: string): Promise<string>;
  /** Resolves when the proxy has so many streams of this story. */
  streams(count: number): Promise<void>;
  /** Resolves when the server has got `count` requests of this story. */
  asked(count?: number): Promise<void>;
}

export interface Story {
  readonly name: string;
  readonly mode?: 'tcp';
  readonly front?: readonly string[];
  /** `$origin` and `$refused` are addresses of servers. */
  readonly back?: readonly string[];
  readonly play: (stage: Stage) => Promise<void>;
  /** State, state with cookies, status: as HAProxy logs them, one line for each stream. */
  readonly logged: readonly string[];
}

/** A connection to the proxy that keeps what comes. */
export class Client {
  text = '';
  readonly socket: Socket;
  readonly closed: Promise<void>;
  private watch = (): void => {};

  constructor(port: number, text: string) {
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => {
      if (text !== '') this.socket.write(text, 'latin1');
    });
    this.socket.setEncoding('latin1').on('data', (more: string) => {
      this.text += more;
      this.watch();
    });
    this.socket.on('error', () => {});
    this.socket.on('end', () => this.socket.end());
    this.closed = new Promise((settle) => void this.socket.once('close', () => settle()));
  }

  /** Resolves when so much text has come. */
  async has(what: string): Promise<void> {
    await new Promise<void>((settle) => {
      this.watch = () => {
        if (this.text.includes(what)) settle();
      };
      this.watch();
    });
  }

  close(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

const behaviours: Readonly<Record<string, (socket: Socket) => void>> = {
  '/ok': (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
  '/set': (socket) =>
    void socket.write('HTTP/1.1 200 OK\r\nset-cookie: S=x\r\ncontent-length: 0\r\n\r\n'),
  '/silent': () => {},
  // Says nothing, and leaves when the other side does.
  '/patient': (socket) => void socket.once('end', () => socket.end()),
  '/close': (socket) => void socket.end(),
  '/reset': (socket) => void socket.resetAndDestroy(),
  '/half-head': (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-le'),
  '/cut-head': (socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-le'),
  '/bad': (socket) => void socket.write('HTTP/1.1 2x0 OK\r\n\r\n'),
  '/stall': (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'),
  '/cut': (socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'),
  '/endless': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    const more = (): void => {
      while (!socket.destroyed && socket.write(`4000\r\n${'x'.repeat(0x4000)}\r\n`));
    };
    socket.on('drain', more);
    more();
  },
  '/error': (socket) => void socket.write('HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n'),
};

/** The server of all stories; counts what it was asked, by the header `story` or the first line. */
export class Origin {
  readonly server: Server;
  port = 0;
  private readonly counts = new Map<string, number>();
  private watch = (): void => {};
  private readonly sockets = new Set<Socket>();

  constructor() {
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.serve(socket));
  }

  async start(owner: Owner): Promise<void> {
    await new Promise<void>((settle) => this.server.listen(0, '127.0.0.1', settle));
    this.port = (this.server.address() as { port: number }).port;
    owner.after(async () => {
      for (const socket of this.sockets) socket.destroy();
      this.server.close();
    });
  }

  async asked(story: string, count: number): Promise<void> {
    await new Promise<void>((settle) => {
      const { watch } = this;
      this.watch = () => {
        watch();
        if ((this.counts.get(story) ?? 0) >= count) settle();
      };
      this.watch();
    });
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    let text = '';
    socket.setEncoding('latin1').on('data', (more: string) => {
      text += more;
      if (!text.includes('\n')) return;
      const [, path] = text.split(' ', 2);
      const story = /^story: (.*)\r$/m.exec(text)?.[1] ?? text.split(' ').at(2)?.trim() ?? '';
      text = '';
      this.counts.set(story, (this.counts.get(story) ?? 0) + 1);
      behaviours[path]?.(socket);
      this.watch();
    });
    socket.on('end', () => {
      // A server that is silent stays so.
    });
  }
}

/** A port whose connections are never answered: its queue is full. Returns what frees it. */
export const requestTo = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\n${more}\r\n`;
