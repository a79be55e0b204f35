// Sends the records of a ring to one log server (manual 12.5 "server", RFC 6587). On libuv, control
// thread only. What was read from the ring makes room there once the server's socket has taken it;
// a server that does not answer is tried again, and what it has not got stays.

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RingModel, ServerModel } from '../../shared/config/model.ts';
import type { EventRing } from '../../shared/segment/event-ring.ts';
import { clientOptions, type Contents } from '../host-tls.ts';
import type { LogRings } from '../log/rings.ts';

/** Bytes read from the ring at once. */
const batchBytes = 65_536;
/** Between two attempts to connect. */
const retryMs = 1000;
/** A forwarder that sleeps looks at its ring this often although nobody has woken it. */
const idleMs = 10_000;

export interface ForwarderParts {
  readonly model: RingModel;
  readonly server: ServerModel;
  readonly ring: EventRing;
  readonly contents: Contents;
  /** What the server is asked for by name, if anything. */
  nameOf(server: ServerModel): string;
}

type Frame = (record: Buffer) => Buffer;

const lineFeed = Buffer.from('\n');
const frames: Readonly<Record<ServerModel['logProto'], Frame>> = {
  legacy: (record) => Buffer.concat([record, lineFeed]),
  'octet-count': (record) => Buffer.concat([Buffer.from(`${record.length} `), record]),
};

export class RingForwarder {
  private readonly parts: ForwarderParts;
  private readonly frame: Frame;
  private readonly reader: number;
  private position: number;
  private socket: Socket | null;
  private stopping: boolean;
  /** Records sent over this connection. */
  private sent: number;
  private readonly finished: Promise<void>;
  /** Ends a pause between two attempts. */
  private wake: () => void;

  constructor(parts: ForwarderParts) {
    this.parts = parts;
    this.frame = frames[parts.server.logProto];
    this.position = parts.ring.oldest;
    this.reader = parts.ring.hold(this.position);
    this.socket = null;
    this.stopping = false;
    this.sent = 0;
    this.wake = () => {};
    this.finished = this.run();
  }

  /** Nothing more will be written: sends what is there for at most `limitMs`, then closes. */
  async stop(limitMs: number): Promise<void> {
    this.stopping = true;
    this.parts.ring.wake();
    this.wake();
    const limit = setTimeout(() => this.socket?.destroy(), limitMs);
    if (this.socket === null && !this.isBehind()) this.wake();
    await this.finished;
    clearTimeout(limit);
    this.parts.ring.release(this.reader);
  }

  private isBehind(): boolean {
    return this.position < this.parts.ring.end;
  }

  private async run(): Promise<void> {
    for (;;) {
      const socket = await this.connect();
      if (socket !== null) await this.pump(socket);
      if (this.stopping) return;
      if (socket === null) await this.pause();
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, retryMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** A connection that is ready to take records, null: there is none now. */
  private connect(): Promise<Socket | null> {
    const { model, server } = this.parts;
    const socket = server.ssl === null ? connectTcp(targetOf(server)) : this.connectTls();
    this.socket = socket;
    this.sent = 0;
    // Whatever happens to it, `close` follows.
    socket.on('error', () => socket.destroy());
    socket.resume();
    socket.setNoDelay(true);
    return new Promise((resolve) => {
      const limit =
        model.connectMs > 0 ? setTimeout(() => socket.destroy(), model.connectMs) : null;
      const settle = (result: Socket | null): void => {
        if (limit !== null) clearTimeout(limit);
        resolve(result);
      };
      socket.once(server.ssl === null ? 'connect' : 'secureConnect', () => settle(socket));
      socket.once('close', () => settle(null));
    });
  }

  private connectTls(): Socket {
    const { server, contents, nameOf } = this.parts;
    const ssl = server.ssl!; // asked by who calls
    return connectTls({ ...targetOf(server), ...clientOptions(ssl, contents, nameOf(server)) });
  }

  /** Sends until the connection ends, or until all is sent and nothing more will come. */
  private async pump(socket: Socket): Promise<void> {
    const { ring, server } = this.parts;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    while (!socket.destroyed) {
      const { wakes } = ring;
      const records: Buffer[] = [];
      const next = ring.read(this.position, batchBytes, (record) =>
        records.push(this.frame(record)),
      );
      if (records.length === 0) {
        if (this.stopping) break;
        await Promise.race([ring.nextWrite(wakes, idleMs), closed]);
      } else if (await this.send(socket, Buffer.concat(records), closed)) {
        this.position = next;
        ring.advance(this.reader, next);
        this.sent += records.length;
        if (server.maxReuse >= 0 && this.sent > server.maxReuse) break;
      }
    }
    socket.end();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 100).unref())]);
    socket.destroy();
    this.socket = null;
  }

  /** False: the connection is gone, or took nothing for `timeout server`. */
  private send(socket: Socket, bytes: Buffer, closed: Promise<void>): Promise<boolean> {
    const { serverMs } = this.parts.model;
    return new Promise((resolve) => {
      const limit = serverMs > 0 ? setTimeout(() => socket.destroy(), serverMs) : null;
      const settle = (taken: boolean): void => {
        if (limit !== null) clearTimeout(limit);
        resolve(taken);
      };
      socket.write(bytes, (error) => settle(error === undefined || error === null));
      void closed.then(() => settle(false));
    });
  }
}

/** One forwarder for each server of each ring. */
export function startForwarders(
  rings: LogRings,
  parts: Pick<ForwarderParts, 'contents' | 'nameOf'>,
): readonly RingForwarder[] {
  return rings.list.flatMap(({ model, ring }) =>
    model.servers.map((server) => new RingForwarder({ ...parts, model, server, ring })),
  );
}

function targetOf({ address, source }: ServerModel) {
  const { family, host, port } = address;
  if (family === 'unix') return { path: host };
  if (family === 'abns') return { path: `\0${host}` };
  const from = source?.address?.host ?? '';
  return {
    host: host === '' ? '127.0.0.1' : host,
    port,
    ...(from === '' ? {} : { localAddress: from }),
  };
}
