// One connection with a peer: handshake, then messages. It reads bytes as they come, in any
// pieces, and answers through the transport; what to send next is pusher.ts's business, who may
// learn from whom is the section's. A peer that does not keep to the protocol loses its connection.

import { sourcePeers } from '../../shared/trace/sources.ts';
import { tracer } from '../log/trace.ts';
import * as traces from './traces.ts';
import {
  classControl,
  classReserved,
  classTable,
  controlMessage,
  classError,
  errorProtocol,
  errorSize,
  FrameReader,
  frameBroken,
  frameIncomplete,
  frameTooLong,
  heartbeat,
  majorVersion,
  minorVersion,
  oldMinorVersion,
  protocolName,
  resyncConfirm,
  resyncFinished,
  resyncPartial,
  resyncRequest,
  statusConnected,
  statusHost,
  statusPeer,
  statusProtocol,
  statusSuccess,
  statusTryAgain,
  statusVersion,
  tableAck,
  tableDefine,
  tableIncrement,
  tableIncrementTimed,
  tableSwitch,
  tableUpdate,
  tableUpdateTimed,
} from './messages.ts';
import {
  isAlive,
  isDowngraded,
  learnNotUpToDate,
  localTeachComplete,
  type Peer,
  reconnectMs,
  resyncRequested,
  teachFlags,
  teachProcess,
} from './peer.ts';
import { Pusher } from './pusher.ts';
import { readDefinitionBody, readDefinitionHead } from './table-definition.ts';
import type { SessionHost, Transport } from './session-host.ts';
import type { LinkEvents } from './transport.ts';
import type { ByteReader } from './varint.ts';
import { UpdateReader } from './update-reader.ts';

/** States in HAProxy's numbers, for show peers. */
const stateVersion = 1;
const stateHost = 2;
const statePeer = 3;
const stateConnect = 5;
const stateStatus = 6;
const stateMessages = 7;
const stateEnd = 11;

const update = new UpdateReader();

export class Session {
  readonly host: SessionHost;
  readonly transport: Transport;
  readonly isOutgoing: boolean;
  readonly pusher: Pusher;
  /** null until the peer has told its name. */
  peer: Peer | null;
  state: number;
  /** Times that it was called. */
  calls: number;
  private readonly frames: FrameReader;
  private version: number;
  private isShared: boolean;
  private hasPrevailed: boolean;

  /** `peer`: whom we connect to, null: who has connected will tell. */
  constructor(host: SessionHost, transport: Transport, peer: Peer | null) {
    this.host = host;
    this.transport = transport;
    this.isOutgoing = peer !== null;
    this.pusher = new Pusher(this);
    this.peer = peer;
    this.state = peer === null ? stateVersion : stateConnect;
    this.calls = 0;
    this.frames = new FrameReader(host.messageBytesMax);
    this.version = minorVersion;
    this.isShared = false;
    this.hasPrevailed = false;
    if (tracer.isOn(sourcePeers)) traces.tracePeer(this, traces.pointNew, 'new session');
  }

  get isEstablished(): boolean {
    return this.state === stateMessages;
  }

  get isOver(): boolean {
    return this.state === stateEnd;
  }

  // ---- from the transport ----

  /** Outgoing: there is a connection. */
  opened(): void {
    const { peer, host } = this;
    if (peer === null) return;
    peer.status = statusConnected;
    if (tracer.isOn(sourcePeers)) traces.tracePeer(this, traces.pointHello, 'hello sent');
    const minor = peer.has(isDowngraded) ? oldMinorVersion : minorVersion;
    const hello = [
      `${protocolName} ${majorVersion}.${minor}`,
      peer.model.name,
      `${host.localName} ${process.pid} 1`,
    ];
    this.state = stateStatus;
    this.transport.write(Buffer.from(`${hello.join('\n')}\n`, 'latin1'));
  }

  received(bytes: Buffer): void {
    if (this.isOver) return;
    this.calls++;
    this.frames.push(bytes);
    while (this.state < stateMessages) {
      const line = this.frames.line();
      if (line === null) {
        // Nobody's names are that long.
        if (this.frames.waiting > this.host.messageBytesMax) this.close();
        return;
      }
      this.readLine(line);
    }
    this.readMessages();
  }

  /** There is room for more, or something to send. */
  push(): void {
    if (!this.isEstablished) return;
    this.calls++;
    this.pusher.push();
  }

  /** The connection is gone. */
  closed(): void {
    const { peer } = this;
    if (tracer.isOn(sourcePeers)) traces.tracePeer(this, traces.pointEnd, 'session ends');
    this.state = stateEnd;
    if (peer?.session !== this) return;
    peer.disconnected(this.host.nowMs());
    this.host.changed();
  }

  /** Ends the connection; nothing more is read or sent. */
  close(): void {
    if (this.isOver) return;
    this.transport.end();
    this.closed();
  }

  /** Gives way to another connection: what was said here must not count any more. */
  abandon(): void {
    if (this.isOver) return;
    this.transport.reset();
    this.closed();
  }

  // ---- handshake ----

  private readLine(line: string): void {
    if (this.state === stateVersion) this.readVersion(line);
    else if (this.state === stateHost) {
      if (line === this.host.localName) this.state = statePeer;
      else this.refuse(statusHost);
    } else if (this.state === statePeer) this.readPeerName(line);
    else this.readStatus(line);
  }

  /**
   * Both sides have connected at the same time, and `name` comes in: the side whose name comes
   * first keeps the connection it has made, once, so that not both give theirs up. A HAProxy on the
   * other side takes ours as it takes any that comes in.
   */
  private prevails(name: string): boolean {
    const isWaiting = this.isOutgoing && this.state === stateStatus;
    if (!isWaiting || this.hasPrevailed || name < this.host.localName) return false;
    this.hasPrevailed = true;
    return true;
  }

  private readVersion(line: string): void {
    if (!line.startsWith(`${protocolName} `)) return void this.refuse(statusProtocol);
    const [, major, minor] =
      /^(\d{1,9})\.(\d{1,9})$/.exec(line.slice(protocolName.length + 1)) ?? [];
    if (Number(major) !== majorVersion || !(Number(minor) <= minorVersion)) {
      return void this.refuse(statusVersion);
    }
    this.version = Number(minor);
    this.state = stateHost;
  }

  private readPeerName(line: string): void {
    const { host } = this;
    const [name, pid] = line.split(' ');
    if (pid === undefined) return void this.refuse(statusProtocol);
    const peer = host.peerNamed(name);
    if (peer === null) return void this.refuse(statusPeer);
    if (peer.session !== null) {
      if (peer.model.isLocal) return void this.refuse(statusTryAgain);
      if (peer.session.prevails(name)) return void this.refuse(statusTryAgain);
      host.replace(peer);
    }
    if (this.version === oldMinorVersion) peer.set(isDowngraded);
    else peer.clear(isDowngraded);
    this.isShared = peer.model.isLocal && host.sharesTables(Number(pid));
    this.peer = peer;
    peer.session = this;
    this.transport.write(Buffer.from(`${statusSuccess}\n`));
    this.establish(peer);
  }

  private refuse(status: number): void {
    this.transport.write(Buffer.from(`${status}\n`));
    this.close();
  }

  private readStatus(line: string): void {
    const peer = this.peer as Peer; // outgoing sessions begin with one
    peer.status = Number.parseInt(line, 10) || 0;
    peer.lastHandshakeMs = this.host.nowMs();
    if (peer.status === statusSuccess) return void this.establish(peer);
    if (peer.status === statusVersion) peer.set(isDowngraded);
    this.close();
  }

  private establish(peer: Peer): void {
    if (tracer.isOn(sourcePeers))
      traces.tracePeer(this, traces.pointSuccess, 'session established');
    const { host } = this;
    this.state = stateMessages;
    this.transport.established();
    peer.connected(host.nowMs());
    peer.set(isAlive);
    if (peer.model.isLocal && this.isOutgoing) peer.set(teachProcess);
    host.changed();
    this.pusher.push();
  }

  // ---- messages ----

  private readMessages(): void {
    while (this.isEstablished) {
      const found = this.frames.next();
      if (found === frameIncomplete) break;
      if (found === frameTooLong) return void this.fail(errorSize);
      if (found === frameBroken || !this.take(this.peer as Peer))
        return void this.fail(errorProtocol);
      this.peer?.set(isAlive);
    }
    this.push();
  }

  /** Says what is wrong and hangs up. */
  private fail(error: number): void {
    if (this.isOver) return;
    if (tracer.isOn(sourcePeers)) traces.tracePeer(this, traces.pointError, `error ${error}`);
    if (error === errorProtocol && this.peer !== null) this.peer.protocolErrors++;
    this.transport.write(controlMessage(classError, error));
    this.close();
  }

  /** False: the message is broken. What is unknown is left alone, as later versions may say it. */
  private take(peer: Peer): boolean {
    const { kind, type, data } = this.frames;
    if (tracer.isOn(sourcePeers)) {
      const point = kind === classControl ? traces.pointControl : traces.pointMessage;
      traces.tracePeer(this, point, `message of class ${kind}, type ${type}`);
    }
    if (kind === classReserved) return false;
    if (kind === classControl) this.takeControl(peer, type);
    return kind === classTable ? this.takeTable(peer, type, data) : true;
  }

  private takeControl(peer: Peer, type: number): void {
    if (type === resyncRequest) {
      for (const table of peer.tables) table.rewind();
      peer.clear(teachFlags);
      peer.set(teachProcess | resyncRequested);
    } else if (type === resyncFinished || type === resyncPartial) {
      if (peer.learnState === 'PROCESSING') {
        peer.learnState = 'FINISHED';
        if (type === resyncPartial) peer.set(learnNotUpToDate);
        this.host.changed();
      }
      peer.confirms++;
    } else if (type === resyncConfirm) this.takeConfirm(peer);
    else if (type === heartbeat) {
      peer.reconnectAtMs = this.host.nowMs() + reconnectMs;
      peer.heartbeatsReceived++;
    }
  }

  private takeConfirm(peer: Peer): void {
    if (this.host.isStopping) {
      peer.set(localTeachComplete);
      this.close();
      return;
    }
    for (const table of peer.tables) table.endLesson();
    peer.clear(teachFlags);
  }

  private takeTable(peer: Peer, type: number, data: ByteReader): boolean {
    switch (type) {
      case tableDefine:
        return takeDefinition(peer, data);
      case tableSwitch: {
        const id = data.varint();
        peer.remoteTable = peer.tables.find((table) => table.remoteId === id) ?? null;
        return !data.failed;
      }
      case tableAck:
        return takeAck(peer, data);
      case tableUpdate:
      case tableIncrement:
      case tableUpdateTimed:
      case tableIncrementTimed:
        return this.takeUpdate(peer, type, data);
      default:
        return true;
    }
  }

  private takeUpdate(peer: Peer, type: number, data: ByteReader): boolean {
    const table = peer.remoteTable;
    if (table === null) return true;
    if (!update.readHead(type, data)) return false;
    const { shared, remoteColumns } = table;
    if (!update.readBody(data, shared, remoteColumns, peer.receivedKeys)) return false;
    if (peer.learnState !== 'PROCESSING') {
      table.lastGet = update.id < 0 ? (table.lastGet + 1) >>> 0 : update.id;
    }
    if (!this.isShared) {
      const from = peer.model.isLocal ? '' : peer.model.name;
      update.apply(shared, remoteColumns, from, this.host.nowMs());
    }
    return true;
  }
}

function takeDefinition(peer: Peer, data: ByteReader): boolean {
  peer.remoteTable = null;
  const head = readDefinitionHead(data);
  if (head === null) return false;
  const { remoteId, wireName } = head;
  for (const table of peer.tables) if (table.remoteId === remoteId) table.remoteId = 0;
  const table = peer.tables.find(({ shared }) => shared.wireName === wireName);
  if (table === undefined) return true;
  const body = readDefinitionBody(data, table.shared.table);
  if (body === null) return false;
  if (body.columns === null) return true;
  table.remoteColumns = body.columns;
  table.remoteId = remoteId;
  peer.remoteTable = table;
  return true;
}

function takeAck(peer: Peer, data: ByteReader): boolean {
  // Numbers of a lesson say nothing about updates.
  if (peer.has(teachProcess)) return true;
  const id = data.varint();
  const wire = data.word();
  if (data.failed) return false;
  const table = peer.tables.find((one) => one.localId === id);
  if (table !== undefined) table.update = table.shared.log.fromWire(wire);
  return true;
}

/** What happens to the connection of a session. */
export function eventsOf(session: Session): LinkEvents {
  return {
    opened: () => session.opened(),
    received: (bytes) => session.received(bytes),
    drained: () => session.pusher.drained(),
    closed: () => session.closed(),
  };
}
