// The listening sockets of the process: which ones a configuration wants, which are already open,
// and the ones to open or close. The master keeps them over workers and reloads. Called by start.ts
// and the supervisor, before privileges are dropped; all failures of one attempt are reported
// together.

import { lookup } from 'node:dns/promises';
import type { AddressModel, BindModel, Model } from '../shared/config/model.ts';
import type { CliListener, ListenerObject, SectionListener } from '../shared/messages.ts';
import { AF_UNIX, SHUT_RD, SOCK_STREAM } from '../shared/sys/constants.ts';
import { encodeAddress } from '../shared/sys/sockaddr.ts';
import type { Sys } from '../shared/sys/sys.ts';
import {
  type OpenSocket,
  openSocket,
  protocolName,
  publishPaths,
  withdrawPaths,
  sizeBuffers,
} from './sockets.ts';
import { type Wanted, wantedSockets } from './wanted.ts';

/** One socket that is open in this process. */
interface BoundSocket extends OpenSocket {
  /** What it must equal to be used again after a reload. */
  readonly key: string;
  /** The descriptor belongs to whoever started us: never closed. */
  readonly foreign: boolean;
  readonly backlog: number;
}

/** A socket of an old process, offered through -x. */
export interface OfferedSocket {
  readonly key: string;
  readonly fd: number;
}

export interface BindResult {
  readonly sockets: readonly BoundSocket[];
  readonly listeners: readonly ListenerObject[];
  readonly cliListeners: readonly CliListener[];
  readonly sectionListeners: readonly SectionListener[];
  /** Sentences of what could not be bound, in HAProxy's words. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Every failure may be cured by the old process letting go. */
  readonly retryable: boolean;
}

export interface ListenerOptions {
  readonly reusePort: boolean;
}

const backlogDefault = 1024;

/** All listening sockets of a master, or of a process without one. Control thread only. */
export class Listeners {
  private readonly sys: Sys;
  private readonly options: ListenerOptions;
  private sockets: readonly BoundSocket[] = [];
  private offered: OfferedSocket[] = [];

  constructor(sys: Sys, options: ListenerOptions) {
    this.sys = sys;
    this.options = options;
  }

  /** Sockets an old process handed over; those nobody wants are closed by `dropOffers`. */
  offer(sockets: readonly OfferedSocket[]): void {
    this.offered.push(...sockets);
  }

  dropOffers(): void {
    for (const { fd } of this.offered) this.sys.close(fd);
    this.offered = [];
  }

  /**
   * Opens what `model` wants, using again what is open already. Nothing is closed and nothing is
   * forgotten until `commit` or `discard` says how it went on.
   */
  async bind(model: Model): Promise<BindResult> {
    const free = new Map<string, BoundSocket[]>();
    for (const socket of this.sockets) push(free, socket.key, socket);
    const reusePort = this.options.reusePort && !model.global.noReusePort;
    const attempt = new Attempt(this.sys, { reusePort }, free, this.offered);
    for (const wanted of wantedSockets(model)) await attempt.open(wanted);
    attempt.settlePaths();
    this.offered = attempt.offered;
    const result = attempt.result();
    for (const socket of result.sockets) {
      if (socket.isDatagram) sizeBuffers(this.sys, socket.fd, model.global.tune);
    }
    return result;
  }

  /** The new configuration runs: sockets that it does not use are closed. */
  commit(result: BindResult): void {
    const used = new Set(result.sockets);
    for (const socket of this.sockets) if (!used.has(socket)) this.close(socket);
    this.sockets = result.sockets;
  }

  /** The new configuration does not run: what was opened for it is closed again. */
  discard(result: BindResult): void {
    const kept = new Set(this.sockets);
    for (const socket of result.sockets) if (!kept.has(socket)) this.close(socket);
  }

  /**
   * Stops listening so that a new process can bind (SIGTTOU). The descriptors keep their numbers.
   */
  pause(): void {
    for (const { fd, family, isDatagram } of this.sockets) {
      if (isDatagram) continue;
      if (isShardable(family)) this.sys.shutdown(fd, SHUT_RD);
      else if (isAbstract(family)) replaceByUnbound(this.sys, fd);
    }
  }

  /** Listens again (SIGTTIN). An abstract name that somebody took meanwhile stays lost. */
  resume(): void {
    for (const { fd, family, host, backlog, isDatagram } of this.sockets) {
      if (isDatagram) continue;
      if (isAbstract(family)) {
        const name = this.sys.address();
        encodeAddress({ family, host, port: 0 }, name);
        this.sys.bind(fd, name);
      }
      if (isShardable(family) || isAbstract(family)) this.sys.listen(fd, backlog);
    }
  }

  closeAll(): void {
    for (const socket of this.sockets) this.close(socket);
    this.sockets = [];
  }

  private close(socket: BoundSocket): void {
    if (!socket.foreign) this.sys.close(socket.fd);
  }
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** In the place of a socket, for a bind line that connects to a server (rhttp@). */
const noSocket = { fd: -1, family: 'rhttp', host: '', port: 0, isDatagram: false };

/** One try at opening everything. */
class Attempt {
  offered: OfferedSocket[];
  private readonly sys: Sys;
  private readonly options: ListenerOptions;
  private readonly free: Map<string, BoundSocket[]>;
  private readonly sockets: BoundSocket[] = [];
  private readonly listeners: ListenerObject[] = [];
  private readonly cliListeners: CliListener[] = [];
  private readonly sectionListeners: SectionListener[] = [];
  private readonly errors: string[] = [];
  private readonly warnings: string[] = [];
  private retryable = true;
  /** Unix paths that are bound under a temporary name. */
  private readonly paths: string[] = [];

  constructor(
    sys: Sys,
    options: ListenerOptions,
    free: Map<string, BoundSocket[]>,
    offered: readonly OfferedSocket[],
  ) {
    this.sys = sys;
    this.options = options;
    this.free = free;
    this.offered = [...offered];
  }

  result(): BindResult {
    const { sockets, listeners, cliListeners, sectionListeners, errors, warnings } = this;
    const retryable = errors.length > 0 && this.retryable;
    return { sockets, listeners, cliListeners, sectionListeners, errors, warnings, retryable };
  }

  /** All is well: sockets get their paths. Otherwise those who have them keep them. */
  settlePaths(): void {
    if (this.errors.length === 0) this.errors.push(...publishPaths(this.paths));
    else withdrawPaths(this.paths);
  }

  async open(wanted: Wanted): Promise<void> {
    const address = await resolveAddress(wanted.address);
    if (address === null) {
      this.fail(wanted, `cannot resolve '${wanted.address.host}'`, false);
      return;
    }
    if (address.family === 'rhttp') {
      // Connections are made by the worker: there is nothing to listen on.
      if (wanted.shard === 0) this.record(wanted, { ...noSocket, host: address.host });
      return;
    }
    const key = socketKey(address, wanted.bind);
    const socket = this.free.get(key)?.shift() ?? this.make(wanted, address, key);
    if (socket === null) return;
    this.sockets.push(socket);
    this.record(wanted, socket);
  }

  private make(wanted: Wanted, address: AddressModel, key: string): BoundSocket | null {
    const twin = this.twinOf(wanted, address);
    if (twin !== undefined) return this.share(wanted, twin, key);
    const backlog = backlogOf(wanted);
    const offeredFd = this.takeOffer(key);
    const { reusePort } = this.options;
    const request = { bind: wanted.bind, address, backlog, reusePort, offeredFd };
    const outcome = openSocket(this.sys, request);
    if (address.family === 'unix' && outcome.socket !== null && offeredFd < 0) {
      this.paths.push(address.host);
    }
    for (const warning of outcome.warnings) this.warnings.push(sentence(wanted, warning, address));
    if (outcome.socket === null) {
      this.fail({ ...wanted, address }, outcome.error, outcome.retryable);
      return null;
    }
    const foreign = address.family === 'fd' || address.family === 'sockpair';
    return { ...outcome.socket, key, foreign, backlog };
  }

  /** Only TCP can have several sockets on one address; a descriptor may be named by two lines. */
  private twinOf(wanted: Wanted, address: AddressModel): BoundSocket | undefined {
    if (address.family === 'fd') return this.sockets.find(({ fd }) => fd === address.fd);
    const last = wanted.shard === 0 ? undefined : this.sockets.at(-1);
    return last === undefined || isShardable(last.family) ? undefined : last;
  }

  private share(wanted: Wanted, twin: BoundSocket, key: string): BoundSocket | null {
    const fd = this.sys.dup(twin.fd);
    if (fd >= 0) return { ...twin, fd, key, foreign: false };
    this.fail(wanted, 'cannot dup() receiving socket', true);
    return null;
  }

  private takeOffer(key: string): number {
    const index = this.offered.findIndex((socket) => socket.key === key);
    return index < 0 ? -1 : this.offered.splice(index, 1)[0].fd;
  }

  private fail(wanted: Wanted, error: string, retryable: boolean): void {
    this.retryable &&= retryable;
    this.errors.push(sentence(wanted, error, wanted.address));
  }

  private record(wanted: Wanted, socket: Omit<BoundSocket, 'key' | 'foreign' | 'backlog'>): void {
    const { bindIndex, proxyIndex, addressIndex, shard } = wanted;
    const { fd, family, host, port, isDatagram } = socket;
    if (wanted.section !== null) {
      const { section, index } = wanted.section;
      const where = { fd, family, host, port };
      this.sectionListeners.push({ section, index, bindIndex, isDatagram, ...where });
      return;
    }
    if (wanted.proxy === null) {
      this.cliListeners.push({ bindIndex, fd, host, port });
      return;
    }
    const index = this.listeners.length;
    this.listeners.push({
      index,
      proxyIndex,
      bindIndex,
      addressIndex,
      shard,
      fd,
      family,
      host,
      port,
    });
  }
}

const isAbstract = (family: string): family is 'abns' | 'abnsz' =>
  family === 'abns' || family === 'abnsz';

/** The name of an abstract socket is free only when the socket is gone. */
function replaceByUnbound(sys: Sys, fd: number): void {
  const fresh = sys.socket(AF_UNIX, SOCK_STREAM, 0);
  if (fresh < 0) return;
  sys.dup2(fresh, fd);
  sys.setCloseOnExec(fd, true);
  sys.close(fresh);
}

const isShardable = (family: string): boolean => family === 'ipv4' || family === 'ipv6';

/** A name becomes its first address; null when it has none. */
async function resolveAddress(address: AddressModel): Promise<AddressModel | null> {
  if (address.family !== 'unspecified') return address;
  try {
    const found = await lookup(address.host);
    return { ...address, host: found.address, family: found.family === 6 ? 'ipv6' : 'ipv4' };
  } catch {
    return null;
  }
}

/** Equal keys: the same socket serves. */
function socketKey(address: AddressModel, bind: BindModel): string {
  const { family, host, port, fd, socket } = address;
  const kind = socket === 'dgram' ? [socket] : [];
  const only = family === 'ipv6' && bind.v6only ? 'v6only' : '';
  const foreign = bind.transparent ? 'transparent' : '';
  return keyOf([family, anyAsEmpty(host), port, fd, bind.interface, only, foreign, ...kind]);
}

/** `0.0.0.0` and `*` are one address, `::` and `:::` another. */
export const anyAsEmpty = (host: string): string =>
  host === '0.0.0.0' || host === '::' ? '' : host;

/**
 * The parts: family, host, port, descriptor, interface, 'v6only' or '', 'transparent' or '', and
 * 'dgram' for datagrams.
 */
export function keyOf(parts: readonly (string | number)[]): string {
  return parts.join('\n');
}

function backlogOf({ bind, proxy, section }: Wanted): number {
  const owner = proxy ?? section;
  return bind.backlog || owner?.backlog || bind.maxconn || proxy?.maxconn || backlogDefault;
}

const kindNames: Readonly<Record<string, string>> = {
  frontend: 'frontend',
  backend: 'backend',
  listen: 'proxy',
};

function sentence(wanted: Wanted, text: string, address: AddressModel): string {
  const { file, line } = wanted.bind.place;
  const none = wanted.section === null ? 'proxy GLOBAL' : wanted.section.section;
  const owner =
    wanted.proxy === null ? none : `${kindNames[wanted.proxy.kind]} ${wanted.proxy.name}`;
  const protocol = protocolName(address);
  return `Binding [${file}:${line}] for ${owner}: protocol ${protocol}: ${text}.`;
}
