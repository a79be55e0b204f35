// Speaks to a runtime socket: command lines out, answers in. Called by the tool's words. Knows no
// command; a socket that is not there is an error with one sentence. Text is bytes (latin1) on the
// wire and UTF-8 for people.

import { connect, type Socket } from 'node:net';
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
  return new Promise((settle, refuse) => {
    const socket = open(address, refuse);
    let answer = '';
    socket.on('connect', () => socket.end(`${command}\n`));
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('end', () => settle(answer));
  });
}

/** Asks the worker at the socket, or the current one of the master there. */
export async function askWorker(address: string, command: string): Promise<string> {
  const answer = await ask(address, `@1 ${command}`);
  return isUnknown(answer) ? await ask(address, command) : answer;
}

/** One that a master does not know goes to its current worker. */
export async function askEither(address: string, command: string): Promise<string> {
  const answer = await ask(address, command);
  if (command.startsWith('@') || !isUnknown(answer)) return answer;
  const master = await ask(address, '@master show cli level');
  return isUnknown(master) ? answer : await ask(address, `@1 ${command}`);
}

/** The socket does not know the command, or is no master that could know a prefix. */
export const isUnknown = (answer: string): boolean =>
  /^(?:\[\d\]: )?Unknown command[:,] /.test(answer);

/** The proxy has understood and will not. */
export const isRefused = (answer: string): boolean =>
  isUnknown(answer) || /^Permission denied|^This command is restricted to /.test(answer);

/** A session that stays: what arrives goes to `hear` as it comes. */
export interface Link {
  write(text: string): void;
  close(): void;
  /** The other side is gone, or `close` was called. */
  readonly closed: Promise<void>;
}

/** Connects, and rejects when nobody is there. */
export function link(address: string, hear: (text: string) => void): Promise<Link> {
  return new Promise((settle, refuse) => {
    const socket = open(address, refuse);
    socket.on('data', hear);
    const closed = new Promise<void>((over) => socket.on('close', () => over()));
    socket.on('end', () => socket.end());
    socket.on('connect', () =>
      settle({
        write: (text) => void socket.write(text),
        close: () => void socket.destroy(),
        closed,
      }),
    );
  });
}

function open(address: string, refuse: (fault: Error) => void): Socket {
  const port = /^(.*):(\d+)$/.exec(address);
  const to =
    port === null || address.startsWith('/')
      ? { path: address, allowHalfOpen: true }
      : { host: port[1] || '127.0.0.1', port: Number(port[2]), allowHalfOpen: true };
  const socket = connect(to);
  socket.setEncoding('utf8');
  socket.on('error', (fault: NodeJS.ErrnoException) =>
    refuse(new ClientError(explain(address, fault))),
  );
  return socket;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket: is hawser running, and with this --socket?',
  ECONNREFUSED: 'nobody listens there: the process that made it is gone',
  EACCES: 'this user may not use it',
};

function explain(address: string, fault: NodeJS.ErrnoException): string {
  return `cannot speak to ${address}: ${reasons[fault.code ?? ''] ?? fault.message}`;
}
