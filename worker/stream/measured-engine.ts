// The stream engine with a clock in its hand: what each stream costs, and how long it had to wait
// for its turn (manual 7.3.2, cpu_ns_tot, lat_ns_tot). The clock is looked at only while the
// thread's profile is on (manual, profiling.tasks), and has microseconds.

import type { EngineContext } from './context.ts';
import type { LoopProfile } from '../loop/profile.ts';
import { Engine } from './engine.ts';
import type { Stream } from './stream.ts';

/** What `begin` answers for a call that is not measured, and for one within another. */
const notMeasured = -2;
const isInner = -1;

class MeasuredEngine extends Engine {
  private readonly profile: LoopProfile;
  /** Calls within calls are part of the outer one. */
  private depth: number;

  constructor(context: EngineContext, profile: LoopProfile) {
    super(context);
    this.profile = profile;
    this.depth = 0;
  }

  /** Wall clock at the start of a call, or one of the above. */
  private begin(stream: Stream): number {
    if (!this.profile.isOn) return notMeasured;
    if (this.depth++ > 0) return isInner;
    const { sys, time } = this.context.thread;
    const nowUs = sys.wallUs();
    // The turn began when the kernel told what is ready.
    stream.waitedUs += Math.max(0, nowUs - time.wallMs * 1000);
    return nowUs;
  }

  private end(stream: Stream, startUs: number): void {
    if (startUs === notMeasured) return;
    this.depth--;
    if (startUs === isInner) return;
    stream.workedUs += Math.max(0, this.context.thread.sys.wallUs() - startUs);
  }

  override startTcp(stream: Stream): void {
    const at = this.begin(stream);
    super.startTcp(stream);
    this.end(stream, at);
  }

  override onRequest(stream: Stream): void {
    const at = this.begin(stream);
    super.onRequest(stream);
    this.end(stream, at);
  }

  override onFrontReadable(stream: Stream): void {
    const at = this.begin(stream);
    super.onFrontReadable(stream);
    this.end(stream, at);
  }

  override onFrontWritable(stream: Stream): void {
    const at = this.begin(stream);
    super.onFrontWritable(stream);
    this.end(stream, at);
  }

  override onConnected(stream: Stream, result: number): void {
    const at = this.begin(stream);
    super.onConnected(stream, result);
    this.end(stream, at);
  }

  override onResponse(stream: Stream): void {
    const at = this.begin(stream);
    super.onResponse(stream);
    this.end(stream, at);
  }

  override onResponseFailure(stream: Stream, failure: number): void {
    const at = this.begin(stream);
    super.onResponseFailure(stream, failure);
    this.end(stream, at);
  }

  override onBackReadable(stream: Stream): void {
    const at = this.begin(stream);
    super.onBackReadable(stream);
    this.end(stream, at);
  }

  override onBackWritable(stream: Stream): void {
    const at = this.begin(stream);
    super.onBackWritable(stream);
    this.end(stream, at);
  }

  override onTimeout(stream: Stream): void {
    const at = this.begin(stream);
    super.onTimeout(stream);
    this.end(stream, at);
  }
}

/** The engine of one thread: with a clock where something reads it. */
export function makeEngine(context: EngineContext, profile: LoopProfile): Engine {
  const { readsStreamCost } = context.thread.program;
  return readsStreamCost ? new MeasuredEngine(context, profile) : new Engine(context);
}
