// Classes and escapes of regular expressions, spelled for JavaScript over bytes (C locale). Tables
// and leaf functions of regex.ts only.

/** POSIX classes inside brackets, in the C locale. */
export const posixClasses: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\t-\\r ',
  blank: '\\t ',
  punct: '!-\\/:-@\\[-`{-~',
  print: ' -~',
  graph: '!-~',
  cntrl: '\\x00-\\x1f\\x7f',
  xdigit: '0-9A-Fa-f',
  word: 'A-Za-z0-9_',
};

/** Complements of the above for [:^name:], as ranges over bytes. */
export function complementOf(name: string): string {
  const inside = new RegExp(`[${posixClasses[name]}]`);
  let out = '';
  for (let code = 0; code < 256; code++) {
    if (!inside.test(String.fromCharCode(code))) out += hex(code);
  }
  return out;
}

/** Escapes that stand for a set; inside brackets `inner` is used. null: not allowed there. */
export const setEscapes: Readonly<
  Record<string, { readonly outer: string; readonly inner: string | null }>
> = {
  d: { outer: '\\d', inner: '\\d' },
  D: { outer: '\\D', inner: '\\D' },
  w: { outer: '\\w', inner: '\\w' },
  W: { outer: '\\W', inner: '\\W' },
  s: { outer: '[\\t-\\r ]', inner: '\\t-\\r ' },
  S: { outer: '[^\\t-\\r ]', inner: '\\x00-\\x08\\x0e-\\x1f!-\\xff' },
  h: { outer: '[\\t \\xa0]', inner: '\\t \\xa0' },
  H: { outer: '[^\\t \\xa0]', inner: '\\x00-\\x08\\x0a-\\x1f!-\\x9f\\xa1-\\xff' },
  v: { outer: '[\\n-\\r\\x85]', inner: '\\n-\\r\\x85' },
  V: { outer: '[^\\n-\\r\\x85]', inner: '\\x00-\\x09\\x0e-\\x84\\x86-\\xff' },
  N: { outer: '[^\\n]', inner: null },
  R: { outer: '(?:\\r\\n|[\\n-\\r\\x85])', inner: null },
  b: { outer: '\\b', inner: '\\x08' },
  B: { outer: '\\B', inner: null },
  A: { outer: '^', inner: null },
  Z: { outer: '(?=\\n?$)', inner: null },
  z: { outer: '$', inner: null },
};

export const letterEscapes: Readonly<Record<string, number>> = {
  a: 7,
  e: 27,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
};

const hex = (code: number): string => `\\x${code.toString(16).padStart(2, '0')}`;
/** A-Z or a-z. */
export const isLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122;

/** One literal byte in JavaScript syntax, safe inside and outside brackets. */
export function literal(code: number): string {
  return /[A-Za-z0-9_ ]/.test(String.fromCharCode(code)) ? String.fromCharCode(code) : hex(code);
}
