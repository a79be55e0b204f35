// One question that is asked again and again: who wants to know, what the answers have said, and
// how far the asking is. The section (section.ts) moves it through its states.

import type { QuestionType } from './message.ts';
import { Records, type ServiceItem } from './records.ts';

/** Outcome of the last resolution, by the kinds of `hold`. */
export type Status = 'none' | 'valid' | 'nx' | 'refused' | 'timeout' | 'other';

/** Whoever wants to know; called by the section. */
export interface Requester {
  /** It is asked as often as `timeout resolve` says; others once. */
  readonly isLasting: boolean;
  resolution: Resolution | null;
  /** A valid answer has been noted. `by`: the name server, '' for all but the first requester. */
  resolved(by: string): boolean;
  /** There is no valid answer; false: what was known is of no use any more. */
  failed(): boolean;
  /** Services have been noted before `resolved`; those of `gone` are in no answer any more. */
  serviced?(gone: readonly ServiceItem[]): void;
}

export class Resolution {
  readonly name: string;
  readonly preferred: QuestionType;
  readonly requesters: Set<Requester>;
  readonly records: Records;
  status: Status;
  isRunning: boolean;
  /** Type of the question that is asked now. */
  type: QuestionType;
  id: number;
  triesLeft: number;
  /** Questions sent and answers come since the last question. */
  queries: number;
  responses: number;
  lastQueryMs: number;
  /** 0: never. */
  lastResolutionMs: number;
  lastValidMs: number;

  constructor(name: string, preferred: QuestionType, nowMs: number) {
    this.name = name;
    this.preferred = preferred;
    this.requesters = new Set();
    this.records = new Records();
    this.status = 'none';
    this.isRunning = false;
    this.type = preferred;
    this.id = -1;
    this.triesLeft = 0;
    this.queries = 0;
    this.responses = 0;
    this.lastQueryMs = 0;
    this.lastResolutionMs = 0;
    this.lastValidMs = nowMs;
  }

  /** The asking is over at present. */
  rest(nowMs: number): void {
    this.isRunning = false;
    this.triesLeft = 0;
    this.lastResolutionMs = nowMs;
    this.queries = 0;
    this.responses = 0;
    this.type = this.preferred;
    this.id = -1;
  }

  /** The other family, '' where there is none. */
  get alternative(): QuestionType | '' {
    if (this.preferred === 'A') return 'AAAA';
    return this.preferred === 'AAAA' ? 'A' : '';
  }
}
