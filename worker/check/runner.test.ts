// Checks on real sockets of the loopback: what happens is waited for as an event, never by the
// clock.

import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { freshGlobal, freshProxy, freshServer } from '../../shared/config/fresh.ts';
import type { Model, ServerModel } from '../../shared/config/model.ts';
import { BackendWords } from '../../shared/segment/backend-state.ts';
import type { ObjectTable } from '../../shared/segment/objects.ts';
import { ServerWords } from '../../shared/segment/server-state.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { type CheckHost, type RunningChecks, startChecks } from './runner.ts';

const place = { file: 'test', line: 1, column: 1 };

interface Farm {
  readonly checks: RunningChecks;
  readonly words: readonly ServerWords[];
  readonly changed: number[];
  readonly counts: Map<string, number>;
  /** The next line reported; lines wait in order. */
  line(): Promise<string>;
}

function farm(servers: readonly (Partial<ServerModel> & { name: string })[], options = {}): Farm {
  const proxy = freshProxy(place, 'be', 'backend');
  proxy.options = options;
  proxy.servers = servers.map((server) => ({
    ...freshServer(place, server.name),
    check: true,
    interMs: 5,
    rise: 2,
    fall: 2,
    ...server,
  }));
  const model = { proxies: [proxy], global: freshGlobal(), contents: {} } as unknown as Model;
  const table = { sharedWords: (index: number) => index * 64 } as unknown as ObjectTable;
  const shared = new Int32Array(new SharedArrayBuffer((servers.length + 1) * 256));
  const words = proxy.servers.map((server, index) => {
    const one = new ServerWords(shared, table, index + 1, 0);
    const setup = { weight: 1, disabled: false, backup: server.backup, maxconn: 0, initUp: true };
    one.prepare({ ...setup, rise: server.rise, fall: server.fall, checked: server.check }, 1, 0);
    return one;
  });
  const backend = new BackendWords(shared, 0, words);
  backend.prepare(1, 0);
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  const changed: number[] = [];
  const counts = new Map<string, number>();
  const host: CheckHost = {
    sys: linuxSys(),
    model,
    server: (_proxy, index) => words[index],
    backend: () => backend,
    load: () => ({ sessions: 1, queued: 2 }),
    count: (_proxy, index, at) => {
      counts.set(`${index}/${at}`, (counts.get(`${index}/${at}`) ?? 0) + 1);
    },
    nowMs: () => performance.now(),
    random: () => 0.5,
    report: (_proxy, severity, text) => {
      const line = `${severity} ${text.replace(/duration: \d+ms/, 'duration: Nms')}`;
      const next = waiting.shift();
      if (next === undefined) lines.push(line);
      else next(line);
    },
    changed: (index) => changed.push(index),
  };
  return {
    checks: startChecks(host),
    words,
    changed,
    counts,
    line: () => {
      const next = lines.shift();
      return next === undefined ? new Promise((done) => waiting.push(done)) : Promise.resolve(next);
    },
  };
}

function listen(onSocket: (socket: Socket) => void, port = 0): Promise<Server> {
  return new Promise((done) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      onSocket(socket);
    });
    server.listen(port, '127.0.0.1', () => done(server));
  });
}

function at(port: number, host = '127.0.0.1') {
  return { family: 'ipv4', socket: 'stream', host, port, portOffset: false, fd: -1 } as const;
}

/** A promise and what fulfils it. */
function gate<T>(): { readonly opened: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>((done) => {
    open = done;
  });
  return { opened, open: (value) => open(value) };
}

const portOf = (server: Server): number => (server.address() as { port: number }).port;
const closed = (server: Server): Promise<void> => new Promise((done) => server.close(() => done()));

test('a server goes down, its backend with it, and comes up again', async () => {
  const first = await listen(() => {});
  const port = portOf(first);
  await closed(first);
  const one = farm([{ name: 's1', address: at(port) }]);
  assert.equal(
    await one.line(),
    '1 Server be/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", ' +
      'check duration: Nms. 0 active and 0 backup servers left. 1 sessions active, 0 requeued, ' +
      '2 remaining in queue.',
  );
  assert.equal(await one.line(), '0 backend be has no server available!');
  const second = await listen(() => {}, port);
  assert.equal(
    await one.line(),
    '5 Server be/s1 is UP, reason: Layer4 check passed, check duration: Nms. ' +
      '1 active and 0 backup servers online. 0 sessions requeued, 2 total in queue.',
  );
  one.checks.stop();
  await closed(second);
  assert.deepEqual(one.changed, [0, 0]);
  assert.equal(
    [...one.counts.values()].reduce((sum, count) => sum + count, 0),
    3,
  );
});

test('a server that tracks another follows it', async () => {
  const dead = await listen(() => {});
  const port = portOf(dead);
  await closed(dead);
  const one = farm([
    { name: 's1', address: at(port) },
    { name: 's2', address: at(port), check: false, track: 's1' },
  ]);
  assert.match(await one.line(), /^1 Server be\/s1 is DOWN.* 1 active and 0 backup/);
  assert.match(await one.line(), /^1 Server be\/s2 is DOWN via be\/s1\. 0 active and 0 backup/);
  one.checks.stop();
  assert.equal(one.words[1].isUsable(), false);
});

test('log-health-checks tells every result that is news', async () => {
  const server = await listen(() => {});
  const one = farm([{ name: 's1', address: at(portOf(server)) }], { 'log-health-checks': true });
  assert.equal(
    await one.line(),
    '5 Health check for server be/s1 succeeded, reason: Layer4 check passed, ' +
      'check duration: Nms, status: 2/2 UP.',
  );
  one.checks.stop();
  await closed(server);
});

test('a check that sends PROXY says that it is nobody', async () => {
  const heard = gate<string>();
  const server = await listen((socket) => {
    socket.on('data', (bytes) => heard.open(bytes.toString('latin1')));
  });
  const one = farm([{ name: 's1', address: at(portOf(server)), sendProxy: 1 }]);
  assert.equal(await heard.opened, 'PROXY UNKNOWN\r\n');
  one.checks.stop();
  await closed(server);
});

test('port and addr send checks elsewhere', async () => {
  const seen = gate<boolean>();
  const server = await listen(() => seen.open(true));
  const one = farm([{ name: 's1', address: at(9, '192.0.2.1'), checkAddress: at(portOf(server)) }]);
  assert.equal(await seen.opened, true);
  one.checks.stop();
  await closed(server);
});

test('paths are checked too', async () => {
  const missing = { ...at(0, '/nonexistent/hawser.sock'), family: 'unix' } as const;
  const one = farm([{ name: 's1', address: missing }]);
  assert.match(await one.line(), /Layer4 connection problem, info: "No such file or directory"/);
  one.checks.stop();
});
