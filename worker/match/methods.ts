// The match methods of ACLs and maps (manual 7.1), one row each, and the ACL keywords derived from
// fetches (path_beg, hdr_dom, ...). compile/condition.ts and the map converters read these tables.

import {
  kindAddress,
  kindBinary,
  kindBool,
  kindSint,
  kindString,
  type Sample,
  type SampleKind,
} from '../sample/sample.ts';
import { addressIndex, hasHoles, parseNetworkPattern } from './addresses.ts';
import { intIndex, parseRange } from './numbers.ts';
import { type PatternEntry, type PatternIndex, type PatternOptions, takesAny } from './pattern.ts';
import { prefixIndex } from './prefixes.ts';
import { compileRegex } from './regex.ts';
import type { Regex } from './regex-guard.ts';
import {
  sharedAddresses,
  type SharedMethod,
  sharedPrefixes,
  sharedSuffixes,
} from './shared-index.ts';
import { exactIndex, regexIndex, substringIndex, suffixIndex, wordIndex } from './strings.ts';

export interface MatchMethodDef {
  readonly name: string;
  readonly help: string;
  /** Samples are cast to this before the index sees them; -1: as they are. */
  readonly takes: SampleKind | -1;
  /** '' when `text` is a good pattern, else what is wrong with it. */
  readonly check: (text: string, options: PatternOptions) => string;
  /** Needs no pattern (found, bool). */
  readonly bare?: true;
  /** A pattern is one whole text: without -i, lists share the table they are edited through. */
  readonly whole?: true;
  /** How a large file that all threads share is asked, without -i; absent: it is not shared. */
  readonly shared?: SharedMethod;
  /** HAProxy keeps such patterns in a tree when `isTree` says so, else in a list (`get acl`). */
  readonly isTree?: (entry: PatternEntry, options: PatternOptions) => boolean;
  readonly index: (entries: readonly PatternEntry[], options: PatternOptions) => PatternIndex;
}

const message = (found: unknown): string => (typeof found === 'string' ? found : '');

function checkHex(text: string): string {
  if (text.length % 2 !== 0) return `'${text}' has an odd number of hexadecimal digits`;
  const bad = /[^0-9A-Fa-f]/.exec(text);
  return bad === null ? '' : `'${bad[0]}' in '${text}' is not a hexadecimal digit`;
}

const present: PatternIndex = { test: () => true, find: () => null };
const isTrue: PatternIndex = {
  test: (sample) => sample.int !== 0 && sample.int !== 0n,
  find: () => null,
};

type Compiled = WeakMap<PatternEntry, Regex>;
const compiled: Compiled = new WeakMap();
const compiledIgnoringCase: Compiled = new WeakMap();

/** The expression of an entry, compiled once per entry and case. */
export function regexOf(entry: PatternEntry, { ignoreCase }: PatternOptions): Regex {
  const known = ignoreCase ? compiledIgnoringCase : compiled;
  let regex = known.get(entry);
  if (regex === undefined) {
    const found = compileRegex(entry.text, { ignoreCase });
    regex = typeof found === 'string' ? /(?!)/ : found;
    known.set(entry, regex);
  }
  return regex;
}

const checkRegex = (text: string, options: PatternOptions): string =>
  message(compileRegex(text, { ignoreCase: options.ignoreCase }));

const isCaseKept = (_entry: PatternEntry, options: PatternOptions): boolean => !options.ignoreCase;

const readInt = (sample: Sample): number | bigint => sample.int;
const readLength = (sample: Sample): number => sample.text.length;

const matchMethods = [
  {
    name: 'found',
    help: 'the sample exists',
    takes: -1,
    check: takesAny,
    bare: true,
    index: () => present,
  },
  {
    name: 'bool',
    help: 'the value is not zero',
    takes: kindSint,
    check: takesAny,
    bare: true,
    index: () => isTrue,
  },
  {
    name: 'int',
    help: 'an integer, or one in a range',
    takes: kindSint,
    check: (text) => message(parseRange(text)),
    index: (entries) => intIndex(entries, readInt),
  },
  {
    name: 'ip',
    help: 'an address in a network',
    takes: kindAddress,
    check: (text) => message(parseNetworkPattern(text)),
    isTree: (entry) => !hasHoles(entry.text),
    shared: sharedAddresses,
    index: addressIndex,
  },
  {
    name: 'bin',
    help: 'these bytes, in hexadecimal',
    takes: kindBinary,
    check: checkHex,
    index: (entries, options) =>
      exactIndex(entries, options, (entry) => Buffer.from(entry.text, 'hex').toString('latin1')),
  },
  {
    name: 'len',
    help: 'the length is this integer, or in this range',
    takes: kindString,
    check: (text) => message(parseRange(text)),
    index: (entries) => intIndex(entries, readLength),
  },
  {
    name: 'str',
    help: 'exactly this text',
    takes: kindString,
    check: takesAny,
    whole: true,
    isTree: isCaseKept,
    index: exactIndex,
  },
  {
    name: 'beg',
    help: 'starts with this text',
    takes: kindString,
    check: takesAny,
    shared: sharedPrefixes,
    isTree: isCaseKept,
    index: prefixIndex,
  },
  {
    name: 'sub',
    help: 'contains this text',
    takes: kindString,
    check: takesAny,
    index: substringIndex,
  },
  {
    name: 'dir',
    help: 'contains this part between slashes',
    takes: kindString,
    check: takesAny,
    index: wordIndex('/?'),
  },
  {
    name: 'dom',
    help: 'contains this part of a domain name',
    takes: kindString,
    check: takesAny,
    index: wordIndex('/?.:'),
  },
  {
    name: 'end',
    help: 'ends with this text',
    takes: kindString,
    check: takesAny,
    shared: sharedSuffixes,
    index: suffixIndex,
  },
  {
    name: 'reg',
    help: 'a regular expression finds something',
    takes: kindString,
    check: checkRegex,
    index: regexIndex(regexOf),
  },
  {
    name: 'regm',
    help: 'as reg; in maps, the value may refer to groups',
    takes: kindString,
    check: checkRegex,
    index: regexIndex(regexOf),
  },
] as const satisfies readonly MatchMethodDef[];

export const matchMethodByName: ReadonlyMap<string, MatchMethodDef> = new Map(
  matchMethods.map((method) => [method.name, method as MatchMethodDef]),
);

/** The method a type implies (manual 7.1), null: it must be named with -m. */
export function defaultMethod(kind: SampleKind): MatchMethodDef | null {
  if (kind === kindBool) return matchMethodByName.get('bool') ?? null;
  if (kind === kindSint) return matchMethodByName.get('int') ?? null;
  if (kind === kindString) return matchMethodByName.get('str') ?? null;
  return kind >= kindAddress && kind < kindString ? (matchMethodByName.get('ip') ?? null) : null;
}

/** An ACL keyword: a fetch with the method it implies. */
export interface AclKeywordDef {
  readonly name: string;
  readonly fetch: string;
  readonly method: string;
  /** Patterns are versions `major.minor` compared as integers. */
  readonly versions?: true;
}

const families: readonly (readonly [string, string])[] = [
  ['base', 'base'],
  ['cook', 'req.cook'],
  ['hdr', 'req.hdr'],
  ['path', 'path'],
  ['scook', 'res.cook'],
  ['shdr', 'res.hdr'],
  ['url', 'url'],
  ['urlp', 'urlp'],
];
const variants: readonly (readonly [string, string])[] = [
  ['', 'str'],
  ['_beg', 'beg'],
  ['_dir', 'dir'],
  ['_dom', 'dom'],
  ['_end', 'end'],
  ['_len', 'len'],
  ['_reg', 'reg'],
  ['_sub', 'sub'],
];

const derived = families.flatMap(([name, fetch]) =>
  variants.map(([suffix, method]): AclKeywordDef => ({ name: name + suffix, fetch, method })),
);

export const aclKeywords: readonly AclKeywordDef[] = [
  ...derived,
  { name: 'http_auth_group', fetch: 'http_auth_group', method: 'str' },
  { name: 'method', fetch: 'method', method: 'str' },
  { name: 'payload', fetch: 'req.payload', method: 'bin' },
  { name: 'payload_lv', fetch: 'req.payload_lv', method: 'bin' },
  { name: 'req.ssl_ver', fetch: 'req.ssl_ver', method: 'int', versions: true },
  { name: 'req_rdp_cookie', fetch: 'req.rdp_cookie', method: 'str' },
  { name: 'req_rdp_cookie_cnt', fetch: 'req.rdp_cookie_cnt', method: 'int' },
  { name: 'req_ssl_sni', fetch: 'req.ssl_sni', method: 'str' },
  { name: 'req_ssl_ver', fetch: 'req.ssl_ver', method: 'int', versions: true },
  { name: 'req_ver', fetch: 'req.ver', method: 'str' },
  { name: 'resp_ver', fetch: 'res.ver', method: 'str' },
  { name: 'ssl_fc_sni_end', fetch: 'ssl_fc_sni', method: 'end' },
  { name: 'ssl_fc_sni_reg', fetch: 'ssl_fc_sni', method: 'reg' },
];
