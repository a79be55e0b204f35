// The address grammar of bind, server, source, log and friends (manual 4.2 "bind", 11.x), and
// networks with masks. Text to plain data; names are not resolved here. Called by shared/config.
// Never opens a socket, never throws.

import { isIPv4, isIPv6 } from 'node:net';

export type AddressFamily =
  | 'ipv4'
  | 'ipv6'
  | 'unix'
  | 'abns'
  | 'abnsz'
  | 'fd'
  | 'sockpair'
  /** Reverse HTTP: `host` is BACKEND/SERVER on bind lines, nothing on servers. */
  | 'rhttp'
  | 'unspecified';

export interface ParsedAddress {
  /** 'unspecified': `host` is a name that must be resolved first. */
  readonly family: AddressFamily;
  readonly socket: 'stream' | 'dgram';
  /** Number without brackets, path, abstract name or host name; '' for any address. */
  readonly host: string;
  readonly portLow: number;
  readonly portHigh: number;
  /** The port was written `+N`, `-N` (then `portLow` may be negative). */
  readonly portOffset: boolean;
  /** A port was written. */
  readonly hasPort: boolean;
  readonly fd: number;
}

/** What the caller accepts. All default to no, `stream` to yes. */
export interface AddressRules {
  readonly port?: boolean;
  readonly portNeeded?: boolean;
  readonly portRange?: boolean;
  readonly portOffset?: boolean;
  readonly fd?: boolean;
  readonly reverse?: boolean;
  readonly stream?: boolean;
  readonly dgram?: boolean;
  readonly defaultDgram?: boolean;
  /** Host names are acceptable. */
  readonly names?: boolean;
  /** What `$name` and `${name}` stand for, nothing when unknown; without it they are text. */
  readonly variables?: ReadonlyMap<string, string>;
  /** Put before unix paths (`unix-bind prefix`). */
  readonly pathPrefix?: string;
}

export type AddressResult =
  | { readonly address: ParsedAddress; readonly error: '' }
  | { readonly address: null; readonly error: string };

interface Prefix {
  readonly family: AddressFamily | 'unix';
  readonly socket?: 'stream' | 'dgram';
  /** What is known but does not work yet, for the message. */
  readonly missing?: string;
}

const prefixes: ReadonlyMap<string, Prefix> = new Map(
  Object.entries({
    'unix@': { family: 'unix' },
    'uxdg@': { family: 'unix', socket: 'dgram' },
    'uxst@': { family: 'unix', socket: 'stream' },
    'abns@': { family: 'abns' },
    'abnsz@': { family: 'abnsz' },
    'ip@': { family: 'unspecified' },
    'ipv4@': { family: 'ipv4' },
    'ipv6@': { family: 'ipv6' },
    'tcp@': { family: 'unspecified', socket: 'stream' },
    'tcp4@': { family: 'ipv4', socket: 'stream' },
    'tcp6@': { family: 'ipv6', socket: 'stream' },
    'udp@': { family: 'unspecified', socket: 'dgram' },
    'udp4@': { family: 'ipv4', socket: 'dgram' },
    'udp6@': { family: 'ipv6', socket: 'dgram' },
    'fd@': { family: 'fd' },
    'sockpair@': { family: 'sockpair' },
    'mptcp@': { family: 'unspecified', missing: 'multipath TCP' },
    'mptcp4@': { family: 'ipv4', missing: 'multipath TCP' },
    'mptcp6@': { family: 'ipv6', missing: 'multipath TCP' },
    'quic4@': { family: 'ipv4', missing: 'QUIC' },
    'quic6@': { family: 'ipv6', missing: 'QUIC' },
    'rhttp@': { family: 'rhttp' },
  } satisfies Record<string, Prefix>),
);

interface Head {
  readonly family: AddressFamily;
  readonly socket: 'stream' | 'dgram';
  readonly rest: string;
}

const fault = (error: string): AddressResult => ({ address: null, error });

const reference = /\$(?:\{([A-Za-z0-9_]*)\}?|([A-Za-z0-9_]*))/g;

/** Parses one address. Variables in it are replaced even where the line's quoting left them. */
export function parseAddress(written: string, rules: AddressRules): AddressResult {
  const { variables } = rules;
  const text =
    variables === undefined || !written.includes('$')
      ? written
      : written.replace(reference, (_, braced?: string, bare?: string) => {
          return variables.get(braced ?? bare ?? '') ?? '';
        });
  if (text === '') {
    return fault("'' resolves to an empty address (environment variable missing?)");
  }
  const head = readHead(text, rules);
  if (typeof head === 'string') return fault(head);
  if (head.socket === 'stream' && rules.stream === false) {
    return fault(`stream-type address not acceptable in '${text}'`);
  }
  if (head.socket === 'dgram' && rules.dgram !== true) {
    return fault(`dgram-type address not acceptable in '${text}'`);
  }
  if (head.family === 'fd' || head.family === 'sockpair') return parseDescriptor(text, head, rules);
  if (head.family === 'rhttp') {
    if (rules.reverse !== true) return fault(`reverse HTTP is not acceptable here in '${text}'`);
    return whole({ ...blank, family: 'rhttp', host: head.rest });
  }
  if (head.family === 'unix' || head.family === 'abns' || head.family === 'abnsz') {
    return parsePath(text, head, rules);
  }
  return parseInternet(text, head, rules);
}

/** Splits a comma list (`bind` addresses), each with its own prefix and ports. */
export function splitAddresses(text: string): string[] {
  return text.split(',');
}

function readHead(text: string, rules: AddressRules): Head | string {
  let socket: 'stream' | 'dgram' =
    rules.dgram === true && (rules.stream === false || rules.defaultDgram === true)
      ? 'dgram'
      : 'stream';
  let rest = text;
  const plus = rest.includes('+') ? /^(stream|dgram|quic)\+/.exec(rest) : null;
  if (plus !== null) {
    if (plus[1] === 'quic') return `QUIC is not supported yet in address '${text}'`;
    socket = plus[1] as 'stream' | 'dgram';
    rest = rest.slice(plus[0].length);
  }
  const at = rest.indexOf('@');
  const prefix = at < 0 ? undefined : prefixes.get(rest.slice(0, at + 1));
  if (prefix === undefined) {
    return { family: rest.startsWith('/') ? 'unix' : 'unspecified', socket, rest };
  }
  if (prefix.missing !== undefined) {
    return `${prefix.missing} is not supported yet in address '${text}'`;
  }
  return { family: prefix.family, socket: prefix.socket ?? socket, rest: rest.slice(at + 1) };
}

function parseDescriptor(text: string, head: Head, rules: AddressRules): AddressResult {
  if (!/^\d+$/.test(head.rest)) {
    return fault(`file descriptor '${head.rest}' is not a valid integer in '${text}'`);
  }
  if (rules.fd !== true) return fault(`a file descriptor is not acceptable here in '${text}'`);
  const fd = Number(head.rest);
  return whole({ ...blank, family: head.family, socket: head.socket, fd });
}

/** Bytes of sun_path that a path may use: the rest is kept for temporary names, as HAProxy does. */
const pathMax = 97;
const abstractMax = 107;

function parsePath(text: string, head: Head, rules: AddressRules): AddressResult {
  const abstract = head.family !== 'unix';
  const prefix = abstract ? '' : (rules.pathPrefix ?? '');
  const max = abstract ? abstractMax : pathMax - prefix.length;
  if (head.rest.length > max) return fault(`socket path '${text}' too long (max ${max})`);
  return whole({ ...blank, family: head.family, socket: head.socket, host: prefix + head.rest });
}

const blank: ParsedAddress = {
  family: 'unspecified',
  socket: 'stream',
  host: '',
  portLow: 0,
  portHigh: 0,
  portOffset: false,
  hasPort: false,
  fd: -1,
};

const whole = (address: ParsedAddress): AddressResult => ({ address, error: '' });

function parseInternet(text: string, head: Head, rules: AddressRules): AddressResult {
  const colon = portColon(head.rest);
  const host = colon < 0 ? head.rest : head.rest.slice(0, colon);
  if (colon < 0 && rules.portNeeded === true) {
    return fault(`missing port specification in '${text}'`);
  }
  if (colon >= 0 && rules.port !== true) {
    return fault(`port specification not permitted here in '${text}'`);
  }
  const ports = parsePorts(colon < 0 ? '' : head.rest.slice(colon + 1), text, rules);
  if (typeof ports === 'string') return fault(ports);
  const found = parseHost(host, head.family, rules.names === true);
  if (found === null) return fault(`invalid address: '${host}' in '${text}'`);
  return whole({ ...blank, ...ports, ...found, socket: head.socket });
}

/** Where the colon before the port is, -1 for none: the last colon unless a bracket follows it. */
function portColon(rest: string): number {
  const colon = rest.lastIndexOf(':');
  return colon < rest.lastIndexOf(']') ? -1 : colon;
}

function parseHost(
  text: string,
  family: AddressFamily,
  names: boolean,
): { family: AddressFamily; host: string } | null {
  if (text === '' || text === '*') return { family: family === 'ipv6' ? 'ipv6' : 'ipv4', host: '' };
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (family !== 'ipv6' && bare === text && isIPv4(bare)) return { family: 'ipv4', host: bare };
  if (family !== 'ipv4' && isIPv6(bare) && !bare.includes('%')) {
    return { family: 'ipv6', host: bare === '::' ? '' : bare };
  }
  if (!names || isIPv4(bare) || isIPv6(bare) || bare !== text) return null;
  return /^[\w.-]+$/.test(text) ? { family: 'unspecified', host: text } : null;
}

type Ports = Pick<ParsedAddress, 'portLow' | 'portHigh' | 'portOffset' | 'hasPort'>;

function parsePorts(text: string, whole: string, rules: AddressRules): Ports | string {
  if (text === '') {
    if (rules.portNeeded === true) return `missing port specification in '${whole}'`;
    return { portLow: 0, portHigh: 0, portOffset: false, hasPort: false };
  }
  const bad = /[^\d+-]/.exec(text);
  if (bad !== null) return `invalid character '${bad[0]}' in port number '${text}' in '${whole}'`;
  if (/^[+-]/.test(text)) return parseOffset(text, whole, rules);
  const [first, second] = text.split('-', 2);
  if (second !== undefined && rules.portRange !== true) {
    return `port range not permitted here in '${whole}'`;
  }
  const portLow = Number(first);
  const portHigh = Number(second ?? first);
  const least = rules.portNeeded === true ? 1 : 0;
  if (!(portLow >= least && portLow <= 65535)) return `invalid port '${first}'`;
  if (second === '' || !(portHigh >= least && portHigh <= 65535)) return `invalid port '${second}'`;
  if (portLow > portHigh) return `invalid port range '${portLow}-${portHigh}'`;
  return { portLow, portHigh, portOffset: false, hasPort: true };
}

function parseOffset(text: string, whole: string, rules: AddressRules): Ports | string {
  if (rules.portOffset !== true) return `port offset not permitted here in '${whole}'`;
  const offset = Number(text);
  if (!Number.isInteger(offset) || Math.abs(offset) > 65535) return `invalid port '${text}'`;
  return { portLow: offset, portHigh: offset, portOffset: true, hasPort: true };
}

export interface Network {
  readonly host: string;
  readonly bits: number;
}

/** `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `::1`, `2001:db8::/32`. null when it is none of these. */
export function parseNetwork(text: string): Network | null {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const wide = isIPv4(host) ? 32 : isIPv6(host) ? 128 : 0;
  if (wide === 0) return null;
  if (slash < 0) return { host, bits: wide };
  const mask = text.slice(slash + 1);
  if (/^\d{1,3}$/.test(mask)) return Number(mask) <= wide ? { host, bits: Number(mask) } : null;
  if (wide !== 32 || !isIPv4(mask)) return null;
  const bits = maskBits(mask);
  return bits < 0 ? null : { host, bits };
}

/** Length of a dotted mask, -1 when its ones are not together. */
function maskBits(mask: string): number {
  const [a, b, c, d] = mask.split('.').map(Number);
  const value = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const zeros = ~value >>> 0;
  return (zeros & (zeros + 1)) === 0 ? Math.clz32(zeros) : -1;
}
