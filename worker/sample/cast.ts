// Casts between sample types: the matrix of manual 7.3.1. Expressions ask for one step at start
// (castStep) or, when the type is known only while serving, cast what is there (castSample).
// A cast changes the sample in place; false: this value cannot become that type.

import { ipv4Text, ipv6Text } from '../conn/endpoint.ts';
import { ipv4ToIpv6, ipv6ToIpv4, parseIpv4, parseIpv6 } from './address.ts';
import { and, int64Bytes, readInt64, wordBytes } from './int64.ts';
import {
  kindBinary,
  kindIpv4,
  kindIpv6,
  kindMethod,
  kindSint,
  kindString,
  type Sample,
  type SampleKind,
} from './sample.ts';

export type Cast = (sample: Sample) => boolean;

/** Nothing to do: the value serves as it is and keeps its kind. */
export const castNone: Cast = () => true;

/** A type that stands for others: what is really there is known only while serving. */
const castPseudo: Cast = () => false;

function intToIpv4(sample: Sample): boolean {
  sample.kind = kindIpv4;
  sample.int = Number(and(sample.int, 0xffffffff));
  return true;
}

function intToIpv6(sample: Sample): boolean {
  sample.kind = kindIpv6;
  sample.text = ipv4ToIpv6(Number(and(sample.int, 0xffffffff)));
  return true;
}

function intToString(sample: Sample): boolean {
  sample.kind = kindString;
  sample.text = String(sample.int);
  return true;
}

function intToBinary(sample: Sample): boolean {
  sample.kind = kindBinary;
  sample.text = int64Bytes(sample.int);
  return true;
}

function boolToBinary(sample: Sample): boolean {
  sample.kind = kindBinary;
  sample.text = int64Bytes(sample.int ? 1 : 0);
  return true;
}

function ipv4ToInt(sample: Sample): boolean {
  sample.kind = kindSint;
  return true;
}

function ipv4To6(sample: Sample): boolean {
  sample.kind = kindIpv6;
  sample.text = ipv4ToIpv6(sample.int as number);
  return true;
}

function ipv4ToString(sample: Sample): boolean {
  sample.kind = kindString;
  sample.text = ipv4Text(sample.int as number);
  return true;
}

function ipv4ToBinary(sample: Sample): boolean {
  sample.kind = kindBinary;
  sample.text = wordBytes(sample.int as number);
  return true;
}

function ipv6To4(sample: Sample): boolean {
  const address = ipv6ToIpv4(sample.text);
  if (address < 0) return false;
  sample.kind = kindIpv4;
  sample.int = address;
  return true;
}

function ipv6ToString(sample: Sample): boolean {
  sample.kind = kindString;
  sample.text = ipv6Text(sample.text);
  return true;
}

function ipv6ToBinary(sample: Sample): boolean {
  sample.kind = kindBinary;
  return true;
}

function stringToInt(sample: Sample): boolean {
  if (sample.text === '') return false;
  sample.kind = kindSint;
  sample.int = readInt64(sample.text);
  return true;
}

function stringTo4(sample: Sample): boolean {
  const address = parseIpv4(sample.text);
  if (address < 0) return false;
  sample.kind = kindIpv4;
  sample.int = address;
  return true;
}

function stringTo6(sample: Sample): boolean {
  const bytes = parseIpv6(sample.text);
  if (bytes === '') return false;
  sample.kind = kindIpv6;
  sample.text = bytes;
  return true;
}

const stringToIp: Cast = (sample) => stringTo4(sample) || stringTo6(sample);

function stringToMethod(sample: Sample): boolean {
  sample.kind = kindMethod;
  return true;
}

/** A NUL byte ends a string. */
function binaryToString(sample: Sample): boolean {
  const end = sample.text.indexOf('\0');
  if (end >= 0) sample.text = sample.text.slice(0, end);
  sample.kind = kindString;
  return true;
}

function methodToString(sample: Sample): boolean {
  sample.kind = kindString;
  return true;
}

const no = null;
const is = castNone;
const toMeth: Cast = stringToMethod;
const at = castPseudo;

/** Row: from; column: to. Order of both: any same bool sint addr ipv4 ipv6 str bin meth. */
// biome-ignore format: a matrix
const matrix: readonly (readonly (Cast | null)[])[] = [
  /* any  */ [is, no, at, at, at, at, at, at, at, at],
  /* same */ [no, no, no, no, no, no, no, no, no, no],
  /* bool */ [is, no, is, is, no, no, no, intToString, boolToBinary, no],
  /* sint */ [is, no, is, is, intToIpv4, intToIpv4, intToIpv6, intToString, intToBinary, no],
  /* addr */ [is, no, no, no, at, at, at, at, at, no],
  /* ipv4 */ [is, no, no, ipv4ToInt, is, is, ipv4To6, ipv4ToString, ipv4ToBinary, no],
  /* ipv6 */ [is, no, no, no, is, ipv6To4, is, ipv6ToString, ipv6ToBinary, no],
  /* str  */ [is, no, stringToInt, stringToInt, stringToIp, stringTo4, stringTo6, is, is, toMeth],
  /* bin  */ [is, no, no, no, no, no, no, binaryToString, is, toMeth],
  /* meth */ [is, no, no, no, no, no, no, methodToString, methodToString, is],
];

/** True when `from` can be cast to `to` at all. */
export function canCast(from: SampleKind, to: SampleKind): boolean {
  return matrix[from][to] !== null;
}

/** True when a cast from `from` to `to` leaves the value alone. */
export function isFreeCast(from: SampleKind, to: SampleKind): boolean {
  return matrix[from][to] === castNone;
}

/**
 * The cast for values announced as `from`: castNone when there is nothing to do, null when
 * impossible. Only types that stand for others are looked at again while serving.
 */
export function castStep(from: SampleKind, to: SampleKind): Cast | null {
  const cast = matrix[from][to];
  return cast === castPseudo ? (sample) => castSample(sample, to) : cast;
}

/** Casts whatever the sample holds now. False: impossible. */
export function castSample(sample: Sample, to: SampleKind): boolean {
  if (sample.kind === to) return true;
  const cast = matrix[sample.kind][to];
  return cast?.(sample) === true;
}
