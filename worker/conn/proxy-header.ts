// The PROXY protocol's headers, versions 1 and 2, as bytes: read from clients, written to servers
// (proxy-protocol.txt sections 2.1 and 2.2). Pure: opens nothing, waits for nothing.

import { formatIpv6, parseIpv4, parseIpv6 } from '../../shared/sys/sockaddr.ts';
import { latin1, writeLatin1 } from '../http/message.ts';
import { crc32c } from '../../shared/hash.ts';
import { Endpoint, familyIpv4, familyIpv6, ipv4Text } from './endpoint.ts';
import {
  faultProxyBadHeader,
  faultProxyBadProtocol,
  faultProxyNotHeader,
  faultProxyTruncated,
} from './fault.ts';

/** One type-length-value of version 2; `value` has one character per byte. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: string;
}

/** TLV types this program reads or writes (2.2 and its subsections). */
export const tlvAlpn = 0x01;
export const tlvAuthority = 0x02;
export const tlvCrc32c = 0x03;
export const tlvUniqueId = 0x05;
export const tlvSsl = 0x20;
export const tlvNamespace = 0x30;

/** What a header said. */
export class ProxyHeader {
  /** False (LOCAL, UNKNOWN, unix, UDP): the connection's own addresses stay. */
  hasAddresses: boolean;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  tlvs: ProxyTlv[];
  /** No header longer than this can be received. */
  readonly bytesMax: number;

  constructor(bytesMax = 65_551) {
    this.bytesMax = bytesMax;
    this.hasAddresses = false;
    this.source = new Endpoint();
    this.destination = new Endpoint();
    this.tlvs = [];
  }
}

const signature = '\r\n\r\n\0\r\nQUIT\n';
const word = 'PROXY ';
const fixedBytes = 16;
/** The longest line of version 1 with its end. */
const lineBytesMax = 107;
const tlvFixedBytes = 3;
const authorityBytesMax = 255;
const uniqueIdBytesMax = 128;
const tlvBytesMax = 1024;

/**
 * Reads a header from `length` bytes. Above zero: its length, `into` is filled; 0: more bytes are
 * needed; below zero: minus a fault number.
 */
export function readProxyHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  into: ProxyHeader,
): number {
  into.hasAddresses = false;
  into.tlvs = [];
  if (startsAs(bytes, at, length, word)) {
    return length < word.length ? 0 : readLine(bytes, at, length, into);
  }
  if (!startsAs(bytes, at, length, signature)) return -faultProxyNotHeader;
  if (length > 12 && bytes[at + 12] >> 4 !== 2) return -faultProxyNotHeader;
  if (length < fixedBytes) return 0;
  const total = fixedBytes + ((bytes[at + 14] << 8) | bytes[at + 15]);
  if (total > into.bytesMax) return -faultProxyTruncated;
  if (total > length) return 0;
  const fault = readBlock(bytes, at, total, into);
  return fault === 0 ? total : -fault;
}

/** The bytes there are agree with `text` as far as both go. */
function startsAs(bytes: Uint8Array, at: number, length: number, text: string): boolean {
  const end = Math.min(length, text.length);
  for (let i = 0; i < end; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

// ---- version 1 ----

function readLine(bytes: Uint8Array, at: number, length: number, into: ProxyHeader): number {
  const text = latin1(bytes, at, Math.min(length, lineBytesMax));
  const end = text.indexOf('\r\n');
  if (end < 0) return text.length < lineBytesMax ? 0 : -faultProxyBadHeader;
  const parts = text.slice(word.length, end).split(' ');
  if (parts[0] === 'UNKNOWN') return end + 2;
  if (parts[0] !== 'TCP4' && parts[0] !== 'TCP6') return -faultProxyBadProtocol;
  if (parts.length !== 5) return -faultProxyBadHeader;
  const [protocol, source, destination, sourcePort, destinationPort] = parts;
  const isIpv4 = protocol === 'TCP4';
  const good =
    readEnd(source, sourcePort, isIpv4, into.source) &&
    readEnd(destination, destinationPort, isIpv4, into.destination);
  if (!good) return -faultProxyBadHeader;
  into.hasAddresses = true;
  return end + 2;
}

const scratch = new Uint8Array(16);
const portDigits = /^\d{1,5}$/;

function readEnd(host: string, port: string, isIpv4: boolean, into: Endpoint): boolean {
  if (!portDigits.test(port) || Number(port) > 65_535) return false;
  if (!isIpv4) {
    if (!parseIpv6(host, scratch, 0)) return false;
    into.setIpv6(latin1(scratch, 0, 16), Number(port));
    return true;
  }
  const address = parseIpv4(host);
  if (address < 0) return false;
  into.setIpv4(address, Number(port));
  return true;
}

// ---- version 2 ----

/** Bytes of the address block by the family half of byte 14; undefined: not a family. */
const addressBytes: readonly (number | undefined)[] = [0, 12, 36, 216];
const commandLocal = 0;
const commandProxy = 1;
const overTcp4 = 0x11;
const overTcp6 = 0x21;

function readBlock(bytes: Uint8Array, at: number, total: number, into: ProxyHeader): number {
  const command = bytes[at + 12] & 15;
  if (command !== commandLocal && command !== commandProxy) return faultProxyBadHeader;
  const family = bytes[at + 13];
  const skipped = command === commandLocal ? 0 : addressBytes[family >> 4];
  if (skipped === undefined || (family & 15) > 2) return faultProxyBadHeader;
  if (fixedBytes + skipped > total) return faultProxyBadHeader;
  if (command === commandProxy && family === overTcp4) readIpv4(bytes, at + fixedBytes, into);
  if (command === commandProxy && family === overTcp6) readIpv6(bytes, at + fixedBytes, into);
  return readTlvs(bytes, at, { from: fixedBytes + skipped, total }, into);
}

const short = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1];
const long = (bytes: Uint8Array, at: number): number =>
  ((short(bytes, at) << 16) | short(bytes, at + 2)) >>> 0;

function readIpv4(bytes: Uint8Array, at: number, into: ProxyHeader): void {
  into.hasAddresses = true;
  into.source.setIpv4(long(bytes, at), short(bytes, at + 8));
  into.destination.setIpv4(long(bytes, at + 4), short(bytes, at + 10));
}

function readIpv6(bytes: Uint8Array, at: number, into: ProxyHeader): void {
  into.hasAddresses = true;
  into.source.setIpv6(latin1(bytes, at, 16), short(bytes, at + 32));
  into.destination.setIpv6(latin1(bytes, at + 16, 16), short(bytes, at + 34));
}

/** Reads what follows the addresses; 0, or a fault. A block must end with its last TLV. */
function readTlvs(
  bytes: Uint8Array,
  at: number,
  { from, total }: { readonly from: number; readonly total: number },
  into: ProxyHeader,
): number {
  let offset = from;
  while (offset < total) {
    if (offset + tlvFixedBytes > total) return faultProxyBadHeader;
    const type = bytes[at + offset];
    const length = short(bytes, at + offset + 1);
    const valueAt = at + offset + tlvFixedBytes;
    offset += tlvFixedBytes + length;
    if (offset > total || length > (lengthMax.get(type) ?? tlvBytesMax)) return faultProxyBadHeader;
    if (type === tlvCrc32c) {
      if (length !== 4) return faultProxyBadHeader;
      if (crc32c(bytes, at, total, valueAt) !== long(bytes, valueAt)) return faultProxyBadHeader;
    }
    into.tlvs.push({ type, value: latin1(bytes, valueAt, length) });
  }
  return 0;
}

const lengthMax: ReadonlyMap<number, number> = new Map([
  [tlvAuthority, authorityBytesMax],
  [tlvUniqueId, uniqueIdBytesMax],
]);

// ---- writing ----

const isInternet = (end: Endpoint): boolean =>
  end.family === familyIpv4 || end.family === familyIpv6;

/** The line of version 1 for a client at `source` that asked for `destination`. */
export function proxyLine(source: Endpoint, destination: Endpoint): string {
  if (!isInternet(source) || !isInternet(destination)) return 'PROXY UNKNOWN\r\n';
  const ports = `${source.port} ${destination.port}\r\n`;
  if (source.family === familyIpv4 && destination.family === familyIpv4) {
    return `PROXY TCP4 ${ipv4Text(source.ipv4)} ${ipv4Text(destination.ipv4)} ${ports}`;
  }
  return `PROXY TCP6 ${sixText(source)} ${sixText(destination)} ${ports}`;
}

function sixText(end: Endpoint): string {
  writeLatin1(scratch, 0, sixBytes(end));
  return formatIpv6(scratch, 0);
}

/** Sixteen bytes; an IPv4 address is mapped (::ffff:a.b.c.d). */
function sixBytes(end: Endpoint): string {
  return end.family === familyIpv6
    ? end.bytes
    : `\0\0\0\0\0\0\0\0\0\0\xff\xff${longBytes(end.ipv4)}`;
}

const shortBytes = (value: number): string => String.fromCharCode((value >> 8) & 255, value & 255);
const longBytes = (value: number): string => shortBytes(value >>> 16) + shortBytes(value);

export const tlvBytes = (type: number, value: string): string =>
  String.fromCharCode(type) + shortBytes(value.length) + value;

/** What a header of version 2 carries beside the addresses. */
export interface ProxyBlockParts {
  /** TLVs in front of the checksum, and those behind it. */
  readonly before: string;
  readonly after: string;
  readonly crc32c: boolean;
}

/**
 * The header of version 2, one character per byte: PROXY over TCP, or LOCAL when an end is not an
 * internet address.
 */
export function proxyBlock(
  source: Endpoint,
  destination: Endpoint,
  parts: ProxyBlockParts,
): string {
  const head = blockHead(source, destination);
  const checksum = parts.crc32c ? tlvBytes(tlvCrc32c, '\0\0\0\0') : '';
  const body = head.addresses + parts.before + checksum + parts.after;
  const text = signature + head.kind + shortBytes(body.length) + body;
  if (!parts.crc32c) return text;
  const bytes = Buffer.from(text, 'latin1');
  const hole = fixedBytes + head.addresses.length + parts.before.length + tlvFixedBytes;
  return text.slice(0, hole) + longBytes(crc32c(bytes, 0, bytes.length)) + text.slice(hole + 4);
}

function blockHead(
  source: Endpoint,
  destination: Endpoint,
): { readonly kind: string; readonly addresses: string } {
  if (!isInternet(source) || !isInternet(destination)) return { kind: '\x20\0', addresses: '' };
  const ports = shortBytes(source.port) + shortBytes(destination.port);
  if (source.family === familyIpv4 && destination.family === familyIpv4) {
    const addresses = longBytes(source.ipv4) + longBytes(destination.ipv4) + ports;
    return { kind: '\x21\x11', addresses };
  }
  return { kind: '\x21\x21', addresses: sixBytes(source) + sixBytes(destination) + ports };
}
