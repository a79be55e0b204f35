// Map converters (manual 7.3.1, "map"): match method × type of the value. The lists are those of
// match/pattern-set, shared with acls of the same file and editable at run time; and regsub, which
// replaces by expression.

import type { ArgumentDef, ArgumentValue, Convert, ConverterDef, Scope } from '../../keyword.ts';
import { type MatchMethodDef, matchMethodByName, regexOf } from '../../match/methods.ts';
import { type PatternEntry, type PatternValues, takesAny } from '../../match/pattern.ts';
import { openPatterns } from '../../match/pattern-file.ts';
import { type PatternSet, usePatterns } from '../../match/pattern-set.ts';
import {
  fillReplacement,
  parseReplacement,
  type Replacement,
  replaceMatches,
} from '../../match/replacement.ts';
import { addFlags, type Regex } from '../../match/regex-guard.ts';
import { parseIpv4, parseIpv6 } from '../address.ts';
import { parseInt64 } from '../int64.ts';
import { kindAddress, kindSint, kindString, type Sample, type SampleKind } from '../sample.ts';

interface OutputRow {
  readonly suffix: string;
  readonly returns: SampleKind;
  readonly what: string;
  /** What values of the map (and the default) must be. */
  readonly values: PatternValues;
  /** Puts a checked value into the sample. */
  readonly give: (sample: Sample, value: string) => boolean;
  readonly defaultType: ArgumentDef['type'];
}

function giveAddress(sample: Sample, value: string): boolean {
  const ipv4 = parseIpv4(value);
  return ipv4 >= 0 ? sample.setIpv4(ipv4) : sample.setIpv6(parseIpv6(value));
}

const isAddress = (value: string): boolean => parseIpv4(value) >= 0 || parseIpv6(value) !== '';

const asString: OutputRow = {
  suffix: '',
  returns: kindString,
  what: 'text',
  values: { check: takesAny, typeOf: () => 'str' },
  give: (sample, value) => sample.setText(value),
  defaultType: 'string',
};

const outputs: readonly OutputRow[] = [
  asString,
  {
    suffix: '_int',
    returns: kindSint,
    what: 'integer',
    values: {
      check: (value) => (parseInt64(value) === null ? `'${value}' is not an integer` : ''),
      typeOf: () => 'sint',
    },
    give: (sample, value) => sample.setInt(parseInt64(value) ?? 0),
    defaultType: 'sint',
  },
  {
    suffix: '_ip',
    returns: kindAddress,
    what: 'address',
    values: {
      check: (value) => (isAddress(value) ? '' : `'${value}' is not an address`),
      typeOf: (value) => (parseIpv4(value) >= 0 ? 'ipv4' : 'ipv6'),
    },
    give: giveAddress,
    defaultType: 'string',
  },
];

interface InputRow {
  /** Of the converter's name: map, map_beg, ... */
  readonly name: string;
  readonly method: string;
  readonly takes: SampleKind;
}

const inputs: readonly InputRow[] = [
  { name: 'map_str', method: 'str', takes: kindString },
  { name: 'map_beg', method: 'beg', takes: kindString },
  { name: 'map_sub', method: 'sub', takes: kindString },
  { name: 'map_dir', method: 'dir', takes: kindString },
  { name: 'map_dom', method: 'dom', takes: kindString },
  { name: 'map_end', method: 'end', takes: kindString },
  { name: 'map_reg', method: 'reg', takes: kindString },
  { name: 'map_int', method: 'int', takes: kindSint },
  { name: 'map_ip', method: 'ip', takes: kindAddress },
];

const mapUser = { as: 'map', isMap: true } as const;

/** Opens the map and checks every key and value; null with alerts. */
function openMap(
  word: string,
  method: MatchMethodDef,
  values: PatternValues,
  scope: Scope,
): PatternSet | null {
  const before = scope.alerts;
  if (word === '') {
    scope.alert('a map needs the name of its file');
    return null;
  }
  const reference = openPatterns(word, mapUser, scope.patterns);
  const use = { method, ignoreCase: false, values };
  const set = typeof reference === 'string' ? reference : usePatterns(reference, word, use);
  if (typeof set !== 'string') return set;
  if (scope.alerts === before) scope.alert(set);
  return null;
}

type Give = (sample: Sample, entry: PatternEntry) => boolean;

/** Looks the sample up; without a match the default, or no value. */
function lookup(
  set: PatternSet,
  give: Give,
  fallback: ((sample: Sample) => boolean) | null,
): Convert {
  return (sample) => {
    const entry = set.find(sample);
    if (entry !== null) return give(sample, entry);
    return fallback?.(sample) === true;
  };
}

function buildMap(input: InputRow, output: OutputRow) {
  const method = matchMethodByName.get(input.method) as MatchMethodDef;
  return (args: readonly ArgumentValue[], scope: Scope): Convert | null => {
    const set = openMap(args[0] as string, method, output.values, scope);
    const text = args[1] === undefined ? null : String(args[1]);
    const why = text === null ? '' : output.values.check(text);
    if (why !== '') scope.alert(`${why} as default of '${input.name}'`);
    if (set === null || why !== '') return null;
    const give: Give = (sample, entry) => output.give(sample, entry.value ?? '');
    return lookup(set, give, text === null ? null : (sample) => output.give(sample, text));
  };
}

/** The key that matched instead of its value. */
function buildKey(input: InputRow) {
  const method = matchMethodByName.get(input.method) as MatchMethodDef;
  return (args: readonly ArgumentValue[], scope: Scope): Convert | null => {
    const set = openMap(args[0] as string, method, asString.values, scope);
    return set === null ? null : lookup(set, (sample, entry) => sample.setText(entry.text), null);
  };
}

interface Template {
  readonly text: string;
  readonly replacement: Replacement;
}

const templates = new WeakMap<PatternEntry, Template>();

/** The value of an entry as a text with groups, parsed once per value. */
function templateOf(entry: PatternEntry): Replacement {
  const text = entry.value ?? '';
  let template = templates.get(entry);
  if (template === undefined || template.text !== text) {
    template = { text, replacement: parseReplacement(text) };
    templates.set(entry, template);
  }
  return template.replacement;
}

/** map_regm: the value refers to groups of the expression. */
function buildRegm(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const method = matchMethodByName.get('regm') as MatchMethodDef;
  const set = openMap(args[0] as string, method, asString.values, scope);
  if (set === null) return null;
  const give: Give = (sample, entry) => {
    const match = regexOf(entry, set.options).exec(sample.text);
    if (match === null) return false;
    return sample.setText(fillReplacement(templateOf(entry), match));
  };
  const text = args[1] as string | undefined;
  return lookup(set, give, text === undefined ? null : (sample) => sample.setText(text));
}

function argsOf(output: OutputRow): readonly ArgumentDef[] {
  return [
    { name: 'file', type: 'string' },
    { name: 'default', type: output.defaultType, optional: true },
  ];
}

const products = inputs.flatMap((input) =>
  outputs.map(
    (output): ConverterDef => ({
      name: input.name + output.suffix,
      args: argsOf(output),
      takes: input.takes,
      returns: output.returns,
      help: `${output.what} found in a map by the method ${input.method}`,
      example: `${input.name}${output.suffix}(virt@example)`,
      build: buildMap(input, output),
    }),
  ),
);

const keys = inputs.map(
  (input): ConverterDef => ({
    name: `${input.name}_key`,
    args: [{ name: 'file', type: 'string' }],
    takes: input.takes,
    returns: kindString,
    help: `key found in a map by the method ${input.method}`,
    example: `${input.name}_key(virt@example)`,
    build: buildKey(input),
  }),
);

/** regsub(regex,replacement[,flags]): g replaces all, i ignores case. */
function buildRegsub(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [regex, template, flags = ''] = args as readonly [Regex, string, string?];
  if (/[^gi]/.test(flags)) {
    scope.alert(`regsub knows the flags 'g' and 'i', not '${flags}'`);
    return null;
  }
  if (flags.includes('i') && /[^\x20-\x7e]|\\x[89a-f]/.test(regex.source)) {
    scope.alert('regsub cannot ignore the case of bytes beyond ASCII');
    return null;
  }
  const made = addFlags(regex, flags);
  if (typeof made === 'string') {
    scope.alert(`regex of regsub cannot be used (${made})`);
    return null;
  }
  const replacement = parseReplacement(template);
  return (sample) => sample.setText(replaceMatches(sample.text, made, replacement));
}

const mapInput: InputRow = { name: 'map', method: 'str', takes: kindString };

export const lookups: readonly ConverterDef[] = [
  ...products,
  ...keys,
  {
    name: 'map',
    args: argsOf(asString),
    takes: kindString,
    returns: kindString,
    help: 'text found in a map by exact key',
    example: 'map(virt@example,none)',
    build: buildMap(mapInput, asString),
  },
  {
    name: 'map_regm',
    args: argsOf(asString),
    takes: kindString,
    returns: kindString,
    help: 'text found in a map by expression, with its groups filled in',
    example: 'map_regm(virt@example)',
    build: buildRegm,
  },
  {
    name: 'regsub',
    args: [
      { name: 'regex', type: 'regex' },
      { name: 'replacement', type: 'string' },
      { name: 'flags', type: 'string', optional: true },
    ],
    takes: kindString,
    returns: kindString,
    help: 'replaces what an expression matches',
    example: 'regsub(/+,/,g)',
    build: buildRegsub,
  },
];
