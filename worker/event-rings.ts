// Memory of the event rings of a configuration, made by the control thread before threads start:
// plain memory, or that of a backing-file, whose last content is kept beside as FILE.bak.

import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import type { RingModel } from '../shared/config/model.ts';
import { formatRing, makeRing, ringBytes, ringMagic } from '../shared/segment/event-ring.ts';
import { errnoText } from '../shared/sys/errno.ts';
import type { Sys } from '../shared/sys/sys.ts';

/** One block for each ring, in their order. Throws with a sentence for the operator. */
export function openEventRings(rings: readonly RingModel[], sys: Sys): readonly Uint8Array[] {
  return rings.map((ring) =>
    ring.backingFile === '' ? makeRing(ring.sizeBytes) : openFile(ring, sys),
  );
}

function openFile({ name, backingFile, sizeBytes }: RingModel, sys: Sys): Uint8Array {
  rotate(backingFile);
  const length = ringBytes(sizeBytes);
  const fd = openSync(backingFile, constants.O_RDWR | constants.O_CREAT, 0o600);
  ftruncateSync(fd, length);
  // A full disk is found now, not by a signal later.
  const reserved = sys.fallocate(fd, length);
  const memory = reserved < 0 ? reserved : sys.mapShared(fd, length);
  closeSync(fd);
  if (typeof memory !== 'number') return formatRing(memory);
  const why = errnoText(-memory);
  throw new Error(`cannot use backing-file '${backingFile}' of ring '${name}': ${why}`);
}

/** Keeps what the file holds as FILE.bak. One that holds nothing is used again as it is. */
function rotate(path: string): void {
  if (!holdsRecords(path)) return;
  try {
    rmSync(`${path}.bak`, { force: true });
    renameSync(path, `${path}.bak`);
  } catch {
    // A folder that cannot be written to means that no copy is wanted (manual 12.5).
  }
}

const headBytes = 128;

function holdsRecords(path: string): boolean {
  const head = Buffer.alloc(headBytes);
  try {
    const fd = openSync(path, 'r');
    const got = readSync(fd, head, 0, headBytes, 0);
    closeSync(fd);
    if (got === 0) return false;
    if (got < headBytes || head.readInt32LE(0) !== ringMagic) return true;
    return head.readDoubleLE(72) > 0;
  } catch {
    return false;
  }
}
