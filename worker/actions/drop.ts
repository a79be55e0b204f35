// The silent drop: the client's connection vanishes here without a word to the client (manual 4.4,
// silent-drop). Prepares the socket; the engine closes it on verdictDrop. Built by
// compile/rules.ts.

import {
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_UNICAST_HOPS,
  IP_TTL,
  TCP_QUICKACK,
  TCP_REPAIR,
} from '../../shared/sys/constants.ts';
import type { Connection } from '../conn/connection.ts';
import { familyIpv4, familyIpv6 } from '../conn/endpoint.ts';
import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictDrop } from '../keyword.ts';
import { integerBetween, takeWord } from './arguments.ts';

function buildDrop(words: WordCursor, scope: Scope): Act | null {
  const ttl = words.peek() === 'rst-ttl' ? takeTtl(words, scope) : 0;
  if (ttl === null) return null;
  return (stream) => {
    const { connection } = stream.session;
    if (connection.fd >= 0) prepare(connection, ttl);
    return verdictDrop;
  };
}

function takeTtl(words: WordCursor, scope: Scope): number | null {
  words.next();
  const place = words.here();
  const text = takeWord(words, scope, 'a TTL');
  if (text === null) return null;
  const ttl = integerBetween(1, 255)(text);
  if (!Number.isNaN(ttl)) return ttl;
  scope.alertAt(place, `'${text}' is not a TTL between 1 and 255`);
  return null;
}

/**
 * In repair mode the kernel forgets the connection and sends nothing; that needs a capability.
 * Without it, or when a TTL was given, a reset is sent that dies `ttl` hops away.
 */
function prepare(connection: Connection, ttl: number): void {
  const { sys, fd } = connection;
  sys.setsockoptInt(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
  connection.resetOnClose();
  if (ttl === 0 && sys.setsockoptInt(fd, IPPROTO_TCP, TCP_REPAIR, 1) >= 0) return;
  const hops = ttl === 0 ? 1 : ttl;
  const { family } = connection.source;
  if (family === familyIpv4) sys.setsockoptInt(fd, IPPROTO_IP, IP_TTL, hops);
  if (family === familyIpv6) sys.setsockoptInt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops);
}

export const drop = [
  {
    name: 'silent-drop',
    sets: [
      'tcp-request connection',
      'tcp-request session',
      'tcp-request content',
      'tcp-response content',
      'http-request',
      'http-response',
    ],
    help: 'Forgets the client connection without telling the client',
    example: 'silent-drop rst-ttl 3',
    build: buildDrop,
  },
] satisfies readonly ActionDef[];
