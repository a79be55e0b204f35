// All resolvers sections of a worker: started by the control thread once proxy threads serve. Each
// server that names a section becomes a requester of it, by its name or through an SRV record.

import { isGone, type Model } from '../../shared/config/model.ts';
import { nameCountsOf } from '../../shared/segment/name-counters.ts';
import { DatagramLink } from './datagram-link.ts';
import { type Found, lookUp } from './lookup.ts';
import { questionName } from './message.ts';
import type { Families } from './records.ts';
import { Section } from './section.ts';
import { type ServerHost, ServerName } from './server-name.ts';
import { Service } from './service.ts';
import { StreamLink } from './stream-link.ts';

/** What the worker hands over. */
export interface ResolversHost {
  readonly model: Model;
  readonly servers: ServerHost;
  /** Of all name servers. */
  readonly counters: SharedArrayBuffer;
  nowMs(): number;
  families(): Families;
}

/** A look-up for a rule. */
export interface LookupRequest {
  readonly section: string;
  readonly name: string;
  readonly prefer: 'ipv4' | 'ipv6';
}

export class RunningResolvers {
  readonly sections: readonly Section[];
  private readonly host: ResolversHost;
  private readonly servers: Map<string, ServerName>;

  constructor(host: ResolversHost) {
    const { model } = host;
    this.host = host;
    this.servers = new Map();
    let nameservers = 0;
    this.sections = model.resolvers.map((section) => {
      const first = nameservers;
      nameservers += section.nameservers.length;
      return new Section(section, {
        counters: (index) => nameCountsOf(host.counters, first + index),
        nowMs: () => host.nowMs(),
        after: later,
        random: Math.random,
        families: () => host.families(),
        open: (nameserver, events) =>
          nameserver.server === null
            ? new DatagramLink(nameserver.address, events)
            : new StreamLink(nameserver.server, model, events),
      });
    });
    model.proxies.forEach((proxy, proxyIndex) => {
      if (!proxy.disabled) this.addServers(proxyIndex);
    });
    for (const section of this.sections) section.run();
  }

  find(name: string): Section | undefined {
    return this.sections.find(({ model }) => model.name === name);
  }

  private addServers(proxyIndex: number): void {
    const { model } = this.host;
    const services = new Map<string, Service>();
    model.proxies[proxyIndex].servers.forEach((server, serverIndex) => {
      const section = this.find(server.resolvers);
      if (section === undefined || isGone(server)) return;
      const { srvRecord } = server;
      const one = new ServerName(
        { proxyIndex, serverIndex },
        {
          name: questionName(server.fqdn) ?? '',
          isOfService: srvRecord !== '',
          resolution: server.resolution,
        },
        section,
        this.host.servers,
      );
      this.servers.set(`${proxyIndex}/${serverIndex}`, one);
      if (srvRecord === '') one.link();
      else this.serviceOf(services, srvRecord, one).add(one);
    });
  }

  private serviceOf(services: Map<string, Service>, name: string, first: ServerName): Service {
    const known = services.get(name);
    if (known !== undefined) return known;
    const { host } = this;
    const { servers } = host.model.proxies[first.proxyIndex];
    const place = { name, proxyIndex: first.proxyIndex };
    const service = new Service(
      place,
      first.section,
      host.servers,
      ({ serverIndex }) => servers[serverIndex].address.port,
    );
    services.set(name, service);
    return service;
  }

  /** undefined: the server is none whose name is resolved while it serves. */
  serverOf(proxyIndex: number, serverIndex: number): ServerName | undefined {
    return this.servers.get(`${proxyIndex}/${serverIndex}`);
  }

  /** The server could not be reached: it may have moved. */
  unreachable(proxyIndex: number, serverIndex: number): void {
    const server = this.serverOf(proxyIndex, serverIndex);
    if (server?.resolution != null) server.section.hurry(server.resolution);
  }

  /** `done` gets the addresses, perhaps at once. */
  lookUp({ section, name, prefer }: LookupRequest, done: (found: Found) => void): void {
    const found = this.find(section);
    const question = questionName(name);
    if (found === undefined || question === null) done({ addresses: [], untilMs: 0 });
    else lookUp(found, { name: question, prefer }, done);
  }

  /** A soft stop: servers need no answers any more, streams may. */
  leave(): void {
    for (const section of this.sections) section.leaveProcess();
  }

  close(): void {
    for (const section of this.sections) section.close();
  }
}

function later(ms: number, act: () => void): () => void {
  const timer = setTimeout(act, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
