// One resolvers section at work: which questions are asked when, of all its name servers at once,
// and what follows from an answer or from none (manual 5.3.2). One timer. It knows nothing of
// servers: those are requesters.

import type { ResolversModel } from '../../shared/config/model-resolvers.ts';
import { decodeReply, encodeQuestion, messageId, type QuestionType } from './message.ts';
import { Nameserver, type Link, type LinkEvents } from './nameserver.ts';
import type { Families } from './records.ts';
import { type Requester, Resolution, type Status } from './resolution.ts';

export interface SectionHost {
  nowMs(): number;
  /** Calls once, later; the function that comes back prevents it. */
  after(ms: number, act: () => void): () => void;
  /** Uniform in [0, 1). */
  random(): number;
  /** Families that are asked at present. */
  families(): Families;
  open(model: ResolversModel['nameservers'][number], events: LinkEvents): Link;
}

const idTries = 100;
const ids = 65_536;

const statusOf: Readonly<Record<string, Status>> = {
  valid: 'valid',
  nx: 'nx',
  refused: 'refused',
};

export class Section {
  readonly model: ResolversModel;
  readonly nameservers: readonly Nameserver[];
  private readonly host: SectionHost;
  /** Being asked, the longest ago first. */
  private readonly current: Set<Resolution>;
  private readonly waiting: Set<Resolution>;
  private readonly byId: Map<number, Resolution>;
  private cancel: (() => void) | null;
  private dueMs: number;
  /** The process leaves: only what somebody waits for is asked. */
  private isLeaving: boolean;

  constructor(model: ResolversModel, host: SectionHost) {
    this.model = model;
    this.host = host;
    this.current = new Set();
    this.waiting = new Set();
    this.byId = new Map();
    this.cancel = null;
    this.dueMs = 0;
    this.isLeaving = false;
    this.nameservers = model.nameservers.map(
      (one) =>
        new Nameserver(
          one,
          (...link) => host.open(...link),
          (nameserver, bytes) => this.received(nameserver, bytes),
        ),
    );
  }

  get families(): Families {
    return this.host.families();
  }

  /** The type that a question of this preference begins with. */
  typeFor(prefer: 'ipv4' | 'ipv6'): QuestionType {
    const { families } = this;
    if (!families.has('ipv6')) return 'A';
    if (!families.has('ipv4')) return 'AAAA';
    return prefer === 'ipv4' ? 'A' : 'AAAA';
  }

  /** From now on the requester hears of the answers. */
  join(requester: Requester, name: string, type: QuestionType): Resolution {
    const all = [...this.current, ...this.waiting];
    let resolution = all.find((one) => one.name === name && one.preferred === type);
    if (resolution === undefined) {
      resolution = new Resolution(name, type, this.host.nowMs());
      this.waiting.add(resolution);
    }
    resolution.requesters.add(requester);
    requester.resolution = resolution;
    return resolution;
  }

  /** A valid answer that somebody waited for is kept for `hold valid`. */
  leave(requester: Requester): void {
    const { resolution } = requester;
    if (resolution === null) return;
    requester.resolution = null;
    resolution.requesters.delete(requester);
    if (resolution.requesters.size > 0) return;
    const isKept = !requester.isLasting && resolution.status === 'valid';
    if (isKept && this.model.hold.valid > 0) {
      if (resolution.lastResolutionMs === 0) resolution.lastResolutionMs = this.host.nowMs();
      this.plan();
    } else this.drop(resolution);
  }

  /** An answer is known that is not older than `hold valid`. */
  isFresh(resolution: Resolution): boolean {
    const { status, isRunning, lastResolutionMs } = resolution;
    if (status !== 'valid' || isRunning || lastResolutionMs === 0) return false;
    return this.validUntilMs(resolution) > this.host.nowMs();
  }

  /** Until when a valid answer counts; one that has just come begins to. */
  validUntilMs({ isRunning, lastResolutionMs }: Resolution): number {
    const fromMs = isRunning ? this.host.nowMs() : lastResolutionMs;
    return fromMs + this.model.hold.valid;
  }

  /** No valid answer has come for as long as `hold` of its status says. */
  isPastHold({ status, lastValidMs }: Resolution): boolean {
    if (status === 'none') return false;
    if (status === 'valid') return true;
    return lastValidMs + this.model.hold[status] <= this.host.nowMs();
  }

  /** Calls when a first resolution must have ended; the function that comes back prevents it. */
  afterFirstAnswers(act: () => void): () => void {
    const { resolveMs, retries, retryMs } = this.model;
    return this.host.after(resolveMs + retries * retryMs, act);
  }

  /** Somebody needs an answer soon. */
  hurry(resolution: Resolution, isLasting: boolean): void {
    if (this.isFresh(resolution)) return;
    if (!resolution.isRunning && isLasting) resolution.lastResolutionMs = 0;
    this.run();
  }

  leaveProcess(): void {
    this.isLeaving = true;
  }

  close(): void {
    this.cancel?.();
    this.cancel = null;
    for (const nameserver of this.nameservers) nameserver.close();
  }

  private drop(resolution: Resolution): void {
    this.byId.delete(resolution.id);
    this.current.delete(resolution);
    this.waiting.delete(resolution);
  }

  // ---- asking ----

  /** Asks what is due, and gives up what has been asked too often. */
  run(): void {
    const nowMs = this.host.nowMs();
    for (const resolution of [...this.current]) {
      if (resolution.requesters.size === 0) this.drop(resolution);
      else if (resolution.lastQueryMs + this.model.retryMs > nowMs) break;
      else this.repeat(resolution);
    }
    for (const resolution of [...this.waiting]) this.awake(resolution, nowMs);
    this.plan();
  }

  private repeat(resolution: Resolution): void {
    if (resolution.triesLeft === 0) {
      if (resolution.responses === 0) resolution.status = 'timeout';
      this.giveUp(resolution);
      return;
    }
    const { alternative, preferred } = resolution;
    const isDone = resolution.responses === 0 || preferred !== resolution.type;
    if (!isDone && alternative !== '' && this.isAccepted(alternative)) {
      resolution.type = alternative;
    } else {
      resolution.type = preferred;
      resolution.triesLeft--;
    }
    this.ask(resolution);
  }

  private isAccepted(type: QuestionType): boolean {
    return this.families.has(type === 'A' ? 'ipv4' : 'ipv6');
  }

  private awake(resolution: Resolution, nowMs: number): void {
    const { requesters, lastResolutionMs } = resolution;
    if (requesters.size === 0) {
      const isOld = lastResolutionMs + this.model.hold.valid <= nowMs;
      if (isOld) this.drop(resolution);
      return;
    }
    if (this.isLeaving && [...requesters].every(({ isLasting }) => isLasting)) {
      resolution.rest(nowMs);
      return;
    }
    if (lastResolutionMs !== 0 && lastResolutionMs + this.model.resolveMs > nowMs) return;
    this.start(resolution);
  }

  private start(resolution: Resolution): void {
    const id = this.freeId();
    if (id < 0) {
      resolution.lastResolutionMs = this.host.nowMs();
      return;
    }
    resolution.id = id;
    resolution.isRunning = true;
    resolution.type = resolution.preferred;
    resolution.triesLeft = this.model.retries - 1;
    this.byId.set(id, resolution);
    this.ask(resolution);
  }

  private freeId(): number {
    for (let i = 0; i < idTries; i++) {
      const id = Math.floor(this.host.random() * ids);
      if (!this.byId.has(id)) return id;
    }
    return -1;
  }

  /** Of all name servers at once. */
  private ask(resolution: Resolution): void {
    resolution.queries = 0;
    resolution.responses = 0;
    resolution.lastQueryMs = this.host.nowMs();
    this.waiting.delete(resolution);
    this.current.delete(resolution);
    this.current.add(resolution);
    const bytes = encodeQuestion(resolution, this.model.payloadBytes);
    for (const nameserver of this.nameservers) {
      if (nameserver.ask(bytes)) resolution.queries++;
    }
  }

  // ---- answers ----

  private received(nameserver: Nameserver, bytes: Buffer): void {
    const { counters } = nameserver;
    const id = messageId(bytes);
    const resolution = this.byId.get(id);
    if (bytes.length > this.model.payloadBytes) counters.too_big++;
    else if (id < 0) counters.invalid++;
    else if (resolution === undefined) counters.outdated++;
    else this.answered(resolution, nameserver, bytes);
    this.plan();
  }

  private answered(resolution: Resolution, nameserver: Nameserver, bytes: Buffer): void {
    const { families } = this;
    resolution.responses++;
    const reply = decodeReply(bytes, resolution.name, this.model.payloadBytes);
    resolution.status = statusOf[reply.verdict] ?? 'other';
    nameserver.counters[reply.verdict]++;
    if (reply.verdict === 'valid') {
      const nowMs = this.host.nowMs();
      resolution.records.note(reply, families, nowMs);
      this.succeed(resolution, nameserver, nowMs);
      return;
    }
    // The others may have a better answer.
    if (resolution.responses < resolution.queries) return;
    if (resolution.preferred !== resolution.type) {
      if (resolution.triesLeft === 0) this.giveUp(resolution);
    } else if (families.size > 1 && resolution.alternative !== '') {
      resolution.type = resolution.alternative;
      this.ask(resolution);
    }
  }

  private succeed(resolution: Resolution, { model, counters }: Nameserver, nowMs: number): void {
    resolution.lastValidMs = nowMs;
    this.settleRecords(resolution, nowMs);
    let by = `${this.model.name}/${model.name}`;
    for (const requester of [...resolution.requesters]) {
      // Those after the first have it from the cache.
      if (requester.resolved(by) && by !== '') counters.update++;
      by = '';
    }
    this.rest(resolution, nowMs);
  }

  private settleRecords(resolution: Resolution, nowMs: number): void {
    const gone = resolution.records.expire(this.model.hold.obsolete, nowMs);
    for (const requester of [...resolution.requesters]) requester.serviced?.(gone);
  }

  private giveUp(resolution: Resolution): void {
    let isKept = false;
    for (const requester of [...resolution.requesters]) {
      if (requester.failed()) isKept = true;
    }
    if (!isKept) resolution.records.clear();
    this.rest(resolution, this.host.nowMs());
  }

  private rest(resolution: Resolution, nowMs: number): void {
    this.byId.delete(resolution.id);
    resolution.rest(nowMs);
    // Nobody may want to know any more by now.
    if (this.current.delete(resolution)) this.waiting.add(resolution);
  }

  // ---- the timer ----

  private plan(): void {
    const { model, host } = this;
    const nowMs = host.nowMs();
    let next = Number.POSITIVE_INFINITY;
    const [oldest] = this.current;
    if (oldest !== undefined) {
      next = Math.min(nowMs + model.resolveMs, oldest.lastQueryMs + model.retryMs);
    }
    for (const { requesters, lastResolutionMs } of this.waiting) {
      const restMs = requesters.size > 0 ? model.resolveMs : model.hold.valid;
      next = Math.min(next, lastResolutionMs + restMs);
    }
    if (next === this.dueMs && this.cancel !== null) return;
    this.cancel?.();
    this.cancel = null;
    this.dueMs = next;
    if (next === Number.POSITIVE_INFINITY) return;
    this.cancel = host.after(Math.max(1, next - nowMs), () => {
      this.cancel = null;
      this.run();
    });
  }
}
