// Servers that do one thing to whoever connects: for tests of health checks. Each listens on a port
// of the kernel's choice and is closed when the test ends.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Owner } from './proxy.ts';

/** What a server does with a connection. */
export type Script = (socket: Socket) => void;

/** Accepts and says nothing. */
export const silent: Script = () => {};
/** Closes at once. */
export const closing: Script = (socket) => void socket.end();
/** Waits for the first bytes, then resets. */
export const resetting: Script = (socket) =>
  void socket.once('data', () => socket.resetAndDestroy());

/** Says `text` as soon as somebody connects, and stays. */
export const greeting =
  (text: string): Script =>
  (socket) =>
    void socket.write(text, 'latin1');

/** Answers the first bytes with `text` and closes. */
export const answering =
  (text: string): Script =>
  (socket) =>
    void socket.once('data', () => socket.end(text, 'latin1'));

/** Takes turns: `expected` bytes are waited for, then `said` is sent; ends after the last. */
export const talking =
  (turns: readonly (readonly [expected: string | RegExp, said: string])[], first = ''): Script =>
  (socket) => {
    if (first !== '') socket.write(first, 'latin1');
    let turn = 0;
    let heard = '';
    socket.on('data', (piece: Buffer) => {
      heard += piece.toString('latin1');
      while (turn < turns.length) {
        const [expected, said] = turns[turn];
        const fits = typeof expected === 'string' ? heard.includes(expected) : expected.test(heard);
        if (!fits) return;
        heard = '';
        turn++;
        socket.write(said, 'latin1');
      }
      socket.end();
    });
  };

/** A byte at a time. */
export const dripping =
  (text: string): Script =>
  (socket) => {
    socket.setNoDelay(true);
    let at = 0;
    const drip = (): void => {
      if (at < text.length) socket.write(text[at++], 'latin1', () => setImmediate(drip));
    };
    drip();
  };

/** Starts a server; its port. */
export async function scripted(owner: Owner, script: Script): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    script(socket);
  });
  owner.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
