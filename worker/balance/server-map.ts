// The static map: as many entries as the servers' weights add up to (their greatest common divisor
// taken out), spread evenly. Serves static-rr and map-based hashing. Weights are those of the
// configuration: a change while running is only seen when it is to or from zero (manual,
// static-rr).

import type { Members } from '../server/balancer.ts';
import { wordActive, wordFirstBackup, wordOwn } from '../server/farm.ts';
import type { Server } from '../server/server.ts';
import { Roster } from './roster.ts';
import { commitAll, type ServerTable } from './server-table.ts';

/** Header word: entry whose turn it is. */
const wordTurn = wordOwn;

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

export class ServerMap implements ServerTable {
  readonly roster: Roster;
  private readonly divisor: number;
  private entries: Int32Array;

  constructor(members: Members) {
    this.roster = new Roster(members, 1);
    let divisor = 0;
    for (const server of members.servers) divisor = greatestDivisor(server.model.weight, divisor);
    this.divisor = divisor || 1;
    this.entries = new Int32Array(0);
  }

  private weightOf(server: Server): number {
    return server.isUsable() ? Math.ceil(server.model.weight / this.divisor) : 0;
  }

  refresh(): void {
    commitAll(this.roster, (server) => this.weightOf(server));
    this.entries = this.spread(this.chosen());
  }

  admit(): void {
    // A map is made at start; no server joins it.
  }

  /** Servers that take part: the active ones, or the first backup, or all backups. */
  private chosen(): Server[] {
    const { roster } = this;
    const usable = roster.servers.filter((server) => this.weightOf(server) > 0);
    if (roster.words[wordActive] > 0) return usable.filter((server) => !server.backup);
    const first = roster.words[wordFirstBackup];
    return first >= 0 ? [roster.servers[first]] : usable;
  }

  /**
   * Every entry goes to the server that is furthest behind its share, declaration order among
   * equals: a server's score grows by its weight each time and falls by the total when it is taken.
   */
  private spread(servers: readonly Server[]): Int32Array {
    const weights = servers.map((server) => this.weightOf(server));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const scores = new Float64Array(servers.length);
    const entries = new Int32Array(total);
    for (let entry = 0; entry < total; entry++) {
      let best = 0;
      let highest = 0;
      for (let i = 0; i < servers.length; i++) {
        scores[i] += weights[i];
        const behind = Math.floor((scores[i] + total) / total);
        if (behind > highest) {
          highest = behind;
          best = i;
        }
      }
      scores[best] -= total;
      entries[entry] = servers[best].index;
    }
    return entries;
  }

  byHash(hash: number): Server | null {
    const { entries } = this;
    return entries.length === 0 ? null : this.roster.servers[entries[hash % entries.length]];
  }

  next(avoid: Server | null): Server | null {
    const { block } = this.roster;
    block.lock();
    const server = this.take(avoid);
    block.unlock();
    return server;
  }

  private take(avoid: Server | null): Server | null {
    const { entries, roster } = this;
    const { words, servers } = roster;
    const total = entries.length;
    if (total === 0) return null;
    const start = words[wordTurn] < total ? words[wordTurn] : 0;
    let avoidedAt = -1;
    for (let step = 0; step < total; step++) {
      const at = (start + step) % total;
      const server = servers[entries[at]];
      if (!server.hasRoom()) continue;
      if (server !== avoid) {
        words[wordTurn] = at + 1;
        return server;
      }
      avoidedAt = at;
    }
    if (avoidedAt < 0) return null;
    words[wordTurn] = avoidedAt + 1;
    return avoid;
  }
}
