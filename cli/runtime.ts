// `hawser cli`: commands of the runtime API, one from the command line, several from standard
// input, or by hand (shell.ts). Called by commands-socket.ts.

import { createInterface } from 'node:readline';
import { askEither, isRefused } from './client.ts';
import { statusDone, statusRefused } from './exit-status.ts';
import { harmless } from './terminal.ts';

export interface RuntimeOptions {
  readonly socket: string;
  readonly command: readonly string[];
}

/** 0 when every command was understood and allowed. */
export async function runtime({ socket, command }: RuntimeOptions): Promise<number> {
  if (command.length > 0) return await runOne(socket, command.join(' '));
  if (process.stdin.isTTY === true && process.stdout.isTTY === true) {
    const { shell } = await import('./shell.ts');
    return await shell(socket);
  }
  let status = statusDone;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    status = Math.max(status, await runOne(socket, line));
  }
  return status;
}

async function runOne(socket: string, command: string): Promise<number> {
  if (/(?:^| )show events? .*-\w*w/.test(command)) return await follow(socket, command);
  const answer = await askEither(socket, command);
  const text = answer.replace(/\n\n$/, '\n');
  process.stdout.write(process.stdout.isTTY === true ? harmless(text) : text);
  return isRefused(answer) ? statusRefused : statusDone;
}

/** Commands that go on until they are interrupted. */
async function follow(socket: string, command: string): Promise<number> {
  const { followLines } = await import('./follow.ts');
  await followLines({ socket, command, line: (text) => process.stdout.write(`${text}\n`) });
  return statusDone;
}
