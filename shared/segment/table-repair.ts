// Makes a stick table whole again after its lock was taken from a dead process: which entries
// there are is what each says of itself, everything else is derived anew. Also counts references
// again, since those of a dead process are gone. Under the table's lock; never while all is well.

import type { StickTable } from './stick-table.ts';
import { queueChange } from './table-changes.ts';
import { dataTypeByName } from './table-data.ts';
import {
  entryChanged,
  entryHash,
  entryHolders,
  entryNext,
  entryOlder,
  entryUsed,
  entryYounger,
  tableFirstChange,
  tableFree,
  tableFresh,
  tableLastChange,
  tableHeld,
  tableOldest,
  tableUsed,
  tableYoungest,
} from './table-layout.ts';
import { eachReference } from './table-references.ts';

/** Links, buckets, free places and counts from what entries say. */
export function repairTable(table: StickTable): void {
  const { words, header, floats } = table;
  for (let bucket = table.geometry.buckets - 1; bucket >= 0; bucket--) {
    words[table.bucketAt(bucket)] = 0;
  }
  for (const word of [tableFree, tableOldest, tableYoungest]) words[header + word] = 0;
  const used: number[] = [];
  for (let entry = words[header + tableFresh] - 1; entry >= 0; entry--) {
    const at = table.at(entry);
    if (words[at + entryHolders] > 0) {
      used.push(entry);
      const bucket = table.bucketAt(words[at + entryHash]);
      words[at + entryNext] = words[bucket];
      words[bucket] = entry + 1;
    } else {
      words[at + entryNext] = words[header + tableFree];
      words[header + tableFree] = entry + 1;
    }
  }
  words[header + tableUsed] = used.length;
  const usedMs = (entry: number): number => floats[(table.at(entry) + entryUsed) >> 1];
  used.sort((a, b) => usedMs(a) - usedMs(b));
  linkInOrder(table, used);
  queueAgain(table, used);
  // What the dead one was about to count is not known.
  words[header + tableHeld] = -1;
  recountReferences(table);
}

/** Changes that were waiting for peers wait again, those of entries that are gone do not. */
function queueAgain(table: StickTable, used: readonly number[]): void {
  const { words, header } = table;
  words[header + tableFirstChange] = 0;
  words[header + tableLastChange] = 0;
  const waiting = used.filter((entry) => words[table.at(entry) + entryChanged] !== 0);
  for (let entry = words[header + tableFresh] - 1; entry >= 0; entry--) {
    words[table.at(entry) + entryChanged] = 0;
  }
  for (const entry of waiting) queueChange(table, entry, table.at(entry));
}

function linkInOrder(table: StickTable, order: readonly number[]): void {
  const { words, header } = table;
  for (let i = 0; i < order.length; i++) {
    const at = table.at(order[i]);
    words[at + entryOlder] = i === 0 ? 0 : order[i - 1] + 1;
    words[at + entryYounger] = i === order.length - 1 ? 0 : order[i + 1] + 1;
  }
  if (order.length === 0) return;
  words[header + tableOldest] = order[0] + 1;
  words[header + tableYoungest] = order[order.length - 1] + 1;
}

const currentId = dataTypeByName.get('conn_cur')!.id;

/**
 * References and, with them, open connections, as the living processes have them. A worker does
 * this when it starts; nobody has died in a table whose sum is right, and all is as it was.
 */
export function recountReferences(table: StickTable): void {
  const { words, header } = table;
  const counts = new Map<number, number>();
  let held = 0;
  eachReference(table.segment, table.object, (entry) => {
    counts.set(entry, (counts.get(entry) ?? 0) + 1);
    held++;
  });
  if (words[header + tableHeld] === held) return;
  words[header + tableHeld] = held;
  const current = table.columns[currentId];
  for (let entry = words[header + tableFresh] - 1; entry >= 0; entry--) {
    const at = table.at(entry);
    const holders = words[at + entryHolders];
    if (holders === 0) continue;
    const now = 1 + (counts.get(entry) ?? 0);
    if (now === holders) continue;
    words[at + entryHolders] = now;
    if (current === undefined) continue;
    words[at + current.offset] = Math.max(0, words[at + current.offset] - (holders - now));
  }
}
