// One server as its checks see it: where they connect, how long they may take, and what they tell
// it about itself. Control thread only.

import type { AddressModel, ProxyModel, ServerModel } from '../../shared/config/model.ts';
import {
  adminMaint,
  checkEnabled,
  type ServerWords,
  serverAdmin,
  serverCheckFlags,
  serverFall,
  serverHealth,
  serverRise,
  serverState,
  serverThrottle,
  stateStarting,
  stateStopped,
  stateStopping,
} from '../../shared/segment/server-state.ts';
import { type SocketPlan, socketPlan } from '../conn/connector.ts';
import { serverOptions } from '../conn/socket-options.ts';
import type { ProxyPlan } from '../program.ts';
import type { Stream } from '../stream/stream.ts';
import { type CheckRoute, Router } from './connect.ts';
import type { CheckHost, Subject } from './host.ts';
import { CheckPool, mayReuse } from './idle.ts';
import type { ConnectStep } from './plan.ts';
import type { RunSubject } from './stage.ts';

export class ServerSubject implements RunSubject {
  readonly model: ServerModel;
  readonly proxy: ProxyPlan;
  readonly serverIndex: number;
  readonly connectTimeoutMs: number;
  readonly checkTimeoutMs: number;
  private readonly host: CheckHost;
  private readonly subject: Subject;
  private readonly isAgent: boolean;
  private readonly words: ServerWords;
  private readonly router: Router;
  /** Idle connections that its HTTP checks may use, null: it has its own. */
  private readonly pool: CheckPool | null;

  constructor(host: CheckHost, subject: Subject, isAgent: boolean) {
    const { proxyIndex, serverIndex } = subject;
    const proxy = host.model.proxies[proxyIndex];
    const model = proxy.servers[serverIndex];
    this.host = host;
    this.subject = subject;
    this.isAgent = isAgent;
    this.model = model;
    this.serverIndex = serverIndex;
    this.proxy = host.program.proxies[proxyIndex];
    this.words = host.server(proxyIndex, serverIndex);
    const interMs = isAgent ? model.agent.interMs || model.interMs : model.interMs;
    const { check, connect } = proxy.timeouts;
    // timeout check leaves connecting the shorter of timeout connect and the interval (manual 4.2).
    this.connectTimeoutMs = check > 0 && connect > 0 ? Math.min(interMs, connect) : interMs;
    this.checkTimeoutMs = Math.max(0, check);
    const place =
      isAgent || !mayReuse(proxy, model) ? null : host.idlePlace(proxyIndex, serverIndex);
    this.pool = place === null ? null : new CheckPool(host.stage, proxy, model, place);
    this.router = new Router({
      sys: host.sys,
      model,
      room: host.stage,
      neverSaysLocal: host.model.global.ppNeverSendLocal,
      socket: this.socketPlan(proxy, false),
      socks: model.socket.socks4 === null ? null : this.socketPlan(proxy, true),
      isAgent,
      pool: this.pool,
      address: () => this.probeAddress(),
      port: () => this.probePort(),
      serverAddress: () => model.address,
      tlsFor: (alpn) => host.tlsFor(model, alpn),
    });
  }

  private socketPlan(proxy: ProxyModel, usesSocks: boolean): SocketPlan {
    const { host, model } = this;
    return socketPlan(host.sys, {
      source: model.source ?? proxy.source,
      options: serverOptions({
        model: proxy,
        tune: host.model.global.tune,
        userTimeoutMs: model.checks.reusePool ? model.tcpUtMs : 0,
      }),
      resetsOnClose: false,
      fastOpen: false,
      socket: model.socket,
      usesSocks,
      namespaces: host.namespaces,
      portShare: 0,
    });
  }

  private probeAddress(): AddressModel | null {
    return this.isAgent ? this.model.agent.address : this.model.checkAddress;
  }

  private probePort(): number {
    const { agent, checkPort } = this.model;
    return this.isAgent ? agent.port || checkPort : checkPort;
  }

  routeOf(step: ConnectStep, stream: Stream): CheckRoute {
    return this.router.routeOf(step, stream);
  }

  /** Nothing of what its checks left idle may be used any more. */
  forgetIdle(): void {
    this.pool?.clear();
  }

  /** What the agent is sent, as it is now. */
  agentText(): string {
    return this.model.agent.send;
  }

  isStopped(): boolean {
    const { words, at } = this.words;
    if ((words[at + serverAdmin] & adminMaint) !== 0) return true;
    return words[at + serverState] === stateStopped;
  }

  /** `UP 2/3; address=...; port=...; name=b/s; node=...; weight=1/2; scur=0/0; qcur=0`. */
  stateText(): string {
    const { host, model, words: server } = this;
    const { proxyIndex, serverIndex } = this.subject;
    const backend = host.model.proxies[proxyIndex];
    const { address } = model;
    const isInternet = address.family === 'ipv4' || address.family === 'ipv6';
    const { sessions, queued } = host.load(proxyIndex, serverIndex);
    let total = 0;
    let served = 0;
    for (const index of backend.servers.keys()) {
      total += host.server(proxyIndex, index).effectiveWeight();
      served += host.load(proxyIndex, index).sessions;
    }
    const state = server.words[server.at + serverState];
    const throttle =
      state === stateStarting ? `; throttle=${server.words[server.at + serverThrottle]}%` : '';
    return (
      `${this.stateName(state)}; address=${address.host}; port=${isInternet ? address.port : ''}; ` +
      `name=${backend.name}/${model.name}; node=${host.model.global.node}; ` +
      `weight=${server.effectiveWeight()}/${total}; scur=${sessions}/${served}; ` +
      `qcur=${queued}${throttle}`
    );
  }

  private stateName(state: number): string {
    const { words, at } = this.words;
    if ((words[at + serverCheckFlags] & checkEnabled) === 0) return 'no check';
    const health = words[at + serverHealth];
    const rise = words[at + serverRise];
    const fall = words[at + serverFall];
    if (state === stateStopped) return health > 0 ? `DOWN ${health}/${rise}` : 'DOWN';
    const name = state === stateStopping ? 'NOLB' : 'UP';
    return health === rise + fall - 1 ? name : `${name} ${health - rise + 1}/${fall}`;
  }
}
