// Stick rules (manual 4.2: stick on, match, store-request, store-response): keys of requests lead
// back to the server that a stick table knows for them, and servers that answer are written there.
// Called by Persistence, last of all that decides on a server.

import type { StickTable } from '../../shared/segment/stick-table.ts';
import { dataTypeByName, textBytesMax } from '../../shared/segment/table-data.ts';
import { packBytes } from '../../shared/segment/table-key.ts';
import type { Condition } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import type { Server } from './server.ts';

/** One `stick` line. */
export interface StickRule {
  readonly condition: Condition | null;
  /** Gives the table its key; false: there is none. */
  readonly fillKey: (stream: Stream, table: StickTable) => boolean;
  /** Proxy that the table is named after. */
  readonly tableIndex: number;
  readonly serverKey: 'name' | 'addr';
  readonly matches: boolean;
  readonly stores: boolean;
}

export interface StickPlan {
  readonly request: readonly StickRule[];
  readonly response: readonly StickRule[];
}

/** A key for which the server will be kept once it has answered. */
export interface PendingStore {
  readonly table: StickTable;
  readonly key: Int32Array;
  readonly serverKey: 'name' | 'addr';
}

/** Keys that one stream may store: as many rules as reach that far. */
const storesMax = 8;

const idColumn = dataTypeByName.get('server_id')!;
const keyColumn = dataTypeByName.get('server_key')!;

export class Stickiness {
  private readonly plan: StickPlan;
  private readonly usesDown: boolean;
  private readonly byId: Map<number, Server>;
  private readonly byKey: Readonly<Record<'name' | 'addr', Map<string, Server>>>;

  /** `usesDown`: option persist. */
  constructor(plan: StickPlan, servers: readonly Server[], usesDown: boolean) {
    this.plan = plan;
    this.usesDown = usesDown;
    this.byId = new Map();
    this.byKey = { name: new Map(), addr: new Map() };
    for (const server of servers) this.admit(server);
  }

  /** A server joined. Between two turns, as `clear`. */
  admit(server: Server): void {
    this.byId.set(server.id, server);
    this.byKey.name.set(server.name, server);
    this.byKey.addr.set(addressKey(server), server);
  }

  /** Forgets all servers. */
  clear(): void {
    this.byId.clear();
    this.byKey.name.clear();
    this.byKey.addr.clear();
  }

  /** The request's rules: may assign a server, notes the keys to store. */
  onRequest(stream: Stream): void {
    const { request } = this.plan;
    for (let i = 0; i < request.length; i++) this.apply(stream, request[i], 0);
  }

  /** The server has answered (TCP: is connected): the response's rules, then all is stored. */
  onResponse(stream: Stream): void {
    const { response } = this.plan;
    const first = stream.stickStores.length;
    for (let i = 0; i < response.length; i++) this.apply(stream, response[i], first);
    const { server, stickStores } = stream;
    if (stickStores.length === 0) return;
    if (server !== null && !server.model.nonStick) {
      const { nowMs } = stream.thread.time;
      for (let i = 0; i < stickStores.length; i++) storeServer(stickStores[i], server, nowMs);
    }
    stickStores.length = 0;
  }

  /** Of each table only the first key that is found is stored: later rules are second choices. */
  private apply(stream: Stream, rule: StickRule, first: number): void {
    const table = stream.thread.tables?.list[rule.tableIndex] ?? null;
    if (table === null) return;
    if (rule.stores && isPending(stream, table, first)) return;
    if (rule.condition !== null && rule.condition(stream) !== 1) return;
    if (!rule.fillKey(stream, table)) return;
    if (rule.matches) this.match(stream, rule, table);
    if (rule.stores && stream.stickStores.length < storesMax) {
      stream.stickStores.push({ table, key: table.keyCopy(), serverKey: rule.serverKey });
    }
  }

  private match(stream: Stream, { serverKey }: StickRule, table: StickTable): void {
    const { nowMs } = stream.thread.time;
    let server: Server | undefined;
    table.enter();
    const entry = table.find(nowMs);
    if (entry >= 0) {
      table.touch(entry, nowMs);
      if (!stream.serverAssigned) server = this.serverOf(table, entry, serverKey);
    }
    table.leave();
    if (server === undefined) return;
    if (server.isStopped() && !this.usesDown && !stream.persistForced) return;
    stream.server = server;
    stream.serverAssigned = true;
    stream.serverForced = true;
  }

  private serverOf(
    table: StickTable,
    entry: number,
    serverKey: 'name' | 'addr',
  ): Server | undefined {
    const at = table.at(entry);
    const key = table.column(keyColumn);
    if (key !== undefined && table.words[at + key.offset] > 0) {
      const text = textAt(table.words, at + key.offset);
      const server = this.byKey[serverKey].get(text);
      if (server !== undefined) return server;
    }
    const id = table.column(idColumn);
    return id === undefined ? undefined : this.byId.get(table.words[at + id.offset]);
  }
}

function isPending(stream: Stream, table: StickTable, first: number): boolean {
  for (let i = first; i < stream.stickStores.length; i++) {
    if (stream.stickStores[i].table === table) return true;
  }
  return false;
}

function storeServer(store: PendingStore, server: Server, nowMs: number): void {
  const { table, key, serverKey } = store;
  const text = serverKey === 'name' ? server.name : addressKey(server);
  const { words } = table;
  table.keyPut(key);
  table.enter();
  const entry = table.take(nowMs);
  if (entry >= 0) {
    const at = table.at(entry);
    const id = table.column(idColumn);
    if (id !== undefined) words[at + id.offset] = server.id;
    const column = table.column(keyColumn);
    if (column !== undefined) writeText(words, at + column.offset, text);
  }
  table.leave();
}

/** A text that does not fit is left out: the server's number then tells. */
function writeText(words: Int32Array, at: number, text: string): void {
  words[at] = 0;
  if (text.length > textBytesMax) return;
  packBytes(words, at + 1, text, text.length);
  words[at] = text.length;
}

/** A length and as many bytes, four to a word, as latin1. */
export function textAt(words: Int32Array, at: number): string {
  let text = '';
  for (let i = 0; i < words[at]; i++) {
    text += String.fromCharCode((words[at + 1 + (i >> 2)] >>> ((i & 3) << 3)) & 0xff);
  }
  return text;
}

/** Address and port, as `srvkey addr` keeps them. */
function addressKey({ model }: Server): string {
  const { host, port, family } = model.address;
  return family === 'ipv4' || family === 'ipv6' ? `${host}:${port}` : host;
}
