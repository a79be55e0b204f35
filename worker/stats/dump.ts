// The states of all servers and proxies in sentences, as SIGHUP writes them to the logs and to
// standard error (management.txt 4). Called by the control thread.

import { liveCurrent, liveQueued, liveServed } from '../../shared/segment/live.ts';
import { field } from '../../shared/segment/metrics.ts';
import { serverState, stateStopped } from '../../shared/segment/server-state.ts';
import { isGone } from '../../shared/config/model.ts';
import type { StatsSource } from './source.ts';

/** Every line about every proxy, to whoever writes them. */
export function dumpStates(
  source: StatsSource,
  write: (proxyIndex: number, line: string) => void,
): void {
  for (let index = 0; index < source.model.proxies.length; index++) {
    for (const line of proxyStateLines(source, index)) write(index, line);
  }
}

/** The lines about one proxy, without line ends. */
export function proxyStateLines(source: StatsSource, proxyIndex: number): string[] {
  const { name, servers } = source.model.proxies[proxyIndex];
  if (name === '') return [];
  const lines = servers.flatMap((server, index) => {
    if (isGone(server)) return [];
    const { words, at } = source.servers[proxyIndex][index];
    const object = source.objects.proxies[proxyIndex].servers[index];
    const isUp = words[at + serverState] !== stateStopped;
    const active = source.live.sum(object, liveServed);
    const pending = source.live.sum(object, liveQueued);
    const total = source.reader.sum(object, field.stot);
    return [
      `SIGHUP: Server ${name}/${server.name} is ${isUp ? 'UP' : 'DOWN'}. ` +
        `Conn: ${active} act, ${pending} pend, ${total} tot.`,
    ];
  });
  lines.push(
    `SIGHUP: Proxy ${name} ${farmText(source, proxyIndex)} ${loadText(source, proxyIndex)}`,
  );
  return lines;
}

function farmText(source: StatsSource, proxyIndex: number): string {
  const backend = source.backends[proxyIndex];
  if (backend === null || source.model.proxies[proxyIndex].servers.every(isGone)) {
    return 'has no servers.';
  }
  if (backend.active === 0) {
    return backend.backup > 0 ? 'is running on backup servers !' : 'has no server available !';
  }
  return `has ${backend.active} active servers and ${backend.backup} backup servers available.`;
}

function loadText(source: StatsSource, proxyIndex: number): string {
  const { front, back } = source.objects.proxies[proxyIndex];
  const models = source.model.proxies[proxyIndex].servers;
  const servers = source.objects.proxies[proxyIndex].servers.filter((_, i) => !isGone(models[i]));
  const live = (object: number, word: number): number =>
    object < 0 ? 0 : source.live.sum(object, word);
  const total = (object: number, at: number): number =>
    object < 0 ? 0 : source.reader.sum(object, at);
  const unassigned = live(back, liveQueued);
  const pending = servers.reduce((sum, object) => sum + live(object, liveQueued), unassigned);
  const connections = `${live(front, liveCurrent)}+${live(back, liveCurrent)}`;
  const totals = `${total(front, field.conn_tot)}+${total(back, field.stot)}`;
  return (
    `Conn: act(FE+BE): ${connections}, ${pending} pend (${unassigned} unass), ` +
    `tot(FE+BE): ${totals}.`
  );
}
