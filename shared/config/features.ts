// What `feature()`, `enabled()`, the version predicates and `-vv` answer. One row per word that the
// reference lists; `true` only for what works here. Read by condition.ts and by the command line.

/** The level of the reference that hawser answers for. */
export const compatibilityVersion = '3.5-dev5';
/** The day of that version. */
export const compatibilityDate = '2026/08/21';
export const compatibilityBranch = '3.5';

export interface Feature {
  readonly name: string;
  readonly works: boolean;
}

const absent = (...names: string[]): Feature[] => names.map((name) => ({ name, works: false }));
const present = (...names: string[]): Feature[] => names.map((name) => ({ name, works: true }));

/** The feature list, in alphabetical order. */
export const features: readonly Feature[] = [
  ...absent('51DEGREES', 'BACKTRACE', 'CLOSEFROM', 'CRYPT_H', 'DEVICEATLAS', 'DL', 'ECH'),
  ...absent('ENGINE', 'EVPORTS', 'KQUEUE', 'KTLS', 'LIBATOMIC', 'LUA'),
  ...absent('MATH', 'MEMORY_PROFILING', 'NETFILTER', 'OBSOLETE_LINKER', 'OPENSSL_AWSLC'),
  ...absent('OPENSSL_WOLFSSL', 'OT', 'PCRE', 'PCRE2_JIT', 'PCRE_JIT', 'POLL', 'PROCCTL'),
  ...absent('PTHREAD_EMULATION', 'QUIC', 'QUIC_OPENSSL_COMPAT', 'RT', 'SLZ'),
  ...absent('STATIC_PCRE', 'STATIC_PCRE2', 'THREAD_DUMP', 'WURFL', 'ZLIB'),
  ...present(
    'ACCEPT4',
    'CPU_AFFINITY',
    'EPOLL',
    'GETADDRINFO',
    'LIBCRYPT',
    'LINUX_CAP',
    'LINUX_SPLICE',
  ),
  ...present('LINUX_TPROXY', 'NS'),
  // The dialect of regular expressions; what of it cannot be had is refused by name.
  ...present('PCRE2'),
  ...present('OPENSSL', 'PRCTL', 'PROMEX', 'SHM_OPEN', 'SSL', 'TFO', 'THREAD', 'TPROXY'),
].toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** What `enabled()` knows, as the process starts without switches that turn something off. */
export const runtimeOptions: Readonly<Record<string, boolean>> = {
  POLL: false,
  EPOLL: true,
  KQUEUE: false,
  EVPORTS: false,
  SPLICE: true,
  GETADDRINFO: true,
  REUSEPORT: true,
  'FAST-FORWARD': true,
  'SERVER-SSL-VERIFY-NONE': false,
};

/** Name and version of the TLS library that a process of ours uses: the one inside node. */
export const tlsLibraryName = 'OpenSSL';
export const tlsLibraryVersion = process.versions.openssl;

const stages: Readonly<Record<string, number>> = { dev: 0, pre: 1, rc: 2 };
const versionPattern = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-(dev|pre|rc)(\d+))?/;

/** Compares two versions of HAProxy's form: negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const left = versionParts(a);
  const right = versionParts(b);
  for (const [index, value] of left.entries()) {
    if (value !== right[index]) return value - right[index];
  }
  return 0;
}

function versionParts(text: string): number[] {
  const match = versionPattern.exec(text);
  if (match === null) return [0, 0, 0, 0, 0];
  const stage = match[4] === undefined ? 3 : stages[match[4]];
  const numbers = [match[1], match[2], stage, match[5], match[3]];
  return numbers.map((part) => Number(part ?? 0));
}

/** Compares the TLS library's version with `text` ("1.1.1w", "3.0.2"); null: not a version. */
export function compareTlsVersion(text: string): number | null {
  const wanted = tlsVersionParts(text);
  if (wanted === null) return null;
  const current = tlsVersionParts(tlsLibraryVersion) ?? [0, 0, 0, 0];
  for (const [index, value] of current.entries()) {
    if (value !== wanted[index]) return value - wanted[index];
  }
  return 0;
}

function tlsVersionParts(text: string): number[] | null {
  const match = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?([a-z])?/.exec(text);
  if (match === null) return null;
  const letter = match[4] === undefined ? 0 : match[4].charCodeAt(0) - 96;
  return [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0), letter];
}
