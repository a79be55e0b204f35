// `namespace NAME` of bind and server lines: the network namespace that sockets are made in; and
// the section that lists those which clients may bring along (doc/network-namespaces.txt).

import { namespacePath } from '../../sys/namespaces.ts';
import { exists } from '../files.ts';
import type { NamedSection, WordCursor } from '../keyword.ts';
import type { Line } from '../line.ts';

/** The name; null after a complaint. */
export function readNamespace({ line, index }: WordCursor): string | null {
  const name = line.arg(index + 1);
  if (name === '') return line.alert(index, "'namespace' : expects <name> as argument.");
  return known(line, index + 1, name);
}

function known(line: Line, index: number, name: string): string | null {
  if (!name.includes('/') && exists(namespacePath(name))) return name;
  return line.alert(index, `Cannot open namespace '${name}'.`);
}

/** `namespace_list`: names that a PROXY header may bring (its TLV NETNS). */
export const namespaceSection: NamedSection<string[]> = {
  name: 'namespace_list',
  rows: [
    {
      name: 'namespace',
      help: 'a network namespace that clients may come from, by their PROXY header',
      example: 'namespace netns1',
      parse: (line, names) => {
        const name = line.needed(0, 'a name');
        if (name === null || !line.atMost(1) || known(line, 0, name) === null) return;
        if (!names.includes(name)) names.push(name);
      },
    },
  ],
  open: (line, draft) => (line.atMost(0) ? draft.namespaces : null),
};
