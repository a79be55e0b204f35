// Idle connections of servers as their HTTP checks use them (manual, check-reuse-pool): taken over
// from the proxy threads that offer them (mux/idle-share.ts), and kept and offered again after the
// check. Control thread only. Clear HTTP/1 connections can change threads and no others: what needs
// TLS, HTTP/2 or a connection of one client is opened as if there were no pool.

import type { ProxyModel, ServerModel } from '../../shared/config/model.ts';
import { enterWithin, leave, liveConnections, liveIdleSafe } from '../../shared/segment/live.ts';
import { clientNamespaceWord } from '../../shared/sys/namespaces.ts';
import { blocked, Connection, type ConnectionOwner } from '../conn/connection.ts';
import type { Timed } from '../loop/timers.ts';
import type { IdleShare } from '../mux/idle-share.ts';
import { serverTarget } from '../server/target.ts';
import type { ConnectStep } from './plan.ts';
import type { CheckStage } from './stage.ts';

/** What is known of a server whose idle connections are shared. */
export interface IdlePlace {
  readonly share: IdleShare;
  /** Its place in the share. */
  readonly number: number;
  /** The segment's words, and where its live words start. */
  readonly words: Int32Array;
  readonly liveAt: number;
}

/** Checks of such a server, whose traffic is as theirs would be. */
export function mayReuse(proxy: ProxyModel, model: ServerModel): boolean {
  const { checks, address, socket } = model;
  if (!checks.reusePool || proxy.httpReuse === 'never') return false;
  if (model.checkAddress !== null || model.checkPort !== 0) return false;
  if (checks.ssl === 'on' || checks.alpn !== '' || socket.checkViaSocks4) return false;
  if (model.checkSendProxy || model.sendProxy !== 0 || model.ssl !== null) return false;
  if (!isH1(model.proto) || !isH1(checks.proto)) return false;
  // Connections that only some streams may use, or that lead elsewhere than a check's.
  if ((model.source ?? proxy.source)?.usesrc || socket.socks4 !== null) return false;
  if (socket.namespace === clientNamespaceWord || address.family === 'rhttp') return false;
  return !serverTarget(model).isDynamic;
}

const isH1 = (proto: string): boolean => proto === '' || proto === 'h1';

/** No rule says how this connection is to be. */
export function isUsualConnect(step: ConnectStep): boolean {
  if (step.address !== null || step.port !== 0 || step.portOf !== null) return false;
  if (step.tls || step.alpn !== '' || step.proto !== '') return false;
  return step.isDefault && !step.sendsProxy && !step.viaSocks4;
}

/** Where in the share it is offered. */
interface Offer {
  readonly slot: number;
  readonly ticket: number;
}

/** One that a check has left: on offer, and watched for its end. */
class Kept implements ConnectionOwner, Timed {
  dueMs = 0;
  bucket = -1;
  timerNext: Timed | null = null;
  timerPrevious: Timed | null = null;
  readonly connection: Connection;
  readonly uses: number;
  readonly slot: number;
  readonly ticket: number;
  private readonly pool: CheckPool;

  constructor(pool: CheckPool, connection: Connection, uses: number, { slot, ticket }: Offer) {
    this.pool = pool;
    this.connection = connection;
    this.uses = uses;
    this.slot = slot;
    this.ticket = ticket;
    connection.owner = this;
  }

  /** The server closed it, or said something unasked. */
  onReadable(): void {
    this.pool.clear();
  }

  onWritable(): void {}

  onTimeout(): void {
    this.pool.clear();
  }
}

/** The idle connections of one server, for its checks, which come one after the other. */
export class CheckPool {
  /** Exchanges that the connection which `take` has just returned has carried. */
  takenUses: number;
  private readonly stage: CheckStage;
  private readonly place: IdlePlace;
  private readonly model: ServerModel;
  /** Fewest uses of a connection to be taken; Infinity: none is. */
  private readonly usesMin: number;
  private readonly useMax: number;
  /** pool-max-conn, over all threads; 0: none is kept, -1: no limit. */
  private readonly limit: number;
  private readonly kind: string;
  private kept: Kept | null;

  constructor(stage: CheckStage, proxy: ProxyModel, model: ServerModel, place: IdlePlace) {
    this.takenUses = 0;
    this.stage = stage;
    this.place = place;
    this.model = model;
    // Every check is the first request of its session.
    const { httpReuse } = proxy;
    this.usesMin = httpReuse === 'always' ? 0 : httpReuse === 'aggressive' ? 2 : Infinity;
    this.useMax = model.maxReuse < 0 ? Infinity : model.maxReuse + 1;
    this.limit = model.poolPurgeDelayMs === 0 ? 0 : model.poolMaxConn;
    const { poolConnName } = model.checks;
    // As streams name theirs: ServerOpenings.keyOf.
    this.kind = poolConnName === '' ? '' : `${poolConnName} `;
    this.kept = null;
  }

  /** A connection that is idle and alive, and `owner`'s from now on; null: open one. */
  take(owner: ConnectionOwner): Connection | null {
    for (let tries = 0; tries < triesMax; tries++) {
      const connection = this.takeKept() ?? this.takeOver();
      if (connection === null) return null;
      connection.owner = owner;
      connection.writable = true;
      // Its end, or what the server has said unasked (408), may have come since it was left.
      if (connection.peek(this.stage.scratchAt, 1) === blocked) return connection;
      connection.close();
    }
    return null;
  }

  private takeKept(): Connection | null {
    const { kept } = this;
    if (kept === null || kept.uses < this.usesMin || !this.withdraw(kept)) return null;
    this.takenUses = kept.uses;
    return kept.connection;
  }

  private takeOver(): Connection | null {
    const { stage } = this;
    const { share, number, words, liveAt } = this.place;
    // pool-low-conn: other threads may not take what is left.
    if (Atomics.load(words, liveAt + liveIdleSafe) < this.model.poolLowConn) return null;
    if (this.usesMin === Infinity || !share.takeOver(number, this.usesMin, this.kind)) return null;
    leave(words, liveAt + liveIdleSafe);
    this.takenUses = share.uses;
    const connection = new Connection(stage.poller, stage.memory.region, share.fd, unowned);
    if (this.model.strictMaxconn) {
      connection.place = { leave: () => void leave(words, liveAt + liveConnections) };
    }
    if (connection.watch() >= 0) return connection;
    connection.close();
    return null;
  }

  /** Keeps a clean connection for whoever asks next, this thread or another; or closes it. */
  put(connection: Connection, uses: number): void {
    // One is enough for a server's checks; what they opened themselves takes nobody's place.
    if (this.kept !== null && this.isTaken(this.kept)) this.clear();
    const isWanted = this.kept === null && this.limit !== 0 && uses < this.useMax;
    const isCounted = !this.model.strictMaxconn || connection.place !== null;
    if (!isWanted || !isCounted || !this.offer(connection, uses)) {
      connection.resetOnClose();
      connection.close();
    }
  }

  private offer(connection: Connection, uses: number): boolean {
    const { share, number, words, liveAt } = this.place;
    if (!enterWithin(words, liveAt + liveIdleSafe, Math.max(this.limit, 0))) return false;
    const slot = share.offer(number, connection.fd, uses, this.kind);
    if (slot < 0) {
      leave(words, liveAt + liveIdleSafe);
      return false;
    }
    const kept = new Kept(this, connection, uses, { slot, ticket: share.ticketAt(slot) });
    this.kept = kept;
    const { timers, time } = this.stage;
    timers.schedule(kept, time.nowMs + this.model.poolPurgeDelayMs);
    return true;
  }

  private isTaken({ slot, ticket }: Kept): boolean {
    return !this.place.share.isOffered(slot, ticket);
  }

  /** False: another thread has taken its descriptor, nothing is left to use or close. */
  private withdraw(kept: Kept): boolean {
    const { share, words, liveAt } = this.place;
    this.kept = null;
    this.stage.timers.remove(kept);
    if (!share.reclaim(kept.slot, kept.ticket)) {
      kept.connection.abandon();
      return false;
    }
    leave(words, liveAt + liveIdleSafe);
    return true;
  }

  /** Closes what is kept: it has died or grown old, the server is not used, or all stops. */
  clear(): void {
    const { kept } = this;
    if (kept === null || !this.withdraw(kept)) return;
    kept.connection.resetOnClose();
    kept.connection.close();
  }
}

const unowned = { onReadable(): void {}, onWritable(): void {} };

/** Idle connections that turn out dead, one after the other, before a check opens its own. */
const triesMax = 3;
