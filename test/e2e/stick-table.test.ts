// What stick tables know outlives the worker: counters go on after a reload and after kill -9, a
// table that grew is filled from the old one, and what a killed worker tracked is let go.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchange, inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';

const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

function config(size: number): string {
  return `global
    nbthread 2
    user root
    chroot /
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend fe
    bind "${inherited('fe')}"
    http-request track-sc0 src table t
    http-request sc-inc-gpc0(0)
    http-request return status 200 hdr count "%[sc0_http_req_cnt] %[sc0_get_gpc0] %[sc0_conn_cur]"
backend t
    stick-table type ip size ${size} expire 1m store http_req_cnt,gpc0,conn_cur
`;
}

async function counted(proxy: RunningProxy): Promise<string> {
  const answer = await exchange(proxy.port('fe'), request);
  return /\r\ncount: ([0-9 ]+)\r\n/.exec(answer)?.[1] ?? answer;
}

const command = (proxy: RunningProxy, line: string): Promise<string> =>
  exchange(proxy.port('mcli'), `${line}\n`);

/** Pid of the worker that serves now. */
async function workerPid(proxy: RunningProxy): Promise<number> {
  const text = await command(proxy, 'show proc');
  return Number(/^(\d+) +worker/m.exec(text)?.[1]);
}

test('counters and entries outlive reloads and kill -9', async (context) => {
  const proxy = startProxy(context, {
    config: config(100),
    args: ['-W', '-S', inherited('mcli')],
  });
  await proxy.printed('Loading success.');
  assert.equal(await counted(proxy), '1 1 1');
  assert.equal(await counted(proxy), '2 2 1');
  assert.match(await command(proxy, 'reload'), /Success=1/);
  assert.equal(await counted(proxy), '3 3 1');
  const killed = await workerPid(proxy);
  process.kill(killed, 'SIGKILL');
  await proxy.printed(`Current worker (${killed}) exited with code 137`);
  assert.equal(await counted(proxy), '4 4 1');
  assert.notEqual(await workerPid(proxy), killed);
  proxy.configure(config(200));
  assert.match(await command(proxy, 'reload'), /Success=1/);
  const shown = await command(proxy, '@1 show table t');
  assert.match(shown, /# table: t, type: ip, size:200, used:1\n/);
  assert.match(shown, /key=127\.0\.0\.1 use=0 exp=\d+ shard=0 gpc0=4 conn_cur=0 http_req_cnt=4/);
});
