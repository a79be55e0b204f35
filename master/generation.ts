// One worker process from spawn to gone: its descriptors, what it says, its exit. Made by the
// supervisor, which decides about it. Never restarts anything by itself.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Diagnostic } from '../shared/config/diagnostic.ts';
import type { LoadNote } from '../shared/dashboard-messages.ts';
import type { ListenerObject, MasterToWorker, WorkerToMaster } from '../shared/messages.ts';
import type { CliLevel } from './cli-level.ts';
import type { Console } from './console.ts';
import type { Program } from './program.ts';
import { type Prepared, workerStart } from './start.ts';

export interface GenerationEvents {
  /** What compiling said; `fatal`: the worker leaves because of it. */
  diagnostics(list: readonly Diagnostic[], fatal: boolean): void;
  ready(generation: Generation): void;
  /** `status`: its exit status, or 128 + the signal that ended it. */
  gone(generation: Generation, status: number): void;
}

export interface Question {
  readonly line: string;
  readonly level: CliLevel;
  readonly payload: string;
}

/** A question that a worker has been asked. */
export interface Asked {
  readonly answer: Promise<string>;
  /** Nobody wants more of it: what has no end by itself ends now. */
  stop(): void;
}

interface Waiting {
  readonly settle: (text: string) => void;
  readonly part: (text: string) => void;
}

/** The first descriptors of a child: standard ones, IPC, then ours. */
const segmentFd = 4;
const firstListenerFd = 5;

/** One worker process. It is spawned by the constructor and speaks through `events`. */
export class Generation {
  readonly prepared: Prepared;
  /** Wall clock of its start, milliseconds. */
  readonly startMs: number;
  readonly pid: number;
  /** Reloads since it started. */
  reloads = 0;
  /** Ready: it serves (until it leaves). Leaving: it was told to finish. */
  ready = false;
  leaving = false;
  gone = false;
  private readonly child: ChildProcess;
  private readonly events: GenerationEvents;
  private readonly questions = new Map<number, Waiting>();
  private lastQuestion = 0;

  constructor(program: Program, prepared: Prepared, events: GenerationEvents) {
    this.prepared = prepared;
    this.events = events;
    this.startMs = Date.now();
    const { bound, segment } = prepared;
    const all = [...bound.listeners, ...bound.cliListeners, ...bound.sectionListeners];
    const entry = fileURLToPath(new URL('./worker-process.js', import.meta.url));
    // What a worker says by itself looks like what the master says.
    const relays = program.console.isRedirected;
    this.child = spawn(process.execPath, [...process.execArgv, entry, program.workerUrl.href], {
      stdio: [
        'inherit',
        'inherit',
        relays ? 'pipe' : 'inherit',
        'ipc',
        segment.fd,
        ...all.map(({ fd }) => fd),
      ],
      serialization: 'advanced',
      argv0: process.argv0,
      env: { ...program.environment, HAPROXY_MWORKER: '1' },
    });
    this.pid = this.child.pid ?? -1;
    if (relays) relayLines(this.child, program.console);
    this.child.on('message', (message: WorkerToMaster) => this.hear(message));
    this.child.on('error', () => this.leave(1));
    this.child.on('exit', (code, signal) =>
      this.leave(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
    this.tell(inChild(workerStart(program, prepared)));
  }

  /** Nothing when it is gone already. */
  kill(signal: NodeJS.Signals): void {
    if (!this.gone) this.child.kill(signal);
  }

  /** Asks it to finish what it does and to leave; also while it is still starting. */
  softStop(): void {
    this.leaving = true;
    this.tell({ type: 'soft-stop' });
  }

  /** Tells it of a reload that failed. */
  note(note: LoadNote): void {
    this.tell({ type: 'load-note', note });
  }

  /**
   * Runs one command line of the runtime API: the text of its answer, '' when the worker dies. What
   * an answer has to say before its end goes to `part`.
   */
  ask(question: Question, part: (text: string) => void): Asked {
    if (this.gone) return { answer: Promise.resolve(''), stop: () => undefined };
    const id = ++this.lastQuestion;
    const answer = new Promise<string>((settle) => {
      this.questions.set(id, { settle, part });
      this.tell({ type: 'cli', id, ...question });
    });
    return { answer, stop: () => this.tell({ type: 'cli-stop', id }) };
  }

  private tell(message: MasterToWorker): void {
    // A worker that died while we spoke is reported by its exit, not by this write.
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  private hear(message: WorkerToMaster): void {
    const { events } = this;
    if (message.type === 'failed') events.diagnostics(message.diagnostics, true);
    if (message.type === 'checked') events.diagnostics(message.diagnostics, false);
    if (message.type === 'cli-part') this.questions.get(message.id)?.part(message.text);
    if (message.type === 'cli-answer') this.answer(message.id, message.text);
    if (message.type === 'ready') {
      this.ready = true;
      events.ready(this);
    }
  }

  private answer(id: number, text: string): void {
    this.questions.get(id)?.settle(text);
    this.questions.delete(id);
  }

  private leave(status: number): void {
    if (this.gone) return;
    this.gone = true;
    for (const id of [...this.questions.keys()]) this.answer(id, '');
    this.events.gone(this, status);
  }
}

function relayLines({ stderr }: ChildProcess, console: Console): void {
  if (stderr === null) return;
  createInterface({ input: stderr, crlfDelay: Infinity }).on('line', (line) => console.relay(line));
}

/** The message with the descriptors' numbers in the child. */
function inChild(start: ReturnType<typeof workerStart>): ReturnType<typeof workerStart> {
  const count = start.listeners.length;
  const listeners = start.listeners.map(
    (listener, index): ListenerObject => ({ ...listener, fd: firstListenerFd + index }),
  );
  const cliListeners = start.cliListeners.map((listener, index) => ({
    ...listener,
    fd: firstListenerFd + count + index,
  }));
  const sectionsFrom = firstListenerFd + count + cliListeners.length;
  const sectionListeners = start.sectionListeners.map((listener, index) => ({
    ...listener,
    fd: sectionsFrom + index,
  }));
  const segment = { ...start.segment, fd: segmentFd };
  return { ...start, listeners, cliListeners, sectionListeners, segment };
}
