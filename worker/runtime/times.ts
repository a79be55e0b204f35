// Times as runtime commands print them. Called by the command families.

const units: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** The largest unit and the one below it: 0s, 3s, 2m5s, 1h3m, 4d2h. */
export function shortAge(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return '0s';
  const [name, size] = units[first];
  const next = units[first + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[1]);
  return `${Math.floor(seconds / size)}${name}${rest > 0 ? `${rest}${next[0]}` : ''}`;
}

/** As shortAge, with milliseconds below a second. */
export function shortDelay(ms: number): string {
  return ms < 1000 ? `${Math.floor(ms)}ms` : shortAge(ms);
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** 29/Nov/2026:01:46:33.850 with `digits` after the point, in local time. */
export function stamp(wallMs: number, digits: number): string {
  const date = new Date(wallMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${two(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const fraction = Math.floor((wallMs % 1000) * 1000);
  return `${day}:${clock}.${String(fraction).padStart(6, '0').slice(0, digits)}`;
}
