// Which servers of a backend take part, and with what weight: the counts every algorithm shares.
// Weights are committed one by one under the backend's lock, so that whichever thread sees a change
// first applies it once. An effective weight is sixteen times the user's weight, as HAProxy scales
// it.

import type { Members } from '../server/balancer.ts';
import {
  type FarmBlock,
  wordActive,
  wordActiveWeight,
  wordBackups,
  wordBackupWeight,
  wordFirstBackup,
  wordPrepared,
} from '../server/farm.ts';
import type { Server } from '../server/server.ts';

export const weightScale = 16;
export const weightMax = 256 * weightScale;

const columnCommitted = 0;
/** Columns free for algorithms start here. */
export const columnOwn = 1;

export class Roster {
  readonly members: Members;
  readonly servers: readonly Server[];
  readonly block: FarmBlock;
  readonly words: Int32Array;
  /** Weight by server as all threads see it; 0: takes no part. */
  readonly committed: Int32Array;
  private readonly scale: number;

  constructor(members: Members, scale: number) {
    this.members = members;
    this.servers = members.servers;
    this.block = members.block;
    this.words = members.block.words;
    this.committed = members.block.intColumn(columnCommitted);
    this.scale = scale;
  }

  /** True for the first thread that asks; under the lock. */
  isFirst(): boolean {
    const first = this.words[wordPrepared] === 0;
    this.words[wordPrepared] = 1;
    if (first) this.words[wordFirstBackup] = -1;
    return first;
  }

  /** The weight a server has now by its state. */
  wanted(server: Server): number {
    if (!server.isUsable()) return 0;
    const weight = server.userWeight() * this.scale;
    const throttle = server.throttle();
    return throttle >= 100 ? weight : Math.max(1, Math.ceil((weight * throttle) / 100));
  }

  /** Commits a weight and counts again. */
  commit(server: Server, weight: number): void {
    const { words } = this;
    const before = this.committed[server.index];
    const one = Number(weight > 0) - Number(before > 0);
    words[server.backup ? wordBackups : wordActive] += one;
    words[server.backup ? wordBackupWeight : wordActiveWeight] += weight - before;
    this.committed[server.index] = weight;
    if (server.backup && one !== 0) words[wordFirstBackup] = this.findFirstBackup();
  }

  /** -1 when all backups share the load, or there is none. */
  private findFirstBackup(): number {
    if (this.members.allBackups) return -1;
    for (const server of this.servers) {
      if (server.backup && this.committed[server.index] > 0) return server.index;
    }
    return -1;
  }

  /** Weight of the servers that would be chosen from now. */
  totalWeight(): number {
    const { words } = this;
    if (words[wordActive] > 0) return words[wordActiveWeight];
    const only = words[wordFirstBackup];
    return only >= 0 ? this.committed[only] : words[wordBackupWeight];
  }

  /** How many servers would be chosen from now. */
  totalUsed(): number {
    const { words } = this;
    if (words[wordActive] > 0) return words[wordActive];
    return words[wordFirstBackup] >= 0 ? 1 : words[wordBackups];
  }

  /** How many active servers take part. */
  activeCount(): number {
    return this.words[wordActive];
  }

  /** False for a backup that is not in use. */
  takesFromBackend(server: Server): boolean {
    if (this.committed[server.index] === 0) return false;
    if (!server.backup) return true;
    if (this.words[wordActive] > 0) return false;
    return this.members.allBackups || this.words[wordFirstBackup] === server.index;
  }
}

/** For algorithms that read loads when they pick, and servers when they refresh. */
export function ignoreLoad(): void {
  // Neither a load that changed nor a server that joined is of interest before that.
}
