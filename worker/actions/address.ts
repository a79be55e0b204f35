// Actions on the addresses of the client connection, as later rules and logs see them: each level
// (connection, session, stream) changes its own copy. Built by compile/rules.ts.

import { Endpoint, familyIpv4, familyIpv6 } from '../conn/endpoint.ts';
import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import { kindAddress, kindIpv4, kindIpv6 } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';
import { missing, takeIntegerExpression, takeWord } from './arguments.ts';

const requestSets = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'http-request',
] as const;

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
    if (words.atEnd()) return missing(words, scope, 'an expression that gives a port');
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

export const addresses = (
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
]) satisfies readonly ActionDef[];
