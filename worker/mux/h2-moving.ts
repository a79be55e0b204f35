// Idle HTTP/2 connections of servers that connect to us (rhttp@) change threads: none can be made
// where a stream needs one. What a connection has agreed on with its peer is written beside its
// offer (reversed-share.ts); whoever takes the offer reads it and goes on. While it is on offer
// nothing is read or written here: the offer is taken back first, and made again when all is quiet.
//
//   words  0 next stream   1 windows: to send, 2 received, 3 not acknowledged
//          4 the peer's table, 5 streams, 6 window, 7 frame, 8 extended CONNECT
//          9 oddities      10 and 11 handle of the TLS session, 0: clear
//          12 and 13 sizes of the encoder's table that the peer is still to be told
//          14 on: the encoder's table, then the decoder's (hpack-table.ts)

import { leave, liveIdleSafe } from '../../shared/segment/live.ts';
import { tlsSessionOf } from '../conn/tls.ts';
import type { Server } from '../server/server.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { H2Back } from './h2-back.ts';
import type { H2Link } from './h2-link.ts';
import type { ReversedShare } from './reversed-share.ts';

const tablesAt = 14 * 4;
const high = 2 ** 32;

/** Offers and takes connections of one server, for one thread. */
export class H2Moving {
  private readonly thread: ThreadContext;
  private readonly share: ReversedShare;
  private readonly server: Server;

  constructor(thread: ThreadContext, share: ReversedShare, server: Server) {
    this.thread = thread;
    this.share = share;
    this.server = server;
  }

  /** A new connection: other threads know of it from now on. */
  enlist(back: H2Back): void {
    back.shareSlot = this.share.claim(this.server.reverseNumber, back.hash);
  }

  /** Offers an idle connection when nothing of it is under way. */
  offer(back: H2Back): void {
    const { share } = this;
    const { shareSlot, connection } = back;
    if (back.shareTicket !== 0 || shareSlot < 0) return;
    if (this.thread.stopping || !isQuiet(back) || !save(back, share.stateAt(shareSlot))) return;
    back.shareTicket = share.offer(shareSlot, connection.fd, back.useCount);
  }

  /** Takes the offer back. False: another thread has the connection, which is forgotten here. */
  reclaim(back: H2Back): boolean {
    const { shareSlot, shareTicket } = back;
    back.shareTicket = 0;
    if (this.share.reclaim(shareSlot, shareTicket)) return true;
    back.shareSlot = -1;
    back.abandon();
    return false;
  }

  /** Nobody has taken it yet. */
  isOffered(back: H2Back): boolean {
    return this.share.isOffered(back.shareSlot, back.shareTicket);
  }

  /** The connection is closed. */
  strike(back: H2Back): void {
    if (back.shareSlot >= 0) this.share.free(back.shareSlot);
    back.shareSlot = -1;
  }

  /** There is one for `kind` on some thread. */
  knows(kind: string): boolean {
    return this.share.knows(this.server.reverseNumber, kind);
  }

  /** Takes a connection of another thread; null: none is offered. `restore` goes on with it. */
  takeOver(kind: string): Moved | null {
    const { share, server } = this;
    const slot = share.takeOver(server.reverseNumber, kind);
    if (slot < 0) return null;
    leave(server.words, server.liveAt + liveIdleSafe);
    const state = share.stateAt(slot);
    const tlsHandle = (state[10] >>> 0) + state[11] * high;
    return { slot, fd: share.fd, uses: share.uses, tlsHandle };
  }

  /** What stands in the slot becomes the state of `back`. */
  restore(back: H2Back, { slot, uses }: Moved): void {
    const { link } = back;
    const { peer } = link;
    const state = this.share.stateAt(slot);
    back.shareSlot = slot;
    back.nextId = state[0];
    back.useCount = uses;
    link.sendWindow = state[1];
    link.receiveWindow = state[2];
    link.unacknowledged = state[3];
    peer.tableBytes = state[4];
    peer.streamMax = state[5];
    peer.windowBytes = state[6];
    peer.frameBytes = state[7];
    peer.allowsConnect = state[8] === 1;
    link.glitches = state[9];
    link.hasSettings = true;
    const bytes = bytesOf(state);
    link.encoder.tellSizes(state[12], state[13]);
    link.decoder.table.load(bytes, link.encoder.table.load(bytes, tablesAt));
    link.demux.goOn();
  }
}

/** A connection that was another thread's. */
export interface Moved {
  readonly slot: number;
  readonly fd: number;
  readonly uses: number;
  /** 0: it is clear. */
  readonly tlsHandle: number;
}

function isQuiet(back: H2Back): boolean {
  const { link, connection } = back;
  if (link.isClosed || link.isEnding || link.streams.size > 0 || !link.hasSettings) return false;
  if (!link.output.isEmpty() || !link.demux.isClean) return false;
  if (connection.readable || connection.hangup || !connection.isFlushed()) return false;
  return connection.transport?.hasPending() !== true;
}

/** False: the tables do not fit. */
function save(back: H2Back, words: Int32Array): boolean {
  const { link } = back;
  const { peer } = link;
  const handle = tlsSessionOf(back.connection)?.handle ?? 0;
  words[0] = back.nextId;
  words[1] = link.sendWindow;
  words[2] = link.receiveWindow;
  words[3] = link.unacknowledged;
  words[4] = peer.tableBytes;
  words[5] = Math.min(peer.streamMax, streamsMax);
  words[6] = peer.windowBytes;
  words[7] = peer.frameBytes;
  words[8] = peer.allowsConnect ? 1 : 0;
  words[9] = link.glitches;
  words[10] = (handle % high) | 0;
  words[11] = Math.floor(handle / high);
  [words[12], words[13]] = link.encoder.sizesToTell;
  return saveTables(link, bytesOf(words));
}

function saveTables({ encoder, decoder }: H2Link, into: Uint8Array): boolean {
  const at = encoder.table.save(into, tablesAt);
  return at >= 0 && decoder.table.save(into, at) >= 0;
}

function bytesOf(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** More than a connection has stream numbers for. */
const streamsMax = 2 ** 31 - 1;
