// `hawser fmt`: configurations in their canonical layout, printed, written in place or only
// checked. Called by commands-proxy.ts. Works on the bytes of the files; a file that is laid out
// already is not touched.

import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Diagnostics } from '../shared/config/diagnostic.ts';
import { listFiles } from '../shared/config/source.ts';
import { faultText } from '../shared/sys/errno.ts';
import { statusDone, statusRefused, statusUsage } from './exit-status.ts';
import { standardInput } from './input.ts';
import { layOut } from './layout.ts';

export interface FmtOptions {
  /** Files and folders, or standard input. */
  readonly files: readonly string[];
  /** Name what is not laid out; change nothing. */
  readonly check: boolean;
  readonly write: boolean;
}

/** 0, or 1 when a file is not laid out (check), cannot be read or cannot be written. */
export async function fmt({ files, check, write }: FmtOptions): Promise<number> {
  if (write && files.includes(standardInput)) {
    process.stderr.write('hawser: standard input cannot be written to; leave out --write\n');
    return statusUsage;
  }
  const diagnostics = new Diagnostics();
  const paths = listFiles(files, diagnostics);
  let status = diagnostics.alerts > 0 ? statusRefused : statusDone;
  for (const { message } of diagnostics.list) process.stderr.write(`hawser: ${message}\n`);
  for (const path of paths) {
    const text = read(path);
    if (text === null) status = statusRefused;
    else status = Math.max(status, treat(path, text, { check, write }));
  }
  return status;
}

function treat(path: string, text: string, how: Omit<FmtOptions, 'files'>): number {
  const laid = layOut(text);
  if (!how.check && !how.write) {
    process.stdout.write(Buffer.from(laid, 'latin1'));
    return statusDone;
  }
  if (laid === text) return statusDone;
  process.stdout.write(`${path}\n`);
  if (how.check) return statusRefused;
  return replace(path, laid);
}

function read(path: string): string | null {
  try {
    return readFileSync(path === standardInput ? 0 : path, 'latin1');
  } catch (fault) {
    process.stderr.write(`hawser: cannot read ${path}: ${faultText(fault)}\n`);
    return null;
  }
}

/** Beside the file first, so that nobody ever reads half of it. */
function replace(path: string, text: string): number {
  const beside = `${path}.${process.pid}.new`;
  try {
    writeFileSync(beside, text, { encoding: 'latin1', flag: 'wx' });
    chmodSync(beside, statSync(path).mode);
    renameSync(beside, path);
    return statusDone;
  } catch (fault) {
    rmSync(beside, { force: true });
    process.stderr.write(`hawser: cannot write ${path}: ${faultText(fault)}\n`);
    return statusRefused;
  }
}
