// Names that are resolved while the process serves, against a name server of the test: addresses
// that follow answers, templates filled by address lists and SRV records, loss, failures, TCP; and
// what the logs and the runtime API say of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NameServer, nameServer } from '../harness/name-server.ts';
import { origins } from '../harness/origins.ts';
import { exchange, inherited, type RunningProxy, request, startProxy } from '../harness/proxy.ts';

function config(names: NameServer, backend: string, more = ''): string {
  return `global
    nbthread 2
    dns-accept-family ipv4,ipv6
    log stdout format raw local0
    stats socket "${inherited('cli')}" level admin
${more}
defaults
    log global
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 10s
resolvers dns
    nameserver one 127.0.0.1:${names.port}
    timeout resolve 200ms
    timeout retry 150ms
    resolve_retries 2
    hold nx 100ms
    hold other 100ms
    hold refused 100ms
    hold timeout 8s
frontend fe
    bind "${inherited('fe')}"
    default_backend be
backend be
    balance roundrobin
${backend}
`;
}

async function ask(proxy: RunningProxy, line: string): Promise<string> {
  return (await exchange(proxy.port('cli'), `${line}\n`)).trimEnd();
}

async function hostOf(proxy: RunningProxy): Promise<string> {
  const get = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const answer = await request(proxy.port('fe'), get);
  return /x-host: (\S+)/i.exec(answer)?.[1] ?? answer.split('\r\n')[0];
}

/** Hosts that so many requests are answered by. */
async function hosts(proxy: RunningProxy, requests: number): Promise<string> {
  const seen = new Set<string>();
  for (let i = 0; i < requests; i++) seen.add(await hostOf(proxy));
  return [...seen].sort().join();
}

/** Columns of `show servers state`: name, address, state, admin, fqdn, port, SRV record. */
async function states(proxy: RunningProxy): Promise<string[]> {
  const text = await ask(proxy, 'show servers state be');
  return text
    .split('\n')
    .slice(2)
    .map((line) => line.split(' '))
    .map((one) => [one[3], one[4], one[5], one[6], one[17], one[18], one[19]].join(' '));
}

test('a server follows its name: another address, none, and back', async (context) => {
  const names = await nameServer(context);
  const port = await origins(context, '127.0.0.1', '127.0.0.2');
  names.host('w.test', '127.0.0.1');
  const server = `    server s w.test:${port} resolvers dns init-addr none resolve-prefer ipv4`;
  const proxy = startProxy(context, { config: config(names, server) });
  await proxy.printed("be/s: IP changed from '(none)' to '127.0.0.1' by 'dns/one'.\n");
  await proxy.printed("Server be/s ('w.test') is UP/READY (resolves again).\n");
  await proxy.printed('Server be/s administratively READY thanks to valid DNS answer.\n');
  assert.equal(await hostOf(proxy), '127.0.0.1');

  names.host('w.test', '127.0.0.2');
  await proxy.printed("be/s: IP changed from '127.0.0.1' to '127.0.0.2' by 'dns/one'.\n");
  await ask(proxy, 'show activity');
  assert.equal(await hosts(proxy, 4), '127.0.0.2');

  names.fail('w.test', { code: 'missing' });
  await proxy.printed('Server be/s is going DOWN for maintenance (DNS NX status). 0 active and 0');
  await proxy.printed('backend be has no server available!');
  assert.deepEqual(await states(proxy), [`s - 0 32 w.test ${port} -`]);
  assert.equal(await hostOf(proxy), 'HTTP/1.1 503 Service Unavailable');

  names.host('w.test', '127.0.0.1');
  await proxy.printed('Server be/s administratively READY thanks to valid DNS answer.\n', 4);
  assert.equal(await hostOf(proxy), '127.0.0.1');
  const shown = await ask(proxy, 'show resolvers dns');
  assert.match(shown, /^Resolvers section dns\n nameserver one:\n {2}sent: {8}[1-9]/);
  assert.match(shown, /\n {2}update: {6}3\n/);
  assert.match(shown, /\n {2}nx: {10}[1-9]/);
  await proxy.stop();
});

test('every kind of failure has its name', async (context) => {
  const names = await nameServer(context);
  const cut = {
    isCut: true,
    answers: [{ name: 'cut.test', type: 'A', data: '127.0.0.9' }],
  } as const;
  const failures = [
    ['nx', { code: 'missing' }, 'DNS NX status'],
    ['refused', { code: 'refused' }, 'DNS refused status'],
    ['lost', { isLost: true }, 'DNS timeout status'],
    ['failed', { code: 'failure' }, 'unspecified DNS error'],
    ['cut', cut, 'unspecified DNS error'],
    ['broken', { raw: Buffer.alloc(12) }, 'unspecified DNS error'],
  ] as const;
  const servers = failures.map(([name]) => {
    names.host(`${name}.test`, '127.0.0.9');
    return `    server ${name} ${name}.test:9 resolvers dns init-addr none resolve-prefer ipv4`;
  });
  const proxy = startProxy(context, { config: config(names, servers.join('\n')) });
  for (const [name, failure, why] of failures) {
    await proxy.printed(`Server be/${name} administratively READY thanks to valid DNS answer.\n`);
    names.fail(`${name}.test`, failure);
    await proxy.printed(`Server be/${name} is going DOWN for maintenance (${why}).`);
  }
  const [head, line] = (await ask(proxy, 'show stat domain resolvers')).split('\n');
  const values = line.split(',');
  const columns = head.replace('# ', '').split(',');
  for (const name of ['valid', 'nx', 'refused', 'other', 'truncated', 'invalid']) {
    assert.ok(Number(values[columns.indexOf(name)]) > 0, `${name} in ${line}`);
  }
  await proxy.stop();
});

test('a template takes the addresses that there are', async (context) => {
  const names = await nameServer(context);
  const port = await origins(context, '127.0.0.1', '127.0.0.2', '127.0.0.3');
  names.host('w.test', '127.0.0.1', '127.0.0.2');
  const template = `    server-template w 1-3 w.test:${port} resolvers dns init-addr none`;
  const proxy = startProxy(context, { config: config(names, template) });
  await proxy.printed('Server be/w2 administratively READY');
  assert.equal(await hosts(proxy, 6), '127.0.0.1,127.0.0.2');
  names.host('w.test', '127.0.0.2', '127.0.0.3');
  await proxy.printed("to '127.0.0.3' by");
  await ask(proxy, 'show activity');
  assert.equal(await hosts(proxy, 6), '127.0.0.2,127.0.0.3');
  names.host('w.test', '127.0.0.3');
  await proxy.printed('is going DOWN for maintenance (No IP for server )');
  assert.equal(await hosts(proxy, 4), '127.0.0.3');
  await proxy.stop();
});

test('services fill a template: names, ports, weights, addresses', async (context) => {
  const names = await nameServer(context);
  const port = await origins(context, '127.0.0.1', '127.0.0.2', '127.0.0.3');
  const service = '_http._tcp.w.test';
  names.host('w2.test', '127.0.0.2');
  names.services(
    service,
    { target: 'w1.test', port, weight: 2560, address: '127.0.0.1' },
    { target: 'w2.test', port, weight: 1 },
  );
  const template = `    server-template w 3 ${service} resolvers dns resolve-prefer ipv4`;
  const proxy = startProxy(context, { config: config(names, template) });
  await proxy.printed("changed its FQDN from (null) to w1.test by 'SRV record'");
  await proxy.printed("to '127.0.0.1', port changed from '+0' to ");
  await proxy.printed('thanks to valid DNS answer', 4);
  assert.equal(await hosts(proxy, 24), '127.0.0.1,127.0.0.2');
  const rows = await states(proxy);
  const row = (name: string): string => rows.find((one) => one.includes(name)) ?? '';
  assert.match(row('w1.test'), new RegExp(`127.0.0.1 2 64 w1.test ${port} ${service}$`));
  assert.match(row('w2.test'), new RegExp(`127.0.0.2 2 64 w2.test ${port} ${service}$`));
  const name = row('w1.test').split(' ')[0];
  assert.equal(await ask(proxy, `get weight be/${name}`), '10 (initial 1)');

  names.services(service, { target: 'w3.test', port, weight: 1, address: '127.0.0.3' });
  await proxy.printed('(entry removed from SRV record)', 4);
  await proxy.printed("to w3.test by 'SRV record'");
  await proxy.printed('thanks to valid DNS answer', 6);
  assert.equal(await hosts(proxy, 4), '127.0.0.3');
  const refused = 'set server <b>/<s> fqdn failed because SRV resolution is configured.';
  assert.equal(await ask(proxy, `set server be/${name} fqdn other.test`), refused);
  await proxy.stop();
});

test('a name can be changed while serving', async (context) => {
  const names = await nameServer(context);
  const port = await origins(context, '127.0.0.1', '127.0.0.2');
  names.host('w.test', '127.0.0.1');
  names.host('x.test', '127.0.0.2');
  const servers =
    `    server s w.test:${port} resolvers dns init-addr none resolve-prefer ipv4\n` +
    `    server t 127.0.0.9:9 disabled`;
  const proxy = startProxy(context, { config: config(names, servers) });
  await proxy.printed('Server be/s administratively READY');
  const by = "by 'stats socket command'";
  const set = (name: string): Promise<string> => ask(proxy, `set server be/s fqdn ${name}`);
  assert.equal(await set('a/b'), `invalid fqdn 'a/b' ${by}`);
  assert.equal(await set('x.test'), `be/s changed its FQDN from w.test to x.test ${by}`);
  assert.equal(await set('x.test'), `no need to change the FDQN ${by}`);
  const none = 'set server <b>/<s> fqdn failed because no resolution is configured.';
  assert.equal(await ask(proxy, 'set server be/t fqdn x.test'), none);
  await proxy.printed("be/s: IP changed from '127.0.0.1' to '127.0.0.2' by 'dns/one'.");
  assert.equal((await states(proxy))[0], `s 127.0.0.2 2 64 x.test ${port} -`);
  await ask(proxy, 'show activity');
  assert.equal(await hosts(proxy, 4), '127.0.0.2');
  await ask(proxy, 'disable server be/s');
  assert.match(await ask(proxy, 'del server be/s'), /^This server cannot be removed at runtime/);
  await proxy.stop();
});

test('a name server by TCP has what one by UDP had to cut', async (context) => {
  const names = await nameServer(context);
  const port = await origins(context, '127.0.0.1');
  const many = Array.from({ length: 60 }, (_, i) => `127.1.0.${i + 1}`);
  names.host('w.test', '127.0.0.1', ...many);
  names.set('w.test', 'A', {
    isCut: true,
    answers: ['127.0.0.1', ...many].map((data) => ({ name: 'w.test', type: 'A', ttl: 1, data })),
  });
  const server =
    `    server s w.test:${port} resolvers both init-addr none resolve-prefer ipv4 ` +
    'resolve-net 127.0.0.1';
  const section = `resolvers both
    nameserver udp 127.0.0.1:${names.port}
    nameserver tcp tcp@127.0.0.1:${names.port} maxconn 1
    accepted_payload_size 8192
`;
  const proxy = startProxy(context, { config: config(names, server) + section });
  await proxy.printed("be/s: IP changed from '(none)' to '127.0.0.1' by 'both/tcp'.");
  await proxy.printed('Server be/s administratively READY');
  assert.equal(await hostOf(proxy), '127.0.0.1');
  assert.ok(names.asked.every(({ payloadBytes }) => payloadBytes === 8192));
  await proxy.stop();
});

test('a server that cannot be reached is asked for at once', async (context) => {
  const names = await nameServer(context);
  const port = await origins(context, '127.0.0.2');
  names.host('w.test', '127.0.0.1');
  const server =
    `    server s w.test:${port} resolvers slow init-addr 127.0.0.1 resolve-prefer ipv4 ` +
    'check inter 100ms';
  const section = `resolvers slow
    nameserver one 127.0.0.1:${names.port}
    timeout resolve 1h
`;
  const proxy = startProxy(context, { config: config(names, server) + section });
  await names.nextAsked('w.test');
  names.host('w.test', '127.0.0.2');
  await proxy.printed("be/s: IP changed from '127.0.0.1' to '127.0.0.2' by 'slow/one'.");
  await proxy.printed('Server be/s is UP');
  assert.equal(await hostOf(proxy), '127.0.0.2');
  await proxy.stop();
});
