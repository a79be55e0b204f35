// An SRV record and the servers of one backend that it fills (manual 5.3.1): each of its services
// takes a server, which then has the service's name, port and weight; a service that is gone gives
// its server back. Called by its section.

import type { AddressRecord } from './message.ts';
import type { ServiceItem } from './records.ts';
import type { Requester, Resolution } from './resolution.ts';
import type { Section } from './section.ts';
import { goneFromService, ServerName, type ServerHost } from './server-name.ts';

/** DNS weights go to 65535, those of servers to 256; only 0 becomes 0. */
const weightStep = 256;

export class Service implements Requester {
  readonly isLasting: boolean;
  readonly name: string;
  readonly proxyIndex: number;
  resolution: Resolution | null;
  /** All servers that it may fill. */
  private readonly servers: Set<ServerName>;
  /** Servers without a service, the next one to be taken first. */
  private readonly free: ServerName[];
  /** Servers that a file of states has given a name: they wait for that service. */
  private readonly named: Map<ServerName, () => void>;
  private readonly section: Section;
  private readonly host: ServerHost;
  private readonly portOf: (server: ServerName) => number;

  constructor(
    place: { readonly name: string; readonly proxyIndex: number },
    section: Section,
    host: ServerHost,
    portOf: (server: ServerName) => number,
  ) {
    this.isLasting = true;
    this.name = place.name;
    this.proxyIndex = place.proxyIndex;
    this.resolution = null;
    this.servers = new Set();
    this.free = [];
    this.named = new Map();
    this.section = section;
    this.host = host;
    this.portOf = portOf;
    section.join(this, this.name.toLowerCase(), 'SRV');
  }

  /** One more server that it may fill; with a name only with that service. */
  add(server: ServerName): void {
    this.servers.add(server);
    if (server.name === '') {
      server.isPaused = true;
      this.free.push(server);
      return;
    }
    const cancel = this.section.afterFirstAnswers(() => this.release(server));
    this.named.set(server, cancel);
  }

  resolved(): boolean {
    return false;
  }

  failed(): boolean {
    const { resolution } = this;
    if (resolution === null || !this.section.isPastHold(resolution)) return true;
    this.releaseUnknown();
    for (const item of resolution.records.services) this.releaseAll(item);
    return false;
  }

  serviced(gone: readonly ServiceItem[]): void {
    for (const item of gone) this.releaseAll(item);
    for (const item of this.resolution?.records.services ?? []) this.fill(item);
    this.releaseUnknown();
  }

  /** Servers that an earlier worker had filled, and no service of now. */
  private releaseUnknown(): void {
    const known = this.free.filter((server) => this.host.hostOf(server) !== '');
    for (const server of known) {
      this.free.splice(this.free.indexOf(server), 1);
      this.release(server);
    }
  }

  private releaseAll({ users }: ServiceItem): void {
    for (const server of this.ownOf(users)) {
      users.delete(server);
      this.release(server);
    }
  }

  private ownOf(users: ServiceItem['users']): ServerName[] {
    const servers = [...users].filter((user) => user instanceof ServerName);
    return servers.filter((server) => this.servers.has(server));
  }

  /** The service of the server is gone: it has no name, no address, no port. */
  private release(server: ServerName): void {
    const { host } = this;
    this.named.get(server)?.();
    this.named.delete(server);
    server.unlink();
    if (!host.isLost(server)) host.lose(server, goneFromService);
    server.name = '';
    host.rename(server, '', '');
    host.move(server, { host: '', port: 0 }, '');
    server.isPaused = true;
    this.free.push(server);
  }

  private fill(item: ServiceItem): void {
    const { host } = this;
    const [own] = this.ownOf(item.users);
    const server = own ?? this.takeNamed(item) ?? this.free.shift();
    if (server === undefined) return;
    const { target, port, weight } = item.record;
    const { additional } = item;
    server.isPaused = additional !== null;
    if (additional === null) host.move(server, { port }, '');
    else this.moveTo(server, additional.record, port);
    if (server.name === '') {
      server.name = target;
      host.rename(server, target, 'SRV record');
    }
    item.users.add(server);
    if (!server.isPaused && server.resolution === null) server.link();
    if (server.wish.ignoresWeight) return;
    host.setWeight(server, Math.floor((weight + weightStep - 1) / weightStep));
  }

  /** Its address came with the service: nothing more is to be asked. */
  private moveTo(server: ServerName, { address }: AddressRecord, port: number): void {
    server.unlink();
    this.host.move(server, { host: address, port }, 'DNS additional record');
  }

  private takeNamed({ record }: ServiceItem): ServerName | undefined {
    for (const [server, cancel] of this.named) {
      if (server.name.toLowerCase() !== record.target || this.portOf(server) !== record.port) {
        continue;
      }
      cancel();
      this.named.delete(server);
      return server;
    }
    return undefined;
  }
}
