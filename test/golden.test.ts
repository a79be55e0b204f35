// Configurations with what must come out of them: test/golden/config/*.cfg hold a configuration, a
// separator line, and expected lines: diagnostics (`alert 4:7 text`) or parts of the Model
// (`proxies[0].mode = "http"`). UPDATE_GOLDEN=1 rewrites the expectations; read the difference.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import type { Diagnostic } from '../shared/config/diagnostic.ts';
import { type Loaded, loadConfiguration } from '../shared/config/load.ts';
import type { Model } from '../shared/config/model.ts';
import { modelSchema } from '../shared/config/schema.ts';

const separator = '#==== expected ====\n';
const folder = join(process.cwd(), 'test/golden/config');
const environment = { GREETING: 'hello', LIST: 'a b', EMPTY: '' };
const updating = process.env['UPDATE_GOLDEN'] === '1';

const validate = new Ajv({ allErrors: true }).compile(modelSchema);

function modelProblems(model: Model): string[] {
  validate(model);
  return (validate.errors ?? []).map((one) => `${one.instancePath} ${one.message}`);
}

const expectedOf = (diagnostic: Diagnostic): string => {
  const { severity, line, column, message, hint } = diagnostic;
  const text = `${message}${hint === '' ? '' : `; ${hint}`}`.replaceAll('\n', '\\n');
  return `${severity} ${line}:${column} ${text}`;
};

/** Follows `a.b[2].c` into the model. */
function pick(model: Model, path: string): unknown {
  let value: unknown = model;
  for (const [, name, index] of path.matchAll(/([\w-]+)|\[(\d+|"[^"]*")\]/g)) {
    const key = name ?? index.replaceAll('"', '');
    value = (value as Record<string, unknown> | undefined)?.[key];
  }
  return value;
}

function load(file: string): { input: string; expected: string[]; loaded: Loaded } {
  const whole = readFileSync(join(folder, file), 'latin1');
  const at = whole.indexOf(separator);
  assert.ok(at >= 0, `${file} has no separator line`);
  const input = whole.slice(0, at);
  const expected = whole
    .slice(at + separator.length)
    .split('\n')
    .filter((line) => line !== '');
  const loaded = loadConfiguration({
    files: [],
    texts: [{ name: file, text: input }],
    environment,
  });
  return { input, expected, loaded };
}

const isPath = (line: string): boolean =>
  / = /.test(line) && !/^(alert|warning|notice|diag) /.test(line);

function actualLines(loaded: Loaded, expected: readonly string[]): string[] {
  const paths = expected.filter(isPath).map((line) => line.slice(0, line.indexOf(' = ')));
  const values = paths.map((path) => `${path} = ${JSON.stringify(pick(loaded.model, path))}`);
  return [...loaded.diagnostics.list.map(expectedOf), ...values];
}

for (const file of readdirSync(folder)
  .filter((name) => name.endsWith('.cfg'))
  .toSorted()) {
  test(`golden ${file}`, () => {
    const { input, expected, loaded } = load(file);
    const actual = actualLines(loaded, expected);
    if (updating)
      writeFileSync(join(folder, file), `${input}${separator}${actual.join('\n')}\n`, 'latin1');
    else assert.deepEqual(actual, expected);
    assert.ok(actual.length > 0, 'a case without expectations cannot fail');
    assert.deepEqual(modelProblems(loaded.model), []);
  });
}
