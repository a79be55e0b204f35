// The monitoring plugins check_haproxy (over HTTP) and check_haproxy_stats (over the socket and
// over HTTP): OK, WARNING and CRITICAL for the reasons there are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask } from '../../harness/failing-origin.ts';
import { program, runProgram } from '../../harness/programs.ts';
import { Site } from '../../harness/site.ts';

const folder = '/usr/lib/nagios/plugins';
const checkHaproxy = program('monitoring-plugins-contrib', `${folder}/check_haproxy`);
const checkStats = program('monitoring-plugins-contrib', `${folder}/check_haproxy_stats`);

const [ok, warning, critical] = [0, 1, 2];

test('check_haproxy', { skip: checkHaproxy.missing }, async (owner) => {
  const site = await Site.open(owner);
  const url = `http://127.0.0.1:${site.proxy.port('stats')}/haproxy?stats;csv`;
  const check = (...words: readonly string[]) => runProgram(checkHaproxy.file, words);
  const down = await check('-u', url);
  assert.equal(down.status, critical, down.err);
  assert.match(down.out, /^HAPROXY CRITICAL - Active service 'gone' is DOWN on 'app' proxy ! /);
  assert.match(down.out, / sess_narrow=0sessions;;;0;0/);
  await site.command('disable server app/gone');
  const up = await check('-u', url);
  assert.equal(up.status, ok, up.err);
  assert.match(up.out, /^HAPROXY OK - .* app \(Active: 2\/3\)/);
  const slow = await check('-u', url, '-w', '0.000001');
  assert.equal(slow.status, warning, slow.err);
  assert.match(slow.out, /^HAPROXY WARNING - Response time degraded/);
  const nobody = await check('-u', url.replace('/haproxy', '/other'));
  assert.equal(nobody.status, critical);
  assert.match(nobody.out, /^HAPROXY CRITICAL - HTTP error: 503 /);
  await site.proxy.stop();
});

test('check_haproxy_stats', { skip: checkStats.missing }, async (owner) => {
  const site = await Site.open(owner);
  const check = (...words: readonly string[]) =>
    runProgram(checkStats.file, ['-s', site.socket, ...words]);
  const all = await check();
  assert.equal(all.status, critical);
  assert.match(
    all.out,
    /^Check haproxy CRITICAL - server: app:gone is DOWN \(check status: connection error\); /,
  );
  assert.match(all.out, /server: lost:off is MAINT; BACKEND: lost is DOWN; \|/);
  const some = await check('-m', '-p', 'app,web', '-i', 'gone');
  assert.equal(some.status, ok, some.out);
  assert.match(
    some.out,
    /^Check haproxy OK - checked proxies: app, web\|web-FRONTEND=0;40;45;0;50;/,
  );
  await site.command('set server app/two state drain');
  const drained = await check('-p', 'app', '-i', 'gone');
  assert.match(drained.out, /^Check haproxy CRITICAL - server: app:two is DRAIN/);
  assert.equal((await check('-n', '-p', 'app', '-i', 'gone')).status, ok);
  const url = `http://127.0.0.1:${site.proxy.port('stats')}/haproxy?stats`;
  const over = await runProgram(checkStats.file, ['-U', url, '-p', 'app']);
  assert.match(over.out, /^Check haproxy CRITICAL - .*server: app:gone is DOWN/);
  const [title, ...rows] = (await check('-d')).out.trim().split('\n');
  assert.match(title, /^# pxname,svname,/);
  assert.equal(rows.length, (await site.stat()).size);
  await site.proxy.stop();
});

test('check_haproxy_stats: sessions near their limit', {
  skip: checkStats.missing,
}, async (owner) => {
  const site = await Site.open(owner);
  const check = (...words: readonly string[]) =>
    runProgram(checkStats.file, ['-s', site.socket, '-p', 'narrow', ...words]);
  assert.equal((await check()).status, ok);
  const held = ask(site.proxy.port('web'), '/hold/9/narrow');
  await site.origin.came('/hold/9/narrow');
  const full = await check();
  assert.equal(full.status, critical);
  assert.match(
    full.out,
    /^Check haproxy CRITICAL - narrow:only sessions: 100\.00%; .*narrow-only=1;/,
  );
  const warned = await check('-w', '100', '-c', '101');
  assert.equal(warned.status, warning);
  assert.match(warned.out, /^Check haproxy WARNING - narrow:only sessions: 100\.00%; /);
  site.origin.release('/hold/9/narrow');
  assert.equal(await held.status, 200);
  assert.equal((await check()).status, ok);
  await site.proxy.stop();
});
