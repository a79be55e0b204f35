// Slow start: the weight of a server that has come up grows from little to all of it, a step a
// second (manual 5.2, slowstart). The part in effect is a word of the server, which balancing
// reads. Control thread only.

import {
  serverChangedAt,
  serverState,
  serverThrottle,
  stateRunning,
  stateStarting,
} from '../../shared/segment/server-state.ts';
import type { Timed } from '../loop/timers.ts';
import type { CheckHost, Subject } from './host.ts';

const stepMs = 1000;

/** The slow starts that are under way. */
export class Warmups {
  private readonly host: CheckHost;
  /** Called when one has reached its full weight. */
  private readonly done: (subject: Subject) => void;
  private readonly running: Map<string, Warmup>;

  constructor(host: CheckHost, done: (subject: Subject) => void) {
    this.host = host;
    this.done = done;
    this.running = new Map();
  }

  /** Begins when the server is starting; goes on with what another generation has begun. */
  note(subject: Subject): void {
    const { host } = this;
    const { words, at } = host.server(subject.proxyIndex, subject.serverIndex);
    const key = `${subject.proxyIndex}/${subject.serverIndex}`;
    if (words[at + serverState] !== stateStarting || this.running.has(key)) return;
    const warmup = new Warmup(host, subject, (isWarm) => {
      this.running.delete(key);
      if (isWarm) this.done(subject);
    });
    this.running.set(key, warmup);
    warmup.onTimeout();
  }

  stop(): void {
    for (const warmup of this.running.values()) this.host.stage.timers.remove(warmup);
    this.running.clear();
  }
}

class Warmup implements Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  private readonly host: CheckHost;
  private readonly subject: Subject;
  private readonly ended: (isWarm: boolean) => void;

  constructor(host: CheckHost, subject: Subject, ended: (isWarm: boolean) => void) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.host = host;
    this.subject = subject;
    this.ended = ended;
  }

  onTimeout(): void {
    const { host, subject } = this;
    const { proxyIndex, serverIndex } = subject;
    const server = host.server(proxyIndex, serverIndex);
    const { words, at } = server;
    if (words[at + serverState] !== stateStarting) {
      // It went down again, or somebody has decided otherwise.
      server.set(serverThrottle, 100);
      this.ended(false);
      return;
    }
    const { slowstartMs } = host.model.proxies[proxyIndex].servers[serverIndex].checks;
    const nowSeconds = Math.floor(host.nowMs() / 1000);
    const passedMs = (nowSeconds - words[at + serverChangedAt]) * 1000;
    const percent = slowstartMs === 0 ? 100 : Math.floor((100 * passedMs) / slowstartMs);
    server.set(serverThrottle, Math.min(100, Math.max(1, percent)));
    if (percent >= 100) {
      server.setState(stateRunning, nowSeconds);
      this.ended(true);
    } else host.stage.timers.schedule(this, host.stage.time.nowMs + stepMs);
    host.changed(proxyIndex);
  }
}
