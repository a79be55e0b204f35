// Backends that come and go while the process serves: one that is added leads nowhere until it is
// published, is reached before by whom force-be-switch lets through, serves with servers of its
// own, and leaves no trace once it is deleted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startOrigin } from '../harness/origin.ts';
import { exchange, inherited, type RunningProxy, request, startProxy } from '../harness/proxy.ts';

const config = `global
    nbthread 2
    user root
    chroot /
    stats socket "${inherited('cli')}" level admin
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend fe
    bind "${inherited('fe')}"
    force-be-switch if { req.hdr(x-admin) 1 }
    use_backend %[req.hdr(x-be)] if { req.hdr(x-be) -m found }
    use_backend closed if { path /closed }
    use_backend off if { path /off }
    http-request set-var(txn.be) req.hdr(x-be)
    http-response set-header servers %[var(txn.be),nbsrv]
    default_backend rest
backend rest
    http-request return status 200 hdr from rest
backend closed
    be-unpublished
    http-request return status 200 hdr from closed
backend off
    disabled
    http-request return status 200 hdr from off
backend spare
    server s1 127.0.0.1:1 disabled
defaults plain
    timeout connect 5s
    timeout server 10s
    default-server weight 9
defaults web from plain
    mode http
`;

async function ask(proxy: RunningProxy, line: string): Promise<string> {
  return (await exchange(proxy.port('cli'), `${line}\n`)).trimEnd();
}

function get(proxy: RunningProxy, path: string, headers = ''): Promise<string> {
  const text = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;
  return request(proxy.port('fe'), text);
}

const source = async (proxy: RunningProxy, path: string, headers = ''): Promise<string> => {
  const answer = await get(proxy, path, headers);
  return /\r\nfrom: (\w+)/.exec(answer)?.[1] ?? answer.split('\r\n')[0];
};

test('rules pass over backends that are not published', async (context) => {
  const proxy = startProxy(context, { config });
  const admin = 'X-Admin: 1\r\n';
  assert.equal(await source(proxy, '/closed'), 'rest');
  assert.equal(await source(proxy, '/closed', admin), 'closed');
  assert.equal(await source(proxy, '/off'), 'rest');
  assert.match(await ask(proxy, 'show stat closed 2 -1'), /,UP \(UNPUB\),/);
  assert.equal(await ask(proxy, 'publish backend closed'), 'Backend published.');
  assert.equal(await source(proxy, '/closed'), 'closed');
  assert.equal(await ask(proxy, 'unpublish backend closed'), 'Backend unpublished.');
  assert.equal(await source(proxy, '/closed'), 'rest');
  assert.equal(await ask(proxy, 'unpublish backend rest'), 'Backend unpublished.');
  assert.match(await source(proxy, '/'), / 503 /);
  assert.equal(await ask(proxy, 'publish backend nothing'), 'No such backend.');
  assert.equal(await ask(proxy, 'publish backend off'), 'No effect on a disabled backend.');
  await proxy.stop();
});

test('a backend is added, serves, and is deleted', async (context) => {
  const origin = await startOrigin(context);
  const proxy = startProxy(context, { config });
  const wanted = 'X-Be: late\r\n';
  assert.equal(await ask(proxy, 'show defaults'), 'plain\nweb');
  assert.equal(await ask(proxy, 'add backend late from web'), 'New backend registered.');
  assert.equal(await ask(proxy, 'show backend'), '# name\nrest\nclosed\noff\nspare\nlate');
  const join = `add server late/s1 127.0.0.1:${origin.port} from be:; enable server late/s1`;
  assert.match(await ask(proxy, join), /^New server registered\./);
  assert.equal(await ask(proxy, 'get weight late/s1'), '9 (initial 9)');
  assert.equal(await source(proxy, '/', wanted), 'rest');
  await ask(proxy, 'publish backend late');
  assert.match(await get(proxy, '/', wanted), /^HTTP\/1\.1 200 OK\r\n.*\r\nservers: 1\r\n/s);
  assert.match(await ask(proxy, 'show stat late 2 -1'), /^late,BACKEND,(?:[^,]*,){5}1,/m);
  assert.match(await ask(proxy, 'del backend late'), /^Backend must be unpublished/);
  await ask(proxy, 'unpublish backend late');
  assert.match(await ask(proxy, 'del backend late'), /^Only a backend without server/);
  await ask(proxy, 'disable server late/s1; wait 5s srv-removable late/s1; del server late/s1');
  assert.equal(await ask(proxy, 'wait 5s be-removable late'), 'Done.');
  assert.equal(await ask(proxy, 'del backend late'), 'Backend deleted.');
  assert.equal(await source(proxy, '/', `${wanted}X-Admin: 1\r\n`), 'rest');
  assert.doesNotMatch(await ask(proxy, 'show stat'), /^late,/m);
  // The name is free again, and its numbers begin anew.
  assert.equal(await ask(proxy, 'add backend late from web'), 'New backend registered.');
  assert.match(await ask(proxy, 'show stat late 2 -1'), /^late,BACKEND,(?:[^,]*,){5}0,/m);
  await proxy.stop();
});

test('backends that cannot be added or deleted', async (context) => {
  const proxy = startProxy(context, { config });
  const cases: readonly (readonly [string, RegExp])[] = [
    ['add backend', /^Require backend name\./],
    ['add backend a! from web', /^Invalid character '!' in backend name\./],
    ['add backend a', /^Usage: add backend <name> from <defproxy>\./],
    ['add backend a from nothing', /^Cannot find default proxy 'nothing'\./],
    ['add backend a from plain', /^Mode is required as 'plain'/],
    ['add backend a from plain mode odd', /^Unknown proxy mode\./],
    ['add backend a from plain mode log', /^Dynamic backends are compatible with only TCP or HTTP/],
    ['add backend a from web colour red', /^Usage: add backend/],
    ['add backend fe from web', /name is already used by other proxy 'frontend fe'/],
    ['add backend web from web', /name is already used by other proxy 'defaults web'/],
    ['del backend nothing', /^No such backend\./],
    ['del backend rest', /^This proxy cannot be removed at runtime due to other configuration/],
    ['del backend spare', /^Backend must be unpublished prior to its deletion\./],
    [
      'unpublish backend spare; del backend spare',
      /Only a backend without server can be deleted\./,
    ],
    ['del server spare/s1; del backend spare', /Backend deleted\./],
    ['show servers state spare', /^Can't find backend\./],
  ];
  for (const [line, expected] of cases) assert.match(await ask(proxy, line), expected, line);
  await proxy.stop();
});
