// The part of the Model that `resolvers` sections and the resolution words of servers write (manual
// 5.3). model.ts hands these types on.

import type { Network } from '../address.ts';
import type { Place } from './diagnostic.ts';
import type { AddressModel, ServerModel } from './model.ts';

export interface ResolversModel {
  readonly place: Place;
  readonly name: string;
  /** Made by the load itself: what cannot work is nobody's mistake. */
  readonly isImplicit: boolean;
  /** In order of appearance. */
  nameservers: readonly NameserverModel[];
  hold: HoldModel;
  /** Questions of one resolution before it fails. */
  retries: number;
  resolveMs: number;
  retryMs: number;
  /** Bytes of an answer. */
  payloadBytes: number;
}

export interface NameserverModel {
  readonly place: Place;
  readonly name: string;
  readonly address: AddressModel;
  /** How it is reached over TCP; null: by datagrams. */
  readonly server: ServerModel | null;
}

/** How long an answer of a kind may be preceded by a valid one before it counts. */
export interface HoldModel {
  nx: number;
  refused: number;
  timeout: number;
  other: number;
  valid: number;
  obsolete: number;
}

/** How a server's address is chosen. */
export interface ResolutionModel {
  prefer: 'ipv4' | 'ipv6';
  /** Networks whose addresses are preferred. */
  networks: readonly Network[];
  /** Servers of one backend may share an address. */
  allowsTwins: boolean;
  /** Weights of SRV records do not count. */
  ignoresWeight: boolean;
}
