// Actions on addresses, socket options, timeouts and the standing of a stream. They change state
// that the engine, the connection or the log reads later; none of them ends a rule set. Built by
// compile/rules.ts.

import { Endpoint, familyIpv4, familyIpv6 } from '../conn/endpoint.ts';
import { type SetSocketOption, setMark, setTos } from '../conn/socket-options.ts';
import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import { kindAddress, kindIpv4, kindIpv6 } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';
import { integerBetween, takeChoice, takeIntegerExpression } from './arguments.ts';
import { takeNumber, takeWord, timeNumber } from './arguments.ts';

const requestSets = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'http-request',
] as const;

const frontSets = [...requestSets, 'tcp-response content', 'http-response'] as const;
const contentSets = ['tcp-request content', 'tcp-response content'] as const;
const httpSets = ['http-request', 'http-response'] as const;

/** Which endpoint an action edits. */
type Pick = (stream: Stream, level: string) => Endpoint;

function sourceOf(stream: Stream, level: string): Endpoint {
  const { session } = stream;
  if (level === 'tcp-request connection') return session.connection.source;
  if (level === 'tcp-request session') {
    session.source = own(session.source, session.connection.source);
    stream.source = session.source;
  } else {
    stream.source = own(stream.source, session.source);
  }
  return stream.source;
}

/** `mine`, unless it is still what the level below has: then a copy that may be changed. */
function own(mine: Endpoint, below: Endpoint): Endpoint {
  if (mine !== below) return mine;
  const copy = new Endpoint();
  copy.copy(below);
  return copy;
}

/** The destination rules see; a server without an address connects to it. */
function destinationOf(stream: Stream, level: string): Endpoint {
  const { session } = stream;
  if (level === 'tcp-request connection') return session.connection.destination;
  if (level === 'tcp-request session') {
    session.destination = own(session.destination, session.connection.destination);
    stream.destination = session.destination;
  } else {
    stream.destination = own(stream.destination, session.destination);
  }
  return stream.destination;
}

function buildSetAddress(pick: Pick): (words: WordCursor, scope: Scope) => Act | null {
  return (words, scope) => {
    const text = takeWord(words, scope, 'an expression that gives an address');
    const expression = text === null ? null : scope.expressionOf(text, kindAddress);
    if (expression === null) return null;
    const { evaluate } = expression;
    const level = scope.ruleSet;
    return (stream) => {
      const { sample } = stream;
      sample.restart();
      if (!evaluate(stream, sample)) return verdictNext;
      const endpoint = pick(stream, level);
      if (sample.kind === kindIpv4) endpoint.setIpv4(Number(sample.int), endpoint.port);
      else if (sample.kind === kindIpv6) endpoint.setIpv6(sample.text, endpoint.port);
      return verdictNext;
    };
  };
}

function buildSetPort(pick: Pick): (words: WordCursor, scope: Scope) => Act | null {
  return (words, scope) => {
    if (words.atEnd()) {
      scope.alertAt(words.here(), 'missing an expression that gives a port');
      return null;
    }
    const port = takeIntegerExpression(words, scope);
    if (port === null) return null;
    const level = scope.ruleSet;
    return (stream) => {
      const value = port.read(stream);
      if (!Number.isNaN(value)) setPort(pick(stream, level), value & 0xffff);
      return verdictNext;
    };
  };
}

/** An endpoint without a port (unix, unknown) becomes 0.0.0.0 first. */
function setPort(endpoint: Endpoint, port: number): void {
  if (endpoint.family === familyIpv6) endpoint.setIpv6(endpoint.bytes, port);
  else endpoint.setIpv4(endpoint.family === familyIpv4 ? endpoint.ipv4 : 0, port);
}

const unsigned = /^(0[xX][0-9a-fA-F]+|[0-9]+)$/;

/** Decimal or 0x hexadecimal, NaN for anything else or above `max`. */
function unsignedNumber(max: number): (text: string) => number {
  return (text) => {
    if (!unsigned.test(text)) return Number.NaN;
    const value = Number(text);
    return value <= max ? value : Number.NaN;
  };
}

function buildFrontOption(
  set: SetSocketOption,
  max: number,
): (words: WordCursor, scope: Scope) => Act | null {
  return (words, scope) => {
    const source = takeNumber(words, scope, 'a number or an expression', unsignedNumber(max));
    if (source === null) return null;
    return (stream) => {
      const value = source.read(stream);
      const { connection } = stream.session;
      if (Number.isNaN(value) || connection.fd < 0) return verdictNext;
      set(connection.sys, connection.fd, connection.source.family, value);
      return verdictNext;
    };
  };
}

/** Kept for the connection to the server, which is opened later and shared by equal values only. */
function buildBackOption(
  field: 'backMark' | 'backTos',
  max: number,
): (words: WordCursor, scope: Scope) => Act | null {
  return (words, scope) => {
    const source = takeNumber(words, scope, 'a number or an expression', unsignedNumber(max));
    if (source === null) return null;
    return (stream) => {
      const value = source.read(stream);
      if (!Number.isNaN(value)) stream[field] = max === 255 ? value & 255 : value >>> 0;
      return verdictNext;
    };
  };
}

const levels = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug', 'silent'];

function buildSetLogLevel(words: WordCursor, scope: Scope): Act | null {
  const word = takeChoice(words, scope, levels);
  if (word === null) return null;
  const level = levels.indexOf(word);
  return (stream) => {
    stream.logLevel = level;
    return verdictNext;
  };
}

/** Actions that store one bounded integer, constant or found per stream, in the stream. */
type StoreInteger = (stream: Stream, value: number) => void;

function bounded(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

function buildPriority(
  limit: number,
  store: StoreInteger,
): (words: WordCursor, scope: Scope) => Act | null {
  return (words, scope) => {
    const text = takeWord(words, scope, 'an expression that gives a priority');
    if (text === null) return null;
    words.index--;
    const source = takeIntegerExpression(words, scope);
    if (source === null) return null;
    return (stream) => {
      const value = source.read(stream);
      if (!Number.isNaN(value)) store(stream, bounded(value, limit));
      return verdictNext;
    };
  };
}

function buildSetNice(words: WordCursor, scope: Scope): Act | null {
  const place = words.here();
  const word = takeWord(words, scope, 'a nice value');
  if (word === null) return null;
  if (!/^-?[0-9]+$/.test(word)) {
    scope.alertAt(place, `'${word}' is not an integer`);
    return null;
  }
  const nice = bounded(Number(word), 1024);
  return (stream) => {
    stream.nice = nice;
    return verdictNext;
  };
}

function buildSetRetries(words: WordCursor, scope: Scope): Act | null {
  if (scope.proxy !== null && scope.proxy.kind === 'frontend') {
    scope.alert("'set-retries' needs a proxy with backend capability");
    return null;
  }
  const source = takeNumber(words, scope, 'a number of retries', integerBetween(0, 100));
  if (source === null) return null;
  return (stream) => {
    const value = source.read(stream);
    if (value >= 0 && value <= 100) stream.retryMax = value;
    return verdictNext;
  };
}

interface TimeoutRow {
  readonly name: string;
  /** Side of the proxy that the timeout needs, '' for any. */
  readonly side: 'front' | 'back' | '';
  readonly store: StoreInteger;
}

const timeouts: readonly TimeoutRow[] = [
  {
    name: 'client',
    side: 'front',
    store: (stream, ms) => {
      stream.clientTimeoutMs = ms;
    },
  },
  {
    name: 'server',
    side: 'back',
    store: (stream, ms) => {
      stream.serverTimeoutMs = ms;
    },
  },
  {
    name: 'tunnel',
    side: 'back',
    store: (stream, ms) => {
      stream.tunnelTimeoutMs = ms;
    },
  },
  {
    name: 'connect',
    side: 'back',
    store: (stream, ms) => {
      stream.connectTimeoutMs = ms;
    },
  },
  {
    name: 'queue',
    side: 'back',
    store: (stream, ms) => {
      stream.queueTimeoutMs = ms;
    },
  },
  {
    name: 'tarpit',
    side: '',
    store: (stream, ms) => {
      stream.tarpitTimeoutMs = ms;
    },
  },
];

function buildSetTimeout(words: WordCursor, scope: Scope): Act | null {
  const names = timeouts.map((row) => row.name);
  const name = takeChoice(words, scope, names);
  const row = timeouts.find((one) => one.name === name);
  if (row === undefined) return null;
  const kind = scope.proxy?.kind;
  const lacking = row.side === 'front' ? 'backend' : row.side === 'back' ? 'frontend' : null;
  if (lacking !== null && kind === lacking) {
    scope.alert(`'set-timeout ${row.name}' has no effect in a ${kind}`);
    return null;
  }
  const source = takeNumber(words, scope, 'a time or an expression', timeNumber);
  if (source === null) return null;
  if (source.constant === 0) {
    scope.alert(`'set-timeout ${row.name}' needs a time above zero`);
    return null;
  }
  const { store } = row;
  return (stream) => {
    const value = source.read(stream);
    if (value > 0) store(stream, value);
    return verdictNext;
  };
}

/** Reads `layer4`, the only place where a header can be expected. */
function buildExpect(
  name: 'expectsProxy' | 'expectsClientIp',
): (words: WordCursor, scope: Scope) => Act | null {
  return (words, scope) => {
    if (takeChoice(words, scope, ['layer4']) === null) return null;
    return (stream) => {
      stream.session[name] = true;
      return verdictNext;
    };
  };
}

function buildDisableRetry(): Act {
  return (stream) => {
    stream.retriesConnectOnly = true;
    return verdictNext;
  };
}

const addresses: readonly ActionDef[] = (
  [
    ['set-src', sourceOf, 'source'],
    ['set-dst', destinationOf, 'destination'],
  ] as const
).flatMap(([name, pick, what]): readonly ActionDef[] => [
  {
    name,
    sets: requestSets,
    help: `Replaces the ${what} address of the client connection, as rules and logs see it`,
    example: `${name} src`,
    build: buildSetAddress(pick),
  },
  {
    name: `${name}-port`,
    sets: requestSets,
    help: `Replaces the ${what} port of the client connection, as rules and logs see it`,
    example: `${name}-port int(4000)`,
    build: buildSetPort(pick),
  },
]);

const marks: readonly ActionDef[] = (
  [
    ['mark', setMark, 'backMark', 0xffffffff, 'netfilter mark'],
    ['tos', setTos, 'backTos', 255, 'TOS field'],
  ] as const
).flatMap(([word, set, field, max, what]) => [
  ...[`set-fc-${word}`, `set-${word}`].map(
    (name): ActionDef => ({
      name,
      sets: frontSets,
      help: `Sets the ${what} of packets sent to the client`,
      example: `${name} 0x1e`,
      build: buildFrontOption(set, max),
    }),
  ),
  {
    name: `set-bc-${word}`,
    sets: ['tcp-request content', 'http-request'],
    help: `Sets the ${what} of packets sent to the server`,
    example: `set-bc-${word} 0x1e`,
    build: buildBackOption(field, max),
  },
]);

const priorities: readonly ActionDef[] = [
  {
    name: 'set-priority-class',
    sets: ['tcp-request content', 'http-request'],
    help: 'Sets the class that orders queued requests; lower goes first',
    example: 'set-priority-class int(-5)',
    build: buildPriority(2047, (stream, value) => {
      stream.priorityClass = value;
    }),
  },
  {
    name: 'set-priority-offset',
    sets: ['tcp-request content', 'http-request'],
    help: 'Moves the request within its queue class, by milliseconds',
    example: 'set-priority-offset int(100)',
    build: buildPriority(524287, (stream, value) => {
      stream.priorityOffset = value;
    }),
  },
];

export const connection = [
  ...addresses,
  ...marks,
  ...priorities,
  {
    name: 'set-log-level',
    sets: [...contentSets, ...httpSets, 'http-after-response'],
    help: 'Sets the level the stream is logged with, silent for none',
    example: 'set-log-level silent',
    build: buildSetLogLevel,
  },
  {
    name: 'set-nice',
    sets: [...contentSets, ...httpSets],
    help: 'Sets the nice factor of the stream, -1024 to 1024',
    example: 'set-nice 10',
    build: buildSetNice,
  },
  {
    name: 'set-retries',
    sets: ['tcp-request content', 'http-request'],
    help: 'Sets how often a failed connection is retried for this stream',
    example: 'set-retries 3',
    build: buildSetRetries,
  },
  {
    name: 'set-timeout',
    sets: httpSets,
    help: 'Sets one timeout for this stream',
    example: 'set-timeout tunnel 5s',
    build: buildSetTimeout,
  },
  {
    name: 'expect-proxy',
    sets: ['tcp-request connection'],
    help: 'Lets the connection begin with a PROXY protocol header',
    example: 'expect-proxy layer4',
    build: buildExpect('expectsProxy'),
  },
  {
    name: 'expect-netscaler-cip',
    sets: ['tcp-request connection'],
    help: "Lets the connection begin with a NetScaler's Client IP header",
    example: 'expect-netscaler-cip layer4',
    build: buildExpect('expectsClientIp'),
  },
  {
    name: 'disable-l7-retry',
    sets: ['http-request'],
    help: 'Lets only failed connections be retried',
    example: 'disable-l7-retry',
    build: buildDisableRetry,
  },
] satisfies readonly ActionDef[];
