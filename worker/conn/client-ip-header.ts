// The header in which a NetScaler says for whom it speaks, as bytes (manual 5.1,
// accept-netscaler-cip). It repeats the client's own IP and TCP headers. Two layouts exist:
//
//   older     magic 4 | length of the headers 4 | IP header | TCP header
//   standard  magic 4 | length of all 4 | type 2 (0) | length of the headers 2 | IP | TCP
//
// The byte behind the first eight tells them apart: an IP header starts with 4 or 6. Pure: opens
// nothing, waits for nothing.

import { latin1 } from '../http/message.ts';
import { faultCipBadMagic, faultCipBadProtocol } from './fault.ts';
import type { ProxyHeader } from './proxy-header.ts';

const olderBytes = 8;
const standardBytes = 12;
const ipv4Bytes = 20;
const ipv6Bytes = 40;
const tcpBytes = 20;
const protocolTcp = 6;

/**
 * Reads a header from `length` bytes. Above zero: its length, `into` is filled; 0: more bytes are
 * needed; below zero: minus a fault number.
 */
export function readClientIpHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  into: ProxyHeader & { readonly magic: number },
): number {
  if (length < standardBytes) return 0;
  if (word32(bytes, at) !== into.magic) return -faultCipBadMagic;
  const version = bytes[at + olderBytes] >> 4;
  const isOlder = version === 4 || version === 6;
  if (!isOlder && bytes[at + olderBytes] !== 0) return -faultCipBadProtocol;
  const prefix = isOlder ? olderBytes : standardBytes;
  const headers = isOlder ? word32(bytes, at + 4) : word16(bytes, at + 10);
  const whole = prefix + headers;
  if (headers < ipv4Bytes + tcpBytes || whole > into.bytesMax) return -faultCipBadProtocol;
  if (length < whole) return 0;
  return readHeaders(bytes, at + prefix, headers, into) ? whole : -faultCipBadProtocol;
}

/** Takes both addresses from an IP header and the TCP header behind it. */
function readHeaders(bytes: Uint8Array, at: number, length: number, into: ProxyHeader): boolean {
  const version = bytes[at] >> 4;
  if (version === 4) {
    const tcp = at + (bytes[at] & 15) * 4;
    if (bytes[at + 9] !== protocolTcp || tcp < at + ipv4Bytes) return false;
    if (tcp + tcpBytes > at + length) return false;
    into.source.setIpv4(word32(bytes, at + 12), word16(bytes, tcp));
    into.destination.setIpv4(word32(bytes, at + 16), word16(bytes, tcp + 2));
  } else if (version === 6) {
    const tcp = at + ipv6Bytes;
    if (bytes[at + 6] !== protocolTcp || tcp + tcpBytes > at + length) return false;
    into.source.setIpv6(latin1(bytes, at + 8, 16), word16(bytes, tcp));
    into.destination.setIpv6(latin1(bytes, at + 24, 16), word16(bytes, tcp + 2));
  } else {
    return false;
  }
  into.hasAddresses = true;
  return true;
}

function word16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function word32(bytes: Uint8Array, at: number): number {
  return ((word16(bytes, at) << 16) | word16(bytes, at + 2)) >>> 0;
}
