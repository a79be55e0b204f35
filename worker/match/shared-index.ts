// Indexes over a shared file: what the hash of its texts can answer, together with an ordinary
// index of the entries that edits have added. Questions run while serving.

import { ipv6ToIpv4 } from '../sample/address.ts';
import { kindIpv4, type Sample } from '../sample/sample.ts';
import { type NetworkPattern, parseNetworkPattern } from './addresses.ts';
import type { BaseEntries } from './base-entries.ts';
import type { PatternEntry, PatternIndex } from './pattern.ts';
import type { SharedList } from './shared-list.ts';
import { prefixBits } from './shared-networks.ts';

/** How a method finds its entry in a file. */
export interface SharedMethod {
  readonly find: (base: BaseEntries, sample: Sample) => PatternEntry | null;
  /** Of one in the file and one that was added, the one that counts. */
  readonly better: (inFile: PatternEntry, added: PatternEntry, sample: Sample) => PatternEntry;
  /** This file can be asked so. */
  readonly fits: (list: SharedList) => boolean;
  /** Entries of the file that `find` does not know: they are looked for with the added ones. */
  readonly rest?: (base: BaseEntries) => readonly PatternEntry[];
  /** The first entry that is no pattern of the method, 0: all are. Absent: any text is one. */
  readonly firstBad?: (list: SharedList) => number;
}

const hasLengths = (list: SharedList): boolean => list.hasLengths;

/** `beg`: the longest; of equal texts the first. */
export const sharedPrefixes: SharedMethod = {
  fits: hasLengths,
  find: (base, { text }) => base.longestPrefix(text),
  better: (inFile, added) => (added.text.length > inFile.text.length ? added : inFile),
};

/** `end`: the first of the list, which is the file's. */
export const sharedSuffixes: SharedMethod = {
  fits: hasLengths,
  find: (base, { text }) => base.firstSuffix(text),
  better: (inFile) => inFile,
};

/** `ip`: the smallest network; IPv6 networks and masks with holes are the thread's own. */
export const sharedAddresses: SharedMethod = {
  fits: (list) => list.networks().isUseful,
  firstBad: (list) => list.networks().bad,
  rest: (base) => base.otherNetworks(),
  find: (base, sample) => {
    const isIpv4 = sample.kind === kindIpv4;
    const address = isIpv4 ? (sample.int as number) : ipv6ToIpv4(sample.text);
    return address < 0 ? null : base.longestNetwork(address);
  },
  better: (inFile, added, { kind }) => {
    const network = parseNetworkPattern(added.text) as NetworkPattern; // it was checked
    if (network.family === 6) return kind === kindIpv4 ? inFile : added;
    const own = parseNetworkPattern(inFile.text) as NetworkPattern;
    return prefixBits(network.mask4) > prefixBits(own.mask4) ? added : inFile;
  },
};

/**
 * `above`: makes an index of what edits have added; called by the first question, and by the first
 * one after an edit that the index cannot follow.
 */
export function sharedIndex(
  base: BaseEntries,
  method: SharedMethod,
  above: () => PatternIndex,
): PatternIndex {
  let added: PatternIndex | null = null;
  const find = (sample: Sample): PatternEntry | null => {
    const inFile = method.find(base, sample);
    added ??= above();
    const other = added.find(sample);
    if (inFile === null) return other;
    return other === null ? inFile : method.better(inFile, other, sample);
  };
  return {
    test: (sample) => find(sample) !== null,
    find,
    insert: (entry) => {
      if (added?.insert?.(entry) !== true) added = null;
      return true;
    },
    remove: (entry) => {
      if (base.owns(entry)) {
        if (method.rest !== undefined) added = null;
      } else if (added?.remove?.(entry) !== true) added = null;
      return true;
    },
  };
}
