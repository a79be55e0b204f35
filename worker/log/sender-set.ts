// The destinations of one thread's log lines: those that are the same share one. Filled while the
// program is compiled; the loop flushes them.

import type {
  AddressModel,
  LogTargetModel,
  ServerModel,
  TuneModel,
} from '../../shared/config/model.ts';
import { BackendSender } from './backend-sender.ts';
import { RingSender } from './ring-sender.ts';
import type { LogRings } from './rings.ts';
import { Sender, type SocketBuffers } from './sender.ts';
import type { LineBalancer, LogSink } from './sink.ts';

/** Sizes of buffers of sockets that are not connected. */
type Buffered = Pick<TuneModel, 'sndbufBackend' | 'rcvbufBackend'>;

/** The senders of one thread. Start time only. */
export class SenderSet {
  readonly list: LogSink[] = [];
  readonly rings: LogRings;
  private readonly buffers: SocketBuffers;
  private readonly byKey = new Map<string, LogSink>();
  /** Those that choose a server for each line, by the backend's name. */
  private readonly byBackend = new Map<string, BackendSender>();

  constructor(rings: LogRings, tune: Buffered) {
    this.rings = rings;
    this.buffers = { sendBytes: tune.sndbufBackend, receiveBytes: tune.rcvbufBackend };
  }

  /** Where the lines of a target go. */
  senderOf({ address, target }: Pick<LogTargetModel, 'address' | 'target'>): LogSink {
    if (target.startsWith('ring@')) return this.ringSender(target.slice('ring@'.length));
    if (target.startsWith('backend@')) return this.backendSender(target.slice('backend@'.length));
    const fd = descriptorOf(address, target);
    const key = fd >= 0 ? `fd@${fd}` : `${address?.family}@${address?.host}:${address?.port}`;
    return this.known(key, () => new Sender(address, fd, this.buffers));
  }

  private known(key: string, make: () => LogSink): LogSink {
    let sender = this.byKey.get(key);
    if (sender === undefined) {
      sender = make();
      this.byKey.set(key, sender);
      this.list.push(sender);
    }
    return sender;
  }

  private ringSender(name: string): LogSink {
    const { ring } = this.rings.named(name);
    return this.known(`ring@${name}`, () => new RingSender(ring));
  }

  private backendSender(name: string): LogSink {
    let sender = this.byBackend.get(name);
    if (sender === undefined) {
      sender = new BackendSender();
      this.byBackend.set(name, sender);
      this.list.push(sender);
    }
    return sender;
  }

  /** All proxies are compiled: log backends get their servers. */
  connect<T extends LineBalancer>(backendNamed: (name: string) => T | null): readonly T[] {
    const backends: T[] = [];
    for (const [name, sender] of this.byBackend) {
      const backend = backendNamed(name);
      if (backend === null) continue;
      const sinks = backend.servers.map(({ model }) => this.serverSender(name, model));
      sender.connect(backend, sinks);
      backends.push(backend);
    }
    return backends;
  }

  private serverSender(backend: string, { name, address }: ServerModel): LogSink {
    if (address.socket === 'dgram') return this.senderOf({ address, target: '' });
    return this.ringSender(`${backend}/${name}`);
  }
}

const namedDescriptors: Readonly<Record<string, number>> = { stdout: 1, stderr: 2 };

function descriptorOf(address: AddressModel | null, target: string): number {
  const named = namedDescriptors[target];
  if (named !== undefined) return named;
  return address?.family === 'fd' ? address.fd : -1;
}
