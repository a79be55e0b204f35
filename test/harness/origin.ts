// A server for tests that keeps what it hears: raw bytes per connection, and an answer when
// `answerOf` gives one. On a port of the kernel's choice; closed with the test.

import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Owner } from './proxy.ts';

/** Answer to what a connection has said so far; null: nothing yet. Called after every chunk. */
export type AnswerOf = (heard: string, socket: Socket) => string | null;

const okText = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Answers every complete request head with 200. */
export const answerHeads: AnswerOf = (heard) => (heard.endsWith('\r\n\r\n') ? okText : null);

export class RecordingOrigin {
  readonly port: number;
  /** What each connection has said, one character per byte, in the order they were accepted. */
  readonly heard: string[] = [];

  constructor(port: number) {
    this.port = port;
  }
}

/** Records every connection of `server`, which is not listening yet. */
export async function recordOn(
  owner: Owner,
  server: Server,
  answerOf: AnswerOf = answerHeads,
  event = 'connection',
): Promise<RecordingOrigin> {
  const sockets = new Set<Socket>();
  const heard: string[] = [];
  server.on(event, (socket: Socket) => {
    const index = heard.push('') - 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (part: Buffer) => {
      heard[index] += part.toString('latin1');
      const answer = answerOf(heard[index], socket);
      if (answer !== null) socket.write(answer, 'latin1');
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  owner.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((settle) => server.close(settle));
  });
  const origin = new RecordingOrigin((server.address() as AddressInfo).port);
  Object.assign(origin, { heard });
  return origin;
}

/** A clear one. */
export function startOrigin(owner: Owner, answerOf?: AnswerOf): Promise<RecordingOrigin> {
  return recordOn(owner, createServer(), answerOf);
}
