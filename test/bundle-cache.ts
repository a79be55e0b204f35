// The code caches of the bundle. V8 keeps in a cache what has been compiled when it is made, so the
// program is run as its users run it: one process that proxies a few requests. Its two kinds of
// thread, the control thread and a proxy thread, each write a cache of what they have needed; a
// start reads the one of its kind (cli/bundle.ts). Called by bundle.ts.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Given up after this: something is wrong with the program that was just built. */
const patienceMs = 60_000;
const pollMs = 20;
const exchanges = 8;

/** Writes NAME.main.cache and NAME.thread.cache into the folder of the bundle; takes a second. */
export async function writeCaches(target: string, name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-build-'));
  const origin = createServer((_request, response) => response.end('ok\n'));
  origin.listen(join(folder, 'origin'));
  const kinds = ['main', 'thread'].map((kind) => join(target, `${name}.${kind}.cache`));
  writeFileSync(join(folder, 'cfg'), usual(folder));
  writeFileSync(join(folder, 'hook.cjs'), hookText(target, name, join(folder, 'now')));
  const child = spawn(
    process.execPath,
    ['--require', join(folder, 'hook.cjs'), join(target, 'cli/main.js'), '-db', '-f', 'cfg'],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (part: Buffer) => (said += part.toString()));
  try {
    await until(child, () => existsSync(join(folder, 'front')));
    for (let i = 0; i < exchanges; i++) await exchange(join(folder, 'front'));
    writeFileSync(join(folder, 'now'), '');
    await until(child, () => kinds.every((file) => existsSync(file)));
  } catch (error) {
    throw new Error(`the bundle does not serve: ${(error as Error).message}\n${said}`);
  } finally {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    origin.close();
    origin.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function until(child: ChildProcess, isDone: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isDone(); waitedMs += pollMs) {
    if (child.exitCode !== null) throw new Error(`it ended with status ${child.exitCode}`);
    if (waitedMs > patienceMs) throw new Error('it was waited for too long');
    await wait(pollMs);
  }
}

async function exchange(path: string): Promise<void> {
  const socket = connect(path);
  let answer = '';
  socket.on('data', (part: Buffer) => (answer += part.toString('latin1')));
  const ended = once(socket, 'close');
  const request = 'GET /a?b=c HTTP/1.1\r\nHost: build\r\n';
  socket.write(`${request}\r\n${request}Connection: close\r\n\r\n`);
  await ended;
  if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(`it answered '${answer}'`);
}

/** Preloaded into both kinds of thread: writes the cache once the file `signal` is there. */
const hookText = (target: string, name: string, signal: string): string => `
const { existsSync, renameSync, writeFileSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');
const kind = isMainThread ? 'main' : 'thread';
const file = ${JSON.stringify(join(target, name))} + '.' + kind + '.cache';
const timer = setInterval(() => {
  if (!existsSync(${JSON.stringify(signal)})) return;
  clearInterval(timer);
  writeFileSync(file + '.new', require(${JSON.stringify(join(target, 'bundle.js'))}).makeCache());
  renameSync(file + '.new', file);
}, ${pollMs});
`;

/** A configuration that takes most of the path of a start and of a request. */
const usual = (folder: string): string => `global
  nbthread 1
  log ${join(folder, 'log')} local0
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 50s
  timeout server 50s
frontend f
  bind ${join(folder, 'front')}
  acl local src 127.0.0.0/8
  http-request set-header X-Forwarded-Proto http if local or { path_beg / }
  default_backend b
backend b
  balance roundrobin
  server s ${join(folder, 'origin')} check
`;
