// Files of the fake kernel, all in memory: memfd, paths created by open, locks, shared mappings.
// Used by sys.ts only. Never touches the real file system.

import { EAGAIN } from '../constants.ts';
import { MemoryFile, OpenFile } from './descriptor.ts';
import type { FakeTable } from './table.ts';

const EBADF = 9;
const ENOENT = 2;
const EEXIST = 17;
const EINVAL = 22;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const LOCK_EX = 2;
const LOCK_UN = 8;
const PAGE_BYTES = 4096;

export class FakeFiles {
  /** Content by path: a test may put files here before, and look after. */
  readonly paths = new Map<string, MemoryFile>();
  readonly #table: FakeTable;
  readonly #locks = new Map<OpenFile, number>();

  constructor(table: FakeTable) {
    this.#table = table;
  }

  memfd(): number {
    return this.#table.install(new OpenFile(new MemoryFile()));
  }

  open(path: string, flags: number): number {
    let file = this.paths.get(path);
    if (file === undefined) {
      if ((flags & O_CREAT) === 0) return -ENOENT;
      file = new MemoryFile();
      this.paths.set(path, file);
    } else if ((flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0) {
      return -EEXIST;
    }
    if ((flags & O_TRUNC) !== 0) file.resize(0);
    return this.#table.install(new OpenFile(file));
  }

  resize(fd: number, length: number, grow: boolean): number {
    const file = this.#file(fd);
    if (typeof file === 'number') return file;
    if (!grow || length > file.file.bytes.length) file.file.resize(length);
    return 0;
  }

  size(fd: number): number {
    const file = this.#file(fd);
    return typeof file === 'number' ? file : file.file.bytes.length;
  }

  flock(fd: number, operation: number): number {
    const file = this.#file(fd);
    if (typeof file === 'number') return file;
    const wanted = operation & (LOCK_UN | LOCK_EX | 1);
    if (wanted === LOCK_UN) {
      this.#locks.delete(file);
      return 0;
    }
    for (const [other, held] of this.#locks) {
      const together = held !== LOCK_EX && wanted !== LOCK_EX;
      const open = other.references > 0;
      if (open && other !== file && other.file === file.file && !together) return -EAGAIN;
    }
    this.#locks.set(file, wanted);
    return 0;
  }

  mapShared(fd: number, length: number): Uint8Array | number {
    if (length <= 0 || length % PAGE_BYTES !== 0) throw new RangeError(`a mapping of ${length}`);
    const file = this.#file(fd);
    if (typeof file === 'number') return file;
    if (file.file.bytes.length < length) return -EINVAL;
    return file.file.bytes.subarray(0, length);
  }

  #file(fd: number): OpenFile | number {
    const description = this.#table.get(fd);
    if (description === null) return -EBADF;
    return description instanceof OpenFile ? description : -EINVAL;
  }
}
