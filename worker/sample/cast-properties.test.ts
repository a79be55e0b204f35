// Properties of casts and of 64-bit integers on random and extreme values: what the manual's matrix
// promises, against a plain model in big integers. HAWSER_SEED=n repeats a run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chance } from '../../test/sim/chance.ts';
import { ipv4Text } from '../conn/endpoint.ts';
import { canCast, castSample, castStep, isFreeCast } from './cast.ts';
import { add, and, div, type Int64, mod, mul, or, readInt64, sub, xor } from './int64.ts';
import {
  kindAddress,
  kindBinary,
  kindBool,
  kindIpv4,
  kindIpv6,
  kindMethod,
  kindNames,
  kindSint,
  kindString,
  Sample,
} from './sample.ts';

const seed = Number(process.env['HAWSER_SEED'] ?? 20_261_129);
const max = 2n ** 63n - 1n;
const min = -(2n ** 63n);
const clamp = (value: bigint): bigint => (value > max ? max : value < min ? min : value);
/** As samples hold it: a number while that is exact. */
const held = (value: bigint): Int64 => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

const edges = [
  0n,
  1n,
  -1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n - 1n,
  2n ** 53n,
  max,
  min,
  max - 1n,
];

function randomInteger(chance: Chance): bigint {
  if (chance.hits(0.4)) return chance.pick(edges);
  const bits = BigInt(chance.between(1, 63));
  let value = 0n;
  for (let i = 0; i < 4; i++) value = (value << 16n) | BigInt(chance.between(0, 65_535));
  value &= (1n << bits) - 1n;
  return chance.hits(0.5) ? value : -value;
}

function sampleOf(kind: number, value: Int64 | string): Sample {
  const sample = new Sample();
  sample.kind = kind;
  if (typeof value === 'string') sample.text = value;
  else sample.int = value;
  return sample;
}

function cast(kind: number, value: Int64 | string, to: number): Int64 | string | null {
  const sample = sampleOf(kind, value);
  if (!castSample(sample, to)) return null;
  return [kindBool, kindSint, kindIpv4].includes(sample.kind) ? sample.int : sample.text;
}

test('arithmetic saturates at 64 bits', (context) => {
  context.diagnostic(`HAWSER_SEED=${seed}`);
  const chance = new Chance(seed);
  for (let run = 0; run < 3000; run++) {
    const [a, b] = [randomInteger(chance), randomInteger(chance)];
    const [x, y] = [held(a), held(b)];
    const name = `${a} and ${b}`;
    assert.equal(add(x, y), held(clamp(a + b)), `add ${name}`);
    assert.equal(sub(x, y), held(clamp(a - b)), `sub ${name}`);
    assert.equal(mul(x, y), held(clamp(a * b)), `mul ${name}`);
    assert.equal(and(x, y), held(a & b), `and ${name}`);
    assert.equal(or(x, y), held(a | b), `or ${name}`);
    assert.equal(xor(x, y), held(a ^ b), `xor ${name}`);
    if (b === 0n) continue;
    assert.equal(div(x, y), held(clamp(a / b)), `div ${name}`);
    assert.equal(BigInt(mod(x, y)), a % b, `mod ${name}`);
  }
});

test('integers become texts, bytes and addresses, and come back', () => {
  const chance = new Chance(seed + 1);
  for (let run = 0; run < 2000; run++) {
    const value = randomInteger(chance);
    const int = held(value);
    assert.equal(cast(kindSint, int, kindString), String(value));
    assert.equal(cast(kindString, String(value), kindSint), int);
    const bytes = cast(kindSint, int, kindBinary) as string;
    assert.equal(bytes.length, 8);
    assert.equal(Buffer.from(bytes, 'latin1').readBigInt64BE(), value);
    const low = Number(BigInt.asUintN(32, value));
    assert.equal(cast(kindSint, int, kindIpv4), low);
    assert.equal(cast(kindIpv4, low, kindSint), low);
    assert.equal(cast(kindIpv4, low, kindString), ipv4Text(low));
    assert.equal(cast(kindString, ipv4Text(low), kindIpv4), low);
    const wide = cast(kindIpv4, low, kindIpv6) as string;
    assert.equal(cast(kindIpv6, wide, kindIpv4), low);
    assert.equal(cast(kindSint, int, kindIpv6), wide);
    assert.equal(cast(kindIpv6, wide, kindBinary), wide);
    assert.equal(cast(kindIpv4, low, kindBinary), wide.slice(12));
  }
});

test('texts become integers by their leading digits, saturated', () => {
  const chance = new Chance(seed + 2);
  for (let run = 0; run < 2000; run++) {
    let digits = '';
    for (let i = chance.between(0, 25); i > 0; i--) digits += String(chance.between(0, 9));
    const sign = chance.pick(['', '', '-', '+']);
    const rest = chance.pick(['', '', 'x', '.5', ' 1', '-']);
    const text = `${sign}${digits}${rest}`;
    const model = digits === '' ? 0n : clamp(BigInt(digits) * (sign === '-' ? -1n : 1n));
    assert.equal(readInt64(text), held(model), JSON.stringify(text));
    assert.equal(cast(kindString, text, kindSint), text === '' ? null : held(model));
  }
});

const values: readonly (readonly [number, Int64 | string])[] = [
  [kindBool, 1],
  [kindSint, -5],
  [kindSint, max],
  [kindIpv4, 0x7f000001],
  [kindIpv6, `${'\0'.repeat(15)}\x01`],
  [kindIpv6, `${'\0'.repeat(10)}\xff\xff\x7f\0\0\x01`],
  [kindString, ''],
  [kindString, '12'],
  [kindString, '::1'],
  [kindString, 'a\xff'],
  [kindBinary, 'a\0b'],
  [kindMethod, 'GET'],
];

test('a chain of casts ends in the kind it announces, or has no value', () => {
  const chance = new Chance(seed + 3);
  for (let run = 0; run < 5000; run++) {
    const [kind, value] = chance.pick(values);
    const sample = sampleOf(kind, value);
    let announced = kind;
    for (let step = 0; step < 4; step++) {
      const to = chance.between(kindBool, kindMethod);
      const by = castStep(announced, to);
      assert.equal(by !== null, canCast(announced, to));
      if (by === null) continue;
      const before = announced;
      if (!by(sample)) break;
      announced = isFreeCast(before, to) ? before : to;
      const isFit =
        announced === kindAddress
          ? sample.kind === kindIpv4 || sample.kind === kindIpv6
          : sample.kind === announced;
      const path = `${kindNames[kind]} to ${kindNames[before]} to ${kindNames[to]}`;
      assert.ok(isFit || isFreeCast(sample.kind, announced), `${path}: ${kindNames[sample.kind]}`);
    }
  }
});
