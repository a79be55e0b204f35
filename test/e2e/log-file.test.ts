// Lines of `option httplog json` in a file that is rotated: every line is an object with the fields
// that doc/logging.md names.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exchange, inherited, request, startProxy } from '../harness/proxy.ts';
import { certificateFolder } from '../harness/certificate-files.ts';

const documented = readFileSync(join(process.cwd(), 'doc/logging.md'), 'utf8');

test('JSON lines go to a file with a limit; no line is lost or torn', async (owner) => {
  const folder = certificateFolder(owner);
  const config = `
global
  nbthread 2
  stats socket "${inherited('cli')}" level admin
defaults
  mode http
  timeout client 10s
frontend fe
  bind "${inherited('fe')}"
  log "file@\${HOME}/access.log" len 4096 format raw max-size 8k keep 9 local0
  option httplog json
  http-request capture req.hdr(user-agent) len 64
  http-request return status 204
`;
  const proxy = startProxy(owner, { config, env: { HOME: folder } });
  for (let i = 0; i < 40; i++) {
    const head = `GET /${i}?a="b" HTTP/1.1\r\nHost: x\r\nUser-Agent: t"1\r\nConnection: close\r\n\r\n`;
    assert.match(await request(proxy.port('fe'), head), / 204 /);
  }
  assert.match(await exchange(proxy.port('cli'), 'show info\n'), /^DroppedLogs: 0$/m);
  assert.equal(await proxy.stop('SIGUSR1'), 0);
  const files = readdirSync(folder).filter((name) => name.startsWith('access.log'));
  assert.ok(files.length > 1, files.join());
  const texts = files.map((name) => readFileSync(join(folder, name), 'utf8'));
  assert.ok(texts.every((text) => text.length <= 8192 && text.endsWith('}\n')));
  const lines = texts.flatMap((text) => text.trimEnd().split('\n')).map((line) => JSON.parse(line));
  const uris = new Set(lines.map(({ uri }) => uri));
  assert.deepEqual(uris, new Set(Array.from({ length: 40 }, (_, i) => `/${i}?a="b"`)));
  const { time, status, method, client_ip: client, state, request_captures: seen } = lines[0];
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  assert.deepEqual([status, method, client, state], [204, 'GET', '127.0.0.1', 'LR--']);
  assert.match(seen, /t/);
  const missing = Object.keys(lines[0]).filter((name) => !documented.includes(`| \`${name}\` |`));
  assert.deepEqual(missing, []);
});
