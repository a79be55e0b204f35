// Fetches of constants, of the process and of time (manual 7.3.2). What is known at start is
// decided at start.

import { randomUUID } from 'node:crypto';
import { hostname as systemHostname } from 'node:os';
import type {
  ArgumentDef,
  ArgumentValue,
  Condition,
  Evaluate,
  FetchDef,
  Scope,
} from '../../keyword.ts';
import { variableReader } from '../variables.ts';
import {
  kindAny,
  kindBinary,
  kindBool,
  kindIpv4,
  kindIpv6,
  kindMethod,
  kindSint,
  kindString,
} from '../sample.ts';
import { plain } from './row.ts';

const always = 'constant';
const internal = 'internal';

const one = (name: string, type: ArgumentDef['type']): readonly ArgumentDef[] => [{ name, type }];
const maybe = (name: string, type: ArgumentDef['type']): readonly ArgumentDef[] => [
  { name, type, optional: true },
];

function buildBool(args: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const word = (args[0] as string).toLowerCase();
  if (word === 'true' || word === '1') return (_stream, out) => out.setBool(true);
  if (word === 'false' || word === '0') return (_stream, out) => out.setBool(false);
  scope.alert(`'${word}' is neither 'true', '1', 'false' nor '0'`);
  return null;
}

function buildBinary(args: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const digits = args[0] as string;
  if (digits === '' || digits.length % 2 !== 0 || /[^0-9A-Fa-f]/.test(digits)) {
    scope.alert(`'${digits}' is not an even number of hexadecimal digits`);
    return null;
  }
  const bytes = Buffer.from(digits, 'hex').toString('latin1');
  return (_stream, out) => out.setBinary(bytes);
}

/** var(name[,default]) */
function buildVar(args: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const [name, fallback] = args as readonly string[];
  const read = variableReader(name, scope);
  if (read === null) return null;
  return (stream, out) => {
    const found = read(stream);
    if (found !== null) {
      out.copy(found);
      return true;
    }
    return fallback !== undefined && out.setText(fallback);
  };
}

/** acl(name,!name,...): all of them. */
function buildAcl(args: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const conditions: Condition[] = [];
  const wanted: number[] = [];
  for (const word of args as readonly string[]) {
    const name = word.replace(/^!+/, '');
    const condition = scope.acl(name);
    if (condition === null) return null;
    conditions.push(condition);
    wanted.push((word.length - name.length) % 2 === 1 ? 0 : 1);
  }
  return (stream, out) => {
    for (let i = 0; i < conditions.length; i++) {
      const result = conditions[i](stream);
      if (result < 0) {
        out.mayChange = true;
        return false;
      }
      if (result !== wanted[i]) return out.setBool(false);
    }
    return out.setBool(true);
  };
}

/** Milliseconds of a moment as seconds, ms or us; null with an alert for another unit. */
function timeScale(unit: string, scope: Scope): ((ms: number) => number) | null {
  if (unit === '' || unit === 's') return (ms) => Math.floor(ms / 1000);
  if (unit === 'ms') return Math.floor;
  if (unit === 'us') return (ms) => Math.floor(ms * 1000);
  scope.alert(`unit '${unit}' is none of 's', 'ms' and 'us'`);
  return null;
}

/** date([offset[,unit]]): the offset is in seconds. */
function buildDate(args: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const offsetMs = Number(args[0] ?? 0) * 1000;
  const scale = timeScale((args[1] as string | undefined) ?? '', scope);
  if (scale === null) return null;
  return (stream, out) => out.setInt(scale(stream.thread.time.wallMs + offsetMs));
}

function buildAcceptDate(args: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const scale = timeScale((args[0] as string | undefined) ?? '', scope);
  if (scale === null) return null;
  return (stream, out) => out.setInt(scale(stream.session.acceptWallMs));
}

function buildRequestDate(args: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const scale = timeScale((args[0] as string | undefined) ?? '', scope);
  if (scale === null) return null;
  return (stream, out) => {
    const { requestWallMs, acceptWallMs } = stream.times;
    return out.setInt(scale(requestWallMs > 0 ? requestWallMs : acceptWallMs));
  };
}

function buildRand(args: readonly ArgumentValue[]): Evaluate {
  const range = Number(args[0] ?? 4294967296);
  return (stream, out) => out.setInt(Math.floor(stream.thread.random() * range));
}

/** RFC 9562 version 7: 48 bits of time, the rest random. */
function uuid7(wallMs: number): string {
  const time = Math.floor(wallMs).toString(16).padStart(12, '0');
  const random = randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}

function buildUuid(args: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const version = Number(args[0] ?? 4);
  if (version === 4) return (_stream, out) => out.setText(randomUUID());
  if (version === 7) return (stream, out) => out.setText(uuid7(stream.thread.time.wallMs));
  scope.alert(`UUID version ${version} is not supported, 4 and 7 are`);
  return null;
}

function buildHostname(): Evaluate {
  const name = systemHostname();
  return (_stream, out) => out.setText(name);
}

function buildEnvironment(args: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const value = scope.model.global.environment[args[0] as string];
  return (_stream, out) => value !== undefined && out.setText(value);
}

const waitEnd: Evaluate = (stream, out) => {
  if (stream.samplesFinal) return out.setBool(true);
  out.mayChange = true;
  return false;
};

/** Made at the first question if no rule has made it before. */
const uniqueId: Evaluate = (stream, out) => {
  if (stream.uniqueId === '') {
    const format = stream.frontend.uniqueId;
    if (format === null) return false;
    stream.uniqueId = format(stream);
  }
  return out.setText(stream.uniqueId);
};

const activeConnections: Evaluate = (stream, out) => {
  const { connections } = stream.thread;
  return connections !== undefined && out.setInt(connections.ofProcess());
};

/** `acl` takes up to twelve names. */
const aclArgs: readonly ArgumentDef[] = Array.from({ length: 12 }, (_, index) =>
  index === 0 ? { name: 'acl', type: 'string' } : { name: 'acl', type: 'string', optional: true },
);

const startedMs = Date.now() - process.uptime() * 1000;

const constants: readonly FetchDef[] = [
  plain('always_true', [kindBool, always], 'the value true', (_stream, out) => out.setBool(true)),
  plain('always_false', [kindBool, always], 'the value false', (_stream, out) =>
    out.setBool(false),
  ),
  {
    name: 'bool',
    args: one('value', 'string'),
    returns: kindBool,
    reads: always,
    help: 'true or false as written',
    example: 'bool(true)',
    build: buildBool,
  },
  {
    name: 'int',
    args: one('value', 'sint'),
    returns: kindSint,
    reads: always,
    help: 'an integer as written',
    example: 'int(5)',
    build:
      ([value]) =>
      (_stream, out) =>
        out.setInt(value as number),
  },
  {
    name: 'str',
    args: one('text', 'string'),
    returns: kindString,
    reads: always,
    help: 'a text as written',
    example: 'str(abc)',
    build:
      ([text]) =>
      (_stream, out) =>
        out.setText(text as string),
  },
  {
    name: 'bin',
    args: one('digits', 'string'),
    returns: kindBinary,
    reads: always,
    help: 'bytes given as hexadecimal digits',
    example: 'bin(0aff)',
    build: buildBinary,
  },
  {
    name: 'ipv4',
    args: one('address', 'ipv4'),
    returns: kindIpv4,
    reads: always,
    help: 'an IPv4 address as written',
    example: 'ipv4(192.0.2.1)',
    build:
      ([address]) =>
      (_stream, out) =>
        out.setIpv4(address as number),
  },
  {
    name: 'ipv6',
    args: one('address', 'ipv6'),
    returns: kindIpv6,
    reads: always,
    help: 'an IPv6 address as written',
    example: 'ipv6(2001:db8::1)',
    build:
      ([address]) =>
      (_stream, out) =>
        out.setIpv6(address as string),
  },
  {
    name: 'meth',
    args: one('method', 'string'),
    returns: kindMethod,
    reads: always,
    help: 'a method as written',
    example: 'meth(GET)',
    build:
      ([method]) =>
      (_stream, out) =>
        out.setMethod(method as string),
  },
  {
    name: 'env',
    args: one('name', 'string'),
    returns: kindString,
    reads: always,
    help: 'a variable of the environment',
    example: 'env(HOME)',
    build: buildEnvironment,
  },
  {
    name: 'acl',
    args: aclArgs,
    returns: kindBool,
    reads: always,
    help: 'true when all these acls are',
    example: 'acl(TRUE,!FALSE)',
    build: buildAcl,
  },
  {
    name: 'var',
    args: [
      { name: 'name', type: 'variable' },
      { name: 'default', type: 'string', optional: true },
    ],
    returns: kindAny,
    reads: always,
    help: 'a variable, or the default',
    example: 'var(txn.a,none)',
    build: buildVar,
  },
];

const moments: readonly FetchDef[] = [
  {
    name: 'date',
    args: [...maybe('offset', 'sint'), ...maybe('unit', 'string')],
    returns: kindSint,
    reads: always,
    help: 'the time now since the epoch, in s, ms or us',
    example: 'date(-60,ms)',
    build: buildDate,
  },
  plain('date_us', [kindSint, always], 'microseconds within this second', (stream, out) =>
    out.setInt(Math.floor((stream.thread.time.wallMs % 1000) * 1000)),
  ),
  {
    name: 'accept_date',
    args: maybe('unit', 'string'),
    returns: kindSint,
    reads: 'client-address',
    help: 'when the connection was accepted',
    example: 'accept_date(ms)',
    build: buildAcceptDate,
  },
  {
    name: 'request_date',
    args: maybe('unit', 'string'),
    returns: kindSint,
    reads: 'request',
    help: 'when the request began',
    example: 'request_date(ms)',
    build: buildRequestDate,
  },
  plain('uptime', [kindSint, always], 'seconds since this process started', (stream, out) =>
    out.setInt(Math.floor((stream.thread.time.wallMs - startedMs) / 1000)),
  ),
  {
    name: 'rand',
    args: maybe('range', 'sint'),
    returns: kindSint,
    reads: always,
    help: 'a random integer below the range',
    example: 'rand(100)',
    build: buildRand,
  },
  {
    name: 'uuid',
    args: maybe('version', 'sint'),
    returns: kindString,
    reads: always,
    help: 'a random UUID, version 4 or 7',
    example: 'uuid(7)',
    build: buildUuid,
  },
];

const ofProcess: readonly FetchDef[] = [
  {
    ...plain('hostname', [kindString, always], 'name of this machine', () => false),
    build: buildHostname,
  },
  plain('nbproc', [kindSint, always], 'number of processes: 1', (_stream, out) => out.setInt(1)),
  plain('proc', [kindSint, always], 'number of this process: 1', (_stream, out) => out.setInt(1)),
  plain('pid', [kindSint, always], 'process id', (_stream, out) => out.setInt(process.pid)),
  plain('thread', [kindSint, always], 'number of this thread, from 0', (stream, out) =>
    out.setInt(stream.thread.index),
  ),
  plain('tgroup', [kindSint, always], 'group of this thread, from 0', ({ thread }, out) =>
    out.setInt(thread.group?.index ?? 0),
  ),
  plain('stopping', [kindBool, internal], 'a soft stop has begun', (stream, out) =>
    out.setBool(stream.thread.stopping),
  ),
  plain('quic_enabled', [kindBool, always], 'QUIC is in use: no', (_stream, out) =>
    out.setBool(false),
  ),
  plain('act_conn', [kindSint, always], 'client connections of this process', activeConnections),
  plain('wait_end', [kindBool, internal], 'true once inspection is over', waitEnd),
  plain('unique-id', [kindString, always], 'the unique id of this request', uniqueId),
  plain('prio_class', [kindSint, internal], 'priority class in queues', (stream, out) =>
    out.setInt(stream.priorityClass),
  ),
  plain('prio_offset', [kindSint, internal], 'priority offset in queues', (stream, out) =>
    out.setInt(stream.priorityOffset),
  ),
];

export const internals: readonly FetchDef[] = [...constants, ...moments, ...ofProcess];
