// The operator's tool on a real master and a real worker: check, reload, status, and the exit
// statuses that scripts rely on (doc/tool.md).

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inherited, type Owner, type RunningProxy, request, startProxy } from '../harness/proxy.ts';
import { runTool } from '../harness/tool.ts';

const config = (answer: string): string => `global
  nbthread 1
  maxconn 100
  user root
  chroot /
defaults
  mode http
  timeout client 600s
frontend f
  bind "${inherited('f')}"
  http-request return status 200 content-type text/plain string ${answer}
`;

const get = 'GET / HTTP/1.1\r\nHost: tool\r\nConnection: close\r\n\r\n';

async function startMaster(owner: Owner): Promise<RunningProxy> {
  const args = ['-W', '-S', inherited('mcli')];
  const proxy = startProxy(owner, { config: config('one'), args });
  await proxy.printed('Loading success.');
  return proxy;
}

const socketOf = (proxy: RunningProxy): string[] => ['--socket', `127.0.0.1:${proxy.port('mcli')}`];

interface Report {
  readonly valid: boolean;
  readonly errors: number;
  readonly diagnostics: readonly Readonly<Record<string, unknown>>[];
}

test('check: the line, a caret below the word, what to do', async () => {
  const wrong = config('x').replace('maxconn', 'maxcon');
  const { status, out } = await runTool(['check', '--name', 'a.cfg', '-'], wrong);
  assert.equal(status, 1);
  assert.ok(
    out.startsWith(
      "a.cfg:3:3: error: unknown keyword 'maxcon' in 'global' section\n" +
        '   3 |   maxcon 100\n' +
        "     |   ^^^^^^ did you mean 'maxconn' maybe ?\n",
    ),
    out,
  );
  assert.match(out, /\na\.cfg: cannot be started \(\d+ errors?, \d+ warnings?\)\n$/);
  assert.doesNotMatch(out, /\x1b/);
});

test('check --json: one object for editors; 0 for what can be started', async () => {
  const good = config('x').replace(`"${inherited('f')}"`, '127.0.0.1:1');
  const fine = await runTool(['check', '--json', '-'], good);
  const report = JSON.parse(fine.out) as Report;
  assert.deepEqual([fine.status, report.valid, report.errors], [0, true, 0]);
  const bad = await runTool(['check', '--json', '-'], `${good}  nonsense\n`);
  const { diagnostics } = JSON.parse(bad.out) as Report;
  assert.equal(bad.status, 1);
  const { severity, file, line, column, endColumn, source } = diagnostics[0];
  assert.deepEqual(
    [severity, file, line, column, endColumn, source],
    ['error', 'standard input', 12, 3, 11, '  nonsense'],
  );
});

test('check: a word of a rule is pointed at, a missing file is told once, files are harmless', async () => {
  const rules = `  http-request deny deny_status 999
  http-request deny if path /x
  acl one pathbeg /
  acl two path -f /nowhere/list
backend b
  use-server sone if TRUE
  server one 127.0.0.1:1
`;
  const { out } = await runTool(['check', '--name', 'a', '-'], config('x') + rules);
  for (const told of [
    "a:12:33: error: '999' is not a status",
    '{ path ... }',
    "did you mean 'path_beg'?",
    "a:17:14: error: unable to find server 'sone'",
    "did you mean 'one'?",
  ]) {
    assert.ok(out.includes(told), `${told}\n${out}`);
  }
  assert.equal(out.split('failed to open file').length, 2, out);
});

test('check: warnings are errors when asked, nothing that listens is one', async () => {
  const text = 'global\n  nbthread 1\n';
  const usual = await runTool(['check', '-'], text);
  assert.match(usual.out, /warning: nothing listens/);
  assert.equal(usual.status, 0);
  assert.equal((await runTool(['check', '--strict', '-'], text)).status, 1);
});

test('a wrong command line is 2, nobody at the socket is 3', async () => {
  assert.equal((await runTool(['check', '--nonsense', 'x'])).status, 2);
  assert.equal((await runTool([])).status, 2);
  const none = await runTool(['check']);
  assert.deepEqual([none.status, none.out], [2, ''], 'nothing is done');
  assert.match((await runTool(['statu'])).err, /^hawser: .* 'statu'; did you mean 'status'\?\n$/);
  const nobody = await runTool(['status', '--socket', '/nowhere.sock']);
  assert.equal(nobody.status, 3);
  assert.match(nobody.err, /^hawser: cannot speak to \/nowhere\.sock: there is no such socket/);
});

test('flags without a configuration, and unknown ones, are told behind the usage', async () => {
  for (const [words, told] of [
    [['-W'], /\[ALERT\] .*: No configuration: -f names it/],
    [['-zz'], /\[ALERT\] .*: Unknown flag '-zz'\.\n$/],
    [['-f'], /\[ALERT\] .*: '-f' needs a value: /],
  ] as const) {
    const { status, err } = await runTool(words);
    assert.equal(status, 1);
    assert.match(err, /^Usage : /);
    assert.match(err, told);
  }
  const nowhere = await runTool(['-C', '/nowhere', '-c', '-f', 'x']);
  assert.match(nowhere.err, /change to directory \/nowhere : No such file or directory\n$/);
});

test('-vv names the protocols and filters that work', async () => {
  const { out } = await runTool(['-vv']);
  for (const line of [/^ +h2 : .*mux=H2/m, /^ +fcgi : .*side=BE .*mux=FCGI/m, /^\tbwlim-in$/m]) {
    assert.match(out, line);
  }
});

test('help for who reads only its beginning', async () => {
  const { status } = await runTool(['help', 'http']);
  assert.equal(status, 0);
  assert.match((await runTool(['help', 'http-request'])).out, /\nits actions: .*\bdeny\b/);
  const near = await runTool(['help', 'pth']);
  assert.match(near.out, /\nno word is called 'pth'; did you mean 'path'\?\n$/);
  assert.match((await runTool(['help', 'option'])).out, /^option /);
});

test('explain: an address that is none', async () => {
  const { status, err } = await runTool(['explain', 'x.cfg', '/', '--from', 'somewhere']);
  assert.equal(status, 2);
  assert.match(err, /^hawser: --from is the client's address, .* not 'somewhere'\n$/);
});

test('status: who serves, which generation, and what it does', async (t) => {
  const proxy = await startMaster(t);
  const held = connect(proxy.port('f'), '127.0.0.1');
  await new Promise((settle) => held.once('connect', settle));
  await request(proxy.port('f'), get);
  const { status, out } = await runTool(['status', ...socketOf(proxy)]);
  assert.equal(status, 0);
  assert.match(out, /^serving \(version \S+\), 0 reloads\n\n *PID +ROLE +GENERATION +UP/);
  assert.match(out, new RegExp(`\\n *${proxy.pid} +master `));
  assert.match(out, /\n *\d+ +serving +1 +00:00:\d\d +1 +\d+ of 100 /);
  const json = await runTool(['status', '--json', ...socketOf(proxy)]);
  const found = JSON.parse(json.out) as { state: string; workers: { generation: number }[] };
  assert.equal(found.state, 'serving');
  assert.equal(found.workers[0].generation, 1);
  held.destroy();
  await proxy.stop();
});

test('reload: waits until the new configuration serves, and for the old worker', async (t) => {
  const proxy = await startMaster(t);
  assert.match(await request(proxy.port('f'), get), /one$/);
  proxy.configure(config('two'));
  const { status, out } = await runTool(['reload', '--wait', ...socketOf(proxy)]);
  assert.equal(status, 0, out);
  assert.match(out, /notice: Reloading HAProxy\nnotice: Initializing new worker \(\d+\)\n/);
  assert.match(out, /\nreloaded after \d+\.\d\d s: worker \d+ serves\n/);
  assert.match(await request(proxy.port('f'), get), /two$/);
  const { out: after } = await runTool(['status', '--json', ...socketOf(proxy)]);
  const { workers } = JSON.parse(after) as { workers: readonly { role: string }[] };
  assert.deepEqual(
    workers.map(({ role }) => role),
    ['worker'],
  );
  await proxy.stop();
});

test('reload: a mistake is told with its line, status 1, and the former one serves', async (t) => {
  const proxy = await startMaster(t);
  proxy.configure(`${config('two')}  nonsense\n`);
  const { status, out } = await runTool(['reload', ...socketOf(proxy)]);
  assert.equal(status, 1);
  assert.match(out, /error: config : parsing \[.*cfg:12\] : unknown keyword 'nonsense'/);
  assert.match(out, /reload failed after .* worker \d+ serves on with the configuration it had\n$/);
  assert.match(await request(proxy.port('f'), get), /one$/);
  const { status: state, out: text } = await runTool(['status', ...socketOf(proxy)]);
  assert.equal(state, 1);
  assert.match(text, /1 reload, the last one failed/);
  const json = await runTool(['reload', '--json', ...socketOf(proxy)]);
  assert.equal(json.status, 1);
  const outcome = JSON.parse(json.out) as { success: boolean; messages: { level: string }[] };
  assert.equal(outcome.success, false);
  assert.ok(outcome.messages.some(({ level }) => level === 'alert'));
  await proxy.stop();
});

test('a worker at the socket has a status and cannot reload', async (t) => {
  const line = `global\n  stats socket "${inherited('cli')}" level admin\n`;
  const proxy = startProxy(t, { config: config('one').replace('global\n', line) });
  const socket = ['--socket', `127.0.0.1:${proxy.port('cli')}`];
  const { status, out } = await runTool(['status', ...socket]);
  assert.equal(status, 0);
  assert.match(out, new RegExp(`^serving [\\s\\S]*\n *${proxy.pid} +serving `));
  const refused = await runTool(['reload', ...socket]);
  assert.equal(refused.status, 3);
  assert.match(refused.err, /is no master's socket/);
  await proxy.stop();
});

test('a worker that is stopped is told as such, and nothing waits for it', async (t) => {
  const proxy = await startMaster(t);
  const before = await runTool(['status', '--json', ...socketOf(proxy)]);
  const { workers } = JSON.parse(before.out) as { workers: readonly { pid: number }[] };
  process.kill(workers[0].pid, 'SIGSTOP');
  const { status, out } = await runTool(['status', ...socketOf(proxy)]);
  const top = await runTool(['top', ...socketOf(proxy)]);
  process.kill(workers[0].pid, 'SIGCONT');
  assert.equal(status, 1);
  assert.match(out, /^the worker does not answer, 0 reloads: [\s\S]*\n *\d+ +no answer /);
  assert.equal(top.status, 3);
  assert.match(top.err, /^hawser: 127\.0\.0\.1:\d+ does not answer: /);
  await proxy.stop();
});

test('start: the socket of another master is not taken away', async (t) => {
  const proxy = await startMaster(t);
  const { status, err } = await runTool(['start', ...socketOf(proxy)]);
  assert.equal(status, 1);
  assert.match(err, /^error 127\.0\.0\.1:\d+ is the socket of a master that runs, process \d+\n/);
  assert.equal((await runTool(['status', ...socketOf(proxy)])).status, 0);
  process.kill(proxy.pid, 'SIGSTOP');
  const silent = await runTool(['start', '/missing.cfg', ...socketOf(proxy)]);
  process.kill(proxy.pid, 'SIGCONT');
  assert.match(silent.err, /^error 127\.0\.0\.1:\d+ does not answer: /);
  await proxy.stop();
});

test('start: a file is not made a socket', async () => {
  const file = fileURLToPath(import.meta.url);
  const { status, err } = await runTool(['start', '/missing.cfg', '--socket', file]);
  assert.equal(status, 1);
  assert.equal(err.split('\n')[0], `error ${file} is no socket`);
});

test('a socket that does not allow it is told as such', async (t) => {
  const args = ['-W', '-S', `${inherited('mcli')},level,user`];
  const proxy = startProxy(t, { config: config('one'), args });
  await proxy.printed('Loading success.');
  const status = await runTool(['status', ...socketOf(proxy)]);
  assert.equal(status.status, 3);
  assert.match(status.err, /does not allow it: a socket of level operator or admin would/);
  await proxy.stop();
});
