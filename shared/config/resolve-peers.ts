// Peers sections as wholes (manual 11.2): who is who, which sections cannot work, and what tables
// ask of them. Called by resolve.ts, in two steps: sections first, then the tables that name them.

import { type Draft, finalWarning } from './draft.ts';
import type { Place } from './diagnostic.ts';
import type { PeersDraft } from './keyword.ts';
import { refuseLater, refuseWord } from './later-words.ts';
import type { PeerModel, RedisModel, ServerModel, StickTableModel } from './model.ts';
import { tableIndexOf, tablesOf } from './stick-tables.ts';

const nowhere = { file: '', line: 0, column: 0 };

/** Peers and listening address of each section; one without a local peer does nothing. */
export function completePeers(draft: Draft): void {
  for (const section of draft.peers) {
    const { model, proxy, binding } = section;
    const { redis } = model;
    const servers = proxy.model.servers.filter((server) => server !== redis?.server);
    model.peers = servers.map((server) => peerOf(server, section, draft));
    if (binding !== null && binding.bind.addresses.length > 0) {
      model.bind = binding.bind;
      proxy.model.binds.push(binding.bind);
    }
    if (model.disabled) continue;
    if (redis !== null) {
      checkRedis(section, redis, draft);
      continue;
    }
    const local = model.peers.find((peer) => peer.isLocal);
    if (local === undefined) {
      const name = draft.global.localpeer;
      finalWarning(
        draft,
        nowhere,
        `Removing incomplete section 'peers ${model.name}' (no peer named '${name}').`,
      );
      model.disabled = true;
      continue;
    }
    checkWords(section, draft);
    checkTls(section, local, draft);
  }
}

/** Members that meet at a server do not know each other. */
function checkRedis({ model }: PeersDraft, redis: RedisModel, draft: Draft): void {
  const { diagnostics } = draft;
  const [peer] = model.peers;
  const other = peer === undefined ? model.bind?.place : peer.server.place;
  if (other !== undefined) {
    const why = 'its members have no addresses: remove this line, or the redis line';
    diagnostics.alert(other, `peers section '${model.name}' has 'redis', ${why}.`);
  }
  const { ssl, place } = redis.server;
  refuseLater(redis.server, "'redis'", diagnostics);
  if (ssl !== null && !isLiteral(ssl.sni)) {
    refuseWord(place, 'sni with an expression', "'redis'", diagnostics);
  }
  if (model.shards > 0) refuseWord(place, 'shards', "a section with 'redis'", diagnostics);
}

function peerOf(server: ServerModel, { model }: PeersDraft, draft: Draft): PeerModel {
  const { name, shard } = server;
  const isLocal = name === draft.global.localpeer;
  const own = `Peers section '${model.name}': shard ignored for '${name}'`;
  if (isLocal && shard > 0) finalWarning(draft, nowhere, `${own} local peer`);
  if (!isLocal && shard > model.shards) {
    const limit = `the section's number of shards (${model.shards})`;
    finalWarning(draft, server.place, `${own}: ${shard} is greater than ${limit}`);
  }
  return { name, isLocal, shard: isLocal || shard > model.shards ? 0 : shard, server };
}

const isLiteral = (sni: string): boolean => sni === '' || /^str\([^)]*\)$/.test(sni);

function checkWords({ model }: PeersDraft, { diagnostics }: Draft): void {
  const where = 'a peers section';
  const refuse = (place: Place, word: string): void => {
    refuseWord(place, word, where, diagnostics);
  };
  for (const { server } of model.peers) {
    refuseLater(server, where, diagnostics);
    const { ssl, place } = server;
    if (ssl !== null && !isLiteral(ssl.sni)) refuse(place, 'sni with an expression');
  }
  const { bind } = model;
  if (bind === null) return;
  if (bind.acceptProxy) refuse(bind.place, 'accept-proxy');
  if (bind.ssl?.strictSni === true) refuse(bind.place, 'strict-sni');
  if ((bind.ssl?.crts.length ?? 0) > 1) refuse(bind.place, 'more than one crt');
}

function checkTls({ model }: PeersDraft, { server }: PeerModel, draft: Draft): void {
  const { bind, name } = model;
  if (bind === null) return;
  const { file, line } = server.place;
  const at = `configured at line ${file}:${line}.`;
  const own = `Peers section '${name}': local peer have a`;
  if (server.ssl !== null && bind.ssl === null) {
    finalWarning(draft, nowhere, `${own} non-SSL listener and a SSL server ${at}`);
  } else if (server.ssl === null && bind.ssl !== null) {
    finalWarning(draft, nowhere, `${own} SSL listener and a non-SSL server ${at}`);
  }
}

/** Tables: the sections and tables that they name must be there. */
export function checkPeers(draft: Draft): void {
  for (const one of tablesOf(ownersOf(draft))) if (one !== null) checkAggregate(one, draft);
  for (const { model } of draft.proxies) {
    if (model.stickTable === null) continue;
    const peers = sectionOf(model.name, model.stickTable, model.disabled, draft);
    if (peers !== model.stickTable.peers) model.stickTable = { ...model.stickTable, peers };
  }
  for (const { model } of draft.peers) {
    if (!model.disabled) continue;
    model.tables = model.tables.map(({ name, table }) => ({
      name,
      table: { ...table, peers: '' },
    }));
  }
  const owners = ownersOf(draft);
  for (const one of tablesOf(owners)) {
    const target = one === null ? '' : one.table.writeTo;
    if (one === null || target === '') continue;
    const other = tablesOf(owners)[tableIndexOf(owners, target)] ?? null;
    const fault = other === null ? `table '${target}' doesn't exist` : targetFault(one, other);
    if (fault === '') continue;
    const what = `failed to initialize '${one.name}' stick-table: write-to: ${fault}.`;
    draft.diagnostics.alert(one.table.place, what);
  }
}

const ownersOf = ({ proxies, peers }: Draft): Parameters<typeof tablesOf>[0] => ({
  proxies: proxies.map(({ model }) => model),
  peers: peers.map(({ model }) => model),
});

/** The section that shares the table, '' : none does. */
function sectionOf(
  proxy: string,
  { peers, place }: StickTableModel,
  isDisabled: boolean,
  draft: Draft,
): string {
  if (peers === '' || isDisabled) return '';
  const section = draft.peers.find(({ model }) => model.name === peers);
  if (section === undefined) {
    draft.diagnostics.alert(place, `Proxy '${proxy}': unable to find sync peers '${peers}'.`);
    return '';
  }
  return section.model.disabled ? '' : peers;
}

/** What an `aggregate` table cannot do: see worker/peers/README.md. */
function checkAggregate({ name, table }: Owned, draft: Draft): void {
  const section = draft.peers.find(({ model }) => model.name === table.peers);
  if (!table.aggregates && section !== undefined && section.model.redis !== null) {
    const why = `peers section '${table.peers}' has 'redis', which shares counters only`;
    draft.diagnostics.alert(table.place, `stick-table '${name}': ${why}: add 'aggregate'.`);
  }
  if (!table.aggregates) return;
  const refuse = (why: string): void =>
    draft.diagnostics.alert(table.place, `stick-table '${name}': aggregate ${why}.`);
  if (table.peers === '') refuse("needs a peers section whose members count: add 'peers NAME'");
  if (table.writeTo !== '') refuse("cannot be combined with 'write-to'");
  if (table.receivesOnly) refuse("cannot be combined with 'recv-only'");
  const notAdditive = table.store.filter(({ name: type }) => !additive(type));
  for (const { name: type } of notAdditive) refuse(`cannot add up '${type}': it is no counter`);
}

/** Tags and servers have no sum. */
const additive = (type: string): boolean => !/^(gpt0?|server_id|server_key)$/.test(type);

type Owned = NonNullable<ReturnType<typeof tablesOf>[number]>;

function targetFault(from: Owned, to: Owned): string {
  if (to.table.writeTo !== '') return `table '${to.name}' is already used as a source table`;
  const [source, target] = [from.table, to.table];
  if (target.keyType !== source.keyType) {
    return (
      `cannot mix table types ('${to.name}' has '${target.keyType}' type and ` +
      `'${from.name}' has '${source.keyType}' type)`
    );
  }
  if (target.keyLength === source.keyLength) return '';
  return (
    `cannot mix key sizes ('${to.name}' has '${target.keyLength}' key_size and ` +
    `'${from.name}' has '${source.keyLength}' key_size)`
  );
}
