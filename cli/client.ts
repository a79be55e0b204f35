// Speaks to a runtime socket: one command line out, the whole answer in. Called by the tool's
// commands. Knows no command; a socket that is not there is an error with one sentence.

import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** A socket that cannot be spoken to: `message` is for the operator. */
export class ClientError extends Error {}

/** Where `hawser start` puts the master's socket and the other commands look for it. */
export function defaultSocket(): string {
  const folder = process.env['XDG_RUNTIME_DIR'] ?? tmpdir();
  return join(folder, `hawser-${userInfo().uid}.sock`);
}

/** Sends one command to `address` (a path, or host:port) and answers what comes until the end. */
export function ask(address: string, command: string): Promise<string> {
  const port = /^(.*):(\d+)$/.exec(address);
  const to =
    port === null || address.startsWith('/')
      ? { path: address, allowHalfOpen: true }
      : { host: port[1] || '127.0.0.1', port: Number(port[2]), allowHalfOpen: true };
  return new Promise((settle, refuse) => {
    const socket = connect(to, () => socket.end(`${command}\n`));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('end', () => settle(answer));
    socket.on('error', (fault: NodeJS.ErrnoException) =>
      refuse(new ClientError(explain(address, fault))),
    );
  });
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket: is hawser running, and with this --socket?',
  ECONNREFUSED: 'nobody listens there: the process that made it is gone',
  EACCES: 'this user may not use it',
};

function explain(address: string, fault: NodeJS.ErrnoException): string {
  return `cannot speak to ${address}: ${reasons[fault.code ?? ''] ?? fault.message}`;
}
