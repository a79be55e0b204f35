import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateFeature } from './condition.ts';
import { detectedFeatures } from './detected.ts';

test('what was detected is what feature() says', () => {
  for (const { name, works } of detectedFeatures()) assert.equal(evaluateFeature(name), works);
  assert.equal(detectedFeatures(), detectedFeatures(), 'found out once');
});
