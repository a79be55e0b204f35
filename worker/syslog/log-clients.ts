// Those who send messages to a log-forward section over streams (manual 12.6 "bind"): sockets of
// libuv, with or without TLS. Control thread only. Beyond maxconn, connections wait unread.

import { createServer, type Server, type Socket } from 'node:net';
import * as tls from 'node:tls';
import type { BindModel } from '../../shared/config/model.ts';
import { type Contents, serverOptions } from '../host-tls.ts';
import { FrameReader } from './framing.ts';

/** A handshake may take so long. */
const handshakeMs = 10_000;

export interface LogClientLimits {
  /** Connections that are read at a time. */
  readonly maxconn: number;
  /** Others that may wait. */
  readonly backlog: number;
  /** Silence that ends a connection, -1: none does. */
  readonly quietMs: number;
  readonly messageBytesMax: number;
  readonly isByLine: boolean;
}

export interface LogClientHost {
  readonly contents: Contents;
  /** A message, and the address of its sender, '' for none. */
  received(bytes: Buffer, at: number, length: number, sender: string): void;
  failed(message: string): void;
}

export class LogClients {
  /** Resolves when no new ones are taken and the last one has gone. */
  readonly ended: Promise<void>;
  private readonly limits: LogClientLimits;
  private readonly host: LogClientHost;
  private readonly servers: Server[];
  private readonly active: Set<Socket>;
  private readonly waiting: (() => void)[];
  private end: () => void;
  private isStopping: boolean;

  constructor(limits: LogClientLimits, host: LogClientHost) {
    this.limits = limits;
    this.host = host;
    this.servers = [];
    this.active = new Set();
    this.waiting = [];
    this.isStopping = false;
    this.end = () => {};
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** Takes connections on a descriptor, which it closes in the end. */
  listen(fd: number, { ssl }: BindModel): void {
    const accept = ssl === null ? (socket: Socket) => this.serve(socket) : this.acceptTls(ssl);
    const server = createServer({ pauseOnConnect: true }, (socket) => this.seat(socket, accept));
    server.on('error', (fault) => this.host.failed(fault.message));
    server.maxConnections = this.limits.maxconn + this.limits.backlog;
    this.servers.push(server.listen({ fd }));
  }

  private acceptTls(ssl: NonNullable<BindModel['ssl']>): (socket: Socket) => void {
    const options = serverOptions(ssl, this.host.contents, handshakeMs);
    const server = tls.createServer(options, (socket) => this.serve(socket));
    server.on('tlsClientError', (_: Error, socket: Socket) => socket.destroy());
    return (socket) => void server.emit('connection', socket);
  }

  /** A connection is served at once, or when another one has gone. */
  private seat(socket: Socket, accept: (socket: Socket) => void): void {
    const begin = (): void => {
      if (socket.destroyed) {
        this.next();
        return;
      }
      this.active.add(socket);
      socket.on('close', () => {
        this.active.delete(socket);
        this.next();
      });
      accept(socket);
    };
    socket.on('error', () => socket.destroy());
    if (this.active.size < this.limits.maxconn) begin();
    else this.waiting.push(begin);
  }

  private next(): void {
    if (this.active.size < this.limits.maxconn) this.waiting.shift()?.();
    if (this.isStopping && this.active.size === 0) this.end();
  }

  private serve(socket: Socket): void {
    const { limits, host } = this;
    const frames = new FrameReader(limits.messageBytesMax, limits.isByLine);
    const sender = socket.remoteAddress ?? '';
    const take = (bytes: Buffer, at: number, length: number): void => {
      host.received(bytes, at, length, sender);
    };
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      if (!frames.push(chunk, take)) socket.destroy();
    });
    if (limits.quietMs > 0) socket.setTimeout(limits.quietMs, () => socket.destroy());
    socket.resume();
  }

  /** No new ones; those that are there go on until they leave. */
  stop(): void {
    this.isStopping = true;
    for (const server of this.servers) server.close();
    this.next();
  }

  close(): void {
    for (const server of this.servers) server.close();
    for (const socket of this.active) socket.destroy();
    this.end();
  }
}
