// What is around one connection with a peer (session.ts): the connection under it, filled by
// transport.ts, and the section that it belongs to, filled by section.ts. Types only.

import type { Peer } from './peer.ts';

/** The connection under a session. */
export interface Transport {
  /** False: wait for `drained` before more. */
  write(bytes: Buffer): boolean;
  /** The handshake is over: silence is no reason to hang up any more. */
  established(): void;
  /** Says goodbye after what has been written. */
  end(): void;
  /** Hangs up so that what the other side has not read yet is gone as well. */
  reset(): void;
  /** For show peers: `RAW` or `SSL`, and addresses. */
  readonly kind: string;
  readonly from: string;
  readonly to: string;
}

/** What a session asks of its section. */
export interface SessionHost {
  readonly localName: string;
  readonly messageBytesMax: number;
  readonly updatesAtOnce: number;
  /** The process is leaving and teaches its successor. */
  readonly isStopping: boolean;
  /** This process has learned all that there was. */
  readonly isUpToDate: boolean;
  nowMs(): number;
  /** The peer of that name, null: there is none. */
  peerNamed(name: string): Peer | null;
  /** An established session of `peer` gives way to a newer one. */
  replace(peer: Peer): void;
  /** States have changed: the section's clockwork must look at them. */
  changed(): void;
  /** The other process works on the same tables in memory: what it says is known. */
  sharesTables(pid: number): boolean;
}
