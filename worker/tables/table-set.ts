// All stick tables of a worker: opened once by the control thread, seen by every thread through
// views of its own, and swept of expired entries by the control thread, a few at a time.

import { type TableOwners, tablePolicyOf, tablesOf } from '../../shared/config/stick-tables.ts';
import type { Segment } from '../../shared/segment/segment.ts';
import { StickTable } from '../../shared/segment/stick-table.ts';
import { TableReferences } from '../../shared/segment/table-references.ts';
import { openTable, type StorePlace } from '../../shared/segment/table-store.ts';
import type { StickTables } from './tracking.ts';

export interface OpenedTables {
  /** Object of the segment by number of the table, -1: there is none. */
  readonly objects: readonly number[];
  /** Sentences for the operator. */
  readonly notices: readonly string[];
}

/** Control thread, before threads run. Throws SegmentError when there is no room. */
export function openTables(model: TableOwners, place: StorePlace): OpenedTables {
  const notices: string[] = [];
  const objects = tablesOf(model).map((one) => {
    if (one === null) return -1;
    const { table, notice } = openTable(place, tablePolicyOf(one));
    if (notice !== '') notices.push(notice);
    return table.object;
  });
  return { objects, notices };
}

/** The tables as one thread sees them; `writer`: its index, the control thread's is the last. */
export function viewTables(
  model: TableOwners,
  objects: readonly number[],
  { segment, slot, writer }: { segment: Segment; slot: number; writer: number },
): StickTables {
  const list = tablesOf(model).map((one, index) =>
    one === null ? null : new StickTable(segment, objects[index], tablePolicyOf(one), slot),
  );
  linkShares(model, list);
  return { list, references: new TableReferences(segment, slot, writer) };
}

/** Views of `aggregate` tables learn where peers' shares are. */
function linkShares(model: TableOwners, list: readonly (StickTable | null)[]): void {
  const named = tablesOf(model);
  for (const [index, table] of list.entries()) {
    const one = named[index];
    if (table === null || one?.table.aggregates !== true) continue;
    table.shares = list.filter(
      (_, other): _ is StickTable => named[other]?.shareOf?.table === one.name,
    );
  }
}

/** Entries dropped under one lock: a proxy thread that wants it waits some microseconds. */
const dropsPerLock = 64;
/** Entries dropped in one go: the control thread has other work. */
const dropsPerSweep = 8192;

/**
 * Control thread, now and then and before sizes are told: drops what has expired, of each table at
 * most `most` entries. True: there may be more.
 */
export function sweepTables(
  { list }: Pick<StickTables, 'list'>,
  nowMs: number,
  most = dropsPerSweep,
): boolean {
  let hasMore = false;
  for (const table of list) if (table !== null && sweepTable(table, nowMs, most)) hasMore = true;
  return hasMore;
}

function sweepTable(table: StickTable, nowMs: number, most: number): boolean {
  for (let dropped = 0; dropped < most; dropped += dropsPerLock) {
    table.enter();
    const count = table.dropExpired(nowMs, dropsPerLock);
    table.leave();
    if (count < dropsPerLock) return false;
  }
  return true;
}
