// Addresses that cannot be spoken to.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask, ClientError } from './client.ts';

test('a path that cannot even be looked at is told of in a sentence', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-client-'));
  try {
    const loop = join(folder, 'loop');
    symlinkSync(loop, loop);
    for (const path of [loop, join(folder, 'n'.repeat(300)), join(loop, 'below')]) {
      await assert.rejects(ask(path, 'show info'), ClientError);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
