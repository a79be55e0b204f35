// A floating point number with six significant digits, written as C's "%g" does: the form that
// HAProxy gives numbers of JSON. Pure; proxy thread.

const digitsMax = 6;

/** `12.5`, `1.23457e+08`; blanks and trailing zeros never. */
export function decimalText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const [mantissa, exponentText] = value.toExponential(digitsMax - 1).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < digitsMax) {
    return trimmed(value.toFixed(Math.max(0, digitsMax - 1 - exponent)));
  }
  const sign = exponent < 0 ? '-' : '+';
  return `${trimmed(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

const trimmed = (text: string): string =>
  text.indexOf('.') < 0 ? text : text.replace(/\.?0+$/, '');
