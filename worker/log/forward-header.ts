// What stands before a forwarded message: what it came with, in the form that a target wants
// (manual 12.6 "log"). Without a form, the one it came in. Written while serving.

import { syslogDate } from './dates.ts';
import { writeIso } from './header.ts';
import type { LineBuffer } from './line.ts';
import {
  isoTimeMin,
  legacyTimeLength,
  monthAt,
  type Span,
  type SyslogMessage,
} from './syslog-message.ts';

/** Forms by name; their numbers are what plans hold. */
const formNames = [
  'raw',
  'priority',
  'short',
  'timed',
  'iso',
  'local',
  'rfc3164',
  'rfc5424',
] as const;
const formRaw = 0;
const formPriority = 1;
const formShort = 2;
const formTimed = 3;
const formIso = 4;
const formLocal = 5;
const formRfc3164 = 6;
const formRfc5424 = 7;
/** The one that the message came in. */
export const formOwn = 8;

/** Number of a form; '' for the message's own. Start time only. */
export function formOf(name: string): number {
  return name === '' ? formOwn : formNames.indexOf(name as (typeof formNames)[number]);
}

/** What a header shows beside the message's own parts: one object, filled again. */
export interface ForwardParts {
  /** '' for the message's own. */
  host: string;
  tag: string;
  facility: number;
  level: number;
  wallMs: number;
}

/** What a part shows when it has text of ours, else the message's. */
function part(line: LineBuffer, bytes: Uint8Array, { at, length }: Span, own: string): void {
  if (own !== '') line.text(own);
  else line.copy(bytes, at, length);
}

/** Writes the header of `message` in form `form`. */
export function writeForwardHeader(
  line: LineBuffer,
  form: number,
  message: SyslogMessage,
  parts: ForwardParts,
): void {
  const chosen = form === formOwn ? ownForm(message, parts) : form;
  writePriority(line, chosen, parts);
  if (chosen === formLocal || chosen === formRfc3164) {
    writeLegacyTime(line, message, parts.wallMs);
    writeLegacyNames(line, chosen, message, parts);
  } else if (chosen === formRfc5424) {
    writeVersioned(line, message, parts);
  } else if (chosen === formTimed || chosen === formIso) {
    writeIsoTime(line, message, parts.wallMs);
  }
}

function ownForm(
  { time, bytes, host, tag, hasPriority }: SyslogMessage,
  own: ForwardParts,
): number {
  if (own.host !== '' || host.length > 0) {
    const isNil = time.length === 1 && bytes[time.at] === 45;
    return isNil || time.length >= isoTimeMin ? formRfc5424 : formRfc3164;
  }
  if (own.tag !== '' || tag.length > 0) return formLocal;
  return hasPriority ? formPriority : formRaw;
}

function writePriority(line: LineBuffer, form: number, { facility, level }: ForwardParts): void {
  if (form === formRaw || form === formIso) return;
  const value = form === formTimed || form === formShort ? level : facility * 8 + level;
  line.byte(60);
  // There is room for three digits.
  line.number(value % 1000);
  line.byte(62);
}

function writeLegacyTime(line: LineBuffer, { bytes, time }: SyslogMessage, wallMs: number): void {
  if (time.length === legacyTimeLength) {
    line.copy(bytes, time.at, legacyTimeLength);
  } else if (time.length < isoTimeMin || !writeIsoAsLegacy(line, bytes, time.at)) {
    line.text(syslogDate(wallMs));
  }
  line.byte(32);
}

const monthNames = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** False: the month is none. */
function writeIsoAsLegacy(line: LineBuffer, bytes: Uint8Array, at: number): boolean {
  const month = 10 * (bytes[at + 5] - 48) + (bytes[at + 6] - 48);
  if (month < 0 || month > 12) return false;
  line.text(monthNames[Math.max(month - 1, 0)]);
  line.byte(32);
  line.byte(bytes[at + 8] === 48 ? 32 : bytes[at + 8]);
  line.byte(bytes[at + 9]);
  line.byte(32);
  line.copy(bytes, at + 11, 8);
  return true;
}

function writeLegacyNames(
  line: LineBuffer,
  form: number,
  { bytes, host, tag, pid }: SyslogMessage,
  own: ForwardParts,
): void {
  if (form === formRfc3164) {
    if (own.host === '' && host.length === 0) line.text('localhost');
    else part(line, bytes, host, own.host);
    line.byte(32);
  }
  if (own.tag === '' && tag.length === 0) return;
  part(line, bytes, tag, own.tag);
  if (pid.length > 0) {
    line.byte(91);
    line.copy(bytes, pid.at, pid.length);
    line.byte(93);
  }
  line.byte(58);
  line.byte(32);
}

function writeIsoTime(line: LineBuffer, { bytes, time }: SyslogMessage, wallMs: number): void {
  if (time.length >= isoTimeMin) {
    line.copy(bytes, time.at, time.length);
    line.byte(32);
    return;
  }
  const month = time.length === legacyTimeLength ? monthAt(bytes, time.at) : 12;
  if (month === 12) {
    writeIso(line, wallMs);
    return;
  }
  // The year is not told: this one, or the last when the month is still to come.
  const now = new Date(wallMs);
  line.number(now.getMonth() < month ? now.getFullYear() - 1 : now.getFullYear());
  line.byte(45);
  if (month < 9) line.byte(48);
  line.number(month + 1);
  line.byte(45);
  const { at } = time;
  line.byte(bytes[at + 4] === 32 ? 48 : bytes[at + 4]);
  line.byte(bytes[at + 5]);
  line.byte(84);
  line.copy(bytes, at + 7, 8);
  // A zone that nobody knows (RFC 3339, 4.3).
  line.text('-00:00 ');
}

function writeVersioned(line: LineBuffer, message: SyslogMessage, own: ForwardParts): void {
  const { bytes, time } = message;
  line.text('1 ');
  if (time.length === 1) line.text('- ');
  else writeIsoTime(line, message, own.wallMs);
  writeField(line, bytes, message.host, own.host);
  writeField(line, bytes, message.tag, own.tag);
  writeField(line, bytes, message.pid, '');
  writeField(line, bytes, message.messageId, '');
  writeField(line, bytes, message.structuredData, '');
}

function writeField(line: LineBuffer, bytes: Uint8Array, span: Span, own: string): void {
  if (own === '' && span.length === 0) line.byte(45);
  else part(line, bytes, span, own);
  line.byte(32);
}
