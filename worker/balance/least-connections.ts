// balance leastconn: the server with the fewest streams for its weight, waiting ones included;
// equals take turns. One order for all threads of a process, in the farm; a choice costs the
// logarithm of the number of servers, and as much for every full server that is passed over.

import type { BalanceDef, Balancer, Members } from '../server/balancer.ts';
import { wordActive, wordBackups, wordFirstBackup, wordOwn } from '../server/farm.ts';
import type { Server } from '../server/server.ts';
import type { Stream } from '../stream/stream.ts';
import { OrderedQueue, type QueueColumns } from './ordered-queue.ts';
import { columnOwn, Roster, weightMax, weightScale } from './roster.ts';

const columnPlaces = columnOwn;
const columnSlots = columnOwn + 1;
const numberColumnKeys = 0;
const numberColumnTurns = 1;
const wordLengths = wordOwn;

class LeastConnections implements Balancer {
  readonly isHash = false;
  readonly skipsFull = false;
  readonly roster: Roster;
  private readonly columns: QueueColumns;
  private readonly active: OrderedQueue;
  private readonly backups: OrderedQueue;
  /** Heap positions still to be looked at, while servers are passed over. */
  private readonly frontier: Int32Array;

  constructor(members: Members) {
    const roster = new Roster(members, weightScale);
    const { block } = roster;
    this.roster = roster;
    this.columns = {
      keys: block.numberColumn(numberColumnKeys),
      turns: block.numberColumn(numberColumnTurns),
      places: block.intColumn(columnPlaces),
    };
    const queue = (i: number): OrderedQueue =>
      new OrderedQueue(block, block.intColumn(columnSlots + i), wordLengths + i, this.columns);
    this.active = queue(0);
    this.backups = queue(1);
    this.frontier = new Int32Array(block.size + 1);
  }

  refresh(): void {
    const { roster } = this;
    roster.block.lock();
    if (roster.isFirst()) this.columns.places.fill(-1);
    for (const server of roster.servers) this.follow(server);
    roster.block.unlock();
  }

  private queueOf(server: Server): OrderedQueue {
    return server.backup ? this.backups : this.active;
  }

  private follow(server: Server): void {
    const { roster } = this;
    const weight = roster.wanted(server);
    if (weight === roster.committed[server.index]) return;
    if (this.columns.places[server.index] >= 0) this.queueOf(server).remove(server.index);
    roster.commit(server, weight);
    if (weight > 0) this.queueOf(server).insert(server.index, this.keyOf(server));
  }

  /**
   * Streams per weight if it got one more; an idle server is always preferred, whatever its weight.
   */
  private keyOf(server: Server): number {
    const load = server.served() + server.queued();
    if (load === 0) return 0;
    return Math.floor(((load + 1) * weightMax) / this.roster.committed[server.index]);
  }

  admit(): void {
    // It is queued once it has a weight.
  }

  loadChanged(server: Server): void {
    const { block } = this.roster;
    block.lock();
    this.reposition(server);
    block.unlock();
  }

  private reposition(server: Server): void {
    if (this.columns.places[server.index] < 0) return;
    const key = this.keyOf(server);
    if (key === this.columns.keys[server.index]) return;
    const queue = this.queueOf(server);
    queue.remove(server.index);
    queue.insert(server.index, key);
  }

  pick(_stream: Stream, avoid: Server | null): Server | null {
    const { block, servers } = this.roster;
    block.lock();
    const index = this.choose(avoid === null ? -1 : avoid.index);
    block.unlock();
    return index < 0 ? null : servers[index];
  }

  private choose(avoid: number): number {
    const { words } = this.roster;
    if (words[wordActive] > 0) return this.lightest(this.active, avoid);
    if (words[wordFirstBackup] >= 0) return words[wordFirstBackup];
    return words[wordBackups] > 0 ? this.lightest(this.backups, avoid) : -1;
  }

  /**
   * Walks the queue's heap in order: the next one is always among those whose parents were seen.
   */
  private lightest(queue: OrderedQueue, avoid: number): number {
    const { servers } = this.roster;
    const { count } = queue;
    let avoided = -1;
    let open = 0;
    if (count > 0) this.frontier[open++] = 0;
    while (open > 0) {
      const position = this.takeFirst(queue, open--);
      const index = queue.at(position);
      if (hasQueueRoom(servers[index])) {
        if (index !== avoid) return index;
        avoided = index;
      }
      for (let child = 2 * position + 1; child <= 2 * position + 2 && child < count; child++) {
        this.push(queue, child, open++);
      }
    }
    return avoided;
  }

  /** The frontier is a small heap of positions, ordered as the servers at them. */
  private push(queue: OrderedQueue, position: number, at: number): void {
    const { frontier } = this;
    const server = queue.at(position);
    let place = at;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!queue.isBefore(server, queue.at(frontier[parent]))) break;
      frontier[place] = frontier[parent];
      place = parent;
    }
    frontier[place] = position;
  }

  private takeFirst(queue: OrderedQueue, open: number): number {
    const { frontier } = this;
    const first = frontier[0];
    const last = frontier[open - 1];
    const server = queue.at(last);
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= open - 1) break;
      const right = child + 1;
      if (
        right < open - 1 &&
        queue.isBefore(queue.at(frontier[right]), queue.at(frontier[child]))
      ) {
        child = right;
      }
      if (!queue.isBefore(queue.at(frontier[child]), server)) break;
      frontier[place] = frontier[child];
      place = child;
    }
    frontier[place] = last;
    return first;
  }
}

/** A free slot, or room in the server's own queue. */
function hasQueueRoom(server: Server): boolean {
  if (server.maxconn() === 0) return true;
  return server.served() + server.queued() < server.dynamicMax() + server.maxqueue;
}

export const leastConnections = [
  {
    name: 'leastconn',
    help: 'the server with the fewest streams for its weight',
    example: 'leastconn',
    httpOnly: false,
    build: () => (members) => new LeastConnections(members),
  },
] satisfies readonly BalanceDef[];
