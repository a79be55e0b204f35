// Addresses as samples and patterns carry them: IPv4 an unsigned 32-bit number, IPv6 sixteen
// characters of one byte each. Text to address and between the families (manual 7.1.6).
// Runs on the proxy thread for casts, at start for patterns. Never resolves a name.

import { isIPv6 } from 'node:net';
import { wordBytes } from './int64.ts';

/** Four decimal parts of 0-255, nothing else; -1: not an IPv4 address. */
export function parseIpv4(text: string): number {
  let value = 0;
  let part = -1;
  let parts = 1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46) {
      if (part < 0 || parts === 4) return -1;
      value = value * 256 + part;
      part = -1;
      parts++;
      continue;
    }
    if (code < 48 || code > 57) return -1;
    part = (part < 0 ? 0 : part * 10) + code - 48;
    if (part > 255) return -1;
  }
  return parts === 4 && part >= 0 ? value * 256 + part : -1;
}

/** Any textual form of RFC 4291 2.2 without a zone; '': not an IPv6 address. */
export function parseIpv6(text: string): string {
  if (text.length < 2 || text.length > 45 || text.indexOf('%') >= 0 || !isIPv6(text)) return '';
  let head = text;
  let tailBytes = '';
  const dotted = text.indexOf('.');
  if (dotted >= 0) {
    const colon = text.lastIndexOf(':');
    tailBytes = wordBytes(parseIpv4(text.slice(colon + 1)));
    head = text.charCodeAt(colon - 1) === 58 ? text.slice(0, colon + 1) : text.slice(0, colon);
  }
  const gap = head.indexOf('::');
  if (gap < 0) return groupBytes(head) + tailBytes;
  const before = groupBytes(head.slice(0, gap));
  const after = groupBytes(head.slice(gap + 2)) + tailBytes;
  return before + '\0'.repeat(16 - before.length - after.length) + after;
}

function groupBytes(groups: string): string {
  let bytes = '';
  if (groups === '') return bytes;
  for (const group of groups.split(':')) {
    const value = Number.parseInt(group, 16);
    bytes += String.fromCharCode(value >> 8, value & 255);
  }
  return bytes;
}

const mappedPrefix = `${'\0'.repeat(10)}\xff\xff`;
const zeroPrefix = '\0'.repeat(12);

/** ::ffff:a.b.c.d */
export function ipv4ToIpv6(address: number): string {
  return mappedPrefix + wordBytes(address);
}

/** The IPv4 address inside ::ffff:a.b.c.d, ::a.b.c.d or 2002:a.b.c.d::; -1: none. */
export function ipv6ToIpv4(bytes: string): number {
  if (bytes.startsWith(mappedPrefix) || bytes.startsWith(zeroPrefix)) return wordAt(bytes, 12);
  if (bytes.charCodeAt(0) === 0x20 && bytes.charCodeAt(1) === 0x02) return wordAt(bytes, 2);
  return -1;
}

/** Unsigned 32 bits, most significant byte first. */
function wordAt(bytes: string, at: number): number {
  return (
    ((bytes.charCodeAt(at) << 24) |
      (bytes.charCodeAt(at + 1) << 16) |
      (bytes.charCodeAt(at + 2) << 8) |
      bytes.charCodeAt(at + 3)) >>>
    0
  );
}

/** `bits` ones and then zeros, 0-32. */
export function maskOf(bits: number): number {
  return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
}

/** A mask written as a length or dotted; -1: neither. Dotted masks need not be contiguous. */
export function parseMask4(text: string): number {
  if (text.indexOf('.') >= 0) return parseIpv4(text);
  if (!/^\d{1,2}$/.test(text) || Number(text) > 32) return -1;
  return maskOf(Number(text));
}

/** Sixteen mask bytes from a length 0-128 or a written mask; '': neither. */
export function parseMask6(text: string): string {
  if (!/^\d{1,3}$/.test(text)) return parseIpv6(text);
  return Number(text) > 128 ? '' : maskBytes(Number(text));
}

/** Sixteen bytes: `bits` ones, then zeros. */
export function maskBytes(bits: number): string {
  let bytes = '';
  for (let left = bits, i = 0; i < 16; i++, left -= 8) {
    bytes += String.fromCharCode(left >= 8 ? 255 : left <= 0 ? 0 : (0xff00 >> left) & 255);
  }
  return bytes;
}

/** `bytes` and `mask`, bit by bit. */
export function maskIpv6(bytes: string, mask: string): string {
  let out = '';
  for (let i = 0; i < 16; i++) out += String.fromCharCode(bytes.charCodeAt(i) & mask.charCodeAt(i));
  return out;
}
