// Numbers and times as people read them. Knows neither the page nor the browser.

const units = ['', 'k', 'M', 'G', 'T'] as const;

/** 0, 0.4, 12.3, 123, 1.23k, 45.6M. */
export function shortNumber(value: number): string {
  let [rest, unit] = [Math.abs(value), 0];
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  const digits = unit === 0 ? (rest < 99.95 ? 1 : 0) : rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0;
  const text = rest.toFixed(digits).replace(/\.0+$/, '');
  return `${value < 0 ? '-' : ''}${text}${units[unit]}`;
}

/** 0 B/s, 1.2 kB/s. */
export function byteRate(value: number): string {
  const text = shortNumber(value);
  const unit = /[kMGT]$/.exec(text)?.[0] ?? '';
  return `${unit === '' ? text : text.slice(0, -1)} ${unit}B/s`;
}

/** 0.42 ms, 3.1 ms, 250 ms, 1.5 s; a dash when there is none. */
export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value >= 10_000) return `${Math.round(value / 1000)} s`;
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${value >= 10 ? Math.round(value) : Number(value.toFixed(1))} ms`;
}

/** The two largest units: 42s, 3m 5s, 2h 10m, 4d 3h. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${whole}s`;
  if (hours === 0) return `${minutes}m ${whole % 60}s`;
  if (hours < 24) return `${hours}h ${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** 09:05:01; with the day in front when that is another one than `now`'s. Milliseconds. */
export function clock(at: number, now = at): string {
  const date = new Date(at);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return date.toDateString() === new Date(now).toDateString() ? time : `${day} ${time}`;
}

/** What a state means, as the name of a class; the words are those of the statistics. */
export function stateClass(status: string): string {
  const [word] = status.split(' ');
  if (word === 'UP' || word === 'OPEN') return status.includes('/') ? 'falling' : 'up';
  if (word === 'DOWN') return status.includes('/') ? 'rising' : 'down';
  if (word === 'MAINT') return 'maint';
  if (word === 'DRAIN' || word === 'NOLB') return 'drain';
  return word === 'no' ? 'unchecked' : 'stopped';
}
