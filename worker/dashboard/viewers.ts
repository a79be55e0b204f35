// Who looks at live dashboards on one proxy thread: each viewer is the body of an answer without
// end, fed with messages that the control thread makes for all of them. A viewer holds the message
// it is sending and no other; one that is too slow for the next message misses it, and starts again
// with a whole picture once it has caught up. Made by worker/stats-pages.ts.

import type { DashboardNews } from '../../shared/dashboard-messages.ts';
import type { ThreadToControl } from '../../shared/messages.ts';
import type { Stream } from '../stream/stream.ts';

/** Viewers of one thread; more are turned away. */
const viewersMax = 64;
/** Bytes made into one piece. */
const pieceBytes = 8192;
/** What browsers wait before they come back, milliseconds. */
const greeting = 'retry: 1000\n\n';
/** The process leaves: the viewer is to come back at once. */
const farewell = 'event: leaving\ndata: {}\n\n';

export interface ViewersHost {
  report(message: ThreadToControl): void;
  /** The stream's answer has something to send again. */
  wake(stream: Stream): void;
  /** Ends the stream as it is. */
  end(stream: Stream): void;
  /** Runs `act` soon, after what else is there to do. */
  defer(act: () => void): void;
}

export class Viewers {
  private readonly host: ViewersHost;
  private readonly threadIndex: number;
  private readonly all: Set<Viewer>;
  private readonly waking: Viewer[];
  private isLeaving: boolean;

  constructor(host: ViewersHost, threadIndex: number) {
    this.host = host;
    this.threadIndex = threadIndex;
    this.all = new Set();
    this.waking = [];
    this.isLeaving = false;
  }

  /** There is room for one more. */
  get hasRoom(): boolean {
    return this.all.size < viewersMax;
  }

  /** The body of the answer to `stream`: the event stream of the dashboard of that proxy. */
  open(stream: Stream, proxyIndex: number): Viewer {
    const viewer = new Viewer(this, stream, proxyIndex);
    this.all.add(viewer);
    if (this.isLeaving) viewer.leave();
    else this.ask(proxyIndex, true);
    return viewer;
  }

  /** A viewer is gone. */
  forget(viewer: Viewer): void {
    if (this.all.delete(viewer)) this.ask(viewer.proxyIndex, false);
  }

  /** Tells the control thread who looks, and whether somebody needs the whole picture. */
  ask(proxyIndex: number, wantsFull: boolean): void {
    if (this.isLeaving) return;
    let viewers = 0;
    for (const viewer of this.all) if (viewer.proxyIndex === proxyIndex) viewers++;
    const { threadIndex } = this;
    this.host.report({ type: 'dashboard-watch', threadIndex, proxyIndex, viewers, wantsFull });
  }

  /** Messages of the control thread. */
  take({ proxyIndex, full, tick }: DashboardNews): void {
    for (const viewer of this.all) {
      if (viewer.proxyIndex === proxyIndex && viewer.offer(full, tick)) this.waking.push(viewer);
    }
    if (this.waking.length > 0) this.host.defer(() => this.wakeNext());
  }

  /** One at a time: traffic has its turn between two of them. */
  private wakeNext(): void {
    const viewer = this.waking.shift();
    if (viewer === undefined) return;
    if (this.waking.length > 0) this.host.defer(() => this.wakeNext());
    if (this.all.has(viewer)) this.host.wake(viewer.stream);
  }

  /**
   * A soft stop: every answer ends, so that its client finds the next process, and at once where
   * the client does not read.
   */
  leave(): void {
    this.isLeaving = true;
    for (const viewer of [...this.all]) {
      if (viewer.isBusy) {
        this.host.end(viewer.stream);
        continue;
      }
      viewer.leave();
      this.waking.push(viewer);
    }
    if (this.waking.length > 0) this.host.defer(() => this.wakeNext());
  }
}

/** null: nothing to say at the moment. */
export class Viewer implements Iterator<string | Uint8Array | null> {
  readonly stream: Stream;
  readonly proxyIndex: number;
  private readonly viewers: Viewers;
  /** Said before anything else. */
  private words: string;
  private bytes: Uint8Array | null;
  private at: number;
  private needsFull: boolean;
  private isLeaving: boolean;
  private isDone: boolean;

  constructor(viewers: Viewers, stream: Stream, proxyIndex: number) {
    this.viewers = viewers;
    this.stream = stream;
    this.proxyIndex = proxyIndex;
    this.words = greeting;
    this.bytes = null;
    this.at = 0;
    this.needsFull = true;
    this.isLeaving = false;
    this.isDone = false;
  }

  /** It has not sent what it was given last. */
  get isBusy(): boolean {
    return this.bytes !== null;
  }

  /** Takes the message that is for it; false: none, or it is still busy with the last one. */
  offer(full: Uint8Array | null, tick: Uint8Array | null): boolean {
    if (this.isLeaving) return false;
    if (this.bytes !== null) {
      this.needsFull = true;
      return false;
    }
    const message = this.needsFull ? full : tick;
    if (message === null) return false;
    this.needsFull = false;
    this.bytes = message;
    this.at = 0;
    return true;
  }

  leave(): void {
    this.isLeaving = true;
  }

  next(): IteratorResult<string | Uint8Array | null> {
    const { words } = this;
    if (words !== '') {
      this.words = '';
      return { done: false, value: words };
    }
    if (this.bytes !== null) return { done: false, value: this.piece(this.bytes) };
    if (!this.isLeaving) return { done: false, value: null };
    return this.end();
  }

  private piece(bytes: Uint8Array): Uint8Array {
    const end = Math.min(this.at + pieceBytes, bytes.length);
    const piece = bytes.subarray(this.at, end);
    this.at = end;
    if (end < bytes.length) return piece;
    this.bytes = null;
    if (this.needsFull) this.viewers.ask(this.proxyIndex, true);
    return piece;
  }

  private end(): IteratorResult<string | null> {
    if (this.isDone) return { done: true, value: undefined };
    this.isDone = true;
    return { done: false, value: farewell };
  }

  return(): IteratorResult<string | null> {
    this.viewers.forget(this);
    return { done: true, value: undefined };
  }
}
