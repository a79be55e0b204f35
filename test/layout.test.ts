// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration, not of
// the code.
// The layout keeps the meaning, over every configuration of the repository and over random lines:
// the Model and the diagnostics before and after are the same but for their places, a second layout
// changes nothing, and the spacing that somebody chose does not matter. HAWSER_CONFIGS=folder:...
// adds the configurations and stories of other folders.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOut } from '../cli/layout.ts';
import { splitLine } from '../shared/config/lexer.ts';
import { loadConfiguration } from '../shared/config/load.ts';
import { configurations } from './harness/configurations.ts';

const found = configurations();

/** Where something stands is no meaning; nor is the source line that is kept for a message. */
function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (value instanceof Map) return [...value].map(withoutPlaces);
  if (typeof value !== 'object' || value === null) return value;
  if ('file' in value && 'line' in value && 'column' in value) return 'a place';
  const isLine = 'columns' in value;
  const kept = Object.entries(value).filter(
    ([key]) => key !== 'columns' && !(isLine && key === 'text'),
  );
  return Object.fromEntries(kept.map(([key, one]) => [key, withoutPlaces(one)]));
}

function meaningOf(text: string): unknown {
  const environment = { h1_addr: '127.0.0.1', h1_port: '1' };
  const texts = [{ name: 'cfg', text }];
  const { model, diagnostics } = loadConfiguration({ files: [], texts, environment });
  const said = diagnostics.list.map(
    ({ severity, message, hint }) => `${severity} ${message.replace(/\d+/g, '0')} ${hint}`,
  );
  return { model: withoutPlaces(model), said };
}

/** A file without a last line end is a mistake of its own, which the layout mends. */
const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

test('the configurations are found', () => assert.ok(found.length > 60, `${found.length}`));

for (const { name, text } of found) {
  test(`the same meaning: ${name.replace(`${process.cwd()}/`, '')}`, () => {
    const laid = layOut(text);
    assert.deepEqual(meaningOf(laid), meaningOf(ended(text)));
    assert.equal(layOut(laid), laid, 'a second layout');
    assert.equal(layOut(respaced(laid)), laid, 'other blanks');
  });
}

/** Other blanks between the words, and in front of lines but not of comments at the margin. */
function respaced(text: string): string {
  const lines = text.split('\n').map((line, at) => {
    const { ends, fault } = splitLine(line, () => 'x');
    if (fault !== null || line === '' || /^\s*\[/.test(line)) return line;
    if (line.includes('\0') || line.includes('\r') || ends.length === 0) return line;
    const words = ends.map((end, index) => line.slice(index === 0 ? 0 : ends[index - 1], end));
    const rest = line.slice(ends.at(-1));
    const blanks = ['  ', '\t', ' \t '][at % 3];
    const [first, ...others] = words.map((word) => word.replace(/^\s+/, ''));
    return `${blanks}${[first, ...others].join(blanks)}${rest === '' ? '' : blanks + rest.trimStart()}`;
  });
  return lines.join('\n');
}

const seed = Number(process.env['HAWSER_SEED'] ?? Date.now() % 1_000_000);
const pieces = [
  ...['"', "'", '\\', '$A', '${B-x}', '${L[*]}', '{', '}', '#', ' ', '  ', '\t', '\r', '\xe9'],
  ...['a', 'global', 'backend', '.if', '.endif', '\n', '\n', '\n', '[', '\\ ', '\\x41', '\\#'],
];

test(`random text, seed ${seed}`, () => {
  let state = seed;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % limit;
  };
  for (let run = 0; run < 3000; run++) {
    const text = Array.from({ length: random(40) }, () => pieces[random(pieces.length)]).join('');
    // It throws when a word would change.
    const laid = layOut(text);
    assert.equal(layOut(laid), laid, `seed ${seed}: ${JSON.stringify(text)}`);
  }
});
