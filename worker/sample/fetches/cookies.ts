// Cookie fetches (manual 7.3.6): side × what is read. Cookies of a request stand in Cookie headers,
// those of a response in Set-Cookie headers, one each or joined with commas.

import { headerName, headerWords, latin1, type Message } from '../../http/message.ts';
import { memberEnd } from '../../http/syntax.ts';
import { CookieSpan, nextCookie } from '../../http/syntax-cookie.ts';
import type { ArgumentDef, ArgumentValue, Evaluate, FetchDef } from '../../keyword.ts';
import { readInt64 } from '../int64.ts';
import { kindSint, kindString, type Sample } from '../sample.ts';
import { alias, type ReadHead, requestHead, responseHead } from './row.ts';

const span = new CookieSpan();
/** Header the span is in. */
let headerIndex = -1;

interface SideRow {
  readonly prefix: string;
  readonly reads: string;
  readonly read: ReadHead;
  readonly header: ReturnType<typeof headerName>;
  /** A header holds many cookies. */
  readonly isList: boolean;
}

const noName = new Uint8Array(0);

/** The next cookie from where the span stands; `headerIndex` -1: from the start. */
function next(message: Message, side: SideRow, name: Uint8Array): boolean {
  for (;;) {
    if (headerIndex >= 0 && nextCookie(message.bytes, span, name, side.isList)) {
      // What follows the first pair of a Set-Cookie value is about that cookie.
      if (!side.isList) span.next = span.end;
      return true;
    }
    if (headerIndex >= 0 && nextMember(message, side)) continue;
    headerIndex = message.find(side.header, headerIndex + 1);
    if (headerIndex < 0) return false;
    takeMember(message, side, message.headers[headerIndex * headerWords + 2]);
  }
}

/** Where the value of the header ends that the span is in. */
function headerEnd(message: Message): number {
  const word = headerIndex * headerWords;
  return message.headers[word + 2] + message.headers[word + 3];
}

/** Set-Cookie headers may be joined with commas: the span is the member that starts at `at`. */
function takeMember(message: Message, side: SideRow, at: number): void {
  const end = headerEnd(message);
  span.next = at;
  span.end = side.isList ? end : memberEnd(message.bytes, at, end);
}

/** Goes on behind the comma that ends the span; false: the header ends there. */
function nextMember(message: Message, side: SideRow): boolean {
  const end = headerEnd(message);
  if (side.isList || span.end >= end) return false;
  takeMember(message, side, span.end + 1);
  return true;
}

const cursorStride = 0x80000000;

/** Every cookie of that name in turn: for conditions. */
function iterate(message: Message, side: SideRow, name: Uint8Array, out: Sample): boolean {
  headerIndex = -1;
  if (out.cursor > 0) {
    headerIndex = Math.floor(out.cursor / cursorStride) - 1;
    span.next = out.cursor % cursorStride;
    span.end = side.isList ? headerEnd(message) : span.next;
  }
  if (!next(message, side, name)) {
    out.more = false;
    return false;
  }
  out.more = true;
  out.cursor = (headerIndex + 1) * cursorStride + span.next;
  return out.setText(latin1(message.bytes, span.valueAt, span.valueLength));
}

/** The last cookie of that name, or the first of any name. */
function pick(message: Message, side: SideRow, name: Uint8Array, out: Sample): boolean {
  headerIndex = -1;
  let at = -1;
  let length = 0;
  while (next(message, side, name)) {
    at = span.valueAt;
    length = span.valueLength;
    if (name.length === 0) break;
  }
  return at >= 0 && out.setText(latin1(message.bytes, at, length));
}

const nameBytes = (args: readonly ArgumentValue[]): Uint8Array =>
  args.length === 0 ? noName : Uint8Array.from(Buffer.from(args[0] as string, 'latin1'));

function buildValue(side: SideRow) {
  return (args: readonly ArgumentValue[]): Evaluate => {
    const name = nameBytes(args);
    return (stream, out) => {
      const message = side.read(stream, out);
      if (message === null) return false;
      return out.iterate ? iterate(message, side, name, out) : pick(message, side, name, out);
    };
  };
}

function buildInteger(side: SideRow) {
  return (args: readonly ArgumentValue[]): Evaluate => {
    const evaluate = buildValue(side)(args);
    return (stream, out) => evaluate(stream, out) && out.setInt(readInt64(out.text));
  };
}

function buildCount(side: SideRow) {
  return (args: readonly ArgumentValue[]): Evaluate => {
    const name = nameBytes(args);
    return (stream, out) => {
      const message = side.read(stream, out);
      if (message === null) return false;
      headerIndex = -1;
      let count = 0;
      while (next(message, side, name)) count++;
      return out.setInt(count);
    };
  };
}

function buildNames(side: SideRow) {
  return (args: readonly ArgumentValue[]): Evaluate => {
    const delimiter = ((args[0] as string | undefined) ?? ',')[0] ?? ',';
    return (stream, out) => {
      const message = side.read(stream, out);
      if (message === null) return false;
      headerIndex = -1;
      let text = '';
      while (next(message, side, noName)) {
        const name = latin1(message.bytes, span.nameAt, span.nameLength);
        text += (text === '' ? '' : delimiter) + name;
        // One name per Set-Cookie header, even of one that was joined.
        if (!side.isList) span.next = span.end = headerEnd(message);
      }
      return out.setText(text);
    };
  };
}

const nameArg: readonly ArgumentDef[] = [{ name: 'name', type: 'string', optional: true }];
const delimiterArg: readonly ArgumentDef[] = [
  { name: 'delimiter', type: 'string', optional: true },
];

function familyOf(side: SideRow, what: string): readonly FetchDef[] {
  const { prefix, reads } = side;
  const row = (
    name: string,
    returns: number,
    help: string,
    build: FetchDef['build'],
  ): FetchDef => ({
    name: `${prefix}.${name}`,
    args: name === 'cook_names' ? delimiterArg : nameArg,
    returns,
    reads,
    help: `${help} of the ${what}`,
    example: name === 'cook_names' ? `${prefix}.${name}` : `${prefix}.${name}(SID)`,
    build,
  });
  return [
    row('cook', kindString, 'value of a cookie', buildValue(side)),
    row('cook_cnt', kindSint, 'number of cookies of a name', buildCount(side)),
    row('cook_val', kindSint, 'integer in a cookie', buildInteger(side)),
    row('cook_names', kindString, 'names of all cookies', buildNames(side)),
  ];
}

const requestRows = familyOf(
  {
    prefix: 'req',
    reads: 'request-headers',
    read: requestHead,
    header: headerName('cookie'),
    isList: true,
  },
  'request',
);
const responseRows = familyOf(
  {
    prefix: 'res',
    reads: 'response-headers',
    read: responseHead,
    header: headerName('set-cookie'),
    isList: false,
  },
  'response',
);

const [cook, cookCount, cookInteger] = requestRows;
const [setCook, setCookCount, setCookInteger] = responseRows;

export const cookies: readonly FetchDef[] = [
  ...requestRows,
  ...responseRows,
  alias('cook', cook),
  alias('cook_cnt', cookCount),
  alias('cook_val', cookInteger),
  alias('cookie', cook, 'request-headers+response-headers'),
  alias('scook', setCook),
  alias('scook_cnt', setCookCount),
  alias('scook_val', setCookInteger),
];
