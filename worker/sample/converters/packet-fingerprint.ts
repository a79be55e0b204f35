// The fingerprint of a client's network stack (manual 7.3.1, "ip.fp"). Pure; proxy thread; called
// by packet.ts.
//
//   0      1                                          2             3..4    5..6  7
//   TOS    v6 df ttl:2 ip-options data CWR ECE        length:4 ws:4 window  MSS   options seen

import {
  byteAt,
  type IpHeader,
  ipHeader,
  ipVersion,
  nextOption,
  optionSegmentSize,
  optionWindowScale,
  protocolTcp,
  shortAt,
  tcpFixed,
  tcpHeaderLength,
} from './packet-header.ts';

/** Bits of the argument: what is appended to the eight bytes. */
const withTtl = 1;
const withOptions = 2;
const withSource = 4;

/** What the options of a TCP header say; filled by readOptions, used at once. */
const options = { segmentSize: 0, windowScale: 0, seen: 0, kinds: '' };

/** The fingerprint as bytes, '': the packet is no IP packet with a whole TCP header. */
export function fingerprint(packet: string, parts: number): string {
  const header = ipHeader(packet);
  if (header === null) return '';
  const { length } = header;
  const isSix = ipVersion(packet) === 6;
  const total = isSix ? 40 + shortAt(packet, 4) : shortAt(packet, 2);
  const segment = packet.slice(length);
  const tcpLength = tcpHeaderLength(segment);
  if (length > total || tcpLength < 0 || tcpLength > total - length) return '';
  readOptions(segment, tcpLength);
  const ttl = byteAt(packet, isSix ? 7 : 8);
  const flags =
    networkBits(packet, header, ttl) |
    (total - length - tcpLength > 0 ? 4 : 0) |
    (byteAt(segment, 13) >> 6);
  const tos = isSix ? (shortAt(packet, 0) >> 4) & 255 : byteAt(packet, 1);
  const fixed = String.fromCharCode(tos, flags, (tcpLength << 2) | options.windowScale);
  const { segmentSize, seen, kinds } = options;
  const sizes = String.fromCharCode(segmentSize >> 8, segmentSize & 255, seen);
  return (
    fixed +
    segment.slice(14, 16) +
    sizes +
    ((parts & withTtl) !== 0 ? String.fromCharCode(ttl) : '') +
    ((parts & withOptions) !== 0 ? kinds : '') +
    ((parts & withSource) !== 0 ? packet.slice(isSix ? 8 : 12, isSix ? 24 : 16) : '')
  );
}

/** The upper five bits of the second byte: version, fragmentation, time to live, options. */
function networkBits(packet: string, header: IpHeader, ttl: number): number {
  const ttlClass = ttl > 128 ? 3 : ttl > 64 ? 2 : ttl > 32 ? 1 : 0;
  if (ipVersion(packet) === 4) {
    const df = (byteAt(packet, 6) >> 6) & 1;
    return (df << 6) | (ttlClass << 4) | (header.length > 20 ? 8 : 0);
  }
  const first = byteAt(packet, 6);
  return 0xc0 | (ttlClass << 4) | (first !== protocolTcp && first !== 17 ? 8 : 0);
}

function readOptions(segment: string, length: number): void {
  options.segmentSize = 0;
  options.windowScale = 0;
  options.seen = 0;
  options.kinds = '';
  for (let at = tcpFixed; at < length; ) {
    const next = nextOption(segment, at, length);
    if (next < 0 || next > length) break;
    readOption(segment, at, next);
    at = next;
  }
}

function readOption(segment: string, at: number, next: number): void {
  const kind = byteAt(segment, at);
  options.kinds += segment[at];
  if (kind === optionSegmentSize && next - at >= 4) options.segmentSize = shortAt(segment, at + 2);
  if (kind === optionWindowScale && next - at >= 3) {
    options.windowScale = Math.min(byteAt(segment, at + 2) + 1, 15);
  }
  if (kind >= 2) options.seen |= 1 << (kind < 9 ? kind - 2 : 7);
}
