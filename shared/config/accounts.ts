// System users and groups by name, from the files and, where those do not know one, from getent
// (directory services). Called by the loader only.

import { spawnSync } from 'node:child_process';
import { readText } from './files.ts';

/** Numeric id of a user, null when there is none. */
export const userId = (name: string): number | null => numberOf('passwd', name);

/** Numeric id of a group, null when there is none. */
export const groupId = (name: string): number | null => numberOf('group', name);

function numberOf(database: 'passwd' | 'group', name: string): number | null {
  const local = findEntry(readText(`/etc/${database}`).text, name);
  if (local !== null) return local;
  const asked = spawnSync('getent', [database, name], { encoding: 'latin1', timeout: 5000 });
  return asked.status === 0 ? findEntry(asked.stdout, name) : null;
}

/** `name:password:id:...` */
function findEntry(text: string, name: string): number | null {
  for (const line of text.split('\n')) {
    const fields = line.split(':');
    if (fields[0] === name && /^\d+$/.test(fields[2] ?? '')) return Number(fields[2]);
  }
  return null;
}
