// Servers that are known by name, over reloads, crashes and restarts: a worker goes on where the
// one before it had them, before a name server has said anything; a file of server states keeps
// services and changed names in their servers.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type NameServer, nameServer } from '../harness/name-server.ts';
import { exchange, inherited, type RunningProxy, request, startProxy } from '../harness/proxy.ts';

async function origin(context: TestContext): Promise<number> {
  const server = createServer((_, reply) => reply.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function config(names: NameServer, servers: string, more = ''): string {
  return `global
    nbthread 2
    dns-accept-family ipv4
    user root
    chroot /
    hard-stop-after 10s
    stats socket "${inherited('cli')}" level admin
${more}
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 10s
    load-server-state-from-file global
resolvers dns
    nameserver one 127.0.0.1:${names.port}
    timeout retry 100ms
    hold timeout 1h
frontend fe
    bind "${inherited('fe')}"
    default_backend be
backend be
${servers}
`;
}

const get = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const masterArgs = ['-W', '-S', inherited('mcli')];

const command = (proxy: RunningProxy, line: string): Promise<string> =>
  exchange(proxy.port('mcli'), `${line}\n`);

test('reloads and crashes lose no request while name servers are silent', async (context) => {
  const names = await nameServer(context);
  const port = await origin(context);
  const service = '_http._tcp.w.test';
  names.host('w.test', '127.0.0.1');
  names.services(
    service,
    { target: 'x.test', port, address: '127.0.0.1' },
    { target: 'z.test', port, address: '127.0.0.1' },
  );
  const servers =
    `    server named w.test:${port} resolvers dns init-addr none\n` +
    `    server-template one 2 ${service} resolvers dns`;
  const proxy = startProxy(context, { config: config(names, servers), args: masterArgs });
  await proxy.printed('administratively READY', 3);
  names.fail('w.test', { isLost: true });
  names.fail(service, { isLost: true });
  const state = { running: true };
  const failures: string[] = [];
  let answered = 0;
  const client = (async () => {
    while (state.running) {
      const answer = await request(proxy.port('fe'), get).catch(String);
      if (answer.endsWith('hello')) answered++;
      else failures.push(answer);
    }
  })();
  for (let reloads = 1; reloads <= 3; reloads++) {
    assert.match(await command(proxy, 'reload'), /^Success=1\n/);
  }
  state.running = false;
  await client;
  assert.deepEqual(failures, []);
  assert.ok(answered > 0);

  const found = /^(\d+) +worker/m.exec(await command(proxy, 'show proc'));
  const worker = Number(found?.[1]);
  process.kill(worker, 'SIGKILL');
  await proxy.printed(`Current worker (${worker}) exited with code 137`);
  for (let i = 0; i < 4; i++) assert.match(await request(proxy.port('fe'), get), /hello$/);

  names.services(service, { target: 'y.test', port, address: '127.0.0.1' });
  await proxy.printed('(entry removed from SRV record)');
  assert.match(await request(proxy.port('fe'), get), /hello$/);
  await proxy.stop('SIGTERM');
});

test('a reload with another name begins without an address', async (context) => {
  const names = await nameServer(context);
  const port = await origin(context);
  names.host('w.test', '127.0.0.1');
  names.fail('other.test', { isLost: true });
  const line = (name: string): string =>
    `    server s ${name}:${port} resolvers dns init-addr none`;
  const first = config(names, line('w.test'));
  const proxy = startProxy(context, { config: first, args: masterArgs });
  await proxy.printed('administratively READY');
  proxy.configure(first.replace('w.test', 'other.test'));
  assert.match(await command(proxy, 'reload'), /^Success=1\n/);
  assert.match(await request(proxy.port('fe'), get), / 503 /);
  await proxy.stop('SIGTERM');
});

async function states(proxy: RunningProxy): Promise<string[]> {
  const text = await exchange(proxy.port('cli'), 'show servers state be\n');
  const rows = text.trimEnd().split('\n').slice(2);
  return rows.map((row) => {
    const fields = row.split(' ');
    return [fields[3], fields[4], fields[6], fields[17], fields[19]].join(' ');
  });
}

test('services and changed names come back to their servers from a file', async (context) => {
  const names = await nameServer(context);
  const folder = mkdtempSync(join(tmpdir(), 'hawser-names-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const service = '_http._tcp.w.test';
  const list = ['a', 'b', 'c'].map((name, index) => {
    const target = `${name}.test`;
    return { target, port: 9000 + index, address: `127.0.0.${index + 1}` };
  });
  names.services(service, ...list);
  names.host('w.test', '127.0.0.9');
  names.host('changed.test', '127.0.0.10');
  const servers =
    `    server-template t 4 ${service} resolvers dns\n` +
    '    server s w.test:9 resolvers dns init-addr last,none';
  const more = `    server-state-file ${join(folder, 'states')}`;
  const text = config(names, servers, more);
  const first = startProxy(context, { config: text });
  await first.printed('administratively READY', 4);
  await exchange(first.port('cli'), 'set server be/s fqdn changed.test\n');
  await first.printed("to '127.0.0.10' by");
  const before = await states(first);
  const file = (await exchange(first.port('cli'), 'show servers state\n')).trimEnd();
  await first.stop();
  // The servers of a and c change places in the file: the services must follow.
  const mixed = file
    .replace(/^(\S+ be \S+ t)1 /m, '$1X ')
    .replace(/^(\S+ be \S+ t)2 /m, '$11 ')
    .replace(/ tX /, ' t2 ');
  writeFileSync(join(folder, 'states'), `${mixed}\n`);

  const second = startProxy(context, { config: text });
  await names.nextAsked(service);
  await names.nextAsked(service);
  const rows = await states(second);
  const nameOf = (list: readonly string[], server: string): string =>
    list.find((row) => row.startsWith(`${server} `))?.split(' ')[3] ?? '';
  assert.equal(nameOf(rows, 't1'), nameOf(before, 't2'));
  assert.equal(nameOf(rows, 't2'), nameOf(before, 't1'));
  assert.equal(nameOf(rows, 't3'), nameOf(before, 't3'));
  assert.equal(nameOf(rows, 't4'), '-');
  assert.ok(rows.includes('s 127.0.0.10 64 changed.test -'), rows.join('\n'));
  await second.stop();
});
