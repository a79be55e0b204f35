// The stories of reg-tests/ through Debian's varnishtest, each against the built program. Without
// varnishtest one line says that they were skipped. Warnings at start fail a story (-dW), as in
// HAProxy's own runs.

import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = join(process.cwd(), 'reg-tests');
const program = fileURLToPath(new URL('../bundle/cli/main.js', import.meta.url));
/** A story that takes longer hangs. */
const storySeconds = 30;
/** Exit status of a story that its own `feature` lines rule out. */
const statusSkipped = 77;

const isInstalled = spawnSync('varnishtest', [], { stdio: 'ignore' }).error === undefined;
const stories = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.vtc'))
  .toSorted();

function runStory(story: string): SpawnSyncReturns<string> {
  const home = mkdtempSync(join(tmpdir(), 'hawser-vtc-'));
  try {
    // The program is named by its path alone, so the node that runs this must be the first one
    // found.
    const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
    return spawnSync('varnishtest', ['-k', '-t', String(storySeconds), join(folder, story)], {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      env: {
        ...process.env,
        PATH: path,
        TMPDIR: home,
        HAPROXY_PROGRAM: program,
        HAPROXY_ARGS: '-dW',
      },
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

test('there are stories', () => {
  assert.ok(stories.length > 0);
});

if (isInstalled) {
  for (const story of stories) {
    test(`reg-tests/${story}`, (context) => {
      const { status, stdout, stderr } = runStory(story);
      if (status === statusSkipped) context.skip('the story asks for a feature that is not here');
      else assert.equal(status, 0, `${stdout}${stderr}`);
    });
  }
} else {
  test(`${stories.length} stories of reg-tests`, {
    skip: "varnishtest is not installed (Debian: package 'varnish')",
  });
}
