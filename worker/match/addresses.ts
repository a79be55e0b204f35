// Index of address patterns (manual 7.1.6): networks of both families. Yes or no is one search
// over merged IPv4 ranges; the entry itself is the longest network, a map per mask length. Masks
// with holes are walked last, as HAProxy does. Called with samples of kind IPv4 or IPv6.

import {
  ipv4ToIpv6,
  ipv6ToIpv4,
  maskBytes,
  maskIpv6,
  parseIpv4,
  parseIpv6,
  parseMask4,
} from '../sample/address.ts';
import { kindIpv4, type Sample } from '../sample/sample.ts';
import { KeyedEntries } from './keyed-entries.ts';
import type { PatternEntry, PatternIndex } from './pattern.ts';

/** A network of either family, as patterns have it. */
export interface NetworkPattern {
  readonly family: 4 | 6;
  readonly address4: number;
  readonly mask4: number;
  /** Sixteen bytes, already masked. */
  readonly address6: string;
  readonly bits6: number;
}

const lengthPattern = /^\d{1,3}$/;
const namePattern = /^[A-Za-z][\w.-]*$/;

/** A network of either family, or a message. Host names are not looked up. */
export function parseNetworkPattern(text: string): NetworkPattern | string {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const mask = slash < 0 ? '' : text.slice(slash + 1);
  const address4 = parseShortIpv4(host);
  if (address4 >= 0) {
    const mask4 = slash < 0 ? 0xffffffff : parseMask4(mask);
    if (mask4 < 0) return `'${text}' is not a valid IPv4 or IPv6 address`;
    return { family: 4, address4, mask4, address6: '', bits6: 0 };
  }
  const bytes = parseIpv6(host);
  const bits6 = slash < 0 ? 128 : lengthPattern.test(mask) ? Number(mask) : 129;
  if (bytes !== '' && bits6 <= 128) {
    return { family: 6, address4: 0, mask4: 0, address6: maskIpv6(bytes, maskBytes(bits6)), bits6 };
  }
  if (namePattern.test(host)) {
    return `'${text}' is a host name: names in address patterns are not supported yet`;
  }
  return `'${text}' is not a valid IPv4 or IPv6 address`;
}

const shortPattern = /^(\d{1,3})\.(?:(\d{1,3})\.)?(\d{1,8})$/;

/** A dotted quad, or one with zero bytes left out before the last part (`10.12`); -1: neither. */
function parseShortIpv4(text: string): number {
  const full = parseIpv4(text);
  if (full >= 0) return full;
  const found = shortPattern.exec(text);
  if (found === null) return -1;
  const first = Number(found[1]);
  const hasSecond = found[2] !== undefined;
  const second = hasSecond ? Number(found[2]) : 0;
  const last = Number(found[3]);
  if (first > 255 || second > 255 || last >= (hasSecond ? 2 ** 16 : 2 ** 24)) return -1;
  return first * 2 ** 24 + second * 2 ** 16 + last;
}

interface Hole {
  readonly address: number;
  readonly mask: number;
  readonly entry: PatternEntry;
}

interface Family4 {
  /** Flat pairs low, high: merged and sorted. Not kept up by edits. */
  readonly ranges: Float64Array;
  /** By mask, longest first. */
  readonly masks: readonly number[];
  readonly tables: readonly KeyedEntries<number>[];
  readonly holes: readonly Hole[];
}

interface Family6 {
  /** By length, longest first: lengths and the masks they make. */
  readonly bits: readonly number[];
  readonly masks: readonly string[];
  readonly tables: readonly KeyedEntries<string>[];
}

/** `entries`: checked by parseNetworkPattern. */
export function addressIndex(entries: readonly PatternEntry[]): PatternIndex {
  const networks = entries.map((entry) => parseNetworkPattern(entry.text) as NetworkPattern);
  const four = family4(entries, networks);
  const six = family6(entries, networks);
  if (six.tables.length === 0) return only4(four, six);
  return {
    test: (sample) => find(four, six, sample) !== null,
    find: (sample) => find(four, six, sample),
    insert: (entry) => edit(four, six, entry, true),
    remove: (entry) => edit(four, six, entry, false),
  };
}

/** Lists of IPv4 networks only, the usual case. */
function only4(four: Family4, six: Family6): PatternIndex {
  let isEdited = false;
  const address = (sample: Sample): number =>
    sample.kind === kindIpv4 ? (sample.int as number) : ipv6ToIpv4(sample.text);
  const isIn = (value: number): boolean =>
    isEdited ? findNetwork4(four, value) !== null : isInRanges(four.ranges, value);
  const patch = (entry: PatternEntry, adds: boolean): boolean => {
    isEdited = true;
    return edit(four, six, entry, adds);
  };
  return {
    test: (sample) => {
      const value = address(sample);
      return value >= 0 && (isIn(value) || findHole(four, value) !== null);
    },
    find: (sample) => {
      const value = address(sample);
      return value < 0 ? null : (findNetwork4(four, value) ?? findHole(four, value));
    },
    insert: (entry) => patch(entry, true),
    remove: (entry) => patch(entry, false),
  };
}

/** Adds or removes one network; false: there is no table for its length yet. */
function edit(four: Family4, six: Family6, entry: PatternEntry, adds: boolean): boolean {
  const network = parseNetworkPattern(entry.text) as NetworkPattern;
  if (network.family === 6) {
    const table = six.tables[six.bits.indexOf(network.bits6)];
    return table !== undefined && change(table, network.address6, entry, adds);
  }
  const { address4, mask4 } = network;
  const table = four.tables[four.masks.indexOf(mask4 | 0)];
  return table !== undefined && change(table, (address4 & mask4) >>> 0, entry, adds);
}

function change<K>(table: KeyedEntries<K>, key: K, entry: PatternEntry, adds: boolean): true {
  if (adds) table.add(key, entry);
  else table.remove(key, entry);
  return true;
}

function find(four: Family4, six: Family6, sample: Sample): PatternEntry | null {
  if (sample.kind === kindIpv4) {
    const value = sample.int as number;
    return (
      findNetwork4(four, value) ?? findNetwork6(six, ipv4ToIpv6(value)) ?? findHole(four, value)
    );
  }
  const found = findNetwork6(six, sample.text);
  if (found !== null) return found;
  const value = ipv6ToIpv4(sample.text);
  return value < 0 ? null : (findNetwork4(four, value) ?? findHole(four, value));
}

function findNetwork4(four: Family4, value: number): PatternEntry | null {
  for (let i = 0; i < four.masks.length; i++) {
    const entry = four.tables[i].get((value & four.masks[i]) >>> 0);
    if (entry !== undefined) return entry;
  }
  return null;
}

function findHole(four: Family4, value: number): PatternEntry | null {
  for (let i = 0; i < four.holes.length; i++) {
    const hole = four.holes[i];
    if (((value ^ hole.address) & hole.mask) === 0) return hole.entry;
  }
  return null;
}

function findNetwork6(six: Family6, bytes: string): PatternEntry | null {
  for (let i = 0; i < six.masks.length; i++) {
    const entry = six.tables[i].get(maskIpv6(bytes, six.masks[i]));
    if (entry !== undefined) return entry;
  }
  return null;
}

function isInRanges(ranges: Float64Array, value: number): boolean {
  let low = 0;
  let high = ranges.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle * 2] <= value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value <= ranges[low * 2 - 1];
}

const isContiguous = (mask: number): boolean => {
  const zeros = ~mask >>> 0;
  return (zeros & (zeros + 1)) === 0;
};

/** True for a good IPv4 pattern whose mask is not one run of bits. */
export function hasHoles(text: string): boolean {
  const network = parseNetworkPattern(text) as NetworkPattern;
  return network.family === 4 && !isContiguous(network.mask4);
}

function family4(entries: readonly PatternEntry[], networks: readonly NetworkPattern[]): Family4 {
  const byMask = new Map<number, KeyedEntries<number>>();
  const holes: Hole[] = [];
  const spans: [number, number][] = [];
  for (const [i, network] of networks.entries()) {
    if (network.family !== 4) continue;
    const { address4: address, mask4: mask } = network;
    if (!isContiguous(mask)) {
      holes.push({ address, mask, entry: entries[i] });
      continue;
    }
    const low = (address & mask) >>> 0;
    const table = byMask.get(mask) ?? new KeyedEntries<number>();
    table.add(low, entries[i]);
    byMask.set(mask, table);
    spans.push([low, (low | ~mask) >>> 0]);
  }
  const masks = [...byMask.keys()].sort((a, b) => b - a);
  const tables = masks.map((mask) => byMask.get(mask) as KeyedEntries<number>);
  return { ranges: mergeSpans(spans), masks: masks.map((mask) => mask | 0), tables, holes };
}

function mergeSpans(spans: [number, number][]): Float64Array {
  spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const merged: number[] = [];
  for (const [low, high] of spans) {
    const last = merged.length - 1;
    if (last > 0 && low <= merged[last] + 1) merged[last] = Math.max(merged[last], high);
    else merged.push(low, high);
  }
  return Float64Array.from(merged);
}

function family6(entries: readonly PatternEntry[], networks: readonly NetworkPattern[]): Family6 {
  const byBits = new Map<number, KeyedEntries<string>>();
  for (const [i, network] of networks.entries()) {
    if (network.family !== 6) continue;
    const table = byBits.get(network.bits6) ?? new KeyedEntries<string>();
    table.add(network.address6, entries[i]);
    byBits.set(network.bits6, table);
  }
  const bits = [...byBits.keys()].sort((a, b) => b - a);
  return {
    bits,
    masks: bits.map(maskBytes),
    tables: bits.map((count) => byBits.get(count) as KeyedEntries<string>),
  };
}
