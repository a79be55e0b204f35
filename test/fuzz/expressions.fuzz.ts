// Fuzzer of the rule language: expressions, conditions and log-format strings out of all words of
// the catalog, whole ones that were damaged, and noise. None may throw or loop, whatever it is; a
// refusal says why; what builds must evaluate, and of a kind that it may have. `smoke` is run by
// expressions.test.ts; a failure names the seed.

import assert from 'node:assert/strict';
import { converters, fetches, logTags } from '../../worker/catalog.ts';
import { kindAny, kindNames, Sample } from '../../worker/sample/sample.ts';
import { ExpressionBench } from '../harness/expressions.ts';
import { Chance } from '../sim/chance.ts';

const request = [
  'GET /a/b.c?x=1&y=%20z HTTP/1.1',
  'host: fuzz.example:80',
  'cookie: a=1; b="2"',
  'x-list: a, "b,c", d',
  'authorization: Basic YTpi',
  '',
  '',
].join('\r\n');

/** Have effects beyond an evaluation, or wait for something. */
const left = new Set(['debug']);

const usable = <T extends { readonly name: string }>(rows: Iterable<T>): readonly T[] =>
  [...rows].filter(({ name }) => !left.has(name));
const fetchExamples = usable(fetches.values()).map(({ example }) => example);
const converterRows = usable(converters.values());
const tags = [...logTags.keys()];

const noise = [
  '(',
  ')',
  ',',
  '"',
  "'",
  '\\',
  ' ',
  '%',
  '[',
  ']',
  '{',
  '}',
  '\xff',
  '0',
  '-1',
  '.',
  ':',
];
const values = [
  '',
  '0',
  '-1',
  'a',
  '9223372036854775807',
  'txn.a',
  'proc.b',
  '1.2.3.4',
  '::1',
  'x'.repeat(99),
];
const methods = [
  '',
  '-m str a',
  '-m beg a',
  '-i -m sub A',
  '-m reg ^a',
  '-m len 1:3',
  '-m found',
  '-m int 1',
  '-m ip 10.0.0.0/8',
  '-f virt@x',
  '-m bin 61',
  'a b c',
  '-m dom a',
  '-m nope x',
];

function damaged(chance: Chance, text: string): string {
  const at = chance.between(0, text.length);
  const end = chance.hits(0.5) ? at : chance.between(at, text.length);
  return text.slice(0, at) + (chance.hits(0.7) ? chance.pick(noise) : '') + text.slice(end);
}

function randomConverter(chance: Chance): string {
  const { name, example } = chance.pick(converterRows);
  if (chance.hits(0.6)) return example;
  const args = Array.from({ length: chance.between(0, 3) }, () => chance.pick(values));
  return args.length === 0 ? name : `${name}(${args.join(',')})`;
}

export function randomExpression(chance: Chance): string {
  const start = chance.hits(0.3)
    ? chance.pick(['str(abc)', 'int(5)', 'bin(00ff)', 'bool(1)', 'ipv4(1.2.3.4)', 'ipv6(::1)'])
    : chance.pick(fetchExamples);
  const chain = Array.from({ length: chance.between(0, 4) }, () => randomConverter(chance));
  const whole = [start, ...chain].join(',');
  return chance.hits(0.3) ? damaged(chance, whole) : whole;
}

function randomFormat(chance: Chance): string {
  let text = '';
  for (let i = chance.between(1, 4); i > 0; i--) {
    const flags = chance.pick(['', '', '{+Q}', '{+X}', '{+E}', '{-Q}', '{+Q,+E}', '{+Z}', '{']);
    const name = chance.pick(['', '', '(a)', '(b:int)', '(c:bool)', '(', '(d:nope)']);
    const what = chance.hits(0.5) ? `[${randomExpression(chance)}]` : chance.pick(tags);
    text += `${chance.pick(['', ' ', 'x', '%%'])}%${flags}${name}${what}`;
  }
  const start = chance.pick(['', '', '%{+Q}o', '%{+json}o', '%{+cbor}o ']);
  return chance.hits(0.3) ? damaged(chance, start + text) : start + text;
}

function evaluate(bench: ExpressionBench, text: string): void {
  const built = bench.scope([text]).expressionOf(text, kindAny);
  if (built === null) {
    assert.notEqual(bench.faults(), '', `refused without a word: ${text}`);
    return;
  }
  bench.faults();
  const sample = new Sample();
  sample.iterate = text.length % 2 === 0;
  for (let i = 0; i < 100 && built.evaluate(bench.exchange.stream, sample); i++) {
    assert.ok(sample.kind >= 2 && sample.kind < kindNames.length, `kind ${sample.kind}: ${text}`);
    if (!sample.more) return;
  }
}

/** Runs `runs` cases from `seed`; throws on the first that breaks a promise. */
export function smoke(seed: number, runs: number): void {
  const chance = new Chance(seed);
  const bench = new ExpressionBench();
  bench.exchange.request(request);
  for (let run = 0; run < runs; run++) {
    const expression = randomExpression(chance);
    const format = randomFormat(chance);
    const condition = `if { ${expression} ${chance.pick(methods)} }`;
    try {
      evaluate(bench, expression);
      const found = bench.condition(condition);
      assert.ok(typeof found === 'number' || found !== '', `refused without a word: ${condition}`);
      const built = bench.scope([format]).logFormat(format);
      if (built !== null) assert.equal(typeof built(bench.exchange.stream), 'string');
      bench.faults();
    } catch (cause) {
      throw new Error(`run ${run}: ${expression} | ${format}`, { cause });
    }
  }
}
