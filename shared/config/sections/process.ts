// Keywords of `global` that shape the process: limits, life cycle, environment.
// Rows only; parse.ts calls them. They write GlobalModel and nothing else.

import { groupsMax, perGroupMax } from '../../thread-groups.ts';
import type { GlobalKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { GlobalModel } from '../model.ts';
import { first } from './identity.ts';

type NumberField = {
  [K in keyof GlobalModel]: GlobalModel[K] extends number ? K : never;
}[keyof GlobalModel];
type FlagField = {
  [K in keyof GlobalModel]: GlobalModel[K] extends boolean ? K : never;
}[keyof GlobalModel];

interface Limit {
  readonly name: string;
  readonly field: NumberField;
  readonly help: string;
  readonly max?: number;
  readonly min?: number;
  readonly example: number;
  readonly once?: boolean;
}

const limits: readonly Limit[] = [
  {
    name: 'maxconn',
    field: 'maxconn',
    help: 'connections of the process',
    example: 2000,
    once: true,
  },
  {
    name: 'maxconnrate',
    field: 'maxconnrate',
    help: 'connections per second',
    example: 500,
    once: true,
  },
  {
    name: 'maxsessrate',
    field: 'maxsessrate',
    help: 'sessions per second',
    example: 500,
    once: true,
  },
  {
    name: 'maxsslrate',
    field: 'maxsslrate',
    help: 'TLS sessions of clients per second',
    example: 500,
    once: true,
  },
  {
    name: 'maxsslconn',
    field: 'maxsslconn',
    help: 'TLS connections of the process, to clients and to servers',
    example: 1000,
    once: true,
  },
  {
    name: 'maxpipes',
    field: 'maxpipes',
    help: 'pipes for splicing',
    example: 100,
    once: true,
  },
  {
    name: 'anonkey',
    field: 'anonKey',
    help: 'key of runtime sessions that hide names',
    max: 4_294_967_295,
    example: 1234,
  },
  { name: 'ulimit-n', field: 'ulimitN', help: 'descriptor limit', example: 4096, once: true },
  {
    name: 'fd-hard-limit',
    field: 'fdHardLimit',
    help: 'ceiling of the descriptor limit',
    example: 50_000,
    once: true,
  },
  { name: 'nbthread', field: 'nbthread', help: 'proxy threads', min: 1, max: 1024, example: 2 },
  {
    name: 'thread-hard-limit',
    field: 'threadHardLimit',
    help: 'ceiling of the number of threads',
    min: 1,
    max: 1024,
    example: 8,
  },
  {
    name: 'thread-groups',
    field: 'threadGroups',
    help: 'number of groups that the threads form',
    min: 1,
    max: groupsMax,
    example: 1,
  },
  {
    name: 'max-threads-per-group',
    field: 'maxThreadsPerGroup',
    help: 'threads of a group, where thread-groups does not say how many groups there are',
    max: perGroupMax,
    example: 16,
  },
  {
    name: 'mworker-max-reloads',
    field: 'mworkerMaxReloads',
    help: 'reloads a worker may survive',
    example: 50,
  },
  {
    name: 'spread-checks',
    field: 'spreadChecks',
    help: 'percentage of randomness in check times',
    max: 50,
    example: 5,
    once: true,
  },
];

const limitRows = limits.map(
  ({ name, field, help, min = 0, max = 2 ** 31 - 1, example, once = false }): GlobalKeyword => ({
    name,
    help,
    example: `${name} ${example}`,
    parse: (line, global, draft) => {
      if (!line.atMost(1) || (once && !first(line, draft))) return;
      const value = line.integer(0, { min, max });
      if (value !== null) global[field] = value;
    },
  }),
);

interface Switch {
  readonly name: string;
  readonly field: FlagField;
  readonly help: string;
  readonly negatable?: boolean;
}

const switches: readonly Switch[] = [
  { name: 'daemon', field: 'daemon', help: 'run in the background' },
  { name: 'quiet', field: 'quiet', help: 'no messages while starting' },
  { name: 'zero-warning', field: 'zeroWarning', help: 'refuse to start on a warning' },
  {
    name: 'strict-limits',
    field: 'strictLimits',
    help: 'refuse to start when a limit cannot be set',
    negatable: true,
  },
  {
    name: 'insecure-fork-wanted',
    field: 'insecureForkWanted',
    help: 'allow the worker to start processes',
    negatable: true,
  },
  {
    name: 'insecure-setuid-wanted',
    field: 'insecureSetuidWanted',
    help: 'allow setuid bits of programs that the worker starts',
  },
  {
    name: 'noreuseport',
    field: 'noReusePort',
    help: 'bind without SO_REUSEPORT, as -dR',
  },
  {
    name: 'nogetaddrinfo',
    field: 'noGetaddrinfo',
    help: 'host names mean IPv4 addresses only, as -dG',
  },
  {
    name: 'expose-experimental-directives',
    field: 'exposeExperimental',
    help: 'accept experimental keywords',
  },
  {
    name: 'h1-accept-payload-with-any-method',
    field: 'h1AcceptPayloadWithAnyMethod',
    help: 'accept a body with methods that should have none',
  },
  {
    name: 'h1-do-not-close-on-insecure-transfer-encoding',
    field: 'h1DoNotCloseOnInsecureTransferEncoding',
    help: 'keep the connection after Transfer-Encoding together with Content-Length',
  },
  {
    name: 'pp2-never-send-local',
    field: 'ppNeverSendLocal',
    help: 'no LOCAL command in PROXY protocol headers of checks',
  },
];

const debugCounters: GlobalKeyword = {
  name: 'debug.counters',
  help: 'count wants of the process for debug counters',
  example: 'debug.counters off',
  parse: (line, global) => {
    const value = line.choice(0, ['on', 'off']);
    if (value !== null) global.debugCounters = value === 'on';
  },
};

const takeover: GlobalKeyword = {
  name: 'tune.takeover-other-tg-connections',
  help: "accepted without effect: 'tune.idle-pool.shared' decides",
  example: 'tune.takeover-other-tg-connections none',
  parse: (line) => {
    if (!line.atMost(1) || line.choice(0, ['none', 'restricted', 'full']) === null) return;
    line.warning(
      -1,
      `'${line.name}' is deprecated and has no effect: 'tune.idle-pool.shared' decides.`,
    );
  },
};

const switchRows = switches.map(
  ({ name, field, help, negatable = false }): GlobalKeyword => ({
    name,
    help,
    negatable,
    example: name,
    parse: (line, global) => {
      if (line.atMost(0)) global[field] = line.modifier !== 'no';
    },
  }),
);

/** Words that only steer what hawser does not have; kept, and shown by nobody. */
const inert: readonly (readonly [
  name: string,
  help: string,
  argumentMax: number,
  example: string,
])[] = [
  ['noepoll', 'other pollers do not exist here', 0, ''],
  ['nopoll', 'there is no poll() poller', 0, ''],
  ['nokqueue', 'there is no kqueue poller', 0, ''],
  ['noevports', 'there is no event port poller', 0, ''],
  ['expose-deprecated-directives', 'no deprecated word without an alternative is left', 0, ''],
  ['busy-polling', 'threads always sleep in epoll', 0, ''],
  ['no-memory-trimming', 'memory is given back by the garbage collector', 0, ''],
  ['prealloc-fd', 'the descriptor table belongs to the kernel', 0, ''],
  ['numa-cpu-mapping', 'threads are placed by cpu-map only', 0, ''],
  ['noktls', 'there is no kernel TLS here', 0, ''],
  ['quick-exit', 'leaving is always quick', 0, ''],
  ['limited-quic', 'there is no QUIC to limit', 0, ''],
  ['stress-level', 'there are no stress tests built in', 1, '1'],
];

const inertRows = inert.map(
  ([name, help, argumentMax, example]): GlobalKeyword => ({
    name,
    help,
    negatable: true,
    example: example === '' ? name : `${name} ${example}`,
    parse: (line, global) => {
      if (!line.atMost(argumentMax)) return;
      const value = line.modifier === 'no' ? 'no' : line.arg(0);
      global.others = { ...global.others, [name]: value };
      line.diag(-1, `'${name}' is accepted without effect: ${help}.`);
    },
  }),
);

function setNode(line: Line, global: GlobalModel): void {
  if (!line.atMost(1)) return;
  if (/^[\w.-]+$/.test(line.arg(0))) global.node = line.arg(0);
  else line.alert(0, "'node' requires a name of letters, digits, dots, hyphens and underscores.");
}

function setCloseSpread(line: Line, global: GlobalModel): void {
  if (!line.atMost(1)) return;
  if (line.arg(0) === 'infinite') {
    global.closeSpreadInfinite = true;
    return;
  }
  const value = line.time(0);
  if (value !== null)
    Object.assign(global, { closeSpreadTimeMs: value, closeSpreadInfinite: false });
}

function setDumpable(line: Line, global: GlobalModel): void {
  if (!line.atMost(1)) return;
  if (line.modifier === 'no') global.setDumpable = false;
  else if (line.count === 0) global.setDumpable = true;
  else {
    const value = line.choice(0, ['on', 'off', 'libs']);
    if (value !== null) global.setDumpable = value !== 'off';
  }
}

/** Text fields that take one word. */
const texts: readonly (readonly [
  name: string,
  field: 'chroot' | 'pidfile' | 'localpeer',
  help: string,
])[] = [
  ['chroot', 'chroot', 'directory to change root to'],
  ['pidfile', 'pidfile', 'file that gets the process numbers'],
  ['localpeer', 'localpeer', 'name of this peer'],
];

const textRows = texts.map(
  ([name, field, help]): GlobalKeyword => ({
    name,
    help,
    example: `${name} /run/x`,
    parse: (line, global, draft) => {
      if (!line.atMost(1) || !first(line, draft)) return;
      const value = line.needed(0, 'a name');
      if (value !== null) global[field] = value;
    },
  }),
);

type TimeField = 'hardStopAfterMs' | 'graceMs' | 'maxSpreadChecksMs';

const times: readonly (readonly [string, TimeField, string])[] = [
  ['hard-stop-after', 'hardStopAfterMs', 'longest time of a soft stop'],
  ['grace', 'graceMs', 'time between the stop signal and closing the listeners'],
  ['max-spread-checks', 'maxSpreadChecksMs', 'time within which all first checks are made'],
];

const timeRows = times.map(
  ([name, field, help]): GlobalKeyword => ({
    name,
    help,
    example: `${name} 30s`,
    parse: (line, global) => {
      const value = line.atMost(1) ? line.time(0) : null;
      if (value !== null) global[field] = value;
    },
  }),
);

type Codes = readonly (readonly [low: number, high: number])[];

/** Each word replaces, adds (+) or removes (-) its ranges; null after an alert. */
function readCodes(line: Line, before: Codes): Codes | null {
  let codes = before;
  for (const [index, word] of line.rest().entries()) {
    const operation = /^[+-]/.exec(word)?.[0] ?? '';
    const ranges = word.slice(operation.length).split(',').map(readRange);
    if (ranges.includes(null)) {
      return line.alert(index, `'${line.name}' : '${word}' is not a list of codes in 100..599.`);
    }
    const valid = ranges as Codes;
    if (operation === '-') for (const [low, high] of valid) codes = without(codes, low, high);
    else codes = operation === '+' ? [...codes, ...valid] : valid;
  }
  return codes;
}

function readRange(text: string): readonly [number, number] | null {
  const match = /^(\d{3})(?:-(\d{3}))?$/.exec(text);
  if (match === null) return null;
  const low = Number(match[1]);
  const high = Number(match[2] ?? low);
  return low >= 100 && high <= 599 && low <= high ? [low, high] : null;
}

function without(codes: Codes, low: number, high: number): Codes {
  return codes.flatMap(([from, to]): [number, number][] => {
    const left: [number, number][] = from < low ? [[from, Math.min(to, low - 1)]] : [];
    const right: [number, number][] = to > high ? [[Math.max(from, high + 1), to]] : [];
    return [...left, ...right];
  });
}

export const processKeywords: readonly GlobalKeyword[] = [
  ...limitRows,
  ...switchRows,
  debugCounters,
  takeover,
  ...inertRows,
  ...textRows,
  ...timeRows,
  {
    name: 'master-worker',
    help: 'a master process that watches the worker',
    example: 'master-worker',
    parse: (line, global) => {
      if (!line.atMost(1)) return;
      if (line.count === 1 && line.choice(0, ['no-exit-on-failure']) === null) return;
      global.masterWorker = true;
    },
  },
  {
    name: 'set-dumpable',
    help: 'allow core dumps',
    example: 'set-dumpable on',
    negatable: true,
    parse: setDumpable,
  },
  { name: 'node', help: 'name of this node', example: 'node lb-1', parse: setNode },
  {
    name: 'description',
    help: 'text shown in statistics',
    example: 'description edge proxy',
    parse: (line, global) => {
      if (line.needed(0, 'a string argument') !== null) global.description = line.rest().join(' ');
    },
  },
  {
    name: 'close-spread-time',
    help: 'time over which idle connections are closed on a stop',
    example: 'close-spread-time 10s',
    parse: setCloseSpread,
  },
  {
    name: 'external-check',
    help: 'allow commands to check servers',
    example: 'external-check preserve-env',
    parse: (line, global) => {
      if (!line.atMost(1)) return;
      const kept = line.count === 0 ? 'on' : line.choice(0, ['preserve-env']);
      if (kept !== null) global.externalCheck = kept;
    },
  },
  {
    name: 'http-err-codes',
    help: 'status codes counted as errors',
    example: 'http-err-codes 400-402,404-499',
    parse: (line, global) => {
      if (line.needed(0, 'status codes') === null) return;
      global.httpErrCodes = readCodes(line, global.httpErrCodes) ?? global.httpErrCodes;
    },
  },
  {
    name: 'http-fail-codes',
    help: 'status codes counted as failures',
    example: 'http-fail-codes -501 +500-503',
    parse: (line, global) => {
      if (line.needed(0, 'status codes') === null) return;
      global.httpFailCodes = readCodes(line, global.httpFailCodes) ?? global.httpFailCodes;
    },
  },
];
