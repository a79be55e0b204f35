// The contract between a backend and its balancing algorithm. worker/balance fills it; a backend
// never asks which algorithm it runs. Instances are per thread, what threads must agree on is in
// the farm.

import type { BalanceModel, ProxyModel } from '../../shared/config/model.ts';
import type { Scope } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import type { FarmBlock } from './farm.ts';
import type { Server } from './server.ts';

/** What an algorithm works on. */
export interface Members {
  readonly servers: readonly Server[];
  readonly block: FarmBlock;
  /** `option allbackups`: all backups share the load once no active server is left. */
  readonly allBackups: boolean;
  readonly threadIndex: number;
  /** Uniform in [0, 1). */
  random(): number;
  /** The segment's words, and where the backend's live words start. */
  readonly backendWords: Int32Array;
  readonly backendLiveAt: number;
  /** Counters of this thread (Server.row). */
  readonly values: Float64Array;
}

/** Who takes part, counted over all threads. */
export interface RosterCounts {
  /** Weight of all servers that may be chosen now; 0: none, the answer is 503. */
  totalWeight(): number;
  /** Active servers that may be chosen now. */
  activeCount(): number;
  /** May streams of the backend's queue go to this server: not a backup that is not in use. */
  takesFromBackend(server: Server): boolean;
}

export interface Balancer {
  /**
   * The answer depends on the request: a retry elsewhere needs a redispatch (manual, option
   * redispatch).
   */
  readonly isHash: boolean;
  /** A non-empty backend queue proves that every server is full. */
  readonly skipsFull: boolean;
  readonly roster: RosterCounts;
  /**
   * Brings the tables up to date with the servers' states. Also the first call. Any thread, any
   * time.
   */
  refresh(): void;
  /**
   * A server to connect to, not `avoid` when there is another one; null: none has room. Hot path.
   */
  pick(stream: Stream, avoid: Server | null): Server | null;
  /**
   * A server joined, or what places it changed (address, key); it takes no part now. Between two
   * turns.
   */
  admit(server: Server): void;
  /** A server for a log line, where the algorithm looks at the line; absent: it does not. */
  pickForLine?(stream: Stream, text: string): Server | null;
  /** `served` or the queue of a server changed (leastconn). Hot path. */
  loadChanged(server: Server): void;
}

/** An algorithm as compiled from its words: makes the balancer of one thread. */
export type MakeBalancer = (members: Members) => Balancer;

/** One row of `balance`. */
export interface BalanceDef {
  readonly name: string;
  /** Weights are fixed at start, so no server can join while it runs (hashes: see hash-type). */
  readonly isStatic?: true;
  readonly help: string;
  /** The words after `balance`. */
  readonly example: string;
  /** Only legal in mode http. */
  readonly httpOnly: boolean;
  /** null: alerts were given through `scope`. */
  readonly build: (balance: BalanceModel, proxy: ProxyModel, scope: Scope) => MakeBalancer | null;
}
