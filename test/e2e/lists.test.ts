// Lists, maps and process variables of a running process: commands reach every thread before they
// answer, edits of rules reach the other threads, files are the start of every new process.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  exchange,
  inherited,
  type Owner,
  type RunningProxy,
  startProxy,
} from '../harness/proxy.ts';

const threads = 2;

const config = (folder: string): string => `
global
  nbthread ${threads}
  user root
  chroot /
  stats socket "${inherited('cli')}" level admin
  set-var proc.greeting str(hello)
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 5s
frontend fe
  bind "${inherited('fe')}"
  http-request set-map(virt@seen) %[url_param(put)] %[url_param(to)] if { url_param(put) -m found }
  http-request del-map(virt@seen) %[url_param(drop)] if { url_param(drop) -m found }
  http-request add-acl(${folder}/banned) %[url_param(ban)] if { url_param(ban) -m found }
  http-request del-acl(${folder}/banned) %[url_param(free)] if { url_param(free) -m found }
  http-request deny if { url_param(who) -f ${folder}/banned }
  http-request set-var(txn.seen) url_param(k),map(virt@seen,-)
  http-request set-var(txn.site) url_param(k),map_beg(${folder}/sites,-)
  http-request return status 200 hdr thread %[thread] hdr seen %[var(txn.seen)] hdr site %[var(txn.site)] hdr var %[var(proc.greeting)]
`;

function start(owner: Owner, sites: string): RunningProxy {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-lists-'));
  owner.after(async () => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'sites'), sites);
  writeFileSync(join(folder, 'banned'), '# nobody\n');
  return startProxy(owner, { config: config(folder) });
}

const command = (proxy: RunningProxy, line: string): Promise<string> =>
  exchange(proxy.port('cli'), `${line}\n`);

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

async function ask(proxy: RunningProxy, query: string): Promise<Reply> {
  const request = `GET /?${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
  const [head] = (await exchange(proxy.port('fe'), request)).split('\r\n\r\n');
  const [first, ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => line.split(': ', 2)));
  return { status: Number(first.split(' ')[1]), headers };
}

/** Asks until every thread has answered: how each one does, by its number. */
async function askAll(proxy: RunningProxy, query: string): Promise<ReadonlyMap<string, Reply>> {
  const found = new Map<string, Reply>();
  for (let round = 0; found.size < threads && round < 50; round++) {
    const replies = await Promise.all(Array.from({ length: 8 }, () => ask(proxy, query)));
    for (const reply of replies) found.set(reply.headers.thread, reply);
  }
  assert.equal(found.size, threads);
  return found;
}

/** What all threads answer in one header. */
async function all(proxy: RunningProxy, query: string, header: string): Promise<Set<string>> {
  const replies = await askAll(proxy, query);
  return new Set(Array.from(replies.values(), ({ headers }) => headers[header]));
}

test('a command has reached every thread when it answers', async (context) => {
  const proxy = start(context, '/shop shop\n/shop/basket basket\n');
  assert.deepEqual(await all(proxy, 'k=/shop/basket/1', 'site'), new Set(['basket']));
  for (let i = 0; i < 5; i++) {
    assert.equal(await command(proxy, `add map virt@seen key${i} value${i}`), '\n');
    assert.deepEqual(await all(proxy, `k=key${i}`, 'seen'), new Set([`value${i}`]));
    assert.equal(await command(proxy, `set map virt@seen key${i} other`), '\n');
    assert.deepEqual(await all(proxy, `k=key${i}`, 'seen'), new Set(['other']));
    assert.equal(await command(proxy, `del map virt@seen key${i}`), '\n');
    assert.deepEqual(await all(proxy, `k=key${i}`, 'seen'), new Set(['-']));
  }
  const file = /^(\d+) \((\S+sites)\) pattern loaded from file/m.exec(
    await command(proxy, 'show map'),
  );
  assert.ok(file !== null);
  const payload = `add map @1 #${file[1]} <<\n/shop new shop\n/a b\n\n`;
  await command(proxy, `prepare map ${file[2]}`);
  assert.equal(await exchange(proxy.port('cli'), payload), '\n');
  assert.deepEqual(await all(proxy, 'k=/shop/basket/1', 'site'), new Set(['basket']));
  assert.equal(await command(proxy, `commit map @1 #${file[1]}`), '\n');
  assert.deepEqual(await all(proxy, 'k=/shop/basket/1', 'site'), new Set(['new shop']));
  assert.match(
    await command(proxy, 'experimental-mode on; set var proc.greeting str(bye)'),
    /^\s*$/,
  );
  assert.deepEqual(await all(proxy, 'k=x', 'var'), new Set(['bye']));
});

test('what a rule sets is known to its own request and soon to every thread', async (context) => {
  const proxy = start(context, '');
  for (let i = 0; i < 5; i++) {
    const { headers } = await ask(proxy, `put=key&to=v${i}&k=key`);
    assert.equal(headers.seen, `v${i}`);
    // What `show` has is ordered; the answer to a later command finds it on every thread.
    while (!(await command(proxy, 'show map virt@seen')).includes(`key v${i}`));
    await command(proxy, 'add map virt@seen fence 1');
    assert.deepEqual(await all(proxy, 'k=key', 'seen'), new Set([`v${i}`]));
  }
  const [banned] = /\S+banned/.exec(await command(proxy, 'show acl')) ?? [''];
  const list = banned.replace('(', '').replace(')', '');
  assert.equal((await ask(proxy, 'who=me')).status, 200);
  assert.equal((await ask(proxy, 'ban=me&who=me')).status, 403);
  while (!(await command(proxy, `show acl ${list}`)).includes(' me'));
  await command(proxy, 'add map virt@seen fence 1');
  for (let i = 0; i < 8; i++) assert.equal((await ask(proxy, 'who=me')).status, 403);
  assert.equal((await ask(proxy, 'free=me&who=me')).status, 200);
  while ((await command(proxy, `show acl ${list}`)).includes(' me'));
  await command(proxy, 'add map virt@seen fence 1');
  for (let i = 0; i < 8; i++) assert.equal((await ask(proxy, 'who=me')).status, 200);
});

test('a file that threads share is edited as any other', async (context) => {
  const lines = Array.from({ length: 60_000 }, (_, i) => `/shop/item${i}/ backend${i % 50}`);
  const content = `${lines.join('\n')}\n`;
  assert.ok(content.length > 2 ** 20);
  const proxy = start(context, content);
  const asked = (key: string): Promise<Set<string>> => all(proxy, `k=${key}`, 'site');
  assert.deepEqual(await asked('/shop/item59999/more'), new Set(['backend49']));
  assert.deepEqual(await asked('/shop/item60000/more'), new Set(['-']));
  const [, id] = /^(\d+) \(\S+sites\) .* entry_cnt=60000$/m.exec(await command(proxy, 'show map'))!;
  assert.equal(await command(proxy, `set map #${id} /shop/item7/ other`), '\n');
  assert.deepEqual(await asked('/shop/item7/'), new Set(['other']));
  assert.equal(await command(proxy, `add map #${id} /shop/item7/x/ deeper`), '\n');
  assert.deepEqual(await asked('/shop/item7/x/y'), new Set(['deeper']));
  assert.equal(await command(proxy, `del map #${id} /shop/item8/`), '\n');
  assert.deepEqual(await asked('/shop/item8/'), new Set(['-']));
  const shown = await command(proxy, `show map #${id}`);
  assert.match(shown, /^0x000000000008 \/shop\/item7\/ other$/m);
  assert.match(shown, /^0x00000000ea61 \/shop\/item7\/x\/ deeper$/m);
  assert.equal(shown.trim().split('\n').length, 60_000);
  assert.match(await command(proxy, `get map #${id} /shop/item9/z`), /key="\/shop\/item9\/"/);
  await command(proxy, `prepare map #${id}`);
  assert.equal(await command(proxy, `add map @1 #${id} /shop/ all`), '\n');
  assert.deepEqual(await asked('/shop/item9/'), new Set(['backend9']));
  assert.equal(await command(proxy, `commit map @1 #${id}`), '\n');
  assert.deepEqual(await asked('/shop/item9/'), new Set(['all']));
  assert.match(await command(proxy, 'show map'), /entry_cnt=1$/m);
});
