// `hawser fmt` as a script uses it: standard input, --check and --write, and its exit statuses.
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runTool } from '../test/harness/tool.ts';

const rough = 'global\n\tmaxconn   10 # caf\xe9\n';
const laid = 'global\n    maxconn 10 # caf\xe9\n';

test('files are checked, then written with the rights they have', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-fmt-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [one, two] = ['a.cfg', 'b.cfg'].map((name) => join(folder, name));
  writeFileSync(one, rough, 'latin1');
  writeFileSync(two, laid, 'latin1');
  chmodSync(one, 0o640);
  const checked = await runTool(['fmt', '--check', folder]);
  assert.deepEqual([checked.status, checked.out], [1, `${one}\n`]);
  assert.equal(readFileSync(one, 'latin1'), rough);
  const { mtimeMs } = statSync(two);
  assert.equal((await runTool(['fmt', '--write', one, two])).status, 0);
  assert.equal(readFileSync(one, 'latin1'), laid);
  assert.equal(statSync(one).mode & 0o777, 0o640);
  assert.equal(statSync(two).mtimeMs, mtimeMs, 'what is laid out is not touched');
  assert.deepEqual(await runTool(['fmt', '--check', folder]), { status: 0, out: '', err: '' });
  assert.deepEqual(readdirSync(folder), ['a.cfg', 'b.cfg']);
});

test('standard input goes to standard output', async () => {
  const input = 'global\n  a  b\n';
  assert.equal((await runTool(['fmt', '-'], input)).out, 'global\n    a b\n');
  assert.equal((await runTool(['fmt', '--check', '-'], input)).status, 1);
  assert.equal((await runTool(['fmt', '--write', '-'], input)).status, 2);
  assert.equal((await runTool(['fmt', '--write', '--check', 'x'])).status, 2);
  const none = await runTool(['fmt', '/nowhere.cfg']);
  assert.equal(none.status, 1);
  assert.match(none.err, /^hawser: cannot read \/nowhere\.cfg: /);
});

test('a result that no pipe has room for arrives whole', async () => {
  const text = `global\n${'    # a line of many, so that there is a lot to write\n'.repeat(40_000)}`;
  const { status, out } = await runTool(['fmt', '-'], text);
  assert.equal(status, 0);
  assert.equal(out.length, text.length);
});
