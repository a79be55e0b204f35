// Questions to a name server by TCP (RFC 7766), with or without TLS, on libuv: a few connections,
// each with a few questions on their way at once. A question whose connection ends before its
// answer goes once more.

import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ServerModel } from '../../shared/config/model.ts';
import { clientOptions, type Contents } from '../host-tls.ts';
import type { Link, LinkEvents } from './nameserver.ts';

/** Questions on one connection at once. */
const pipelineMax = 4;
/** Questions that wait for a connection. */
const queueMax = 64;
/** A connection that is silent so long is closed; one that owes an answer too. */
const silentMs = 5000;
const attemptsMax = 2;

interface Query {
  readonly bytes: Buffer;
  /** As the question has it; on a connection they are numbered anew. */
  readonly id: number;
  attempts: number;
}

export class StreamLink implements Link {
  private readonly server: ServerModel;
  private readonly contents: Contents;
  private readonly events: LinkEvents;
  private readonly sessions: Set<Session>;
  private readonly queue: Query[];

  constructor(server: ServerModel, contents: Contents, events: LinkEvents) {
    this.server = server;
    this.contents = contents;
    this.events = events;
    this.sessions = new Set();
    this.queue = [];
  }

  send(bytes: Buffer): boolean {
    if (this.queue.length >= queueMax) {
      this.events.failed();
      return false;
    }
    this.queue.push({ bytes, id: bytes.readUInt16BE(0), attempts: 0 });
    this.flush();
    return true;
  }

  close(): void {
    this.queue.length = 0;
    for (const session of this.sessions) session.socket.destroy();
  }

  private flush(): void {
    while (this.queue.length > 0) {
      const session = [...this.sessions].find(({ room }) => room > 0) ?? this.open();
      const query = session === null ? undefined : this.queue.shift();
      if (query === undefined) return;
      session?.ask(query);
      this.events.sent();
    }
  }

  /** null: there are as many as there may be. */
  private open(): Session | null {
    const { maxconn, ssl, address } = this.server;
    if (maxconn > 0 && this.sessions.size >= maxconn) return null;
    const isPath = address.family === 'unix';
    const target = isPath ? { path: address.host } : { host: address.host, port: address.port };
    const socket =
      ssl === null
        ? connect(target)
        : connectTls({ ...target, ...clientOptions(ssl, this.contents, literalName(ssl.sni)) });
    const session = new Session(socket, {
      answered: (bytes) => {
        this.events.received(bytes);
        this.flush();
      },
      ended: (open) => this.ended(session, open),
    });
    this.sessions.add(session);
    return session;
  }

  private ended(session: Session, open: readonly Query[]): void {
    this.sessions.delete(session);
    for (const query of open) {
      if (query.attempts < attemptsMax) this.queue.push(query);
      else this.events.failed();
    }
    this.flush();
  }
}

interface SessionEvents {
  answered(bytes: Buffer): void;
  /** With the questions that it has not answered. */
  ended(open: readonly Query[]): void;
}

class Session {
  readonly socket: Socket;
  private readonly events: SessionEvents;
  private readonly open: Map<number, Query>;
  private pending: Buffer;
  private nextId: number;

  constructor(socket: Socket, events: SessionEvents) {
    this.socket = socket;
    this.events = events;
    this.open = new Map();
    this.pending = Buffer.alloc(0);
    this.nextId = 0;
    socket.setNoDelay(true);
    socket.setTimeout(silentMs, () => socket.destroy());
    socket.unref();
    socket.on('data', (bytes: Buffer) => this.received(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => events.ended([...this.open.values()]));
  }

  get room(): number {
    return this.socket.destroyed ? 0 : pipelineMax - this.open.size;
  }

  ask(query: Query): void {
    query.attempts++;
    const frame = Buffer.alloc(query.bytes.length + 2);
    frame.writeUInt16BE(query.bytes.length, 0);
    query.bytes.copy(frame, 2);
    this.nextId = (this.nextId + 1) & 0xffff;
    frame.writeUInt16BE(this.nextId, 2);
    this.open.set(this.nextId, query);
    this.socket.write(frame);
  }

  private received(bytes: Buffer): void {
    this.pending = this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
    for (;;) {
      const length = this.pending.length < 2 ? -1 : this.pending.readUInt16BE(0);
      if (length < 0 || this.pending.length < length + 2) return;
      const message = Buffer.from(this.pending.subarray(2, length + 2));
      this.pending = this.pending.subarray(length + 2);
      this.answered(message);
    }
  }

  private answered(message: Buffer): void {
    const id = message.length < 2 ? -1 : message.readUInt16BE(0);
    const query = this.open.get(id);
    if (query === undefined) return;
    this.open.delete(id);
    message.writeUInt16BE(query.id, 0);
    this.events.answered(message);
  }
}

/** `sni str(NAME)`; other expressions have nothing to be evaluated on here. */
function literalName(sni: string): string {
  return /^str\(([^)]*)\)$/.exec(sni)?.[1] ?? '';
}
