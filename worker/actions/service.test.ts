import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionBench } from '../../test/harness/expressions.ts';
import { lineCursor } from '../line-cursor.ts';
import { type ServiceDef, verdictDone } from '../keyword.ts';
import { serviceActions } from './service.ts';

const echo: ServiceDef = {
  name: 'echo',
  sets: ['http-request'],
  help: 'Says what it was told',
  build: () => (stream) => {
    stream.status = 299;
    return verdictDone;
  },
};

function build(words: readonly string[]) {
  const bench = new ExpressionBench([], {}, 'http-request');
  const [action] = serviceActions(new Map([['echo', echo]]));
  const line = {
    place: { file: 'test.cfg', line: 1, column: 0 },
    words,
    columns: words.map((_, index) => index + 1),
    text: words.join(' '),
    from: '',
  };
  const act = action.build(lineCursor(line), bench.scope(words));
  return { act, bench, messages: bench.diagnostics.list.map((one) => `${one.message}${one.hint}`) };
}

test('use-service runs the service that is named', () => {
  const { act, bench, messages } = build(['echo']);
  assert.deepEqual(messages, []);
  assert.equal(act?.(bench.exchange.stream), verdictDone);
  assert.equal(bench.exchange.stream.status, 299);
});

test('use-service refuses names that are no service', () => {
  assert.deepEqual(build(['ecko']).messages, [
    "'ecko' is not a service of 'http-request'did you mean 'echo'?",
  ]);
  assert.deepEqual(build([]).messages, ["'http-request' : missing the name of a service"]);
});

test('use-service is legal where a service serves, and nowhere without one', () => {
  assert.deepEqual(serviceActions(new Map()), []);
  const [action] = serviceActions(new Map([['echo', echo]]));
  assert.deepEqual(action.sets, ['http-request']);
});
