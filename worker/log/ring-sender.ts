// Log lines on their way into a ring (manual 12.5). What a ring does not take, because a log server
// is slow, is counted, and told in the ring itself as soon as it takes lines again.

import type { EventRing } from '../../shared/segment/event-ring.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import type { LineBuffer } from './line.ts';
import { LineBatch } from './line-batch.ts';
import type { LogSink } from './sink.ts';

export class RingSender implements LogSink {
  dropped: number;
  counted: number;
  private readonly ring: EventRing;
  private readonly batch: LineBatch;

  constructor(ring: EventRing) {
    this.ring = ring;
    this.dropped = 0;
    this.counted = 0;
    this.batch = new LineBatch();
  }

  get count(): number {
    return this.batch.count;
  }

  begin(sys: Sys, length: number): LineBuffer {
    if (!this.batch.hasRoom(length)) this.flush();
    return this.batch.begin(sys, length);
  }

  commit(line: LineBuffer): void {
    this.batch.commit(line);
  }

  flush(): void {
    const { batch, ring } = this;
    if (batch.count === 0) return;
    const { startAt, lengths, region } = batch;
    for (let i = 0; i < batch.count; i++) {
      if (ring.refused > 0) this.tellRefused(i);
      // Whoever reads the ring ends the lines.
      if (!ring.write(region.bytes, startAt[i], lengths[i] - 1)) this.dropped++;
    }
    batch.clear();
    ring.wake();
  }

  /** In the words and with the header of line `index`, at level notice. */
  private tellRefused(index: number): void {
    const { batch, ring } = this;
    const at = batch.startAt[index];
    const header = Buffer.from(batch.region.bytes.subarray(at, at + batch.headers[index]));
    const refused = ring.takeRefused();
    const told = refused === 1 ? '1 event dropped' : `${refused} events dropped`;
    const text = Buffer.from(atNotice(header.toString('latin1')) + told, 'latin1');
    // Only together with the line: else many such records would take the room of one.
    const fits = ring.fits(text.length + batch.lengths[index]);
    if (!fits) ring.refuse(refused);
    else if (!ring.write(text, 0, text.length)) ring.refuse(refused - 1);
  }

  close(): void {
    // A ring outlives whoever writes to it.
  }
}

const levelNotice = 5;

/** A header with the priority `<N>` of the same facility at level notice. */
function atNotice(header: string): string {
  return header.replace(/^<(\d+)>/, (_all, priority: string) => {
    return `<${(Number(priority) & ~7) | levelNotice}>`;
  });
}
