// `show events` (management.txt 9.3): which sinks there are, and what a ring holds. A session may
// wait for more; it reads the ring by itself and never holds anything back.

import type { LogRings } from '../log/rings.ts';
import {
  type Answer,
  failure,
  isAllowed,
  notice,
  type RuntimeCall,
  type RuntimeCommandDef,
} from './command.ts';

/** Bytes of records between two writes to the session. */
const batchBytes = 16_384;
/** A session that waits looks at the ring this often although nobody has woken it. */
const idleMs = 1000;

function listSinks({ list }: LogRings): string {
  const row = (name: string, rest: string): string => `    ${name.padEnd(10)} : ${rest}\n`;
  const rings = list.map(({ model, ring }) =>
    row(model.name, `type=buffer, ${ring.refused} dropped, ${model.description}`),
  );
  return [
    'Supported events sinks are listed below. Add -0(zero), -w(wait), -n(new). Any key to stop.\n',
    row('stdout', 'type=fd, 0 dropped, standard output (fd#1)'),
    row('stderr', 'type=fd, 0 dropped, standard output (fd#2)'),
    ...rings,
  ].join('');
}

/** What the words behind the sink's name ask for. */
interface Options {
  readonly waits: boolean;
  readonly onlyNew: boolean;
  readonly end: string;
}

function readOptions(words: readonly string[]): Options | null {
  const known = new Set(['-w', '-n', '-0', '-nw', '-wn']);
  if (!words.every((word) => known.has(word))) return null;
  const has = (letter: string): boolean => words.some((word) => word.includes(letter));
  return { waits: has('w'), onlyNew: has('n'), end: has('0') ? '\0' : '\n' };
}

function showEvents({ context, session, words }: RuntimeCall): Answer {
  const [name, ...rest] = words;
  if (name === undefined) return listSinks(context.rings);
  if (!isAllowed(session.level, 'operator')) return failure('Permission denied');
  if (name === 'stdout' || name === 'stderr') return notice('Nothing to report for this sink');
  const sink = context.rings.list.find(({ model }) => model.name === name);
  if (sink === undefined) return failure('No such event sink');
  const options = readOptions(rest);
  return options === null ? failure('unknown option') : records(sink.ring, options);
}

type Ring = LogRings['list'][number]['ring'];

/** What the ring holds, and with -w what comes after it, for as long as the session wants. */
async function* records(ring: Ring, { waits, onlyNew, end }: Options): AsyncGenerator<string> {
  let position = onlyNew ? ring.end : ring.oldest;
  for (;;) {
    const { wakes } = ring;
    let text = '';
    const next = ring.read(position, batchBytes, (record) => {
      text += record.toString('latin1') + end;
    });
    if (text !== '') yield text;
    else if (waits) {
      await ring.nextWrite(wakes, idleMs);
      // A session that has been told to stop is noticed here.
      yield '';
    } else return;
    position = next;
  }
}

/** Commands about event sinks. */
export const eventCommands: readonly RuntimeCommandDef[] = [
  {
    words: ['show', 'events'],
    requires: 'user',
    usage: '[<sink>] [-w] [-n] [-0]',
    help: 'show event sink state',
    run: showEvents,
  },
];
