// `hawser state`, for operators: show, reset, export, import what a file of shm-stats-file holds.
// Looking reads a copy and disturbs nobody; reset and import join the live file as one more process
// and may be used while traffic is served.
//
// Exit status: 0 done, 1 the file or the dump cannot be used, 2 the words say too little.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { SharedClock } from '../shared/segment/clock.ts';
import { ObjectTable } from '../shared/segment/objects.ts';
import { ProcessSlots } from '../shared/segment/processes.ts';
import {
  joinSegment,
  type Segment,
  SegmentError,
  snapshotSegment,
} from '../shared/segment/segment.ts';
import {
  dumpFormat,
  dumpState,
  dumpVersion,
  resetCounters,
  resetTables,
  type RestorePlace,
  restoreState,
  type StateDump,
} from '../shared/segment/state-dump.ts';
import { faultText } from '../shared/sys/errno.ts';
import { linuxSys } from '../shared/sys/linux.ts';
import { standardInput } from './input.ts';
import { dumpPieces, showJson, showText } from './state-text.ts';

/** Something the operator must change: `status` is the exit status. */
class Refusal extends Error {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Runs one of the four; what goes wrong is one sentence on standard error. */
async function guarded(work: () => Promise<void> | void): Promise<number> {
  try {
    await work();
    return 0;
  } catch (fault) {
    if (fault instanceof Refusal || fault instanceof SegmentError) {
      process.stderr.write(`hawser: ${fault.message}\n`);
      return fault instanceof Refusal ? fault.status : 1;
    }
    throw fault;
  }
}

/** `state show FILE` */
export function showState(path: string, isJson: boolean): Promise<number> {
  return guarded(async () => {
    const segment = snapshotSegment(linuxSys(), path);
    await write((isJson ? showJson : showText)(segment, storedMs(segment)));
  });
}

/** `state export FILE` */
export function exportState(path: string): Promise<number> {
  return guarded(async () => {
    const segment = snapshotSegment(linuxSys(), path);
    await write(dumpPieces(dumpState(segment, storedMs(segment))));
  });
}

const storedMs = (segment: Segment): number => new SharedClock(segment, 0, null).nowMs;

/** Pieces to standard output, as fast as its reader takes them. */
async function write(pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (process.stdout.write(piece)) continue;
    await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
}

/** `state import FILE DUMP`, `-`: standard input. */
export function importState(path: string, from: string): Promise<number> {
  return guarded(() => {
    const dump = readDump(from);
    const { objects, entries, problems } = joined(path, (place) => restoreState(place, dump));
    for (const problem of problems) process.stderr.write(`hawser: ${problem}\n`);
    process.stdout.write(`${objects} objects, ${entries} entries of tables taken over\n`);
    if (problems.length > 0) throw new Refusal('not everything could be taken over', 1);
  });
}

function readDump(from: string): StateDump {
  try {
    const text = readFileSync(from === '-' || from === standardInput ? 0 : from, 'utf8');
    const dump = JSON.parse(text) as StateDump; // checked by the two words below
    if (dump.format === dumpFormat && dump.version === dumpVersion) return dump;
  } catch (fault) {
    const isText = fault instanceof SyntaxError;
    if (!isText) throw new Refusal(`cannot read the dump: ${faultText(fault)}`, 1);
  }
  throw new Refusal(`that is no dump of 'hawser state export', version ${dumpVersion}`, 1);
}

/** Does something to the live file with a process slot of one's own. */
function joined<T>(path: string, act: (place: RestorePlace) => T): T {
  const sys = linuxSys();
  const segment = joinSegment(sys, path);
  const clock = new SharedClock(segment, sys.monotonicNs(), null);
  const slots = new ProcessSlots(segment);
  const slot = slots.take(process.pid, clock.nowNs);
  if (slot < 0) throw new SegmentError(`'${path}' is in use by 64 processes: no slot is free`);
  try {
    return act({ segment, objects: new ObjectTable(segment), slot, nowMs: clock.nowMs });
  } finally {
    slots.leave(slot, process.pid);
  }
}

export interface ResetChoice {
  readonly counters: boolean;
  readonly tables: boolean;
  /** Only what has one of these names: a proxy, PROXY/SERVER, a guid, a table. */
  readonly names: readonly string[];
}

/** `state reset FILE`: asks what to reset when the words do not say it. */
export function resetState(path: string, words: ResetChoice): Promise<number> {
  return guarded(async () => {
    snapshotSegment(linuxSys(), path); // a wrong file is told before anything is asked
    const choice = words.counters || words.tables ? words : await askChoice(path, words);
    const wants = (name: string): boolean =>
      choice.names.length === 0 || choice.names.some((one) => name === one || name === `/${one}`);
    const { objects, entries } = joined(path, (place) => ({
      objects: choice.counters ? resetCounters(place, (_type, identity) => wants(identity)) : 0,
      entries: choice.tables ? resetTables(place, wants) : 0,
    }));
    process.stdout.write(`${objects} objects, ${entries} entries of tables reset\n`);
    if (choice.names.length > 0 && objects + entries === 0) {
      throw new Refusal('nothing has these names', 1);
    }
  });
}

const answers: Readonly<Record<string, Pick<ResetChoice, 'counters' | 'tables'>>> = {
  c: { counters: true, tables: false },
  t: { counters: false, tables: true },
  b: { counters: true, tables: true },
};

async function askChoice(path: string, words: ResetChoice): Promise<ResetChoice> {
  if (!process.stdin.isTTY) {
    throw new Refusal('say what to reset: --counters, --tables, or both', 2);
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(
    `Reset what of ${path}? [c]ounters, [t]ables, [b]oth, anything else: nothing. `,
  );
  lines.close();
  const chosen = answers[answer.trim().toLowerCase().charAt(0)];
  if (chosen === undefined) throw new Refusal('nothing was reset', 2);
  return { ...words, ...chosen };
}
