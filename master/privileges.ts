// What a process gives up before it serves: root directory, groups, group, user; and what it keeps
// for core dumps. Called by stand-alone.ts and worker-process.ts once all files are read and all
// code is loaded. Never called in a master that has workers: it must bind again at the next reload.

import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GlobalModel } from '../shared/config/model.ts';
import { errnoText } from '../shared/sys/errno.ts';
import type { Sys } from '../shared/sys/sys.ts';

/** A step that failed; `message` is one sentence for the operator. */
export class PrivilegeError extends Error {}

const RLIMIT_FSIZE = 1;
const RLIMIT_CORE = 4;

/**
 * chroot only; `dropIdentity` follows when the old processes have been told. Throws PrivilegeError.
 */
export function changeRoot(sys: Sys, global: GlobalModel): void {
  if (global.chroot === '') return;
  // The time zone is read from a file at its first use: now, while there is one.
  new Date().getTimezoneOffset();
  const result = global.chroot === 'auto' ? chrootNowhere(sys) : sys.chroot(global.chroot);
  if (result < 0)
    throw new PrivilegeError(`Cannot chroot(${global.chroot}): ${errnoText(-result)}.`);
}

/** An empty directory without a name. */
function chrootNowhere(sys: Sys): number {
  const path = mkdtempSync(join(tmpdir(), 'hawser-'));
  process.chdir(path);
  rmdirSync(path);
  return sys.chroot('.');
}

/**
 * Programs that are started from now on, by external checks, get no rights from setuid bits
 * (manual 3.1, insecure-setuid-wanted). Before the threads are made: each has this of its maker.
 */
export function lockRights(sys: Sys, global: GlobalModel): void {
  if (!global.insecureSetuidWanted) require(sys.refuseNewRights(), 'Failed to set no_new_privs');
}

/**
 * Groups, group and user, then the dump settings that a change of user resets. Throws
 * PrivilegeError.
 */
export function dropIdentity(sys: Sys, global: GlobalModel): void {
  if (global.gid > 0) {
    // Without the right to change groups there is nothing to drop, and setgid below says so.
    sys.setgroups(new Int32Array(0));
    require(sys.setgid(global.gid), `Cannot set gid ${global.gid}`);
  }
  if (global.uid > 0) require(sys.setuid(global.uid), `Cannot set uid ${global.uid}`);
  if (global.setDumpable) allowDumps(sys, global.strictLimits);
}

function allowDumps(sys: Sys, strict: boolean): void {
  const all = Number.POSITIVE_INFINITY;
  for (const [limit, what] of [
    [RLIMIT_FSIZE, 'file size'],
    [RLIMIT_CORE, 'core dump size'],
  ] as const) {
    const result = sys.setrlimit(limit, all, all);
    if (strict) require(result, `Failed to raise the maximum ${what}`);
  }
  require(sys.setDumpable(true), 'Failed to set the dumpable flag');
}

function require(result: number, what: string): void {
  if (result < 0) throw new PrivilegeError(`${what}: ${errnoText(-result)}.`);
}

/** What HAProxy warns of when it starts as root and stays so. */
export function rootWarnings(global: GlobalModel): string[] {
  if (process.geteuid?.() !== 0) return [];
  const warnings: string[] = [];
  if (global.chroot === '') {
    warnings.push(
      "started as root without 'chroot': an empty jail keeps an intruder away from the file system. " +
        "Set 'chroot auto', or 'chroot /' to stay outside on purpose.",
    );
  }
  if (global.uid < 0) {
    warnings.push(
      "started as root without 'user' or 'uid': all traffic is served with full rights. " +
        "Set a user of its own, or 'user root' to say that this is intended.",
    );
  }
  return warnings;
}
