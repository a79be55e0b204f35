// Reads values of the Forwarded header (RFC 7239): parameters, nodes, names and ports of nodes.
// Pure; proxy thread; called by forwarded.ts. A value that is not understood in full is not to be
// trusted: there is no partial answer.

import { parseIpv4, parseIpv6 } from '../address.ts';

/** A node: `name[:port]` of a `for` or `by` parameter. */
export interface ForwardedNode {
  /** 'unknown', or an identifier with its underscore; '' for an address. */
  name: string;
  /** An IPv4 address, -1 for none. */
  ipv4: number;
  /** Sixteen bytes of an IPv6 address, '' for none. */
  ipv6: string;
  /** The port, -1: none, or an identifier. */
  port: number;
  /** An identifier in place of a port, with its underscore; '' for none. */
  portName: string;
}

const node: ForwardedNode = { name: '', ipv4: -1, ipv6: '', port: -1, portName: '' };

const nodeParts = /^(?:(unknown|_[A-Za-z0-9._-]+)|([0-9.]+)|\[([0-9A-Za-z:]+)\])(?::(.*))?$/s;

/** The node that `text` is, null: none. The object is reused by the next call. */
export function forwardedNode(text: string): ForwardedNode | null {
  const found = nodeParts.exec(text);
  if (found === null) return null;
  const [, name = '', ipv4, ipv6, port] = found;
  node.name = name;
  node.ipv4 = ipv4 === undefined ? -1 : parseIpv4(ipv4);
  node.ipv6 = ipv6 === undefined ? '' : parseIpv6(ipv6);
  if (name === '' && node.ipv4 < 0 && node.ipv6 === '') return null;
  node.port = -1;
  node.portName = '';
  return port === undefined || takePort(port) ? node : null;
}

function takePort(text: string): boolean {
  if (/^_[A-Za-z0-9._-]+$/.test(text)) {
    node.portName = text;
    return true;
  }
  const port = portNumber(text);
  if (port > 0) node.port = port;
  return port > 0;
}

/** 1 to 65535, else -1. */
function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  return port > 0 && port <= 65_535 ? port : -1;
}

/** Letters of an obfuscated identifier behind its underscore (RFC 7239 6.3). */
export const isObfuscated = (text: string): boolean => /^[A-Za-z0-9._-]+$/.test(text);

/** Parameters, in the order of their positions in `forwardedFields`. */
export const forwardedNames = ['for', 'by', 'host', 'proto'] as const;
const values = ['', '', '', ''];

const parameter = /(for|by|host|proto)=(?:"([^"]*)"|([^";]*))(;|$)/y;

/**
 * The four parameters of a header of one element, '' for those it has not; null: the value is not
 * valid. Names are taken in lower case only, as HAProxy does. The array is reused by the next call.
 */
export function forwardedFields(text: string): readonly string[] | null {
  for (let i = 0; i < values.length; i++) values[i] = '';
  if (text === '') return null;
  for (let at = 0; at < text.length; ) {
    parameter.lastIndex = at;
    const found = parameter.exec(text);
    if (found === null) return null;
    const [whole, name, quoted, bare, separator] = found;
    const index = forwardedNames.indexOf(name as (typeof forwardedNames)[number]);
    if (values[index] !== '' || !isValid(name, quoted, bare)) return null;
    values[index] = quoted ?? bare;
    at += whole.length;
    if (separator === ';' && at === text.length) return null;
  }
  return values;
}

/** Without quotes neither ports nor IPv6 addresses may be written; `proto` takes no quotes. */
function isValid(name: string, quoted: string | undefined, bare: string | undefined): boolean {
  if (name === 'proto') return bare === 'http' || bare === 'https';
  if (bare !== undefined && /[:[]/.test(bare)) return false;
  const value = quoted ?? bare ?? '';
  return name === 'host' ? isHost(value) : forwardedNode(value) !== null;
}

const hostParts = /^(?:\[([0-9A-Za-z:]+)\]|[A-Za-z0-9._-]+)(?::(\d+))?$/;

/** Hyphens and underscores are part of names: HAProxy refuses them here, its manual does not. */
function isHost(text: string): boolean {
  const found = hostParts.exec(text);
  if (found === null) return false;
  const [, ipv6, port] = found;
  if (ipv6 !== undefined && parseIpv6(ipv6) === '') return false;
  return port === undefined || portNumber(port) > 0;
}
