// One stream in detail, as `show sess <id>` and `show sess all` print it: its identifier first,
// then indented lines. The layout follows the reference's; what hawser has no counterpart of is
// left out.

import { anonymous, anonymousAddress } from './anonymity.ts';
import type { StreamSnapshot } from '../stream/snapshot.ts';
import type { RuntimeContext } from './context.ts';
import { shortAge, shortDelay, stamp } from './times.ts';

/** All lines about one stream, an empty one at the end. */
export function sessionDetails(
  context: RuntimeContext,
  one: StreamSnapshot,
  anonKey: number,
): string {
  const { model } = context.stats;
  const proxyOf = (name: string) => model.proxies.find((proxy) => proxy.name === name);
  const front = proxyOf(one.frontend);
  const back = one.backend === '' ? undefined : proxyOf(one.backend);
  const server = back?.servers.find(({ name }) => name === one.server);
  const name = (text: string): string => anonymous(anonKey, text);
  const place = (text: string): string => hidePlace(text, anonKey);
  const expire = one.expireMs < 0 ? '<NEVER>' : shortDelay(one.expireMs);
  const backText =
    back === undefined
      ? 'backend=<NONE> (id=-1 mode=-)'
      : `backend=${name(back.name)} (id=${back.id} mode=${back.mode})`;
  const serverText =
    server === undefined
      ? 'server=<NONE> (id=-1)'
      : `server=${name(server.name)} (id=${server.id}) addr=${place(one.serverAddress)}`;
  const listener = one.listener === '' ? '?' : name(one.listener);
  const lines = [
    `0x${one.id.toString(16)}: [${stamp(one.acceptWallMs, 6)}] id=${one.id} ` +
      `proto=${one.protocol} source=${place(one.source)}`,
    `  flags=0x${one.flags.toString(16)}, conn_retries=${one.retries}, ` +
      `waiting=${one.waitsInQueue ? 1 : 0}`,
    `  frontend=${name(one.frontend)} (id=${front?.id ?? 0} mode=${front?.mode ?? '-'}), ` +
      `listener=${listener} (id=${one.listenerId}) addr=${place(one.destination)}`,
    `  ${backText}`,
    `  ${serverText}`,
    `  task=(state=0x${one.state.toString(16)} exp=${expire} tid=${one.thread - 1} ` +
      `age=${shortAge(one.ageMs)})`,
    `  status=${one.status} uri=${one.uri === '' ? '' : `"${name(one.uri)}"`}`,
    `  scf=(fd=${one.frontFd} in=${one.bytesIn} out=${one.bytesOut} i=${one.requestPending})`,
    `  scb=(fd=${one.backFd} i=${one.responsePending})`,
  ];
  return `${lines.join('\n')}\n`;
}

/** address:port with the address hidden; unix sockets have nothing to hide. */
function hidePlace(text: string, anonKey: number): string {
  const colon = text.lastIndexOf(':');
  if (anonKey === 0 || colon < 0 || text.startsWith('unix:')) return text;
  return anonymousAddress(anonKey, text.slice(0, colon)) + text.slice(colon);
}
