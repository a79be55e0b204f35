// Tables whose members meet at a Redis server: a real `redis-server` where it is installed, two
// hawsers, and what becomes of limits when the server dies, comes back empty, or was never there.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exchange, inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
const withRedis = hasRedis ? {} : { skip: 'redis-server is not installed' };

const waitMs = 60_000;

async function until(what: string, act: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + waitMs;
  while (!(await act())) {
    assert.ok(Date.now() < end, what);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const opens = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ path }, () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

/** A server of the test's own on a unix socket; `kill` ends it at once, content and all. */
class Redis {
  readonly path: string;
  private readonly folder: string;
  private child: ReturnType<typeof spawn> | null;

  constructor(context: TestContext) {
    this.folder = mkdtempSync(join(tmpdir(), 'hawser-redis-'));
    this.path = join(this.folder, 'socket');
    this.child = null;
    context.after(async () => {
      await this.kill();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  async start(): Promise<void> {
    const words = ['--port', '0', '--unixsocket', this.path, '--save', '', '--dir', this.folder];
    this.child = spawn('redis-server', [...words, '--requirepass', 'secret'], { stdio: 'ignore' });
    await until('redis-server does not listen', () => opens(this.path));
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

function config(path: string, words = ''): string {
  return `global
    nbthread 1
    stats socket "${inherited('cli')}" level admin
defaults
    mode http
    timeout client 20s
    timeout server 20s
    timeout connect 5s
peers mesh
    redis store unix@${path} password secret ${words}
    table g type string len 20 size 1k expire 10m store gpc0,http_req_rate(1h) aggregate
frontend fe
    bind "${inherited('fe')}"
    http-request track-sc0 path table mesh/g
    http-request sc-inc-gpc0(0)
    http-request return status 200 hdr x-total "%[sc0_get_gpc0]" hdr x-rate "%[sc0_http_req_rate]"
`;
}

const start = (context: TestContext, path: string, name: string, words = ''): RunningProxy =>
  startProxy(context, { config: config(path, words), args: ['-db', '-L', name] });

async function totalOf(proxy: RunningProxy, path = '/x'): Promise<number> {
  const request = `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`;
  const answer = await exchange(proxy.port('fe'), request);
  const [total, rate] = ['total', 'rate'].map((name) =>
    Number(new RegExp(`x-${name}: (\\d+)\r\n`).exec(answer)?.[1]),
  );
  assert.equal(rate, total, answer);
  return total;
}

const shows = (proxy: RunningProxy, line: string, text: RegExp): Promise<void> =>
  until(`${line} does not show ${text}`, async () =>
    text.test(await exchange(proxy.port('cli'), `${line}\n`)),
  );

test(
  'members that meet at a server add up what they count, and outlive it',
  withRedis,
  async (context) => {
    const redis = new Redis(context);
    await redis.start();
    const a = start(context, redis.path, 'a');
    await shows(a, 'show peers', /id=mesh redis=store .* state=READY member=a place=1 members=- /);
    assert.equal(await totalOf(a), 1);
    assert.equal(await totalOf(a), 2);
    // It comes later, and reads what there is.
    const b = start(context, redis.path, 'b');
    await shows(b, 'show peers mesh', /state=READY member=b place=2 members=a /);
    await shows(b, 'show table mesh/g@1', /key=\/x .* gpc0=2 /);
    assert.equal(await totalOf(b), 3);
    await shows(a, 'show table mesh/g@1', /key=\/x .* gpc0=1 /);
    assert.equal(await totalOf(a), 4);

    await redis.kill();
    await a.printed("redis server 'store'");
    assert.match(a.output, /is not there \(.*\): tables are local to this process until it is\./);
    assert.equal(await totalOf(a), 5, 'what was known stays');
    await shows(b, 'show peers', /state=DOWN/);
    assert.equal(await totalOf(b, '/y'), 1);

    await redis.start();
    for (const proxy of [a, b]) await shows(proxy, 'show peers', /state=READY/);
    await shows(b, 'show table mesh/g@1', /key=\/x .* gpc0=4 /);
    await shows(a, 'show table mesh/g@1', /key=\/y .* gpc0=1 /);
    assert.equal(await totalOf(a, '/y'), 2);
    assert.equal(a.output.match(/redis server 'store'/g)?.length, 1, 'it is said once');
  },
);

test(
  'a server that is full of members, or wants another password, is one warning',
  withRedis,
  async (context) => {
    const redis = new Redis(context);
    await redis.start();
    const places = ['a', 'b'].map((name) => start(context, redis.path, name, 'members 1'));
    for (const proxy of places) await shows(proxy, 'show peers', /state=READY/);
    const third = start(context, redis.path, 'c', 'members 1');
    await third.printed("others have its 2 places: say 'members 2' or more");
    assert.equal(await totalOf(third), 1);
    const stranger = startProxy(context, {
      config: config(redis.path).replace('password secret', 'password wrong'),
      args: ['-db', '-L', 'd'],
    });
    await stranger.printed('WRONGPASS');
    assert.equal(await totalOf(stranger), 1);
  },
);

test('without a server the tables are local', async (context) => {
  const alone = start(context, '/nowhere/redis.sock', 'a');
  await alone.printed("redis server 'store' (/nowhere/redis.sock");
  assert.equal(await totalOf(alone), 1);
  assert.equal(await totalOf(alone), 2);
  await shows(alone, 'show peers', /state=DOWN member=a place=0 /);
});
