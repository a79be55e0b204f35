// The statistics pages of one proxy thread: what they read, and changes of server states on their
// way to the control thread and back. Made by proxy-thread.ts; rules reach it through the thread's
// context. Never changes a server itself.

import type { DashboardNews, DashboardStart } from '../shared/dashboard-messages.ts';
import type { ControlToThread, ThreadStart, ThreadToControl } from '../shared/messages.ts';
import { Viewers } from './dashboard/viewers.ts';
import { latin1 } from './http/message.ts';
import type { MetricsRequest, StatsPagePlan, StatsPageRequest } from './program.ts';
import { type PageChange, isSameOrigin, parseChange } from './stats/page-change.ts';
import { pagePieces } from './stats/page.ts';
import { metricPieces } from './stats/prometheus.ts';
import type { StatsSource } from './stats/source.ts';
import type { Piece } from './stream/applet.ts';
import type { Stream } from './stream/stream.ts';
import type { StickTables } from './tables/tracking.ts';
import type { LiveDashboards, StatsPages } from './thread-context.ts';

/** How long the control thread may take to make a change. */
const changeMs = 2000;

interface Pending {
  readonly stream: Stream;
  readonly untilMs: number;
  outcome: string;
}

export interface StatsPagesHost {
  readonly source: StatsSource;
  /** undefined: not there yet. */
  tables(): StickTables | undefined;
  report(message: ThreadToControl): void;
  /** Runs the rules of a stream on, which wait. */
  resume(stream: Stream): void;
  /** The answer to a stream, which rested, has something to send. */
  wake(stream: Stream): void;
  end(stream: Stream): void;
  defer(act: () => void): void;
}

export class ThreadStatsPages implements StatsPages {
  /** null: no proxy has a live dashboard. */
  readonly dashboards: LiveDashboards | null;
  private readonly viewers: Viewers;
  private readonly host: StatsPagesHost;
  private readonly threadIndex: number;
  /** By stream id. */
  private readonly pending: Map<number, Pending>;

  constructor(host: StatsPagesHost, { threadIndex, dashboard }: ThreadStart) {
    this.host = host;
    this.threadIndex = threadIndex;
    this.pending = new Map();
    this.viewers = new Viewers(host, threadIndex);
    this.dashboards = dashboard === null ? null : serveDashboards(dashboard, this.viewers);
  }

  /** What viewers of a live dashboard are told. */
  tell(message: DashboardNews): void {
    this.viewers.take(message);
  }

  /** A soft stop: answers without end come to one. */
  leave(): void {
    this.viewers.leave();
  }

  pieces(plan: StatsPagePlan, request: StatsPageRequest): Iterator<Piece> {
    return pagePieces(this.host.source, plan, request);
  }

  metrics(request: MetricsRequest): Iterator<Piece> {
    return metricPieces(this.host.source, this.host.tables(), request);
  }

  change(stream: Stream, plan: StatsPagePlan, request: StatsPageRequest): string {
    const known = this.pending.get(stream.id);
    if (known !== undefined) return this.outcomeOf(stream, known);
    if (!request.isAdmin || !isSameOrigin(stream.request)) return 'DENY';
    const { requestPayload, thread } = stream;
    const isFull = requestPayload.length >= roomOf(stream);
    if (isFull && !requestPayload.ended) return 'EXCD';
    if (!requestPayload.ended) return '';
    const text = latin1(thread.memory.bytes, requestPayload.at, requestPayload.length);
    const change = parseChange(this.host.source.model, text);
    if (change === null) return 'ERRP';
    const { name } = this.host.source.model.proxies[change.proxyIndex];
    if (plan.scope !== null && !plan.scope.has(name)) return 'DENY';
    if (change.servers.length === 0) return 'NONE';
    this.ask(stream, change);
    return '';
  }

  private ask(stream: Stream, change: PageChange): void {
    const untilMs = stream.thread.time.nowMs + changeMs;
    stream.waitUntilMs = untilMs;
    this.pending.set(stream.id, { stream, untilMs, outcome: '' });
    const { threadIndex, host } = this;
    host.report({ type: 'stats-change', threadIndex, id: stream.id, ...change });
  }

  private outcomeOf(stream: Stream, known: Pending): string {
    if (known.outcome === '' && stream.thread.time.nowMs < known.untilMs) return '';
    this.pending.delete(stream.id);
    stream.waitUntilMs = 0;
    return known.outcome === '' ? 'UNKN' : known.outcome;
  }

  /** The control thread has made the change, or not. */
  changed({ id, outcome }: Extract<ControlToThread, { type: 'stats-changed' }>): void {
    const known = this.pending.get(id);
    if (known === undefined) return;
    if (known.stream.id !== id || known.stream.state === 0) {
      this.pending.delete(id);
      return;
    }
    known.outcome = outcome;
    this.host.resume(known.stream);
  }
}

function serveDashboards(start: DashboardStart, viewers: Viewers): LiveDashboards {
  return {
    start,
    get hasRoom() {
      return viewers.hasRoom;
    },
    open: (stream, proxyIndex) => viewers.open(stream, proxyIndex),
  };
}

/** Bytes of payload that stand in the buffer beside the head and the room kept for rewriting. */
function roomOf(stream: Stream): number {
  const { bufsize, maxrewrite } = stream.thread.program.model.global.tune;
  return Math.max(1, bufsize - maxrewrite - stream.request.headLength);
}
