// Servers that misbehave on purpose: each can be killed (refuses and resets), hang (takes requests,
// never answers) or be slow, and recovers. Used by the chaos story.

import { createServer, type Server, type Socket } from 'node:net';
import {
  AF_INET,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { encodeAddress, portOf } from '../../shared/sys/sockaddr.ts';

export type Mood = 'well' | 'killed' | 'hanging' | 'slow';

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const slowMs = 120;

/** A socket that is bound to `port` (0: the kernel's choice) as others of this file may be. */
function bindTo(port: number): { readonly fd: number; readonly port: number } {
  const sys = linuxSys();
  const name = sys.address();
  encodeAddress({ family: 'ipv4', host: '127.0.0.1', port }, name);
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  sys.setsockoptInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  sys.setsockoptInt(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  const bound = fd < 0 ? fd : sys.bind(fd, name);
  if (bound < 0) throw new Error(`cannot bind port ${port}: errno ${-bound}`);
  sys.getsockname(fd, name);
  return { fd, port: portOf(name) };
}

/**
 * One server on a port of its own. The port stays bound while it is killed, so that nobody else on
 * the machine gets it: what is bound and does not listen refuses.
 */
export class MoodyServer {
  mood: Mood = 'well';
  readonly port: number;
  answered = 0;
  private readonly holder: number;
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();

  constructor() {
    const { fd, port } = bindTo(0);
    this.holder = fd;
    this.port = port;
  }

  async start(): Promise<void> {
    const server = createServer((socket) => this.serve(socket));
    const { fd } = bindTo(this.port);
    await new Promise<void>((settle, refuse) => {
      server.once('error', refuse);
      server.listen({ fd }, settle);
    });
    this.server = server;
  }

  /** Gives the port back. */
  end(): void {
    this.stop();
    linuxSys().close(this.holder);
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let text = '';
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1');
      while (text.includes('\r\n\r\n')) {
        text = text.slice(text.indexOf('\r\n\r\n') + 4);
        this.reply(socket);
      }
    });
  }

  private reply(socket: Socket): void {
    if (this.mood === 'hanging') return;
    const write = (): void => {
      if (socket.destroyed) return;
      this.answered++;
      socket.write(answer);
    };
    if (this.mood === 'slow') setTimeout(write, slowMs);
    else write();
  }

  async change(mood: Mood): Promise<void> {
    if (mood === this.mood) return;
    const wasKilled = this.mood === 'killed';
    this.mood = mood;
    if (mood === 'killed') this.stop();
    else if (wasKilled) await this.start();
    // What hung is over: its clients have given up, or are cut off now.
    else if (mood === 'well') for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Refuses from now on, and resets what is open. */
  stop(): void {
    this.server?.close();
    this.server = null;
    for (const socket of this.sockets) socket.resetAndDestroy();
  }
}
