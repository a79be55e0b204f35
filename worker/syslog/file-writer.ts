// Sends the records of a ring to a file that gives way to a new one when it is large or old enough
// (`log file@PATH`). On the control thread: the disk may be slow, and then records wait in the ring
// and new ones are refused and counted; a proxy thread never waits. Several processes may write to
// one file, as during a reload: whole lines are appended, and who finds that the file has been
// moved away opens the new one.

import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import type { LogFileModel } from '../../shared/config/model.ts';
import type { EventRing } from '../../shared/segment/event-ring.ts';
import { faultText } from '../../shared/sys/errno.ts';

/** Bytes read from the ring at once. */
const batchBytes = 262_144;
/** A writer that sleeps looks at its ring this often although nobody has woken it. */
const idleMs = 10_000;
/** Whether the file is still the one at its path is asked this often at most. */
const lookMs = 1000;
/** After a failure. */
const retryMs = 1000;

export interface FileWriterParts {
  readonly ring: EventRing;
  readonly file: LogFileModel;
  nowMs(): number;
  failed(message: string): void;
}

const lineFeed = Buffer.from('\n');

export class FileWriter {
  private readonly parts: FileWriterParts;
  private readonly reader: number;
  private position: number;
  private handle: FileHandle | null;
  /** The file's number, bytes, and when it was begun. */
  private inode: number;
  private size: number;
  private bornMs: number;
  private lookedMs: number;
  private stopping: boolean;
  private hasFailed: boolean;
  private readonly finished: Promise<void>;

  constructor(parts: FileWriterParts) {
    this.parts = parts;
    this.position = parts.ring.oldest;
    this.reader = parts.ring.hold(this.position);
    this.handle = null;
    this.inode = 0;
    this.size = 0;
    this.bornMs = 0;
    this.lookedMs = 0;
    this.stopping = false;
    this.hasFailed = false;
    this.finished = this.run();
  }

  /** Nothing more will be written to the ring: what is there goes to the file. */
  async stop(limitMs: number): Promise<void> {
    this.stopping = true;
    this.parts.ring.wake();
    const limit = new Promise<void>((settle) => setTimeout(settle, limitMs).unref());
    await Promise.race([this.finished, limit]);
    this.parts.ring.release(this.reader);
  }

  private async run(): Promise<void> {
    const { ring } = this.parts;
    for (;;) {
      const { wakes } = ring;
      const pieces: Buffer[] = [];
      const next = ring.read(this.position, batchBytes, (record) => pieces.push(record, lineFeed));
      if (pieces.length === 0) {
        if (this.stopping) break;
        await ring.nextWrite(wakes, idleMs);
        continue;
      }
      if (await this.write(Buffer.concat(pieces))) {
        this.position = next;
        ring.advance(this.reader, next);
      } else if (this.stopping) break;
      else await new Promise((settle) => setTimeout(settle, retryMs));
    }
    await this.handle?.close();
  }

  /** False: the file takes nothing now; said once. */
  private async write(bytes: Buffer): Promise<boolean> {
    try {
      const handle = await this.current(bytes.length);
      for (let at = 0; at < bytes.length; ) {
        at += (await handle.write(bytes, at, bytes.length - at, null)).bytesWritten;
      }
      this.size += bytes.length;
      this.hasFailed = false;
      return true;
    } catch (fault) {
      await this.handle?.close().catch(() => {});
      this.handle = null;
      const { file, failed } = this.parts;
      if (!this.hasFailed) failed(`cannot write log file '${file.path}': ${faultText(fault)}`);
      this.hasFailed = true;
      return false;
    }
  }

  /** The file to append `more` bytes to. */
  private async current(more: number): Promise<FileHandle> {
    const { file, nowMs } = this.parts;
    if (this.handle !== null && nowMs() - this.lookedMs >= lookMs) await this.look();
    this.handle ??= await this.open();
    const isLarge = file.sizeMax > 0 && this.size > 0 && this.size + more > file.sizeMax;
    const isOld = file.ageMaxMs > 0 && nowMs() - this.bornMs >= file.ageMaxMs && this.size > 0;
    if (!isLarge && !isOld) return this.handle;
    await this.look();
    if (this.handle !== null) {
      await this.handle.close();
      this.handle = null;
      await rotate(file);
    }
    this.handle = await this.open();
    return this.handle;
  }

  private async open(): Promise<FileHandle> {
    const handle = await open(this.parts.file.path, 'a', 0o640);
    const { ino, size, birthtimeMs } = await handle.stat();
    this.inode = ino;
    this.size = size;
    this.bornMs = size === 0 ? this.parts.nowMs() : birthtimeMs || this.parts.nowMs();
    this.lookedMs = this.parts.nowMs();
    return handle;
  }

  /** Somebody may have moved the file away, or another process may have begun a new one. */
  private async look(): Promise<void> {
    this.lookedMs = this.parts.nowMs();
    const found = await stat(this.parts.file.path).catch(() => null);
    if (found !== null && found.ino === this.inode) {
      this.size = found.size;
      return;
    }
    await this.handle?.close();
    this.handle = null;
  }
}

/** PATH becomes PATH.1, that one PATH.2, and so on; the one too many goes. */
async function rotate({ path, keep }: LogFileModel): Promise<void> {
  if (keep === 0) {
    await rm(path, { force: true });
    return;
  }
  for (let number = keep; number > 1; number--) {
    await rename(`${path}.${number - 1}`, `${path}.${number}`).catch(ignoreMissing);
  }
  await rename(path, `${path}.1`).catch(ignoreMissing);
}

function ignoreMissing(fault: NodeJS.ErrnoException): void {
  if (fault.code !== 'ENOENT') throw fault;
}
