// maxconn and the descriptors it needs, from limits, configuration and -m.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../shared/config/load.ts';
import type { Model } from '../shared/config/model.ts';
import { computeLimits } from './limits.ts';

const never = (): boolean => false;

function model(global: string, rest = ''): Model {
  const text = `global\n    nbthread 1\n${global}\n${rest}`;
  const { model, diagnostics } = loadConfiguration({
    files: [],
    texts: [{ name: 'test', text }],
    environment: {},
  });
  assert.deepEqual(
    diagnostics.list.filter(({ severity }) => severity === 'alert'),
    [],
  );
  return model;
}

test('maxconn is half of the descriptors that are left', () => {
  const cases: [string, number, number][] = [
    ['    maxconn 500', 1024, 500],
    ['', 1024, 467],
    ['', 10, 100],
    ['', 5_000_000, 524_243],
    ['    fd-hard-limit 2048', 20_000, 979],
    ['    fd-hard-limit 20000', 1024, 467],
  ];
  for (const [global, descriptorsMax, expected] of cases) {
    const input = { model: model(global), memoryMegabytes: 0, isPermitted: never, descriptorsMax };
    assert.equal(computeLimits(input).maxconn, expected, `${global} ${descriptorsMax}`);
  }
});

test('what maxconn needs fits into the descriptors it was computed from', () => {
  for (const descriptorsMax of [1024, 4096, 65_536, 1_048_576]) {
    const limits = computeLimits({
      model: model(''),
      memoryMegabytes: 0,
      isPermitted: never,
      descriptorsMax,
    });
    assert.ok(limits.descriptors <= descriptorsMax);
    assert.ok(limits.descriptors > descriptorsMax - 3);
    assert.ok(limits.automatic);
  }
});

test('ulimit-n is taken as it is', () => {
  const input = {
    model: model('    ulimit-n 777'),
    memoryMegabytes: 0,
    isPermitted: never,
    descriptorsMax: 1024,
  };
  assert.equal(computeLimits(input).descriptors, 777);
});

test('-m gives the numbers that HAProxy gives', () => {
  for (const [memoryMegabytes, expected] of [
    [1024, 29_000],
    [384, 11_000],
    [256, 7300],
  ] as const) {
    const input = {
      model: model(''),
      memoryMegabytes,
      isPermitted: never,
      descriptorsMax: 1_000_000,
    };
    assert.equal(computeLimits(input).maxconn, expected);
  }
});

test('-m gives less when the system does not allow the descriptors', () => {
  const input = { model: model(''), memoryMegabytes: 1024, descriptorsMax: 4096 };
  assert.equal(computeLimits({ ...input, isPermitted: never }).maxconn, 2000);
  assert.equal(computeLimits({ ...input, isPermitted: () => true }).maxconn, 29_000);
});

test('memory for no connection is a mistake', () => {
  const tune = model('    tune.bufsize 2000000');
  const { error } = computeLimits({
    model: tune,
    memoryMegabytes: 1,
    isPermitted: never,
    descriptorsMax: 1024,
  });
  assert.match(error, /1 MB \(-m\) hold no connection/);
});
