// Where checks run: the loop, memory and the one stream of the control thread that expressions and
// formats of checks are evaluated on. Made by the worker's control thread; a run enters it before
// it evaluates anything.

import type { Model, ServerModel } from '../../shared/config/model.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import type { Connection } from '../conn/connection.ts';
import type { Poller } from '../loop/poller.ts';
import type { Timers } from '../loop/timers.ts';
import type { Evaluate } from '../keyword.ts';
import type { SlotPool } from '../memory/pool.ts';
import type { ProxyPlan } from '../program.ts';
import { castSample } from '../sample/cast.ts';
import { kindSint, kindString, Sample } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';
import type { LoopTime, ThreadContext } from '../thread-context.ts';
import { type Answer, AnswerPool } from './answer.ts';
import type { CheckRoute } from './connect.ts';
import type { ConnectStep } from './plan.ts';

/** What a run needs to know of the server it checks. */
export interface RunSubject {
  readonly model: ServerModel;
  /** As the program has it; its server of `serverIndex` is the subject. */
  readonly proxy: ProxyPlan;
  readonly serverIndex: number;
  readonly connectTimeoutMs: number;
  /** 0: the time for connecting is all there is. */
  readonly checkTimeoutMs: number;
  /** Where a step leads, now. */
  routeOf(step: ConnectStep, stream: Stream): CheckRoute;
  /** The server is down (or in maintenance). */
  isStopped(): boolean;
  /** Value of X-Haproxy-Server-State. */
  stateText(): string;
}

/** The part of a run that evaluation sees. */
interface Entering {
  readonly subject: RunSubject;
  readonly variables: (Sample | null)[];
  /** `unique-id` of this run, '' until it is asked for. */
  uniqueId: string;
  readonly connection: Connection | null;
}

export interface StageParts {
  readonly sys: Sys;
  readonly poller: Poller;
  readonly timers: Timers;
  readonly time: LoopTime;
  readonly memory: SlotPool;
  /** Start of three slots in a row, free between two calls. */
  readonly scratchAt: number;
  readonly stream: Stream;
  readonly thread: ThreadContext;
  readonly model: Model;
}

export class CheckStage {
  readonly sys: Sys;
  readonly poller: Poller;
  readonly timers: Timers;
  readonly time: LoopTime;
  readonly memory: SlotPool;
  readonly scratchAt: number;
  readonly answers: AnswerPool;
  private readonly stream: Stream;
  private readonly thread: ThreadContext;
  private entered: Entering | null;

  constructor(parts: StageParts) {
    this.sys = parts.sys;
    this.poller = parts.poller;
    this.timers = parts.timers;
    this.time = parts.time;
    this.memory = parts.memory;
    this.scratchAt = parts.scratchAt;
    this.stream = parts.stream;
    this.thread = parts.thread;
    this.entered = null;
    const { httpMaxhdr } = parts.model.global.tune;
    this.answers = new AnswerPool(parts.stream, parts.memory, httpMaxhdr);
  }

  /** The stream, showing what belongs to this run: its server, its variables, its answer. */
  enter(run: Entering, answer: Answer | null, isHttp: boolean): Stream {
    const { stream, thread } = this;
    if (this.entered !== null) this.entered.uniqueId = stream.uniqueId;
    this.entered = run;
    stream.uniqueId = run.uniqueId;
    const { proxy, serverIndex } = run.subject;
    stream.backend = proxy;
    stream.frontend = proxy;
    stream.server = proxy.backend?.servers[serverIndex] ?? null;
    stream.backConnection = run.connection;
    thread.checkVariables = run.variables;
    if (answer === null) this.showNothing();
    else {
      answer.show(isHttp, this.scratchAt + this.memory.slotBytes);
      stream.response = answer.head;
    }
    return stream;
  }

  /** A new run of the same check begins. */
  leave(run: Entering): void {
    if (this.entered === run) this.entered = null;
  }

  private showNothing(): void {
    const { stream } = this;
    stream.responsePayload.length = 0;
    stream.responsePayload.ended = false;
  }

  /** Sets variables that exist before the first step. */
  preset(
    variables: (Sample | null)[],
    presets: readonly (readonly [number, string | number])[],
  ): void {
    for (const [index, value] of presets) {
      while (variables.length <= index) variables.push(null);
      const sample = new Sample();
      if (typeof value === 'number') sample.setInt(value);
      else sample.setText(value);
      variables[index] = sample;
    }
  }

  /** The integer that an expression's text is, null for none. */
  integerOf(evaluate: Evaluate, stream: Stream): number | null {
    const { sample } = stream;
    sample.restart();
    if (!evaluate(stream, sample)) return null;
    if (!castSample(sample, kindString) || !castSample(sample, kindSint)) return null;
    return Number(sample.int);
  }
}
