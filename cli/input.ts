// The configuration that a word of the tool is given: files, folders, or standard input. Called by
// check.ts, explain.ts and fmt.ts. Texts are bytes (latin1 in a string), as in shared/config.

import { readFileSync } from 'node:fs';

/** What `-` on the command line becomes. */
export const standardInput = '/dev/stdin';

/** The files to read, the texts that are no file, and any line of them; `name` is the input's. */
export function inputOf(files: readonly string[], name: string) {
  const hasInput = files.includes(standardInput);
  const input = hasInput ? readFileSync(0, 'latin1') : '';
  const texts = hasInput ? [{ name, text: input }] : [];
  const known = new Map([[name, input.split('\n')]]);
  const readLine = (file: string, line: number): string => {
    const lines = known.get(file) ?? readLines(file);
    known.set(file, lines);
    return lines[line - 1] ?? '';
  };
  return { files: files.filter((file) => file !== standardInput), texts, readLine };
}

function readLines(file: string): string[] {
  try {
    return readFileSync(Buffer.from(file, 'latin1'), 'latin1').split('\n');
  } catch {
    return []; // the diagnostics say why it cannot be read
  }
}
