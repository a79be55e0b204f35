// Identity, rights and limits of the process: what start-up, the supervisor and `nbthread` need.
// Called by linux.ts; no traffic passes here. Changes of identity go through the C library, which
// applies them to every thread of the process.

import { putLong, wordsOf } from './batches.ts';
import { declare, declareOptional, lastErrno, outcome } from './ffi.ts';
import { region } from './memory.ts';

type Call0 = () => number;
type Call1 = (a: number) => number;
type Call2 = (a: number, b: number) => number;
type Call3 = (a: number, b: number, c: number) => number;
type Call5 = (a: number, b: number, c: number, d: number, e: number) => number;

const getpidCall = declare<Call0>('int getpid()');
const gettidCall = declareOptional<Call0>('int gettid()');
const syscall = declare<Call1>('int64_t syscall(int64_t)');
const killCall = declare<Call2>('int kill(int, int)');
const setuidCall = declare<Call1>('int setuid(uint32_t)');
const setgidCall = declare<Call1>('int setgid(uint32_t)');
const setgroupsCall = declare<Call2>('int setgroups(size_t, uintptr_t)');
const chrootCall = declare<(path: string) => number>('int chroot(const char*)');
const chdir = declare<(path: string) => number>('int chdir(const char*)');
const chmodCall = declare<(path: string, mode: number) => number>(
  'int chmod(const char*, unsigned int)',
);
const chownCall = declare<(path: string, uid: number, gid: number) => number>(
  'int chown(const char*, uint32_t, uint32_t)',
);
const umaskCall = declare<Call1>('int umask(unsigned int)');
const setsidCall = declare<Call0>('int setsid()');
const setnsCall = declare<Call2>('int setns(int, int)');
const getrlimitCall = declare<Call2>('int getrlimit(int, uintptr_t)');
const setrlimitCall = declare<Call2>('int setrlimit(int, uintptr_t)');
const sched_setaffinity = declare<Call3>('int sched_setaffinity(int, size_t, uintptr_t)');
const prctl = declare<Call5>(
  'int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)',
);
const capset = declare<Call2>('int capset(uintptr_t, uintptr_t)');

const SYS_GETTID = process.arch === 'x64' ? 186 : 178;
const CLONE_NEWNET = 0x4000_0000;
const PR_SET_PDEATHSIG = 1;
const PR_SET_DUMPABLE = 4;
const PR_SET_KEEPCAPS = 8;
const PR_SET_NO_NEW_PRIVS = 38;
/** _LINUX_CAPABILITY_VERSION_3: two sets of 32 bits each. */
const CAPABILITY_VERSION = 0x2008_0522;
const CAPABILITY_WORDS = 2;
const TWO_32 = 0x1_0000_0000;
const ALL_ONES = 0xffffffff;
/** Most processors an affinity mask can name, and most supplementary groups. */
const CPUS_MAX = 8192;
const GROUPS_MAX = 1024;

/** Scratch: a struct rlimit {soft, hard}, an affinity mask or a list of groups, one at a time. */
const scratch = region(4096);
const words = wordsOf(scratch);

export function getpid(): number {
  return getpidCall();
}

export function gettid(): number {
  return gettidCall === null ? syscall(SYS_GETTID) : gettidCall();
}

export function kill(pid: number, signal: number): number {
  return outcome(killCall(pid, signal));
}

export function setNamespace(fd: number): number {
  return outcome(setnsCall(fd, CLONE_NEWNET));
}

export function setuid(uid: number): number {
  return outcome(setuidCall(uid));
}

export function setgid(gid: number): number {
  return outcome(setgidCall(gid));
}

export function setgroups(gids: Int32Array): number {
  if (gids.length > GROUPS_MAX)
    throw new RangeError(`${gids.length} groups: ${GROUPS_MAX} at most`);
  for (let i = 0; i < gids.length; i++) words[i] = gids[i]! >>> 0;
  return outcome(setgroupsCall(gids.length, scratch.address));
}

/** Enters the new root as well: without that, relative paths would still lead outside. */
export function chroot(path: string): number {
  if (chrootCall(path) < 0) return -lastErrno();
  return outcome(chdir('/'));
}

export function chmod(path: string, mode: number): number {
  return outcome(chmodCall(path, mode));
}

/** -1 leaves the owner or the group as it is. */
export function chown(path: string, uid: number, gid: number): number {
  return outcome(chownCall(path, uid >>> 0, gid >>> 0));
}

/** Returns the mask before. */
export function umask(mask: number): number {
  return outcome(umaskCall(mask));
}

export function setsid(): number {
  return outcome(setsidCall());
}

export function getrlimit(resource: number, into: Float64Array): number {
  if (getrlimitCall(resource, scratch.address) < 0) return -lastErrno();
  into[0] = readLimit(0);
  into[1] = readLimit(2);
  return 0;
}

export function setrlimit(resource: number, soft: number, hard: number): number {
  writeLimit(0, soft);
  writeLimit(2, hard);
  return outcome(setrlimitCall(resource, scratch.address));
}

function readLimit(word: number): number {
  const low = words[word]!;
  const high = words[word + 1]!;
  if (low === ALL_ONES && high === ALL_ONES) return Number.POSITIVE_INFINITY;
  return high * TWO_32 + low;
}

function writeLimit(word: number, value: number): void {
  if (value === Number.POSITIVE_INFINITY) {
    words[word] = ALL_ONES;
    words[word + 1] = ALL_ONES;
    return;
  }
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`a limit of ${value}`);
  putLong(words, word, value);
}

export function setAffinity(tid: number, cpus: readonly number[]): number {
  words.fill(0, 0, CPUS_MAX / 32);
  for (const cpu of cpus) {
    if (cpu >>> 0 !== cpu || cpu >= CPUS_MAX) throw new RangeError(`processor ${cpu}`);
    words[cpu >>> 5]! |= 1 << (cpu & 31);
  }
  return outcome(sched_setaffinity(tid, CPUS_MAX / 8, scratch.address));
}

export function setDumpable(on: boolean): number {
  return outcome(prctl(PR_SET_DUMPABLE, on ? 1 : 0, 0, 0, 0));
}

export function setParentDeathSignal(signal: number): number {
  return outcome(prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0));
}

export function keepCapabilities(): number {
  return outcome(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
}

/** For the calling thread, the threads it makes from now on, and all their programs. */
export function refuseNewRights(): number {
  return outcome(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/** struct __user_cap_header_struct {version, pid}, twice {effective, permitted, inheritable}. */
export function setCapabilities(capabilities: readonly number[]): number {
  const set = new Int32Array(CAPABILITY_WORDS);
  for (const one of capabilities) {
    if (one >>> 0 !== one || one >= CAPABILITY_WORDS * 32)
      throw new RangeError(`capability ${one}`);
    set[one >>> 5]! |= 1 << (one & 31);
  }
  words[0] = CAPABILITY_VERSION;
  words[1] = 0;
  for (const [index, bits] of set.entries()) words.set([bits, bits, 0], 2 + index * 3);
  return outcome(capset(scratch.address, scratch.address + 8));
}
