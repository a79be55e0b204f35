// The log lines of the control thread, and what it does for those of all threads: sends what is in
// rings to log servers. Made by control.ts.

import { hostname } from 'node:os';
import type { LogTargetModel, Model } from '../shared/config/model.ts';
import type { CounterWriter } from '../shared/segment/counters.ts';
import { LiveWords } from '../shared/segment/live.ts';
import { field } from '../shared/segment/metrics.ts';
import { ObjectTable } from '../shared/segment/objects.ts';
import type { Segment } from '../shared/segment/segment.ts';
import type { ObjectNumbers, SectionListener } from '../shared/messages.ts';
import type { Sys } from '../shared/sys/sys.ts';
import { type TraceScene, traceSinks } from '../shared/trace/commands.ts';
import { lineChoice } from './compile/compile.ts';
import { compileEventLog, compileForward } from './compile/logs.ts';
import type { ControlParts } from './control.ts';
import type { LiveData } from './live.ts';
import { flushSinks, logEvent } from './log/logger.ts';
import type { LogPlan } from './log/plan.ts';
import { LogRings } from './log/rings.ts';
import { tracer } from './log/trace.ts';
import { SenderSet } from './log/sender-set.ts';
import type { LogSink } from './log/sink.ts';
import { LogForwards } from './log-forwards.ts';
import { type ServerWordsTable, threadWords } from './server/words.ts';
import { FileWriter } from './syslog/file-writer.ts';
import { OtlpWriter } from './syslog/otlp-writer.ts';
import { startForwarders } from './syslog/ring-forwarder.ts';

const fieldDroppedLogs = field.DroppedLogs;
/** How long rings may take to be sent when the worker ends. */
const ringsMs = 1000;

export interface ControlLogParts {
  readonly model: Model;
  readonly sys: Sys;
  /** Memory of the event rings. */
  readonly eventRings: readonly Uint8Array[];
  readonly traces: Int32Array;
  /** Number of this thread in traces. */
  readonly threadIndex: number;
  readonly counters: CounterWriter;
  /** Counter row of the process. */
  readonly row: number;
  /** The control thread's copy of the program, compiled when it is asked for. */
  readonly live: LiveData;
  readonly listeners: readonly SectionListener[];
  failed(message: string): void;
}

/** What control.ts has of it. */
interface LogHost {
  readonly counters: CounterWriter;
  readonly live: LiveData;
  say(level: 'error', text: string): void;
}

/** Made once, before threads serve. */
export function makeControlLogs(parts: ControlParts, host: LogHost): ControlLogs {
  const { start, objects } = parts;
  return new ControlLogs({
    ...parts,
    model: start.model,
    threadIndex: start.model.global.nbthread,
    counters: host.counters,
    row: host.counters.row(objects.process),
    live: host.live,
    listeners: start.sectionListeners,
    failed: (text) => host.say('error', text),
  });
}

export class ControlLogs {
  readonly rings: LogRings;
  readonly traces: TraceScene;
  private readonly parts: ControlLogParts;
  private readonly senders: SenderSet;
  /** By list of targets, null: the list is empty. */
  private readonly plans: Map<readonly LogTargetModel[], LogPlan | null>;
  private forwarders: readonly { stop(limitMs: number): Promise<void> }[];
  private forwards: LogForwards | null;

  constructor(parts: ControlLogParts) {
    this.parts = parts;
    this.rings = new LogRings(parts.model.rings, parts.eventRings);
    const { traces: words, sys, threadIndex } = parts;
    this.traces = { words, sinks: traceSinks(parts.model.rings) };
    tracer.attach({ words, rings: this.rings, sys, threadIndex });
    this.senders = new SenderSet(this.rings, parts.model.global.tune);
    this.plans = new Map();
    this.forwarders = [];
    this.forwards = null;
  }

  /** Log servers may be connected to. */
  begin(): void {
    const { live, model } = this.parts;
    this.forwarders = startForwarders(this.rings, {
      contents: model,
      nameOf: (server) => (server.ssl?.sni ? live.ringName(server) : ''),
    });
    this.forwarders = [...this.forwarders, ...this.fileWriters(), ...this.otlpWriters()];
    if (model.logForwards.length > 0) this.forwards = this.receive();
  }

  private fileWriters(): FileWriter[] {
    const { failed } = this.parts;
    return this.rings.list.flatMap(({ model: { file }, ring }) =>
      file === null ? [] : [new FileWriter({ file, ring, failed, nowMs: Date.now })],
    );
  }

  private otlpWriters(): OtlpWriter[] {
    const { failed, model, counters, row } = this.parts;
    const { logTag, node } = model.global;
    const resource = {
      'service.name': logTag || 'hawser',
      'service.instance.id': node || hostname(),
      'host.name': hostname(),
      'process.pid': process.pid,
    };
    const dropped = (count: number): void => {
      counters.values[row + fieldDroppedLogs] += count;
    };
    return this.rings.list.flatMap(({ model: { otlp }, ring }) =>
      otlp === null ? [] : [new OtlpWriter({ otlp, ring, resource, dropped, failed })],
    );
  }

  /** Others may send messages. */
  private receive(): LogForwards {
    const { model } = this.parts;
    return new LogForwards({
      ...this.parts,
      planOf: (forward) => {
        const plan = compileForward(forward, model, this.senders);
        this.connect();
        return plan;
      },
      flush: () => this.flush(this.senders.list),
    });
  }

  /** Nothing new comes in; `ended` says when the last client has gone. */
  stop(): void {
    this.forwards?.stop();
  }

  get ended(): Promise<unknown> {
    return this.forwards?.ended ?? Promise.resolve();
  }

  close(): void {
    this.forwards?.close();
  }

  /** A line for the logs of a proxy. */
  proxyLine(proxyIndex: number, level: number, text: string): void {
    const { sys } = this.parts;
    const { program } = this.parts.live;
    const message = { level, text, wallMs: sys.wallUs() / 1000 };
    logEvent(sys, program.proxies[proxyIndex].log, message);
    this.flush(program.senders);
  }

  /** A line for the global logs. */
  line(level: number, text: string): void {
    this.lineTo(this.parts.model.global.logs, level, text);
  }

  /** A line for the targets of a list of the configuration. */
  lineTo(targets: readonly LogTargetModel[], level: number, text: string): void {
    const { sys } = this.parts;
    let plan = this.plans.get(targets);
    if (plan === undefined) {
      plan = this.compile(targets);
      this.plans.set(targets, plan);
    }
    logEvent(sys, plan, { level, text, wallMs: sys.wallUs() / 1000 });
    this.flush(this.senders.list);
  }

  private compile(targets: readonly LogTargetModel[]): LogPlan | null {
    const log = compileEventLog(targets, this.parts.model, this.senders);
    this.connect();
    return log;
  }

  /** Log backends among the targets so far get their servers. */
  private connect(): void {
    const { live } = this.parts;
    this.senders.connect((name) => {
      const choice = lineChoice(live.program.proxies, name);
      if (choice !== null) live.giveLineStream(choice);
      return choice;
    });
  }

  private flush(senders: readonly LogSink[]): void {
    const { sys, counters, row } = this.parts;
    counters.values[row + fieldDroppedLogs] += flushSinks(senders, sys);
  }

  /** Nothing is written to the rings any more: what is there is sent, for a moment. */
  async leave(): Promise<void> {
    await Promise.all(this.forwarders.map((forwarder) => forwarder.stop(ringsMs)));
  }
}

interface BalancingParts {
  readonly start: { readonly model: Model };
  readonly segment: Segment;
  readonly slot: number;
  readonly objects: ObjectNumbers;
  readonly farmMemory: SharedArrayBuffer;
}

/** Where servers are, for lines of the control thread that go to log backends. */
export function balancingWords(parts: BalancingParts, counters: CounterWriter): ServerWordsTable {
  const { segment, objects, start } = parts;
  const live = new LiveWords(segment, parts.slot);
  const table = new ObjectTable(segment);
  const threadCount = start.model.global.nbthread;
  return threadWords({
    model: start.model,
    threadIndex: threadCount,
    threadCount,
    words: segment.words,
    counters,
    farm: parts.farmMemory,
    objects: objects.proxies,
    stateAt: (object) => table.sharedWords(object),
    liveAt: (object) => live.row(object),
  });
}
