// `show profiling` and `set profiling` (management.txt 9.3). What the reference measures by
// function is measured here by the class that a thread's loop calls, and why; memory is what V8
// samples of its heap. Locks and allocations take no time that is measured: their columns stay
// empty.

import type { Model } from '../../shared/config/model.ts';
import { type ProfilingMode, profilingModes } from '../../shared/profiling-mode.ts';
import {
  type Answer,
  failure,
  type RuntimeCall,
  type RuntimeCommandDef,
  type RuntimeMessage,
} from './command.ts';
import type { MemoryProfileSpan, RuntimeContext, ThreadProfile } from './context.ts';
import {
  type HeapRow,
  heapRows,
  sampledBytes,
  startHeapProfile,
  stopHeapProfile,
} from './heap-profile.ts';
import type { ProfileEntry } from '../loop/profile.ts';

interface ShowChoice {
  what: 'all' | 'status' | 'tasks' | 'memory';
  order: 'use' | 'name' | 'time' | 'context';
  sumsUp: boolean;
  max: number;
}

/** What each word of `show profiling` means. */
const showWords: ReadonlyMap<string, Partial<ShowChoice>> = new Map<string, Partial<ShowChoice>>([
  ['all', { what: 'all' }],
  ['status', { what: 'status' }],
  ['tasks', { what: 'tasks' }],
  ['memory', { what: 'memory' }],
  ['byaddr', { order: 'name' }],
  ['bytime', { order: 'time' }],
  ['byctx', { order: 'context' }],
  ['aggr', { sumsUp: true }],
]);

const showUsage =
  "Expects either 'all', 'status', 'tasks', 'memory', 'byaddr', 'bytime', 'byctx', 'aggr' or a " +
  'max number of output lines.';

function choiceOf(words: readonly string[]): ShowChoice | RuntimeMessage {
  let choice: ShowChoice = { what: 'all', order: 'use', sumsUp: false, max: 0 };
  for (const word of words) {
    const known = showWords.get(word);
    if (known !== undefined) choice = { ...choice, ...known };
    else if (/^\d/.test(word)) choice.max = Number.parseInt(word, 10);
    else return failure(showUsage);
  }
  return choice;
}

async function showProfiling({ context, words }: RuntimeCall): Promise<Answer> {
  const choice = choiceOf(words);
  if ('severity' in choice) return choice;
  // What a thread answers to 'profile' is one of these (context.ts).
  const threads = (await context.inspect('profile')) as readonly ThreadProfile[];
  const pieces: string[] = [];
  const shows = (what: ShowChoice['what']): boolean =>
    choice.what === 'all' || choice.what === what;
  if (shows('status')) pieces.push(status(context, threads));
  if (shows('tasks')) pieces.push(...tasks(threads, choice));
  const { startedMs } = context.memoryProfile;
  if (choice.what === 'memory' || (choice.what === 'all' && startedMs > 0)) {
    pieces.push(...(await memory(context, threads[0]?.nowMs ?? 0, choice)));
  }
  return pieces;
}

function status({ memoryProfile }: RuntimeContext, threads: readonly ThreadProfile[]): string {
  const mode = threads[0]?.mode ?? 'off';
  const isOn = threads.some((thread) => thread.isOn);
  const shown = mode === 'auto' ? `auto-${isOn ? 'on' : 'off'}` : mode;
  const held = memoryProfile.startedMs > 0 && memoryProfile.stoppedMs === 0 ? 'on' : 'off';
  return (
    `Per-task CPU profiling              : ${shown.padEnd(8)}` +
    '      # set profiling tasks {on|auto|off}\n' +
    `Memory usage profiling              : ${held.padEnd(8)}` +
    '      # set profiling memory {on|off}\n'
  );
}

/** "over 3.000 sec till 0.000 sec ago". */
function span(startedMs: number, stoppedMs: number, nowMs: number): string {
  const end = stoppedMs > 0 ? stoppedMs : nowMs;
  const overMs = startedMs > 0 ? Math.max(0, end - startedMs) : 0;
  const agoMs = stoppedMs > 0 ? Math.max(0, nowMs - stoppedMs) : 0;
  return `over ${(overMs / 1000).toFixed(3)} sec till ${(agoMs / 1000).toFixed(3)} sec ago`;
}

// ---- tasks ----

type Task = { -readonly [Key in keyof ProfileEntry]: ProfileEntry[Key] };

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const taskOrders: Readonly<Record<ShowChoice['order'], (a: Task, b: Task) => number>> = {
  use: (a, b) => b.calls - a.calls,
  name: (a, b) => byText(a.name, b.name),
  time: (a, b) => b.workNs - a.workNs,
  context: (a, b) => byText(a.cause, b.cause) || b.calls - a.calls,
};

function tasks(threads: readonly ThreadProfile[], choice: ShowChoice): string[] {
  const { startedMs, stoppedMs, nowMs } = threads[0] ?? { startedMs: 0, stoppedMs: 0, nowMs: 0 };
  const sums = new Map<string, Task>();
  for (const entry of threads.flatMap(({ entries }) => entries)) {
    const key = choice.sumsUp ? entry.name : `${entry.name} ${entry.cause}`;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { ...entry });
    else {
      sum.calls += entry.calls;
      sum.workNs += entry.workNs;
      sum.waitNs += entry.waitNs;
    }
  }
  const rows = [...sums.values()].sort(taskOrders[choice.order]);
  const shown = choice.max > 0 ? rows.slice(0, choice.max) : rows;
  const columns = ['calls', 'cpu_tot', 'cpu_avg', 'lkw_avg', 'lkd_avg', 'mem_avg', 'lat_avg'];
  return [
    `Tasks activity ${span(startedMs, stoppedMs, nowMs)}:\n`,
    `  function                      ${columns.join('   ')}\n`,
    ...shown.map((row) => taskRow(row, choice.sumsUp)),
  ];
}

const namedWidth = 35;

function taskRow({ name, cause, calls, workNs, waitNs }: Task, sumsUp: boolean): string {
  const count = String(calls).padStart(Math.max(1, namedWidth - name.length));
  const times = [workNs, workNs / calls, 0, 0, 0, waitNs / calls];
  const cells = times.map((ns) => `   ${shortTime(ns)}`).join('');
  return `  ${name}${count}${cells}${sumsUp ? '' : ` <- ${cause}`}\n`;
}

/** Units, and how many of each the next one has. */
const units: readonly (readonly [unit: string, ofNext: number])[] = [
  ['ns', 1000],
  ['us', 1000],
  ['ms', 1000],
  ['s ', 60],
  ['m ', 60],
  ['h ', 24],
  ['d ', Number.POSITIVE_INFINITY],
];

/** Seven characters: '1.234us', '   -   ' for nothing. */
export function shortTime(ns: number): string {
  if (ns <= 0) return '   -   ';
  let value = ns;
  for (const [unit, ofNext] of units) {
    if (value < ofNext) return `${value.toFixed(value < 10 ? 3 : value < 100 ? 2 : 1)}${unit}`;
    value /= ofNext;
  }
  return '  inf  ';
}

// ---- memory ----

const heapOrders: Readonly<Record<ShowChoice['order'], (a: HeapRow, b: HeapRow) => number>> = {
  use: (a, b) => b.bytes - a.bytes,
  name: (a, b) => byText(a.name, b.name),
  time: (a, b) => b.bytes - a.bytes,
  context: (a, b) => byText(a.place, b.place) || b.bytes - a.bytes,
};

async function memory(
  context: RuntimeContext,
  nowMs: number,
  choice: ShowChoice,
): Promise<string[]> {
  // What a thread answers to 'heap-rows' is a list of these (heap-profile.ts).
  const answers = (await context.inspect('heap-rows')) as readonly (readonly HeapRow[])[];
  const sums = new Map<string, HeapRow>();
  for (const { name, place, bytes } of [...heapRows(), ...answers.flat()]) {
    const file = place.replace(/:\d+$/, '');
    const key = choice.sumsUp ? file : `${name} ${place}`;
    const sum = sums.get(key);
    if (sum !== undefined) sum.bytes += bytes;
    else sums.set(key, choice.sumsUp ? { name: '*', place: file, bytes } : { name, place, bytes });
  }
  const rows = [...sums.values()].sort(heapOrders[choice.order]);
  const total = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  const shown = choice.max > 0 ? rows.slice(0, choice.max) : rows;
  const { startedMs, stoppedMs } = context.memoryProfile;
  return [
    `Memory held by call place ${span(startedMs, stoppedMs, nowMs)}, ` +
      `one allocation in ${sampledBytes} bytes sampled:\n`,
    '         bytes      %  function, place\n',
    ...shown.map(({ name, place, bytes }) => {
      const share = ((bytes * 100) / Math.max(1, total)).toFixed(1);
      const where = place === '' ? '' : `@${place}`;
      return `${String(bytes).padStart(14)} ${share.padStart(6)}  ${name}${where}\n`;
    }),
    `${String(total).padStart(14)} bytes in ${rows.length} places; buffers: show pools\n`,
  ];
}

// ---- set ----

/** `profiling.memory` of the configuration, for the calling (control) thread. */
export function beginMemoryProfile({ global }: Model, nowMs: number): MemoryProfileSpan {
  const begins = global.tune.profilingMemory && startHeapProfile();
  return { startedMs: begins ? nowMs : 0, stoppedMs: 0 };
}

const setWords = new Set(['on', 'auto', 'off', 'lock', 'no-lock', 'memory', 'no-memory']);
const setUsage =
  "Expects a combination of either 'on', 'auto', 'off', 'lock', 'no-lock', 'memory' or " +
  "'no-memory'.";

async function setTasks(context: RuntimeContext, words: readonly string[]): Promise<Answer> {
  if (words.length === 0 || !words.every((word) => setWords.has(word))) return failure(setUsage);
  const refused = words.find((word) => word === 'lock' || word === 'memory');
  if (refused !== undefined) {
    return failure(`'${refused}' is not supported yet: nothing of it is measured.`);
  }
  for (const word of words) {
    const mode = profilingModes.indexOf(word as ProfilingMode);
    // 'no-lock' and 'no-memory' are how it is.
    if (mode >= 0) await context.inspect('profile-tasks', [mode]);
  }
  return '';
}

async function setMemory(context: RuntimeContext, word: string | undefined): Promise<Answer> {
  if (word !== 'on' && word !== 'off') return failure("Expects either 'on' or 'off'.");
  const { memoryProfile } = context;
  const isOn = word === 'on';
  if (isOn && !startHeapProfile()) return failure('Memory profiling not compiled in.');
  if (!isOn) stopHeapProfile();
  await context.inspect('profile-memory', [isOn ? 1 : 0]);
  const nowMs = context.stats.nowMs();
  if (isOn) Object.assign(memoryProfile, { startedMs: nowMs, stoppedMs: 0 });
  else if (memoryProfile.startedMs > 0) memoryProfile.stoppedMs = nowMs;
  return '';
}

function setProfiling({ context, words }: RuntimeCall): Answer | Promise<Answer> {
  if (words[0] === 'memory') return setMemory(context, words[1]);
  if (words[0] === 'tasks') return setTasks(context, words.slice(1));
  return failure("Expects either 'tasks' or 'memory'.");
}

export const profilingCommands = [
  {
    words: ['set', 'profiling'],
    requires: 'admin',
    usage: '{tasks {auto|on|off}|memory {on|off}}',
    help: 'measure what the proxy threads call, and what holds memory',
    run: setProfiling,
  },
  {
    words: ['show', 'profiling'],
    requires: 'admin',
    usage: '[all|status|tasks|memory] [byaddr|bytime|byctx|aggr|<max_lines>]*',
    help: 'show what was measured',
    run: showProfiling,
  },
] as const satisfies readonly RuntimeCommandDef[];
