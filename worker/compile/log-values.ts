// How one item of a log-format string is written: quoting, escaping, the `-` of empty values,
// types, and the JSON and CBOR encodings (manual 8.2.6, RFC 8259, RFC 8949). The closures run while
// serving.

import type { Evaluate, FormatText } from '../keyword.ts';
import type { LogTagFlags } from '../log/tag.ts';
import { castSample } from '../sample/cast.ts';
import { int64Bytes, readInt64 } from '../sample/int64.ts';
import {
  kindBinary,
  kindBool,
  kindSint,
  kindString,
  Sample,
  type SampleKind,
} from '../sample/sample.ts';

/** Output types of `%(name:type)`: '' keeps what the value is. */
export type Typecast = '' | 'str' | 'sint' | 'bool' | 'raw';

/** null: no such type. */
export function typecastOf(word: string): Typecast | null {
  if (word === '' || word === 'str' || word === 'sint' || word === 'bool' || word === 'raw')
    return word;
  return null;
}

const notInHeader = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Percent-encodes control characters: what a header field may not hold (RFC 9110 5.5). */
function headerText(text: string): string {
  if (!notInHeader.test(text)) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const bad = code === 127 || (code < 32 && code !== 9);
    out += bad ? `%${hexOf(code)}` : text[i];
  }
  return out;
}

const hexOf = (code: number): string => (code < 16 ? '0' : '') + code.toString(16).toUpperCase();

const sdSpecial = /["\\\]]/;
const jsonSpecial = /["\\]/;

function escaped(text: string, special: RegExp): string {
  if (!special.test(text)) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) out += (special.test(text[i]) ? '\\' : '') + text[i];
  return out;
}

/** A JSON string of `text`: quotes and backslashes escaped, nothing else, as HAProxy does. */
export function jsonText(text: string): string {
  return `"${escaped(text, jsonSpecial)}"`;
}

/** Head of a CBOR item: major type and length or value (RFC 8949 3). */
function cborHead(major: number, value: number): string {
  const type = major << 5;
  if (value < 24) return String.fromCharCode(type | value);
  if (value < 256) return String.fromCharCode(type | 24, value);
  if (value < 65536) return String.fromCharCode(type | 25, value >> 8, value & 255);
  if (value < 4294967296) {
    return String.fromCharCode(type | 26) + int64Bytes(value).slice(4);
  }
  return String.fromCharCode(type | 27) + int64Bytes(value);
}

function cborInt(value: number | bigint): string {
  const isNegative = value < 0;
  const size = isNegative ? -1n - BigInt(value) : BigInt(value);
  if (size <= BigInt(Number.MAX_SAFE_INTEGER)) return cborHead(isNegative ? 1 : 0, Number(size));
  return String.fromCharCode((isNegative ? 0x20 : 0) | 27) + int64Bytes(size);
}

/** The bytes themselves, or their hexadecimal digits. */
function cborOut(bytes: string, binary: boolean): string {
  if (binary) return bytes;
  let out = '';
  for (let i = 0; i < bytes.length; i++) out += hexOf(bytes.charCodeAt(i));
  return out;
}

/** A CBOR text string, as bytes or as their digits. */
export function cborText(text: string, binary: boolean): string {
  return cborOut(cborHead(3, text.length) + text, binary);
}

/** A text as its flags ask. */
function flagged(text: string, flags: LogTagFlags): string {
  const shown = flags.escape ? escaped(text, sdSpecial) : text;
  if (flags.quote) return `"${shown}"`;
  return shown === '' && flags.mandatory ? '-' : shown;
}

/** The value of a tag. Tags give raw text; see log/tag.ts for what `type` means. */
export function writeTag(
  read: FormatText,
  type: 'text' | 'plain' | 'number',
  flags: LogTagFlags,
  typecast: Typecast,
): FormatText {
  if (flags.encoding === 'json') return tagAsJson(read, type, typecast);
  if (flags.encoding === 'cbor') return tagAsCbor(read, type, typecast, flags.binary);
  const isPlain = !flags.quote && !flags.escape && !flags.mandatory;
  if (type !== 'text' || isPlain) return read;
  return (stream) => flagged(read(stream), flags);
}

function tagAsJson(read: FormatText, type: string, typecast: Typecast): FormatText {
  if (typecast === 'bool') return (stream) => (isYes(read(stream)) ? 'true' : 'false');
  if (typecast === 'sint' || (type === 'number' && typecast !== 'str')) {
    return (stream) => String(readInt64(read(stream)));
  }
  return (stream) => jsonText(read(stream));
}

function tagAsCbor(
  read: FormatText,
  type: string,
  typecast: Typecast,
  binary: boolean,
): FormatText {
  if (typecast === 'bool')
    return (stream) => cborOut(isYes(read(stream)) ? '\xf5' : '\xf4', binary);
  // Numbers stay numbers, whatever `str` says: HAProxy has that for JSON only.
  if (typecast === 'sint' || type === 'number') {
    return (stream) => cborOut(cborInt(readInt64(read(stream))), binary);
  }
  return (stream) => cborText(read(stream), binary);
}

const isYes = (text: string): boolean => {
  const value = readInt64(text);
  return value !== 0 && value !== 0n;
};

interface ExpressionWriting {
  readonly flags: LogTagFlags;
  readonly typecast: Typecast;
  readonly header: boolean;
}

/** The value of `%[expression]`. */
export function writeExpression(
  evaluate: Evaluate,
  returns: SampleKind,
  writing: ExpressionWriting,
): FormatText {
  const { flags, typecast, header } = writing;
  if (flags.encoding !== '') return expressionEncoded(evaluate, writing);
  const sample = new Sample();
  const keepsBytes = flags.binary && typecast !== 'str';
  const isText = returns === kindString;
  const isPlain = !flags.quote && !flags.escape && !flags.mandatory;
  /** '' when there is no value. */
  const read: FormatText = (stream) => {
    sample.restart();
    if (!evaluate(stream, sample)) return '';
    if (isText && sample.kind === kindString) return sample.text;
    if (keepsBytes && sample.kind === kindBinary) return sample.text;
    return castSample(sample, kindString) ? sample.text : '';
  };
  if (header) return (stream) => headerText(read(stream));
  if (isPlain) return read;
  return (stream) => flagged(read(stream), flags);
}

function expressionEncoded(evaluate: Evaluate, writing: ExpressionWriting): FormatText {
  const { flags, typecast } = writing;
  const sample = new Sample();
  const isJson = flags.encoding === 'json';
  return (stream) => {
    sample.restart();
    const found = evaluate(stream, sample);
    if (typecast === 'raw') return found && castSample(sample, kindBinary) ? sample.text : '';
    const kind = outputKind(sample, found, typecast, isJson);
    const good = found && (sample.kind === kind || kind === kindBool || castSample(sample, kind));
    return isJson ? asJson(sample, good, kind, typecast) : asCbor(sample, good, kind, flags.binary);
  };
}

function outputKind(
  sample: Sample,
  found: boolean,
  typecast: Typecast,
  isJson: boolean,
): SampleKind {
  if (typecast === 'str') return kindString;
  if (typecast === 'sint') return kindSint;
  if (typecast === 'bool') return kindBool;
  if (!found) return kindString;
  if (sample.kind === kindSint || sample.kind === kindBool) return sample.kind;
  return !isJson && sample.kind === kindBinary ? kindBinary : kindString;
}

function asJson(sample: Sample, good: boolean, kind: SampleKind, typecast: Typecast): string {
  if (!good) return '""';
  if (kind === kindBool) return isTrue(sample) ? 'true' : 'false';
  if (kind === kindSint && typecast !== 'str') return String(sample.int);
  return jsonText(sample.text);
}

function asCbor(sample: Sample, good: boolean, kind: SampleKind, binary: boolean): string {
  // No value is null; only JSON has nothing but an empty text for it.
  if (!good) return cborOut('\xf6', binary);
  if (kind === kindBool) return cborOut(isTrue(sample) ? '\xf5' : '\xf4', binary);
  if (kind === kindSint) return cborOut(cborInt(sample.int), binary);
  if (kind !== kindBinary) return cborText(sample.text, binary);
  return cborOut(cborHead(2, sample.text.length) + sample.text, binary);
}

function isTrue(sample: Sample): boolean {
  if (sample.kind === kindString || sample.kind === kindBinary) return isYes(sample.text);
  return sample.int !== 0 && sample.int !== 0n;
}
