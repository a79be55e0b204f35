// Words of `peers` sections (manual 11.2). Rows write PeersDraft; where the local peer listens and
// how the others are reached is read as in a proxy. What depends on the whole section is checked by
// resolve-peers.ts.

import { newProxyDraft } from '../draft.ts';
import type { Draft } from '../draft.ts';
import type { Place } from '../diagnostic.ts';
import { freshBind, freshBindSsl } from '../fresh.ts';
import type { BindDraft, NamedSection, PeersDraft, PeersKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { ServerModel } from '../model.ts';
import { readAddresses, readMoreBindWords } from './bind.ts';
import { readLog } from './log-target.ts';
import { beginServer, endServer, readDefaultServer, readServerAddress } from './server.ts';
import { readStickTable } from './stick.ts';

function newPeersDraft(place: Place, name: string): PeersDraft {
  const proxy = newProxyDraft('listen', place, name, null);
  return {
    model: {
      place,
      name,
      disabled: false,
      shards: 0,
      bind: null,
      peers: [],
      redis: null,
      logs: [],
      tables: [],
    },
    proxy,
    binding: null,
    hasBind: false,
    hasPeer: false,
  };
}

const mixed = 'mixing "peer" and "bind" line is forbidden';

function bindingOf(line: Line, section: PeersDraft): BindDraft {
  section.binding ??= {
    bind: freshBind(line.place(-1), []),
    tls: freshBindSsl(),
    tlsOn: false,
  };
  return section.binding;
}

/** The address at argument `index` becomes the one that the local peer listens on. */
function listenOn(line: Line, index: number, section: PeersDraft, draft: Draft): boolean {
  const binding = bindingOf(line, section);
  const { bind } = binding;
  if (bind.addresses.length > 0) {
    const { file, line: number } = bind.place;
    const where = `another is already configured at [${file}:${number}]`;
    line.alert(index, `One listener per "peers" section is authorized but ${where}.`);
    return false;
  }
  const addresses = readAddresses(line, line.arg(index), draft);
  if (addresses.length > 1) {
    line.alert(
      index,
      'Only one listener per "peers" section is authorized. ' +
        'Multiple listening addresses or port range are not supported.',
    );
  }
  if (addresses.length !== 1) return false;
  binding.bind = { ...bind, place: line.place(-1), addresses };
  if (addresses[0].family === 'unix') Object.assign(binding.bind, draft.unixBind);
  return true;
}

function readPeersBind(line: Line, section: PeersDraft, draft: Draft): void {
  if (section.hasPeer) return void line.alert(-1, mixed);
  if (line.needed(0, 'an address: [address]:port, a path, or PREFIX@ and one of them') === null)
    return;
  section.hasBind = true;
  if (listenOn(line, 0, section, draft)) {
    readMoreBindWords(line, 1, bindingOf(line, section), draft);
  }
}

/** `peer NAME ADDRESS words...`, `server NAME [ADDRESS] words...`. */
function readPeer(line: Line, section: PeersDraft, draft: Draft): void {
  const isPeer = line.name === 'peer';
  const name = line.needed(0, 'a name and an address');
  if (name === null) return;
  const isLocal = name === draft.global.localpeer;
  if (isPeer && section.hasBind) return void line.alert(-1, mixed);
  section.hasPeer ||= isPeer;
  const hasAddress = isPeer || !isLocal;
  if (hasAddress && line.arg(1) === '') {
    if (isPeer) {
      const why = 'ignoring invalid peer definition (missing address:port)';
      line.warning(-1, `'peer ${name}' : ${why}`);
    }
    return;
  }
  if (!hasAddress && /^\S*:\d+$/.test(line.arg(1))) {
    line.alert(1, `no address is expected for the local peer '${name}': 'bind' gives it.`);
    return;
  }
  const server = beginServer(line, hasAddress ? 2 : 1, section.proxy, draft);
  if (server === null || (hasAddress && !readPeerAddress(line, server.model, draft))) return;
  if (isLocal && isPeer && !listenOn(line, 1, section, draft)) return;
  endServer(line, server, section.proxy, draft);
  if (server.model.check) {
    const what = 'init_addr, resolvers, check and agent are ignored for peers.';
    line.warning(-1, `'${line.name} ${name}' : ${what}`);
  }
}

function readPeerAddress(line: Line, model: ServerModel, draft: Draft): boolean {
  if (!readServerAddress(line, line.arg(1), model, draft)) return false;
  if (!model.address.portOffset) return true;
  line.alert(1, `missing port specification in '${line.arg(1)}'`);
  return false;
}

const redisPrefix = 'hawser';
const redisMembers = 8;
const redisMembersMax = 64;

/** Own words of a `redis` line, each with a value; what follows is said as on a server line. */
const redisWords = new Set(['user', 'password', 'database', 'prefix', 'members']);

/** `redis NAME ADDRESS [user U] [password P] [database N] [prefix X] [members N] words...`. */
function readRedis(line: Line, section: PeersDraft, draft: Draft): void {
  if (line.needed(0, 'a name and an address') === null) return;
  if (line.needed(1, 'an address: [address]:port, a path, or PREFIX@ and one of them') === null)
    return;
  const { model, proxy } = section;
  if (model.redis !== null) {
    const { file, line: number } = model.redis.server.place;
    line.alert(-1, `one 'redis' line per section: another is at [${file}:${number}].`);
    return;
  }
  const said = new Map<string, string>();
  let at = 2;
  for (; redisWords.has(line.arg(at)); at += 2) {
    const value = line.needed(at + 1, `a value behind '${line.arg(at)}'`);
    if (value === null) return;
    said.set(line.arg(at), value);
  }
  const server = beginServer(line, at, proxy, draft);
  if (server === null || !readPeerAddress(line, server.model, draft)) return;
  endServer(line, server, proxy, draft);
  const natural = (word: string, usual: number, low: number, high: number): number => {
    const text = said.get(word);
    const value = text === undefined ? usual : Number(text);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    line.alert(
      line.rest().indexOf(word) + 1,
      `'${word}' : '${text}' is not within ${low}..${high}.`,
    );
    return usual;
  };
  model.redis = {
    server: server.model,
    user: said.get('user') ?? '',
    password: said.get('password') ?? '',
    database: natural('database', 0, 0, 0x7fffffff),
    prefix: said.get('prefix') ?? redisPrefix,
    members: natural('members', redisMembers, 1, redisMembersMax),
  };
}

const rows: readonly PeersKeyword[] = [
  {
    name: 'bind',
    help: 'where the local peer listens',
    example: 'bind 127.0.0.1:10000',
    parse: readPeersBind,
  },
  {
    name: 'default-bind',
    help: 'how the local peer listens',
    example: 'default-bind ssl crt site.pem',
    parse: (line, section, draft) => readMoreBindWords(line, 0, bindingOf(line, section), draft),
  },
  {
    name: 'default-server',
    help: 'how the other peers are reached',
    example: 'default-server ssl verify none',
    parse: (line, section, draft) => readDefaultServer(line, section.proxy, draft),
  },
  {
    name: 'peer',
    help: 'a peer and its address; the local one listens there',
    example: 'peer a 127.0.0.1:10000',
    parse: readPeer,
  },
  {
    name: 'redis',
    help: 'a Redis or Valkey server where members of aggregate tables meet (beyond HAProxy)',
    example: 'redis store 127.0.0.1:6379 members 4',
    parse: readRedis,
  },
  {
    name: 'server',
    help: 'a peer; the local one has no address here but on the bind line',
    example: 'server b 127.0.0.1:10000',
    parse: readPeer,
  },
  {
    name: 'shards',
    help: 'parts that keys are spread over',
    example: 'shards 2',
    parse: (line, { model }) => {
      const value = line.integer(0, { min: 1 }, 'a strictly positive integer argument');
      if (value !== null) model.shards = value;
    },
  },
  {
    name: 'table',
    help: 'a stick table, known to rules as SECTION/NAME',
    example: 'table t type ip size 1m expire 5m store gpc0',
    parse: readPeersTable,
  },
  {
    name: 'log',
    help: 'where connections of peers are logged',
    example: 'log global',
    parse: (line, { model }, draft) => {
      const logs = readLog(line, model.logs, draft, draft.global.logs);
      if (logs !== null) model.logs = [...logs];
    },
  },
  {
    name: 'disabled',
    help: 'the section does nothing',
    example: 'disabled',
    parse: (_, { model }) => {
      model.disabled = true;
    },
  },
  {
    name: 'enabled',
    help: 'the section works after all',
    example: 'enabled',
    parse: (_, { model }) => {
      model.disabled = false;
    },
  },
];

/** `no log` empties the list of targets; nothing else can be taken back. */
function withoutModifier(row: PeersKeyword): PeersKeyword {
  if (row.name === 'log') return row;
  return {
    ...row,
    parse: (line, section, draft) => {
      if (line.modifier === '') row.parse(line, section, draft);
      else line.alert(-1, `negation/default is not supported for '${row.name}'.`);
    },
  };
}

export const peersSection: NamedSection<PeersDraft> = {
  name: 'peers',
  rows: rows.map(withoutModifier),
  open: openPeers,
};

function openPeers(line: Line, draft: Draft): PeersDraft | null {
  const name = line.arg(0);
  if (name === '') return line.alert(-1, 'missing name for peers section.');
  if (!line.atMost(1)) return null;
  const bad = /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(name);
  if (bad !== null) {
    return line.alert(0, `character '${bad[0]}' is not permitted in 'peers' name '${name}'.`);
  }
  const other = draft.peers.find(({ model }) => model.name === name);
  if (other !== undefined) {
    const { file, line: number } = other.model.place;
    const at = `${file}:${number}`;
    line.alert(
      0,
      `peers section '${name}' has the same name as another peers section declared at ${at}.`,
    );
  }
  const section = newPeersDraft(line.place(-1), name);
  draft.peers.push(section);
  return section;
}

function readPeersTable(line: Line, section: PeersDraft): void {
  const name = line.needed(0, 'the name of the table');
  if (name === null) return;
  const { model } = section;
  const other = model.tables.find((one) => one.name === name);
  if (other !== undefined) {
    const { file, line: number } = other.table.place;
    line.alert(
      0,
      `stick-table name '${name}' conflicts with table declared in peers '${model.name}' ` +
        `at ${file}:${number}.`,
    );
    return;
  }
  const table = readStickTable(line, 1);
  if (table !== null) model.tables.push({ name, table: { ...table, peers: model.name } });
}
