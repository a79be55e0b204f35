// JSON configurations: a Model passes, anything else says what is wrong with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJsonModel } from './json.ts';
import { loadConfiguration } from './load.ts';

const text = 'listen l\n  bind :1\n  timeout client 1s\n  mode http\n  balance uri\n';
const { model } = loadConfiguration({ files: [], texts: [{ name: 'a', text }], environment: {} });

test('a model that was written as JSON is read back', async () => {
  const read = await readJsonModel('m.json', JSON.stringify(model));
  assert.deepEqual(read.diagnostics.list, []);
  assert.deepEqual(read.model, model);
});

test('mistakes are named with their path', async () => {
  const cases: [(copy: Record<string, never>) => string, RegExp][] = [
    [() => '{', /is not JSON/],
    [() => '[]', /\/ must be object/],
    [(copy) => JSON.stringify({ ...copy, extra: 1 }), /must NOT have additional properties/],
    [(copy) => JSON.stringify({ ...copy, version: 99 }), /\/version must be equal to constant/],
    [
      (copy) =>
        JSON.stringify({ ...copy, proxies: [{ ...(copy['proxies'][0] as object), mode: 'udp' }] }),
      /\/proxies\/0\/mode must be equal to one of/,
    ],
    [
      (copy) =>
        JSON.stringify({ ...copy, global: { ...(copy['global'] as object), nbthread: -1 } }),
      /\/global\/nbthread must be >= 0/,
    ],
  ];
  for (const [make, expected] of cases) {
    const read = await readJsonModel('m.json', make(JSON.parse(JSON.stringify(model))));
    assert.equal(read.model, null);
    assert.match(read.diagnostics.list[0].message, expected);
  }
});
