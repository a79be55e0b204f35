// TLS on a connection: the handshake as a step of its opening, then the transport that everything
// goes through. Owns its TlsSession; the descriptor stays the connection's. Both sides, front and
// back.

import { EPROTO } from '../../shared/sys/constants.ts';
import type { Region, Sys } from '../../shared/sys/sys.ts';
import {
  TLS_CLOSED,
  TLS_SYSCALL,
  TLS_WANT_READ,
  TLS_WANT_WRITE,
  type TlsSession,
} from '../../shared/sys/tls.ts';
import { blocked, type Connection, type Transport } from './connection.ts';
import {
  faultTlsAbort,
  faultTlsAuthority,
  faultTlsCertificate,
  faultTlsEmpty,
  faultTlsHandshake,
  faultTlsMismatch,
  faultTlsMismatchSni,
  faultTlsTimeout,
  faultTlsTooMany,
} from './fault.ts';
import type { OpeningStep } from './opening.ts';

/** Payload of one record at most (RFC 8446 5.1). */
const recordBytesMax = 16_384;
/**
 * OpenSSL asks the socket for more than this at a time: less in total means that it was emptied.
 */
const readAheadBytes = 16_384;

/** Copies of records that are kept for the next full socket. */
const spareMax = 256;

/** Who wants to know how a connection's TLS fares. */
export interface TlsWatcher {
  /** The handshake is over, well or not. */
  shaken(session: TlsSession, succeeded: boolean): void;
  /** What resumes this session may be asked for: at its first bytes and at its end. */
  resumable(session: TlsSession): void;
  /** The session is gone. Called once for every session that was made. */
  freed(): void;
}

/** Records that a full socket did not take: copies, so that they can be offered again unchanged. */
class RecordPool {
  private readonly spare: Region[] = [];

  take(sys: Sys): Region {
    return this.spare.pop() ?? sys.region(recordBytesMax);
  }

  release(region: Region): void {
    if (this.spare.length < spareMax) this.spare.push(region);
  }
}

/** Of this thread. */
const records = new RecordPool();

export class TlsTransport implements Transport {
  readonly session: TlsSession;
  readonly watcher: TlsWatcher;
  private readonly sys: Sys;
  private readonly memory: Region;
  /** Largest write, see tune.ssl.maxrecord. */
  private readonly pieceMax: number;
  /** Bytes off the socket when OpenSSL's buffer was last known to be empty. */
  private emptyAt: number;
  private waiting: Region | null;
  private waitingBytes: number;
  private wantsWrite: boolean;
  /** What was offered last waits for the peer: a renegotiation is under way. */
  private wantsRead: boolean;
  private hasRead: boolean;

  constructor(session: TlsSession, connection: Connection, watcher: TlsWatcher, recordMax: number) {
    this.session = session;
    this.watcher = watcher;
    this.sys = connection.sys;
    this.memory = connection.memory;
    this.pieceMax = recordMax > 0 ? Math.min(recordMax, recordBytesMax) : recordBytesMax;
    this.emptyAt = 0;
    this.waiting = null;
    this.waitingBytes = 0;
    this.wantsWrite = false;
    this.wantsRead = false;
    this.hasRead = false;
  }

  recv(at: number, length: number): number {
    const got = this.session.read(this.memory, at, length);
    this.wantsWrite = got === TLS_WANT_WRITE;
    if (got > 0) {
      if (!this.hasRead) this.firstRead();
      return got;
    }
    if (got === TLS_WANT_READ || got === TLS_WANT_WRITE) return blocked;
    return this.ended(got);
  }

  /** TLS 1.3 hands out what resumes a session after the handshake. */
  private firstRead(): void {
    this.hasRead = true;
    this.watcher.resumable(this.session);
  }

  /** An end without goodbye is an end all the same: framing tells whether something is missing. */
  private ended(result: number): number {
    if (result === TLS_CLOSED) return 0;
    if (result !== TLS_SYSCALL) return -EPROTO;
    return this.session.errno === 0 ? 0 : -this.session.errno;
  }

  send(at: number, length: number): number {
    if (!this.flush()) return blocked;
    let sent = 0;
    while (sent < length) {
      const piece = Math.min(length - sent, this.pieceMax);
      const taken = this.session.write(this.memory, at + sent, piece);
      if (taken > 0) {
        sent += taken;
      } else if (taken === TLS_WANT_WRITE || taken === TLS_WANT_READ) {
        this.wantsRead = taken === TLS_WANT_READ;
        this.keep(at + sent, piece);
        return sent + piece;
      } else {
        return sent > 0 ? sent : this.failed(taken);
      }
    }
    return sent;
  }

  private failed(result: number): number {
    const error = this.ended(result);
    return error === 0 ? -EPROTO : error;
  }

  /** The socket is full: what OpenSSL has begun must be offered again, byte for byte. */
  private keep(at: number, length: number): void {
    const region = records.take(this.sys);
    region.bytes.set(this.memory.bytes.subarray(at, at + length));
    this.waiting = region;
    this.waitingBytes = length;
  }

  flush(): boolean {
    const { waiting } = this;
    if (waiting === null) return true;
    let sent = 0;
    while (sent < this.waitingBytes) {
      const left = this.waitingBytes - sent;
      const taken = this.session.write(waiting, sent, left);
      this.wantsRead = taken === TLS_WANT_READ;
      if (taken <= 0) {
        this.shift(waiting, sent);
        return false;
      }
      sent += taken;
    }
    this.waiting = null;
    records.release(waiting);
    return true;
  }

  private shift(waiting: Region, sent: number): void {
    if (sent === 0) return;
    waiting.bytes.copyWithin(0, sent, this.waitingBytes);
    this.waitingBytes -= sent;
  }

  isFlushed(): boolean {
    return this.waiting === null;
  }

  hasPending(): boolean {
    return this.session.hasPending();
  }

  isDrained(): boolean {
    if (this.session.hasPending()) return false;
    const total = this.session.receivedBytes();
    const isDrained = total - this.emptyAt < readAheadBytes;
    this.emptyAt = total;
    return isDrained;
  }

  receiveWantsWrite(): boolean {
    return this.wantsWrite;
  }

  sendWantsRead(): boolean {
    return this.wantsRead;
  }

  shutdown(): void {
    this.session.shutdown();
  }

  free(): void {
    if (this.session.isHandshakeDone()) this.watcher.resumable(this.session);
    if (this.waiting !== null) records.release(this.waiting);
    this.waiting = null;
    this.session.free();
    this.watcher.freed();
  }

  abandon(): void {
    this.session.release();
    this.watcher.freed();
  }

  errorText(): string {
    return this.session.errorText();
  }
}

/** The session of a connection that speaks TLS, null for a clear or closed one. */
export function tlsSessionOf(connection: Connection | null): TlsSession | null {
  const transport = connection?.transport ?? null;
  return transport instanceof TlsTransport ? transport.session : null;
}

/** Shakes hands; the connection's transport is set from the first call on. */
export class TlsHandshake implements OpeningStep {
  readonly timeoutFault = faultTlsTimeout;
  /** Makes the session on the connected descriptor; null: there are too many (maxsslconn). */
  private readonly start: (connection: Connection) => TlsTransport | null;
  private readonly isFront: boolean;

  constructor(isFront: boolean, start: (connection: Connection) => TlsTransport | null) {
    this.isFront = isFront;
    this.start = start;
  }

  advance(connection: Connection): number {
    connection.transport ??= this.start(connection);
    if (connection.transport === null) {
      connection.fault = faultTlsTooMany;
      return -EPROTO;
    }
    const { session, watcher } = connection.transport as TlsTransport;
    const result = session.handshake();
    if (result === TLS_WANT_READ) {
      connection.readable = false;
      return 0;
    }
    if (result === TLS_WANT_WRITE) {
      connection.writable = false;
      return 0;
    }
    watcher.shaken(session, result === 0);
    if (result === 0) {
      // Payload may have come with the last message: inside OpenSSL, where no event tells of it.
      connection.readable = true;
      return 1;
    }
    connection.fault = faultOf(session, result, this.isFront);
    return result === TLS_SYSCALL && session.errno > 0 ? -session.errno : -EPROTO;
  }
}

function faultOf(session: TlsSession, result: number, isFront: boolean): number {
  if (result !== TLS_SYSCALL && result !== TLS_CLOSED) return refusalOf(session, isFront);
  if (session.receivedBytes() > 0) return faultTlsHandshake;
  return session.errno === 0 ? faultTlsEmpty : faultTlsAbort;
}

const hostMismatch = 62;
const addressMismatch = 64;
/** X509_V_ERR_*: refusals of a certificate that is not the peer's own. */
const authorityErrors: ReadonlySet<number> = new Set([2, 19, 22, 24, 25, 79]);

function refusalOf(session: TlsSession, isFront: boolean): number {
  const verdict = session.verifyResult();
  if (verdict === 0) return faultTlsHandshake;
  if (verdict === hostMismatch || verdict === addressMismatch) {
    return session.sni() === '' ? faultTlsMismatch : faultTlsMismatchSni;
  }
  if (!isFront) return faultTlsHandshake;
  return authorityErrors.has(verdict) ? faultTlsAuthority : faultTlsCertificate;
}
