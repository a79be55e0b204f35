// What `show peers` prints (management.txt 9.3), in HAProxy's layout. Where HAProxy prints the
// address of an object, a number stands that is the same as long as the process lives.

import { dictionarySize } from './dictionary.ts';
import { type Peer, statusText } from './peer.ts';
import type { Section } from './section.ts';
import type { PeerTable } from './shared-table.ts';

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

export interface ShowOptions {
  readonly nowMs: number;
  /** Wall clock at the start of the worker, milliseconds. */
  readonly startedWallMs: number;
  /** The dictionaries of server keys, too. */
  readonly withDictionary: boolean;
}

/** Sections one after the other, an empty line between them. */
export function showSections(sections: readonly Section[], options: ShowOptions): string {
  return sections
    .map((section) =>
      [headLine(section, options), ...section.peers.map((peer) => peerText(peer, options))].join(
        '',
      ),
    )
    .join('\n');
}

const numbers = new WeakMap<object, number>();
let numberCount = 0;

function pointer(object: object): string {
  let number = numbers.get(object);
  if (number === undefined) {
    number = ++numberCount;
    numbers.set(object, number);
  }
  return `0x${(0x100000 + number * 0x40).toString(16)}`;
}

function headLine(section: Section, { nowMs, startedWallMs }: ShowOptions): string {
  const { model, flags, resyncAtMs, calls } = section;
  return (
    `${pointer(section)}: [${dateText(new Date(startedWallMs))}] id=${model.name} ` +
    `disabled=${model.disabled ? 1 : 0} flags=0x${(flags >>> 0).toString(16)} ` +
    `resync_timeout=${untilText(resyncAtMs, nowMs)} task_calls=${calls}\n`
  );
}

function dateText(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${two(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}:${time}`;
}

function untilText(atMs: number, nowMs: number): string {
  if (!Number.isFinite(atMs)) return '<NEVER>';
  return atMs <= nowMs ? '<PAST>' : durationText(atMs - nowMs);
}

function sinceText(atMs: number, nowMs: number): string {
  return Number.isFinite(atMs) ? durationText(nowMs - atMs) : '<NEVER>';
}

const units: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** The two largest units: `2d3h`, `4m5s`, `6s`. */
function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return '0s';
  const [name, size] = units[first];
  const text = `${Math.floor(seconds / size)}${name}`;
  const [nextName, nextSize] = units[first + 1] ?? ['', 0];
  return nextSize === 0 ? text : `${text}${Math.floor((seconds % size) / nextSize)}${nextName}`;
}

function peerText(peer: Peer, options: ShowOptions): string {
  const { remoteTable, localTable } = peer;
  return [
    ...stateLines(peer, options),
    connectionText(peer),
    remoteTable === null ? '' : `\n        remote_table:${tableName(remoteTable)}`,
    localTable === null ? '' : `\n        last_local_table:${tableName(localTable)}`,
    peer.tables.length === 0 ? '' : '\n        shared tables:',
    ...peer.tables.map((table) => tableText(peer, table, options)),
    '\n',
  ].join('');
}

function stateLines(peer: Peer, { nowMs }: ShowOptions): string[] {
  const { model, session, appState, learnState } = peer;
  const { host, port } = model.server.address;
  const kind = `${model.isLocal ? 'local' : 'remote'},${session === null ? 'inactive' : 'active'}`;
  return [
    `  ${pointer(peer)}: id=${model.name}(${kind}) addr=${host}:${port} app_state=${appState} ` +
      `learn_state=${learnState} last_status=${statusText(peer.status)} ` +
      `last_hdshk=${sinceText(peer.lastHandshakeMs, nowMs)}\n`,
    `        reconnect=${untilText(peer.reconnectAtMs, nowMs)} ` +
      `heartbeat=${untilText(peer.heartbeatAtMs, nowMs)} confirm=${peer.confirms} ` +
      `tx_hbt=${peer.heartbeatsSent} rx_hbt=${peer.heartbeatsReceived} ` +
      `no_hbt=${peer.heartbeatsMissed} new_conn=${peer.connectionsMade} ` +
      `proto_err=${peer.protocolErrors} coll=${peer.collisions}\n`,
    `        flags=0x${peer.flags.toString(16)}`,
  ];
}

function connectionText({ session }: Peer): string {
  if (session === null) return '';
  const { transport, state, calls } = session;
  return (
    ` appctx:${pointer(session)} st0=${state} st1=0 task_calls=${calls} ` +
    `state=${session.isEstablished ? 'EST' : 'CON'}` +
    `\n        xprt=${transport.kind} src=${transport.from} addr=${transport.to}`
  );
}

function tableName(table: PeerTable): string {
  const { shared, localId, remoteId } = table;
  return `${pointer(table)} id=${shared.name} local_id=${localId} remote_id=${remoteId}`;
}

const low = (id: number): number => id >>> 0;

function tableText(peer: Peer, table: PeerTable, { withDictionary }: ShowOptions): string {
  const { shared } = table;
  const bits = table.remoteColumns.reduce((sum, { type }) => sum + 2 ** (type.id - 1), 0);
  const text =
    `\n          ${pointer(table)} local_id=${table.localId} remote_id=${table.remoteId} ` +
    `flags=0x${table.flags.toString(16)} remote_data=0x${bits.toString(16)}` +
    `\n              last_acked=${table.lastAcked} last_pushed=${low(table.lastPushed)} ` +
    `last_get=${table.lastGet} teaching_origin=${low(table.teachingOrigin)} ` +
    `update=${low(table.update)}` +
    `\n              table:${pointer(shared)} id=${shared.name} update=${low(shared.log.last)} ` +
    `localupdate=${low(shared.log.last)} refcnt=1`;
  if (!withDictionary) {
    return `${text}\n        Dictionary cache not dumped (use "show peers dict")`;
  }
  return text + dictionaryText('TX', sentRows(peer)) + dictionaryText('RX', receivedRows(peer));
}

function sentRows({ sentKeys }: Peer): string[] {
  const given = sentKeys.keys.filter((key) => key !== '');
  return given.map((key, number) => rowText(number, key));
}

function receivedRows({ receivedKeys }: Peer): string[] {
  return receivedKeys.slice(0, dictionarySize).map((key, number) => rowText(number, key ?? '-'));
}

const rowText = (number: number, key: string): string =>
  `  ${String(number).padStart(3)} -> ${key}`;

/** Four to a line. */
function dictionaryText(side: 'TX' | 'RX', rows: readonly string[]): string {
  let text = `\n        ${side} dictionary cache:`;
  for (let from = 0; from < rows.length; from += 4) {
    text += `\n        ${rows.slice(from, from + 4).join('')}`;
  }
  return text;
}
