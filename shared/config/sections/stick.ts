// Stick tables and stickiness (manual 11.1 and 4.2): the `stick-table` line, which is understood
// here, and `stick` rules, which stay words for the compiler.

import { parseSize, parseTime } from '../../units.ts';
import { arrayMax, dataTypeByName, type StoredType } from '../../segment/table-data.ts';
import { keyLengthMax, keyTypes } from '../../segment/table-layout.ts';
import type { Draft } from '../draft.ts';
import type { ProxyKeyword, ServerKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { StickTableModel } from '../model.ts';

type TableDraft = { -readonly [K in keyof StickTableModel]: StickTableModel[K] } & {
  typed: boolean;
};

/** Words of a `stick-table` line: reads what follows word `index`, returns the next; -1: alert. */
type Reader = (line: Line, index: number, table: TableDraft) => number;

const keyLengthDefault = 32;
const ratesFactorMax = 1024;
const sizeMax = 2 ** 30;

/** What stands behind word `index`, or an alert. */
function valueAfter(line: Line, index: number): string | null {
  const value = line.arg(index + 1);
  if (value !== '') return value;
  return line.alert(index + 1, `${line.name}: missing argument after '${line.arg(index)}'.`);
}

const fixedKeys: Readonly<Record<string, number>> = { ip: 4, ipv4: 4, ipv6: 16, integer: 4 };

function readType(line: Line, index: number, table: TableDraft): number {
  const word = valueAfter(line, index);
  if (word === null) return -1;
  const type = keyTypes.find((name) => name === (word === 'ipv4' ? 'ip' : word));
  if (type === undefined) {
    line.alert(index + 1, `${line.name}: unknown type '${word}'.`);
    return -1;
  }
  table.typed = true;
  table.keyType = type;
  table.keyLength = fixedKeys[type] ?? keyLengthDefault;
  if (fixedKeys[type] !== undefined || line.arg(index + 2) !== 'len') return index + 2;
  const length = Number(line.arg(index + 3));
  if (!Number.isInteger(length) || length < 1 || length > keyLengthMax) {
    line.alert(index + 3, `${line.name}: 'len' expects a length within 1..${keyLengthMax}.`);
    return -1;
  }
  table.keyLength = length;
  return index + 4;
}

function readSize(line: Line, index: number, table: TableDraft): number {
  const word = valueAfter(line, index);
  if (word === null) return -1;
  const { value, fault } = parseSize(word);
  if (fault !== '' || value > sizeMax) {
    line.alert(index + 1, `${line.name}: unexpected size '${word}'.`);
    return -1;
  }
  table.size = value;
  return index + 2;
}

function readExpire(line: Line, index: number, table: TableDraft): number {
  const word = valueAfter(line, index);
  if (word === null) return -1;
  const { value, fault } = parseTime(word, 'ms');
  if (fault !== '') {
    line.alert(index + 1, `${line.name}: unexpected time '${word}' after 'expire'.`);
    return -1;
  }
  table.expireMs = value;
  return index + 2;
}

function readServerKey(line: Line, index: number, table: TableDraft): number {
  const word = line.arg(index + 1);
  if (word !== 'name' && word !== 'addr') {
    line.alert(index + 1, `${line.name} : unknown server key type '${word}'.`);
    return -1;
  }
  table.serverKey = word;
  return index + 2;
}

function readFactor(line: Line, index: number, table: TableDraft): number {
  const word = valueAfter(line, index);
  if (word === null) return -1;
  const { value, fault } = parseSize(word);
  if (fault !== '' || value < 1 || value > ratesFactorMax) {
    line.alert(index + 1, `${line.name}: '${word}' is not within 1..${ratesFactorMax}.`);
    return -1;
  }
  table.bytesRateFactor = value;
  return index + 2;
}

function readStore(line: Line, index: number, table: TableDraft): number {
  const list = valueAfter(line, index);
  if (list === null) return -1;
  for (const part of list.split(/,(?![^(]*\))/)) {
    if (part !== '' && !addStored(line, index + 1, part, table)) return -1;
  }
  for (const [array, single] of overrides) {
    if (!stores(table, array) || !single.some((name) => stores(table, name))) continue;
    line.alert(
      index,
      `${line.name}: '${array}' takes the place of ${single.join(' and ')}: not both in one table.`,
    );
    return -1;
  }
  return index + 2;
}

const overrides: readonly (readonly [string, readonly string[]])[] = [
  ['gpt', ['gpt0']],
  ['gpc', ['gpc0', 'gpc1']],
  ['gpc_rate', ['gpc0_rate', 'gpc1_rate']],
];

const stores = (table: TableDraft, name: string): boolean =>
  table.store.some((one) => one.name === name);

function addStored(line: Line, index: number, part: string, table: TableDraft): boolean {
  const [, word, inner] = /^([^(]*)(?:\((.*)\))?$/.exec(part) ?? [];
  const type = dataTypeByName.get(word ?? '');
  const refuse = (why: string): false => {
    line.alert(index, `${line.name}: ${why} '${word ?? part}'.`);
    return false;
  };
  if (type === undefined) return refuse('unknown store option');
  if (stores(table, type.name)) {
    line.warning(index, `${line.name}: store option '${word}' already enabled, ignored.`);
    return true;
  }
  const args = inner === undefined ? [] : inner.split(',');
  const wanted = (type.isArray ? 1 : 0) + (type.storage === 'rate' ? 1 : 0);
  if (args.length < wanted) return refuse('missing argument to store option');
  if (args.length > wanted) return refuse('unexpected argument to store option');
  const length = type.isArray ? Number(args[0]) : 1;
  if (!(length >= 1 && length <= arrayMax)) {
    return refuse(`array size is out of allowed range (1-${arrayMax}) for store option`);
  }
  const period = type.storage === 'rate' ? parseTime(args[wanted - 1], 'ms') : noPeriod;
  if (period.fault !== '' || (type.storage === 'rate' && period.value === 0)) {
    return refuse('a period is expected by store option');
  }
  const stored: StoredType = { name: type.name, length, periodMs: period.value };
  table.store = [...table.store, stored];
  return true;
}

const noPeriod = { value: 0, fault: '' } as const;

function readPeersName(line: Line, index: number, table: TableDraft): number {
  const name = valueAfter(line, index);
  if (name === null) return -1;
  table.peers = name;
  return index + 2;
}

function readTarget(line: Line, index: number, table: TableDraft): number {
  const name = line.arg(index + 1);
  if (name === '') {
    line.alert(index, `${line.name} : write-to requires table name.`);
    return -1;
  }
  table.writeTo = name;
  return index + 2;
}

const readers: Readonly<Record<string, Reader>> = {
  type: readType,
  size: readSize,
  expire: readExpire,
  store: readStore,
  srvkey: readServerKey,
  'brates-factor': readFactor,
  nopurge: (_line, index, table) => {
    table.purges = false;
    return index + 1;
  },
  peers: readPeersName,
  'write-to': readTarget,
  'recv-only': (_line, index, table) => {
    table.receivesOnly = true;
    return index + 1;
  },
  aggregate: (_line, index, table) => {
    table.aggregates = true;
    return index + 1;
  },
};

/** One table per name: frontends and backends may share names, their tables may not. */
function addTable(
  line: Line,
  model: { name: string; stickTable: StickTableModel | null },
  draft: Draft,
): void {
  const other = draft.proxies.find(
    (one) => one.model.name === model.name && one.model.stickTable !== null,
  );
  if (other?.model.stickTable) {
    const { file, line: number } = other.model.stickTable.place;
    line.alert(
      -1,
      `stick-table name '${model.name}' conflicts with the table declared at ${file}:${number}.`,
    );
    return;
  }
  const table = readStickTable(line, 0);
  if (table !== null) model.stickTable = table;
}

/** The words from argument `from` on; null after an alert. `peers` is a word of proxies only. */
export function readStickTable(line: Line, from: number): StickTableModel | null {
  const table = freshTable(line);
  for (let index = from; index < line.count; ) {
    const word = line.arg(index);
    const reader = from > 0 && word === 'peers' ? undefined : readers[word];
    if (reader === undefined) return line.alert(index, `${line.name}: unknown argument '${word}'.`);
    index = reader(line, index, table);
    if (index < 0) return null;
  }
  if (table.size === 0) return line.alert(-1, `${line.name}: missing size.`);
  if (!table.typed) return line.alert(-1, `${line.name}: missing type.`);
  const { typed: _, ...known } = table;
  return known;
}

function freshTable(line: Line): TableDraft {
  return {
    place: line.place(-1),
    keyType: 'ip',
    keyLength: 4,
    size: 0,
    expireMs: 0,
    purges: true,
    store: [],
    serverKey: 'name',
    bytesRateFactor: 1,
    peers: '',
    writeTo: '',
    receivesOnly: false,
    aggregates: false,
    typed: false,
  };
}

const ruleRow = (verb: string, help: string): ProxyKeyword => ({
  name: `stick ${verb}`,
  side: 'back',
  defaults: 'no',
  help,
  example: `stick ${verb} ${verb.endsWith('response') ? 'res.hdr(x-key)' : 'src'} table sticky`,
  parse: (line, proxy) => {
    if (line.needed(0, 'a fetch method') === null) return;
    const { columns, words, ...rest } = line.model(0, '');
    const verbAt = line.columns[1] ?? columns[0];
    const whole = { words: [verb, ...words], columns: [verbAt, ...columns] };
    proxy.model.stickRules.push({ ...rest, ...whole });
  },
});

export const stickKeywords: readonly ProxyKeyword[] = [
  {
    name: 'stick-table',
    side: 'both',
    defaults: 'no',
    help: 'a table of keys with what is known about them',
    example: 'stick-table type ip size 1m expire 5m store gpc0,conn_rate(30s)',
    parse: (line, proxy, draft) => addTable(line, proxy.model, draft),
  },
  ruleRow('on', 'a key that leads back to the server it was served by'),
  ruleRow('match', 'a key that leads to the server known for it'),
  ruleRow('store-request', 'a key of the request for which the server is kept'),
  ruleRow('store-response', 'a key of the response for which the server is kept'),
  {
    ...ruleRow('store', 'the same as stick store-request'),
    example: 'stick store src table sticky',
  },
];

export const stickWords: readonly ServerKeyword[] = [
  {
    name: 'non-stick',
    takes: 0,
    help: 'no stick table remembers this server',
    example: 'server s 127.0.0.1:80 non-stick',
    parse: (_, { model }) => {
      model.nonStick = true;
    },
  },
  {
    name: 'stick',
    takes: 0,
    help: 'stick tables remember this server (the default)',
    example: 'server s 127.0.0.1:80 stick',
    parse: (_, { model }) => {
      model.nonStick = false;
    },
  },
];
