// `debug counters` (management.txt 9.3): rare events by the place in the code that saw them, summed
// over the proxy threads. A place is a file and a function; of a fault, a file and a line.

import {
  type Answer,
  failure,
  isAllowed,
  type RuntimeCall,
  type RuntimeCommandDef,
} from './command.ts';
import type { RareCount } from './context.ts';

/** In the order in which worker/memory/rare-events.ts numbers them. */
const kinds = ['bug', 'chk', 'cnt', 'glt'];
const actions = ['show', 'reset', 'on', 'off'];

const usage =
  "Expects an optional action ('reset','show','on','off'), optional types " +
  "('bug','chk','cnt','glt') and optionally 'all' to even dump null counters.";

async function debugCounters({ context, session, words }: RuntimeCall): Promise<Answer> {
  const known = [...actions, ...kinds, 'all'];
  if (words.some((word) => !known.includes(word))) return failure(usage);
  const action = words.findLast((word) => actions.includes(word)) ?? 'show';
  const chosen = kinds.filter((kind) => words.includes(kind));
  const wanted = chosen.length > 0 ? chosen : kinds;
  if (action === 'show') {
    // What a thread answers to 'rare' is a list of these (context.ts).
    const answers = (await context.inspect('rare')) as readonly (readonly RareCount[])[];
    return shown(answers.flat(), wanted, words.includes('all'));
  }
  if (!isAllowed(session.level, 'admin')) return failure('Permission denied');
  if (action === 'reset') {
    await context.inspect(
      'rare-reset',
      wanted.map((kind) => kinds.indexOf(kind)),
    );
  } else await context.inspect('rare-on', [action === 'on' ? 1 : 0]);
  return '';
}

function shown(counts: readonly RareCount[], wanted: readonly string[], all: boolean): string[] {
  const sums = new Map<string, RareCount>();
  for (const one of counts) {
    const key = `${one.kind} ${one.place} ${one.about}`;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { ...one });
    else sum.count += one.count;
  }
  const rows = [...sums.values()].filter(
    ({ kind, count }) => wanted.includes(kind.toLowerCase()) && (all || count > 0),
  );
  return [
    'Count     Type Location function(): "condition" [comment]\n',
    ...rows.map(({ kind, place, about, count }) => {
      return `${String(count).padEnd(10)} ${kind} ${place}: "${about}"\n`;
    }),
  ];
}

export const debugCounterCommands = [
  {
    words: ['debug', 'counters'],
    requires: 'operator',
    usage: '[reset|show|on|off|all|bug|chk|cnt|glt]*',
    help: 'show or reset counters of rare events',
    run: debugCounters,
  },
] as const satisfies readonly RuntimeCommandDef[];
