// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration, not of
// the code. Feeds the configuration lexer and the whole loader with bytes: random ones, and real
// lines with random damage. It must never throw, never loop, and say where a fault is inside the
// line.
// `smoke(seed, runs)` is what `npm test` runs; the seed is printed by the caller when it fails.
import assert from 'node:assert/strict';
import { splitLine } from '../../shared/config/lexer.ts';
import { loadConfiguration } from '../../shared/config/load.ts';

/** A small generator (mulberry32): the same numbers for the same seed everywhere. */
function generator(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % limit;
  };
}

const pieces = [
  ...[
    '"',
    "'",
    '\\',
    '$',
    '{',
    '}',
    '[*]',
    '-',
    '#',
    ' ',
    '\t',
    '\r',
    '\x00',
    '\xff',
    '\\x4',
    '\\x41',
  ],
  ...['$A', '${A}', '${B-x}', '${L[*]}', '${.LINE}', '.if', '.endif', '(', ')', ',', 'defined('],
  ...[
    'global',
    'listen l',
    'bind',
    ':80',
    'server',
    's',
    '127.0.0.1:80',
    'timeout',
    'client',
    '1s',
  ],
  ...['http-request', 'deny', 'if', '{', '}', 'log', 'option', 'no', 'default', 'balance', 'hdr('],
];

const variables: Readonly<Record<string, string>> = { A: 'a b', L: ' x  y ', E: '', '.LINE': '1' };
const lookup = (name: string): string | undefined => variables[name];

function randomLine(random: (limit: number) => number): string {
  let line = '';
  for (let count = random(12); count > 0; count--) {
    line += random(4) === 0 ? String.fromCharCode(random(256)) : pieces[random(pieces.length)];
    if (random(2) === 0) line += ' ';
  }
  return line;
}

function checkLine(line: string): void {
  const { words, columns, fault, emptyAt } = splitLine(line, lookup);
  assert.ok(emptyAt < line.length);
  if (fault !== null) {
    assert.ok(fault.at >= 0 && fault.at <= line.length);
    return;
  }
  assert.equal(words.length, columns.length);
  let last = 1;
  for (const column of columns) {
    assert.ok(column >= last && column <= line.length);
    last = column;
  }
}

/** Runs `runs` cases from `seed`; throws on the first that breaks a promise. */
export function smoke(seed: number, runs: number): void {
  const random = generator(seed);
  for (let run = 0; run < runs; run++) {
    const lines = Array.from({ length: 1 + random(6) }, () => randomLine(random));
    for (const line of lines) checkLine(line);
    const text = `${lines.join('\n')}\n`;
    const { model } = loadConfiguration({
      files: [],
      texts: [{ name: 'fuzz', text }],
      environment: {},
    });
    assert.ok(Array.isArray(model.proxies));
  }
}
