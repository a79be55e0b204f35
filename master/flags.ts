// HAProxy's command line (manual: management.txt chapter 3), one row per flag. Called by main.ts
// and by cli/main.ts. Only reads words: it opens nothing, prints nothing, exits nowhere.

import { traceFlag, traceFlagHelp } from './trace-flag.ts';

/** What the flags ask for. Numbers are 0 and texts '' where a flag was not given. */
export interface Flags {
  files: string[];
  directory: string;
  check: boolean;
  /** Text of -cc, null without it. */
  condition: string | null;
  /** Classes of -dK, null without it. */
  dumpKeywords: string | null;
  dumpLibraries: boolean;
  daemon: boolean;
  foreground: boolean;
  debug: boolean;
  master: boolean;
  notify: boolean;
  diagnostics: boolean;
  zeroWarning: boolean;
  verbose: boolean;
  quiet: boolean;
  peerName: string;
  maxconn: number;
  proxyMaxconn: number;
  memoryMegabytes: number;
  pidfile: string;
  /** `-S` arguments: address and bind options between commas. */
  masterSockets: string[];
  oldPids: number[];
  oldSignal: 'SIGUSR1' | 'SIGTERM';
  oldSocket: string;
  reusePort: boolean;
  getaddrinfo: boolean;
  splice: boolean;
  fastForward: boolean;
  zeroCopy: boolean;
  verifyServers: boolean;
  resolutionMayFail: boolean;
  onlyIpv4: boolean;
  insecureFork: boolean;
  /** `trace` commands of -dt. */
  traces: readonly (readonly string[])[];
}

export type FlagsResult =
  | { readonly kind: 'run'; readonly flags: Flags; readonly warnings: readonly string[] }
  /** -v and its kin: print and leave with 0. */
  | { readonly kind: 'version'; readonly form: VersionForm }
  /** -dM help: print `text` on standard output and leave with 0. */
  | { readonly kind: 'text'; readonly text: string }
  /** A mistake: `message` ('' for none) is an alert, then the usage when `usage`, exit 1. */
  | { readonly kind: 'mistake'; readonly message: string; readonly usage: boolean };

export type VersionForm = 'line' | 'full' | 'plain' | 'short' | 'branch';

interface FlagDef {
  /** What follows the dash; a word that begins with it is the flag (the longest row wins). */
  readonly name: string;
  /** Name of the argument that follows as a word of its own. */
  readonly value?: string;
  readonly help: string;
  /** `rest`: what stands behind the name in the same word; `value`: the argument. */
  readonly apply: (state: State, rest: string, value: string) => Stop | undefined;
}

type Stop = Exclude<FlagsResult, { kind: 'run' }>;

interface State {
  readonly flags: Flags;
  readonly warnings: string[];
  readonly words: readonly string[];
  at: number;
}

const mistake = (message: string, usage = false): Stop => ({ kind: 'mistake', message, usage });
const version = (form: VersionForm): Stop => ({ kind: 'version', form });

/** A row that only sets switches. */
function sets(name: string, help: string, change: Partial<Flags>): FlagDef {
  return { name, help, apply: ({ flags }) => void Object.assign(flags, change) };
}

/** A row for what HAProxy has and this program has not: refused by name. */
function missing(name: string, help: string, what: string): FlagDef {
  return { name, help, apply: () => mistake(`-${name}: ${what} not supported yet.`) };
}

/** A row for a debugging aid whose subject does not exist here: accepted, nothing to do. */
function nothing(name: string, help: string): FlagDef {
  return { name, help, apply: () => undefined };
}

const versionForms: Readonly<Record<string, VersionForm>> = {
  v: 'full',
  q: 'plain',
  qs: 'short',
  qb: 'branch',
};

export const flagTable: readonly FlagDef[] = [
  {
    name: 'v',
    help: 'version; -vv with features, -vq/-vqs/-vqb only the number',
    apply: (_, rest) => version(versionForms[rest] ?? (rest.startsWith('v') ? 'full' : 'line')),
  },
  {
    name: 'f',
    value: '<file|dir>',
    help: 'load a configuration file or every .cfg of a folder',
    apply: ({ flags }, _, value) => void flags.files.push(value),
  },
  {
    name: '-',
    help: 'all further words are configuration files or folders',
    apply: (state) => {
      state.flags.files.push(...state.words.slice(state.at + 1));
      state.at = state.words.length;
      return undefined;
    },
  },
  {
    name: 'C',
    value: '<dir>',
    help: 'change to <dir> before loading files',
    apply: ({ flags }, _, value) => void (flags.directory = value),
  },
  sets('D', 'run in the background', { daemon: true }),
  {
    name: 'L',
    value: '<name>',
    help: 'local peer name (default: the host name)',
    apply: ({ flags }, _, value) => void (flags.peerName = value),
  },
  {
    name: 'N',
    value: '<limit>',
    help: 'default maxconn of a proxy',
    apply: ({ flags }, _, value) => numberOf('N', value, (found) => (flags.proxyMaxconn = found)),
  },
  {
    name: 'n',
    value: '<limit>',
    help: 'maxconn of the process',
    apply: ({ flags }, _, value) => numberOf('n', value, (found) => (flags.maxconn = found)),
  },
  {
    name: 'm',
    value: '<megabytes>',
    help: 'memory limit, from which connection limits follow',
    apply: ({ flags }, _, value) =>
      numberOf('m', value, (found) => (flags.memoryMegabytes = found)),
  },
  {
    name: 'p',
    value: '<file>',
    help: 'write the process id to <file>',
    apply: ({ flags }, _, value) => void (flags.pidfile = value),
  },
  sets('V', 'say more (undoes -q)', { verbose: true }),
  sets('q', 'say nothing', { quiet: true }),
  sets('W', 'master and workers', { master: true }),
  sets('Ws', 'master and workers, with notices to the service manager', {
    master: true,
    notify: true,
    foreground: true,
  }),
  sets('4', 'resolvers ask for IPv4 addresses only', { onlyIpv4: true }),
  sets('c', 'check the configuration and leave', { check: true }),
  {
    name: 'cc',
    help: 'evaluate a condition and leave',
    apply: (state) => {
      state.flags.condition = state.words[++state.at] ?? '';
      return state.at < state.words.length ? undefined : mistake('', true);
    },
  },
  sets('d', 'debug mode: stay in the foreground', { debug: true }),
  sets('db', 'stay in the foreground', { foreground: true }),
  sets('dD', 'diagnostics about suspicious statements', { diagnostics: true }),
  sets('dF', 'no fast forwarding', { fastForward: false }),
  sets('dG', 'host names mean IPv4 addresses only', { getaddrinfo: false }),
  sets('dI', 'allow forks of external programs', { insecureFork: true }),
  {
    name: 'dK',
    help: 'list the keywords of these classes (-dKhelp)',
    apply: ({ flags }, rest) => void (flags.dumpKeywords = rest),
  },
  sets('dL', 'list the shared objects in use', { dumpLibraries: true }),
  { name: 'dM', help: 'memory debugging options', apply: (state, rest) => memory(state, rest) },
  sets('dR', 'no SO_REUSEPORT', { reusePort: false }),
  sets('dS', 'no splice()', { splice: false }),
  nothing('dT', 'no kernel TLS (there is none to turn off)'),
  sets('dV', 'do not verify server certificates', { verifyServers: false }),
  sets('dW', 'fail on any warning', { zeroWarning: true }),
  sets('dZ', 'no zero-copy forwarding', { zeroCopy: false }),
  nothing('dk', 'no kqueue (there is none on Linux)'),
  nothing('dp', 'no poll() (it is not used)'),
  nothing('dv', 'no event ports (there are none on Linux)'),
  sets('dr', 'start although server names cannot be resolved', { resolutionMayFail: true }),
  missing('dA', 'archive of shared objects', 'the archive of shared objects is'),
  missing('dC', 'dump of the configuration', 'dumping the configuration is'),
  missing('dc', 'CPU report', 'the report of CPUs is'),
  missing('de', 'no epoll', 'another poller than epoll is'),
  { name: 'dt', help: 'traces on standard error (-dt help)', apply: (state) => traces(state) },
  {
    name: 'S',
    help: 'master CLI: address and bind options between commas',
    apply: (state) => {
      const socket = state.words[++state.at];
      if (socket === undefined) {
        return mistake('Socket and optional bind parameters expected with the -S flag', true);
      }
      state.flags.masterSockets.push(socket);
      return undefined;
    },
  },
  { name: 'sf', help: 'pids to finish once started', apply: (state) => pids(state, 'SIGUSR1') },
  { name: 'st', help: 'pids to terminate once started', apply: (state) => pids(state, 'SIGTERM') },
  {
    name: 'x',
    help: 'get the listening sockets of an old process from this socket',
    apply: (state) => {
      const path = state.words[++state.at];
      if (path === undefined) return mistake('Unix socket path expected with the -x flag', true);
      if (state.flags.oldSocket !== '') {
        state.warnings.push('-x option already set, overwriting the value');
      }
      state.flags.oldSocket = path;
      return undefined;
    },
  },
];

const longestFirst = flagTable.toSorted((a, b) => b.name.length - a.name.length);

/** What holds when no flag is given. */
export function defaultFlags(): Flags {
  return {
    files: [],
    directory: '',
    check: false,
    condition: null,
    dumpKeywords: null,
    dumpLibraries: false,
    daemon: false,
    foreground: false,
    debug: false,
    master: false,
    notify: false,
    diagnostics: false,
    zeroWarning: false,
    verbose: false,
    quiet: false,
    peerName: '',
    maxconn: 0,
    proxyMaxconn: 0,
    memoryMegabytes: 0,
    pidfile: '',
    masterSockets: [],
    oldPids: [],
    oldSignal: 'SIGUSR1',
    oldSocket: '',
    reusePort: true,
    getaddrinfo: true,
    splice: true,
    fastForward: true,
    zeroCopy: true,
    verifyServers: true,
    resolutionMayFail: false,
    onlyIpv4: false,
    insecureFork: false,
    traces: [],
  };
}

/**
 * Reads the words behind the program's name. The first word that ends the run (-v) ends the
 * reading.
 */
export function parseFlags(words: readonly string[]): FlagsResult {
  const state: State = { flags: defaultFlags(), warnings: [], words, at: 0 };
  for (; state.at < words.length; state.at++) {
    const stop = readFlag(state, words[state.at]);
    if (stop !== undefined) return stop;
  }
  return { kind: 'run', flags: state.flags, warnings: state.warnings };
}

function readFlag(state: State, word: string): Stop | undefined {
  const text = word.slice(1);
  const row = word.startsWith('-') ? longestFirst.find((def) => text.startsWith(def.name)) : null;
  if (row === undefined || row === null || (row.name === '-' && text !== '-')) {
    return mistake(`Unknown flag '${word}'.`, true);
  }
  if (row.value === undefined) return row.apply(state, text.slice(row.name.length), '');
  const value = state.words[++state.at];
  const missingValue = `'${word}' needs a value: ${row.help}.`;
  return value === undefined ? mistake(missingValue, true) : row.apply(state, '', value);
}

/** As C's atol(), the digits at the start; without any there is no limit that could be meant. */
function numberOf(flag: string, text: string, take: (found: number) => void): Stop | undefined {
  const digits = /^\s*[+-]?\d+/.exec(text)?.[0];
  if (digits === undefined) return mistake(`-${flag} needs a number, not '${text}'.`);
  take(Number(digits));
  return undefined;
}

function pids(state: State, signal: 'SIGUSR1' | 'SIGTERM'): Stop | undefined {
  const flag = signal === 'SIGUSR1' ? 'sf' : 'st';
  state.flags.oldSignal = signal;
  for (;;) {
    const word = state.words[state.at + 1];
    if (word === undefined || word.startsWith('-')) return undefined;
    state.at++;
    // One argument may hold what `cat pidfile` printed: only the first number counts, as in
    // HAProxy.
    if (!/^\s*\d+\s*$/.test(word)) {
      return mistake(`-${flag} option: some bytes unconsumed in PID list {${word}}`);
    }
    const pid = Number(word);
    if (pid <= 0) return mistake('', true);
    state.flags.oldPids.push(pid);
  }
}

function traces(state: State): Stop | undefined {
  const next = state.words[state.at + 1] ?? '-';
  const text = next.startsWith('-') ? '' : next;
  if (text !== '') state.at++;
  if (text === 'help') return { kind: 'text', text: traceFlagHelp };
  const commands = traceFlag(text);
  if (typeof commands === 'string') return mistake(commands);
  state.flags.traces = [...state.flags.traces, ...commands];
  return undefined;
}

const memoryPairs: readonly (readonly [string, string])[] = [
  ['fail', 'no-fail'],
  ['no-merge', 'merge'],
  ['cold-first', 'hot-first'],
  ['integrity', 'no-integrity'],
  ['backup', 'no-backup'],
  ['no-global', 'global'],
  ['no-cache', 'cache'],
  ['caller', 'no-caller'],
  ['tag', 'no-tag'],
  ['poison', 'no-poison'],
];
const memoryWords = new Set(memoryPairs.flat());

/**
 * Buffers here are cleared by construction: the options are checked, and there is nothing to steer.
 */
function memory(_: State, rest: string): Stop | undefined {
  const [first, ...others] = rest.split(',');
  const words = /^(0[xX][0-9a-fA-F]+|\d*)$/.test(first) ? others : [first, ...others];
  if (words.includes('help')) {
    const rows = memoryPairs.map(([set, clear]) => `  ${set.padEnd(12)} / ${clear}\n`).join('');
    return { kind: 'text', text: `-dM accepts these options, none has an effect:\n${rows}` };
  }
  const unknown = words.find((word) => !memoryWords.has(word));
  return unknown === undefined ? undefined : mistake(`-dM: unknown debug option '${unknown}'`);
}
