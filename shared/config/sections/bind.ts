// `bind` lines: addresses, and one row per option word. Also used for `stats socket`, which is a
// bind line with rights. Rows write BindModel; nothing here opens a socket.

import {
  type AddressRules,
  type ParsedAddress,
  parseAddress,
  splitAddresses,
} from '../../address.ts';
import { parseSize } from '../../units.ts';
import { groupId, userId } from '../accounts.ts';
import type { Draft } from '../draft.ts';
import { freshBind, freshBindSsl } from '../fresh.ts';
import { nearestWord } from '../hint.ts';
import {
  type BindDraft,
  type BindKeyword,
  indexRows,
  type ProxyDraft,
  type WordCursor,
} from '../keyword.ts';
import type { Line } from '../line.ts';
import type { AddressModel, BindModel } from '../model.ts';
import { useBindDefaults } from '../tls-defaults.ts';
import { obsoleteBind, unsupportedBind } from '../unsupported.ts';
import { bindCrtKeywords } from './bind-crt.ts';
import { bindTlsKeywords } from './bind-tls.ts';
import { readMd5Key } from './md5-key.ts';
import { readNamespace } from './namespace.ts';
import { checkReversed, nbconnRow } from './reverse.ts';

const listening: AddressRules = {
  port: true,
  portNeeded: true,
  portRange: true,
  fd: true,
  names: true,
  reverse: true,
};

/** Reads a whole `bind` line of a proxy. */
export function readBind(line: Line, proxy: ProxyDraft, draft: Draft): void {
  const text = line.needed(
    0,
    'one or more addresses: [address]:port[-end], a path, or PREFIX@ and one of them',
  );
  if (text === null) return;
  const addresses = readAddresses(line, text, draft);
  const bind = freshBind(line.place(-1), addresses);
  checkReversed(line, addresses, draft);
  if (addresses.some((address) => address.family === 'unix')) Object.assign(bind, draft.unixBind);
  readBindWords(line, 1, bind, draft);
  // A line with a mistake is kept too, so that its section does not count as one without any.
  proxy.model.binds.push(bind);
}

/** The addresses of a list, names resolved; those that cannot be used are reported. */
export function readAddresses(line: Line, text: string, draft: Draft): AddressModel[] {
  const all: AddressModel[] = [];
  const rules = {
    ...listening,
    pathPrefix: draft.global.unixBindPrefix,
    variables: draft.environment,
  };
  for (const part of splitAddresses(text)) {
    const { address, error } = parseAddress(part, rules);
    if (address === null) {
      line.alert(0, `'bind' : ${error}`);
      continue;
    }
    const resolved = toAddressModel(address, draft);
    if (resolved === null) {
      line.alert(0, `'bind' : could not resolve address '${address.host}'.`);
      continue;
    }
    for (let port = address.portLow; port <= address.portHigh; port++) {
      all.push({ ...resolved, port });
    }
  }
  return all;
}

/** The model of an address whose name, if it has one, is resolved now; null when it cannot be. */
export function toAddressModel(parsed: ParsedAddress, draft: Draft): AddressModel | null {
  const { family, socket, host, portLow, portOffset, fd } = parsed;
  const model = { family, socket, host, port: portLow, portOffset, fd };
  if (family !== 'unspecified') return model;
  const found = draft.resolveHost(host, 0);
  return found === null
    ? null
    : { ...model, family: found.includes(':') ? 'ipv6' : 'ipv4', host: found };
}

const argument = (cursor: WordCursor): string => cursor.line.arg(cursor.index + 1);

function wrong(cursor: WordCursor, message: string): null {
  const word = cursor.line.arg(cursor.index);
  return cursor.line.alert(cursor.index + 1, `'${word}' : ${message}`);
}

/** The integer after the word, within a range. */
export function wordInteger(cursor: WordCursor, min: number, max = 2 ** 31 - 1): number | null {
  const text = argument(cursor);
  if (text === '') return wrong(cursor, 'missing value');
  const value = /^-?\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  return wrong(cursor, `invalid value '${text}', must be within ${min}..${max}`);
}

/** An argument that is one of `choices`; null after a complaint. */
export function wordChoice<const T extends string>(
  cursor: WordCursor,
  choices: readonly T[],
): T | null {
  const found = choices.find((choice) => choice === argument(cursor));
  const list = choices.map((choice) => `'${choice}'`).join(', ');
  return found ?? wrong(cursor, `only supports ${list} (got '${argument(cursor)}')`);
}

/** An argument of any text but ''; null after a complaint. */
export function wordText(cursor: WordCursor): string | null {
  const text = argument(cursor);
  return text === '' ? wrong(cursor, 'missing value') : text;
}

/** Fields that take any value of the type. */
type BindField<T> = {
  [K in keyof BindModel]: T extends BindModel[K] ? K : never;
}[keyof BindModel];

const flags: readonly (readonly [string, BindField<boolean>, string])[] = [
  ['accept-proxy', 'acceptProxy', 'the PROXY protocol stands before the data'],
  ['defer-accept', 'deferAccept', 'accept when data arrives'],
  ['tfo', 'tfo', 'TCP fast open'],
  ['transparent', 'transparent', 'accept addresses that are not local'],
  ['v4v6', 'v4v6', 'the IPv6 socket takes IPv4 too'],
  ['v6only', 'v6only', 'the IPv6 socket takes IPv6 only'],
];

const flagRows = flags.map(
  ([name, field, help]): BindKeyword => ({
    name,
    takes: 0,
    help,
    example: `bind [::1]:80 ${name}`,
    parse: (_cursor, bind) => {
      bind[field] = true;
    },
  }),
);

const numbers: readonly (readonly [string, BindField<number>, number, number, string])[] = [
  ['maxconn', 'maxconn', 0, 2 ** 31 - 1, 'connections of this line'],
  ['backlog', 'backlog', 0, 2 ** 31 - 1, 'length of the accept queue'],
  ['mss', 'mss', -65_535, 65_535, 'largest TCP segment'],
  ['nice', 'nice', -1024, 1024, 'priority of the streams'],
  ['id', 'id', 1, 2 ** 31 - 1, 'number of the listener'],
  [
    'accept-netscaler-cip',
    'netscalerMagic',
    1,
    2 ** 32 - 1,
    'magic number of a NetScaler’s header',
  ],
];

const numberRows = numbers.map(
  ([name, field, min, max, help]): BindKeyword => ({
    name,
    takes: 1,
    help,
    example: `bind :80 ${name} 100`,
    parse: (cursor, bind) => {
      const value = wordInteger(cursor, min, max);
      if (value !== null) bind[field] = value;
    },
  }),
);

const texts: readonly (readonly [string, BindField<string>, string])[] = [
  ['name', 'name', 'name of the socket in statistics'],
  ['interface', 'interface', 'network interface to bind to'],
  ['label', 'label', 'name of a group of sockets'],
  ['guid-prefix', 'guidPrefix', 'prefix of the listeners’ identifiers'],
  ['cc', 'congestion', 'congestion control, by the kernel’s name of it'],
];

const textRows = texts.map(
  ([name, field, help]): BindKeyword => ({
    name,
    takes: 1,
    help,
    example: `bind :80 ${name} lo`,
    parse: (cursor, bind) => {
      const value = wordText(cursor);
      if (value !== null) bind[field] = value;
    },
  }),
);

const rightsRows: readonly BindKeyword[] = [
  {
    name: 'mode',
    takes: 1,
    help: 'permissions of the unix socket, octal',
    example: 'bind /run/x.sock mode 660',
    parse: (cursor, bind) => {
      const text = argument(cursor);
      if (/^[0-7]{1,4}$/.test(text)) bind.mode = Number.parseInt(text, 8);
      else wrong(cursor, `missing or invalid mode '${text}' (octal integer expected)`);
    },
  },
  {
    name: 'uid',
    takes: 1,
    help: 'owner of the unix socket by number',
    example: 'bind /run/x.sock uid 0',
    parse: (cursor, bind) => {
      bind.uid = wordInteger(cursor, 0) ?? bind.uid;
    },
  },
  {
    name: 'gid',
    takes: 1,
    help: 'group of the unix socket by number',
    example: 'bind /run/x.sock gid 0',
    parse: (cursor, bind) => {
      bind.gid = wordInteger(cursor, 0) ?? bind.gid;
    },
  },
  {
    name: 'user',
    takes: 1,
    help: 'owner of the unix socket',
    example: 'bind /run/x.sock user root',
    parse: (cursor, bind) => {
      const uid = userId(argument(cursor));
      if (uid === null) wrong(cursor, `'${argument(cursor)}' is an unknown user`);
      else Object.assign(bind, { uid, user: argument(cursor) });
    },
  },
  {
    name: 'group',
    takes: 1,
    help: 'group of the unix socket',
    example: 'bind /run/x.sock group root',
    parse: (cursor, bind) => {
      const gid = groupId(argument(cursor));
      if (gid === null) wrong(cursor, `'${argument(cursor)}' is an unknown group`);
      else Object.assign(bind, { gid, group: argument(cursor) });
    },
  },
  {
    name: 'tcp-ss',
    takes: 1,
    help: 'the first packet is kept: 1 IP and TCP headers, 2 the Ethernet header too',
    example: 'bind :80 tcp-ss 1',
    parse: (cursor, bind) => {
      bind.tcpSaveSyn = wordInteger(cursor, 0, 2) ?? bind.tcpSaveSyn;
    },
  },
  {
    name: 'level',
    takes: 1,
    help: 'rights of runtime API sessions',
    example: 'bind /run/x.sock level admin',
    parse: (cursor, bind) => {
      bind.level = wordChoice(cursor, ['user', 'operator', 'admin']) ?? bind.level;
    },
  },
  {
    name: 'expose-fd',
    takes: 1,
    help: 'sessions may ask for the listening sockets',
    example: 'bind /run/x.sock expose-fd listeners',
    parse: (cursor, bind) => {
      if (wordChoice(cursor, ['listeners']) !== null) bind.exposeFdListeners = true;
    },
  },
  {
    name: 'severity-output',
    takes: 1,
    help: 'severity before runtime API answers',
    example: 'bind /run/x.sock severity-output none',
    parse: (cursor, bind) => {
      const value = wordChoice(cursor, ['none', 'number', 'string']);
      bind.severityOutput = value ?? bind.severityOutput;
    },
  },
];

const threadRows: readonly BindKeyword[] = [
  {
    name: 'shards',
    takes: 1,
    help: 'sockets per address',
    example: 'bind :80 shards by-thread',
    parse: (cursor, bind) => {
      const text = argument(cursor);
      if (text === 'by-thread' || text === 'by-group') bind.shards = text;
      else if (wordInteger(cursor, 1, 1024) !== null) bind.shards = text;
    },
  },
  {
    name: 'thread',
    takes: 1,
    help: 'threads that accept',
    example: 'bind :80 thread 1-2',
    parse: (cursor, bind) => {
      const text = argument(cursor);
      const part = '(all|odd|even|\\d+(-\\d*)?)';
      const set = new RegExp(`^(${part}/)?${part}(,(${part}/)?${part})*$`);
      const relative = text.split(',').filter((one) => one.includes('/')).length;
      if (relative > 0 && relative < text.split(',').length) {
        wrong(cursor, `'${text}' mixes threads of the process and threads of groups`);
      } else if (set.test(text)) bind.thread = text;
      else wrong(cursor, `'${text}' is not a set of threads`);
    },
  },
  {
    name: 'tcp-ut',
    takes: 1,
    help: 'TCP user timeout',
    example: 'bind :80 tcp-ut 30s',
    parse: (cursor, bind) => {
      const value = wordTime(cursor);
      if (value !== null) bind.tcpUtMs = value;
    },
  },
  {
    name: 'idle-ping',
    takes: 1,
    help: 'time after which an idle HTTP/2 connection is asked for a sign of life',
    example: 'bind :80 proto h2 idle-ping 10s',
    parse: (cursor, bind) => {
      bind.idlePingMs = wordTime(cursor) ?? bind.idlePingMs;
    },
  },
  {
    name: 'proto',
    takes: 1,
    help: 'protocol spoken whatever was negotiated',
    example: 'bind :80 proto h1',
    parse: (cursor, bind) => {
      bind.proto = wordProtocol(cursor) ?? bind.proto;
    },
  },
];

/** A size after the word. */
export function wordSize(cursor: WordCursor): number | null {
  const text = cursor.line.arg(cursor.index + 1);
  const { value, fault } = parseSize(text);
  if (text !== '' && fault === '') return value;
  wrong(cursor, `'${text}' is not a size`);
  return null;
}

/** A time after the word; `HAProxy` takes milliseconds. */
export function wordTime(cursor: WordCursor): number | null {
  const { line, index } = cursor;
  if (argument(cursor) === '') return wrong(cursor, 'missing value');
  return line.time(index + 1, 'ms', line.arg(index));
}

const laterProtocols = ['quic', 'spop', 'qmux', 'haterm'];

/** The argument of `proto`; `isServers`: towards a server. null after a complaint. */
export function wordProtocol(cursor: WordCursor, isServers = false): string | null {
  const text = argument(cursor);
  if (text === 'h1' || text === 'h2' || text === 'none') return text;
  if (text === 'fcgi' && isServers) return text;
  if (text === 'fcgi') return wrong(cursor, 'servers speak FastCGI, clients do not');
  if (laterProtocols.includes(text)) {
    return cursor.line.notSupported(cursor.index + 1, `proto ${text}`);
  }
  return wrong(cursor, `unknown MUX protocol '${text}'`);
}

export const bindKeywords: readonly BindKeyword[] = [
  ...flagRows,
  ...numberRows,
  ...textRows,
  ...rightsRows,
  ...threadRows,
  ...bindTlsKeywords,
  ...bindCrtKeywords,
  nbconnRow,
  {
    name: 'tcp-md5sig',
    takes: 1,
    help: 'key of the signatures of TCP segments (RFC 2385)',
    example: 'bind :80 tcp-md5sig secret',
    parse: (cursor, bind) => {
      bind.md5Key = readMd5Key(cursor) ?? bind.md5Key;
    },
  },
  {
    name: 'namespace',
    takes: 1,
    help: 'network namespace that the socket is made in',
    example: 'bind :80 namespace blue',
    parse: (cursor, bind) => {
      bind.namespace = readNamespace(cursor) ?? bind.namespace;
    },
  },
];

const byName = indexRows('bind option', bindKeywords);
const unsupported = new Set(unsupportedBind);

/** Reads option words from argument `from` on into `bind`. */
export function readBindWords(line: Line, from: number, bind: BindModel, draft: Draft): void {
  readMoreBindWords(line, from, { bind, tls: freshBindSsl(), tlsOn: false }, draft);
}

/** The same, on top of what earlier lines said. */
export function readMoreBindWords(line: Line, from: number, to: BindDraft, draft: Draft): void {
  to.bind.ssl = to.tls;
  for (let index = from; index < line.count; ) {
    const word = line.arg(index);
    const row = byName.get(word);
    if (row === undefined) {
      reportUnknown(line, index, word);
      break;
    }
    if (word === 'ssl') to.tlsOn = true;
    row.parse({ line, index }, to.bind, draft);
    index += 1 + row.takes;
  }
  if (!to.tlsOn) to.bind.ssl = null;
  else useBindDefaults(to.tls, draft.global.ssl);
}

function reportUnknown(line: Line, index: number, word: string): void {
  const instead = obsoleteBind[word];
  if (instead !== undefined) {
    line.alert(index, `'${word}' is not supported anymore, ${instead}.`);
    return;
  }
  if (unsupported.has(word)) {
    line.notSupported(index, word);
    return;
  }
  const near = nearestWord(word, [...byName.keys(), ...unsupported]);
  const hint = near === '' ? '' : `did you mean '${near}' maybe ?`;
  line.alert(index, `'${line.name} ${line.arg(0)}' unknown keyword '${word}'`, hint);
}
