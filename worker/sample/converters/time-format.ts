// strftime(3) in the C locale, plus %N for fractions (manual: ms_utime): a format becomes a list of
// steps at start, the steps write a moment while serving.

/** A moment split once for all steps, in UTC or local time. */
interface Moment {
  readonly date: Date;
  readonly isLocal: boolean;
  /** Nanoseconds within the second. */
  readonly nanoseconds: number;
}

type Step = (moment: Moment) => string;

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
const blank = (value: number): string => (value < 10 ? ` ${value}` : String(value));

const year = ({ date, isLocal }: Moment): number =>
  isLocal ? date.getFullYear() : date.getUTCFullYear();
const month = ({ date, isLocal }: Moment): number =>
  isLocal ? date.getMonth() : date.getUTCMonth();
const day = ({ date, isLocal }: Moment): number => (isLocal ? date.getDate() : date.getUTCDate());
const weekday = ({ date, isLocal }: Moment): number => (isLocal ? date.getDay() : date.getUTCDay());
const hour = ({ date, isLocal }: Moment): number =>
  isLocal ? date.getHours() : date.getUTCHours();
const minute = ({ date, isLocal }: Moment): number =>
  isLocal ? date.getMinutes() : date.getUTCMinutes();
const second = ({ date }: Moment): number => date.getUTCSeconds();
const hour12 = (moment: Moment): number => hour(moment) % 12 || 12;

/** Day of the year from 0. */
function yearDay(moment: Moment): number {
  const start = Date.UTC(year(moment), 0, 1);
  return Math.round((Date.UTC(year(moment), month(moment), day(moment)) - start) / 86_400_000);
}

/** ISO 8601 week and the year it belongs to. */
function isoWeek(moment: Moment): { readonly week: number; readonly year: number } {
  const today = Date.UTC(year(moment), month(moment), day(moment));
  const thursday = new Date(today + (3 - ((weekday(moment) + 6) % 7)) * 86_400_000);
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = Math.floor((thursday.getTime() - first) / 604_800_000) + 1;
  return { week, year: thursday.getUTCFullYear() };
}

/** Minutes east of Greenwich as +hhmm. */
function offset({ date, isLocal }: Moment): string {
  const minutes = isLocal ? -date.getTimezoneOffset() : 0;
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

function zoneName({ date, isLocal }: Moment): string {
  if (!isLocal) return 'GMT';
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  for (const part of parts) if (part.type === 'timeZoneName') return part.value;
  return '';
}

/** Steps that are formats of their own. */
const composed: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  x: '%m/%d/%y',
  F: '%Y-%m-%d',
  r: '%I:%M:%S %p',
  R: '%H:%M',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
};

const steps: Readonly<Record<string, Step>> = {
  a: (moment) => days[weekday(moment)].slice(0, 3),
  A: (moment) => days[weekday(moment)],
  b: (moment) => months[month(moment)].slice(0, 3),
  h: (moment) => months[month(moment)].slice(0, 3),
  B: (moment) => months[month(moment)],
  C: (moment) => two(Math.floor(year(moment) / 100)),
  d: (moment) => two(day(moment)),
  e: (moment) => blank(day(moment)),
  g: (moment) => two(isoWeek(moment).year % 100),
  G: (moment) => String(isoWeek(moment).year),
  H: (moment) => two(hour(moment)),
  I: (moment) => two(hour12(moment)),
  j: (moment) => String(yearDay(moment) + 1).padStart(3, '0'),
  k: (moment) => blank(hour(moment)),
  l: (moment) => blank(hour12(moment)),
  m: (moment) => two(month(moment) + 1),
  M: (moment) => two(minute(moment)),
  n: () => '\n',
  p: (moment) => (hour(moment) < 12 ? 'AM' : 'PM'),
  P: (moment) => (hour(moment) < 12 ? 'am' : 'pm'),
  s: (moment) => String(Math.floor(moment.date.getTime() / 1000)),
  S: (moment) => two(second(moment)),
  t: () => '\t',
  u: (moment) => String(weekday(moment) || 7),
  U: (moment) => two(Math.floor((yearDay(moment) + 7 - weekday(moment)) / 7)),
  V: (moment) => two(isoWeek(moment).week),
  w: (moment) => String(weekday(moment)),
  W: (moment) => two(Math.floor((yearDay(moment) + 7 - ((weekday(moment) + 6) % 7)) / 7)),
  y: (moment) => two(year(moment) % 100),
  Y: (moment) => String(year(moment)),
  z: offset,
  Z: zoneName,
  '%': () => '%',
};

/** Compiles a format; `fractions`: %N and %3N are known. Unknown letters stay as they are. */
export function compileTimeFormat(format: string, fractions: boolean): Step {
  const parts = parse(format, fractions);
  return (moment) => {
    let text = '';
    for (let i = 0; i < parts.length; i++) text += parts[i](moment);
    return text;
  };
}

function parse(format: string, fractions: boolean): Step[] {
  const parts: Step[] = [];
  const pattern = /%([EO]?)(\d?)([A-Za-z%])|[^%]+|%/g;
  for (const found of format.matchAll(pattern)) {
    const [whole, , width, letter] = found;
    if (letter === 'N' && fractions) parts.push(fraction(width === '' ? 9 : Number(width)));
    else if (letter !== undefined && composed[letter] !== undefined && width === '') {
      parts.push(...parse(composed[letter], false));
    } else if (letter !== undefined && steps[letter] !== undefined && width === '') {
      parts.push(steps[letter]);
    } else parts.push(() => whole);
  }
  return parts;
}

function fraction(width: number): Step {
  const digits = Math.min(Math.max(width, 1), 9);
  return ({ nanoseconds }) => String(nanoseconds).padStart(9, '0').slice(0, digits);
}
