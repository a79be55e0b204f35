// TCP mode: bytes as they are, in both directions, with half-close. The same object serves either
// side; it is also what remains of an HTTP connection whose stream was switched to a tunnel by a
// rule.

import type { Connection, ConnectionOwner } from '../conn/connection.ts';
import { bodyTunnel, type Message } from '../http/message.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import { Output } from './output.ts';
import { Receiver } from './receiver.ts';
import { type Exchange, type Side, sideGone } from './side.ts';

export class TcpSide implements Side, ConnectionOwner {
  readonly httpMajor = 1;
  readonly multiplex = null;
  readonly glitches = 0;
  readonly connection: Connection;
  readonly inbound: Receiver;
  readonly outbound: Output;
  isPrivate: boolean;
  private readonly exchange: Exchange;
  private readonly isFront: boolean;
  private stream: Stream | null;

  constructor(thread: ThreadContext, exchange: Exchange, connection: Connection, isFront: boolean) {
    this.connection = connection;
    this.inbound = new Receiver(connection, thread);
    this.outbound = new Output(connection, thread);
    this.exchange = exchange;
    this.isFront = isFront;
    this.stream = null;
    this.isPrivate = true;
    connection.owner = this;
  }

  attach(stream: Stream): void {
    this.stream = stream;
    this.inbound.begin(0, bodyTunnel, -1);
  }

  onReadable(): void {
    if (this.stream === null) return;
    if (this.isFront) this.exchange.onFrontReadable(this.stream);
    else this.exchange.onBackReadable(this.stream);
  }

  onWritable(): void {
    if (this.stream === null) return;
    if (this.isFront) this.exchange.onFrontWritable(this.stream);
    else this.exchange.onBackWritable(this.stream);
  }

  /** A TCP side carries no heads. */
  sendHead(_message: Message, _at: number, _length: number, _done: boolean): number {
    return sideGone;
  }

  becomeTunnel(): void {}

  finish(): void {
    if (this.outbound.isFlushed()) this.connection.finish();
  }

  isHungUp(): boolean {
    return this.connection.hangup;
  }

  isBroken(): boolean {
    return this.connection.broken;
  }

  readLast(): void {
    const { connection, outbound, stream } = this;
    connection.hangup = true;
    connection.readable = true;
    outbound.thread.defer(() => {
      if (this.stream === stream && connection.isOpen) this.onReadable();
    });
  }

  close(): void {
    // A client whose bytes nobody has read would be reset instead of told the end.
    const { connection } = this;
    const isUnread =
      this.isFront && connection.bytesReceived === 0 && connection.transport === null;
    if (isUnread && connection.isOpen && !connection.hangup) this.readAway();
    this.stream = null;
    this.inbound.drop();
    this.outbound.release();
    this.connection.close();
  }

  private readAway(): void {
    const { thread } = this.outbound;
    this.connection.recv(thread.scratchAt, thread.memory.slotBytes);
  }
}
