// One name server of a section: its counters (management.txt 9.3, show resolvers) and the link that
// questions go through. Links: datagram-link.ts, stream-link.ts.

import type { NameserverModel } from '../../shared/config/model-resolvers.ts';

export const counterNames = [
  'sent',
  'snd_error',
  'valid',
  'update',
  'cname',
  'cname_error',
  'any_err',
  'nx',
  'timeout',
  'refused',
  'other',
  'invalid',
  'too_big',
  'truncated',
  'outdated',
] as const;

export type CounterName = (typeof counterNames)[number];

/** What becomes of questions. */
export interface LinkEvents {
  sent(): void;
  failed(): void;
  received(bytes: Buffer): void;
}

/** The way to a name server. */
export interface Link {
  /** False: it cannot be sent. */
  send(bytes: Buffer): boolean;
  close(): void;
}

export class Nameserver {
  readonly model: NameserverModel;
  readonly counters: Record<CounterName, number>;
  private readonly link: Link;

  constructor(
    model: NameserverModel,
    open: (model: NameserverModel, events: LinkEvents) => Link,
    received: (nameserver: Nameserver, bytes: Buffer) => void,
  ) {
    this.model = model;
    const zeros = counterNames.map((name) => [name, 0] as const);
    // Every name has just been given its zero.
    this.counters = Object.fromEntries(zeros) as Record<CounterName, number>;
    this.link = open(model, {
      sent: () => void this.counters.sent++,
      failed: () => void this.counters.snd_error++,
      received: (bytes) => received(this, bytes),
    });
  }

  ask(bytes: Buffer): boolean {
    return this.link.send(bytes);
  }

  close(): void {
    this.link.close();
  }
}
