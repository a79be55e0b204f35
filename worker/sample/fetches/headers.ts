// Header fetches (manual 7.3.6): side × what is read. `hdr` splits values at commas, `fhdr` does
// not; both count from the start or from the end. The values of a single, undivided header are kept
// per edition of the message, because many conditions ask for the same one.

import {
  type HeaderName,
  headerName,
  headerWords,
  latin1,
  type Message,
} from '../../http/message.ts';
import { memberEnd, trimmedEnd } from '../../http/syntax.ts';
import type { ArgumentDef, ArgumentValue, Evaluate, FetchDef, Scope } from '../../keyword.ts';
import { parseIpv4, parseIpv6 } from '../address.ts';
import { readInt64 } from '../int64.ts';
import { kindAddress, kindBinary, kindSint, kindString, type Sample } from '../sample.ts';
import { buildNames, headersBinary, headersText } from './header-lists.ts';
import { alias, plain, type ReadHead, requestHead, responseHead } from './row.ts';

/** Occurrences from the end that can be asked for. */
const historyMax = 10;

/** A place in the values of a message: one value now, and where the search goes on. */
class ValueWalk {
  /** Header of the value, and its first byte and length without blanks around. */
  index: number;
  at: number;
  length: number;
  /** Where the next member of the same header starts, -1: none. */
  next: number;

  constructor() {
    this.index = -1;
    this.at = 0;
    this.length = 0;
    this.next = -1;
  }
}

const walk = new ValueWalk();
const isAny = (name: HeaderName): boolean => name.text === '';

/** Index of the next header called `name` (any, when it is empty) from `from` on, -1: none. */
function findHeader(message: Message, name: HeaderName, from: number): number {
  if (!isAny(name)) return message.find(name, from);
  for (let i = from; i < message.count; i++) {
    if (message.headers[i * headerWords + 1] > 0) return i;
  }
  return -1;
}

/** Sets the walk on the value that starts at `from`; `whole`: commas do not separate. */
function takeValue(message: Message, index: number, from: number, whole: boolean): void {
  const { bytes, headers } = message;
  const word = index * headerWords;
  const end = headers[word + 2] + headers[word + 3];
  let at = from;
  while (at < end && (bytes[at] === 32 || bytes[at] === 9)) at++;
  const stop = whole ? end : memberEnd(bytes, at, end);
  walk.index = index;
  walk.at = at;
  walk.length = trimmedEnd(bytes, at, stop) - at;
  walk.next = stop < end ? stop + 1 : -1;
}

/** The first value, false: none. */
function firstValue(message: Message, name: HeaderName, whole: boolean): boolean {
  const index = findHeader(message, name, 0);
  if (index < 0) return false;
  takeValue(message, index, message.headers[index * headerWords + 2], whole);
  return true;
}

/** The value behind the one the walk stands on, false: none. */
function nextValue(message: Message, name: HeaderName, whole: boolean): boolean {
  if (walk.next >= 0) {
    takeValue(message, walk.index, walk.next, whole);
    return true;
  }
  const index = findHeader(message, name, walk.index + 1);
  if (index < 0) return false;
  takeValue(message, index, message.headers[index * headerWords + 2], whole);
  return true;
}

/** True when another value follows the one the walk stands on. */
function hasNext(message: Message, name: HeaderName): boolean {
  return walk.next >= 0 || findHeader(message, name, walk.index + 1) >= 0;
}

/** Cursors hold header and offset: offsets are below 2^31. */
const cursorStride = 0x80000000;

/** Sets the walk on the value of number `occurrence` (from 1, or from -1 backwards). */
function seek(message: Message, name: HeaderName, whole: boolean, occurrence: number): boolean {
  if (!firstValue(message, name, whole)) return false;
  if (occurrence > 0) {
    for (let left = occurrence - 1; left > 0; left--) {
      if (!nextValue(message, name, whole)) return false;
    }
    return true;
  }
  let count = 1;
  while (nextValue(message, name, whole)) count++;
  if (-occurrence > count || -occurrence > historyMax) return false;
  // The walk stands on the last value.
  return occurrence === -1 || seek(message, name, whole, count + 1 + occurrence);
}

/** Values one after the other: `out.cursor` says where the next one is. */
function iterate(message: Message, name: HeaderName, whole: boolean, out: Sample): boolean {
  if (out.cursor === 0) {
    if (!firstValue(message, name, whole)) return false;
  } else {
    walk.index = Math.floor(out.cursor / cursorStride) - 1;
    walk.next = (out.cursor % cursorStride) - 1;
    if (!nextValue(message, name, whole)) {
      out.more = false;
      return false;
    }
  }
  out.more = hasNext(message, name);
  out.cursor = (walk.index + 1) * cursorStride + walk.next + 1;
  return out.setText(latin1(message.bytes, walk.at, walk.length));
}

/** One header without commas, asked for again and again. */
class SingleValue {
  message: Message | null;
  edition: number;
  /** Whether the value is the only one; then `text`, null: there is none. */
  isSingle: boolean;
  text: string | null;

  constructor() {
    this.message = null;
    this.edition = -1;
    this.isSingle = false;
    this.text = null;
  }

  refresh(message: Message, name: HeaderName, whole: boolean): void {
    this.message = message;
    this.edition = message.edition;
    this.text = null;
    this.isSingle = true;
    if (!firstValue(message, name, whole)) return;
    this.isSingle = !hasNext(message, name);
    if (this.isSingle) this.text = latin1(message.bytes, walk.at, walk.length);
  }
}

function buildValue(read: ReadHead, whole: boolean) {
  return (args: readonly ArgumentValue[], scope: Scope): Evaluate | null => {
    const [text = '', number = 0] = args as readonly [string?, (number | bigint)?];
    const occurrence = Number(number);
    if (text === '' && occurrence !== 0) {
      scope.alert('a header name is needed with an occurrence number');
      return null;
    }
    if (occurrence < -historyMax) {
      scope.alert(`occurrence ${occurrence} is too far back, ${-historyMax} is the limit`);
      return null;
    }
    const name = headerName(text);
    if (occurrence !== 0) return fixedOccurrence(read, whole, name, occurrence);
    return anyOccurrence(read, whole, name);
  };
}

function fixedOccurrence(
  read: ReadHead,
  whole: boolean,
  name: HeaderName,
  occurrence: number,
): Evaluate {
  return (stream, out) => {
    const message = read(stream, out);
    if (message === null || !seek(message, name, whole, occurrence)) return false;
    return out.setText(latin1(message.bytes, walk.at, walk.length));
  };
}

/** Every value in turn for conditions, the last one for everybody else. */
function anyOccurrence(read: ReadHead, whole: boolean, name: HeaderName): Evaluate {
  const single = new SingleValue();
  return (stream, out) => {
    const message = read(stream, out);
    if (message === null) return false;
    if (message !== single.message || message.edition !== single.edition) {
      single.refresh(message, name, whole);
    }
    if (single.isSingle) {
      out.more = false;
      return single.text !== null && out.cursor === 0 && out.setText(single.text);
    }
    if (out.iterate) return iterate(message, name, whole, out);
    if (!seek(message, name, whole, -1)) return false;
    return out.setText(latin1(message.bytes, walk.at, walk.length));
  };
}

const portPattern = /^\d{1,5}$/;

/** A value as an address: IPv4 with an optional port, IPv6 with optional brackets. */
function setAddress(out: Sample, text: string): boolean {
  const colon = text.indexOf(':');
  const isPort = colon > 0 && portPattern.test(text.slice(colon + 1));
  const ipv4 = parseIpv4(
    isPort && Number(text.slice(colon + 1)) < 65536 ? text.slice(0, colon) : text,
  );
  if (ipv4 >= 0) return out.setIpv4(ipv4);
  const inner = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const ipv6 = parseIpv6(inner);
  return ipv6 !== '' && out.setIpv6(ipv6);
}

/** Values that are no address are passed over. */
function asAddress(evaluate: Evaluate | null): Evaluate | null {
  if (evaluate === null) return null;
  return (stream, out) => {
    while (evaluate(stream, out)) {
      if (setAddress(out, out.text)) return true;
      if (!out.more) return false;
    }
    return false;
  };
}

function asInteger(evaluate: Evaluate | null): Evaluate | null {
  if (evaluate === null) return null;
  return (stream, out) => evaluate(stream, out) && out.setInt(readInt64(out.text));
}

function buildCount(read: ReadHead, whole: boolean) {
  return (args: readonly ArgumentValue[]): Evaluate => {
    const name = headerName((args[0] as string | undefined) ?? '');
    return (stream, out) => {
      const message = read(stream, out);
      if (message === null) return false;
      let count = 0;
      if (firstValue(message, name, whole)) {
        count = 1;
        while (nextValue(message, name, whole)) count++;
      }
      return out.setInt(count);
    };
  };
}

const nameArg: readonly ArgumentDef[] = [{ name: 'name', type: 'string', optional: true }];
const valueArgs: readonly ArgumentDef[] = [
  ...nameArg,
  { name: 'occurrence', type: 'sint', optional: true },
];
const delimiterArg: readonly ArgumentDef[] = [
  { name: 'delimiter', type: 'string', optional: true },
];

interface SideRow {
  readonly prefix: string;
  readonly reads: string;
  readonly read: ReadHead;
  readonly what: string;
}

function familyOf(side: SideRow): readonly FetchDef[] {
  const { prefix, reads, read, what } = side;
  const value = buildValue(read, false);
  const row = (
    name: string,
    [args, returns]: readonly [readonly ArgumentDef[], number],
    help: string,
    build: FetchDef['build'],
  ): FetchDef => {
    const example = args === delimiterArg ? `${prefix}.${name}(;)` : `${prefix}.${name}(x-name)`;
    return {
      name: `${prefix}.${name}`,
      args,
      returns,
      reads,
      help: `${help} of the ${what}`,
      example,
      build,
    };
  };
  return [
    row('hdr', [valueArgs, kindString], 'comma-separated value of a header', value),
    row('fhdr', [valueArgs, kindString], 'whole value of a header', buildValue(read, true)),
    row('hdr_cnt', [nameArg, kindSint], 'number of values of a header', buildCount(read, false)),
    row('fhdr_cnt', [nameArg, kindSint], 'number of lines of a header', buildCount(read, true)),
    row('hdr_ip', [valueArgs, kindAddress], 'address in a header', (args, scope) =>
      asAddress(value(args, scope)),
    ),
    row('hdr_val', [valueArgs, kindSint], 'integer in a header', (args, scope) =>
      asInteger(value(args, scope)),
    ),
    row('hdr_names', [delimiterArg, kindString], 'names of all headers', buildNames(read)),
    plain(
      `${prefix}.hdrs`,
      [kindBinary, reads],
      `all header lines of the ${what}`,
      headersText(read),
    ),
    plain(
      `${prefix}.hdrs_bin`,
      [kindBinary, reads],
      `all headers of the ${what}, lengths first`,
      headersBinary(read),
    ),
  ];
}

const requestRows = familyOf({
  prefix: 'req',
  reads: 'request-headers',
  read: requestHead,
  what: 'request',
});
const responseRows = familyOf({
  prefix: 'res',
  reads: 'response-headers',
  read: responseHead,
  what: 'response',
});

/** hdr, hdr_cnt, ... and shdr, shdr_cnt, ... : the short names of the four that have one. */
function shortNames(
  rows: readonly FetchDef[],
  prefix: string,
  hdrReads: string,
): readonly FetchDef[] {
  const short = ['hdr', 'hdr_cnt', 'hdr_ip', 'hdr_val'];
  return rows
    .filter((row) => short.includes(row.name.slice(4)))
    .map((row) =>
      alias(prefix + row.name.slice(4), row, row.name.endsWith('.hdr') ? hdrReads : row.reads),
    );
}

export const headers: readonly FetchDef[] = [
  ...requestRows,
  ...responseRows,
  ...shortNames(requestRows, '', 'request-headers+response-headers'),
  ...shortNames(responseRows, 's', 'response-headers'),
];
