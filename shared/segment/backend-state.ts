// A backend's words: how many of its servers can be used, since when it is up or down. Refreshed
// by the control thread after any change of a server (checks, runtime API), read by statistics
// and balancing.

import {
  backendActive,
  backendBackup,
  backendChangedAt,
  backendDowntime,
  backendLoad,
  backendUp,
  type ServerWords,
  serverIsBackup,
  serverThrottle,
  serverWeight,
} from './server-state.ts';

/** What `refresh` found: nothing, or the backend came up or went down. */
export type BackendChange = 'none' | 'up' | 'down';

export class BackendWords {
  private readonly words: Int32Array;
  private readonly at: number;
  private readonly servers: readonly ServerWords[];

  /** `at`: ObjectTable.sharedWords of the backend. */
  constructor(words: Int32Array, at: number, servers: readonly ServerWords[]) {
    this.words = words;
    this.at = at;
    this.servers = servers;
  }

  /** Once per load, after all its servers were prepared; `load` as in ServerWords.prepare. */
  prepare(load: number, nowSeconds: number): void {
    const { words, at } = this;
    if (words[at + backendLoad] === load) return;
    const known = words[at + backendLoad] !== 0;
    if (!known) words[at + backendChangedAt] = nowSeconds;
    words[at + backendLoad] = load;
    this.count();
    const up = this.isUp() ? 1 : 0;
    if (known && words[at + backendUp] !== up) words[at + backendChangedAt] = nowSeconds;
    words[at + backendUp] = up;
  }

  /** Counts usable servers again and notes a change of the whole backend. */
  refresh(nowSeconds: number): BackendChange {
    const { words, at } = this;
    this.count();
    const up = this.isUp() ? 1 : 0;
    if (words[at + backendUp] === up) return 'none';
    if (up === 1) words[at + backendDowntime] += nowSeconds - words[at + backendChangedAt];
    words[at + backendChangedAt] = nowSeconds;
    Atomics.store(words, at + backendUp, up);
    return up === 1 ? 'up' : 'down';
  }

  /** Seconds without a usable server so far. */
  downtime(nowSeconds: number): number {
    const { words, at } = this;
    const now = words[at + backendUp] === 0 ? nowSeconds - words[at + backendChangedAt] : 0;
    return words[at + backendDowntime] + now;
  }

  changedAt(): number {
    return this.words[this.at + backendChangedAt];
  }

  get active(): number {
    return this.words[this.at + backendActive];
  }

  get backup(): number {
    return this.words[this.at + backendBackup];
  }

  /** A backend without servers is never down. */
  isUp(): boolean {
    if (this.active + this.backup > 0) return true;
    return this.servers.every((server) => server.isRetired);
  }

  /** Weights that get traffic: of the active servers, or of the backups when there is none. */
  totalWeight(allBackups: boolean, kind: 'effective' | 'user'): number {
    let total = 0;
    for (const server of this.servers) {
      const { words, at } = server;
      const effective = server.effectiveWeight();
      if (effective === 0) continue;
      const weight = kind === 'user' ? words[at + serverWeight] : effective;
      if ((words[at + serverIsBackup] !== 0) !== (this.active === 0)) continue;
      if (this.active === 0 && !allBackups) return weight;
      total += weight;
    }
    return total;
  }

  private count(): void {
    const { words, at } = this;
    let active = 0;
    let backup = 0;
    for (const server of this.servers) {
      if (server.effectiveWeight() === 0) continue;
      if (server.words[server.at + serverIsBackup] !== 0) backup++;
      else active++;
    }
    Atomics.store(words, at + backendActive, active);
    Atomics.store(words, at + backendBackup, backup);
  }
}

/** Weight a statistic shows for a server: what the user set, as far as a slowstart has come. */
export function shownWeight(server: ServerWords): number {
  const { words, at } = server;
  return Math.ceil((words[at + serverWeight] * words[at + serverThrottle]) / 100);
}
