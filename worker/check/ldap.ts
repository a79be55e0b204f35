// What a server answers to an anonymous LDAP bind (RFC 4511 4.1.9 and 4.2.2, BER). Control thread.

import { checkStatusNumber } from '../../shared/segment/check-status.ts';
import type { Answer } from './answer.ts';
import { type ExpectStep, judgedBad, judgedOver, judgedWait } from './plan.ts';

const L7Ok = checkStatusNumber('L7OK');
const L7Response = checkStatusNumber('L7RSP');
const L7Status = checkStatusNumber('L7STS');

const tooShort = -1;
const foreign = -2;

/** The result code of the bind, or one of the two above. */
function resultCode(text: string): number {
  const message = readLength(text, 1);
  if (message === null) return tooShort;
  const { at, length } = message;
  if (length < 0) return foreign;
  if (text.length - at < length) return tooShort;
  // Message 1, bindResponse.
  if (!text.startsWith('\x02\x01\x01\x61', at)) return foreign;
  const response = readLength(text, at + 4);
  if (response === null || text.length < response.at + 3) return tooShort;
  if (!text.startsWith('\x0a\x01', response.at)) return foreign;
  return text.charCodeAt(response.at + 2);
}

/** A length of BER at `at`: its value (below zero: a form nobody uses) and where it ends. */
function readLength(text: string, at: number): { at: number; length: number } | null {
  if (text.length <= at) return null;
  const first = text.charCodeAt(at);
  if ((first & 0x80) === 0) return { at: at + 1, length: first };
  const count = first & 0x7f;
  if (text.length < at + 1 + count) return null;
  let length = 0;
  for (let i = 1; i <= count; i++) length = length * 256 + text.charCodeAt(at + i);
  return { at: at + 1 + count, length: count === 2 || count === 4 ? length : -1 };
}

export const judgeLdap: ExpectStep['judge'] = (answer: Answer, isLast) => {
  const code = resultCode(answer.text());
  if (code === tooShort && !isLast && !answer.isFull()) return judgedWait;
  if (code === 0) {
    answer.status = L7Ok;
    answer.info = 'Success';
    return judgedOver;
  }
  answer.status = code > 0 ? L7Status : L7Response;
  if (code > 0) answer.code = code;
  if (code > 0) answer.info = 'See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9';
  if (code === foreign) answer.info = 'Not LDAPv3 protocol';
  return judgedBad;
};
