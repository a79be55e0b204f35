// Epoll of the fake kernel: interest lists and ready lists with the level and edge semantics of
// epoll(7). Used by sys.ts only. A set never waits: it tells what is ready now.

import { EPOLLERR, EPOLLET, EPOLLEXCLUSIVE, EPOLLHUP, EPOLLIN } from '../constants.ts';
import type { EventBatch } from '../sys.ts';
import { type Description, type Watch, Wakes } from './descriptor.ts';

const EEXIST = 17;
const ENOENT = 2;
const EINVAL = 22;
const FLAGS = EPOLLET | EPOLLEXCLUSIVE;

/** The batch a fake `epollWait` fills. */
export class FakeEvents implements EventBatch {
  readonly capacity: number;
  readonly fds: number[] = [];
  readonly masks: number[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  fdAt(index: number): number {
    return this.fds[index]!;
  }

  eventsAt(index: number): number {
    return this.masks[index]!;
  }
}

/** One interest: a descriptor number together with what it stood for when it was added. */
class Interest implements Watch {
  readonly fd: number;
  readonly description: Description;
  readonly exclusive: boolean;
  events: number;
  edge: boolean;
  readonly #set: EpollSet;

  constructor(set: EpollSet, fd: number, description: Description, events: number) {
    this.#set = set;
    this.fd = fd;
    this.description = description;
    this.exclusive = (events & EPOLLEXCLUSIVE) !== 0;
    this.events = events & ~FLAGS;
    this.edge = (events & EPOLLET) !== 0;
  }

  queue(): void {
    this.#set.enqueue(this);
  }

  level(): number {
    return this.description.events() & (this.events | EPOLLERR | EPOLLHUP);
  }
}

/** An epoll descriptor. */
export class EpollSet implements Description {
  references = 0;
  readonly wakes = new Wakes();
  readonly #interests: Interest[] = [];
  #ready: Interest[] = [];

  add(fd: number, description: Description, events: number): number {
    if (description === this) return -EINVAL;
    if (this.#find(fd, description) !== null) return -EEXIST;
    const interest = new Interest(this, fd, description, events);
    this.#interests.push(interest);
    description.wakes.add(interest);
    if (interest.level() !== 0) interest.queue();
    return 0;
  }

  modify(fd: number, description: Description, events: number): number {
    const interest = this.#find(fd, description);
    if (interest === null) return -ENOENT;
    if (interest.exclusive || (events & EPOLLEXCLUSIVE) !== 0) return -EINVAL;
    interest.events = events & ~FLAGS;
    interest.edge = (events & EPOLLET) !== 0;
    if (interest.level() !== 0) interest.queue();
    return 0;
  }

  remove(fd: number, description: Description): number {
    const interest = this.#find(fd, description);
    if (interest === null) return -ENOENT;
    this.#drop(interest);
    return 0;
  }

  /** Fills `batch` from the ready list; what is level-triggered goes to its end again. */
  collect(batch: FakeEvents): number {
    batch.fds.length = 0;
    batch.masks.length = 0;
    const waiting = this.#ready;
    this.#ready = [];
    const again: Interest[] = [];
    while (waiting.length > 0 && batch.fds.length < batch.capacity) {
      const interest = waiting.shift()!;
      const level = interest.level();
      if (level === 0) continue;
      batch.fds.push(interest.fd);
      batch.masks.push(level);
      if (!interest.edge) again.push(interest);
    }
    this.#ready = [...waiting, ...again];
    return batch.fds.length;
  }

  enqueue(interest: Interest): void {
    if (this.#ready.includes(interest)) return;
    this.#ready.push(interest);
    this.wakes.wake(EPOLLIN);
  }

  /** Forgets `description`: its last descriptor was closed. */
  forget(description: Description): void {
    for (const interest of this.#interests.filter((each) => each.description === description)) {
      this.#drop(interest);
    }
  }

  events(): number {
    return this.#ready.some((interest) => interest.level() !== 0) ? EPOLLIN : 0;
  }

  read(): number {
    return -EINVAL;
  }

  write(): number {
    return -EINVAL;
  }

  release(): void {
    for (const interest of [...this.#interests]) this.#drop(interest);
  }

  #find(fd: number, description: Description): Interest | null {
    const found = this.#interests.find(
      (each) => each.fd === fd && each.description === description,
    );
    return found ?? null;
  }

  #drop(interest: Interest): void {
    interest.description.wakes.remove(interest);
    this.#interests.splice(this.#interests.indexOf(interest), 1);
    const at = this.#ready.indexOf(interest);
    if (at >= 0) this.#ready.splice(at, 1);
  }
}
