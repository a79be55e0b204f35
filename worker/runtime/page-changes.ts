// Changes that the statistics page asks for (manual 4, stats admin), made with the same steps as
// the commands `set server`, `enable health` and `disable health`. Called by control.ts when a
// proxy thread passes one on; the thread has checked who asks.

import { setAdminState, setHealthState } from './administration.ts';
import type { Answer } from './command.ts';
import type { RuntimeContext } from './context.ts';
import { setChecks } from './servers.ts';
import type { ServerTarget } from './target.ts';

export interface PageChangeRequest {
  readonly proxyIndex: number;
  readonly action: string;
  readonly servers: readonly number[];
  readonly unknown: number;
}

type Change = (context: RuntimeContext, target: ServerTarget) => Answer;

const made =
  (act: (context: RuntimeContext, target: ServerTarget) => void): Change =>
  (context, target) => {
    act(context, target);
    return '';
  };

/** By the word the form sends (worker/stats/page-admin.ts shows them). */
const changes: ReadonlyMap<string, Change> = new Map([
  ['ready', made((context, target) => setAdminState(context, target, 'ready'))],
  ['drain', made((context, target) => setAdminState(context, target, 'drain'))],
  ['maint', made((context, target) => setAdminState(context, target, 'maint'))],
  ['dhlth', (context, target) => setChecks(false)({ context }, target)],
  ['ehlth', (context, target) => setChecks(true)({ context }, target)],
  ['hrunn', made((context, target) => setHealthState(context, target, 'up'))],
  ['hnolb', made((context, target) => setHealthState(context, target, 'stopping'))],
  ['hdown', made((context, target) => setHealthState(context, target, 'down'))],
]);

const healthWords: ReadonlySet<string> = new Set(['hrunn', 'hnolb', 'hdown']);

/** DONE: all of them; PART: some; NONE: no server took the change. */
export function makePageChange(context: RuntimeContext, request: PageChangeRequest): string {
  const change = changes.get(request.action);
  const proxy = context.stats.model.proxies[request.proxyIndex];
  if (change === undefined || proxy.disabled) return 'NONE';
  let taken = 0;
  for (const serverIndex of request.servers) {
    const server = proxy.servers[serverIndex];
    if (healthWords.has(request.action) && server.track !== '') continue;
    const words = context.stats.servers[request.proxyIndex][serverIndex];
    const name = `${proxy.name}/${server.name}`;
    const target = { proxyIndex: request.proxyIndex, serverIndex, words, name };
    if (change(context, target) === '') taken++;
  }
  if (taken === 0) return 'NONE';
  return taken === request.servers.length && request.unknown === 0 ? 'DONE' : 'PART';
}
