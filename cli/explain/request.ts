// The request that `hawser explain` is asked about, from words as curl has them. Called by
// explain.ts. Texts become bytes (latin1) here.

import { isIP } from 'node:net';
import type { ExplainRequest } from '../../shared/explanation.ts';

export interface RequestWords {
  /** `https://host/path`, `/path`, `POST /path`, `GET /path HTTP/1.0`, `tcp://host:port`. */
  readonly request: string;
  readonly method: string | undefined;
  readonly headers: readonly string[];
  readonly data: string | undefined;
  readonly user: string | undefined;
  readonly cookie: string | undefined;
  readonly from: string;
  readonly frontend: string;
  readonly repeat: number;
  readonly down: readonly string[];
  readonly answer: number;
  readonly answerHeaders: readonly string[];
}

/** Each takes about a millisecond. */
export const repeatMax = 10_000;

/** The request, or what is wrong with it. */
export function readRequest(words: RequestWords): ExplainRequest | string {
  const line = /^(?:([A-Z]+) +)?(\S+)(?: +HTTP\/(1\.[01]))?$/.exec(words.request.trim());
  if (line === null) return `'${words.request}' is no request: URL, PATH, or METHOD PATH`;
  const [, verb, where, version = '1.1'] = line;
  const url = parseUrl(where);
  if (typeof url === 'string') return url;
  const odd = url.isRaw ? wordOfHttp(words, verb) : '';
  if (odd !== '') return `'${odd}' is for HTTP: the client of a tcp:// URL sends --data or nothing`;
  if (words.from !== '' && isIP(words.from) === 0) {
    return `--from is the client's address, as 192.0.2.1 or 2001:db8::1, not '${words.from}'`;
  }
  const headers = readHeaders(words, url.host);
  if (typeof headers === 'string') return headers;
  const answerHeaders = words.answerHeaders.map(splitHeader);
  const bad = answerHeaders.indexOf(null);
  if (bad >= 0) return `'${words.answerHeaders[bad]}' is no header: NAME: VALUE`;
  const body = bytes(words.data ?? '');
  const method = words.method ?? verb ?? (words.data === undefined ? 'GET' : 'POST');
  return {
    method,
    target: bytes(url.target),
    version: version as '1.0' | '1.1',
    headers,
    body,
    isRaw: url.isRaw,
    secure: url.secure,
    serverName: url.name,
    port: url.port,
    frontend: words.frontend,
    from: words.from || (url.isIpv6 ? '2001:db8::1' : '192.0.2.1'),
    repeat: words.repeat,
    down: words.down,
    answerStatus: words.answer,
    answerHeaders: answerHeaders.filter((one) => one !== null),
  };
}

/** What of the words has no meaning without HTTP, '' for nothing. */
function wordOfHttp(words: RequestWords, verb: string | undefined): string {
  const { method, headers, user, cookie, answerHeaders } = words;
  const given: readonly (readonly [string, boolean])[] = [
    [verb ?? '', verb !== undefined],
    ['--request', method !== undefined],
    ['--header', headers.length > 0],
    ['--user', user !== undefined],
    ['--cookie', cookie !== undefined],
    ['--answer-header', answerHeaders.length > 0],
  ];
  return given.find(([, isGiven]) => isGiven)?.[0] ?? '';
}

const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

interface Url {
  readonly isRaw: boolean;
  readonly secure: boolean | null;
  /** With its port, where one was written. */
  readonly host: string;
  readonly name: string;
  readonly port: number;
  readonly target: string;
  readonly isIpv6: boolean;
}

/** Not the URL of the language: what is written is what is asked, `//` and `..` included. */
function parseUrl(text: string): Url | string {
  if (text.startsWith('/') || text === '*') {
    const nowhere = { isRaw: false, secure: null, host: 'localhost', name: 'localhost', port: 0 };
    return { ...nowhere, target: text, isIpv6: false };
  }
  const raw = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^/:?#[\]]+)(?::(\d+))?\/?$/.exec(text);
  if (raw !== null) {
    const [, host, port = '0'] = raw;
    const name = host.replace(/^\[|\]$/g, '');
    const rest = { host, name, port: Number(port), target: '', isIpv6: false };
    return { isRaw: true, secure: null, ...rest };
  }
  const found = /^(https?):\/\/(\[[0-9a-fA-F:.]+\]|[^/:?#[\]]+)(?::(\d+))?([/?][^#]*)?/.exec(text);
  if (found === null)
    return `'${text}' is no URL (http://, https://, tcp://HOST:PORT) and no path (/...)`;
  const [, scheme, host, port, path = '/'] = found;
  const secure = scheme === 'https';
  return {
    isRaw: false,
    secure,
    host: port === undefined ? host : `${host}:${port}`,
    name: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? (secure ? 443 : 80) : Number(port),
    target: path.startsWith('?') ? `/${path}` : path,
    isIpv6: false,
  };
}

type Header = readonly [string, string];

/** As curl does: `Name: value` adds or replaces, `Name:` takes away. */
function readHeaders(words: RequestWords, host: string): Header[] | string {
  const own: Header[] = [
    ['Host', host],
    ['User-Agent', 'hawser-explain'],
    ['Accept', '*/*'],
    ...(words.user === undefined ? [] : [authorization(words.user)]),
    ...(words.cookie === undefined ? [] : [['Cookie', bytes(words.cookie)] as const]),
    ...(words.data === undefined ? [] : body(words.data)),
  ];
  const given = words.headers.map(splitHeader);
  const bad = given.indexOf(null);
  if (bad >= 0) return `'${words.headers[bad]}' is no header: NAME: VALUE`;
  const names = new Set(given.map((header) => (header as Header)[0].toLowerCase()));
  const kept = own.filter(([name]) => !names.has(name.toLowerCase()));
  return [
    ...kept,
    ...given.filter((header): header is Header => header !== null && header[1] !== ''),
  ];
}

const authorization = (user: string): Header => [
  'Authorization',
  `Basic ${Buffer.from(user, 'utf8').toString('base64')}`,
];

const body = (data: string): Header[] => [
  ['Content-Type', 'application/x-www-form-urlencoded'],
  ['Content-Length', String(Buffer.byteLength(data, 'utf8'))],
];

function splitHeader(text: string): Header | null {
  const found = /^([^\s:]+):\s*(.*)$/.exec(text);
  return found === null ? null : [found[1], bytes(found[2].trimEnd())];
}
