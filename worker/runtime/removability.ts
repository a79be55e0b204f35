// What `del` commands ask before they delete, and `wait` waits for (management.txt 9.3).

import { isGone } from '../../shared/config/model.ts';
import * as state from '../../shared/segment/server-state.ts';
import { hasBack } from '../server/object-index.ts';
import type { RuntimeContext } from './context.ts';
import { findProxy, findServerNamed } from './target.ts';

/** Whether something can be deleted: now, not yet, or never without another change. */
export interface Removability {
  readonly state: 'now' | 'later' | 'never';
  readonly text: string;
}

const now: Removability = { state: 'now', text: '' };
const never = (text: string): Removability => ({ state: 'never', text });

/** Whether the server of a word "backend/server" can be deleted. */
export function serverRemovability(context: RuntimeContext, path: string): Removability {
  const found = findServerNamed(context, path);
  if (typeof found === 'string') return never(found);
  const { proxyIndex, serverIndex } = found;
  const isResolved = context.resolvers.serverOf(proxyIndex, serverIndex) !== undefined;
  if (isResolved || context.references.isServerReferred(proxyIndex, serverIndex)) {
    return never(
      'This server cannot be removed at runtime due to other configuration elements pointing to it.',
    );
  }
  const { words, at } = context.stats.servers[proxyIndex][serverIndex];
  if ((words[at + state.serverAdmin] & state.adminMaint) === 0) {
    return never('Only servers in maintenance mode can be deleted.');
  }
  return context.fleet.isBusy(proxyIndex, serverIndex)
    ? { state: 'later', text: busyServerText }
    : now;
}

/** Why a server that is in maintenance is not deleted yet. */
export const busyServerText = 'Server still has connections attached to it, cannot remove it.';

/** Whether the backend called `name` can be deleted. */
export function backendRemovability(context: RuntimeContext, name: string): Removability {
  const proxyIndex = findProxy(context, name, hasBack);
  if (proxyIndex < 0) return never('No such backend.');
  const proxy = context.stats.model.proxies[proxyIndex];
  if (proxy.kind === 'listen') return never('Cannot delete a listen section.');
  if (proxy.stickTable !== null) return never('Cannot remove a backend with stick-table.');
  if (context.references.isBackendReferred(proxyIndex)) {
    return never(
      'This proxy cannot be removed at runtime due to other configuration elements pointing to it.',
    );
  }
  if (!proxy.unpublished) return never('Backend must be unpublished prior to its deletion.');
  if (!proxy.servers.every(isGone)) {
    return never('Only a backend without server can be deleted.');
  }
  return context.backends.isBusy(proxyIndex)
    ? { state: 'later', text: 'Backend still has attached streams on it.' }
    : now;
}
