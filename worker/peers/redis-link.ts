// The two connections to a Redis or Valkey server that a section with `redis` has: one for
// commands, one that only listens. The client library does protocol and reconnecting; it is loaded
// before the process gives up its view of the file system, and only where a section asks for it.

import type { Model, RedisModel } from '../../shared/config/model.ts';
import { clientOptions, type Contents } from '../host-tls.ts';

/** As much of the library's client as is used here. */
interface Client {
  readonly isReady: boolean;
  on(event: string, listener: (fault: Error) => void): unknown;
  connect(): Promise<unknown>;
  duplicate(): Client;
  sendCommand(words: readonly (string | Buffer)[], options?: object): Promise<unknown>;
  subscribe(channel: string, listener: (message: Buffer) => void, inBytes: true): Promise<unknown>;
  destroy(): void;
}

interface Library {
  createClient(options: object): Client;
  readonly RESP_TYPES: { readonly BLOB_STRING: number };
}

let library: Library | null = null;

/** Before privileges are dropped: a section may need the client. */
export async function loadRedisClient({ peers }: Pick<Model, 'peers'>): Promise<void> {
  if (library !== null || peers.every(({ redis, disabled }) => disabled || redis === null)) return;
  library = (await import('@redis/client')) as unknown as Library;
}

const connectMs = 5000;
const retryMs = 200;
const retryMostMs = 5000;

export interface LinkHost {
  /** Both connections are there, for the first time or again. */
  ready(): void;
  /** The server cannot be reached or has gone; called for every attempt. */
  failed(reason: string): void;
  /** Something was published. */
  received(message: Buffer): void;
}

export class RedisLink {
  private readonly client: Client;
  private readonly listener: Client;
  private readonly inBytes: object;
  private readonly channel: string;
  private readonly host: LinkHost;
  private isListening: boolean;
  private isClosed: boolean;

  constructor(
    { server, user, password, database }: RedisModel,
    { contents, channel }: { readonly contents: Contents; readonly channel: string },
    host: LinkHost,
  ) {
    if (library === null) throw new Error('loadRedisClient was not called before');
    const { family, host: name, port } = server.address;
    const { ssl } = server;
    const sni = /^str\(([^)]*)\)$/.exec(ssl?.sni ?? '')?.[1] ?? '';
    const tls = ssl === null ? {} : { tls: true, ...clientOptions(ssl, contents, sni) };
    const place = family === 'unix' ? { path: name } : { host: name || '127.0.0.1', port, ...tls };
    this.channel = channel;
    this.host = host;
    this.isListening = false;
    this.isClosed = false;
    this.inBytes = { typeMapping: { [library.RESP_TYPES.BLOB_STRING]: Buffer } };
    this.client = library.createClient({
      ...(user === '' ? {} : { username: user }),
      ...(password === '' ? {} : { password }),
      database,
      RESP: 2,
      disableOfflineQueue: true,
      disableClientInfo: true,
      socket: {
        ...place,
        connectTimeout: connectMs,
        reconnectStrategy: (tries: number) => Math.min(retryMs * 2 ** tries, retryMostMs),
      },
    });
    this.listener = this.client.duplicate();
    const isReady = (): boolean => this.client.isReady && this.listener.isReady;
    for (const one of [this.client, this.listener]) {
      one.on('error', (fault) => {
        if (!this.isClosed) host.failed(fault.message || fault.name);
      });
      one.on('ready', () => {
        if (isReady() && !this.isClosed) host.ready();
      });
      // What it fails with is told as an error, and it goes on trying.
      one.connect().catch(() => undefined);
    }
  }

  get isUp(): boolean {
    return this.client.isReady && this.listener.isReady;
  }

  /** Hears what is published from now on; a new connection of the listener does so by itself. */
  async listen(): Promise<void> {
    if (this.isListening) return;
    const { channel, host } = this;
    await this.listener.subscribe(channel, (message) => host.received(message), true);
    this.isListening = true;
  }

  /** Texts in the answer. */
  ask(...words: (string | Buffer)[]): Promise<unknown> {
    return this.client.sendCommand(words);
  }

  /** Bytes in the answer. */
  askBytes(...words: (string | Buffer)[]): Promise<unknown> {
    return this.client.sendCommand(words, this.inBytes);
  }

  close(): void {
    this.isClosed = true;
    for (const one of [this.client, this.listener]) one.destroy();
  }
}
