// The bundle that users start: it serves as the unbundled program does, in one process and under a
// master, and a code cache that V8 refuses costs time but nothing else.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundledProgram, exchange, inherited, startProxy } from '../harness/proxy.ts';

const request = 'GET / HTTP/1.1\r\nHost: bundle\r\nConnection: close\r\n\r\n';
const config = `global
  nbthread 2
defaults
  mode http
  timeout client 5s
frontend f
  bind "${inherited('f')}"
  http-request return status 200 content-type text/plain string served
`;

for (const args of [['-db'], ['-W', '-db']]) {
  test(`the bundle serves with ${args.join(' ')}`, async (t) => {
    const proxy = startProxy(t, { config, args, entry: bundledProgram });
    assert.match(await exchange(proxy.port('f'), request), /^HTTP\/1\.1 200 OK\r\n[\s\S]*served$/);
    await proxy.stop();
  });
}

const folderOf = (url: URL): string => fileURLToPath(new URL('../', url));

/** The name of the one file of the bundle with this ending. */
function fileWith(folder: string, ending: string): string {
  const names = readdirSync(folder).filter((name) => /^program-/.test(name));
  const [name] = names.filter((one) => one.endsWith(ending));
  assert.ok(name !== undefined, `${ending} in ${names.join(', ')}`);
  return name;
}

test('the code caches are of this very node and of the text beside them', () => {
  const folder = folderOf(bundledProgram);
  for (const kind of ['main', 'thread']) {
    const program = fileWith(folder, `.${kind}.js`);
    assert.equal(program.replace(/js$/, 'cache'), fileWith(folder, `.${kind}.cache`));
  }
  const { cacheIsUsed } = createRequire(join(folder, 'x.js'))('./bundle.js') as {
    cacheIsUsed: boolean;
  };
  assert.equal(cacheIsUsed, true);
});

test('a broken code cache is refused and the program runs', async (t) => {
  const copy = mkdtempSync(join(tmpdir(), 'hawser-bundle-'));
  t.after(() => rmSync(copy, { recursive: true, force: true }));
  const folder = folderOf(bundledProgram);
  cpSync(folder, copy, { recursive: true });
  const modules = createRequire(import.meta.url)
    .resolve('koffi')
    .replace(/\/koffi\/.*$/, '');
  symlinkSync(modules, join(copy, 'node_modules'));
  for (const ending of ['.main.cache', '.thread.cache']) {
    writeFileSync(join(copy, fileWith(copy, ending)), 'not a cache');
  }
  const entry = pathToFileURL(join(copy, 'cli/main.js'));
  const proxy = startProxy(t, { config, entry });
  assert.match(await exchange(proxy.port('f'), request), /^HTTP\/1\.1 200 OK\r\n/);
  await proxy.stop();
});

test('SIGQUIT gives memory back, says what is left, and requests are served on', async (t) => {
  const proxy = startProxy(t, { config, entry: bundledProgram });
  assert.match(await exchange(proxy.port('f'), request), /served$/);
  proxy.signal('SIGQUIT');
  await proxy.printed('memory in use after a collection: ');
  assert.match(await exchange(proxy.port('f'), request), /served$/);
  await proxy.stop();
});
