// What decides on a server before balancing does: force-persist and ignore-persist, use-server
// rules, the persistence cookie, an RDP cookie, then stick rules (manual 4.2, use-server: in this
// order). Run once per stream by Backend.assign.

import type { Condition, FormatText } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import type { CookiePersistence } from './cookie.ts';
import type { RdpCookie } from './rdp-cookie.ts';
import type { Stickiness } from './stickiness.ts';
import type { Server } from './server.ts';

/** One `use-server` line. */
export interface UseServerPlan {
  /** null: always. */
  readonly condition: Condition | null;
  /** Index of the server, or -1 when `name` must be evaluated. */
  readonly serverIndex: number;
  readonly name: FormatText | null;
}

/** One `force-persist` or `ignore-persist` line; the first whose condition holds counts. */
export interface PersistPlan {
  readonly condition: Condition;
  readonly forces: boolean;
}

export interface PersistenceParts {
  readonly servers: readonly Server[];
  readonly useServers: readonly UseServerPlan[];
  readonly rules: readonly PersistPlan[];
  readonly cookie: CookiePersistence | null;
  /** `persist rdp-cookie`. */
  readonly rdpCookie: RdpCookie | null;
  readonly stickiness: Stickiness | null;
  /** `option persist`: servers that are down are used as well. */
  readonly usesDown: boolean;
}

export class Persistence {
  private readonly servers: readonly Server[];
  private readonly byName: Map<string, Server>;
  private readonly useServers: readonly UseServerPlan[];
  private readonly rules: readonly PersistPlan[];
  private readonly cookie: CookiePersistence | null;
  private readonly rdpCookie: RdpCookie | null;
  private readonly stickiness: Stickiness | null;
  private readonly usesDown: boolean;

  constructor(parts: PersistenceParts) {
    this.servers = parts.servers;
    this.byName = new Map();
    this.useServers = parts.useServers;
    this.rules = parts.rules;
    this.cookie = parts.cookie;
    this.rdpCookie = parts.rdpCookie;
    this.stickiness = parts.stickiness;
    this.usesDown = parts.usesDown;
    for (const server of parts.servers) this.byName.set(server.name, server);
  }

  /** The server of this name, null: there is none. */
  named(name: string): Server | null {
    return this.byName.get(name) ?? null;
  }

  /** A server joined at run time. */
  admit(server: Server): void {
    this.byName.set(server.name, server);
    this.cookie?.admit(server);
    this.stickiness?.admit(server);
  }

  /** A server has left, or has another name or address: everything is found anew. */
  renew(): void {
    this.byName.clear();
    this.cookie?.clear();
    this.stickiness?.clear();
    for (const server of this.servers) if (!server.isLeaving) this.admit(server);
  }

  /**
   * Sets stream.server, serverAssigned and serverForced when something asks for a certain server.
   */
  choose(stream: Stream): void {
    for (let i = 0; i < this.rules.length; i++) {
      if (this.rules[i].condition(stream) !== 1) continue;
      if (this.rules[i].forces) stream.persistForced = true;
      else stream.persistIgnored = true;
      break;
    }
    if (!stream.serverAssigned) this.applyRules(stream);
    if (this.cookie !== null && stream.backend.isHttp) this.cookie.readRequest(stream);
    this.rdpCookie?.choose(stream);
    this.stickiness?.onRequest(stream);
  }

  private applyRules(stream: Stream): void {
    for (let i = 0; i < this.useServers.length; i++) {
      const rule = this.useServers[i];
      if (rule.condition !== null && rule.condition(stream) !== 1) continue;
      const server = this.serverOf(rule, stream);
      // A name that means nothing ends the rules: balancing decides (manual, use-server).
      if (server === null) return;
      if (server.isStopped() && !this.usesDown && !stream.persistForced) continue;
      stream.server = server;
      stream.serverAssigned = true;
      stream.serverForced = true;
      return;
    }
  }

  private serverOf(rule: UseServerPlan, stream: Stream): Server | null {
    if (rule.name === null) return this.servers[rule.serverIndex];
    const server = this.byName.get(rule.name(stream)) ?? null;
    return server === null || server.isLeaving ? null : server;
  }

  /**
   * The response's head is complete: Set-Cookie of persistence. False: no room for it in the head.
   */
  onResponse(stream: Stream): boolean {
    this.stickiness?.onResponse(stream);
    return this.cookie === null || !stream.backend.isHttp || this.cookie.writeResponse(stream);
  }

  /** TCP mode: the server is connected, which is all the answer that rules wait for. */
  onConnected(stream: Stream): void {
    this.stickiness?.onResponse(stream);
  }
}
