// What the master, the control thread and the proxy threads say to each other about live dashboards
// (worker/dashboard): a part of messages.ts.

/** A start of a worker, or a reload that failed, as the master saw it. */
export interface LoadNote {
  /** Wall clock, milliseconds. */
  readonly at: number;
  /** restart: after a crash. */
  readonly what: 'start' | 'reload' | 'restart' | 'failed' | 'crash';
  /** '' for nothing to add. */
  readonly detail: string;
}

/** What proxy threads serve live dashboards with (worker/dashboard). */
export interface DashboardStart {
  /** The page's bytes as latin1, without what is of one request. */
  readonly page: string;
  /** Its Content-Security-Policy. */
  readonly policy: string;
  /** Must come with every change. */
  readonly token: string;
  /** shared/segment/latency.ts. */
  readonly latency: SharedArrayBuffer;
}

/**
 * What viewers of a proxy's dashboard are told: those who begin get `full`, others `tick`; null:
 * nothing for them. The bytes are shared with all threads.
 */
export interface DashboardNews {
  readonly type: 'dashboard';
  readonly proxyIndex: number;
  readonly full: Uint8Array | null;
  readonly tick: Uint8Array | null;
}

/** So many look at a proxy's dashboard on a thread. */
export interface DashboardWatch {
  readonly type: 'dashboard-watch';
  readonly threadIndex: number;
  readonly proxyIndex: number;
  readonly viewers: number;
  /** One of them needs a whole picture. */
  readonly wantsFull: boolean;
}
