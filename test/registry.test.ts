// Every word the proxy can say: help, an example that builds, no twin; and how much of the
// reference's own list works (test/parity holds that list: names only).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RuleSet } from '../shared/config/model.ts';
import { unsupportedActions } from '../worker/actions/unsupported.ts';
import { actions, converters, dumpKeywords, fetches, logTags } from '../worker/catalog.ts';
import { kindAddress, kindBool, kindSint } from '../worker/sample/sample.ts';
import { compileText, frontendText } from './harness/exchange.ts';

function referenceLines(): readonly string[] {
  const path = join(process.cwd(), 'test/parity/keywords-3.5-dev5.txt');
  return readFileSync(path, 'latin1').split('\n');
}

test('every row has help and an example', () => {
  for (const table of [actions, fetches, converters]) {
    for (const { name, help, example } of table.values()) {
      assert.ok(help.length > 0, `${name} has no help`);
      assert.ok(example.length > 0, `${name} has no example`);
    }
  }
  for (const { name, help } of logTags.values()) assert.ok(help.length > 3, `%${name} has no help`);
});

/** Rule lines that make a defaults section's slots for `capture ... id 0`. */
function actionText(ruleSet: RuleSet, example: string): string {
  const isAttach = example.startsWith('attach-srv');
  const mode = ruleSet.startsWith('tcp') && !isAttach ? 'tcp' : 'http';
  const text = isAttach
    ? frontendText([], mode).replace('\nbackend be', '\nbackend be\n  server dev rhttp@')
    : frontendText([], mode);
  const rule = `  ${ruleSet} ${example.replaceAll('\\', '\\\\')}`;
  // A listen has both sides: an action of either is legal there.
  const head = text.replace('frontend fe', 'listen fe').replace('  default_backend be\n', '');
  return head.replace('backend be', `${rule}\nbackend be`);
}

test('every example of an action builds in every rule set that has it', () => {
  for (const action of actions.values()) {
    for (const ruleSet of action.sets) {
      const { messages } = compileText(actionText(ruleSet, action.example));
      assert.deepEqual(messages, [], `${ruleSet} ${action.example}`);
    }
  }
});

test('every example of a fetch builds in a log format', () => {
  for (const { name, example } of fetches.values()) {
    const rule = `http-request set-var(txn.x) ${example}`;
    const messages = buildsSomewhere(example);
    assert.deepEqual(messages, [], `${name}: ${rule}`);
  }
});

/** A fetch may only exist in one place: messages of the place that has the fewest. */
function buildsSomewhere(example: string): readonly string[] {
  let fewest: readonly string[] = ['nowhere'];
  for (const ruleSet of ['http-request', 'http-response', 'tcp-request content'] as const) {
    const variable = ruleSet === 'http-response' ? 'res' : 'txn';
    const text = actionText(ruleSet, `set-var(${variable}.x) ${example}`);
    const users = 'userlist staff\n  user ann insecure-password x\n  group G users ann\n';
    const { messages } = compileText(users + text);
    if (messages.length === 0) return [];
    if (messages.length <= fewest.length) fewest = messages;
  }
  return fewest;
}

/**
 * A fetch whose value a converter of this input takes, for examples that start with the converter.
 */
const inputs: Readonly<Record<number, string>> = {
  [kindSint]: 'int(5)',
  [kindBool]: 'always_true',
  [kindAddress]: 'src',
};

test('every example of a converter builds', () => {
  for (const { name, example, takes } of converters.values()) {
    const expression = `${inputs[takes] ?? 'str(abc)'},${example}`;
    const isWhole = buildsSomewhere(example).length === 0;
    assert.deepEqual(isWhole ? [] : buildsSomewhere(expression), [], `${name}: ${expression}`);
  }
});

test('every log tag builds, with every flag that changes it', () => {
  for (const { name } of logTags.values()) {
    for (const flags of ['', '{+Q}', '{+X}', '{+E}']) {
      const { messages } = compileText(
        frontendText(['log 127.0.0.1 local0', `log-format "%${flags}${name}"`]),
      );
      assert.deepEqual(messages, [], `%${flags}${name}`);
    }
  }
});

test('no action works and is refused at the same time', () => {
  assert.deepEqual(
    unsupportedActions.filter((name) => actions.has(name)),
    [],
  );
});

/** Some converters can do without an argument that the reference wants. */
function form(line: string): string {
  return /: .* => /.test(line) ? line.replace(/[[\]]/g, '') : line;
}

test('-dKall lists only what the reference lists, in its form', () => {
  const reference = new Set(referenceLines().map(form));
  const ours = dumpKeywords('all').split('\n').map(form);
  assert.deepEqual(
    ours.filter((line) => !reference.has(line)),
    [],
  );
});

test('coverage', (context) => {
  const reference = referenceLines();
  for (const name of ['acl', 'cfg', 'cli', 'cnv', 'smp']) {
    const ours = dumpKeywords(name).split('\n');
    const start = reference.indexOf(ours[0]);
    const end = reference.findIndex((line, index) => index > start && line.startsWith('# List'));
    const wanted = reference
      .slice(start, end < 0 ? reference.length : end)
      .filter((line) => line !== '' && !line.startsWith('#'));
    const works = ours.filter((line) => line !== '' && !line.startsWith('#'));
    context.diagnostic(`${name}: ${works.length} of ${wanted.length} words`);
    assert.ok(works.length <= wanted.length);
  }
});
