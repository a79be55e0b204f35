// Dates as logs show them, made once per second: texts of wall-clock seconds in local time and in
// UTC. Used by the tags and the syslog headers; asks for no time itself.

const monthNames = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

/** Keeps the texts of the last few seconds: accept and request dates of one log line may differ. */
class SecondCache {
  private readonly seconds = new Float64Array(slots).fill(-1);
  private readonly texts: string[] = new Array<string>(slots).fill('');
  private readonly format: (date: Date) => string;

  constructor(format: (date: Date) => string) {
    this.format = format;
  }

  /** The text of the second that `wallMs` (milliseconds since the epoch) lies in. */
  text(wallMs: number): string {
    const second = Math.floor(wallMs / 1000);
    const slot = second % slots;
    if (this.seconds[slot] !== second) {
      this.seconds[slot] = second;
      this.texts[slot] = this.format(new Date(second * 1000));
    }
    return this.texts[slot];
  }
}

const slots = 16;

function clock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Minutes east of Greenwich as `+hhmm`, or `+hh:mm`. */
function offset(date: Date, separator: string): string {
  const east = -date.getTimezoneOffset();
  const minutes = Math.abs(east);
  return `${east < 0 ? '-' : '+'}${two((minutes / 60) | 0)}${separator}${two(minutes % 60)}`;
}

function logDay(date: Date): string {
  return `${two(date.getDate())}/${monthNames[date.getMonth()]}/${date.getFullYear()}`;
}

const localLog = new SecondCache((date) => `${logDay(date)}:${clock(date)}`);
const localZoned = new SecondCache((date) => `${logDay(date)}:${clock(date)} ${offset(date, '')}`);
const utcZoned = new SecondCache((date) => {
  const [, day, month, year, time] = /, (\d\d) (\w+) (\d+) ([\d:]+)/.exec(date.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
});
const syslog = new SecondCache(
  (date) =>
    `${monthNames[date.getMonth()]} ${String(date.getDate()).padStart(2, ' ')} ${clock(date)}`,
);
const isoSecond = new SecondCache(
  (date) =>
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${clock(date)}`,
);
const isoOffset = new SecondCache((date) => offset(date, ':'));

/** `23/Nov/2026:18:04:14`, local; the milliseconds are the caller's. */
export function localDate(wallMs: number): string {
  return localLog.text(wallMs);
}

/** `23/Nov/2026:18:04:14 +0100`, local. */
export function localZonedDate(wallMs: number): string {
  return localZoned.text(wallMs);
}

/** `23/Nov/2026:17:04:14 +0000`. */
export function utcZonedDate(wallMs: number): string {
  return utcZoned.text(wallMs);
}

/** `Nov 23 18:04:14`, local (RFC 3164 4.1.2). */
export function syslogDate(wallMs: number): string {
  return syslog.text(wallMs);
}

/** `2026-11-23T18:04:14`, local; microseconds and zone are the caller's. */
export function isoDate(wallMs: number): string {
  return isoSecond.text(wallMs);
}

/** `+01:00`: the zone that goes with `isoDate`. */
export function isoZone(wallMs: number): string {
  return isoOffset.text(wallMs);
}
