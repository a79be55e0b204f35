// A client for tests that says its text in parts and hears until the other side ends. Unlike
// `exchange` it keeps its own side open, so that nothing takes it for a client that has left.

import { connect } from 'node:net';

/**
 * Sends parts, each when the one before has been taken by the kernel; all that comes back, one
 * character per byte. `ends`: half-closes after the last part.
 */
export function converse(port: number, parts: readonly string[], ends = false): Promise<string> {
  return new Promise((settle) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      answer += part;
    });
    socket.on('error', () => {});
    socket.on('close', () => settle(answer));
    socket.on('end', () => socket.destroy());
    const next = (index: number): void => {
      if (index < parts.length) socket.write(parts[index], 'latin1', () => next(index + 1));
      else if (ends) socket.end();
    };
    socket.on('connect', () => next(0));
  });
}
