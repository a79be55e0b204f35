// `hawser cli`: commands of the runtime API, one from the command line, several from standard
// input, or by hand (shell.ts). Called by commands-socket.ts.

import { createInterface } from 'node:readline';
import { patienceMs, runCommand } from './client.ts';
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
  for await (const command of commandsOf(createInterface({ input: process.stdin }))) {
    status = Math.max(status, await runOne(socket, command));
  }
  return status;
}

/** A line is a command; one that ends in `<<` or `<<WORD` has its payload below it. */
async function* commandsOf(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let payload: string[] = [];
  let last = '';
  for await (const line of lines) {
    if (payload.length > 0) {
      payload.push(line);
      if (line !== last) continue;
    } else {
      if (line.trim() === '' || line.startsWith('#')) continue;
      payload = [line];
      last = /(?:^|\s)<<(\S*)\s*$/.exec(line)?.[1] ?? line;
      if (last !== line) continue;
    }
    yield payload.join('\n');
    payload = [];
  }
  if (payload.length > 0) yield [...payload, last].join('\n');
}

async function runOne(socket: string, command: string): Promise<number> {
  if (/(?:^| )show events? .*-\w*w/.test(command)) return await follow(socket, command);
  const waits = setTimeout(sayWaiting, patienceMs);
  const { text, refused } = await runCommand(socket, command).finally(() => clearTimeout(waits));
  const shown = text.trim() === '' ? '' : text.replace(/\n\n$/, '\n');
  process.stdout.write(process.stdout.isTTY === true ? harmless(shown) : shown);
  return refused ? statusRefused : statusDone;
}

/** Some commands take their time; who is stopped takes for ever. */
function sayWaiting(): void {
  if (process.stderr.isTTY === true) process.stderr.write('hawser: no answer yet; Ctrl-C ends\n');
}

/** Commands that go on until they are interrupted. */
async function follow(socket: string, command: string): Promise<number> {
  const [, prefix, sink] = /^(@\S+ )?\s*show events? (?:-\w+ )*([^\s-]\S*)/.exec(command) ?? [];
  const known = sink === undefined ? null : await runCommand(socket, `${prefix ?? ''}show events`);
  if (known !== null && (known.refused || !known.text.includes(`\n    ${sink} `))) {
    const why = known.refused ? known.text : 'No such event sink\n';
    process.stdout.write(why.replace(/\n\n$/, '\n'));
    return statusRefused;
  }
  const { followLines } = await import('./follow.ts');
  await followLines({ socket, command, line: (text) => process.stdout.write(`${text}\n`) });
  return statusDone;
}
