// One resolvers section at work: which questions are asked when, of all its name servers at once,
// and what follows from an answer or from none (manual 5.3.2). One timer. It knows nothing of
// servers: those are requesters.

import type { ResolversModel } from '../../shared/config/model-resolvers.ts';
import type { NameCounts } from '../../shared/segment/name-counters.ts';
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
  /** Of its name server at place `index`. */
  counters(index: number): NameCounts;
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
  /** All of them, by type and name. */
  private readonly known: Map<string, Resolution>;
  // Each resolution is in one of these; in the last three the one that is due first comes first.
  /** To be asked at once. */
  private readonly fresh: Set<Resolution>;
  /** Being asked. */
  private readonly current: Set<Resolution>;
  /** Asked again when `timeout resolve` has passed. */
  private readonly waiting: Set<Resolution>;
  /** Nobody wants to know any more; who comes within `hold valid` finds it. */
  private readonly kept: Set<Resolution>;
  private readonly byId: Map<number, Resolution>;
  private cancel: (() => void) | null;
  private dueMs: number;
  /** The process leaves: only what somebody waits for is asked. */
  private isLeaving: boolean;

  constructor(model: ResolversModel, host: SectionHost) {
    this.model = model;
    this.host = host;
    this.known = new Map();
    this.fresh = new Set();
    this.current = new Set();
    this.waiting = new Set();
    this.kept = new Set();
    this.byId = new Map();
    this.cancel = null;
    this.dueMs = 0;
    this.isLeaving = false;
    this.nameservers = model.nameservers.map(
      (one, index) =>
        new Nameserver(
          one,
          host.counters(index),
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
    const key = `${type} ${name}`;
    let resolution = this.known.get(key);
    if (resolution === undefined) {
      resolution = new Resolution(name, type, this.host.nowMs());
      this.known.set(key, resolution);
      this.fresh.add(resolution);
    } else if (this.kept.has(resolution) && (requester.isLasting || !this.isFresh(resolution))) {
      this.kept.delete(resolution);
      this.fresh.add(resolution);
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
    if (!isKept || this.model.hold.valid === 0) this.drop(resolution);
    else if (!resolution.isRunning) {
      this.waiting.delete(resolution);
      this.kept.add(resolution);
      this.plan();
    }
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
  hurry(resolution: Resolution): void {
    if (this.isFresh(resolution)) return;
    if (this.waiting.delete(resolution)) this.fresh.add(resolution);
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
    this.known.delete(`${resolution.preferred} ${resolution.name}`);
    this.byId.delete(resolution.id);
    for (const set of [this.fresh, this.current, this.waiting, this.kept]) set.delete(resolution);
  }

  // ---- asking ----

  /** Asks what is due, and gives up what has been asked too often. */
  run(): void {
    const nowMs = this.host.nowMs();
    // What is asked again goes to the end, and must not be due there.
    const retryMs = Math.max(1, this.model.retryMs);
    for (const resolution of this.current) {
      if (resolution.lastQueryMs + retryMs > nowMs) break;
      if (resolution.requesters.size === 0) this.drop(resolution);
      else this.repeat(resolution);
    }
    for (const resolution of this.kept) {
      if (this.validUntilMs(resolution) > nowMs) break;
      this.drop(resolution);
    }
    for (const resolution of this.waiting) {
      if (resolution.lastResolutionMs + this.model.resolveMs > nowMs) break;
      this.waiting.delete(resolution);
      this.fresh.add(resolution);
    }
    for (const resolution of this.fresh) this.awake(resolution, nowMs);
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
    this.fresh.delete(resolution);
    const id = this.isLeaving && isLasting(resolution) ? -1 : this.freeId();
    if (id < 0) {
      this.rest(resolution, nowMs);
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
    if (bytes.length > this.model.payloadBytes) counters.add('too_big');
    else if (id < 0) counters.add('invalid');
    else if (resolution === undefined) counters.add('outdated');
    else this.answered(resolution, nameserver, bytes);
    this.plan();
  }

  private answered(resolution: Resolution, nameserver: Nameserver, bytes: Buffer): void {
    const { families } = this;
    resolution.responses++;
    const reply = decodeReply(bytes, resolution.name, this.model.payloadBytes);
    resolution.status = statusOf[reply.verdict] ?? 'other';
    nameserver.counters.add(reply.verdict);
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
      if (requester.resolved(by) && by !== '') counters.add('update');
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
    this.current.delete(resolution);
    resolution.rest(nowMs);
    // It may have been dropped meanwhile.
    if (this.known.get(`${resolution.preferred} ${resolution.name}`) !== resolution) return;
    const { requesters, status } = resolution;
    if (requesters.size > 0) this.waiting.add(resolution);
    else if (status === 'valid') this.kept.add(resolution);
    else this.drop(resolution);
  }

  // ---- the timer ----

  private plan(): void {
    const { model, host } = this;
    const nowMs = host.nowMs();
    const [oldest] = this.current;
    const [waiting] = this.waiting;
    const [kept] = this.kept;
    let next = this.fresh.size > 0 ? nowMs : Number.POSITIVE_INFINITY;
    if (oldest !== undefined) next = Math.min(next, oldest.lastQueryMs + model.retryMs);
    if (waiting !== undefined) next = Math.min(next, waiting.lastResolutionMs + model.resolveMs);
    if (kept !== undefined) next = Math.min(next, this.validUntilMs(kept));
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

/** Nobody waits for it: it is asked to stay up to date. */
function isLasting({ requesters }: Resolution): boolean {
  for (const requester of requesters) if (!requester.isLasting) return false;
  return true;
}
