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

/** A `table` line. */
export interface PeersTableModel {
  readonly name: string;
  readonly table: StickTableModel;
}
