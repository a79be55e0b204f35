// Servers that misbehave on purpose: each can be killed (refuses and resets), hang (takes requests,
// never answers) or be slow, and recovers. Used by the chaos story.

import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export type Mood = 'well' | 'killed' | 'hanging' | 'slow';

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const slowMs = 120;

/** One server on a port of its own, which it gets back after it was killed. */
export class MoodyServer {
  mood: Mood = 'well';
  port = 0;
  answered = 0;
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();

  /** Listens; on the port it had before, if it had one. */
  async start(): Promise<void> {
    const server = createServer((socket) => this.serve(socket));
    await new Promise<void>((settle, refuse) => {
      server.once('error', refuse);
      server.listen(this.port, '127.0.0.1', settle);
    });
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
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
