// A TLS client for tests over node:tls: connects to 127.0.0.1, trusts the test authority, and says
// what the handshake came to. Whoever opens one closes it, or lets `requestTls` do it.

import type { Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { authorityPem } from './certificates.ts';

/** Connects and shakes hands; rejects when that fails. */
export function openTls(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((settle, refuse) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: authorityPem,
      servername: 'first.example',
      allowHalfOpen: true,
      ...options,
    } as ConnectionOptions);
    socket.on('secureConnect', () => settle(socket));
    socket.on('error', refuse);
  });
}

/** All that comes until the end, one character per byte; what was there if it breaks. */
export function readAll(socket: Socket): Promise<string> {
  return new Promise((settle) => {
    const parts: Buffer[] = [];
    const text = (): string => Buffer.concat(parts).toString('latin1');
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('end', () => settle(text()));
    socket.on('error', () => settle(text()));
    socket.on('close', () => settle(text()));
  });
}

/** One request on a connection of its own; the whole answer. */
export async function requestTls(
  port: number,
  text: string,
  options: ConnectionOptions = {},
): Promise<string> {
  const socket = await openTls(port, options);
  const answer = readAll(socket);
  socket.write(text, 'latin1');
  const whole = await answer;
  socket.destroy();
  return whole;
}
