// The descriptors of one thread and one batch of events at a time. Owns the epoll set; calls each
// descriptor's handler. Events are hints: a stale one for a reused number costs one EAGAIN, no
// more.

import type { EventBatch, Sys } from '../../shared/sys/sys.ts';

/** Who is called when a descriptor has events (EPOLL* bits of shared/sys/constants.ts). */
export interface FdHandler {
  onEvents(events: number): void;
  /** What profiles call it; absent: its class. */
  readonly profileName?: string;
}

export class Poller {
  readonly sys: Sys;
  readonly epfd: number;
  /** Handler by descriptor. */
  readonly handlers: (FdHandler | null)[];
  /** Descriptors watched now. */
  watched: number;
  private readonly batch: EventBatch;

  constructor(sys: Sys, batchMax: number) {
    this.sys = sys;
    this.epfd = sys.epollCreate();
    if (this.epfd < 0) throw new Error(`epoll_create failed: errno ${-this.epfd}`);
    this.handlers = [];
    this.watched = 0;
    this.batch = sys.eventBatch(batchMax);
  }

  /** Watches `fd`; 0 or minus errno. */
  add(fd: number, events: number, handler: FdHandler): number {
    while (this.handlers.length <= fd) this.handlers.push(null);
    const result = this.sys.epollAdd(this.epfd, fd, events);
    if (result < 0) return result;
    if (this.handlers[fd] === null) this.watched++;
    this.handlers[fd] = handler;
    return 0;
  }

  /**
   * Forgets a descriptor that is about to be closed: the kernel drops it from the set by itself.
   */
  forget(fd: number): void {
    if (fd >= this.handlers.length || this.handlers[fd] === null) return;
    this.handlers[fd] = null;
    this.watched--;
  }

  /** Forgets `fd` unless its number already belongs to somebody else on this thread. */
  disown(fd: number, handler: FdHandler): void {
    if (this.handlers[fd] === handler) this.forget(fd);
  }

  /** Stops watching a descriptor that stays open. */
  remove(fd: number): void {
    this.forget(fd);
    this.sys.epollRemove(this.epfd, fd);
  }

  /** Waits; returns how many events `dispatch` will find. */
  wait(timeoutMs: number): number {
    const count = this.sys.epollWait(this.epfd, this.batch, timeoutMs);
    return Math.max(count, 0);
  }

  /** Who handles event `index`; null: it is of the past. */
  handlerAt(index: number): FdHandler | null {
    return this.handlers[this.batch.fdAt(index)] ?? null;
  }

  /** Calls the handler of event `index`. */
  dispatch(index: number): void {
    const handler = this.handlers[this.batch.fdAt(index)];
    if (handler !== null && handler !== undefined) handler.onEvents(this.batch.eventsAt(index));
  }
}
