// set-timeout: each timeout that a rule may set for its own stream is a row here. The engine reads
// it when it arms the timer next. Built by compile/rules.ts.

import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import { takeChoice, takeNumber, timeNumber } from './arguments.ts';

interface TimeoutRow {
  readonly name: string;
  /** Side of the proxy that the timeout needs, '' for any. */
  readonly side: 'front' | 'back' | '';
  readonly store: (stream: Stream, ms: number) => void;
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

export const timeoutActions = [
  {
    name: 'set-timeout',
    sets: ['http-request', 'http-response'],
    help: 'Sets one timeout for this stream',
    example: 'set-timeout tunnel 5s',
    build: buildSetTimeout,
  },
] satisfies readonly ActionDef[];
