// Entries of a stick table that changed here and that peers have to hear of: a queue through the
// entries themselves, so it has room for all of them, holds each one once, and outlives the process
// that filled it. Filled by whoever changes an entry, emptied by the control thread that speaks to
// peers; both under the table's lock. Peers are sent what an entry holds when its turn comes.
//
//   entry word 7   0 not waiting, 1 the last one, else the next one's number + 2

import type { StickTable } from './stick-table.ts';
import { entryChanged, tableFirstChange, tableLastChange } from './table-layout.ts';

/** `at`: the entry's first word. It must not be waiting already. Hot path. */
export function queueChange(table: StickTable, entry: number, at: number): void {
  const { words, header } = table;
  const last = words[header + tableLastChange];
  words[at + entryChanged] = 1;
  words[header + tableLastChange] = entry + 1;
  if (last === 0) {
    Atomics.store(words, header + tableFirstChange, entry + 1);
    Atomics.notify(words, header + tableFirstChange);
  } else {
    words[table.at(last - 1) + entryChanged] = entry + 2;
  }
}

/** Takes changed entries out of the queue, at most as many as fit; how many there were. */
export function takeChanges(table: StickTable, into: Int32Array): number {
  const { words, header } = table;
  let entry = words[header + tableFirstChange] - 1;
  let count = 0;
  while (entry >= 0 && count < into.length) {
    const at = table.at(entry) + entryChanged;
    into[count++] = entry;
    entry = words[at] - 2;
    words[at] = 0;
  }
  if (count === 0) return 0;
  Atomics.store(words, header + tableFirstChange, entry < 0 ? 0 : entry + 1);
  if (entry < 0) words[header + tableLastChange] = 0;
  return count;
}

/** Nothing waits. Needs no lock. */
export function hasChanges({ words, header }: StickTable): boolean {
  return Atomics.load(words, header + tableFirstChange) !== 0;
}

/** Atomics.waitAsync of ES2024, which Node has and the type library for ES2023 does not know. */
interface AsyncWait {
  waitAsync(
    words: Int32Array,
    index: number,
    value: number,
    timeoutMs: number,
  ): { readonly async: boolean; readonly value: string | Promise<string> };
}

/**
 * Resolves when something waits: at once when a thread of this process has changed something, after
 * `timeoutMs` in any case, since other processes cannot wake this one.
 */
export async function untilChanged(table: StickTable, timeoutMs: number): Promise<void> {
  const at = table.header + tableFirstChange;
  await (Atomics as unknown as AsyncWait).waitAsync(table.words, at, 0, timeoutMs).value;
}

/** Wakes whoever waits in `untilChanged`. */
export function wakeWaiters({ words, header }: StickTable): void {
  Atomics.notify(words, header + tableFirstChange);
}
