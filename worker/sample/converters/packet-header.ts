// Where the parts of Ethernet, IP and TCP headers stand in a packet held as text of one character
// per byte (RFC 791, RFC 8200, RFC 9293; IEEE 802.1Q). Pure; proxy thread; called by packet.ts.
// Nothing here reads behind the end of what it is given: -1 says that something is missing.

/** Unsigned 8, 16 and 32 bits, most significant byte first; the caller has checked the length. */
export const byteAt = (text: string, at: number): number => text.charCodeAt(at);
export const shortAt = (text: string, at: number): number =>
  (text.charCodeAt(at) << 8) | text.charCodeAt(at + 1);
export const longAt = (text: string, at: number): number =>
  shortAt(text, at) * 65_536 + shortAt(text, at + 2);

const vlanTag = 0x8100;
const addressesLength = 12;

/** Offset of the EtherType behind the addresses and any VLAN tags; -1: the frame is too short. */
export function etherTypeAt(frame: string): number {
  for (let at = addressesLength; at + 2 < frame.length; at += 4) {
    if (shortAt(frame, at) !== vlanTag) return at;
  }
  return -1;
}

export const protocolTcp = 6;
const protocolUdp = 17;
const ipv6Fixed = 40;

/** 4, 6, or whatever the first half byte says; -1: no byte at all. */
export function ipVersion(packet: string): number {
  return packet.length < 1 ? -1 : byteAt(packet, 0) >> 4;
}

/** Protocol of the payload and length of the header with its options or extensions. */
export interface IpHeader {
  length: number;
  protocol: number;
}

const held: IpHeader = { length: 0, protocol: 0 };

/**
 * The header of an IPv4 or IPv6 packet; null: incomplete, or another version. The object is reused
 * by the next call.
 */
export function ipHeader(packet: string): IpHeader | null {
  const version = ipVersion(packet);
  if (version === 4) return ipv4Header(packet);
  return version === 6 ? ipv6Header(packet) : null;
}

function ipv4Header(packet: string): IpHeader | null {
  held.length = (byteAt(packet, 0) & 15) * 4;
  if (held.length < 20 || packet.length < held.length) return null;
  held.protocol = byteAt(packet, 9);
  return held;
}

/** Extensions are skipped by their own length until TCP or UDP follows. */
function ipv6Header(packet: string): IpHeader | null {
  if (packet.length < ipv6Fixed) return null;
  let at = ipv6Fixed;
  let next = byteAt(packet, 6);
  while (next !== protocolTcp && next !== protocolUdp) {
    if (packet.length < at + 2) return null;
    next = byteAt(packet, at);
    at += byteAt(packet, at + 1) * 8 + 8;
  }
  if (packet.length < at) return null;
  held.length = at;
  held.protocol = next;
  return held;
}

export const tcpFixed = 20;

/** Length of a TCP header with its options; -1: it is not all there. */
export function tcpHeaderLength(segment: string): number {
  if (segment.length < tcpFixed) return -1;
  const length = (byteAt(segment, 12) >> 4) * 4;
  return length < tcpFixed || segment.length < length ? -1 : length;
}

export const optionEnd = 0;
const optionPadding = 1;
export const optionSegmentSize = 2;
export const optionWindowScale = 3;
export const optionSackPermitted = 4;
export const optionTimestamp = 8;

/** Where the option behind the one at `at` starts; -1: the one at `at` is the last or broken. */
export function nextOption(segment: string, at: number, end: number): number {
  const kind = byteAt(segment, at);
  if (kind === optionEnd) return -1;
  if (kind === optionPadding) return at + 1;
  const length = at + 1 < end ? byteAt(segment, at + 1) : 0;
  return length > 1 ? at + length : -1;
}

/**
 * Offset of the first option `kind` that has at least `bytes` bytes within a header of `end` bytes;
 * 0: there is none.
 */
export function findOption(segment: string, end: number, kind: number, bytes: number): number {
  let at = tcpFixed;
  while (at < end) {
    const next = nextOption(segment, at, end);
    if (next < 0) return 0;
    if (byteAt(segment, at) === kind) return next <= end && next - at >= bytes ? at : 0;
    at = next;
  }
  return 0;
}
