// The version in the program is the version of the package.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hawserVersion } from './version.ts';

test('the program and the package have one version', () => {
  const candidates = ['../package.json', '../../package.json'].map(
    (path) => new URL(path, import.meta.url),
  );
  const file = candidates.find((url) => existsSync(url));
  assert.ok(file !== undefined, 'package.json is above the program');
  const text = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  assert.equal(hawserVersion, text.version);
});
