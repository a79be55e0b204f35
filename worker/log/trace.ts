// Traces of this thread on their way to their sinks (management.txt 9.3 "trace"). Whoever traces
// asks `isOn` first, which is all that a source costs that is off. A sink that takes nothing now
// loses the trace, which is counted.

import type { RingModel } from '../../shared/config/model.ts';
import type { EventRing } from '../../shared/segment/event-ring.ts';
import type { Region, Sys } from '../../shared/sys/sys.ts';
import {
  fieldDropped,
  fieldFollow,
  fieldSink,
  fieldVerbosity,
  makeTraces,
  passEvent,
  sinkNone,
  sinkRings,
  sinkStderr,
  sinkStdout,
  traceWord,
  type TraceSubject,
} from '../../shared/trace/settings.ts';
import { traceSources } from '../../shared/trace/sources.ts';
import { type HeaderParts, writeHeaders } from './header.ts';
import { LineBuffer } from './line.ts';
import type { LogRings } from './rings.ts';

const lineMax = 16_384;

/** An event as code that traces names it: made once, by `traceEvent`. */
export interface TracePoint {
  readonly source: number;
  readonly bit: number;
  readonly name: string;
  readonly level: number;
}

/** Start time only. */
export function traceEvent(source: number, name: string, level: number): TracePoint {
  const index = traceSources[source].events.findIndex((one) => one.name === name);
  if (index < 0) throw new Error(`source ${traceSources[source].name} has no event '${name}'`);
  return { source, bit: 1 << index, name, level };
}

/** What is told beyond the text, by verbosity: '' for nothing. */
export type TraceDetail = (verbosity: number) => string;

export const noDetail: TraceDetail = () => '';

const unknown: Readonly<TraceSubject> = {
  backend: 0,
  connection: 0,
  frontend: 0,
  listener: 0,
  server: 0,
  session: 0,
  stream: 0,
  thread: 0,
};

/** What a thread gives its tracer. */
export interface TracerParts {
  readonly words: Int32Array;
  readonly rings: LogRings;
  readonly sys: Sys;
  readonly threadIndex: number;
}

export class Tracer {
  private words: Int32Array;
  private parts: TracerParts | null;
  private memory: Region | null;
  private readonly ids: WeakMap<object, number>;
  private lastId: number;
  /** Standard output and error have been told not to hold up who writes. */
  private isLoose: boolean;
  private readonly header: HeaderParts;

  constructor() {
    this.words = makeTraces();
    this.parts = null;
    this.memory = null;
    this.ids = new WeakMap();
    this.lastId = 0;
    this.isLoose = false;
    this.header = {
      tag: 'haproxy',
      host: '',
      facilityBits: 0,
      level: 0,
      wallMs: 0,
      structuredData: '',
    };
  }

  /** Once, before the thread serves. */
  attach(parts: TracerParts): void {
    this.words = parts.words;
    this.parts = parts;
  }

  /** Something may be traced of this source. */
  isOn(source: number): boolean {
    const at = traceWord(source, 0);
    return (this.words[at] | this.words[at + fieldFollow]) !== 0;
  }

  /** A number that stands for `thing` while it lives. */
  idOf(thing: object): number {
    let id = this.ids.get(thing);
    if (id === undefined) {
      // Threads count apart, so that no two give one number.
      this.lastId += 256;
      id = this.lastId + ((this.parts?.threadIndex ?? 0) & 255);
      this.ids.set(thing, id);
    }
    return id;
  }

  /** `thing` is used for another purpose now: it gets another number. */
  renew(thing: object): void {
    this.ids.delete(thing);
  }

  /** Reports an event, if it is asked for. */
  report(
    point: TracePoint,
    subject: Partial<TraceSubject>,
    text: string,
    detail: TraceDetail = noDetail,
  ): void {
    const { parts, words } = this;
    if (parts === null) return;
    const thread = parts.threadIndex + 1;
    if (!passEvent(words, point.source, point, { ...unknown, ...subject, thread })) return;
    const sink = words[traceWord(point.source, fieldSink)];
    if (sink === sinkNone) return;
    const verbosity = words[traceWord(point.source, fieldVerbosity)];
    const more = verbosity === 0 ? '' : detail(verbosity);
    const number = String(parts.threadIndex).padStart(2, '0');
    const { name } = traceSources[point.source];
    const place = `[${number}|${name}|${point.level}|${point.name}]`;
    const taken = this.send(parts, sink, `${place} ${text}${more === '' ? '' : ` : ${more}`}`);
    if (!taken) Atomics.add(words, traceWord(point.source, fieldDropped), 1);
  }

  private send({ sys, rings }: TracerParts, sink: number, text: string): boolean {
    this.memory ??= sys.region(lineMax);
    const line = new LineBuffer(this.memory.bytes);
    line.end--;
    if (sink < sinkRings) {
      if (!this.isLoose) for (const fd of [sinkStdout, sinkStderr]) sys.setNonBlocking(fd);
      this.isLoose = true;
      line.text(text);
      line.end++;
      line.byte(10);
      return sys.write(sink, this.memory, 0, line.at) === line.at;
    }
    const { model, ring } = rings.list[sink - sinkRings];
    return this.write(line, model, ring, text);
  }

  private write(line: LineBuffer, model: RingModel, ring: EventRing, text: string): boolean {
    this.header.wallMs = (this.parts as TracerParts).sys.wallUs() / 1000; // attached
    writeHeaders.get(model.format || 'raw')?.(line, this.header);
    line.text(text);
    const length = Math.min(line.at, model.lengthMax || line.at);
    const taken = ring.write(line.bytes, 0, length);
    ring.wake();
    return taken;
  }
}

/** This thread's. */
export const tracer = new Tracer();
