// The entries of a stick table in the order of their last use: a list from the oldest to the
// youngest, which is the order in which they expire and make room. Under the table's lock.

import type { StickTable } from './stick-table.ts';
import { entryOlder, entryUsed, entryYounger, tableOldest, tableYoungest } from './table-layout.ts';

/** Entries that a use in the past may be moved over: the list is nearly sorted, not strictly. */
const stepsMax = 64;

/** The entry becomes the youngest. It is in no list. Hot path. */
export function appendYoungest(table: StickTable, entry: number, at: number): void {
  insertAfter(table, entry, at, table.words[table.header + tableYoungest]);
}

/** `older`: the entry it follows + 1, 0: none. */
function insertAfter(table: StickTable, entry: number, at: number, older: number): void {
  const { words, header } = table;
  const link = older === 0 ? header + tableOldest : table.at(older - 1) + entryYounger;
  const younger = words[link];
  words[at + entryOlder] = older;
  words[at + entryYounger] = younger;
  words[link] = entry + 1;
  if (younger === 0) words[header + tableYoungest] = entry + 1;
  else words[table.at(younger - 1) + entryOlder] = entry + 1;
}

/** Takes the entry out of the list. */
export function unlinkEntry(table: StickTable, at: number): void {
  const { words, header } = table;
  const older = words[at + entryOlder];
  const younger = words[at + entryYounger];
  if (older === 0) words[header + tableOldest] = younger;
  else words[table.at(older - 1) + entryYounger] = younger;
  if (younger === 0) words[header + tableYoungest] = older;
  else words[table.at(younger - 1) + entryOlder] = older;
}

/** Moves an entry to where a last use at `usedMs` belongs. Hot path. */
export function insertByUse(table: StickTable, entry: number, at: number, usedMs: number): void {
  const { words, floats, header } = table;
  floats[(at + entryUsed) >> 1] = usedMs;
  let older = words[header + tableYoungest];
  if (older === entry + 1) older = words[at + entryOlder];
  for (let steps = 0; older !== 0 && steps < stepsMax; steps++) {
    const olderAt = table.at(older - 1);
    if (floats[(olderAt + entryUsed) >> 1] <= usedMs) break;
    older = words[olderAt + entryOlder];
    if (older === entry + 1) older = words[at + entryOlder];
  }
  if (older === words[at + entryOlder]) return;
  unlinkEntry(table, at);
  insertAfter(table, entry, at, older);
}
