// What stands before a message on its way to a log server: priority, date, host, tag (RFC 3164, RFC
// 5424 and HAProxy's shorter forms, manual 4.2 "log"). One row per form; written while serving.

import { isoDate, isoZone, syslogDate } from './dates.ts';
import type { LineBuffer } from './line.ts';

/** What a header is made of; one object, filled again for every message. */
export interface HeaderParts {
  tag: string;
  host: string;
  facilityBits: number;
  /** 0 to 7, already raised to the target's `minLevel`. */
  level: number;
  wallMs: number;
  /** Structured data of RFC 5424 with its brackets, '' for none. */
  structuredData: string;
}

export type WriteHeader = (line: LineBuffer, parts: HeaderParts) => void;

function priority(line: LineBuffer, value: number): void {
  line.byte(60);
  line.number(value);
  line.byte(62);
}

function fullPriority(line: LineBuffer, parts: HeaderParts): void {
  priority(line, parts.facilityBits + parts.level);
}

/** `2026-01-02T03:04:05.678000+00:00 `: local time, microseconds. */
export function writeIso(line: LineBuffer, wallMs: number): void {
  line.text(isoDate(wallMs));
  line.byte(46);
  const us = Math.floor(wallMs * 1000) % 1_000_000;
  line.millis(Math.floor(us / 1000));
  line.millis(us % 1000);
  line.text(isoZone(wallMs));
  line.byte(32);
}

const pidText = `[${process.pid}]: `;

function dated(line: LineBuffer, parts: HeaderParts): void {
  fullPriority(line, parts);
  line.text(syslogDate(parts.wallMs));
  line.byte(32);
}

function tagged(line: LineBuffer, parts: HeaderParts): void {
  line.text(parts.tag);
  line.text(pidText);
}

/** A header field of RFC 5424: `-` stands for nothing. */
function field(line: LineBuffer, text: string): void {
  line.text(text === '' ? '-' : text);
  line.byte(32);
}

export const writeHeaders: ReadonlyMap<string, WriteHeader> = new Map<string, WriteHeader>([
  ['raw', () => {}],
  [
    'local',
    (line, parts) => {
      dated(line, parts);
      tagged(line, parts);
    },
  ],
  [
    'rfc3164',
    (line, parts) => {
      dated(line, parts);
      line.text(parts.host === '' ? 'localhost' : parts.host);
      line.byte(32);
      tagged(line, parts);
    },
  ],
  [
    'rfc5424',
    (line, parts) => {
      fullPriority(line, parts);
      line.text('1 ');
      writeIso(line, parts.wallMs);
      field(line, parts.host);
      field(line, parts.tag);
      line.number(process.pid);
      line.text(' - ');
      field(line, parts.structuredData);
    },
  ],
  ['priority', fullPriority],
  ['short', (line, parts) => priority(line, parts.level)],
  [
    'timed',
    (line, parts) => {
      priority(line, parts.level);
      writeIso(line, parts.wallMs);
    },
  ],
  ['iso', (line, parts) => writeIso(line, parts.wallMs)],
]);
