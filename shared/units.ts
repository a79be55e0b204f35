// Times and sizes as the configuration writes them (manual 2.5 and 2.6), text to number.
// Called by shared/config and by whoever reads a number with a unit (command line, runtime API).
// Never throws: a fault is returned with the place of the bad character.

export type TimeUnit = 'us' | 'ms' | 's' | 'm' | 'h' | 'd';

/** Largest time in its unit, as HAProxy keeps them (a signed 32-bit integer). */
export const timeMax = 0x7fffffff;

export type UnitFault = '' | 'overflow' | 'underflow' | 'character' | 'trailing';

export interface UnitValue {
  readonly value: number;
  /** '' : good. 'trailing': the value is good but characters follow the unit (HAProxy warns). */
  readonly fault: UnitFault;
  /** Offset of the character that is at fault. */
  readonly at: number;
}

const microseconds: Readonly<Record<TimeUnit, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

const timePattern = /^(\d+)(us|ms|s|m|h|d)?/;

/**
 * Reads a time and returns it in `unit`, rounded up; a number without a unit is in `unit`.
 * Values from 2^31 on overflow; a value that is not zero never becomes zero.
 */
export function parseTime(text: string, unit: TimeUnit = 'ms'): UnitValue {
  const match = timePattern.exec(text);
  if (match === null) return { value: 0, fault: 'character', at: 0 };
  const digits = match[1];
  const suffix = match[2] as TimeUnit | undefined;
  if (suffix === undefined && digits.length < text.length) {
    return { value: 0, fault: 'character', at: digits.length };
  }
  const value = scale(digits, suffix ?? unit, unit);
  if (value > timeMax) return { value: timeMax, fault: 'overflow', at: 0 };
  const fault = match[0].length < text.length ? 'trailing' : '';
  return { value, fault, at: match[0].length };
}

function scale(digits: string, from: TimeUnit, to: TimeUnit): number {
  if (digits.length > 15) return Number.POSITIVE_INFINITY;
  return Math.ceil((Number(digits) * microseconds[from]) / microseconds[to]);
}

const sizeShift: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1 << 20, g: 1 << 30 };
const sizePattern = /^(\d+)([kmgKMG]?)/;

/** Reads a size in bytes; `max` is the first value that is too large, 2^32 as a rule. */
export function parseSize(text: string, max = 2 ** 32): UnitValue {
  const match = sizePattern.exec(text);
  if (match === null) return { value: 0, fault: 'character', at: 0 };
  if (match[0].length < text.length) return { value: 0, fault: 'character', at: match[0].length };
  const value = Number(match[1]) * sizeShift[match[2].toLowerCase()];
  return value >= max ? { value: max - 1, fault: 'overflow', at: 0 } : { value, fault: '', at: 0 };
}

/** What HAProxy's messages say about a time that cannot be used; `what` names the keyword. */
export function timeFaultText(found: UnitValue, text: string, what: string): string {
  if (found.fault === 'overflow') {
    return `timer overflow in argument '${text}' to '${what}' (maximum value is ${timeMax} ms)`;
  }
  if (found.fault === 'underflow') {
    return `timer underflow in argument '${text}' to '${what}' (minimum non-null value is 1 ms)`;
  }
  return `unexpected character '${text.charAt(found.at)}' in argument '${text}' to '${what}'`;
}
