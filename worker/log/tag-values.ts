// Values of log tags that take more than a field: parts of the request line, captured headers,
// addresses in hexadecimal. What could break a line is written as #XX (manual 8.6). Read while a
// line is written.

import { familyIpv4, familyIpv6, type Endpoint } from '../conn/endpoint.ts';
import type { ProxyPlan } from '../program.ts';
import type { Stream } from '../stream/stream.ts';
import { escapeCodes, type LineBuffer } from './line.ts';

/** Codes of bytes that are not written as they are: in request lines, and in captured headers. */
export const lineCodes = escapeCodes('"#');
const captureCodes = escapeCodes('"#{|}');

export type RequestPart =
  | 'line'
  | 'method'
  | 'target'
  | 'targetPath'
  | 'path'
  | 'query'
  | 'version';

/** Stands for a request that could not be read. */
export const badRequest = '<BADREQ>';

/** Cuts a part out of `METHOD target version`. */
type Cut = (line: string) => string;

function targetOf(line: string): string {
  const start = line.indexOf(' ') + 1;
  const end = line.indexOf(' ', start);
  return start === 0 ? '' : line.slice(start, end < 0 ? line.length : end);
}

function withoutQuery(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? target : target.slice(0, mark);
}

function pathOf(target: string): string {
  if (target.startsWith('/')) return withoutQuery(target);
  const scheme = target.indexOf('://');
  const slash = scheme < 0 ? -1 : target.indexOf('/', scheme + 3);
  return slash < 0 ? '' : withoutQuery(target.slice(slash));
}

const cuts: Readonly<Record<RequestPart, Cut>> = {
  line: (line) => line,
  method: (line) => (line.includes(' ') ? line.slice(0, line.indexOf(' ')) : badRequest),
  target: targetOf,
  targetPath: (line) => withoutQuery(targetOf(line)),
  path: (line) => pathOf(targetOf(line)),
  query: (line) => {
    const target = targetOf(line);
    const mark = target.indexOf('?');
    return mark < 0 ? '' : target.slice(mark);
  },
  version: (line) => {
    const start = line.indexOf(' ', line.indexOf(' ') + 1);
    return start < 0 ? badRequest : line.slice(start + 1);
  },
};

/** Reads one part of the request line as it was received. */
export function requestPart(part: RequestPart): (stream: Stream) => string {
  const cut = cuts[part];
  return (stream) => {
    const { requestLine } = stream;
    return requestLine === '' ? badRequest : encode(cut(requestLine), lineCodes);
  };
}

/** The text with the bytes of `codes` written as #XX; the text itself when it has none. */
export function encode(text: string, codes: Uint8Array): string {
  for (let i = 0; i < text.length; i++) {
    if (codes[text.charCodeAt(i) & 255] !== 0) return encodeFrom(text, i, codes);
  }
  return text;
}

function encodeFrom(text: string, from: number, codes: Uint8Array): string {
  let out = text.slice(0, from);
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i) & 255;
    const isPlain = codes[code] === 0;
    out += isPlain ? text[i] : `#${code.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

type Slots = ProxyPlan['captureRequestHeaders'];

/** `{a|b}`, or nothing when no header is captured. */
export function captureSet(slots: Slots, captures: readonly string[]): string {
  if (slots.length === 0 || captures.length === 0) return '';
  let out = '{';
  for (let i = 0; i < slots.length; i++) {
    if (i > 0) out += '|';
    out += encode(captures[i] ?? '', captureCodes);
  }
  return `${out}}`;
}

/** What `captureSet` gives, appended. */
export function writeSet(slots: Slots, captures: readonly string[], line: LineBuffer): void {
  if (slots.length === 0 || captures.length === 0) return;
  line.byte(openingBrace);
  for (let i = 0; i < slots.length; i++) {
    if (i > 0) line.byte(bar);
    line.escaped(captures[i] ?? '', captureCodes);
  }
  line.byte(closingBrace);
}

const openingBrace = 123;
const bar = 124;
const closingBrace = 125;

/** `a b`, with a dash for an empty one, or `"a" ""` when quoted. */
export function captureList(slots: Slots, captures: readonly string[], quoted: boolean): string {
  if (captures.length === 0) return '';
  let out = '';
  for (let i = 0; i < slots.length; i++) {
    if (i > 0) out += ' ';
    const text = encode(captures[i] ?? '', captureCodes);
    out += quoted ? `"${text}"` : text === '' ? '-' : text;
  }
  return out;
}

/** The bytes of an address as hexadecimal digits, '' without an address. */
export function addressHex(endpoint: Endpoint | undefined): string {
  if (endpoint === undefined) return '';
  if (endpoint.family === familyIpv4) {
    return endpoint.ipv4.toString(16).toUpperCase().padStart(8, '0');
  }
  if (endpoint.family !== familyIpv6) return '';
  return Buffer.from(endpoint.bytes, 'latin1').toString('hex').toUpperCase();
}
