// What the viewers of one dashboard are told: its scope of the samples, events and tables, as
// messages of an event stream. Called by dashboard.ts on the control thread. Names and texts are
// bytes (latin1), and leave as the bytes they were.

import { isGone, type Model } from '../../shared/config/model.ts';
import type { LatencyReader } from '../../shared/segment/latency.ts';
import { hasBack, hasFront } from '../server/object-index.ts';
import type { EventList } from './events.ts';
import type { DashboardPlan } from './plan.ts';
import { type Samples, type SideTotals, tenth } from './samples.ts';
import {
  type LoadEvent,
  type Point,
  pointsMax,
  type ProcessFacts,
  type ProxyHead,
  type TopTable,
} from './wire.ts';

/** What all feeds are made from. */
export interface FeedSources {
  readonly model: Model;
  readonly samples: Samples;
  readonly latency: LatencyReader;
  readonly events: EventList;
  readonly token: string;
  readonly loads: readonly LoadEvent[];
  readonly tables: readonly TopTable[];
  process(): ProcessFacts;
}

const ranks = [0.5, 0.95, 0.99];

export class Feed {
  readonly plan: DashboardPlan;
  /** Viewers by thread. */
  readonly viewers: Map<number, number>;
  private readonly sources: FeedSources;
  private readonly history: Point[];
  /** What the last tick has told. */
  private lastEvent: number;
  private lastLoad: LoadEvent | undefined;
  private lastTables: readonly TopTable[];
  /** Proxies and servers as viewers know them, and what they were made of. */
  private heads: string;
  /** The last tick, or the first picture, has told them. */
  private isTold: boolean;
  private readonly seen: (string | number | boolean)[];

  constructor(plan: DashboardPlan, sources: FeedSources) {
    this.plan = plan;
    this.viewers = new Map();
    this.sources = sources;
    this.history = [];
    this.lastEvent = 0;
    this.lastLoad = sources.loads.at(-1);
    this.lastTables = [];
    this.heads = '';
    this.isTold = true;
    this.seen = [];
  }

  get isWatched(): boolean {
    for (const count of this.viewers.values()) if (count > 0) return true;
    return false;
  }

  private shows = (name: string): boolean => this.plan.scope?.has(name) ?? true;

  /** After each reading: one point more for the charts. */
  turn(): void {
    this.history.push(this.pointNow());
    if (this.history.length > pointsMax) this.history.shift();
  }

  private *proxies(): Generator<number> {
    const { samples, model } = this.sources;
    for (const index of samples.proxies.keys()) {
      if (this.shows(model.proxies[index].name)) yield index;
    }
  }

  private pointNow(): Point {
    const { samples, latency } = this.sources;
    const all = [...this.proxies()].map((index) => samples.proxies.get(index)!);
    const fronts = all.flatMap(({ front }) => front ?? []);
    const backs = all.flatMap(({ back }) => back ?? []);
    // A scope without frontends shows what its backends do.
    const sides = fronts.length > 0 ? fronts : backs;
    const marks = latency.percentiles(this.proxies(), ranks) ?? [null, null, null];
    const of = (list: readonly SideTotals[], name: keyof SideTotals): number =>
      tenth(list.reduce((sum, one) => sum + one[name], 0));
    return [
      Math.round(Date.now() / 1000),
      of(sides, 'rate'),
      of(sides, 'clientErrors'),
      of(sides, 'serverErrors'),
      of(backs, 'failures'),
      of(sides, 'sessions'),
      of(backs, 'queue'),
      ...marks.map((mark) => (mark === null ? null : tenth(mark))),
      of(sides, 'bytesIn'),
      of(sides, 'bytesOut'),
    ];
  }

  /** The whole picture; made in steps, between which samples must stay as they are. */
  *full(): Generator<void, Uint8Array> {
    const { sources } = this;
    const { token, loads, events } = sources;
    const isFirst = this.heads === '';
    // Whoever asked for the picture knows; the next tick tells the others.
    if (this.followHeads() && !isFirst) this.isTold = false;
    yield;
    const rows = this.rows(false);
    yield;
    const rest = {
      token,
      process: sources.process(),
      history: this.history,
      events: events.since(0, this.shows),
      loads,
      tables: this.tablesShown(),
    };
    const text = JSON.stringify(rest).slice(0, -1);
    return message('full', `${text},"proxies":${this.heads},"rows":${rows}}`);
  }

  /**
   * What has changed since the last tick, in steps as the whole picture. When proxies or servers
   * come or go: all of it.
   */
  *tick(): Generator<void, Uint8Array> {
    const hasChanged = this.followHeads() || !this.isTold;
    this.isTold = true;
    const news = this.news();
    yield;
    if (hasChanged) return yield* this.full();
    const rows = this.rows(true);
    yield;
    const rest = { process: this.sources.process(), point: this.history.at(-1) ?? [], ...news };
    return message('tick', `${JSON.stringify(rest).slice(0, -1)},"rows":${rows}}`);
  }

  private news(): object {
    const { events, loads } = this.sources;
    const list = events.since(this.lastEvent, this.shows);
    this.lastEvent = events.newest;
    const hasLoads = loads.at(-1) !== this.lastLoad;
    this.lastLoad = loads.at(-1);
    const tables = this.sources.tables;
    const hasTables = tables !== this.lastTables;
    this.lastTables = tables;
    return {
      ...(list.length > 0 ? { events: list } : {}),
      ...(hasLoads ? { loads } : {}),
      ...(hasTables ? { tables: this.tablesShown() } : {}),
    };
  }

  private tablesShown(): readonly TopTable[] {
    return this.sources.tables.filter(({ name }) => this.shows(name));
  }

  private rows(onlyChanged: boolean): string {
    const { samples } = this.sources;
    let text = '';
    for (const index of this.proxies()) {
      const { rows, changed } = samples.proxies.get(index)!;
      let own = '';
      for (const key of onlyChanged ? changed : rows.keys()) {
        const row = rows.get(key);
        // A server that has changed may be deleted since.
        if (row !== undefined) own += own === '' ? row : `,${row}`;
      }
      if (own !== '') text += `${text === '' ? '' : ','}"${index}":{${own}}`;
    }
    return `{${text}}`;
  }

  /** Makes the heads again where anything they tell has changed; true: it has. */
  private followHeads(): boolean {
    const { model } = this.sources;
    const { seen } = this;
    let [at, hasChanged] = [0, this.heads === ''];
    const see = (value: string | number | boolean): void => {
      if (seen[at] !== value) hasChanged = true;
      seen[at++] = value;
    };
    for (const index of this.proxies()) {
      const { id, name, mode, description, servers } = model.proxies[index];
      see(index);
      see(id);
      see(name);
      see(mode);
      see(description);
      for (const server of servers) {
        see(server.name);
        see(server.address.host);
        see(server.address.port);
        see(server.backup);
      }
    }
    if (at !== seen.length) hasChanged = true;
    seen.length = at;
    if (hasChanged) this.heads = JSON.stringify(this.proxyHeads());
    return hasChanged;
  }

  private proxyHeads(): ProxyHead[] {
    const { model } = this.sources;
    return [...this.proxies()].map((index) => {
      const proxy = model.proxies[index];
      const { id, name, mode, description } = proxy;
      const servers = proxy.servers.flatMap((server, at) => {
        if (isGone(server)) return [];
        const { host, port } = server.address;
        const address = this.plan.showsLegends ? (port > 0 ? `${host}:${port}` : host) : '';
        return [{ index: at, name: server.name, address, isBackup: server.backup }];
      });
      const sides = { hasFront: hasFront(proxy), hasBack: hasBack(proxy) };
      return { index, id, name, mode, description, ...sides, servers };
    });
  }
}

/** Bytes that all threads share. */
function message(event: string, json: string): Uint8Array {
  const text = `event: ${event}\ndata: ${json}\n\n`;
  const bytes = Buffer.from(new SharedArrayBuffer(text.length));
  bytes.write(text, 'latin1');
  return new Uint8Array(bytes.buffer, 0, text.length);
}
