// Converters that take Ethernet frames, IP packets and TCP headers apart (manual 7.3.1, "eth.data"
// to "tcp.win"), as `fc_saved_syn` and `bytes` give them. A header that is cut short: no value.

import type { ArgumentValue, Convert, ConverterDef } from '../../keyword.ts';
import { kindAddress, kindBinary, kindSint, type Sample } from '../sample.ts';
import { fingerprint } from './packet-fingerprint.ts';
import {
  byteAt,
  etherTypeAt,
  findOption,
  ipHeader,
  ipVersion,
  longAt,
  nextOption,
  optionEnd,
  optionSackPermitted,
  optionSegmentSize,
  optionTimestamp,
  optionWindowScale,
  shortAt,
  tcpFixed,
  tcpHeaderLength,
} from './packet-header.ts';
import { simple } from './row.ts';

const toBytes = [kindBinary, kindBinary] as const;
const toNumber = [kindBinary, kindSint] as const;
const toAddress = [kindBinary, kindAddress] as const;

// ---- Ethernet ----

/** Bytes `from` to `to` of the frame, once that many are there. */
const cut =
  (from: number, to: number): Convert =>
  (sample) =>
    sample.text.length >= to && sample.setBinary(sample.text.slice(from, to));

/** The identifier of the innermost VLAN; 0 stands for none. */
function vlan(sample: Sample): boolean {
  const { text } = sample;
  const at = etherTypeAt(text);
  if (at < 16) return false;
  const id = shortAt(text, at - 2) & 0xfff;
  return id > 0 && sample.setInt(id);
}

const ethernet: readonly ConverterDef[] = [
  simple('eth.dst', toBytes, 'destination of an Ethernet frame', cut(0, 6)),
  simple('eth.src', toBytes, 'source of an Ethernet frame', cut(6, 12)),
  simple('eth.hdr', toBytes, 'header of an Ethernet frame with its VLAN tags', (sample) => {
    const at = etherTypeAt(sample.text);
    return at >= 0 && sample.setBinary(sample.text.slice(0, at + 2));
  }),
  simple('eth.data', toBytes, 'what an Ethernet frame carries', (sample) => {
    const at = etherTypeAt(sample.text);
    return at >= 0 && sample.setBinary(sample.text.slice(at + 2));
  }),
  simple('eth.proto', toNumber, 'EtherType behind any VLAN tag', (sample) => {
    const at = etherTypeAt(sample.text);
    return at >= 0 && sample.setInt(shortAt(sample.text, at));
  }),
  simple('eth.vlan', toNumber, 'last VLAN identifier', vlan),
];

// ---- IP ----

/** One reading for each version of IP, and how many bytes it needs. */
interface ByVersion {
  readonly need4: number;
  readonly need6: number;
  readonly read4: (packet: string) => number;
  readonly read6: (packet: string) => number;
}

/** A number of the fixed header. */
const ofPacket =
  ({ need4, need6, read4, read6 }: ByVersion): Convert =>
  (sample) => {
    const { text } = sample;
    const version = ipVersion(text);
    if (version === 4) return text.length >= need4 && sample.setInt(read4(text));
    return version === 6 && text.length >= need6 && sample.setInt(read6(text));
  };

/** The address at an offset of each version. */
const addressAt =
  (at4: number, at6: number): Convert =>
  (sample) => {
    const { text } = sample;
    const version = ipVersion(text);
    if (version === 4) return text.length >= 20 && sample.setIpv4(longAt(text, at4));
    return version === 6 && text.length >= 40 && sample.setIpv6(text.slice(at6, at6 + 16));
  };

const dontFragment: ByVersion = {
  need4: 7,
  need6: 1,
  read4: (packet) => (byteAt(packet, 6) >> 6) & 1,
  read6: () => 1,
};
const typeOfService: ByVersion = {
  need4: 2,
  need6: 2,
  read4: (packet) => byteAt(packet, 1),
  read6: (packet) => (shortAt(packet, 0) >> 4) & 255,
};
const timeToLive: ByVersion = {
  need4: 20,
  need6: 40,
  read4: (packet) => byteAt(packet, 8),
  read6: (packet) => byteAt(packet, 7),
};

/** IPv4 names the protocol in its tenth byte, IPv6 behind its last extension. */
function protocol(sample: Sample): boolean {
  const { text } = sample;
  if (ipVersion(text) === 4) return text.length >= 10 && sample.setInt(byteAt(text, 9));
  const header = ipHeader(text);
  return header !== null && sample.setInt(header.protocol);
}

function buildFingerprint([mode]: readonly ArgumentValue[]): Convert {
  const parts = Number(mode ?? 0);
  return (sample) => {
    const found = fingerprint(sample.text, parts);
    return found !== '' && sample.setBinary(found);
  };
}

const internet: readonly ConverterDef[] = [
  simple('ip.ver', toNumber, 'version of an IP packet', (sample) => {
    const version = ipVersion(sample.text);
    return version >= 0 && sample.setInt(version);
  }),
  simple('ip.df', toNumber, 'an IP packet must not be fragmented', ofPacket(dontFragment)),
  simple('ip.tos', toNumber, 'type of service or traffic class', ofPacket(typeOfService)),
  simple('ip.ttl', toNumber, 'time to live or hop limit', ofPacket(timeToLive)),
  simple('ip.proto', toNumber, 'protocol an IP packet carries', protocol),
  simple('ip.src', toAddress, 'source of an IP packet', addressAt(12, 8)),
  simple('ip.dst', toAddress, 'destination of an IP packet', addressAt(16, 24)),
  simple('ip.hdr', toBytes, 'IP header with options or extensions', (sample) => {
    const header = ipHeader(sample.text);
    return header !== null && sample.setBinary(sample.text.slice(0, header.length));
  }),
  simple('ip.data', toBytes, 'what an IP packet carries', (sample) => {
    const header = ipHeader(sample.text);
    return header !== null && sample.setBinary(sample.text.slice(header.length));
  }),
  {
    name: 'ip.fp',
    args: [{ name: 'mode', type: 'sint', optional: true }],
    takes: kindBinary,
    returns: kindBinary,
    help: "fingerprint of a client's IP and TCP stack",
    example: 'ip.fp(1)',
    build: buildFingerprint,
  },
];

// ---- TCP ----

/** A number of the fixed part. */
const ofSegment =
  (read: (segment: string) => number): Convert =>
  (sample) =>
    sample.text.length >= tcpFixed && sample.setInt(read(sample.text));

/** An option of at least `bytes` bytes: what `read` makes of its offset, 0 where it is absent. */
const ofOption =
  (kind: number, bytes: number, read: (segment: string, at: number) => number): Convert =>
  (sample) => {
    const { text } = sample;
    const length = tcpHeaderLength(text);
    if (length < 0) return false;
    const at = findOption(text, length, kind, bytes);
    return sample.setInt(at === 0 ? 0 : read(text, at));
  };

const present = (): number => 1;

/** The manual gives no value where the client sent no timestamp. */
function timestamp(sample: Sample): boolean {
  const { text } = sample;
  const length = tcpHeaderLength(text);
  const at = length < 0 ? 0 : findOption(text, length, optionTimestamp, 6);
  return at > 0 && sample.setInt(longAt(text, at + 2));
}

function optionList(sample: Sample): boolean {
  const { text } = sample;
  const length = tcpHeaderLength(text);
  if (length < 0) return false;
  let kinds = '';
  for (let at = tcpFixed; at >= 0 && at < length; at = nextOption(text, at, length)) {
    if (byteAt(text, at) !== optionEnd) kinds += text[at];
  }
  return sample.setBinary(kinds);
}

const transmission: readonly ConverterDef[] = [
  simple(
    'tcp.src',
    toNumber,
    'source port',
    ofSegment((segment) => shortAt(segment, 0)),
  ),
  simple(
    'tcp.dst',
    toNumber,
    'destination port',
    ofSegment((segment) => shortAt(segment, 2)),
  ),
  simple(
    'tcp.seq',
    toNumber,
    'sequence number',
    ofSegment((segment) => longAt(segment, 4)),
  ),
  simple(
    'tcp.flags',
    toNumber,
    'flags from FIN to CWR',
    ofSegment((segment) => byteAt(segment, 13)),
  ),
  simple(
    'tcp.win',
    toNumber,
    'window, not scaled',
    ofSegment((segment) => shortAt(segment, 14)),
  ),
  simple(
    'tcp.options.mss',
    toNumber,
    'maximum segment size, or 0',
    ofOption(optionSegmentSize, 4, (segment, at) => shortAt(segment, at + 2)),
  ),
  simple(
    'tcp.options.sack',
    toNumber,
    'selective acknowledgements are permitted',
    ofOption(optionSackPermitted, 2, present),
  ),
  simple(
    'tcp.options.tsopt',
    toNumber,
    'a timestamp was sent',
    ofOption(optionTimestamp, 2, present),
  ),
  simple('tcp.options.tsval', toNumber, 'the timestamp sent', timestamp),
  simple(
    'tcp.options.wscale',
    toNumber,
    'window scale, or 0',
    ofOption(optionWindowScale, 3, (segment, at) => byteAt(segment, at + 2)),
  ),
  simple(
    'tcp.options.wsopt',
    toNumber,
    'a window scale was sent',
    ofOption(optionWindowScale, 2, present),
  ),
  simple('tcp.options_list', toBytes, 'kinds of the options, in order', optionList),
];

export const packets: readonly ConverterDef[] = [...ethernet, ...internet, ...transmission];
