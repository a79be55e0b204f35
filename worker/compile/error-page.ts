// Error pages: the built-in ones, and those that a file or a URL gives. Pure functions from text to
// ReplyPlan, called by reply.ts at start; they read no file themselves.

import { isFieldValue } from '../actions/rewrite.ts';
import { headerName, type HeaderName } from '../http/message.ts';
import type { ReplyPlan } from '../program.ts';

type Header = ReplyPlan['headers'][number];

function fixedHeader(name: HeaderName, value: string): Header {
  return { name, value: () => value };
}

const cacheControl = headerName('cache-control');
const contentType = headerName('content-type');

/**
 * What the page of a status says, as the reference says it: sizes of answers are visible in logs.
 */
interface PageRow {
  readonly status: number;
  readonly reason: string;
  readonly text: string;
  readonly closes?: boolean;
}

const needsUser = 'You need a valid user and password to access this content.';

const pages: readonly PageRow[] = [
  { status: 200, reason: 'OK', text: 'Service ready.' },
  {
    status: 400,
    reason: 'Bad request',
    text: 'Your browser sent an invalid request.',
    closes: true,
  },
  { status: 401, reason: 'Unauthorized', text: needsUser },
  { status: 403, reason: 'Forbidden', text: 'Request forbidden by administrative rules.' },
  { status: 404, reason: 'Not Found', text: 'The resource could not be found.' },
  {
    status: 405,
    reason: 'Method Not Allowed',
    text: 'A request was made of a resource using a request method not supported by that resource.',
  },
  { status: 407, reason: 'Unauthorized', text: needsUser },
  {
    status: 408,
    reason: 'Request Time-out',
    text: "Your browser didn't send a complete request in time.",
    closes: true,
  },
  {
    status: 410,
    reason: 'Gone',
    text: 'The resource is no longer available and will not be available again.',
  },
  {
    status: 413,
    reason: 'Payload Too Large',
    text: 'The request entity exceeds the maximum allowed.',
  },
  {
    status: 414,
    reason: 'URI Too Long',
    text: 'The URI provided was too long for the server to process.',
  },
  {
    status: 421,
    reason: 'Misdirected Request',
    text: 'Request sent to a non-authoritative server.',
  },
  {
    status: 422,
    reason: 'Unprocessable Content',
    text: 'The server cannot process the contained instructions.',
  },
  { status: 425, reason: 'Too Early', text: 'Your browser sent early data.' },
  {
    status: 429,
    reason: 'Too Many Requests',
    text: 'You have sent too many requests in a given amount of time.',
  },
  {
    status: 431,
    reason: 'Request Header Fields Too Large',
    text: 'Request Header Fields Too Large.',
  },
  { status: 500, reason: 'Internal Server Error', text: 'An internal server error occurred.' },
  {
    status: 501,
    reason: 'Not Implemented',
    text: 'The server does not support the functionality required to fulfill the request.',
  },
  {
    status: 502,
    reason: 'Bad Gateway',
    text: 'The server returned an invalid or incomplete response.',
  },
  {
    status: 503,
    reason: 'Service Unavailable',
    text: 'No server is available to handle this request.',
  },
  { status: 504, reason: 'Gateway Time-out', text: "The server didn't respond in time." },
];

/** Statuses that have an error page, hence may be replaced by `errorfile` and friends. */
export const pageStatuses: readonly number[] = pages.map((page) => page.status);

/** The built-in error pages by status. */
export function defaultReplies(): ReadonlyMap<number, ReplyPlan> {
  return new Map(pages.map((page) => [page.status, builtIn(page)]));
}

function builtIn({ status, reason, text, closes }: PageRow): ReplyPlan {
  const body = `<html><body><h1>${status} ${reason}</h1>\n${text}\n</body></html>\n`;
  return {
    ...blankReply(status, reason),
    headers: [fixedHeader(cacheControl, 'no-cache'), fixedHeader(contentType, 'text/html')],
    body: () => body,
    closes: closes === true,
  };
}

/** A reply of a status and nothing else. */
export function blankReply(status: number, reason: string): ReplyPlan {
  return {
    status,
    reason,
    headers: [],
    body: null,
    contentType: '',
    silent: false,
    closes: false,
    fromProxy: false,
  };
}

/** `errorloc302` and `errorloc303`: a redirection to `url`. */
export function redirectPage(status: 302 | 303, url: string): ReplyPlan {
  return {
    ...blankReply(status, status === 302 ? 'Found' : 'See Other'),
    headers: [fixedHeader(cacheControl, 'no-cache'), fixedHeader(headerName('location'), url)],
  };
}

/** Fields of a file that frame the message: checked, then left to whoever writes the answer. */
interface Framing {
  contentLength: number;
  chunked: boolean;
  closes: boolean;
}

const statusLine = /^HTTP\/(\d)\.(\d) (\d{3})(?: ([^\n]*))?$/;
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0]*?)[ \t]*$/;

/**
 * A page from the text of a whole HTTP/1 response; '' is a page that is never sent (`/dev/null`).
 * Answers a sentence that says what is wrong when the text is no such response.
 */
export function parsePage(text: string): ReplyPlan | string {
  if (text === '') return { ...blankReply(503, ''), silent: true };
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return 'the header part does not end with an empty line';
  const lines = text.slice(0, end.index).split(/\r?\n/);
  const start = statusLine.exec(lines[0]);
  if (start === null) return `'${lines[0].slice(0, 40)}' is not the status line of a response`;
  const status = Number(start[3]);
  if (status < 200) return `status ${status} cannot be the status of an error page`;
  const framing: Framing = { contentLength: -1, chunked: false, closes: false };
  const headers = parseFields(lines.slice(1), framing);
  if (typeof headers === 'string') return headers;
  const body = text.slice(end.index + end[0].length);
  const fault = framingFault(status, framing, body.length);
  if (fault !== '') return fault;
  return {
    ...blankReply(status, start[4] ?? ''),
    headers,
    body: body === '' ? null : () => body,
    closes: framing.closes,
  };
}

const framingFields: Readonly<Record<string, (framing: Framing, value: string) => boolean>> = {
  'content-length': (framing, value) => {
    const isTwin = framing.contentLength >= 0 && framing.contentLength !== Number(value);
    framing.contentLength = Number(value);
    return /^\d+$/.test(value) && !isTwin;
  },
  'transfer-encoding': (framing) => {
    framing.chunked = true;
    return true;
  },
  connection: (framing, value) => {
    if (/(^|[ ,])close([ ,]|$)/i.test(value)) framing.closes = true;
    return true;
  },
};

function parseFields(lines: readonly string[], framing: Framing): readonly Header[] | string {
  const headers: Header[] = [];
  for (const line of lines) {
    const found = fieldLine.exec(line);
    if (found === null || !isFieldValue(found[2])) {
      return `'${line.slice(0, 40)}' is not a header line`;
    }
    const frame = framingFields[found[1].toLowerCase()];
    if (frame === undefined) headers.push(fixedHeader(headerName(found[1]), found[2]));
    else if (!frame(framing, found[2])) return `'${line.slice(0, 40)}' is not a valid length`;
  }
  return headers;
}

function framingFault(status: number, framing: Framing, bodyBytes: number): string {
  if (framing.chunked) return 'a chunked body is not supported in an error page';
  const isBodyless = status === 204 || status === 304 || framing.contentLength === 0;
  if (isBodyless && bodyBytes > 0) return 'a body follows where none is allowed';
  const isWrong = framing.contentLength >= 0 && framing.contentLength !== bodyBytes;
  if (!isWrong || isBodyless) return '';
  return `the body has ${bodyBytes} bytes, Content-Length says ${framing.contentLength}`;
}
