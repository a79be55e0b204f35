// From the queue of changed entries in a table (shared/segment/table-changes.ts) to the numbers
// that peers are sent. Proxy threads only fill the queue; the feed empties it on the control
// thread, woken by the first change and then a few milliseconds at a time.

import {
  hasChanges,
  queueChange,
  takeChanges,
  untilChanged,
  wakeWaiters,
} from '../../shared/segment/table-changes.ts';
import { entryChanged } from '../../shared/segment/table-layout.ts';
import type { SharedTable } from './shared-table.ts';

/** Entries taken under one lock. */
const entriesPerLock = 256;
/** Changes that come together are sent together. */
const gatherMs = 4;
/** Other processes cannot wake this one. */
const lookMs = 250;

export class Feed {
  private readonly shared: SharedTable;
  private readonly changed: () => void;
  private readonly taken: Int32Array;
  private isOver: boolean;

  /** `changed`: there are new numbers. */
  constructor(shared: SharedTable, changed: () => void) {
    this.shared = shared;
    this.changed = changed;
    this.taken = new Int32Array(entriesPerLock);
    this.isOver = false;
    void this.run();
  }

  /** Leaves what is in the queue to the next process. */
  stop(): void {
    this.isOver = true;
    wakeWaiters(this.shared.table);
  }

  private async run(): Promise<void> {
    const { table } = this.shared;
    while (!this.isOver) {
      await untilChanged(table, lookMs);
      if (this.isOver) return;
      if (hasChanges(table)) {
        this.takeAll();
        this.changed();
        await new Promise((resolve) => setTimeout(resolve, gatherMs).unref());
      }
    }
  }

  private takeAll(): void {
    const { table, log } = this.shared;
    for (let count = entriesPerLock; count === entriesPerLock; ) {
      table.enter();
      try {
        count = takeChanges(table, this.taken);
      } finally {
        table.leave();
      }
      for (let i = 0; i < count; i++) log.note(this.taken[i]);
    }
  }
}

/** Puts changes that a peer may not have got back into the queue, for the process that follows. */
export function putBack({ table, log }: SharedTable, afterId: number): void {
  const entries = log.entriesAfter(afterId);
  for (let from = 0; from < entries.length; from += entriesPerLock) {
    table.enter();
    try {
      for (const entry of entries.slice(from, from + entriesPerLock)) {
        const at = table.at(entry);
        if (table.words[at + entryChanged] === 0 && table.isUsed(entry))
          queueChange(table, entry, at);
      }
    } finally {
      table.leave();
    }
  }
}
