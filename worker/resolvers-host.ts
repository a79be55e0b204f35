// Resolvers as the control thread runs them: the ways from an answer to the model, the words, the
// logs and the proxy threads of a server. Made by control.ts.

import type { Model, ServerModel } from '../shared/config/model.ts';
import {
  adminNameChanged,
  adminResolutionMaint,
  serverAdmin,
  serverWeight,
} from '../shared/segment/server-state.ts';
import type { ThreadToControl } from '../shared/messages.ts';
import { AF_INET6, SOCK_DGRAM } from '../shared/sys/constants.ts';
import { encodeAddress } from '../shared/sys/sockaddr.ts';
import type { Sys } from '../shared/sys/sys.ts';
import type { Families } from './resolvers/records.ts';
import type { ControlLogs } from './control-logs.ts';
import { questionName } from './resolvers/message.ts';
import { RunningResolvers } from './resolvers/resolvers.ts';
import type { ServerHost, ServerName } from './resolvers/server-name.ts';
import { addressChange, type AddressPlan } from './runtime/address-change.ts';
import { setAddressKnown, setAddressLost } from './runtime/administration.ts';
import type { ResolversAccess, RuntimeContext } from './runtime/context.ts';
import { setWeight } from './runtime/servers.ts';
import type { ServerTarget } from './runtime/target.ts';
import type { FarmStates } from './server/farm-states.ts';
import { keepAddress } from './server/kept-address.ts';

/** Of what the control thread was given (control.ts). */
export interface Given {
  readonly start: { readonly model: Model };
  readonly sys: Sys;
  readonly farm: FarmStates;
  readonly nameCounters: SharedArrayBuffer;
}

interface Host extends RuntimeContext {
  readonly logs: ControlLogs;
}

interface ResolversParts {
  readonly model: Model;
  readonly sys: Sys;
  readonly farm: FarmStates;
  readonly context: Host;
  /** Numbers of name servers (shared/segment/name-counters.ts). */
  readonly counters: SharedArrayBuffer;
}

/** Starts what the configuration has of it. */
function startResolvers(parts: ResolversParts): RunningResolvers {
  const { model, sys, context } = parts;
  const nowMs = (): number => Math.floor(context.stats.nowMs());
  return new RunningResolvers({
    model,
    servers: new ServerDirectory(parts),
    counters: parts.counters,
    nowMs,
    families: acceptedFamilies(model.global.dnsFamilies, sys, nowMs),
  });
}

const severityNotice = 5;

class ServerDirectory implements ServerHost {
  private readonly parts: ResolversParts;
  /** Of each server; whether an answer has given it its address. */
  private readonly lastMoves: WeakMap<ServerName, { readonly fromAnswer: boolean }>;

  constructor(parts: ResolversParts) {
    this.parts = parts;
    this.lastMoves = new WeakMap();
  }

  private modelOf({ proxyIndex, serverIndex }: ServerName): ServerModel {
    return this.parts.model.proxies[proxyIndex].servers[serverIndex];
  }

  private targetOf(server: ServerName): ServerTarget {
    const { proxyIndex, serverIndex } = server;
    const { model, farm } = this.parts;
    const name = `${model.proxies[proxyIndex].name}/${this.modelOf(server).name}`;
    return { proxyIndex, serverIndex, words: farm.servers[proxyIndex][serverIndex], name };
  }

  hostOf(server: ServerName): string {
    return this.modelOf(server).address.host;
  }

  move(server: ServerName, { host, port }: { host?: string; port?: number }, by: string): void {
    const { context } = this.parts;
    const model = this.modelOf(server);
    const plan: AddressPlan = {
      host: host ?? model.address.host,
      ...(port === undefined ? {} : { port: { isOffset: false, value: port } }),
    };
    const change = addressChange(model, plan);
    if (typeof change === 'string' || change.said === '') return;
    const target = this.targetOf(server);
    if (by !== '') {
      const text = `${target.name}: ${change.said} by '${by}'.`;
      context.report(server.proxyIndex, severityNotice, text);
    }
    const { address } = change;
    keepAddress(target.words, { ...model, address });
    const fromAnswer = host === undefined ? this.lastMoves.get(server)?.fromAnswer : by !== '';
    const move = { fromAnswer: fromAnswer === true };
    this.lastMoves.set(server, move);
    void context.fleet.renew(server.proxyIndex, server.serverIndex, { address }).then(() => {
      // Every thread knows where it is by now, unless it has moved on.
      if (this.lastMoves.get(server) !== move || address.host === '') return;
      setAddressKnown(context, target, move.fromAnswer);
    });
  }

  rename(server: ServerName, name: string, by: string): void {
    const { context } = this.parts;
    const { proxyIndex, serverIndex } = server;
    const before = this.modelOf(server).fqdn || '(null)';
    const { name: path, words } = this.targetOf(server);
    if (by !== '') {
      const text = `${path} changed its FQDN from ${before} to ${name} by '${by}'`;
      context.logs.proxyLine(proxyIndex, severityNotice, text);
      words.setAdmin(adminNameChanged, 0);
    }
    void context.fleet.renew(proxyIndex, serverIndex, { fqdn: name });
  }

  isLost(server: ServerName): boolean {
    const { words, at } = this.targetOf(server).words;
    return (words[at + serverAdmin] & adminResolutionMaint) !== 0;
  }

  lose(server: ServerName, why: string): void {
    setAddressLost(this.parts.context, this.targetOf(server), why);
  }

  setWeight(server: ServerName, weight: number): void {
    const target = this.targetOf(server);
    const { words, at } = target.words;
    if (words[at + serverWeight] !== weight) {
      setWeight(this.parts.context, target, `${weight}`);
    }
  }
}

const reachableMs = 30_000;
const namePort = 53;

/** `dns-accept-family`; whether IPv6 leads anywhere is looked at again every 30 seconds. */
function acceptedFamilies(
  wanted: Model['global']['dnsFamilies'],
  sys: Sys,
  nowMs: () => number,
): () => Families {
  const fixed = new Set(wanted.filter((family) => family !== 'auto'));
  if (!wanted.includes('auto')) return () => fixed;
  let known: Families = fixed;
  let untilMs = -1;
  return () => {
    if (nowMs() < untilMs) return known;
    untilMs = nowMs() + reachableMs;
    known = isIpv6Reachable(sys) ? new Set(['ipv4', 'ipv6']) : new Set(['ipv4']);
    return known;
  };
}

/** 2001:: is as good as any address that needs a route to the world. */
function isIpv6Reachable(sys: Sys): boolean {
  const fd = sys.socket(AF_INET6, SOCK_DGRAM, 0);
  if (fd < 0) return false;
  const to = sys.address();
  encodeAddress({ family: 'ipv6', host: '2001::', port: namePort }, to);
  const isReachable = sys.connect(fd, to) === 0;
  sys.close(fd);
  return isReachable;
}

/** The resolvers of the control thread: nothing runs before proxy threads serve. */
export class ResolversHost implements ResolversAccess {
  private running: RunningResolvers | null;
  private parts: ResolversParts | null;

  constructor() {
    this.running = null;
    this.parts = null;
  }

  begin({ start, sys, farm, nameCounters }: Given, context: Host): void {
    const parts = { model: start.model, sys, farm, context, counters: nameCounters };
    this.parts = parts;
    this.running = startResolvers(parts);
  }

  get sections(): RunningResolvers['sections'] {
    return this.running?.sections ?? [];
  }

  serverOf(proxyIndex: number, serverIndex: number): ServerName | undefined {
    return this.running?.serverOf(proxyIndex, serverIndex);
  }

  unreachable(proxyIndex: number, serverIndex: number): void {
    this.running?.unreachable(proxyIndex, serverIndex);
  }

  rename(proxyIndex: number, serverIndex: number, name: string): string {
    const server = this.serverOf(proxyIndex, serverIndex);
    if (server === undefined || this.parts === null) return '';
    const { context, model, farm } = this.parts;
    const proxy = model.proxies[proxyIndex];
    const { fqdn, name: own } = proxy.servers[serverIndex];
    if (fqdn === name) return 'no need to change the FDQN';
    if (name.length > nameMax || /[^A-Za-z0-9_.-]/.test(name)) return `invalid fqdn '${name}'`;
    const path = `${proxy.name}/${own}`;
    const question = questionName(name);
    if (question === null) return `could not update ${path} FQDN`;
    farm.servers[proxyIndex][serverIndex].setAdmin(adminNameChanged, 0);
    void context.fleet.renew(proxyIndex, serverIndex, { fqdn: name });
    server.rename(question);
    return `${path} changed its FQDN from ${fqdn || '(null)'} to ${name}`;
  }

  /** A rule of a proxy thread needs the addresses of a name: all threads get them. */
  answer({ section, prefer, name }: Extract<ThreadToControl, { type: 'resolve' }>): void {
    this.running?.lookUp({ section, prefer, name }, (found) =>
      this.parts?.context.broadcast({ type: 'resolved', section, prefer, name, ...found }),
    );
  }

  stop(): void {
    this.running?.leave();
  }

  close(): void {
    this.running?.close();
  }
}

const nameMax = 255;
