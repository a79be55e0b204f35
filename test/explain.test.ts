// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration, not of
// the code.
// `explain` holds on every configuration of the repository that can be started: a request comes to
// an end, the same each time, and nothing of the program has a fault.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequest } from '../cli/explain/request.ts';
import { loadConfiguration } from '../shared/config/load.ts';
import type { Model } from '../shared/config/model.ts';
import { checkConfiguration } from '../worker/check-configuration.ts';
import { explainRequest } from '../worker/explain/explain.ts';
import { configurations } from './harness/configurations.ts';

/** Variables that stories set: addresses, ports, descriptors. */
function environmentOf(text: string): Record<string, string> {
  const names = Array.from(text.matchAll(/(fd@)?\$\{(\w+)/g), ([, fd, name]) => {
    const value = fd !== undefined ? '9' : /port/i.test(name) ? '1234' : '127.0.0.1';
    return [name, value] as const;
  });
  return Object.fromEntries(names);
}

/** null: it cannot be started here. */
function modelOf(name: string, text: string): Model | null {
  const texts = [{ name, text }];
  const loaded = loadConfiguration({ files: [], texts, environment: environmentOf(text) });
  if (loaded.diagnostics.alerts > 0) return null;
  return checkConfiguration(loaded.model).diagnostics.alerts > 0 ? null : loaded.model;
}

const request = readRequest({
  ...{
    request: '/a?b=c',
    method: undefined,
    headers: ['X-A: 1'],
    data: undefined,
    user: undefined,
  },
  ...{ cookie: undefined, from: '', frontend: '', repeat: 1, down: [], answer: 200 },
  answerHeaders: [],
});

let explained = 0;

for (const { name, text } of configurations()) {
  test(`a request comes to an end: ${name.replace(`${process.cwd()}/`, '')}`, () => {
    if (typeof request === 'string') assert.fail(request);
    const model = modelOf(name, text);
    if (model === null) return;
    const told = explainRequest(model, request);
    if (told.fault !== '') {
      assert.match(told.fault, /^nothing listens/);
      return;
    }
    explained++;
    assert.deepEqual(
      told.notes.filter((note) => note.startsWith('a fault')),
      [],
    );
    assert.notEqual(told.outcome, 'none');
    const again = modelOf(name, text);
    if (again === null) assert.fail('it has started before');
    const { steps } = explainRequest(again, request);
    assert.deepEqual(
      steps.map(({ line, met, verdict }) => [line, met, verdict]),
      told.steps.map(({ line, met, verdict }) => [line, met, verdict]),
    );
  });
}

test('many of them could be explained', () => assert.ok(explained > 25, `${explained}`));
