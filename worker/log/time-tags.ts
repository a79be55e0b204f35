// The aliases of log formats that are dates and times (manual 8.2.6, 8.4): rows of tags.ts.

import { localDate, localZonedDate, utcZonedDate } from './dates.ts';
import type { LineBuffer } from './line.ts';
import type { ReadInteger, ReadText, TagRow } from './tag.ts';
import {
  activeTime,
  connectTime,
  dataTime,
  handshakeTime,
  idleTime,
  queueTime,
  requestTime,
  requestTimeTotal,
  requestWall,
  responseTime,
  totalTime,
  userTime,
} from './timers.ts';

/** A number in hexadecimal with at least so many digits: +X. */
export function hexOf(read: ReadInteger, digits: number): ReadText {
  return (stream) => read(stream).toString(16).toUpperCase().padStart(digits, '0');
}

function millisecondDate(wallMs: number): string {
  const ms = Math.floor(wallMs) % 1000;
  return `${localDate(wallMs)}.${String(ms).padStart(3, '0')}`;
}

function writeMillisecondDate(wallMs: number, line: LineBuffer): void {
  line.text(localDate(wallMs));
  line.byte(46);
  line.millis(Math.floor(wallMs) % 1000);
}

const acceptSeconds: ReadInteger = (stream) => Math.floor(stream.times.acceptWallMs / 1000);
const acceptMillis: ReadInteger = (stream) => Math.floor(stream.times.acceptWallMs) % 1000;

const dates: readonly TagRow[] = [
  {
    name: 'T',
    help: 'Accept date, UTC with time zone',
    waits: 'nothing',
    text: (stream) => utcZonedDate(stream.times.acceptWallMs),
    plain: true,
  },
  {
    name: 'Tl',
    help: 'Accept date, local with time zone',
    waits: 'nothing',
    text: (stream) => localZonedDate(stream.times.acceptWallMs),
    plain: true,
  },
  {
    name: 'Ts',
    help: 'Accept date as seconds since the epoch',
    waits: 'nothing',
    number: acceptSeconds,
    hex: hexOf(acceptSeconds, 4),
  },
  {
    name: 't',
    help: 'Accept date, local with milliseconds',
    waits: 'nothing',
    text: (stream) => millisecondDate(stream.times.acceptWallMs),
    plain: true,
    write: (stream, line) => writeMillisecondDate(stream.times.acceptWallMs, line),
  },
  {
    name: 'ms',
    help: 'Milliseconds of the accept date',
    waits: 'nothing',
    number: acceptMillis,
    padded: true,
    hex: hexOf(acceptMillis, 2),
  },
  {
    name: 'tr',
    help: 'Request date, local with milliseconds',
    waits: 'nothing',
    http: true,
    text: (stream) => millisecondDate(requestWall(stream)),
    plain: true,
    write: (stream, line) => writeMillisecondDate(requestWall(stream), line),
  },
  {
    name: 'trg',
    help: 'Request date, UTC with time zone',
    waits: 'nothing',
    http: true,
    text: (stream) => utcZonedDate(requestWall(stream)),
    plain: true,
  },
  {
    name: 'trl',
    help: 'Request date, local with time zone',
    waits: 'nothing',
    http: true,
    text: (stream) => localZonedDate(requestWall(stream)),
    plain: true,
  },
];

/** Name, help, reader, HTTP only, still growing when logged early. */
type TimerRow = readonly [string, string, ReadInteger, boolean, boolean];

const timerRows: readonly TimerRow[] = [
  ['Ta', 'Active time of the request', activeTime, true, true],
  ['Tc', 'Time to connect to the server', connectTime, false, false],
  ['Td', 'Time to transfer the response', dataTime, false, false],
  ['Th', 'Time of connection handshakes', handshakeTime, false, false],
  ['Ti', 'Idle time before the request', idleTime, true, false],
  ['Tq', 'Th + Ti + TR', requestTimeTotal, true, false],
  ['TR', 'Time to receive the request head', requestTime, true, false],
  ['Tr', 'Time the server took to answer', responseTime, true, false],
  ['Tt', 'Total time', totalTime, false, true],
  ['Tu', 'Total time as the user sees it', userTime, false, true],
  ['Tw', 'Time in queues', queueTime, false, false],
];

const timerTags = timerRows.map(
  ([name, help, number, http, grows]): TagRow => ({
    name,
    help,
    number,
    http,
    grows,
    waits: 'end',
  }),
);

/** All of them. */
export const timeTags: readonly TagRow[] = [...dates, ...timerTags];
