// `filter` lines (manual 9). Those that limit bandwidth work; what they limit, rules say
// (set-bandwidth-limit).

import type { Mutable, ProxyDraft, ProxyKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { BandwidthModel } from '../model.ts';
import { useFcgiApp } from './fcgi-app.ts';

const known = new Set('trace compression comp-req comp-res cache spoe opentelemetry'.split(' '));

type ReadWord = (line: Line, index: number, filter: Mutable<BandwidthModel>) => boolean;

const size =
  (field: 'limitBytes' | 'minBytes', isDefault: boolean): ReadWord =>
  (line, index, filter) => {
    const value = line.size(index);
    if (value === null) return false;
    filter[field] = value;
    if (field === 'limitBytes') filter.isShared = !isDefault;
    return true;
  };

const words: Readonly<Record<string, ReadWord>> = {
  'default-limit': size('limitBytes', true),
  limit: size('limitBytes', false),
  'min-size': size('minBytes', false),
  'default-period': (line, index, filter) => {
    const value = line.time(index);
    if (value !== null) filter.periodMs = value;
    return value !== null;
  },
  key: (line, index, filter) => {
    filter.key = line.arg(index);
    return true;
  },
  table: (line, index, filter) => {
    filter.table = line.arg(index);
    return true;
  },
};

function readBandwidth(line: Line, kind: string): BandwidthModel | null {
  const name = line.needed(1, 'a name');
  if (name === null) return null;
  const filter: Mutable<BandwidthModel> = {
    place: line.place(-1),
    name,
    isIn: kind === 'bwlim-in',
    isShared: false,
    limitBytes: 0,
    periodMs: 0,
    minBytes: 0,
    key: '',
    table: '',
  };
  for (let i = 2; i < line.count; i += 2) {
    const read = words[line.arg(i)];
    if (read === undefined) {
      line.alert(i, `'filter ${kind}' : unknown keyword '${line.arg(i)}'.`);
      return null;
    }
    if (line.needed(i + 1, `the value of '${line.arg(i)}'`) === null) return null;
    if (!read(line, i + 1, filter)) return null;
  }
  const fault = faultOf(filter);
  if (fault === '') return filter;
  line.alert(1, `'filter ${kind} ${name}' : ${fault}`);
  return null;
}

function faultOf({ isShared, limitBytes, periodMs, key, table }: BandwidthModel): string {
  if (limitBytes === 0) return "'limit' or 'default-limit' with a size above 0 is expected.";
  if (isShared && periodMs > 0) return "'default-period' goes with 'default-limit' only.";
  if (isShared && key === '') return "'key' is expected with 'limit'.";
  if (!isShared && key + table !== '') return "'key' and 'table' go with 'limit' only.";
  return isShared || periodMs > 0 ? '' : "'default-period' is expected with 'default-limit'.";
}

function readFilter(line: Line, proxy: ProxyDraft): void {
  const { model } = proxy;
  const kind = line.needed(0, 'the kind of filter');
  if (kind === null) return;
  if (kind === 'fcgi-app') {
    useFcgiApp(line, proxy, 1);
    model.fcgiFilter = true;
    return;
  }
  if (kind !== 'bwlim-in' && kind !== 'bwlim-out') {
    const isLater = known.has(kind);
    line.alert(0, isLater ? `'filter ${kind}' is not supported yet` : `unknown filter '${kind}'.`);
    return;
  }
  const filter = readBandwidth(line, kind);
  if (filter === null) return;
  if (model.bandwidth.some(({ name }) => name === filter.name)) {
    line.alert(1, `there is a bandwidth limitation filter '${filter.name}' already.`);
  } else model.bandwidth.push(filter);
}

/** Kinds that work, for -dKflt. */
export const filterNames: readonly string[] = ['bwlim-in', 'bwlim-out', 'fcgi-app'];

export const filterKeywords: readonly ProxyKeyword[] = [
  {
    name: 'filter',
    side: 'both',
    defaults: 'no',
    help: 'what payload passes through: limits of bandwidth',
    example: 'filter bwlim-out download default-limit 1m default-period 1s',
    parse: readFilter,
  },
];
