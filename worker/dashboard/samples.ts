// The numbers behind all dashboards, read once a second for all of them: one row for each frontend,
// backend and server, rates from what was counted since the last reading, and which rows have
// changed. Control thread; without viewers servers are left alone, and with them they are read
// some at a time, between other work.

import { isGone } from '../../shared/config/model.ts';
import { checkStatuses } from '../../shared/segment/check-status.ts';
import type { LatencyReader } from '../../shared/segment/latency.ts';
import { liveCurrent, liveQueued, liveServed } from '../../shared/segment/live.ts';
import { field } from '../../shared/segment/metrics.ts';
import * as state from '../../shared/segment/server-state.ts';
import { hasBack, hasFront } from '../server/object-index.ts';
import type { StatsSource } from '../stats/source.ts';
import { serverStatus } from '../stats/status.ts';
import type { Cell, Row } from './wire.ts';

/** What one reading found of a proxy's side, for sums. */
export interface SideTotals {
  readonly rate: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly failures: number;
  readonly sessions: number;
  readonly queue: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface ProxySample {
  front: SideTotals | null;
  back: SideTotals | null;
  /** By key of wire.ts: a member of a JSON object, so that a change is seen at once. */
  readonly rows: Map<string, string>;
  /** Keys of those that the last reading has changed. */
  readonly changed: Set<string>;
  /** Rows of servers, to see without JSON that one has not changed. */
  readonly servers: Cell[][];
}

/** Servers that are read in one go: about half a millisecond. */
const serversAtOnce = 128;

/** Counts that rates are made of. */
const counted = [
  ...([field.req_tot, field.stot, field.hrsp_4xx, field.hrsp_5xx] as const),
  ...([field.econ, field.eresp, field.reqbin, field.resbin] as const),
];

const ranks = [0.5, 0.95, 0.99];

export class Samples {
  /** By proxy index. */
  readonly proxies: Map<number, ProxySample>;
  private readonly source: StatsSource;
  private readonly latency: LatencyReader;
  /** By object: counts of the last reading. */
  private readonly counts: Map<number, Float64Array>;
  /** The same of servers: only while somebody looks. */
  private readonly serverCounts: Map<number, Float64Array>;
  private readonly rates: Float64Array;
  /** The last reading of servers took more than one piece. */
  isLarge: boolean;
  private lastMs: number;
  private seconds: number;
  /** Wall clock less shared clock, seconds: times of changes are told as wall clock. */
  private readonly wallOffset: number;

  constructor(source: StatsSource, latency: LatencyReader) {
    this.source = source;
    this.latency = latency;
    this.proxies = new Map();
    this.counts = new Map();
    this.serverCounts = new Map();
    this.rates = new Float64Array(counted.length);
    this.isLarge = false;
    this.lastMs = 0;
    this.seconds = 0;
    this.wallOffset = Math.round((Date.now() - source.nowMs()) / 1000);
  }

  /** One reading of frontends and backends; `withServers`: theirs follow. */
  turn(withServers: boolean): void {
    const { source } = this;
    const nowMs = source.nowMs();
    this.seconds = this.lastMs === 0 ? 0 : (nowMs - this.lastMs) / 1000;
    this.lastMs = nowMs;
    this.latency.turn();
    if (!withServers) this.serverCounts.clear();
    source.model.proxies.forEach((proxy, index) => {
      if (isGone(proxy)) this.proxies.delete(index);
      else this.readProxy(index);
    });
  }

  /** Somebody begins to look: what servers are now is read next, rates will follow. */
  begin(): void {
    if (this.lastMs === 0) this.turn(true);
  }

  /** The reading of servers, in pieces. */
  *servers(): Generator<void> {
    let left = serversAtOnce;
    this.isLarge = false;
    for (const [index, sample] of this.proxies) {
      // A proxy that is deleted meanwhile has no servers.
      const { length } = this.source.model.proxies[index].servers;
      for (let at = 0; at < length; at++) {
        this.readServer(sample, index, at);
        if (--left > 0) continue;
        left = serversAtOnce;
        this.isLarge = true;
        yield;
      }
    }
  }

  private readServer(sample: ProxySample, index: number, at: number): void {
    const { model, objects } = this.source;
    const server = model.proxies[index].servers[at];
    const key = String(at);
    if (server === undefined || isGone(server)) {
      sample.rows.delete(key);
      delete sample.servers[at];
      return;
    }
    const row = this.serverRow(index, at, objects.proxies[index].servers[at]);
    const old = sample.servers[at];
    if (old !== undefined && isSame(old, row)) return;
    sample.servers[at] = row;
    sample.rows.set(key, memberText(key, row));
    sample.changed.add(key);
  }

  private readProxy(index: number): void {
    const { model, objects } = this.source;
    const proxy = model.proxies[index];
    let sample = this.proxies.get(index);
    if (sample === undefined) {
      sample = { front: null, back: null, rows: new Map(), changed: new Set(), servers: [] };
      this.proxies.set(index, sample);
    }
    sample.changed.clear();
    const isHttp = proxy.mode === 'http';
    const { front, back } = objects.proxies[index];
    if (hasFront(proxy) && front >= 0) {
      sample.front = this.totals(this.counts, front, isHttp);
      keep(sample, 'f', this.frontRow(index, front, sample.front));
    }
    if (hasBack(proxy) && back >= 0) {
      sample.back = this.totals(this.counts, back, isHttp);
      keep(sample, 'b', this.backRow(index, back, sample.back));
    }
  }

  /** Fills `rates` with events a second since the last reading of the object. */
  private measure(counts: Map<number, Float64Array>, object: number): void {
    const { reader } = this.source;
    const known = counts.get(object);
    const last = known ?? new Float64Array(counted.length);
    if (known === undefined) counts.set(object, last);
    for (let i = 0; i < counted.length; i++) {
      const count = reader.sum(object, counted[i]);
      const isFirst = known === undefined || this.seconds <= 0;
      // Counts may be cleared.
      this.rates[i] = isFirst ? 0 : Math.max(0, count - last[i]) / this.seconds;
      last[i] = count;
    }
  }

  private totals(counts: Map<number, Float64Array>, object: number, isHttp: boolean): SideTotals {
    this.measure(counts, object);
    const [requests, sessions, clientErrors, serverErrors, econ, eresp, bytesIn, bytesOut] =
      this.rates;
    const { live } = this.source;
    return {
      rate: isHttp ? requests : sessions,
      clientErrors,
      serverErrors,
      failures: econ + eresp,
      sessions: live.sum(object, liveCurrent),
      queue: live.sum(object, liveQueued),
      bytesIn,
      bytesOut,
    };
  }

  private frontRow(index: number, object: number, totals: SideTotals): Row {
    const { source } = this;
    const queue = { ...totals, queue: 0 };
    return [
      source.frontStatus(index),
      null,
      ...traffic(queue),
      this.total(index, object),
      ...[null, null, null, null, null, null, null, null],
      '',
      source.frontMaxconn(index),
    ];
  }

  private backRow(index: number, object: number, totals: SideTotals): Row {
    const { source, latency } = this;
    const words = source.backends[index];
    const proxy = source.model.proxies[index];
    const isUp = proxy.servers.length === 0 || words?.isUp() === true;
    const marks = latency.percentiles([index], ranks);
    // A failed connection ends as an answer of ours with its status: one error, not two.
    const failures = proxy.mode === 'http' ? 0 : totals.failures;
    return [
      isUp ? 'UP' : 'DOWN',
      null,
      ...traffic({ ...totals, failures }),
      this.total(index, object),
      null,
      ...this.times(object),
      ...(marks === null ? [null, null, null] : marks.map(tenth)),
      '',
      source.fullconn(index),
    ];
  }

  private serverRow(index: number, at: number, object: number): Cell[] {
    const { source } = this;
    const proxy = source.model.proxies[index];
    const words = source.servers[index][at];
    const totals = this.totals(this.serverCounts, object, proxy.mode === 'http');
    const sessions = source.live.sum(object, liveServed);
    const changed = words.words[words.at + state.serverChangedAt];
    return [
      serverStatus(words, proxy.servers[at].track),
      changed === 0 ? null : changed + this.wallOffset,
      ...traffic({ ...totals, sessions }),
      this.total(index, object),
      words.words[words.at + state.serverWeight],
      ...this.times(object),
      ...[null, null, null],
      checkText(words),
      words.words[words.at + state.serverMaxconn],
    ];
  }

  private total(index: number, object: number): number {
    const { model, reader } = this.source;
    const isHttp = model.proxies[index].mode === 'http';
    return reader.sum(object, isHttp ? field.req_tot : field.stot);
  }

  private times(object: number): Cell[] {
    const { reader } = this.source;
    if (reader.gauge(object, field['-samples']) === 0) return [null, null, null, null];
    return [field.qtime, field.ctime, field.rtime, field.ttime].map((at) =>
      reader.average(object, at),
    );
  }
}

/** Numbers that do not count what is not seen: a tenth, and whole from a hundred on. */
export function tenth(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
}

function traffic(totals: SideTotals): Cell[] {
  const { sessions, queue, rate, serverErrors, failures, bytesIn, bytesOut } = totals;
  const rates = [rate, serverErrors + failures, bytesIn, bytesOut].map(tenth);
  return [sessions, queue, ...rates];
}

function isSame(one: readonly Cell[], other: readonly Cell[]): boolean {
  for (let i = 0; i < other.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

const memberText = (key: string, row: Row): string => `"${key}":${JSON.stringify(row)}`;

function keep(sample: ProxySample, key: string, row: Row): void {
  const text = memberText(key, row);
  if (sample.rows.get(key) === text) return;
  sample.rows.set(key, text);
  sample.changed.add(key);
}

/** `L7OK/200`, '' without checks. */
function checkText({ words, at }: state.ServerWords): string {
  if ((words[at + state.serverCheckFlags] & state.checkEnabled) === 0) return '';
  const { name } = checkStatuses[words[at + state.serverCheckStatus]] ?? checkStatuses[0];
  const code = words[at + state.serverCheckCode];
  return code > 0 ? `${name}/${code}` : name;
}
