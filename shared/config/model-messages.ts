// The part of the Model that says what becomes of messages and their payload: headers that are
// added, slots for what is kept, limits of bandwidth. model.ts hands these types on.

import type { Place } from './diagnostic.ts';

export interface ForwardForModel {
  /** Header to add. */
  readonly header: string;
  /** Network whose clients get none: address and prefix bits; null for none. */
  readonly except: { readonly host: string; readonly bits: number } | null;
  readonly ifNone: boolean;
}

/** Values of TCP_KEEPCNT, TCP_KEEPIDLE and TCP_KEEPINTVL; 0 leaves the kernel's. */
export interface TcpKeepAliveModel {
  count: number;
  idleMs: number;
  intervalMs: number;
}

/** `filter bwlim-in` or `bwlim-out` (manual 9.7). */
export interface BandwidthModel {
  readonly place: Place;
  readonly name: string;
  /** Payload from clients. */
  readonly isIn: boolean;
  /** All streams with the same entry of a table share the limit. */
  readonly isShared: boolean;
  readonly limitBytes: number;
  /** 0: that of the table. */
  readonly periodMs: number;
  readonly minBytes: number;
  /** Expression of the key, and the table, '' the proxy's own; shared ones only. */
  readonly key: string;
  readonly table: string;
}

/** A slot for what is kept of a message. */
export interface CaptureModel {
  /** The header, '' when rules fill it. */
  readonly name: string;
  readonly lengthMax: number;
  /** The line that made it. */
  readonly place: Place;
}
