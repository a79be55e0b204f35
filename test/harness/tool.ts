// Runs a word of the operator's tool (`hawser check`, ...) to its end, as a script does: no
// terminal, what it prints and its exit status. Used by the tests of the tool.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

export interface ToolResult {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs it with `input` on standard input. */
export function runTool(words: readonly string[], input = ''): Promise<ToolResult> {
  const child = spawn(process.execPath, [program, ...words], { stdio: 'pipe' });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (err += text));
  // Who does not read its input may be gone before all of it is written.
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((settle) => child.on('close', (status) => settle({ status, out, err })));
}
