// What is traced now: memory that all threads of a process share. Commands write it (commands.ts),
// whoever traces reads one word when nothing is. Start and control thread write; threads move
// states and locks.
//
//   per source, 16 words: state, level, verbosity, sink, lock criterion, locked value, dropped,
//   followed source + 1, then masks of events: report, start, stop, pause

import { lockCriteria, traceSources, traceUser } from './sources.ts';

const sourceWords = 16;

export const stateStopped = 0;
export const stateWaiting = 1;
export const stateRunning = 2;

export const fieldState = 0;
export const fieldLevel = 1;
export const fieldVerbosity = 2;
export const fieldSink = 3;
export const fieldLock = 4;
export const fieldLocked = 5;
export const fieldDropped = 6;
export const fieldFollow = 7;
export const fieldReport = 8;
export const fieldStart = 9;
export const fieldStop = 10;
export const fieldPause = 11;

export const allEvents = -1;

/** Sinks by number: none, standard output, standard error, then the rings of the model. */
export const sinkNone = 0;
export const sinkStdout = 1;
export const sinkStderr = 2;
export const sinkRings = 3;

/** Word of a source's field. */
export const traceWord = (source: number, field: number): number => source * sourceWords + field;

/** Memory in which nothing is traced. */
export function makeTraces(): Int32Array {
  const bytes = traceSources.length * sourceWords * 4;
  const words = new Int32Array(new SharedArrayBuffer(bytes));
  for (const source of traceSources.keys()) {
    words[traceWord(source, fieldLevel)] = traceUser;
    words[traceWord(source, fieldVerbosity)] = 1;
    words[traceWord(source, fieldReport)] = allEvents;
  }
  return words;
}

/** What an event is about, as far as is known: a number for each thing, 0 for none. */
export interface TraceSubject {
  backend: number;
  connection: number;
  frontend: number;
  listener: number;
  server: number;
  session: number;
  stream: number;
  thread: number;
}

const fields = lockCriteria as readonly (keyof TraceSubject | 'nothing')[];

function subjectValue(subject: TraceSubject, criterion: number): number {
  const field = fields[criterion];
  return field === 'nothing' ? 0 : subject[field];
}

/**
 * Passes an event through the settings of its source: starts, locks, pauses, stops. Whether it is
 * reported.
 */
export function passEvent(
  words: Int32Array,
  source: number,
  event: { readonly bit: number; readonly level: number },
  subject: TraceSubject,
): boolean {
  const at = traceWord(source, 0);
  if (words[at + fieldState] === stateStopped) return isFollowed(words, at, subject);
  if (words[at + fieldState] === stateWaiting) {
    if ((words[at + fieldStart] & event.bit) === 0) return false;
    words[at + fieldState] = stateRunning;
  }
  if (!holdsLock(words, at, subject)) return false;
  const isWanted = (words[at + fieldReport] & event.bit) !== 0;
  const reports = isWanted && event.level <= words[at + fieldLevel];
  if ((words[at + fieldPause] & event.bit) !== 0) {
    words[at + fieldState] = stateWaiting;
    words[at + fieldLocked] = 0;
  } else if ((words[at + fieldStop] & event.bit) !== 0) {
    words[at + fieldState] = stateStopped;
    words[at + fieldLocked] = 0;
  }
  return reports;
}

/** The first event that has a value of the criterion locks. */
function holdsLock(words: Int32Array, at: number, subject: TraceSubject): boolean {
  const criterion = words[at + fieldLock];
  if (criterion === 0) return true;
  const value = subjectValue(subject, criterion);
  const locked = words[at + fieldLocked];
  if (locked !== 0) return value === locked;
  if (value === 0) return true;
  words[at + fieldLocked] = value;
  return true;
}

/** Another source is locked on what this event is about. */
function isFollowed(words: Int32Array, at: number, subject: TraceSubject): boolean {
  const followed = words[at + fieldFollow] - 1;
  if (followed < 0) return false;
  const other = traceWord(followed, 0);
  const locked = words[other + fieldLocked];
  return locked !== 0 && subjectValue(subject, words[other + fieldLock]) === locked;
}
