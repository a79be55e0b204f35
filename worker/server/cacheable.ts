// Could a cache outside keep this response? Asked when a cookie is added to it (cookie ...
// nocache). RFC 9111 3 and 4.2.1 as HAProxy reads them: nothing forbids it, and it can be told how
// long to keep it or how to ask again.

import {
  type HeaderName,
  headerName,
  type Message,
  methodGet,
  methodHead,
  methodOptions,
  methodTrace,
} from '../http/message.ts';

const safeMethods: readonly number[] = [methodGet, methodHead, methodOptions, methodTrace];
const forbids = /^(?:private|no-cache|no-store)(?:=(?!"set-cookie"$).*)?$|^s-maxage=0$/i;
const givesAge = /^(?:s-maxage|max-age)/i;

const pragma = headerName('pragma');
const cacheControl = headerName('cache-control');
const sharedAge = /^s-maxage=(?!0$)/i;
const expires = headerName('expires');
const validators: readonly HeaderName[] = [headerName('etag'), headerName('last-modified')];

/** Whether a shared cache may keep the response (RFC 9111 3), as checkcache asks. */
export function isCacheable(request: Message, response: Message): boolean {
  if (!safeMethods.includes(request.method) || response.status < 200) return false;
  const old = response.find(pragma, 0);
  if (old >= 0 && response.valueText(old).toLowerCase() === 'no-cache') return false;
  const words = controlWords(response);
  let expiresAtOnce = false;
  let hasAge = response.find(expires, 0) >= 0;
  for (const word of words) {
    if (forbids.test(word)) return false;
    if (word.toLowerCase() === 'max-age=0') expiresAtOnce = true;
    else if (givesAge.test(word)) hasAge = true;
    // A shared cache's own age overrides the other.
    if (sharedAge.test(word)) expiresAtOnce = false;
  }
  if (expiresAtOnce) return false;
  return hasAge || hasValidator(response);
}

function controlWords(response: Message): string[] {
  const words: string[] = [];
  let index = response.find(cacheControl, 0);
  for (; index >= 0; index = response.find(cacheControl, index + 1)) {
    for (const word of response.valueText(index).split(',')) words.push(word.trim());
  }
  return words;
}

function hasValidator(response: Message): boolean {
  for (const name of validators) if (response.find(name, 0) >= 0) return true;
  return false;
}
