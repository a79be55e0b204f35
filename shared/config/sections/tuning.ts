// tune.* keywords of `global`, rows only: what steers something here is a field of TuneModel; all
// else is range checked, kept in `others`, where nobody reads it, and told by diagnostics (-dD).

import type { GlobalKeyword } from '../keyword.ts';
import type { Range } from '../line.ts';
import type { TuneModel } from '../model.ts';

type Fields<T> = { [K in keyof TuneModel]: TuneModel[K] extends T ? K : never }[keyof TuneModel];

interface NumberRow extends Range {
  readonly name: string;
  /** null: it steers nothing here; the value is checked and kept in `others`. */
  readonly field: Fields<number> | null;
  readonly kind: 'integer' | 'size' | 'time' | 'seconds';
  readonly example: string;
  readonly help: string;
  /** Multiple that the value is rounded up to. */
  readonly round?: number;
}

const directions = [
  ['rcvbuf', 'receive'],
  ['sndbuf', 'send'],
] as const;
const sockets = [
  ['client', 'Client', 'client sockets'],
  ['server', 'Server', 'server sockets'],
  ['frontend', 'Frontend', 'sockets that take datagrams'],
  ['backend', 'Backend', 'sockets that send log lines'],
] as const;

const bufferRows = directions.flatMap(([name, what]) =>
  sockets.map(
    ([side, part, whose]): NumberRow => ({
      name: `tune.${name}.${side}`,
      field: `${name}${part}`,
      kind: 'size',
      example: '64k',
      help: `${what} buffer of ${whose}`,
    }),
  ),
);

const numbers: readonly NumberRow[] = [
  ...bufferRows,
  {
    name: 'tune.bufsize',
    field: 'bufsize',
    kind: 'size',
    min: 1,
    max: 2 ** 31 - 17,
    round: 16,
    example: '16k',
    help: 'bytes of a buffer',
  },
  {
    name: 'tune.bufsize.small',
    field: 'bufsizeSmall',
    kind: 'size',
    max: 2 ** 28,
    example: '1k',
    help: 'bytes of the buffers of option use-small-buffers',
  },
  {
    name: 'tune.bufsize.large',
    field: 'bufsizeLarge',
    kind: 'size',
    max: 2 ** 28 - 1,
    example: '1m',
    help: 'bytes of the buffers of wait-for-body use-large-buffer',
  },
  {
    name: 'tune.maxrewrite',
    field: 'maxrewrite',
    kind: 'integer',
    example: '1024',
    help: 'bytes of a buffer kept free for rewrites',
  },
  {
    name: 'tune.http.maxhdr',
    field: 'httpMaxhdr',
    kind: 'integer',
    min: 1,
    max: 32_767,
    example: '101',
    help: 'header fields of a message',
  },
  {
    name: 'tune.h1.fe.glitches-threshold',
    field: 'h1FrontGlitches',
    kind: 'integer',
    example: '1000',
    help: 'oddities after which an HTTP/1 connection of a client ends',
  },
  {
    name: 'tune.h1.be.glitches-threshold',
    field: 'h1BackGlitches',
    kind: 'integer',
    example: '1000',
    help: 'oddities after which an HTTP/1 connection to a server ends',
  },
  {
    name: 'tune.glitches.kill.cpu-usage',
    field: 'glitchesKillPercent',
    kind: 'integer',
    max: 100,
    example: '80',
    help: 'share of CPU time from which connections with too many oddities are cut off',
  },
  {
    name: 'tune.http.cookielen',
    field: 'httpCookielen',
    kind: 'integer',
    example: '63',
    help: 'bytes of a captured cookie',
  },
  {
    name: 'tune.http.logurilen',
    field: 'httpLogurilen',
    kind: 'integer',
    example: '1024',
    help: 'bytes of a logged request line',
  },
  {
    name: 'tune.pool-low-fd-ratio',
    field: 'poolLowFdRatio',
    kind: 'integer',
    max: 100,
    example: '20',
    help: 'share of descriptors above which idle connections are not kept',
  },
  {
    name: 'tune.pool-high-fd-ratio',
    field: 'poolHighFdRatio',
    kind: 'integer',
    max: 100,
    example: '25',
    help: 'share of descriptors above which idle connections are closed',
  },
  {
    name: 'tune.maxaccept',
    field: 'maxaccept',
    kind: 'integer',
    min: -1,
    example: '4',
    help: 'connections accepted at once',
  },
  {
    name: 'tune.maxpollevents',
    field: 'maxpollevents',
    kind: 'integer',
    max: 1_000_000,
    example: '200',
    help: 'events taken at once',
  },
  {
    name: 'tune.runqueue-depth',
    field: null,
    kind: 'integer',
    example: '200',
    help: 'accepted without effect: there is no run queue',
  },
  {
    name: 'tune.notsent-lowat.client',
    field: 'notsentLowatClient',
    kind: 'size',
    example: '16k',
    help: 'unsent bytes above which a client socket is not writable',
  },
  {
    name: 'tune.notsent-lowat.server',
    field: 'notsentLowatServer',
    kind: 'size',
    example: '16k',
    help: 'unsent bytes above which a server socket is not writable',
  },
  {
    name: 'tune.pipesize',
    field: 'pipesize',
    kind: 'size',
    example: '64k',
    help: 'bytes of a pipe',
  },
  {
    name: 'tune.vars.global-max-size',
    field: 'varsGlobalMaxSize',
    kind: 'integer',
    example: '0',
    help: 'bytes of all variables',
  },
  {
    name: 'tune.vars.proc-max-size',
    field: 'varsProcMaxSize',
    kind: 'integer',
    example: '0',
    help: 'bytes of process variables',
  },
  {
    name: 'tune.vars.sess-max-size',
    field: 'varsSessMaxSize',
    kind: 'integer',
    example: '0',
    help: 'bytes of session variables',
  },
  {
    name: 'tune.vars.check-max-size',
    field: 'varsCheckMaxSize',
    kind: 'integer',
    example: '0',
    help: 'bytes of the variables of a health check',
  },
  {
    name: 'tune.vars.txn-max-size',
    field: 'varsTxnMaxSize',
    kind: 'integer',
    example: '0',
    help: 'bytes of transaction variables',
  },
  {
    name: 'tune.vars.reqres-max-size',
    field: 'varsReqresMaxSize',
    kind: 'integer',
    example: '0',
    help: 'bytes of request and response variables',
  },
  {
    name: 'tune.peers.max-updates-at-once',
    field: 'peersMaxUpdatesAtOnce',
    kind: 'integer',
    min: 1,
    example: '200',
    help: 'updates that a peer is sent in one go',
  },
  {
    name: 'tune.max-checks-per-thread',
    field: 'maxChecksPerThread',
    kind: 'integer',
    example: '0',
    help: 'health checks that run at the same time',
  },
  {
    name: 'tune.stick-counters',
    field: 'stickCounters',
    kind: 'integer',
    example: '3',
    help: 'tracked counters of a session',
  },
  {
    name: 'tune.idletimer',
    field: null,
    kind: 'time',
    max: 65_535,
    example: '1s',
    help: 'accepted without effect: idle streams are not told apart',
  },
  {
    name: 'tune.cli.max-payload-size',
    field: 'cliMaxPayloadSize',
    kind: 'size',
    example: '128k',
    help: 'bytes of a runtime command',
  },
  {
    name: 'tune.max-rules-at-once',
    field: null,
    kind: 'integer',
    example: '50',
    help: 'accepted without effect: rules never yield',
  },
  {
    name: 'tune.buffers.limit',
    field: 'buffersLimit',
    kind: 'integer',
    example: '0',
    help: 'buffers of the process',
  },
  {
    name: 'tune.pattern.cache-size',
    field: null,
    kind: 'integer',
    example: '10000',
    help: 'accepted without effect: pattern sets are indexed',
  },
  {
    name: 'tune.ssl.cachesize',
    field: 'sslCachesize',
    kind: 'integer',
    example: '20000',
    help: 'remembered TLS sessions',
  },
  {
    name: 'tune.ssl.lifetime',
    field: 'sslLifetimeMs',
    kind: 'seconds',
    example: '300',
    help: 'life of a TLS session',
  },
  ...['tune.ssl.capture-buffer-size', 'tune.ssl.capture-cipherlist-size'].map(
    (name): NumberRow => ({
      name,
      field: 'sslCaptureBytes',
      kind: 'size',
      max: 65_536,
      example: '96',
      help: 'bytes kept of a client hello',
    }),
  ),
  {
    name: 'tune.ssl.maxrecord',
    field: 'sslMaxrecord',
    kind: 'integer',
    example: '0',
    help: 'bytes of a TLS record while a transfer is young',
  },
  {
    name: 'tune.ssl.hard-maxrecord',
    field: 'sslHardMaxrecord',
    kind: 'integer',
    example: '0',
    help: 'bytes of any TLS record',
  },
  {
    name: 'tune.ssl.default-dh-param',
    field: null,
    kind: 'integer',
    min: 1024,
    example: '2048',
    help: "accepted without effect: Diffie-Hellman parameters are as strong as the certificate's key",
  },
];

const numberRows = numbers.map((row): GlobalKeyword => {
  const { name, field, kind, example, help, round = 1 } = row;
  return {
    name,
    help,
    example: `${name} ${example}`,
    parse: (line, global) => {
      if (!line.atMost(1)) return;
      const value = read[kind](line, row);
      if (value === null) return;
      if (field !== null) global.tune[field] = Math.ceil(value / round) * round;
      else {
        global.tune.others = { ...global.tune.others, [name]: line.arg(0) };
        line.diag(-1, `'${name}' is ${help}.`);
      }
    },
  };
});

const read = {
  integer: (line, range) => line.integer(0, range),
  size: (line, range) => line.size(0, range),
  time: (line, range) => {
    const value = line.time(0);
    const { max } = range;
    if (value === null || max === undefined || value <= max) return value;
    return line.alert(0, `'${line.name}' expects a timer value between 0 and ${max} ms.`);
  },
  seconds: (line) => {
    const value = line.time(0, 's');
    return value === null ? null : value * 1000;
  },
} satisfies Record<
  NumberRow['kind'],
  (line: Parameters<GlobalKeyword['parse']>[0], range: Range) => number | null
>;

/** What only steers HAProxy's own machinery: [name, why nothing happens, allowed words]. */
const inert: readonly (readonly [name: string, why: string, allowed: RegExp, example: string])[] = [
  ['tune.buffers.reserve', 'buffers come from one pool', /^\d+$/, '2'],
  ['tune.epoll.mask-events', 'no events are hidden', /^[a-z,]+$/, 'err'],
  ['tune.events.max-events-at-once', 'there is no event queue', /^\d+$/, '32'],
  ['tune.fail-alloc', 'allocations are not made to fail', /^\d+$/, '0'],
  ['tune.fd.edge-triggered', 'the loop chooses by itself', /^(on|off)$/, 'off'],
  [
    'tune.fd.tables',
    'descriptors are those of the process',
    /^(shared|per-thread-group)$/,
    'shared',
  ],
  ['tune.memory.hot-size', 'there is no pool cache', /^\d+[kmg]?$/i, '512k'],
  ['tune.recv_enough', 'reading stops when the socket is empty', /^\d+[kmg]?$/i, '10136'],
  ['tune.renice.runtime', 'priorities are left alone', /^-?\d+$/, '0'],
  ['tune.renice.startup', 'priorities are left alone', /^-?\d+$/, '0'],
  ['tune.ring.queues', 'rings have one queue', /^\d+$/, '1'],
  ['tune.sched.low-latency', 'there is no task scheduler', /^(on|off)$/, 'off'],
  ['tune.defaults.purge', 'defaults are gone after the start', /^[a-z,]*$/, 'all'],
  ['tune.applet.zero-copy-forwarding', 'answers are written in place', /^(on|off)$/, 'on'],
  ['tune.h1.zero-copy-fwd-recv', 'bytes are never copied between buffers', /^(on|off)$/, 'on'],
  ['tune.h1.zero-copy-fwd-send', 'bytes are never copied between buffers', /^(on|off)$/, 'on'],
  ['tune.pt.zero-copy-forwarding', 'bytes are never copied between buffers', /^(on|off)$/, 'on'],
  [
    'warn-blocked-traffic-after',
    'the loop has no blocked tasks to report',
    /^\d+(us|ms|s)?$/,
    '1s',
  ],
];

const inertRows = inert.map(
  ([name, why, allowed, example]): GlobalKeyword => ({
    name,
    help: `accepted without effect: ${why}`,
    example: `${name} ${example}`,
    parse: (line, global) => {
      if (!line.atMost(1)) return;
      const value = line.arg(0);
      if (!allowed.test(value)) {
        line.alert(0, `'${name}' : '${value}' is not a value it takes.`);
        return;
      }
      line.diag(-1, `'${name}' is accepted without effect: ${why}.`);
      global.tune.others = { ...global.tune.others, [name]: value };
    },
  }),
);

const profilingWords = ['auto', 'on', 'off', 'lock', 'no-lock', 'memory', 'no-memory'] as const;

export const tuningKeywords: readonly GlobalKeyword[] = [
  ...numberRows,
  ...inertRows,
  {
    name: 'tune.idle-pool.shared',
    help: 'threads take idle server connections from each other',
    example: 'tune.idle-pool.shared on',
    parse: (line, global) => {
      const value = line.choice(0, ['on', 'off', 'full']);
      if (value !== null) global.tune.idlePoolShared = value !== 'off';
    },
  },
  {
    name: 'profiling.tasks',
    help: 'measure what the threads call and what streams cost; auto: while a thread is slow',
    example: 'profiling.tasks on no-lock',
    parse: (line, global) => {
      for (let at = 0; at < Math.max(1, line.count); at++) {
        const value = line.choice(at, profilingWords);
        if (value === null) return;
        if (value === 'lock' || value === 'memory') line.notSupported(at, value);
        // 'no-lock' and 'no-memory' are how it is.
        else if (!value.startsWith('no-')) {
          global.tune.profilingTasks = value as typeof global.tune.profilingTasks;
        }
      }
    },
  },
  {
    name: 'profiling.memory',
    help: 'sample what holds the memory of the JavaScript heap, for show profiling',
    example: 'profiling.memory on',
    parse: (line, global) => {
      const value = line.choice(0, ['on', 'off']);
      if (value !== null) global.tune.profilingMemory = value === 'on';
    },
  },
  {
    name: 'tune.disable-fast-forward',
    help: 'no fast path for bodies',
    example: 'tune.disable-fast-forward',
    parse: (line, global) => {
      if (line.atMost(0)) global.tune.disableFastForward = true;
    },
  },
  {
    name: 'tune.disable-zero-copy-forwarding',
    help: 'no zero-copy path for bodies',
    example: 'tune.disable-zero-copy-forwarding',
    parse: (line, global) => {
      if (line.atMost(0)) global.tune.disableZeroCopyForwarding = true;
    },
  },
  {
    name: 'nosplice',
    help: 'bodies never move by splice',
    example: 'nosplice',
    parse: (line, global) => {
      if (line.atMost(0)) global.tune.splice = false;
    },
  },
  {
    name: 'tune.listener.default-shards',
    help: 'sockets of a bind line that says nothing',
    example: 'tune.listener.default-shards by-thread',
    parse: (line, global) => {
      const value = line.choice(0, ['by-process', 'by-thread', 'by-group']);
      if (value !== null) global.tune.listenerDefaultShards = value;
    },
  },
  {
    name: 'tune.listener.multi-queue',
    help: 'how accepted connections are spread over threads',
    example: 'tune.listener.multi-queue fair',
    parse: (line, global) => {
      const value = line.choice(0, ['on', 'fair', 'off']);
      if (value !== null) global.tune.listenerMultiQueue = value;
    },
  },
];
