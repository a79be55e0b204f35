// Socket addresses: between plain data and the kernel's sockaddr, and what a sockaddr says without
// making a string. Called wherever a `SocketAddress` is filled or read. Resolves no names.
//
//   sockaddr_in   0 family (host order), 2 port, 4 address; 16 bytes (port and address big endian)
//   sockaddr_in6  0 family, 2 port, 4 flow, 8 address, 24 scope; 28 bytes
//   sockaddr_un   0 family, 2 path; a path ends with NUL, an abstract name begins with one

import { isIPv6 } from 'node:net';
import { AF_INET, AF_INET6, AF_UNIX } from './constants.ts';
import type { SocketAddress } from './sys.ts';

/**
 * `abns` names are padded with NULs to all of sun_path, `abnsz` names end where they end (manual
 * 4.2, "bind"): to the kernel "abns@x" and "abnsz@x" are two addresses.
 */
export type SocketFamily = 'ipv4' | 'ipv6' | 'unix' | 'abns' | 'abnsz';

/** `host`: a number (not a name; '' for any address), a path or an abstract name. */
export interface NamedAddress {
  readonly family: SocketFamily;
  readonly host: string;
  readonly port: number;
}

const IPV4_BYTES = 16;
const IPV6_BYTES = 28;
const PATH_AT = 2;
/** sizeof(sun_path). */
export const UNIX_PATH_BYTES = 108;
const UNIX_BYTES = PATH_AT + UNIX_PATH_BYTES;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Fills `into`. False, and `into` unchanged, when `host` is no number or too long a path. */
export function encodeAddress(from: NamedAddress, into: SocketAddress): boolean {
  if (from.family === 'ipv4') return encodeIpv4(from, into);
  if (from.family === 'ipv6') return encodeIpv6(from, into);
  return encodeUnix(from, into);
}

function encodeIpv4(from: NamedAddress, into: SocketAddress): boolean {
  const value = from.host === '' ? 0 : parseIpv4(from.host);
  if (value < 0) return false;
  putIpv4(value, from.port, into);
  return true;
}

/** Fills `into` from a number (host order) and a port; makes no string and no object. */
export function putIpv4(value: number, port: number, into: SocketAddress): void {
  const bytes = into.region.bytes;
  begin(bytes, AF_INET, port, IPV4_BYTES);
  bytes[4] = value >>> 24;
  bytes[5] = value >>> 16;
  bytes[6] = value >>> 8;
  bytes[7] = value;
  into.length = IPV4_BYTES;
}

/** Fills `into` from the 16 address bytes at `at` of `from`. */
export function putIpv6(from: Uint8Array, at: number, port: number, into: SocketAddress): void {
  const bytes = into.region.bytes;
  begin(bytes, AF_INET6, port, IPV6_BYTES);
  for (let i = 0; i < 16; i++) bytes[8 + i] = from[at + i]!;
  into.length = IPV6_BYTES;
}

function encodeIpv6(from: NamedAddress, into: SocketAddress): boolean {
  const address = new Uint8Array(16);
  if (from.host !== '' && !parseIpv6(from.host, address, 0)) return false;
  putIpv6(address, 0, from.port, into);
  return true;
}

function encodeUnix(from: NamedAddress, into: SocketAddress): boolean {
  const name = encoder.encode(from.host);
  const isPath = from.family === 'unix';
  // Either way one byte is taken: the NUL that ends a path, or the one that begins a name.
  if (name.length === 0 || name.length + 1 > UNIX_PATH_BYTES) return false;
  if (isPath && name.includes(0)) return false;
  const bytes = into.region.bytes;
  begin(bytes, AF_UNIX, 0, UNIX_BYTES);
  bytes.set(name, isPath ? PATH_AT : PATH_AT + 1);
  into.length = from.family === 'abns' ? UNIX_BYTES : PATH_AT + 1 + name.length;
  return true;
}

function begin(bytes: Uint8Array, family: number, port: number, length: number): void {
  // Not fill(): a call of the runtime costs more than these few bytes.
  for (let i = 0; i < length; i++) bytes[i] = 0;
  bytes[0] = family;
  bytes[2] = port >>> 8;
  bytes[3] = port;
}

/** The opposite of `encodeAddress`; null for another family or no address at all. */
export function decodeAddress(from: SocketAddress): NamedAddress | null {
  const family = familyOf(from);
  if (family === AF_INET) return { family: 'ipv4', host: formatHost(from), port: portOf(from) };
  if (family === AF_INET6) return { family: 'ipv6', host: formatHost(from), port: portOf(from) };
  if (family !== AF_UNIX) return null;
  const abstract = from.length > PATH_AT && from.region.bytes[PATH_AT] === 0;
  if (!abstract) return { family: 'unix', host: formatHost(from), port: 0 };
  const padded = from.length === UNIX_BYTES;
  return { family: padded ? 'abns' : 'abnsz', host: formatHost(from), port: 0 };
}

/** AF_INET, AF_INET6, AF_UNIX or AF_UNSPEC. */
export function familyOf(address: SocketAddress): number {
  return address.length < 2 ? 0 : address.region.bytes[0]! | (address.region.bytes[1]! << 8);
}

/** The port, 0 where the family has none. */
export function portOf(address: SocketAddress): number {
  const bytes = address.region.bytes;
  const family = familyOf(address);
  return family === AF_INET || family === AF_INET6 ? (bytes[2]! << 8) | bytes[3]! : 0;
}

/** Writes the port of an IPv4 or IPv6 address. */
export function setPort(address: SocketAddress, port: number): void {
  address.region.bytes[2] = port >>> 8;
  address.region.bytes[3] = port;
}

/** The IPv4 address as an unsigned number, also of an IPv4-mapped IPv6 address; else -1. */
export function ipv4Of(address: SocketAddress): number {
  const bytes = address.region.bytes;
  const family = familyOf(address);
  if (family === AF_INET) return readIpv4(bytes, 4);
  if (family === AF_INET6 && isMapped(bytes, 8)) return readIpv4(bytes, 20);
  return -1;
}

/** Index in `region.bytes` of the 16 bytes of an IPv6 address. */
export const IPV6_AT = 8;

/** True when both name the same peer: family, address, port and path. */
export function sameAddress(a: SocketAddress, b: SocketAddress): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a.region.bytes[i] !== b.region.bytes[i]) return false;
  }
  return true;
}

/** The host alone: 192.0.2.1, 2001:db8::1, a path, an abstract name; '' for no address. */
export function formatHost(address: SocketAddress): string {
  const bytes = address.region.bytes;
  const family = familyOf(address);
  if (family === AF_INET) return formatIpv4(readIpv4(bytes, 4));
  if (family === AF_INET6) return formatIpv6(bytes, IPV6_AT);
  if (family !== AF_UNIX || address.length <= PATH_AT) return '';
  const start = bytes[PATH_AT] === 0 ? PATH_AT + 1 : PATH_AT;
  let end = start;
  while (end < address.length && end < UNIX_BYTES && bytes[end] !== 0) end++;
  return decoder.decode(bytes.subarray(start, end));
}

/** host:port without brackets, also for IPv6 (HAProxy's form); `unix:PATH` or `abns@NAME`. */
export function formatPeer(address: SocketAddress): string {
  if (familyOf(address) !== AF_UNIX) return `${formatHost(address)}:${portOf(address)}`;
  const abstract = address.length > PATH_AT && address.region.bytes[PATH_AT] === 0;
  return `${abstract ? 'abns@' : 'unix:'}${formatHost(address)}`;
}

const octets: readonly string[] = Array.from({ length: 256 }, (_, value) => String(value));

/** The dotted form of an unsigned number. */
export function formatIpv4(value: number): string {
  const high = `${octets[value >>> 24]}.${octets[(value >>> 16) & 255]}`;
  return `${high}.${octets[(value >>> 8) & 255]}.${octets[value & 255]}`;
}

function readIpv4(bytes: Uint8Array, at: number): number {
  const low = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return ((bytes[at]! << 24) | low) >>> 0;
}

function isMapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 255 && bytes[at + 11] === 255;
}

/** Four decimal numbers as an unsigned number, -1 for anything else (inet_pton's strictness). */
export function parseIpv4(text: string): number {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === dot) {
      if (digits === 0 || dots === 3) return -1;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      dots++;
      continue;
    }
    const isLeadingZero = digits > 0 && octet === 0;
    if (code < digitZero || code > digitNine || isLeadingZero) return -1;
    octet = octet * 10 + code - digitZero;
    if (octet > 255) return -1;
    digits++;
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : -1;
}

const dot = 46;
const digitZero = 48;
const digitNine = 57;

/** Writes the 16 bytes of an IPv6 number at `at`. False for anything else, also with a zone. */
export function parseIpv6(text: string, into: Uint8Array, at: number): boolean {
  if (!isIPv6(text) || text.includes('%')) return false;
  const [head = '', tail] = text.split('::');
  const front = readGroups(head);
  const back = tail === undefined ? [] : readGroups(tail);
  into.fill(0, at, at + 16);
  for (let i = 0; i < front.length; i++) putGroup(into, at + 2 * i, front[i]!);
  const backAt = at + 16 - 2 * back.length;
  for (let i = 0; i < back.length; i++) putGroup(into, backAt + 2 * i, back[i]!);
  return true;
}

function readGroups(text: string): number[] {
  if (text === '') return [];
  const groups: number[] = [];
  for (const part of text.split(':')) {
    if (part.includes('.')) {
      const value = parseIpv4(part);
      groups.push(value >>> 16, value & 0xffff);
    } else {
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function putGroup(into: Uint8Array, at: number, group: number): void {
  into[at] = group >>> 8;
  into[at + 1] = group;
}

/**
 * The text form of 16 bytes: RFC 5952, with the last four bytes dotted where inet_ntop dots them
 * (mapped addresses, RFC 5952 section 5, and the old compatible ones).
 */
export function formatIpv6(bytes: Uint8Array, at: number): string {
  let runAt = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groupAt(bytes, at, i + length) === 0) length++;
    if (length > runLength) {
      runAt = i;
      runLength = length;
    }
    i += length;
  }
  if (runAt === 0 && (runLength === 6 || (runLength === 5 && isMapped(bytes, at)))) {
    const dotted = formatIpv4(readIpv4(bytes, at + 12));
    return runLength === 6 ? `::${dotted}` : `::ffff:${dotted}`;
  }
  if (runAt < 0) return joinGroups(bytes, at, 0, 8);
  const front = joinGroups(bytes, at, 0, runAt);
  return `${front}::${joinGroups(bytes, at, runAt + runLength, 8)}`;
}

function joinGroups(bytes: Uint8Array, at: number, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) {
    text += `${i > from ? ':' : ''}${groupAt(bytes, at, i).toString(16)}`;
  }
  return text;
}

function groupAt(bytes: Uint8Array, at: number, index: number): number {
  return (bytes[at + 2 * index]! << 8) | bytes[at + 2 * index + 1]!;
}
