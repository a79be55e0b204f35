// What the loader reads from the file system, as bytes (latin1 in a string). Everything that a
// chrooted worker will need is read here, once, before privileges are dropped. Control thread only.

import { readdirSync, readFileSync, statSync } from 'node:fs';

export interface FileText {
  readonly text: string;
  /** '' or why the file cannot be read. */
  readonly error: string;
}

/** Names travel as bytes too, so that any file name of the system can be written. */
const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');

/** A whole file as latin1 bytes; `error` says why not and is '' when it was read. */
export function readText(path: string): FileText {
  try {
    return { text: readFileSync(bytes(path), 'latin1'), error: '' };
  } catch (fault) {
    return { text: '', error: reason(fault) };
  }
}

/** Names in a directory, sorted by their bytes, without hidden ones; null with a reason. */
export function listNames(path: string): {
  readonly names: string[] | null;
  readonly error: string;
} {
  try {
    const names = readdirSync(bytes(path), { encoding: 'latin1' });
    return { names: names.filter((name) => !name.startsWith('.')).toSorted(), error: '' };
  } catch (fault) {
    return { names: null, error: reason(fault) };
  }
}

/** Follows links; false for what does not exist. */
export function isDirectory(path: string): boolean {
  return statSync(bytes(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Follows links: a link to nothing does not exist. */
export function exists(path: string): boolean {
  return statSync(bytes(path), { throwIfNoEntry: false }) !== undefined;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  ELOOP: 'Too many levels of symbolic links',
};

function reason(fault: unknown): string {
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : '';
  return reasons[code] ?? (code === '' ? 'cannot be read' : code);
}
