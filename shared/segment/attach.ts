// How a process that owns a configuration comes to its segment: the file it names, made larger or
// taken over from another version where that is needed, and memory without a file when the file
// cannot be had. Traffic is served all the same; the operator is told. Start only, never with `-c`.

import { unlinkSync } from 'node:fs';
import type { Sys } from '../sys/sys.ts';
import { clockSkewNs, SharedClock } from './clock.ts';
import { isSmaller, planLayout, slotsMax } from './layout.ts';
import { ObjectTable } from './objects.ts';
import { heartbeatTimeoutNs, ProcessSlots } from './processes.ts';
import {
  openSegment,
  type OpenOptions,
  renewSegment,
  type Segment,
  SegmentError,
  snapshotSegment,
} from './segment.ts';
import { dumpState, restoreState } from './state-dump.ts';

export interface Attached {
  readonly segment: Segment;
  readonly notices: readonly string[];
  /** Why the file is not used, '' : it is, or there is none to use. */
  readonly warning: string;
}

/** Throws SegmentError only when not even memory can be had. */
export function attachFile(sys: Sys, options: OpenOptions): Attached {
  if (options.path === '') return attachMemory(sys, options, '');
  try {
    return attachNamed(sys, options);
  } catch (fault) {
    if (!(fault instanceof SegmentError)) throw fault;
    return attachMemory(sys, options, fault.message);
  }
}

/** Memory that ends with the processes that share it. */
export function attachMemory(sys: Sys, options: OpenOptions, why: string): Attached {
  const { segment } = openSegment(sys, { ...options, path: '', objectsMax: 0 });
  const warning =
    why === '' ? '' : `${why}: counters and tables are kept in memory and end with this process`;
  return { segment, notices: [], warning };
}

function attachNamed(sys: Sys, options: OpenOptions): Attached {
  const { objects, objectsMax, path } = options;
  if (objectsMax > 0 && objects > objectsMax) {
    throw new SegmentError(
      `shm-stats-file-max-objects is ${objectsMax}, and this configuration has ${objects} objects`,
    );
  }
  const opened = openSegment(sys, options);
  const { segment, former, fresh } = opened;
  const notices = [...opened.notices];
  if (former !== '') notices.push(...takeOver(sys, former, segment));
  if (fresh) return { segment, notices, warning: '' };
  const skew = skewNotice(segment, path);
  if (skew !== '') notices.push(skew);
  if (!isSmaller(segment.layout, planLayout(options))) return { segment, notices, warning: '' };
  if (isAlone(segment)) return enlarge(sys, options, segment, notices);
  return { segment, notices: [...notices, smallNotice(path, segment)], warning: '' };
}

/** A file of the size that is wanted now, with what the smaller one holds. */
function enlarge(sys: Sys, options: OpenOptions, small: Segment, notices: string[]): Attached {
  sys.close(small.fd);
  const larger = renewSegment(sys, options);
  if (larger === null) return attachNamed(sys, options);
  notices.push(...takeOver(sys, larger.former, larger.segment));
  unlinkSync(larger.former);
  return { segment: larger.segment, notices, warning: '' };
}

function smallNotice(path: string, { layout }: Segment): string {
  const { objectsMax, chunksMax } = layout;
  return (
    `segment file '${path}' was made for ${objectsMax} objects and ${chunksMax} pieces of 40 KiB, ` +
    'and another process uses it: tables may hold fewer entries until all are started anew'
  );
}

/** A clock that is far off says that the file was last written on another boot or host. */
function skewNotice(segment: Segment, path: string): string {
  const skewNs = clockSkewNs(segment, segment.sys.monotonicNs());
  if (Math.abs(skewNs) <= heartbeatTimeoutNs) return '';
  const seconds = Math.round(Math.abs(skewNs) / 1e9);
  const [way, why] =
    skewNs > 0 ? ['ahead of', 'it was last used'] : ['behind', 'nobody used it since, or it was'];
  return (
    `the clock of segment file '${path}' is ${seconds} s ${way} this machine's: ` +
    `${why} on another boot or host; time goes on where it stopped`
  );
}

function isAlone(segment: Segment): boolean {
  const slots = new ProcessSlots(segment);
  slots.sweep(storedNs(segment));
  for (let slot = 0; slot < slotsMax; slot++) if (slots.pidOf(slot) !== 0) return false;
  return true;
}

const storedNs = (segment: Segment): number =>
  new SharedClock(segment, segment.sys.monotonicNs(), null).nowNs;

/** Counters and tables of a file that is kept aside, put into the new one. */
function takeOver(sys: Sys, former: string, segment: Segment): string[] {
  const old = snapshotSegment(sys, former);
  const oldMs = storedNs(old) / 1e6;
  const nowNs = storedNs(segment);
  const slots = new ProcessSlots(segment);
  const slot = slots.take(process.pid, nowNs);
  if (slot < 0) return [`no process slot is free: '${former}' is not taken over`];
  try {
    const objects = new ObjectTable(segment);
    const place = { segment, objects, slot, nowMs: nowNs / 1e6 };
    return [...restoreState(place, dumpState(old, oldMs)).problems];
  } finally {
    slots.leave(slot, process.pid);
  }
}
