// Actions that mark packets: the netfilter mark and the TOS field, towards the client at once,
// towards the server when the connection to it is opened. Built by compile/rules.ts.

import { type SetSocketOption, setMark, setTos } from '../conn/socket-options.ts';
import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import { takeNumber } from './arguments.ts';

const frontSets = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'http-request',
  'tcp-response content',
  'http-response',
] as const;

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

export const marks = (
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
]) satisfies readonly ActionDef[];
