// Speaks to a runtime socket: command lines out, answers in. Called by the tool's words. Knows no
// command; a socket that is not there is an error with one sentence. Text is bytes (latin1) on the
// wire and UTF-8 for people.

import { statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** A socket that cannot be spoken to: `message` is for the operator. */
export class ClientError extends Error {
  /** Of a failed system call; '': there is something, but it is no runtime API that answers. */
  readonly code: string;

  constructor(message: string, code = '') {
    super(message);
    this.code = code;
  }
}

/** Where `hawser start` puts the master's socket and the other commands look for it. */
export function defaultSocket(): string {
  const folder = process.env['XDG_RUNTIME_DIR'] ?? tmpdir();
  return join(folder, `hawser-${userInfo().uid}.sock`);
}

/** Who says nothing for so long is stuck or stopped: these answers are made at once. */
export const patienceMs = 3000;

/**
 * Sends one command to `address` (a path, or host:port) and answers what comes until the end. With
 * `quietMs` it is given up after so long without a word; some commands take their time (`wait`).
 */
export function ask(address: string, command: string, quietMs = 0): Promise<string> {
  return new Promise((settle, refuse) => {
    const socket = open(address, refuse);
    socket.setTimeout(quietMs, () => {
      socket.destroy();
      refuse(new ClientError(`${address} does not answer: is the process stuck or stopped?`));
    });
    let answer = '';
    socket.on('connect', () => socket.end(`${command}\n`));
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('end', () => {
      if (isNoRuntime(answer))
        refuse(new ClientError(`${address} speaks HTTP, not the runtime API`));
      else settle(answer);
    });
  });
}

/** A port of a frontend, taken for that of a socket. */
const isNoRuntime = (answer: string): boolean => answer.startsWith('HTTP/1.');

/** Asks the worker at the socket, or the current one of the master there. */
export async function askWorker(address: string, command: string): Promise<string> {
  const answer = await ask(address, `@1 ${command}`, patienceMs);
  return isUnknown(answer) ? await ask(address, command, patienceMs) : answer;
}

/** The socket does not know the command, or is no master that could know a prefix. */
export const isUnknown = (answer: string): boolean =>
  /^(?:\[\d\]: )?Unknown command[:,] /.test(answer);

/** The proxy, or the master on the way to a worker, has understood and will not. */
export const isRefused = (answer: string): boolean =>
  isUnknown(answer) ||
  /^\s*(?:Permission denied|This command is restricted to |Can't find the target )/.test(answer);

/** What a command came to; `refused` when it was unknown, not allowed, or failed. */
export interface Outcome {
  readonly text: string;
  readonly refused: boolean;
}

/** Errors are 3 and worse, as in syslog; 4 is a warning. */
const worstDone = 4;
const severityMark = /(^|\n\n)\[([0-7])\]: /g;

/**
 * Runs a command; one that a master does not know goes to its current worker. Severities tell
 * whether it failed: the texts of errors look like those of answers.
 */
export async function runCommand(address: string, command: string): Promise<Outcome> {
  const own = await askMarked(address, command);
  if (command.startsWith('@') || !isUnknown(own)) return outcomeOf(own);
  const master = await ask(address, '@master show cli level');
  if (isUnknown(master)) return outcomeOf(own);
  // A master would take what stands behind a semicolon for itself.
  const isChain = command.includes(';') && !command.includes('<<');
  return outcomeOf(await askMarked(address, `${isChain ? '@@1' : '@1'} ${command}`));
}

/** With severities in front of messages, where the socket has them: older masters do not. */
async function askMarked(address: string, command: string): Promise<string> {
  const word = 'set severity-output number';
  if (isUnknown(await ask(address, word))) return await ask(address, command);
  return (await ask(address, `${word};${command}`)).replace(/^\n/, '');
}

function outcomeOf(answer: string): Outcome {
  const marks = Array.from(answer.matchAll(severityMark), ([, , digit]) => Number(digit));
  const isUnknownPart = answer.split('\n\n').some((part) => isUnknown(part));
  const refused = isUnknownPart || isRefused(answer) || marks.some((mark) => mark < worstDone);
  return { text: answer.replace(severityMark, '$1'), refused };
}

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
  const isPath = port === null || address.startsWith('/');
  if (isPath && isOtherFile(address)) refuse(new ClientError(`${address} is no socket`));
  const to =
    port === null || isPath
      ? { path: address, allowHalfOpen: true }
      : { host: port[1] || '127.0.0.1', port: Number(port[2]), allowHalfOpen: true };
  const socket = connect(to);
  socket.setEncoding('utf8');
  socket.on('error', (fault: NodeJS.ErrnoException) =>
    refuse(new ClientError(explain(address, fault), fault.code ?? '')),
  );
  return socket;
}

function isOtherFile(path: string): boolean {
  try {
    return !statSync(path).isSocket();
  } catch {
    return false; // Whoever connects is told why.
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket: is hawser running, and with this --socket?',
  ECONNREFUSED: 'nobody listens there: is hawser running?',
  EACCES: 'this user may not use it',
};

function explain(address: string, fault: NodeJS.ErrnoException): string {
  return `cannot speak to ${address}: ${reasons[fault.code ?? ''] ?? fault.message}`;
}
