// balance roundrobin: a weighted rotation whose next step costs the logarithm of the number of
// servers, with HAProxy's exact order. One rotation for all threads of a process, in the farm.
//
// A lane (active servers, or backups) is a circular line of as many positions as its weights add up
// to. A server that was used is due again `weight of the lane / own weight` positions later. Three
// queues:
//   initial  not used yet this round: heaviest first
//   current  due in this round, by position
//   next     due in the next round; becomes `initial` when `current` and `initial` are exhausted

import type { BalanceDef, Balancer, Members } from '../server/balancer.ts';
import {
  wordActive,
  wordActiveWeight,
  wordBackups,
  wordBackupWeight,
  wordFirstBackup,
  wordOwn,
} from '../server/farm.ts';
import type { Server } from '../server/server.ts';
import type { Stream } from '../stream/stream.ts';
import { OrderedQueue, type QueueColumns } from './ordered-queue.ts';
import { columnOwn, Roster, weightMax, weightScale } from './roster.ts';

const columnPlaces = columnOwn;
const columnWhere = columnOwn + 1;
const columnRemainder = columnOwn + 2;
const columnSlots = columnOwn + 3;
const numberColumnKeys = 0;
const numberColumnTurns = 1;
const numberColumnDue = 2;
const numberColumnUsed = 3;

/** Header words: three queue lengths per lane, then which of two queues is `initial`, per lane. */
const wordLengths = wordOwn;
const wordSwapped = wordOwn + 6;
/** Header numbers: position and weight, per lane. */
const numberLane = 2;

const lanePosition = 0;
const laneWeight = 1;

const inNone = 0;
const inCurrent = 1;
/** The two queues that take turns as `initial` and `next`. */
const inFirst = 2;
const inSecond = 3;

/** Keys put position first, then the heavier server: 256 steps of weight to a position. */
const keySteps = 256;

/** State of all lanes by server; one object per thread over the same memory. */
interface LaneColumns extends QueueColumns {
  readonly where: Int32Array;
  readonly remainder: Int32Array;
  /** Position at which a server is due, and at which it was last used. */
  readonly due: Float64Array;
  readonly used: Float64Array;
  readonly weights: Int32Array;
}

/** The line of one kind of servers. Called under the lock only. */
class Lane {
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;
  private readonly columns: LaneColumns;
  private readonly current: OrderedQueue;
  private readonly first: OrderedQueue;
  private readonly second: OrderedQueue;
  private readonly wordSwap: number;
  private readonly at: number;
  /** Header word with the lane's weight as committed. */
  private readonly wordWeight: number;

  constructor(roster: Roster, columns: LaneColumns, lane: number, wordWeight: number) {
    const { block } = roster;
    const queue = (i: number): OrderedQueue => {
      const slots = block.intColumn(columnSlots + lane * 3 + i);
      return new OrderedQueue(block, slots, wordLengths + lane * 3 + i, columns);
    };
    this.words = block.words;
    this.numbers = block.numbers;
    this.columns = columns;
    this.current = queue(0);
    this.first = queue(1);
    this.second = queue(2);
    this.wordSwap = wordSwapped + lane;
    this.at = numberLane + lane * 2;
    this.wordWeight = wordWeight;
  }

  private get position(): number {
    return this.numbers[this.at + lanePosition];
  }

  private set position(value: number) {
    this.numbers[this.at + lanePosition] = value;
  }

  private get weight(): number {
    return this.numbers[this.at + laneWeight];
  }

  private get initialCode(): number {
    return this.words[this.wordSwap] === 0 ? inFirst : inSecond;
  }

  private queueOf(code: number): OrderedQueue {
    if (code === inCurrent) return this.current;
    return code === inFirst ? this.first : this.second;
  }

  /** Starts the round anew with the weight committed now. */
  begin(): void {
    const weight = this.words[this.wordWeight];
    this.numbers[this.at + laneWeight] = weight;
    this.position = weight;
  }

  beginIfEmpty(): void {
    if (this.weight === 0) this.begin();
  }

  /** `next` becomes `initial`. */
  turn(): void {
    this.words[this.wordSwap] ^= 1;
    this.begin();
  }

  /** The server whose turn it is, -1: this round is over. */
  candidate(): number {
    const { weights, due } = this.columns;
    const current = this.current.first();
    if (current >= 0 && weights[current] > 0 && due[current] <= this.position) return current;
    const fresh = this.queueOf(this.initialCode).first();
    if (fresh < 0 || weights[fresh] === 0) return current;
    this.forget(fresh);
    return fresh;
  }

  /** What the last use has left. */
  forget(server: number): void {
    this.columns.due[server] = 0;
    this.columns.remainder[server] = 0;
  }

  /** Counts one use of the server and takes it out of its queue. */
  use(server: number): void {
    const { weights, due, used, remainder } = this.columns;
    const own = weights[server];
    if (own > 0) {
      const total = this.words[this.wordWeight];
      if (due[server] === 0) due[server] = this.position;
      used[server] = due[server];
      due[server] += Math.floor(total / own);
      remainder[server] += total % own;
      if (remainder[server] >= own) {
        remainder[server] -= own;
        due[server]++;
      }
    }
    this.leave(server);
    this.position++;
  }

  /** Out of its queue; `where` still says which one it was. */
  leave(server: number): void {
    if (this.columns.places[server] < 0) return;
    this.queueOf(this.columns.where[server]).remove(server);
  }

  /** Out for good: the server takes no part any more. */
  drop(server: number): void {
    this.leave(server);
    this.columns.where[server] = inNone;
  }

  /** Queues by weight for the round that `initial` serves. */
  waitInitial(server: number): void {
    this.enter(server, this.initialCode, weightMax - this.columns.weights[server]);
  }

  private enter(server: number, code: number, key: number): void {
    this.columns.where[server] = code;
    this.queueOf(code).insert(server, key);
  }

  /** Queues where the server's due position belongs. */
  wait(server: number): void {
    const { weights, due, remainder } = this.columns;
    const own = weights[server];
    const { weight } = this;
    if (own === 0) {
      this.columns.where[server] = inNone;
    } else if (due[server] >= 2 * weight || due[server] >= weight + this.words[this.wordWeight]) {
      due[server] -= weight;
      this.enter(server, this.initialCode === inFirst ? inSecond : inFirst, weightMax - own);
    } else {
      const rank = Math.floor((weightMax + remainder[server] - own) / weightScale);
      this.enter(server, inCurrent, keySteps * due[server] + rank);
    }
  }

  /** A server came up: its first turn is as far off as a whole round of its share. */
  join(server: number): void {
    const own = this.columns.weights[server];
    const reach = this.words[this.wordWeight] + this.weight - this.position;
    this.columns.due[server] = this.position + Math.trunc(reach / own);
    this.wait(server);
  }

  /** The weight of a server that stays changed: its next turn moves, never further away. */
  adjust(server: number): void {
    const { due, used, remainder, where, weights } = this.columns;
    const code = where[server];
    this.leave(server);
    if (code === this.initialCode) {
      this.waitInitial(server);
      return;
    }
    if (code !== inCurrent) due[server] += this.weight;
    const before = due[server];
    const step = Math.floor(this.words[this.wordWeight] / weights[server]);
    remainder[server] = 0;
    due[server] = Math.min(used[server] + step, before);
    if (due[server] < this.position + 2) due[server] = this.position + step;
    this.wait(server);
  }
}

class Rotation implements Balancer {
  readonly isHash = false;
  readonly skipsFull = true;
  readonly roster: Roster;
  private readonly active: Lane;
  private readonly backups: Lane;
  /** Servers passed over during one pick. */
  private readonly held: Int32Array;

  constructor(members: Members) {
    const roster = new Roster(members, weightScale);
    const { block } = roster;
    const columns: LaneColumns = {
      keys: block.numberColumn(numberColumnKeys),
      turns: block.numberColumn(numberColumnTurns),
      places: block.intColumn(columnPlaces),
      where: block.intColumn(columnWhere),
      remainder: block.intColumn(columnRemainder),
      due: block.numberColumn(numberColumnDue),
      used: block.numberColumn(numberColumnUsed),
      weights: roster.committed,
    };
    this.roster = roster;
    this.active = new Lane(roster, columns, 0, wordActiveWeight);
    this.backups = new Lane(roster, columns, 1, wordBackupWeight);
    this.held = new Int32Array(block.size);
  }

  refresh(): void {
    const { roster } = this;
    roster.block.lock();
    if (roster.isFirst()) this.fill();
    else for (const server of roster.servers) this.follow(server);
    roster.block.unlock();
  }

  private fill(): void {
    const { roster } = this;
    roster.block.intColumn(columnPlaces).fill(-1);
    for (const server of roster.servers) roster.commit(server, roster.wanted(server));
    this.active.begin();
    this.backups.begin();
    for (const server of roster.servers) {
      if (roster.committed[server.index] > 0) this.laneOf(server).waitInitial(server.index);
    }
  }

  private laneOf(server: Server): Lane {
    return server.backup ? this.backups : this.active;
  }

  private follow(server: Server): void {
    const { roster } = this;
    const before = roster.committed[server.index];
    const weight = roster.wanted(server);
    if (weight === before) return;
    const lane = this.laneOf(server);
    roster.commit(server, weight);
    if (weight === 0) lane.drop(server.index);
    else if (before === 0) lane.join(server.index);
    else lane.adjust(server.index);
  }

  pick(_stream: Stream, avoid: Server | null): Server | null {
    const { roster } = this;
    roster.block.lock();
    const index = this.choose(avoid === null ? -1 : avoid.index);
    roster.block.unlock();
    return index < 0 ? null : roster.servers[index];
  }

  admit(server: Server): void {
    const { block } = this.roster;
    block.lock();
    this.laneOf(server).forget(server.index);
    block.unlock();
  }

  loadChanged(): void {
    // A rotation looks at no load.
  }

  private choose(avoid: number): number {
    const { words } = this.roster;
    if (words[wordActive] > 0) return this.next(this.active, avoid);
    if (words[wordFirstBackup] >= 0) return words[wordFirstBackup];
    return words[wordBackups] > 0 ? this.next(this.backups, avoid) : -1;
  }

  private next(lane: Lane, avoid: number): number {
    const { held, roster } = this;
    let count = 0;
    let turned = false;
    let avoided = -1;
    let chosen = -1;
    for (;;) {
      lane.beginIfEmpty();
      const candidate = lane.candidate();
      if (candidate < 0) {
        if (turned) {
          chosen = avoided;
          break;
        }
        turned = true;
        lane.turn();
        continue;
      }
      lane.use(candidate);
      if (roster.servers[candidate].hasRoom()) {
        if (candidate !== avoid) {
          chosen = candidate;
          break;
        }
        avoided = candidate;
      }
      held[count++] = candidate;
    }
    if (chosen >= 0) lane.wait(chosen);
    this.putBack(lane, count, chosen, turned);
    return chosen;
  }

  /** Full servers keep their place; after a turn only their weight counts. Last out, first in. */
  private putBack(lane: Lane, count: number, chosen: number, turned: boolean): void {
    for (let i = count - 1; i >= 0; i--) {
      const server = this.held[i];
      if (server === chosen) continue;
      if (turned) lane.waitInitial(server);
      else lane.wait(server);
    }
  }
}

export const rotation = [
  {
    name: 'roundrobin',
    help: 'each server in turn, by weight; weights may change while running',
    example: 'roundrobin',
    httpOnly: false,
    build: () => (members) => new Rotation(members),
  },
] satisfies readonly BalanceDef[];
