// Commands that tell what the proxy threads do and hold: `show activity`, `threads`, `pools`, `fd`,
// `tasks`. They are for people who look for the cause of something; layouts follow the reference's,
// lines stand for what hawser counts.

import { groupOfThread, groupsOf } from '../../shared/thread-groups.ts';
import {
  type Answer,
  failure,
  type RuntimeCall,
  type RuntimeCommandDef,
  type RuntimeMessage,
} from './command.ts';
import type { PoolSnapshot, RuntimeContext, ThreadSnapshot, ThreadTimes } from './context.ts';
import { showDescriptors } from './descriptors.ts';

async function threadStates(context: RuntimeContext): Promise<readonly ThreadSnapshot[]> {
  // What a thread answers to 'thread' is one of these (context.ts).
  const threads = (await context.inspect('thread')) as readonly ThreadSnapshot[];
  return threads.toSorted((a, b) => a.thread - b.thread);
}

interface ActivityRow {
  readonly name: string;
  /** Averages are not added up. */
  readonly isAverage?: boolean;
  readonly read: (thread: ThreadSnapshot, times: ThreadTimes) => number;
}

const activityRows: readonly ActivityRow[] = [
  { name: 'loops', read: ({ turns }) => turns },
  { name: 'poll_io', read: ({ turns, idleTurns }) => turns - idleTurns },
  { name: 'poll_exp', read: ({ idleTurns }) => idleTurns },
  { name: 'events', read: ({ events }) => events },
  { name: 'streams', read: ({ streamsTotal }) => streamsTotal },
  { name: 'curr_streams', read: ({ streams }) => streams },
  { name: 'curr_conns', read: ({ connections }) => connections },
  { name: 'timers', read: ({ timers }) => timers },
  { name: 'pool_fail', read: ({ memoryFailures }) => memoryFailures },
  { name: 'cpust_ms_tot', read: (_, { waitMs }) => waitMs },
  { name: 'avg_cpu_pct', isAverage: true, read: (_, { busyPercent }) => busyPercent },
  { name: 'avg_loop_us', isAverage: true, read: ({ loopUs }) => loopUs },
  { name: 'accepted', read: ({ accepted }) => accepted },
];

const noTimes: ThreadTimes = { runMs: 0, waitMs: 0, busyPercent: 0 };

async function showActivity({ context, words }: RuntimeCall): Promise<Answer> {
  const wanted = words[0] === undefined ? -1 : Number.parseInt(words[0], 10) || 0;
  if (wanted < -1 || wanted > context.threadCount) {
    return failure('Thread ID number must be between -1 and nbthread');
  }
  const threads = await threadStates(context);
  const times = context.threadTimes();
  const head = [
    `thread_id: 1 (1..${context.threadCount})`,
    `date_now: ${(Date.now() / 1000).toFixed(6)}`,
    `uptime_now: ${(context.uptimeMs() / 1000).toFixed(6)}`,
  ];
  const lines = activityRows.map(({ name, isAverage, read }) => {
    const values = threads.map((thread) =>
      Math.floor(read(thread, times[thread.thread - 1] ?? noTimes)),
    );
    const sum = values.reduce((a, b) => a + b, 0);
    const whole = isAverage ? Math.floor(sum / Math.max(1, values.length)) : sum;
    if (wanted > 0) return `${name}: ${values[wanted - 1] ?? 0}`;
    const each = wanted < 0 && values.length > 1 ? ` [ ${values.join(' ')} ]` : '';
    return `${name}: ${whole}${each}`;
  });
  return `${[...head, ...lines].join('\n')}\n`;
}

async function showThreads({ context }: RuntimeCall): Promise<Answer> {
  const times = context.threadTimes();
  const groups = groupsOf(context.stats.model.global.groups, context.threadCount);
  return (await threadStates(context)).map(({ thread, streams, connections, turns, timers }) => {
    const { runMs, waitMs, busyPercent } = times[thread - 1] ?? noTimes;
    const group = groupOfThread(groups, thread - 1);
    const place = `${group + 1}/${thread - groups[group].first}`;
    return (
      `  Thread ${thread} : act=${streams > 0 ? 1 : 0} wq=${timers > 0 ? 1 : 0} ` +
      `streams=${streams} conns=${connections} timers=${timers}\n` +
      `      ${place}    loops=${turns} cpu_pct=${busyPercent}\n` +
      `             cpu_ms: run=${Math.floor(runMs)} wait=${Math.floor(waitMs)}\n`
    );
  });
}

const poolOrders: Readonly<Record<string, (a: PoolSnapshot, b: PoolSnapshot) => number>> = {
  byname: (a, b) => (a.name < b.name ? -1 : 1),
  bysize: (a, b) => b.bytes - a.bytes,
  byusage: (a, b) => b.used * b.bytes - a.used * a.bytes,
};

interface PoolChoice {
  order: (a: PoolSnapshot, b: PoolSnapshot) => number;
  onlyUsed: boolean;
  prefix: string;
  max: number;
}

function poolChoice(words: readonly string[]): PoolChoice | RuntimeMessage {
  const choice = { order: () => 0, onlyUsed: false, prefix: '', max: 0 } as PoolChoice;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const order = poolOrders[word];
    const count = Number.parseInt(word, 10);
    if (order !== undefined) {
      choice.order = order;
      choice.onlyUsed = word === 'byusage';
    } else if (word === 'match' && words[i + 1] !== undefined) choice.prefix = words[++i];
    else if (count > 0) choice.max = count;
    else if (word !== 'detailed') return failure(poolUsage);
  }
  return choice;
}

const poolUsage =
  "Expects either 'byname', 'bysize', 'byusage', 'match <pfx>', 'detailed', or a max number of " +
  'output lines.';

async function showPools({ context, words }: RuntimeCall): Promise<Answer> {
  const choice = poolChoice(words);
  if ('severity' in choice) return choice;
  // What a thread answers to 'memory' is a list of these (context.ts).
  const all = (await context.inspect('memory')) as readonly (readonly PoolSnapshot[])[];
  const byName = new Map<string, PoolSnapshot>();
  for (const pool of all.flat()) {
    const known = byName.get(pool.name);
    byName.set(pool.name, known === undefined ? pool : sumOf(known, pool));
  }
  const chosen = [...byName.values()]
    .filter(({ name, used }) => name.startsWith(choice.prefix) && (!choice.onlyUsed || used > 0))
    .sort(choice.order);
  const shown = choice.max > 0 ? chosen.slice(0, choice.max) : chosen;
  const bytes = (of: 'allocated' | 'used'): number =>
    shown.reduce((sum, pool) => sum + pool[of] * pool.bytes, 0);
  return [
    'Dumping pools usage. Use SIGQUIT to flush them.\n',
    ...shown.map(poolRow),
    `Total: ${shown.length} pools, ${bytes('allocated')} bytes allocated, ` +
      `${bytes('used')} used.\n`,
  ];
}

function sumOf(a: PoolSnapshot, b: PoolSnapshot): PoolSnapshot {
  return {
    ...a,
    allocated: a.allocated + b.allocated,
    used: a.used + b.used,
    failures: a.failures + b.failures,
  };
}

function poolRow({ name, bytes, allocated, used, failures }: PoolSnapshot): string {
  return (
    `  - Pool ${name} (${bytes} bytes) : ${allocated} allocated (${allocated * bytes} bytes), ` +
    `${used} used, ${failures} failures\n`
  );
}

/** What runs now, by what it is. */
async function showTasks({ context }: RuntimeCall): Promise<Answer> {
  const threads = await threadStates(context);
  const sum = (read: (thread: ThreadSnapshot) => number): number =>
    threads.reduce((total, thread) => total + read(thread), 0);
  const rows: readonly (readonly [string, number])[] = [
    ['stream', sum(({ streams }) => streams)],
    ['connection', sum(({ connections }) => connections)],
    ['timer', sum(({ timers }) => timers)],
  ];
  const all = rows.reduce((total, [, places]) => total + places, 0);
  const lines = rows.map(([name, places]) => {
    const share = all === 0 ? 0 : (places * 100) / all;
    return `  ${name.padEnd(29)}${String(places).padStart(5)}  ${share.toFixed(1).padStart(5)}\n`;
  });
  const head = `Running tasks: ${all} (${context.threadCount} threads)\n`;
  return `${head}  function                     places     %\n${lines.join('')}`;
}

export const activityCommands = [
  {
    words: ['show', 'activity'],
    requires: 'operator',
    usage: '[-1|0|thread_num]',
    help: 'show what each thread has done',
    run: showActivity,
  },
  {
    words: ['show', 'fd'],
    requires: 'operator',
    usage: '[-!plcfbs]* [num]',
    help: 'list the descriptors in use, or show one',
    run: showDescriptors,
  },
  {
    words: ['show', 'pools'],
    requires: 'operator',
    usage: '[by*] [match <pfx>] [nb]',
    help: 'show the memory pools',
    run: showPools,
  },
  {
    words: ['show', 'tasks'],
    requires: 'operator',
    usage: '',
    help: 'count what is running',
    run: showTasks,
  },
  {
    words: ['show', 'threads'],
    requires: 'operator',
    usage: '',
    help: 'show what each thread is doing',
    run: showThreads,
  },
] as const satisfies readonly RuntimeCommandDef[];
