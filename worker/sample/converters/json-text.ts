// Text to the inside of a JSON string, with the five ways the converter `json` reads its input
// (manual 7.3.1): bytes as they are, or UTF-8 that fails, drops or repairs. Pure; proxy thread.

/** What one decoding step found: a code point, or what is wrong with it. */
const badSequence = -1;
const overlong = -2;
const badRange = -3;

/** Filled by `next`: the code point (also of an overlong one) and the bytes it took. */
let code = 0;
let taken = 0;

/** Strategy for what UTF-8 does not allow. */
interface JsonDecoder {
  readonly isUtf8: boolean;
  /** A fault drops the character instead of failing. */
  readonly drops: boolean;
  /** Overlong forms are accepted. */
  readonly repairs: boolean;
}

export const jsonDecoders: ReadonlyMap<string, JsonDecoder> = new Map([
  ['ascii', { isUtf8: false, drops: false, repairs: false }],
  ['utf8', { isUtf8: true, drops: false, repairs: false }],
  ['utf8s', { isUtf8: true, drops: true, repairs: false }],
  ['utf8p', { isUtf8: true, drops: false, repairs: true }],
  ['utf8ps', { isUtf8: true, drops: true, repairs: true }],
]);

const shortEscapes: Readonly<Record<number, string>> = {
  8: '\\b',
  9: '\\t',
  10: '\\n',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  47: '\\/',
  92: '\\\\',
};

/** The escaped text, null where the decoder fails. */
export function writeJson(text: string, decoder: JsonDecoder): string | null {
  let out = '';
  for (let at = 0; at < text.length; ) {
    const state = decoder.isUtf8 ? next(text, at) : plainByte(text, at);
    at += taken;
    if (state !== 0 && !(state === overlong && decoder.repairs)) {
      if (!decoder.drops) return null;
      continue;
    }
    if (code > 0xffff) {
      if (!decoder.drops) return null;
      continue;
    }
    out += escapeOf(code);
  }
  return out;
}

function escapeOf(value: number): string {
  const short = shortEscapes[value];
  if (short !== undefined) return short;
  if (value >= 32 && value < 127) return String.fromCharCode(value);
  return `\\u${value.toString(16).padStart(4, '0')}`;
}

function plainByte(text: string, at: number): number {
  code = text.charCodeAt(at);
  taken = 1;
  return 0;
}

/** Decodes one character at `at`; 0 or what is wrong. */
function next(text: string, at: number): number {
  const first = text.charCodeAt(at);
  code = first;
  taken = 1;
  if (first < 0x80) return 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
  if (length === 0 || first >= 0xf8) return badSequence;
  code = first & (0xff >> (length + 1));
  for (; taken < length; taken++) {
    const byte = text.charCodeAt(at + taken);
    if (!(byte >= 0x80 && byte <= 0xbf)) return badSequence;
    code = code * 64 + (byte & 63);
  }
  if (code < (length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000)) return overlong;
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  return surrogate || code === 0xfffe || code === 0xffff ? badRange : 0;
}
