// `namespace NAME` of bind and server lines: the network namespace that sockets are made in.

import { namespacePath } from '../../sys/namespaces.ts';
import { exists } from '../files.ts';
import type { WordCursor } from '../keyword.ts';

/** The name; null after a complaint. */
export function readNamespace({ line, index }: WordCursor): string | null {
  const name = line.arg(index + 1);
  if (name === '') return line.alert(index, "'namespace' : expects <name> as argument.");
  if (name === '*') return line.notSupported(index + 1, 'namespace *');
  if (!name.includes('/') && exists(namespacePath(name))) return name;
  return line.alert(index + 1, `Cannot open namespace '${name}'.`);
}
