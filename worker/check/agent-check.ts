// Asks the agent of one server and does what it says. Control thread only.

import {
  checkEnabled,
  serverAgentFlags,
  serverAgentHealth,
  serverAgentStatus,
} from '../../shared/segment/server-state.ts';
import { statusChecked } from '../../shared/segment/check-status.ts';
import { agentPlan, agentResult, parseAgentLine, unfinished } from './agent.ts';
import type { FarmChanges } from './farm.ts';
import { agentKind } from './health.ts';
import type { CheckHost, Subject } from './host.ts';
import { Probe, type Startable } from './probe.ts';
import type { RunResult } from './report.ts';
import { CheckRun } from './run.ts';
import { ServerSubject } from './subject.ts';

export class AgentCheck implements Startable {
  readonly interMs: number;
  private readonly host: CheckHost;
  private readonly subject: Subject;
  private readonly probe: Probe;

  constructor(host: CheckHost, farm: FarmChanges, subject: Subject) {
    const model = host.model.proxies[subject.proxyIndex].servers[subject.serverIndex];
    this.host = host;
    this.subject = subject;
    this.interMs = model.agent.interMs || model.interMs;
    this.probe = new Probe({ host, farm, subject, kind: agentKind, interMs: this.interMs });
    const server = new ServerSubject(host, subject, true);
    const plan = agentPlan(() => server.agentText());
    this.probe.asks(new CheckRun(host.stage, server, plan, (result) => this.ended(result)));
  }

  begin(delayMs: number): void {
    this.probe.begin(delayMs);
  }

  stop(): void {
    this.probe.stop();
  }

  private ended(result: RunResult): void {
    const { words, at } = this.probe.words;
    // Disabled meanwhile: what it says does not count any more.
    const isAsked = (words[at + serverAgentFlags] & checkEnabled) !== 0;
    if (result.status !== statusChecked) this.probe.ended(result);
    else if (!isAsked) this.probe.ended({ status: statusChecked, info: '', code: 0 });
    else if (result.code === unfinished) {
      const info = 'Ignoring incomplete line from agent';
      this.probe.ended({ status: words[at + serverAgentStatus], info, code: 0 });
    } else this.probe.ended({ ...this.obey(result.info), code: 0 });
  }

  private obey(line: string): { status: number; info: string } {
    const { host, probe } = this;
    const { proxyIndex, serverIndex } = this.subject;
    const reply = parseAgentLine(line);
    const { words, at } = probe.words;
    if (reply.health !== '') words[at + serverAgentHealth] = reply.health === 'up' ? 1 : 0;
    // The administrative state first, so that the rest finds the server as it will be.
    if (reply.admin !== '') host.administer(proxyIndex, serverIndex, reply.admin);
    let warning = '';
    if (reply.weight !== '') warning = host.setWeight(proxyIndex, serverIndex, reply.weight);
    if (reply.maxconn !== '') {
      warning = warning || host.setMaxconn(proxyIndex, serverIndex, reply.maxconn);
    }
    return agentResult(reply, warning);
  }
}
