// One name server of a section: its counters (shared/segment/name-counters.ts) and the link that
// questions go through. Links: datagram-link.ts, stream-link.ts.

import type { NameCounts } from '../../shared/segment/name-counters.ts';
import type { NameserverModel } from '../../shared/config/model-resolvers.ts';

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
  readonly counters: NameCounts;
  private readonly link: Link;

  constructor(
    model: NameserverModel,
    counters: NameCounts,
    open: (model: NameserverModel, events: LinkEvents) => Link,
    received: (nameserver: Nameserver, bytes: Buffer) => void,
  ) {
    this.model = model;
    this.counters = counters;
    this.link = open(model, {
      sent: () => this.counters.add('sent'),
      failed: () => this.counters.add('snd_error'),
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
