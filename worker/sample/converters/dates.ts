// Converters between dates and texts (manual 7.3.1): seconds, milliseconds or microseconds since
// the epoch, written in UTC or local time, and HTTP dates both ways (RFC 9110 5.6.7).

import { httpDate } from '../../http/syntax.ts';
import type { ArgumentDef, ArgumentValue, Convert, ConverterDef, Scope } from '../../keyword.ts';
import { kindSint, kindString } from '../sample.ts';
import { compileTimeFormat } from './time-format.ts';

const formatArgs: readonly ArgumentDef[] = [
  { name: 'format', type: 'string' },
  { name: 'offset', type: 'sint', optional: true },
];

interface UnitRow {
  readonly prefix: string;
  readonly what: string;
  /** Units in a second. */
  readonly perSecond: number;
}

const units: readonly UnitRow[] = [
  { prefix: '', what: 'seconds', perSecond: 1 },
  { prefix: 'ms_', what: 'milliseconds', perSecond: 1000 },
  { prefix: 'us_', what: 'microseconds', perSecond: 1_000_000 },
];
const zones = [
  { suffix: 'ltime', what: 'local time', isLocal: true },
  { suffix: 'utime', what: 'UTC', isLocal: false },
] as const;

/** The offset is in seconds, whatever the unit of the value. */
function buildTime(unit: UnitRow, isLocal: boolean) {
  return ([format, offset]: readonly ArgumentValue[]): Convert => {
    const write = compileTimeFormat(format as string, unit.perSecond > 1);
    const shift = Number(offset ?? 0);
    const { perSecond } = unit;
    return (sample) => {
      const value = Number(sample.int);
      const seconds = Math.trunc(value / perSecond);
      const nanoseconds = Math.abs(value % perSecond) * (1_000_000_000 / perSecond);
      const date = new Date((seconds + shift) * 1000);
      if (Number.isNaN(date.getTime())) return false;
      return sample.setText(write({ date, isLocal, nanoseconds }));
    };
  };
}

const formatted = units.flatMap((unit) =>
  zones.map(
    ({ suffix, what, isLocal }): ConverterDef => ({
      name: unit.prefix + suffix,
      args: formatArgs,
      takes: kindSint,
      returns: kindString,
      help: `${unit.what} since the epoch as a date in ${what}`,
      example: `${unit.prefix}${suffix}(%Y-%m-%d)`,
      build: buildTime(unit, isLocal),
    }),
  ),
);

/** No date can be made of more. */
const secondsMax = 8_640_000_000_000;

const perSecond: Readonly<Record<string, number>> = { s: 1, ms: 1000, us: 1_000_000 };

/**
 * http_date([offset[,unit]]): offset and value in that unit; fractions are shown when it is not s.
 */
function buildHttpDate(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const offset = Number(args[0] ?? 0);
  const unit = (args[1] as string | undefined) ?? 's';
  const scale = perSecond[unit];
  if (scale === undefined) {
    scope.alert(`unit '${unit}' is none of 's', 'ms' and 'us'`);
    return null;
  }
  return (sample) => {
    const value = Number(sample.int) + offset;
    const seconds = Math.trunc(value / scale);
    if (!(Math.abs(seconds) <= secondsMax)) return false;
    const text = httpDate(seconds * 1000);
    if (unit === 's') return sample.setText(text);
    return sample.setText(`${text.slice(0, -4)}.${value % scale} GMT`);
  };
}

const monthNames = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const imfDate = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const rfc850Date = /^[A-Z][a-z]+, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const asctimeDate = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;

/** Seconds since the epoch of an HTTP date in any of its three forms, -1: none. */
function parseHttpDate(text: string): number {
  const imf = imfDate.exec(text);
  if (imf !== null) return seconds([Number(imf[3]), imf[2], imf[1]], imf.slice(4));
  const old = rfc850Date.exec(text);
  if (old !== null) {
    const short = Number(old[3]);
    return seconds([short + (short < 60 ? 2000 : 1900), old[2], old[1]], old.slice(4));
  }
  const c = asctimeDate.exec(text);
  return c === null ? -1 : seconds([Number(c[6]), c[1], c[2]], c.slice(3));
}

/** Year, month name and day; hour, minute and second as written. -1: no such month. */
function seconds(
  [year, monthName, day]: readonly [number, string, string],
  clock: readonly string[],
): number {
  const month = monthNames.indexOf(monthName) / 3;
  if (!Number.isInteger(month) || month < 0) return -1;
  const [hour, minute, second] = clock;
  const ms = Date.UTC(year, month, Number(day), Number(hour), Number(minute), Number(second));
  return ms / 1000;
}

export const dates: readonly ConverterDef[] = [
  ...formatted,
  {
    name: 'http_date',
    args: [
      { name: 'offset', type: 'sint', optional: true },
      { name: 'unit', type: 'string', optional: true },
    ],
    takes: kindSint,
    returns: kindString,
    help: 'a moment as an HTTP date',
    example: 'http_date(3600)',
    build: buildHttpDate,
  },
  {
    name: 'date',
    args: [],
    takes: kindString,
    returns: kindSint,
    help: 'an HTTP date as seconds since the epoch',
    example: 'date',
    build: () => (sample) => {
      const found = parseHttpDate(sample.text);
      return found >= 0 && sample.setInt(found);
    },
  },
];
