// What scripts ask about processes: are there any named haproxy (keepalived's `killall -0 haproxy`,
// `pgrep`, `pidof`), whose command line is it, is the configuration valid.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundledProgram, inherited, startProxy } from '../../harness/proxy.ts';
import { program, runProgram } from '../../harness/programs.ts';

const pgrep = program('procps', '/usr/bin/pgrep');
const pidof = program('procps', '/usr/bin/pidof', '/bin/pidof');
const killall = program('psmisc', '/usr/bin/killall');

const config = `defaults
  mode http
  timeout client 5s
  timeout connect 5s
  timeout server 5s
frontend fe
  bind "${inherited('fe')}"
`;

const entry = fileURLToPath(bundledProgram);
/** A wrapper /usr/sbin/haproxy does the same with `exec -a "$0"`. */
const command = ['bash', '-c', 'exec -a /usr/sbin/haproxy "$0" "$@"', process.execPath, entry];

const kind = (pid: number, name: string): string => readFileSync(`/proc/${pid}/${name}`, 'latin1');

test('master and worker are named haproxy', { skip: pgrep.missing }, async (owner) => {
  const args = ['-W', '-db', '-p', '$folder/pid'];
  const proxy = startProxy(owner, { config, args, command });
  await proxy.printed('Loading success.');
  const found = await runProgram(pgrep.file, ['-x', 'haproxy', '-P', `${proxy.pid}`]);
  const worker = Number(found.out);
  assert.ok(worker > 0, 'the worker');
  for (const pid of [proxy.pid, worker]) {
    assert.equal(kind(pid, 'comm'), 'haproxy\n');
    assert.match(kind(pid, 'cmdline'), /^\/usr\/sbin\/haproxy\0/);
  }
  if (pidof.missing === false) {
    const { out } = await runProgram(pidof.file, ['haproxy']);
    const pids = out.trim().split(' ').map(Number);
    assert.ok(pids.includes(proxy.pid) && pids.includes(worker), out);
  }
  if (killall.missing === false) {
    assert.equal((await runProgram(killall.file, ['-0', 'haproxy'])).status, 0);
  }
  assert.equal(Number(readFileSync(join(proxy.folder, 'pid'), 'utf8')), proxy.pid);
  await proxy.stop();
});

test('in the background, in a jail, it is named so too', async (owner) => {
  const args = ['-D', '-p', '$folder/pid'];
  // A jail is root's to make; Debian's configuration has one and says daemon.
  const jail = process.getuid?.() === 0 ? 'global\n  chroot $FOLDER/jail\n  daemon\n' : '';
  const folder = mkdtempSync(join(tmpdir(), 'hawser-jail-'));
  owner.after(async () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'jail'));
  const proxy = startProxy(owner, {
    config: `${jail.replace('$FOLDER', folder)}${config}`,
    args,
    command,
  });
  assert.equal(await proxy.exited, 0, proxy.output);
  const pid = Number(readFileSync(join(proxy.folder, 'pid'), 'utf8'));
  owner.after(async () => {
    process.kill(pid, 'SIGKILL');
    while (existsSync(`/proc/${pid}/cmdline`) && kind(pid, 'cmdline') !== '') await wait(10);
  });
  assert.equal(kind(pid, 'comm'), 'haproxy\n');
  assert.match(kind(pid, 'cmdline'), /^\/usr\/sbin\/haproxy\0/);
  await proxy.stop();
});

test('a check says nothing when all is well, unless -V asks', async (owner) => {
  for (const [flags, said] of [
    [['-c'], ''],
    [['-c', '-q'], ''],
    [['-c', '-V'], 'Configuration file is valid\n'],
  ] as const) {
    const proxy = startProxy(owner, { config, args: flags });
    assert.equal(await proxy.exited, 0);
    assert.equal(proxy.output, said, flags.join(' '));
    await proxy.stop();
  }
});
