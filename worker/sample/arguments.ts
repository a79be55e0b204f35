// Reads what stands between the parentheses of a fetch or converter (manual 7.3): quoting, types,
// names turned into indexes. Start only. Never throws: a fault is a message, the caller says where.

import { tableIndexOf } from '../../shared/config/stick-tables.ts';
import type { Model } from '../../shared/config/model.ts';
import { parseSize, parseTime } from '../../shared/units.ts';
import type { ArgumentDef, ArgumentType, ArgumentValue } from '../keyword.ts';
import { compileRegex } from '../match/regex.ts';
import { parseIpv4, parseIpv6, parseMask4, parseMask6 } from './address.ts';
import { parseInt64 } from './int64.ts';
import { parseVariableName } from './variables.ts';

/** What names are resolved against. */
export interface ArgumentNames {
  readonly model: Model;
  /** Index of the proxy the line belongs to, -1: none. */
  readonly proxyIndex: number;
  frontendIndex(name: string): number;
  backendIndex(name: string): number;
  /** The configuration names this server or backend, so it must stay. Absent: nobody cares. */
  refer?(kind: 'server' | 'backend', value: number): void;
}

interface ParsedArguments {
  readonly values: readonly ArgumentValue[];
  /** First character behind the closing parenthesis. */
  readonly end: number;
  /** '' or what is wrong. */
  readonly fault: string;
  /** 1-based number of the argument at fault. */
  readonly position: number;
}

/** Servers travel as one number: see serverProxyIndex and serverIndex. */
/** A server argument is proxy index times this, plus server index. */
export const serverStride = 1 << 20;
export const serverProxyIndex = (value: number): number => Math.floor(value / serverStride);
/** Position of the server in its proxy. */
export const serverIndex = (value: number): number => value % serverStride;

/** Names of the types in messages and lists. */
const argumentTypeNames: Readonly<Record<ArgumentType, string>> = {
  string: 'string',
  sint: 'integer',
  time: 'delay',
  size: 'size',
  ipv4: 'IPv4 address',
  ipv6: 'IPv6 address',
  address: 'address',
  mask4: 'IPv4 mask',
  mask6: 'IPv6 mask',
  frontend: 'frontend',
  backend: 'backend',
  server: 'server',
  table: 'table',
  userlist: 'user list',
  variable: 'string',
  regex: 'regex',
  'field-path': 'Protocol buffers field number',
  any: 'string',
};

/** Arguments before the first optional one. */
function neededCount(defs: readonly ArgumentDef[]): number {
  const first = defs.findIndex((def) => def.optional === true);
  return first < 0 ? defs.length : first;
}

const failed = (fault: string, position: number): ParsedArguments => ({
  values: [],
  end: 0,
  fault,
  position,
});

/** Parses the arguments that start at `at` of `text`, where a parenthesis may stand. */
export function parseArguments(
  text: string,
  at: number,
  defs: readonly ArgumentDef[],
  names: ArgumentNames,
): ParsedArguments {
  const open = text[at] === '(';
  const needed = neededCount(defs);
  if (!open && needed === 0) return { values: [], end: at, fault: '', position: 0 };
  const values: ArgumentValue[] = [];
  let cursor = open ? at + 1 : at;
  while (values.length < defs.length) {
    const raw = open ? readArgument(text, cursor) : { value: '', end: cursor };
    cursor = raw.end;
    const position = values.length + 1;
    const { type } = defs[values.length];
    if (raw.value === '' && !allowsEmpty.has(type)) {
      if (values.length >= needed) break;
      return failed(
        `expected type '${argumentTypeNames[type]}' at position ${position}, but got nothing`,
        position,
      );
    }
    const value = argumentReaders[type](raw.value, names);
    if (value instanceof Fault) {
      const typed = `as type '${argumentTypeNames[type]}' at position ${position}`;
      const why = value.why === '' ? `failed to parse '${raw.value}' ${typed}` : value.why;
      return failed(why, position);
    }
    values.push(value);
    if (!open || text[cursor] !== ',' || values.length === defs.length) break;
    cursor++;
  }
  return finish(text, cursor, open, { values, defs, needed });
}

function finish(
  text: string,
  cursor: number,
  open: boolean,
  found: {
    readonly values: ArgumentValue[];
    readonly defs: readonly ArgumentDef[];
    readonly needed: number;
  },
): ParsedArguments {
  const { values, defs, needed } = found;
  if (values.length < needed) {
    const type = argumentTypeNames[defs[values.length].type];
    return failed(
      `missing arguments (got ${values.length}/${needed}), type '${type}' expected`,
      values.length + 1,
    );
  }
  if (!open) return { values, end: cursor, fault: '', position: 0 };
  if (text[cursor] !== ')') {
    const rest = text.slice(cursor);
    return failed(rest === '' ? "expected ')'" : `expected ')' before '${rest}'`, values.length);
  }
  return { values, end: cursor + 1, fault: '', position: 0 };
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  ' ': ' ',
  '"': '"',
  "'": "'",
  r: '\r',
  n: '\n',
  t: '\t',
};

/** One argument: quotes group, a backslash outside single quotes escapes, `,` and `)` end it. */
function readArgument(
  text: string,
  from: number,
): { readonly value: string; readonly end: number } {
  let value = '';
  let quote = '';
  let at = from;
  for (; at < text.length; at++) {
    const letter = text[at];
    if ((letter === '"' || letter === "'") && (quote === '' || quote === letter)) {
      quote = quote === '' ? letter : '';
      continue;
    }
    if (letter === '\\' && quote !== "'" && at + 1 < text.length) {
      const escaped = escapes[text[at + 1]];
      value += escaped ?? '\\';
      if (escaped !== undefined) at++;
      continue;
    }
    if (quote === '' && (letter === ',' || letter === ')')) break;
    value += letter;
  }
  return { value, end: at };
}

/** '' : the standard message. */
class Fault {
  readonly why: string;
  constructor(why = '') {
    this.why = why;
  }
}

type Reader = (text: string, names: ArgumentNames) => ArgumentValue | Fault;

/** Types that take an empty argument: texts, and names that then mean the line's own proxy. */
const allowsEmpty: ReadonlySet<ArgumentType> = new Set([
  'string',
  'any',
  'variable',
  'regex',
  'frontend',
  'backend',
  'server',
  'table',
  'userlist',
]);

const orFault = (value: ArgumentValue | undefined, bad: ArgumentValue): ArgumentValue | Fault =>
  value === undefined || value === bad ? new Fault() : value;

function readAddress(text: string): ArgumentValue | Fault {
  const address = parseIpv4(text);
  return address >= 0 ? address : orFault(parseIpv6(text), '');
}

function readTime(text: string): ArgumentValue | Fault {
  const { value, fault } = parseTime(text, 'ms');
  return fault === '' ? value : new Fault();
}

function readSize(text: string): ArgumentValue | Fault {
  const { value, fault } = parseSize(text);
  return fault === '' ? value : new Fault();
}

function readFrontend(text: string, names: ArgumentNames): ArgumentValue | Fault {
  const index = text === '' ? names.proxyIndex : names.frontendIndex(text);
  if (index < 0) return new Fault(`unable to find frontend '${text}'`);
  const proxy = names.model.proxies[index];
  if (proxy.kind !== 'backend') return index;
  return new Fault(`proxy '${proxy.name}' has not frontend capability`);
}

function readBackend(text: string, names: ArgumentNames): ArgumentValue | Fault {
  const index = text === '' ? names.proxyIndex : names.backendIndex(text);
  if (index < 0) return new Fault(`unable to find backend '${text}'`);
  const proxy = names.model.proxies[index];
  if (text !== '') names.refer?.('backend', index);
  if (proxy.kind !== 'frontend') return index;
  return new Fault(`proxy '${proxy.name}' has not backend capability`);
}

/** `backend/server`, or a server of the line's own proxy. */
function readServer(text: string, names: ArgumentNames): ArgumentValue | Fault {
  if (text === '') return new Fault('missing server name');
  const slash = text.lastIndexOf('/');
  const proxyName = slash < 0 ? '' : text.slice(0, slash);
  const proxyIndex = slash < 0 ? names.proxyIndex : names.backendIndex(proxyName);
  if (proxyIndex < 0) return new Fault(`unable to find proxy '${proxyName}'`);
  const proxy = names.model.proxies[proxyIndex];
  const server = text.slice(slash + 1);
  const index = proxy.servers.findIndex((one) => one.name === server);
  if (index < 0) return new Fault(`unable to find server '${server}' in proxy '${proxy.name}'`);
  const value = proxyIndex * serverStride + index;
  names.refer?.('server', value);
  return value;
}

/** The number of a table; '' : the line's own proxy's. */
function readTable(text: string, { model, proxyIndex }: ArgumentNames): ArgumentValue | Fault {
  const name = text === '' && proxyIndex >= 0 ? model.proxies[proxyIndex].name : text;
  const index = tableIndexOf(model, name);
  return index >= 0 ? index : new Fault(`unable to find table '${name}'`);
}

function readUserlist(text: string, names: ArgumentNames): ArgumentValue | Fault {
  if (text === '') return new Fault('missing userlist name');
  const index = names.model.userlists.findIndex((list) => list.name === text);
  return index < 0 ? new Fault(`unable to find userlist '${text}'`) : index;
}

function readRegex(text: string): ArgumentValue | Fault {
  if (text === '') return new Fault('missing regex');
  const regex = compileRegex(text, { captures: true });
  return typeof regex === 'string' ? new Fault(regex) : regex;
}

/**
 * Scope and characters are checked; the name itself stays: readers and writers ask for its index.
 */
function readVariable(text: string): ArgumentValue | Fault {
  const found = parseVariableName(text);
  return typeof found === 'string' ? new Fault(found) : text;
}

const readText: Reader = (text) => text;

const argumentReaders: Readonly<Record<ArgumentType, Reader>> = {
  string: readText,
  any: readText,
  sint: (text) => parseInt64(text) ?? new Fault(),
  time: readTime,
  size: readSize,
  ipv4: (text) => orFault(parseIpv4(text), -1),
  ipv6: (text) => orFault(parseIpv6(text), ''),
  address: readAddress,
  mask4: (text) => orFault(parseMask4(text), -1),
  mask6: (text) => orFault(parseMask6(text), ''),
  frontend: readFrontend,
  backend: readBackend,
  server: readServer,
  table: readTable,
  userlist: readUserlist,
  variable: readVariable,
  regex: readRegex,
  'field-path': (text) => (/^\d{1,9}(\.\d{1,9})*$/.test(text) ? text : new Fault()),
};
