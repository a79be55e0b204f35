// Algorithms that look at no part of the request and keep no rotation: static-rr, first, random.

import { field } from '../../shared/segment/metrics.ts';
import { rateTotal } from '../../shared/segment/rate.ts';
import type { BalanceDef, Balancer, Members } from '../server/balancer.ts';
import { wordActive, wordFirstBackup } from '../server/farm.ts';
import type { Server } from '../server/server.ts';
import type { Stream } from '../stream/stream.ts';
import { ignoreLoad, Roster, weightScale } from './roster.ts';
import { ServerMap } from './server-map.ts';
import { type RingRules, ServerRing } from './server-ring.ts';
import { commitAll } from './server-table.ts';

/** balance static-rr: the entries of a static map in turn. */
class StaticRotation implements Balancer {
  readonly isHash = false;
  readonly skipsFull = true;
  readonly roster: Roster;
  readonly loadChanged = ignoreLoad;
  readonly admit = ignoreLoad;
  private readonly map: ServerMap;

  constructor(members: Members) {
    this.map = new ServerMap(members);
    this.roster = this.map.roster;
  }

  refresh(): void {
    this.map.refresh();
  }

  pick(_stream: Stream, avoid: Server | null): Server | null {
    return this.map.next(avoid);
  }
}

/** balance first: the server with the lowest id that has room. */
class FirstServer implements Balancer {
  readonly isHash = false;
  readonly skipsFull = true;
  readonly roster: Roster;
  readonly loadChanged = ignoreLoad;
  readonly admit = ignoreLoad;
  /** Servers that take part, by id. */
  private order: readonly Server[];

  constructor(members: Members) {
    this.roster = new Roster(members, weightScale);
    this.order = [];
  }

  refresh(): void {
    const { roster } = this;
    commitAll(roster, (server) => roster.wanted(server));
    this.order = roster.servers
      .filter((server) => roster.wanted(server) > 0 && roster.takesFromBackend(server))
      .sort((a, b) => a.id - b.id);
  }

  pick(_stream: Stream, avoid: Server | null): Server | null {
    const { words, servers } = this.roster;
    // A backup that serves alone is used up to its queue.
    if (words[wordActive] === 0 && words[wordFirstBackup] >= 0) {
      return servers[words[wordFirstBackup]];
    }
    let avoided: Server | null = null;
    for (let i = 0; i < this.order.length; i++) {
      const server = this.order[i];
      if (!server.hasRoom()) continue;
      if (server !== avoid) return server;
      avoided = server;
    }
    return avoided;
  }
}

const fieldRate = field.rate;
const randomSpan = 2 ** 32;

/** balance random: the least loaded of some servers drawn by weight. */
class RandomDraw implements Balancer {
  readonly isHash = false;
  readonly skipsFull = false;
  readonly roster: Roster;
  readonly loadChanged = ignoreLoad;
  private readonly ring: ServerRing;
  private readonly draws: number;
  private readonly values: Float64Array;
  private readonly random: () => number;

  constructor(members: Members, draws: number, rules: RingRules) {
    this.ring = new ServerRing(members, rules);
    this.roster = this.ring.roster;
    this.draws = draws;
    this.values = members.values;
    this.random = members.random;
  }

  refresh(): void {
    this.ring.refresh();
  }

  admit(server: Server): void {
    this.ring.admit(server);
  }

  pick(stream: Stream, avoid: Server | null): Server | null {
    const { nowMs } = stream.thread.time;
    let best: Server | null = null;
    for (let draw = 0; draw < this.draws; draw++) {
      const drawn = this.ring.byHash(Math.floor(this.random() * randomSpan), avoid);
      if (drawn === null) return null;
      if (best === null || (drawn !== best && this.isLighter(drawn, best, nowMs))) best = drawn;
    }
    if (best === null || best.queued() > 0) return null;
    return best.hasRoom() ? best : null;
  }

  /** Fewer streams for its weight; among equals, fewer sessions in the last second. */
  private isLighter(drawn: Server, best: Server, nowMs: number): boolean {
    const { committed } = this.roster;
    const drawnWeight = committed[drawn.index];
    const bestWeight = committed[best.index];
    const loads = drawn.served() * bestWeight - best.served() * drawnWeight;
    if (loads !== 0) return loads < 0;
    const drawnRate = rateTotal(this.values, drawn.row + fieldRate, nowMs);
    const bestRate = rateTotal(this.values, best.row + fieldRate, nowMs);
    return drawnRate * bestWeight <= bestRate * drawnWeight;
  }
}

const drawsDefault = 2;

export const pick = [
  {
    name: 'static-rr',
    isStatic: true,
    help: 'each server in turn, by the weights of the configuration',
    example: 'static-rr',
    httpOnly: false,
    build: () => (members) => new StaticRotation(members),
  },
  {
    name: 'first',
    help: 'the server with the lowest id until it is full, then the next',
    example: 'first',
    httpOnly: false,
    build: () => (members) => new FirstServer(members),
  },
  {
    name: 'random',
    help: 'the least loaded of some servers (2) drawn by weight',
    example: 'random(3)',
    httpOnly: false,
    build: ({ words: [draws = `${drawsDefault}`] }, { hashBalanceFactor }) => {
      const rules: RingRules = { balanceFactor: hashBalanceFactor, preserve: 'always' };
      return (members) => new RandomDraw(members, Number(draws), rules);
    },
  },
] satisfies readonly BalanceDef[];
