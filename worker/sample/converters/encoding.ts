// Converters between bytes and their written forms: hexadecimal, base64, percent-encoding, JSON
// strings, big and little endian numbers (manual 7.3.1).

import type { ArgumentDef, ArgumentValue, Convert, ConverterDef, Scope } from '../../keyword.ts';
import { wrapped } from '../int64.ts';
import { kindBinary, kindSint, kindString, type Sample } from '../sample.ts';
import { jsonDecoders, writeJson } from './json-text.ts';
import { simple } from './row.ts';

const digits = '0123456789ABCDEF';
const hexByte = (code: number): string => digits[code >> 4] + digits[code & 15];

/** Two upper-case digits per byte. */
function hexText(bytes: string): string {
  let out = '';
  for (let i = 0; i < bytes.length; i++) out += hexByte(bytes.charCodeAt(i));
  return out;
}

function binaryDigits(bytes: string): string {
  let out = '';
  for (let i = 0; i < bytes.length; i++) {
    for (let bit = 7; bit >= 0; bit--) out += (bytes.charCodeAt(i) >> bit) & 1;
  }
  return out;
}

const digitOf = (code: number): number =>
  code >= 48 && code <= 57
    ? code - 48
    : (code | 32) >= 97 && (code | 32) <= 102
      ? (code | 32) - 87
      : -1;

/** Hexadecimal digits as an integer of 64 bits; anything else: no value. */
function hexToInteger(sample: Sample): boolean {
  const { text } = sample;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = digitOf(text.charCodeAt(i));
    if (digit < 0) return false;
    value = value * 16 + digit;
  }
  return sample.setInt(text.length <= 13 ? value : wrapped(BigInt(`0x${text}`)));
}

const base64Text = /^[A-Za-z0-9+/]*={0,2}$/;
const urlBase64Text = /^[A-Za-z0-9_-]*$/;

/** Bytes of a base64 text with its padding (RFC 4648 4), one a character; null: it is none. */
export function decodeBase64(text: string): string | null {
  if (text.length % 4 !== 0 || !base64Text.test(text)) return null;
  return Buffer.from(text, 'base64').toString('latin1');
}

/** The same of the alphabet for URLs, without padding (RFC 4648 5). */
export function decodeUrlBase64(text: string): string | null {
  if (text.length % 4 === 1 || !urlBase64Text.test(text)) return null;
  return Buffer.from(text, 'base64url').toString('latin1');
}

const giveBytes = (sample: Sample, bytes: string | null): boolean =>
  bytes !== null && sample.setBinary(bytes);

const encode = (text: string, into: 'base64' | 'base64url'): string =>
  Buffer.from(text, 'latin1').toString(into);

/** Percent-decodes; `+` is a blank in a form, or behind the first question mark. */
function buildUrlDecode([form]: readonly ArgumentValue[]): Convert {
  const isForm = form !== undefined && Number(form) !== 0;
  return (sample) => {
    const decoded = percentDecode(sample.text, isForm);
    return decoded !== null && sample.setText(decoded);
  };
}

/** null: a percent sign without two digits. */
function percentDecode(text: string, isForm: boolean): string | null {
  if (text.indexOf('%') < 0 && text.indexOf('+') < 0) return text;
  let out = '';
  let inQuery = isForm;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (letter === '%') {
      const high = digitOf(text.charCodeAt(i + 1));
      const low = digitOf(text.charCodeAt(i + 2));
      if (high < 0 || low < 0 || i + 2 >= text.length) return null;
      out += String.fromCharCode(high * 16 + low);
      i += 2;
    } else if (letter === '+' && inQuery) out += ' ';
    else {
      if (letter === '?') inQuery = true;
      out += letter;
    }
  }
  return out;
}

/** Bytes a query may hold unescaped: unreserved ones (RFC 3986 2.3). */
const unreserved = new Uint8Array(256);
for (let i = 33; i < 127; i++)
  unreserved[i] = /[A-Za-z0-9._~-]/.test(String.fromCharCode(i)) ? 1 : 0;

function percentEncode(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    out += unreserved[code] === 1 ? text[i] : `%${hexByte(code)}`;
  }
  return out;
}

function buildUrlEncode([type]: readonly ArgumentValue[], scope: Scope): Convert | null {
  if (type !== undefined && type !== '' && type !== 'query') {
    scope.alert(`url_enc does not know the encoding '${type}', only 'query'`);
    return null;
  }
  return (sample) => sample.setText(percentEncode(sample.text));
}

function buildJson([mode]: readonly ArgumentValue[], scope: Scope): Convert | null {
  const decode = jsonDecoders.get(mode === undefined || mode === '' ? 'ascii' : (mode as string));
  if (decode === undefined) {
    scope.alert(
      `json does not know the input '${mode}': ${[...jsonDecoders.keys()].join(', ')} are known`,
    );
    return null;
  }
  return (sample) => {
    const text = writeJson(sample.text, decode);
    return text !== null && sample.setText(text);
  };
}

/** Numbers of `size` bytes each, in decimal, with a separator. */
function buildDecimal(isBig: boolean) {
  return (args: readonly ArgumentValue[], scope: Scope): Convert | null => {
    const separator = args[0] as string;
    const size = Number(args[1] ?? 0);
    const truncates = Number(args[2] ?? 0) !== 0;
    if (size < 1 || size > 8) {
      scope.alert(`chunk size ${size} is not between 1 and 8`);
      return null;
    }
    return (sample) => {
      const { text } = sample;
      const last = truncates ? text.length - size + 1 : text.length;
      let out = '';
      for (let at = 0; at < last; at += size) {
        if (at > 0) out += separator;
        out += decimalOf(text.slice(at, at + size), isBig);
      }
      return sample.setText(out);
    };
  };
}

function decimalOf(bytes: string, isBig: boolean): string {
  let value = 0n;
  for (let i = 0; i < bytes.length; i++) {
    value = value * 256n + BigInt(bytes.charCodeAt(isBig ? i : bytes.length - 1 - i));
  }
  return String(value);
}

/** Hexadecimal digits in groups of `size` bytes. */
function buildHexGroups(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const separator = (args[0] as string | undefined) ?? '';
  const size = Number(args[1] ?? 1);
  const truncates = Number(args[2] ?? 0) !== 0;
  if (separator !== '' && args[1] === undefined) {
    scope.alert(`a separator needs the size of the chunks it stands between`);
    return null;
  }
  if (size < 1) {
    scope.alert(`chunk size ${size} must be at least 1`);
    return null;
  }
  return (sample) => {
    const { text } = sample;
    if (separator === '' && !truncates) return sample.setText(hexText(text));
    const last = truncates ? text.length - size + 1 : text.length;
    let out = '';
    for (let at = 0; at < last; at += size) {
      if (at > 0) out += separator;
      out += hexText(text.slice(at, at + size));
    }
    return sample.setText(out);
  };
}

const groupArgs: readonly ArgumentDef[] = [
  { name: 'separator', type: 'string' },
  { name: 'size', type: 'sint', optional: true },
  { name: 'truncate', type: 'sint', optional: true },
];

export const encodings: readonly ConverterDef[] = [
  simple('hex', [kindBinary, kindString], 'two hexadecimal digits per byte', (sample) =>
    sample.setText(hexText(sample.text)),
  ),
  simple('base2', [kindBinary, kindString], 'eight binary digits per byte', (sample) =>
    sample.setText(binaryDigits(sample.text)),
  ),
  simple('hex2i', [kindString, kindSint], 'hexadecimal digits as an integer', hexToInteger),
  simple('base64', [kindBinary, kindString], 'base64 with padding', (sample) =>
    sample.setText(encode(sample.text, 'base64')),
  ),
  simple('b64dec', [kindString, kindBinary], 'bytes of a base64 text', (sample) =>
    giveBytes(sample, decodeBase64(sample.text)),
  ),
  simple('ub64enc', [kindBinary, kindString], 'base64 for URLs, without padding', (sample) =>
    sample.setText(encode(sample.text, 'base64url')),
  ),
  simple('ub64dec', [kindString, kindBinary], 'bytes of a base64 text for URLs', (sample) =>
    giveBytes(sample, decodeUrlBase64(sample.text)),
  ),
  {
    name: 'url_dec',
    args: [{ name: 'form', type: 'sint', optional: true }],
    takes: kindString,
    returns: kindString,
    help: 'percent-decoded',
    example: 'url_dec(1)',
    build: buildUrlDecode,
  },
  {
    name: 'url_enc',
    args: [{ name: 'type', type: 'string' }],
    takes: kindString,
    returns: kindString,
    help: 'percent-encoded for a query',
    example: 'url_enc',
    build: buildUrlEncode,
  },
  {
    name: 'json',
    args: [{ name: 'input', type: 'string' }],
    takes: kindString,
    returns: kindString,
    help: 'escaped as the inside of a JSON string',
    example: 'json(utf8s)',
    build: buildJson,
  },
  {
    name: 'be2dec',
    args: groupArgs,
    takes: kindBinary,
    returns: kindString,
    help: 'big-endian numbers in decimal',
    example: 'be2dec(:,2)',
    build: buildDecimal(true),
  },
  {
    name: 'le2dec',
    args: groupArgs,
    takes: kindBinary,
    returns: kindString,
    help: 'little-endian numbers in decimal',
    example: 'le2dec(:,2)',
    build: buildDecimal(false),
  },
  {
    name: 'be2hex',
    args: groupArgs,
    takes: kindBinary,
    returns: kindString,
    help: 'hexadecimal digits in groups',
    example: 'be2hex(:,2)',
    build: buildHexGroups,
  },
];
