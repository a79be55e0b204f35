// Limits of the payload that a stream forwards (manual 9.7, filter bwlim-in and bwlim-out),
// switched on by rules. Each limit answers how much may go on now, and until when nothing more may.
// Payload that waits stays where it was received. Only streams with a limit have one of these.

import { addRate, dataTypeByName, readRate } from '../../shared/segment/table-data.ts';
import type { StickTable } from '../../shared/segment/stick-table.ts';
import type { Timed } from '../loop/timers.ts';
import type { ThreadContext } from '../thread-context.ts';

/** What a rule switches on. */
export interface LimitPlan {
  /** Which filter, ascending in the order of their lines: each is on once. */
  readonly filter: number;
  /** Payload from the client. */
  readonly isIn: boolean;
  readonly minBytes: number;
}

/** How much, of a stream's own or of all that share an entry. */
export interface LimitRate {
  readonly limitBytes: number;
  /** 0: the table's. */
  readonly periodMs: number;
}

/** A rate of bytes: its words, who shares it, and what one count stands for. */
interface Meter {
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly at: number;
  readonly periodMs: number;
  readonly users: number;
  readonly factor: number;
}

const event = { nowMs: 0, count: 0 };
const rateIn = dataTypeByName.get('bytes_in_rate')!;
const rateOut = dataTypeByName.get('bytes_out_rate')!;

export class Limit {
  readonly plan: LimitPlan;
  rate: LimitRate;
  /** Nothing goes on before. */
  untilMs: number;
  /** null: the rate is the stream's own. */
  private readonly table: StickTable | null;
  private entry: number;
  private record: number;
  private readonly words: Int32Array;
  private readonly floats: Float64Array;

  constructor(plan: LimitPlan, rate: LimitRate, table: StickTable | null) {
    this.plan = plan;
    this.rate = rate;
    this.untilMs = 0;
    this.table = table;
    this.entry = -1;
    this.record = -1;
    this.words = new Int32Array(4);
    this.floats = new Float64Array(this.words.buffer);
  }

  /** Shares the entry whose key the table was given. False: the table is full. */
  hold(thread: ThreadContext): boolean {
    const { table } = this;
    const references = thread.tables?.references;
    if (table === null || references === undefined) return false;
    table.enter();
    this.entry = table.take(thread.time.nowMs);
    this.record = this.entry < 0 ? -1 : table.hold(this.entry, references);
    table.leave();
    return this.record >= 0;
  }

  drop(thread: ThreadContext): void {
    const { table, entry, record } = this;
    if (table === null || record < 0) return;
    this.record = -1;
    table.enter();
    table.drop(entry, record, thread.tables!.references);
    table.leave();
  }

  /** Of `length` bytes, those that may go on now; they count. */
  take(length: number, nowMs: number): number {
    if (nowMs < this.untilMs) return 0;
    this.untilMs = 0;
    const { table, words, floats, rate } = this;
    if (table === null) {
      const { periodMs } = rate;
      const meter = { words, floats, at: 0, periodMs, users: 1, factor: 1 };
      return this.measure(meter, length, nowMs);
    }
    const column = table.column(this.plan.isIn ? rateIn : rateOut);
    if (column === undefined || this.record < 0) return length;
    table.enter();
    const meter = {
      words: table.words,
      floats: table.floats,
      at: table.at(this.entry) + column.offset,
      periodMs: column.periodMs,
      users: Math.max(1, table.trackers(this.entry)),
      factor: table.policy.bytesRateFactor,
    };
    const taken = this.measure(meter, length, nowMs);
    table.touch(this.entry, nowMs);
    table.leave();
    return taken;
  }

  /** As HAProxy shares out what is left of the period. */
  private measure(meter: Meter, length: number, nowMs: number): number {
    const { limitBytes: limit } = this.rate;
    const { minBytes } = this.plan;
    const { periodMs, users, factor } = meter;
    const ahead = aheadOf(meter, limit, nowMs);
    if (ahead > 0) {
      const waitMs = Math.floor(((minBytes + ahead) * periodMs * users) / limit);
      this.untilMs = nowMs + Math.max(1, waitMs);
      return 0;
    }
    const left = Math.max(0, limit - readRate(meter, meter.at, periodMs, nowMs)) * factor;
    const share = Math.floor((left + users - 1) / users);
    let taken = Math.min(length, share);
    let waitMs = 0;
    if (share < length && share < minBytes) {
      // A small burst is borrowed from what comes, and waited for the longer.
      taken = Math.min(length, minBytes);
      if (taken <= left) {
        waitMs = Math.ceil(((taken - share) * periodMs * users) / (limit * factor));
      } else taken = limit * factor < taken ? left : 0;
    }
    event.nowMs = nowMs;
    event.count = Math.ceil(taken / factor);
    addRate(meter, meter.at, periodMs, event);
    if (taken < length) {
      const wanted = Math.max(1, Math.min(length - taken, minBytes * users));
      const total = readRate(meter, meter.at, periodMs, nowMs) + wanted;
      waitMs += total < limit ? 0 : Math.floor(((total - limit) * periodMs) / limit);
      this.untilMs = nowMs + Math.max(1, waitMs);
    }
    return taken;
  }
}

/** What has passed in this period beyond its even share until now; below 0: less has. */
function aheadOf({ words, floats, at, periodMs }: Meter, limit: number, nowMs: number): number {
  const elapsedMs = nowMs - floats[at >> 1];
  if (elapsedMs > periodMs) return 0;
  return (words[at + 2] >>> 0) - Math.floor((Math.max(0, elapsedMs) * limit) / periodMs);
}

/** The limits of one stream, and its alarm clock. */
export class Bandwidth implements Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  private readonly thread: ThreadContext;
  private readonly limits: Limit[];
  /** Goes on with what waits, by direction. */
  private readonly waiting: ((() => void) | null)[];

  constructor(thread: ThreadContext) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.thread = thread;
    this.limits = [];
    this.waiting = [null, null];
  }

  /** The limit of a filter that is on, null: it is not. */
  limitOf(filter: number): Limit | null {
    for (let i = 0; i < this.limits.length; i++) {
      if (this.limits[i].plan.filter === filter) return this.limits[i];
    }
    return null;
  }

  /** Filters apply in the order of their lines. */
  add(limit: Limit): void {
    const { limits } = this;
    let at = limits.length;
    while (at > 0 && limits[at - 1].plan.filter > limit.plan.filter) at--;
    limits.splice(at, 0, limit);
  }

  /** Payload of this direction is limited. */
  governs(isIn: boolean): boolean {
    for (let i = 0; i < this.limits.length; i++) {
      if (this.limits[i].plan.isIn === isIn) return true;
    }
    return false;
  }

  /** Of `length` bytes, those that every limit lets go on now. */
  take(isIn: boolean, length: number): number {
    const { nowMs } = this.thread.time;
    let taken = length;
    for (let i = 0; i < this.limits.length && taken > 0; i++) {
      const limit = this.limits[i];
      if (limit.plan.isIn === isIn) taken = limit.take(taken, nowMs);
    }
    return taken;
  }

  /** When more may go on; `goOn` is called then. */
  wait(isIn: boolean, goOn: () => void): number {
    const { thread, limits } = this;
    let untilMs = thread.time.nowMs + 1;
    for (let i = 0; i < limits.length; i++) {
      if (limits[i].plan.isIn === isIn) untilMs = Math.max(untilMs, limits[i].untilMs);
    }
    this.waiting[isIn ? 0 : 1] = goOn;
    if (this.dueMs === 0 || untilMs < this.dueMs) thread.timers.schedule(this, untilMs);
    return untilMs;
  }

  /** Whose time has not come yet waits again. */
  onTimeout(): void {
    for (let i = 0; i < this.waiting.length; i++) {
      const goOn = this.waiting[i];
      this.waiting[i] = null;
      goOn?.();
    }
  }

  /** The stream is over. */
  end(): void {
    this.thread.timers.remove(this);
    this.waiting.fill(null);
    for (const limit of this.limits) limit.drop(this.thread);
    this.limits.length = 0;
  }
}
