// What map-based and consistent hashing have in common: servers laid out in a table of each thread,
// by which a hash finds its server. The counts of the backend and the turn of the round robin that
// serves requests without a key are shared by all threads; the table itself is a copy that
// `refresh` rebuilds.

import type { Server } from '../server/server.ts';
import type { Roster } from './roster.ts';

export interface ServerTable {
  readonly roster: Roster;
  /** Rebuilds the table from the servers' states. */
  refresh(): void;
  /** As Balancer.admit. */
  admit(server: Server): void;
  /** The server of a hash. `avoid` only matters where the table has an order beyond the hash. */
  byHash(hash: number, avoid: Server | null): Server | null;
  /** The next server in turn that has room. */
  next(avoid: Server | null): Server | null;
}

/** Commits every server's weight to the shared counts, under the lock. */
export function commitAll(roster: Roster, weightOf: (server: Server) => number): void {
  roster.block.lock();
  roster.isFirst();
  for (const server of roster.servers) {
    const weight = weightOf(server);
    if (weight !== roster.committed[server.index]) roster.commit(server, weight);
  }
  roster.block.unlock();
}
