// Commands that ask the proxy threads: sessions and threads. The answers are snapshots, taken one
// thread after the other while traffic goes on.

import { type Answer, failure, type RuntimeCall, type RuntimeCommandDef } from './command.ts';
import type { SessionSnapshot, ThreadSnapshot } from './context.ts';

async function showSessions({ context, words }: RuntimeCall): Promise<Answer> {
  const filter = parseFilter(words);
  if (typeof filter === 'string') return failure(filter);
  const answers = await context.inspect('sessions');
  // What a thread answers to 'sessions' is a list of these (context.ts).
  const sessions = answers.flat() as readonly SessionSnapshot[];
  const chosen = sessions.filter(filter.keeps);
  if (filter.id !== null && chosen.length === 0) return 'Session not found.\n';
  return chosen.map((session) => sessionRow(session, filter.withUri));
}

interface SessionFilter {
  readonly id: number | null;
  readonly withUri: boolean;
  readonly keeps: (session: SessionSnapshot) => boolean;
}

/** Options that take a word: what a session must be to be kept. */
const filterOptions: ReadonlyMap<string, (word: string, session: SessionSnapshot) => boolean> =
  new Map([
    ['older', (word: string, session: SessionSnapshot) => session.ageMs >= ageOf(word)],
    ['frontend', (word: string, session: SessionSnapshot) => session.frontend === word],
    ['backend', (word: string, session: SessionSnapshot) => session.backend === word],
    [
      'server',
      (word: string, session: SessionSnapshot) => `${session.backend}/${session.server}` === word,
    ],
  ]);

function ageOf(word: string): number {
  const match = /^(\d+)(ms|s|m|h|d)?$/.exec(word);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? 's'] ?? 1;
  return match === null ? 0 : Number(match[1]) * unit;
}

function parseFilter(words: readonly string[]): SessionFilter | string {
  const tests: ((session: SessionSnapshot) => boolean)[] = [];
  let id: number | null = null;
  let withUri = false;
  for (let i = 0; i < words.length; i++) {
    const option = filterOptions.get(words[i]);
    if (option !== undefined) {
      const value = words[++i];
      if (value === undefined) return `'${words[i - 1]}' expects a value.`;
      tests.push((session) => option(value, session));
    } else if (words[i] === 'show-uri') {
      withUri = true;
    } else if (/^(0x[0-9a-f]+|\d+)$/.test(words[i])) {
      id = Number(words[i]);
      tests.push((session) => session.id === id);
    } else if (words[i] !== 'all') {
      return `Unsupported option '${words[i]}', try 'help show sess'.`;
    }
  }
  return { id, withUri, keeps: (session) => tests.every((test) => test(session)) };
}

function sessionRow(session: SessionSnapshot, withUri: boolean): string {
  const expire = session.expireMs < 0 ? '' : shortTime(session.expireMs);
  const fields = [
    `0x${session.id.toString(16)}: proto=${session.protocol} src=${session.source}`,
    `fe=${session.frontend} be=${session.backend || '<NONE>'} srv=${session.server || '<none>'}`,
    `thr=${session.thread} age=${shortTime(session.ageMs)}`,
    `scf=[fd=${session.frontFd}] scb=[fd=${session.backFd}] exp=${expire} rc=${session.retries}`,
  ];
  if (withUri && session.uri !== '') fields.push(`uri="${session.uri}"`);
  return `${fields.join(' ')}\n`;
}

/** The largest unit and the one below it: 3s, 2m5s, 1h3m, 4d2h. */
function shortTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const units: readonly [string, number][] = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return `${Math.floor(ms)}ms`;
  const [name, size] = units[first];
  const next = units[first + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[1]);
  return `${Math.floor(seconds / size)}${name}${rest > 0 ? `${rest}${next[0]}` : ''}`;
}

async function showThreads({ context }: RuntimeCall): Promise<Answer> {
  // What a thread answers to 'thread' is one of these (context.ts).
  const threads = (await context.inspect('thread')) as readonly ThreadSnapshot[];
  return threads.map(
    ({ thread, streams, connections, busyMs, turns }) =>
      `  Thread ${thread} : streams=${streams} conns=${connections} ` +
      `busy_ms=${Math.floor(busyMs)} loops=${turns}\n`,
  );
}

export const threadCommands = [
  {
    words: ['show', 'sess'],
    requires: 'operator',
    usage: '[<id>|older <age>|frontend|backend|server <name>]',
    help: 'list the streams',
    run: showSessions,
  },
  {
    words: ['show', 'threads'],
    requires: 'operator',
    usage: '',
    help: 'show what each thread is doing',
    run: showThreads,
  },
] as const satisfies readonly RuntimeCommandDef[];
