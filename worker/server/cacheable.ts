// Could a cache outside keep this response, and its cookies? Asked when a cookie is added to it
// (cookie ... nocache) and for option checkcache. RFC 9111 3 and 4.2.1 as HAProxy reads them:
// nothing forbids it, and it can be told how long to keep it or how to ask again.

import {
  type HeaderName,
  headerName,
  type Message,
  methodGet,
  methodHead,
  methodOptions,
  methodTrace,
} from '../http/message.ts';

/** Bits of an answer: the response may be kept; its cookies with it. */
const bitResponse = 1;
const bitCookie = 2;

const safeMethods: readonly number[] = [methodGet, methodHead, methodOptions, methodTrace];
/** Statuses that may be kept without being asked to (RFC 9110 15.1). */
const keptStatuses: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501,
]);

const pragma = headerName('pragma');
const cacheControl = headerName('cache-control');
const expires = headerName('expires');
const validators: readonly HeaderName[] = [headerName('etag'), headerName('last-modified')];

const forbids = /^(?:private|no-cache|no-store)(?:=.*)?$|^s-maxage=0$/;
const givesAge = /^(?:s-maxage|max-age)/;

/** Whether a shared cache may keep the response. */
export function isCacheable(request: Message, response: Message): boolean {
  return (keeping(request, response) & bitResponse) !== 0;
}

/** Whether a shared cache may keep the response and hand out the cookies in it. */
export function isCookieCacheable(request: Message, response: Message): boolean {
  return keeping(request, response) === (bitResponse | bitCookie);
}

function keeping(request: Message, response: Message): number {
  const { status } = response;
  if (status < 200) return 0;
  const old = response.find(pragma, 0);
  if (old >= 0 && response.valueText(old).toLowerCase() === 'no-cache') return 0;
  const byDefault = safeMethods.includes(request.method) && keptStatuses.has(status);
  let bits = byDefault ? bitResponse | bitCookie : 0;
  let expiresAtOnce = false;
  let hasAge = false;
  for (const word of controlWords(response)) {
    if (word === 'public') bits = bitResponse | bitCookie;
    else if (word === 'max-age=0') expiresAtOnce = true;
    else if (word === 'no-cache="set-cookie"') bits &= ~bitCookie;
    else if (forbids.test(word)) bits = 0;
    else if (givesAge.test(word)) {
      hasAge = true;
      // A shared cache's own age overrides the other.
      if (word.startsWith('s-')) expiresAtOnce = false;
    }
  }
  if (expiresAtOnce) return 0;
  const canTell = hasAge || response.find(expires, 0) >= 0 || hasValidator(response);
  return canTell ? bits : bits & ~bitResponse;
}

/** The values of all Cache-Control headers in lower case; commas in quotes do not part them. */
function controlWords(response: Message): string[] {
  const words: string[] = [];
  let index = response.find(cacheControl, 0);
  for (; index >= 0; index = response.find(cacheControl, index + 1)) {
    for (const word of response.valueText(index).match(valueBetweenCommas) ?? []) {
      words.push(word.trim().toLowerCase());
    }
  }
  return words;
}

const valueBetweenCommas = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g;

function hasValidator(response: Message): boolean {
  for (const name of validators) if (response.find(name, 0) >= 0) return true;
  return false;
}
