// -D and `daemon`: node cannot fork safely, so this program starts itself again in a session of its
// own and waits until that one is ready. Called by main.ts before anything is bound. The second
// process knows its part by an environment variable that names a pipe: a byte in it means ready.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import type { Sys } from '../shared/sys/sys.ts';
import { type Program, readyVariable } from './program.ts';

/**
 * Starts this program again in the background and waits for it. Answers the exit status of the
 * starter: 0 when the other one is ready, else its status.
 */
export async function startBackground(program: Program): Promise<number> {
  const { sys, console } = program;
  const pipe = new Int32Array(2);
  const made = sys.pipe(pipe);
  if (made < 0) {
    console.alert('[hawser.main()] Cannot create pipe for getting the status of child process.');
    return 1;
  }
  for (const fd of inheritedSockets()) sys.setCloseOnExec(fd, false);
  sys.setCloseOnExec(pipe[1]!, false);
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...program.words], {
    argv0: process.argv0,
    detached: true,
    stdio: 'inherit',
    env: { ...program.environment, [readyVariable]: String(pipe[1]) },
  });
  const gone = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  sys.close(pipe[1]!);
  const ready = waitForByte(pipe[0]!);
  if ((await Promise.race([ready, gone.then(() => false)])) === true) {
    child.unref();
    return 0;
  }
  const [code, signal] = await gone;
  const status = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  console.alert(`Process ${child.pid} exited with code ${status} (${signal ?? 'Exit'})`);
  return status === 143 ? 0 : status;
}

/** Sockets that whoever started us left open (`fd@N`): they keep their numbers in the child. */
function inheritedSockets(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isSocket(fd));
}

function isSocket(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
  } catch {
    return false;
  }
}

/** True: a byte came. False: the other end was closed without one. */
function waitForByte(fd: number): Promise<boolean> {
  const pipe = new Socket({ fd, readable: true, writable: false });
  return new Promise<boolean>((settle) => {
    pipe.on('data', () => settle(true));
    pipe.on('error', () => settle(false));
    pipe.on('end', () => settle(false));
  }).finally(() => pipe.destroy());
}

/** Tells the starter that this process serves. Without a starter it does nothing. */
export function reportReady(sys: Sys): void {
  const text = process.env[readyVariable];
  if (text === undefined) return;
  delete process.env[readyVariable];
  const memory = sys.region(4096);
  memory.bytes[0] = 82;
  sys.write(Number(text), memory, 0, 1);
  sys.close(Number(text));
}

/** Where `silence` leads to: opened while there still is a /dev, before a jail is entered. */
export const openNowhere = (): number => openSync('/dev/null', 'r+');

/** Standard input, output and error lead nowhere (openNowhere) from now on. */
export function silence(sys: Sys, fd: number): void {
  for (const standard of [0, 1, 2]) sys.dup2(fd, standard);
  closeSync(fd);
}
