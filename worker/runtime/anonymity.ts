// Anonymised output (management.txt 9.3, `set anon`): names and addresses as six hexadecimal
// digits, the same digits for the same key, so that two outputs of one key can be compared. Called
// by every command that shows names; key 0 leaves them as they are.

import { isIPv4, isIPv6 } from 'node:net';
import { xxh32Text } from '../sample/hash.ts';
import {
  type Answer,
  failure,
  information,
  isAllowed,
  type RuntimeCall,
  type RuntimeCommandDef,
} from './command.ts';

/** A name as a session with this key shows it. */
export function anonymous(key: number, text: string): string {
  if (key === 0 || text === '' || text === ' ') return text;
  return (xxh32Text(text, key) & 0xff_ffff).toString(16).padStart(6, '0');
}

/** Addresses that tell nothing stay: loopback, broadcast, any. */
const plainIpv4 = /^(127|255|0)/;
const plainWords = /^(localhost|stdout|stderr|fd@.*|sockpair@.*)$/;

/** An address without port. */
export function anonymousAddress(key: number, text: string): string {
  if (key === 0 || text === '-' || text === '::1' || plainWords.test(text)) return text;
  if (isIPv4(text)) return plainIpv4.test(text) ? text : `IPV4(${anonymous(key, text)})`;
  return isIPv6(text) ? `IPV6(${anonymous(key, text)})` : anonymous(key, text);
}

const keyMax = 0xffff_ffff;

/** A number as C's atoll reads it. */
function leadingNumber(text: string): number {
  return Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0);
}

function turnOn({ context, session, words }: RuntimeCall): Answer {
  if (words[0] === undefined) {
    session.anonKey = context.anonKey || 1 + Math.floor(Math.random() * keyMax);
    return '';
  }
  const key = leadingNumber(words[0]);
  if (key < 1 || key > keyMax) return failure(`Value out of range (1 to ${keyMax} expected).`);
  session.anonKey = key;
  return '';
}

function turnOff({ session, words }: RuntimeCall): Answer {
  if (words[0] !== undefined) {
    return failure("Key can't be added while disabling anonymized mode");
  }
  session.anonKey = 0;
  return '';
}

function setGlobalKey({ context, words }: RuntimeCall): Answer {
  if (words[0] === undefined) return failure('Expects an integer value.');
  const key = leadingNumber(words[0]);
  if (key < 0 || key > keyMax) return failure(`Value out of range (0 to ${keyMax} expected).`);
  context.anonKey = key;
  return '';
}

function showAnonymity({ session }: RuntimeCall): Answer {
  const { anonKey } = session;
  const showsKey = anonKey !== 0 && isAllowed(session.level, 'operator');
  const text = `Anonymized mode ${anonKey === 0 ? 'disabled' : 'enabled'}\n`;
  return information(showsKey ? `${text}Key : ${anonKey}\n` : text);
}

export const anonymityCommands = [
  {
    words: ['set', 'anon', 'global-key'],
    requires: 'admin',
    usage: '<value>',
    help: 'change the key that new sessions use',
    run: setGlobalKey,
  },
  {
    words: ['set', 'anon', 'on'],
    requires: 'user',
    usage: '[value]',
    help: 'hide names and addresses in this session',
    run: turnOn,
  },
  {
    words: ['set', 'anon', 'off'],
    requires: 'user',
    usage: '',
    help: 'show names and addresses again',
    run: turnOff,
  },
  {
    words: ['show', 'anon'],
    requires: 'user',
    usage: '',
    help: 'tell whether names and addresses are hidden',
    run: showAnonymity,
  },
] as const satisfies readonly RuntimeCommandDef[];
