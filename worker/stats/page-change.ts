// What the form of a statistics page asks for, read from the body of its request. Called by
// worker/stats-pages.ts; decides nothing about who may ask.

import type { Model } from '../../shared/config/model.ts';
import { type HeaderName, headerName, type Message } from '../http/message.ts';
import { adminChanges } from './page-admin.ts';
import { decodeWord } from './page-address.ts';

export interface PageChange {
  readonly proxyIndex: number;
  /** A word of adminChanges. */
  readonly action: string;
  /** Indexes in the proxy, each once. */
  readonly servers: readonly number[];
  /** Names that the proxy has no server of. */
  readonly unknown: number;
}

/** `s=NAME&s=NAME&action=WORD&b=#ID`, in any order; null: no such proxy or change. */
export function parseChange(model: Pick<Model, 'proxies'>, body: string): PageChange | null {
  const fields = body.split('&').map((pair): readonly [string, string] => {
    const equals = pair.indexOf('=');
    if (equals < 0) return [decodeWord(pair), ''];
    return [decodeWord(pair.slice(0, equals)), decodeWord(pair.slice(equals + 1))];
  });
  const last = (name: string): string => fields.findLast(([field]) => field === name)?.[1] ?? '';
  const proxyIndex = findProxy(model, last('b'));
  const action = last('action');
  if (proxyIndex < 0 || !adminChanges.has(action)) return null;
  const { servers } = model.proxies[proxyIndex];
  const asked = new Set(fields.filter(([name]) => name === 's').map(([, value]) => value));
  const found = [...asked].map((name) => servers.findIndex((server) => server.name === name));
  const known = found.filter((index) => index >= 0);
  return { proxyIndex, action, servers: known, unknown: found.length - known.length };
}

/** `#ID` or a name; only proxies with servers can be changed. */
function findProxy(model: Pick<Model, 'proxies'>, word: string): number {
  const id = word.startsWith('#') ? Number(word.slice(1)) : 0;
  return model.proxies.findIndex(
    (proxy) => proxy.kind !== 'frontend' && (id > 0 ? proxy.id === id : proxy.name === word),
  );
}

const hostName = headerName('host');
const originName = headerName('origin');
const refererName = headerName('referer');

/** A browser tells where a form stood: it must be here. Other clients say nothing of it. */
export function isSameOrigin(request: Message): boolean {
  const from = headerValue(request, originName) || headerValue(request, refererName);
  if (from === '') return true;
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(from)?.[1] ?? '';
  return (
    authority !== '' && authority.toLowerCase() === headerValue(request, hostName).toLowerCase()
  );
}

function headerValue(request: Message, name: HeaderName): string {
  const index = request.find(name, 0);
  return index < 0 ? '' : request.valueText(index);
}
