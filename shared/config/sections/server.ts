// `server` and `default-server` lines: a row per option word, which writes a ServerDraft.

import { useServerDefaults } from '../tls-defaults.ts';
import { parseAddress } from '../../address.ts';
import { copyServerDraft, type Draft, newServerDraft, shareEqual } from '../draft.ts';
import { freshServerSsl } from '../fresh.ts';
import { nearestWord } from '../hint.ts';
import {
  indexRows,
  type ProxyDraft,
  type ServerDraft,
  type ServerKeyword,
  type WordCursor,
} from '../keyword.ts';
import type { Line } from '../line.ts';
import type { ServerModel } from '../model.ts';
import { unsupportedServer } from '../unsupported.ts';
import { wordChoice, wordInteger, wordProtocol, wordText, wordTime } from './bind.ts';
import { dynamicWords } from './dynamic-words.ts';
import { persistenceWords } from './persistence.ts';
import { stickWords } from './stick.ts';
import { readInterval, readProbeAddress, serverCheckKeywords } from './server-check.ts';
import { ringServerWords } from './server-log.ts';
import { serverResolutionWords } from './server-resolution.ts';
import { serverProxyKeywords } from './server-proxy.ts';
import { serverTlsKeywords } from './server-tls.ts';
import { serverSocketKeywords } from './server-socket.ts';
import { permitsExperimental } from './reverse.ts';
import { readSource } from './source.ts';

/** Fields that take any value of the type. */
type Field<T> = {
  [K in keyof ServerModel]: T extends ServerModel[K] ? K : never;
}[keyof ServerModel];

const numbers: readonly (readonly [string, Field<number>, number, number, string])[] = [
  ['weight', 'weight', 0, 256, 'share of the load'],
  ['maxconn', 'maxconn', 0, 2 ** 31 - 1, 'connections at the same time'],
  ['minconn', 'minconn', 0, 2 ** 31 - 1, 'lowest dynamic connection limit'],
  ['maxqueue', 'maxqueue', 0, 2 ** 31 - 1, 'requests that may wait'],
  ['max-reuse', 'maxReuse', -1, 2 ** 31 - 1, 'requests on one connection'],
  ['pool-max-conn', 'poolMaxConn', -1, 2 ** 31 - 1, 'idle connections kept'],
  ['pool-low-conn', 'poolLowConn', 0, 2 ** 31 - 1, 'idle connections not taken by other threads'],
  ['rise', 'rise', 1, 2 ** 31 - 1, 'good checks until up'],
  ['fall', 'fall', 1, 2 ** 31 - 1, 'bad checks until down'],
  ['port', 'checkPort', 1, 65_535, 'port of health checks'],
  ['shard', 'shard', 1, 2 ** 31 - 1, 'part of the keys that a peer is sent'],
];

const numberRows = numbers.map(
  ([name, field, min, max, help]): ServerKeyword => ({
    name,
    takes: 1,
    help,
    example: `server s 127.0.0.1:80 ${name} 10`,
    parse: (cursor, { model }) => {
      const value = wordInteger(cursor, min, max);
      if (value !== null) model[field] = value;
    },
  }),
);

const intervals: readonly (readonly [string, Field<number>, string])[] = [
  ['inter', 'interMs', 'time between checks'],
  ['fastinter', 'fastinterMs', 'time between checks while changing'],
  ['downinter', 'downinterMs', 'time between checks while down'],
];

const times: readonly (readonly [string, Field<number>, string])[] = [
  ['pool-purge-delay', 'poolPurgeDelayMs', 'time after which idle connections are closed'],
  ['tcp-ut', 'tcpUtMs', 'TCP user timeout'],
  [
    'idle-ping',
    'idlePingMs',
    'time after which an idle HTTP/2 connection is asked for a sign of life',
  ],
];

const timeRow = (
  [name, field, help]: (typeof times)[number],
  read: (cursor: WordCursor, model: ServerModel) => number | null,
): ServerKeyword => ({
  name,
  takes: 1,
  help,
  example: `server s 127.0.0.1:80 ${name} 10s`,
  parse: (cursor, { model }) => {
    model[field] = read(cursor, model) ?? model[field];
  },
});

const timeRows = [
  ...intervals.map((row) => timeRow(row, readInterval)),
  ...times.map((row) => timeRow(row, wordTime)),
];

const flags: readonly (readonly [string, Partial<ServerModel>, string])[] = [
  ['backup', { backup: true }, 'used when all others are down'],
  ['no-backup', { backup: false }, 'used like all others'],
  ['check', { check: true }, 'health checks'],
  ['no-check', { check: false }, 'no health checks'],
  ['disabled', { disabled: true }, 'starts in maintenance'],
  ['enabled', { disabled: false }, 'starts in service'],
  ['send-proxy', { sendProxy: 1 }, 'PROXY protocol version 1'],
  ['no-send-proxy', { sendProxy: 0 }, 'no PROXY protocol'],
  ['send-proxy-v2', { sendProxy: 2 }, 'PROXY protocol version 2'],
  ['no-send-proxy-v2', { sendProxy: 0 }, 'no PROXY protocol'],
  ['check-send-proxy', { checkSendProxy: true }, 'PROXY protocol in health checks'],
  ['no-check-send-proxy', { checkSendProxy: false }, 'no PROXY protocol in health checks'],
  ['tfo', { tfo: true }, 'TCP fast open'],
  ['strict-maxconn', { strictMaxconn: true }, 'maxconn limits connections, idle ones included'],
  ['no-tfo', { tfo: false }, 'no TCP fast open'],
];

const flagRows = flags.map(
  ([name, fields, help]): ServerKeyword => ({
    name,
    takes: 0,
    help,
    example: `server s 127.0.0.1:80 ${name}`,
    parse: (_cursor, { model }) => {
      Object.assign(model, fields);
    },
  }),
);

export const serverKeywords: readonly ServerKeyword[] = [
  ...numberRows,
  ...timeRows,
  ...flagRows,
  ...serverTlsKeywords,
  ...serverCheckKeywords,
  ...serverProxyKeywords,
  ...serverSocketKeywords,
  ...persistenceWords,
  ...stickWords,
  ...ringServerWords,
  ...serverResolutionWords,
  {
    name: 'id',
    takes: 1,
    help: 'number of the server',
    example: 'server s 127.0.0.1:80 id 7',
    parse: (cursor, { model }) => {
      const id = wordInteger(cursor, 1);
      if (id !== null) model.id = id;
    },
  },
  {
    name: 'guid',
    takes: 1,
    help: 'identifier that survives reloads',
    example: 'server s 127.0.0.1:80 guid web-1',
    parse: (cursor, { model }) => {
      model.guid = wordText(cursor) ?? model.guid;
    },
  },
  {
    name: 'addr',
    takes: 1,
    help: 'address of health checks',
    example: 'server s 127.0.0.1:80 addr 127.0.0.2',
    parse: (cursor, { model }, draft) => {
      model.checkAddress = readProbeAddress(cursor, draft) ?? model.checkAddress;
    },
  },
  {
    name: 'pool-conn-name',
    takes: 1,
    help: 'expression whose value connections are shared by',
    example: 'server s 127.0.0.1:80 pool-conn-name req.hdr(host)',
    parse: (cursor, { model }) => {
      model.poolConnName = wordText(cursor) ?? model.poolConnName;
    },
  },
  {
    name: 'hash-key',
    takes: 1,
    help: 'what places the server on the hash ring',
    example: 'server s 127.0.0.1:80 hash-key addr-port',
    parse: (cursor, { model }) => {
      model.hashKey = wordChoice(cursor, ['id', 'addr', 'addr-port', 'guid']) ?? model.hashKey;
    },
  },
  {
    name: 'ws',
    takes: 1,
    help: 'protocol that WebSocket goes over',
    example: 'server s 127.0.0.1:80 ws auto',
    parse: (cursor, { model }) => {
      model.ws = wordChoice(cursor, ['auto', 'h1', 'h2']) ?? model.ws;
    },
  },
  {
    name: 'proto',
    takes: 1,
    help: 'protocol spoken whatever was negotiated',
    example: 'server s 127.0.0.1:80 proto h1',
    parse: (cursor, { model }) => {
      model.proto = wordProtocol(cursor, true) ?? model.proto;
    },
  },
  {
    name: 'source',
    takes: 0,
    help: 'address that connections come from',
    example: 'server s 127.0.0.1:80 source 127.0.0.1:1024-2048 interface lo',
    parse: (cursor, { model }, draft) => {
      const found = readSource(cursor.line, cursor.index + 1, draft);
      if (found === null) return;
      model.source = found.source;
      cursor.index = found.next - 1;
    },
  },
];

const byName = indexRows('server option', serverKeywords);
const unsupported = new Set(unsupportedServer);

/** `set-proxy-v2-tlv-fmt(0xE1)` is a word of the row without the parentheses. */
function rowOf(word: string): ServerKeyword | undefined {
  const at = word.indexOf('(');
  const row = byName.get(at < 0 ? word : word.slice(0, at));
  return at < 0 || row?.parentheses === true ? row : undefined;
}

function readWords(line: Line, from: number, server: ServerDraft, draft: Draft): void {
  for (let index = from; index < line.count; ) {
    const word = line.arg(index);
    const row = rowOf(word);
    if (row === undefined) {
      reportUnknown(line, index, word);
      return;
    }
    if (draft.isRuntime && !dynamicWords.has(row.name)) {
      line.alert(index, `'${word}' option is not accepted for dynamic server`);
      return;
    }
    const cursor = { line, index };
    row.parse(cursor, server, draft);
    index = cursor.index + 1 + row.takes;
  }
}

function reportUnknown(line: Line, index: number, word: string): void {
  if (unsupported.has(word)) {
    line.notSupported(index, word);
    return;
  }
  const near = nearestWord(word, [...byName.keys(), ...unsupported]);
  const hint = near === '' ? '' : `did you mean '${near}' maybe ?`;
  line.alert(index, `'${line.name} ${line.arg(0)}' unknown keyword '${word}'`, hint);
}

/** Reads `default-server [name NAME] [from PRESET] words...`. */
export function readDefaultServer(line: Line, proxy: ProxyDraft, draft: Draft): void {
  const named = line.arg(0) === 'name';
  const name = named ? line.arg(1) : '';
  if (named && name === '') {
    line.alert(1, 'default-server name: missing value.');
    return;
  }
  const other = proxy.serverNames.get(name);
  if (other !== undefined) {
    const at = other.model.place.line;
    line.alert(1, `default-server name '${name}' conflicts with server defined at line ${at}.`);
    return;
  }
  const from = readFrom(line, named ? 2 : 0, proxy, draft);
  if (from === null) return;
  const before = named ? proxy.namedDefaultServers.get(name) : proxy.defaultServer;
  const target =
    from.preset === undefined
      ? (before ?? newServerDraft(line.place(-1), ''))
      : startFrom(from.preset, line, '');
  readWords(line, from.next, target, draft);
  if (named) proxy.namedDefaultServers.set(name, target);
  else {
    proxy.defaultServer = target;
    proxy.hasDefaultServer = from.preset !== null || from.next < line.count;
  }
}

/** A copy of a preset; null stands for `from none`: as if nothing had been said. */
function startFrom(preset: ServerDraft | null, line: Line, name: string): ServerDraft {
  const place = line.place(-1);
  return preset === null ? newServerDraft(place, name) : copyServerDraft(preset, place, name);
}

interface FromFound {
  /** undefined: `from` was not written. */
  readonly preset: ServerDraft | null | undefined;
  readonly next: number;
}

/** `from none`, `from be:[BACKEND]`, `from srv:[BACKEND/]SERVER` at argument `at`. */
function readFrom(line: Line, at: number, proxy: ProxyDraft, draft: Draft): FromFound | null {
  if (line.arg(at) !== 'from') return { preset: undefined, next: at };
  const text = line.arg(at + 1);
  if (line.arg(at + 2) === 'from') {
    return line.alert(at + 2, "'from' keyword can only be specified once.");
  }
  const preset = findPreset(text, proxy, draft);
  return typeof preset === 'string'
    ? line.alert(at + 1, `from: ${preset}.`)
    : { preset, next: at + 2 };
}

function findPreset(text: string, proxy: ProxyDraft, draft: Draft): ServerDraft | null | string {
  if (text === 'none') return null;
  const match = /^(be|srv):(?:(.*)\/)?(.*)$/.exec(text);
  if (match === null) return `invalid '${text}' value`;
  const [, kind, path, last] = match;
  const backendName = kind === 'be' ? last : (path ?? '');
  const backend = backendName === '' ? proxy : findBackend(backendName, draft);
  if (backend === undefined) return `unknown backend instance '${backendName}'`;
  if (kind === 'be') return backend.defaultServer;
  const server = backend.namedDefaultServers.get(last) ?? backend.serverNames.get(last);
  return server ?? `unknown server '${last}' in backend '${backend.model.name}'`;
}

function findBackend(name: string, draft: Draft): ProxyDraft | undefined {
  const found = draft.proxyNames.get(name);
  return found?.section === 'frontend' ? undefined : found;
}

/** Reads `server NAME ADDRESS [from PRESET] words...`. */
export function readServer(line: Line, proxy: ProxyDraft, draft: Draft): void {
  if (line.arg(1) === '') {
    line.alert(-1, "'server' expects <name> and <addr>[:<port>] as arguments.");
    return;
  }
  const server = beginServer(line, 2, proxy, draft);
  if (server === null || !readServerAddress(line, line.arg(1), server.model, draft)) return;
  endServer(line, server, proxy, draft);
}

/** A server whose words have not been read. */
interface BegunServer extends ServerDraft {
  /** Where they begin. */
  readonly next: number;
  /** What it starts from. */
  readonly preset: ServerDraft | null;
}

/** A server whose words begin at `wordsAt`; its address is not read yet. null after an alert. */
export function beginServer(
  line: Line,
  wordsAt: number,
  proxy: ProxyDraft,
  draft: Draft,
): BegunServer | null {
  const name = line.arg(0);
  const bad = /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(name);
  if (bad === null) return beginNamed(line, { name, wordsAt }, proxy, draft);
  return line.alert(0, `character '${bad[0]}' is not permitted in server name '${name}'.`);
}

interface ServerHead {
  readonly name: string;
  readonly wordsAt: number;
}

function beginNamed(
  line: Line,
  { name, wordsAt }: ServerHead,
  proxy: ProxyDraft,
  draft: Draft,
): BegunServer | null {
  const other = proxy.serverNames.get(name);
  if (other !== undefined) {
    const at = other.model.place.line;
    return line.alert(
      0,
      `another server named '${name}' was already defined at line ${at}, ` +
        'please use a distinct name.',
    );
  }
  const from = readFrom(line, wordsAt, proxy, draft);
  if (from === null) return null;
  const usual = draft.isRuntime ? null : proxy.defaultServer;
  const preset = from.preset === undefined ? usual : from.preset;
  const { model, tls, tlsOn } = startFrom(preset, line, name);
  if (preset !== null && proxy.hasDefaultServer) model.presetRise = preset.model.rise;
  return { model, tls, tlsOn, next: from.next, preset };
}

const templateMax = 100_000;

/** Reads `server-template PREFIX NUMBER|LOW-HIGH ADDRESS [from PRESET] words...`. */
export function readServerTemplate(line: Line, proxy: ProxyDraft, draft: Draft): void {
  const [prefix, range] = [line.arg(0), line.arg(1)];
  if (line.arg(2) === '') {
    line.alert(-1, "'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.");
    return;
  }
  const bad = /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(prefix);
  if (bad !== null) {
    line.alert(0, `character '${bad[0]}' is not permitted in server-template prefix '${prefix}'.`);
    return;
  }
  const match = /^(?:(\d+)-)?(\d+)$/.exec(range);
  const [low, high] = match === null ? [1, 0] : [Number(match[1] ?? 1), Number(match[2])];
  if (low > high || high - low >= templateMax) {
    line.alert(1, `Wrong server-template number or range arg '${range}'.`);
    return;
  }
  for (let number = low; number <= high && !line.failed; number++) {
    const head = { name: `${prefix}${number}`, wordsAt: 3 };
    const server = beginNamed(line, head, proxy, draft);
    if (server === null || !readServerAddress(line, line.arg(2), server.model, draft)) return;
    endServer(line, server, proxy, draft);
    // What can only be one server's is the first one's.
    if (number > low) Object.assign(server.model, { id: 0, guid: '' });
  }
}

/** Reads the words and adds the server to the proxy, unless something was wrong. */
export function endServer(line: Line, server: BegunServer, proxy: ProxyDraft, draft: Draft): void {
  readWords(line, server.next, server, draft);
  if (line.failed) return;
  const { model, preset } = server;
  const tls = server.tls ?? freshServerSsl();
  model.ssl = server.tlsOn ? useServerDefaults(tls, draft.global.ssl) : null;
  model.spareSsl = !server.tlsOn && preset?.tlsOn === true ? { ...tls } : null;
  model.checks.tls = server.tlsOn ? null : server.tls;
  model.checks = shareEqual(model.checks, draft.equals.checks);
  model.agent = shareEqual(model.agent, draft.equals.agents);
  model.isDynamic = draft.isRuntime;
  proxy.serverNames.set(server.model.name, server);
  proxy.model.servers.push(server.model);
}

/** Reads where a server is into its model; false after an alert. */
export function readServerAddress(
  line: Line,
  text: string,
  model: ServerModel,
  draft: Draft,
): boolean {
  const { environment } = draft;
  // Only log servers are reached by datagrams: resolve-logs.ts looks after that.
  const rules = {
    port: true,
    portOffset: true,
    names: true,
    fd: true,
    dgram: true,
    reverse: !draft.isRuntime,
  };
  const { address, error } = parseAddress(text, { ...rules, variables: environment });
  if (address === null) {
    line.alert(Math.max(1, line.rest().indexOf(text)), error);
    return false;
  }
  if (address.family === 'fd') {
    line.alert(
      Math.max(1, line.rest().indexOf(text)),
      `a file descriptor is not acceptable here in '${text}'`,
    );
    return false;
  }
  if (address.family === 'rhttp' && !permitsExperimental(line, 1, "address 'rhttp@'", draft)) {
    return false;
  }
  const { family, socket, host, portLow, portOffset, fd } = address;
  const internet = family === 'ipv4' || family === 'ipv6' || family === 'unspecified';
  // No port means: the port that the client connected to.
  const mapped = portOffset || (internet && portLow === 0);
  model.address = { family, socket, host, port: portLow, portOffset: mapped, fd };
  // A name that begins with '_' is that of an SRV record (manual 5.3.1).
  const name = family === 'unspecified' ? host : '';
  model.srvRecord = name.startsWith('_') ? name : '';
  model.fqdn = model.srvRecord === '' ? name : '';
  if (name !== '') {
    model.address = { ...model.address, host: model.srvRecord === '' ? name : '' };
    if (!isDomainName(name)) {
      line.alert(-1, `Can't create DNS resolution for server '${model.name}'`);
      return false;
    }
  }
  return true;
}

/** No label of it is empty; the last may be. */
const isDomainName = (name: string): boolean => !/^\.|\.\./.test(name);
