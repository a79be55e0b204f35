// The live dashboards of a worker on its control thread: samples once a second, events and loads as
// they come, and messages for the threads that have viewers. Made by control.ts when a proxy has a
// dashboard; proxy threads only pass on what is made here.

import type { Model } from '../../shared/config/model.ts';
import type { DashboardStart, DashboardWatch, LoadNote } from '../../shared/dashboard-messages.ts';
import type { ControlToThread, WorkerStart } from '../../shared/messages.ts';
import { LatencyReader } from '../../shared/segment/latency.ts';
import { tablesOf } from '../../shared/config/stick-tables.ts';
import { liveCurrent } from '../../shared/segment/live.ts';
import type { StickTable } from '../../shared/segment/stick-table.ts';
import type { StatsSource } from '../stats/source.ts';
import type { StickTables } from '../tables/tracking.ts';
import { EventList } from './events.ts';
import { Feed, type FeedSources } from './feed.ts';
import { dashboardPlans } from './plan.ts';
import { Samples } from './samples.ts';
import { topEntries } from './top-entries.ts';
import { latencySlices, type LoadEvent, type ProcessFacts, type TopTable } from './wire.ts';

/** Beats between two looks at the stick tables. */
const tablesEvery = 3;
/** Between two whole pictures of one dashboard, when many begin to look. */
const fullPauseMs = 200;
const loadsMax = 50;

/** What control.ts lends. */
export interface DashboardHost {
  readonly stats: StatsSource;
  readonly tables: StickTables;
  broadcast(message: ControlToThread): void;
}

export interface DashboardParts {
  readonly start: Pick<WorkerStart, 'model' | 'loads' | 'generation'>;
  /** null: no proxy has a live dashboard. */
  readonly dashboard: DashboardStart | null;
}

/** null: no proxy has a live dashboard. */
export function openDashboard(host: DashboardHost, parts: DashboardParts): Dashboard | null {
  return parts.dashboard === null ? null : new Dashboard(host, parts.start, parts.dashboard);
}

export class Dashboard implements FeedSources {
  readonly model: Model;
  readonly samples: Samples;
  readonly latency: LatencyReader;
  readonly events: EventList;
  readonly token: string;
  /** As it was read last. */
  tables: readonly TopTable[];
  private readonly host: DashboardHost;
  private readonly generation: number;
  private readonly startedAt: number;
  private readonly notes: LoadEvent[];
  private readonly feeds: ReadonlyMap<number, Feed>;
  /** Feeds whose whole picture is on its way. */
  private readonly asked: Set<Feed>;
  private beats: number;
  private isReadingTables: boolean;
  /** Work under way (run), and what is to come behind it. */
  private isBusy: boolean;
  private readonly waiting: (() => void)[];

  constructor(host: DashboardHost, start: DashboardParts['start'], memory: DashboardStart) {
    const { model, loads, generation } = start;
    this.host = host;
    this.model = model;
    this.generation = generation;
    this.startedAt = Math.round(Date.now() / 1000);
    this.token = memory.token;
    this.latency = new LatencyReader(memory.latency, model.global.nbthread, latencySlices);
    this.samples = new Samples(host.stats, this.latency);
    this.events = new EventList();
    this.notes = [...loads];
    this.tables = [];
    this.feeds = new Map(
      dashboardPlans(model).map((plan) => [plan.proxyIndex, new Feed(plan, this)]),
    );
    this.asked = new Set();
    this.beats = 0;
    this.isReadingTables = false;
    this.isBusy = false;
    this.waiting = [];
  }

  get loads(): readonly LoadEvent[] {
    return this.notes;
  }

  process(): ProcessFacts {
    const { stats } = this.host;
    const { Idle_pct: idle, Maxconn: maxconn } = stats.info();
    return {
      pid: process.pid,
      generation: this.generation,
      threads: this.model.global.nbthread,
      startedAt: this.startedAt,
      connections: stats.live.sum(stats.objects.process, liveCurrent),
      maxconn: Number(maxconn ?? 0),
      idle: Number(idle ?? 100),
    };
  }

  /** Once a second; left out while what the last one began is still being worked at. */
  beat(): void {
    if (this.isBusy) return;
    const isWatched = this.watched().length > 0;
    this.samples.turn(isWatched);
    for (const feed of this.feeds.values()) feed.turn();
    if (!isWatched) return;
    this.run(this.samples.servers(), () => this.tick());
    if (this.beats++ % tablesEvery === 0) this.readTables();
  }

  private watched(): readonly Feed[] {
    return [...this.feeds.values()].filter((feed) => feed.isWatched);
  }

  private tick(): void {
    for (const feed of this.watched()) {
      this.run(feed.tick(), (bytes) => this.tell(feed, null, bytes));
    }
  }

  /**
   * Works piece by piece, one work after the other. With thousands of servers other work comes
   * between the pieces: each takes half a millisecond.
   */
  private run<Result>(work: Generator<void, Result>, then: (result: Result) => void): void {
    if (this.isBusy) {
      this.waiting.push(() => this.run(work, then));
      return;
    }
    this.isBusy = true;
    const step = (): void => {
      let next = work.next();
      while (next.done !== true && !this.samples.isLarge) next = work.next();
      if (next.done !== true) {
        setImmediate(step);
        return;
      }
      this.isBusy = false;
      then(next.value);
      this.waiting.shift()?.();
    };
    step();
  }

  private tell(feed: Feed, full: Uint8Array | null, tick: Uint8Array | null): void {
    const { proxyIndex } = feed.plan;
    this.host.broadcast({ type: 'dashboard', proxyIndex, full, tick });
  }

  /** Viewers come and go. */
  watch(message: DashboardWatch): void {
    const feed = this.feeds.get(message.proxyIndex);
    if (feed === undefined) return;
    const isFirst = !feed.isWatched;
    feed.viewers.set(message.threadIndex, message.viewers);
    if (!message.wantsFull || this.asked.has(feed)) return;
    this.asked.add(feed);
    if (isFirst) {
      this.samples.begin();
      this.run(this.samples.servers(), () => this.answerIn(0, feed));
    } else this.answerIn(fullPauseMs, feed);
    if (isFirst) this.readTables();
  }

  private answerIn(pauseMs: number, feed: Feed): void {
    setTimeout(() => this.answer(feed), pauseMs).unref();
  }

  private answer(feed: Feed): void {
    this.asked.delete(feed);
    if (feed.isWatched) this.run(feed.full(), (bytes) => this.tell(feed, bytes, null));
  }

  /** A line of the proxy's logs about a change. */
  note(proxyIndex: number, severity: number, text: string): void {
    this.events.add(this.model.proxies[proxyIndex].name, severity, text, Date.now());
  }

  /** A reload failed: this worker goes on. */
  load(note: LoadNote): void {
    this.notes.push(note);
    if (this.notes.length > loadsMax) this.notes.shift();
  }

  /** Piece by piece, between other work. */
  private readTables(): void {
    if (this.isReadingTables) return;
    const shares = tablesOf(this.model).map((one) => one?.shareOf !== undefined);
    const list = this.host.tables.list.filter(
      (table, index): table is StickTable => table !== null && shares[index] !== true,
    );
    if (list.length === 0) return;
    this.isReadingTables = true;
    this.readOn(list, []);
  }

  private readOn(list: readonly StickTable[], done: readonly TopTable[]): void {
    if (done.length === list.length) {
      this.tables = done;
      this.isReadingTables = false;
      return;
    }
    const steps = topEntries(list[done.length], this.host.stats.nowMs());
    const step = (): void => {
      const { done: isOver, value } = steps.next();
      if (isOver === true) this.readOn(list, [...done, value]);
      else setImmediate(step);
    };
    step();
  }
}
