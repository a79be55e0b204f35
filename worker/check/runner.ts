// The health checks of a worker: when each server is checked, and what follows from it. One
// scheduler on the control thread; proxy threads see results through the servers' words. Started
// and stopped by the worker's control thread.

import { isGone, type ServerModel } from '../../shared/config/model.ts';
import { adminMaint, serverAdmin } from '../../shared/segment/server-state.ts';
import { checkStatusNumber } from '../../shared/segment/check-status.ts';
import { AgentCheck } from './agent-check.ts';
import { ExternalCheck } from './external.ts';
import { FarmChanges } from './farm.ts';
import { healthKind } from './health.ts';
import type { CheckHost, RunningChecks, Subject } from './host.ts';
import { plainPlan } from './plans.ts';
import type { RunResult } from './report.ts';
import { CheckRun } from './run.ts';
import { Probe, type Startable } from './probe.ts';
import { ServerSubject } from './subject.ts';
import { Warmups } from './warmup.ts';

/** Starts spread over the shortest long interval, so that not all servers are asked at once. */
const interLongMs = 1000;

/** Starts the checks of all servers that have one. Control thread; ends with `stop`. */
export function startChecks(host: CheckHost): RunningChecks {
  return new Scheduler(host);
}

class Scheduler implements RunningChecks {
  private readonly host: CheckHost;
  private readonly farm: FarmChanges;
  /** By "proxyIndex/serverIndex": a server's check, then its agent. */
  private readonly warmups: Warmups;
  private readonly probes: Map<string, readonly Startable[]>;

  constructor(host: CheckHost) {
    this.host = host;
    this.farm = new FarmChanges(host);
    this.probes = new Map();
    this.warmups = new Warmups(host, (subject) => this.farm.announce(subject, 'up', ''));
    this.farm.onStarting = (subject) => this.warmups.note(subject);
    host.model.proxies.forEach((proxy, proxyIndex) => {
      if (proxy.disabled) return;
      for (const serverIndex of proxy.servers.keys()) {
        this.add({ proxyIndex, serverIndex });
        this.warmups.note({ proxyIndex, serverIndex });
      }
    });
    begin([...this.probes.values()].flat(), host);
  }

  private add(subject: Subject): readonly Startable[] {
    const { host, farm } = this;
    const { proxyIndex, serverIndex } = subject;
    const model = host.model.proxies[proxyIndex].servers[serverIndex];
    const probes: Startable[] = [];
    if (isGone(model)) return probes;
    if (model.check && model.track === '') probes.push(healthProbe(host, farm, subject, model));
    if (model.agent.enabled) probes.push(new AgentCheck(host, farm, subject));
    if (probes.length > 0) this.probes.set(`${proxyIndex}/${serverIndex}`, probes);
    return probes;
  }

  follow(proxyIndex: number, serverIndex: number): void {
    const { words, at } = this.host.server(proxyIndex, serverIndex);
    if ((words[at + serverAdmin] & adminMaint) !== 0) {
      for (const probe of this.probes.get(`${proxyIndex}/${serverIndex}`) ?? [])
        probe.forgetIdle?.();
    }
    this.farm.follow(proxyIndex, serverIndex);
    this.warmups.note({ proxyIndex, serverIndex });
    this.farm.endStreams({ proxyIndex, serverIndex });
    this.farm.endBackups({ proxyIndex, serverIndex });
  }

  observed(proxyIndex: number, serverIndex: number, text: string): void {
    const probes = this.probes.get(`${proxyIndex}/${serverIndex}`) ?? [];
    for (const probe of probes) probe.observed?.(text);
  }

  serverChanged(proxyIndex: number, serverIndex: number, exists: boolean): void {
    const key = `${proxyIndex}/${serverIndex}`;
    this.farm.findTrackers();
    for (const probe of this.probes.get(key) ?? []) probe.stop();
    this.probes.delete(key);
    if (!exists) return;
    for (const probe of this.add({ proxyIndex, serverIndex })) probe.begin(0);
  }

  stop(): void {
    this.warmups.stop();
    for (const probes of this.probes.values()) for (const probe of probes) probe.stop();
  }
}

const socketError = checkStatusNumber('SOCKERR');

function healthProbe(
  host: CheckHost,
  farm: FarmChanges,
  subject: Subject,
  model: ServerModel,
): Startable {
  const { proxyIndex } = subject;
  const isExternal =
    model.checks.healthcheck === '' &&
    host.model.proxies[proxyIndex].check.kind === 'external-check';
  const probe = new Probe({ host, farm, subject, kind: healthKind, interMs: model.interMs });
  if (isExternal) {
    probe.asks(new ExternalCheck(host, subject, (result) => probe.ended(result)));
    return probe;
  }
  const plan = host.program.checks.planOf(proxyIndex, model.checks.healthcheck) ?? plainPlan;
  const done = (result: RunResult): void => probe.ended(result);
  const server = new ServerSubject(host, subject, false);
  const run = new CheckRun(host.stage, server, plan, done);
  const guarded = {
    start: () => {
      try {
        run.start();
      } catch (error) {
        run.stop();
        probe.ended({ status: socketError, info: String(error), code: 0 });
      }
    },
    stop: () => run.stop(),
    forgetIdle: () => server.forgetIdle(),
  };
  probe.asks(guarded);
  return probe;
}

function begin(probes: readonly Startable[], host: CheckHost): void {
  const long = probes.map(({ interMs }) => interMs).filter((interMs) => interMs >= interLongMs);
  const window = long.length > 0 ? Math.min(...long) : 0;
  const { spreadChecks, maxSpreadChecksMs } = host.model.global;
  probes.forEach((probe, position) => {
    const reach = (probe.interMs * spreadChecks) / 100;
    let spanMs = Math.max(window, probe.interMs) + reach - 2 * reach * host.random();
    if (maxSpreadChecksMs > 0) spanMs = Math.min(spanMs, maxSpreadChecksMs);
    probe.begin((spanMs * position) / probes.length);
  });
}
