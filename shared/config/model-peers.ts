// The part of the Model that `peers` sections write (manual 11.2). model.ts hands these types on.

import type { Place } from './diagnostic.ts';
import type { BindModel, LogTargetModel, ServerModel, StickTableModel } from './model.ts';

export interface PeersModel {
  readonly place: Place;
  readonly name: string;
  disabled: boolean;
  /** Parts that keys are spread over, 0: none. */
  shards: number;
  /** Where the local peer listens; null: nowhere. */
  bind: BindModel | null;
  /** In order of appearance. */
  peers: readonly PeerModel[];
  /** Where members meet in place of connections between them; null: nowhere. */
  redis: RedisModel | null;
  logs: readonly LogTargetModel[];
  tables: readonly PeersTableModel[];
}

export interface PeerModel {
  readonly name: string;
  readonly isLocal: boolean;
  /** The part of the keys that it is sent, 0: all of them. */
  readonly shard: number;
  /** Where it listens and how it is reached. */
  readonly server: ServerModel;
}

/** A `redis` line: ours, not HAProxy's. */
export interface RedisModel {
  /** Where it is and how it is reached; its name stands in messages. */
  readonly server: ServerModel;
  /** '' : the default user, or none. */
  readonly user: string;
  readonly password: string;
  readonly database: number;
  /** All its keys begin with this and the section's name. */
  readonly prefix: string;
  /** Members beside this one, at most. */
  readonly members: number;
}

/** A `table` line. */
export interface PeersTableModel {
  readonly name: string;
  readonly table: StickTableModel;
}
