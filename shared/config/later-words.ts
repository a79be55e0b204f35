// Words of `server` lines whose connections the control thread makes (peers, rings) that cannot be
// honoured there yet: they are refused by name. Used by the checks of these sections.

import type { Diagnostics } from './diagnostic.ts';
import type { ServerModel } from './model.ts';

const laterWords: readonly (readonly [string, (server: ServerModel) => boolean])[] = [
  ['send-proxy', ({ sendProxy }) => sendProxy > 0],
  ['tfo', ({ tfo }) => tfo],
  ['tcp-ut', ({ tcpUtMs }) => tcpUtMs > 0],
  ['socks4', ({ socket }) => socket.socks4 !== null],
  ['namespace', ({ socket }) => socket.namespace !== ''],
  ['tcp-md5sig', ({ socket }) => socket.md5Key !== ''],
  ['cc', ({ socket }) => socket.congestion !== ''],
  ['usesrc', ({ source }) => source !== null && source.usesrc !== ''],
  ['source with an interface', ({ source }) => source !== null && source.interface !== ''],
  ['source with ports', ({ source }) => source !== null && source.portLow > 0],
];

/** `where`: 'a peers section'. */
export function refuseLater(server: ServerModel, where: string, diagnostics: Diagnostics): void {
  for (const [word, isUsed] of laterWords) {
    if (isUsed(server)) refuseWord(server.place, word, where, diagnostics);
  }
}

/** Alerts that a word does not work there yet. */
export function refuseWord(
  place: ServerModel['place'],
  word: string,
  where: string,
  diagnostics: Diagnostics,
): void {
  diagnostics.alert(place, `'${word}' is not supported yet in ${where}`);
}
