// Programs of others that tests run as an operator would: unchanged, with a command line. One that
// is not installed is named, with its Debian package, in the reason for which a test is skipped.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface Program {
  /** Its file, '' when it is not installed. */
  readonly file: string;
  /** What node:test wants to hear: false when it is installed. */
  readonly missing: string | false;
}

/** The first of `files` that exists. */
export function program(debianPackage: string, ...files: readonly string[]): Program {
  const file = files.find((one) => existsSync(one)) ?? '';
  const name = files[0].replace(/.*\//, '');
  const missing = file === '' && `${name} is not installed (Debian: ${debianPackage})`;
  return { file, missing };
}

export interface Said {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs it to its end with `input` on standard input. */
export function runProgram(file: string, words: readonly string[], input = ''): Promise<Said> {
  const child = spawn(file, words, { stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (err += text));
  // Who does not read its input may be gone before all of it is written.
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((settle, refuse) => {
    child.on('error', refuse);
    child.on('close', (status) => settle({ status, out, err }));
  });
}
