// The MySQL half of protocols.ts: the login packet of `option mysql-check user`, and what the
// server's first packets say (MySQL client/server protocol: packet headers, HandshakeV10, ERR).

import { checkStatusNumber } from '../../shared/segment/check-status.ts';
import type { Answer } from './answer.ts';
import { type ExpectStep, judgedBad, judgedGood, judgedOver, judgedWait } from './plan.ts';

const L7Ok = checkStatusNumber('L7OK');
const L7Response = checkStatusNumber('L7RSP');
const L7Status = checkStatusNumber('L7STS');

/** Capabilities, largest packet, character set and filler of a handshake response 41. */
const answer41 = (plugins: string): string =>
  `\0\x82${plugins}\0\0\x80\0\x01\x21${'\0'.repeat(23)}`;
const plugin = 'mysql_native_password\0';

const logins: ReadonlyMap<string, (user: string) => string> = new Map([
  ['pre-41', (user) => `\0\x80\0\0\x01${user}\0\0`],
  ['post-41', (user) => `${answer41('\0')}${user}\0\0`],
  ['post-80', (user) => `${answer41('\x08')}${user}\0\0${plugin}`],
]);

/** COM_QUIT, so that the server closes without an error. */
const quit = '\x01\0\0\0\x01';

/** Logs `user` in without a password, then leaves; null: unknown version. */
export function mysqlLogin(version: string, user: string): string | null {
  const body = logins.get(version)?.(user);
  if (body === undefined) return null;
  const { length } = body;
  const header = String.fromCharCode(length & 255, (length >> 8) & 255, (length >> 16) & 255, 1);
  return header + body + quit;
}

const lengthAt = (text: string, at: number): number =>
  text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8) | (text.charCodeAt(at + 2) << 16);

const headerBytes = 4;

/** The packet at `at` is whole and no error; the last one tells the server's version. */
function judgePacket(answer: Answer, at: number, isLast: boolean): number {
  const text = answer.text();
  const isWhole =
    text.length >= at + headerBytes && text.length >= at + headerBytes + lengthAt(text, at);
  if (!isWhole) {
    if (!isLast && !answer.isFull()) return judgedWait;
    answer.status = L7Response;
    return judgedBad;
  }
  if (text.charCodeAt(at + headerBytes) === 0xff) {
    answer.status = L7Status;
    answer.code = text.charCodeAt(at + 5) | (text.charCodeAt(at + 6) << 8);
    answer.info = text.slice(at + 7);
    return judgedBad;
  }
  if (!answer.isLastStep) return judgedGood;
  answer.status = L7Ok;
  const version = text.indexOf('\0', 5);
  answer.info = text.slice(5, version < 0 ? undefined : version);
  return judgedOver;
}

/** The server's greeting. */
export const judgeMysqlGreeting: ExpectStep['judge'] = (answer, isLast) =>
  answer.length === 0 ? unheard(answer, isLast) : judgePacket(answer, 0, isLast);

/** What follows the greeting. */
export const judgeMysqlLogin: ExpectStep['judge'] = (answer, isLast) => {
  const text = answer.text();
  return judgePacket(answer, headerBytes + lengthAt(text, 0), isLast);
};

/** Nothing has come at all. */
export function unheard(answer: Answer, isLast: boolean): number {
  if (!isLast) return judgedWait;
  answer.status = L7Response;
  return judgedBad;
}
