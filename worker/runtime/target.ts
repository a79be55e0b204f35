// Finding what a command names: backends, frontends, servers; by name, or by '#id' as the manual
// allows. Called by the command families. An answer that is a message says why there is none.

import { isGone, type ProxyModel } from '../../shared/config/model.ts';
import type { ServerWords } from '../../shared/segment/server-state.ts';
import { hasBack, hasFront } from '../server/object-index.ts';
import { failure, type RuntimeMessage } from './command.ts';
import type { RuntimeContext } from './context.ts';

export interface ServerTarget {
  readonly proxyIndex: number;
  readonly serverIndex: number;
  readonly words: ServerWords;
  /** "backend/server". */
  readonly name: string;
}

/** Whether a look-up ended in an answer for the operator instead of its object. */
export function isMessage<T extends object>(found: T | RuntimeMessage): found is RuntimeMessage {
  return 'severity' in found;
}

/** Indexes of the server of a word "backend/server", or why there is none. */
export function findServerNamed(
  context: RuntimeContext,
  word: string,
): { readonly proxyIndex: number; readonly serverIndex: number } | string {
  const slash = word.indexOf('/');
  if (slash < 0 || slash === word.length - 1) return "Require 'backend/server'.";
  const proxyIndex = findProxy(context, word.slice(0, slash), hasBack);
  if (proxyIndex < 0) return 'No such backend.';
  const { servers } = context.stats.model.proxies[proxyIndex];
  const serverIndex = findNamed(servers, word.slice(slash + 1));
  return serverIndex < 0 ? 'No such server.' : { proxyIndex, serverIndex };
}

/** The server of a word "backend/server". */
export function findServer(
  context: RuntimeContext,
  word: string | undefined,
): ServerTarget | RuntimeMessage {
  const found = findServerNamed(context, word ?? '');
  if (typeof found === 'string') return failure(found);
  const { proxyIndex, serverIndex } = found;
  const { servers, disabled, name } = context.stats.model.proxies[proxyIndex];
  if (disabled) return failure('Proxy is disabled.');
  const words = context.stats.servers[proxyIndex][serverIndex];
  return { proxyIndex, serverIndex, words, name: `${name}/${servers[serverIndex].name}` };
}

/** Index of a frontend or listen. */
export function findFrontend(
  context: RuntimeContext,
  word: string | undefined,
): { readonly proxyIndex: number } | RuntimeMessage {
  if (word === undefined) return failure('A frontend name is expected.');
  const proxyIndex = findProxy(context, word, hasFront);
  return proxyIndex < 0 ? failure('No such frontend.') : { proxyIndex };
}

/** Index of a proxy that `fits`, or -1. */
export function findProxy(
  context: RuntimeContext,
  word: string,
  fits: (proxy: ProxyModel) => boolean,
): number {
  const { proxies } = context.stats.model;
  const may = (proxy: ProxyModel): boolean => !isGone(proxy) && fits(proxy);
  const index = proxies.findIndex((proxy) => may(proxy) && proxy.name === word);
  if (index >= 0 || !word.startsWith('#')) return index;
  return proxies.findIndex((proxy) => may(proxy) && `#${proxy.id}` === word);
}

function findNamed(
  list: readonly { readonly name: string; readonly id: number }[],
  word: string,
): number {
  const index = list.findIndex((one) => one.name === word && !isGone(one));
  if (index >= 0 || !word.startsWith('#')) return index;
  return list.findIndex((one) => `#${one.id}` === word && !isGone(one));
}
