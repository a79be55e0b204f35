// What has ended a stream, entity by entity (manual 7.3.2, term_events). In HAProxy's letters:
// where (f: a socket, s: the stream; in capitals on the server's side), then what, as a hexadecimal
// digit. Muxes and endpoints record nothing here, which the manual lets a '-' say.

import type { FetchDef } from '../../keyword.ts';
import type { Side } from '../../mux/side.ts';
import type { Stream } from '../../stream/stream.ts';
import { kindString } from '../sample.ts';
import { plain } from './row.ts';

const ended = '2';
const receiveFailed = '3';

/** A socket whose peer has left, in good order or not. */
function ofSocket(side: Side | null, letter: string): string {
  if (side === null) return '';
  const { hangup, broken } = side.connection;
  if (broken) return letter + receiveFailed;
  return hangup ? letter + ended : '';
}

/** By the first letter of the termination state (manual 8.5). */
const causes: Readonly<Record<string, string>> = {
  C: 's5',
  c: 's7',
  S: 'S5',
  s: 'S7',
  P: 's8',
  L: 's8',
  I: 'sa',
  R: 'sb',
};

/** A refused connection is an error of the server's side, no message that breaks off. */
function ofStream({ endCause, endPhase }: Stream): string {
  if (endCause === 'S' && endPhase === 'C') return 'Sb';
  return causes[endCause] ?? '';
}

export const terminations: readonly FetchDef[] = [
  plain(
    'term_events',
    [kindString, 'internal'],
    'what has ended sockets and stream, for debugging',
    (stream, out) => {
      const { front, back } = stream;
      // What was kept for another stream tells of that one now.
      const server = back === null && stream.servedBy !== null ? '-' : ofSocket(back, 'F');
      const client = ofSocket(front, 'f');
      return out.setText(`{${client},-,-,${ofStream(stream)},-,-,${server}}`);
    },
  ),
];
