// Listeners and servers in network namespaces of their own (needs the rights of root and iproute2,
// else skipped): who shares no namespace with a client or a server does not reach it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, type TestContext, test } from 'node:test';
import { inherited, request, startProxy } from '../harness/proxy.ts';

const name = `hawser-test-${process.pid}`;
const ip = (...words: readonly string[]): number | null => spawnSync('ip', words).status;

/** A namespace with its loopback up; false: not here. */
function addNamespace(): boolean {
  if (ip('netns', 'add', name) !== 0) return false;
  return ip('-n', name, 'link', 'set', 'lo', 'up') === 0;
}

const isHere = addNamespace();
const skip = isHere ? false : 'no network namespaces here';

const get = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';

/** Runs a program of Node inside the namespace; what it prints first. */
async function inside(context: TestContext, program: string): Promise<string> {
  const child = spawn('ip', ['netns', 'exec', name, process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(async () => {
    child.kill('SIGKILL');
  });
  const [text] = await once(child.stdout, 'data');
  return String(text);
}

const server = `require('node:http').createServer((_, answer) => answer.end('inside'))
  .listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;

after(() => ip('netns', 'del', name));

test('namespace of a server: traffic and checks go into it, others do not', {
  skip,
}, async (context) => {
  const port = Number(await inside(context, server));
  const config = `global
  nbthread 2
  max-spread-checks 100ms
  log stdout format raw local0
defaults
  mode http
  log global
  option log-health-checks
  timeout client 20s
  timeout server 20s
  timeout connect 20s
  retries 0
listen there
  bind "${inherited('there')}"
  option httpchk
  server s 127.0.0.1:${port} namespace ${name} check
listen here
  bind "${inherited('here')}"
  server s 127.0.0.1:${port}
frontend guest
  bind 127.0.0.1:8080 namespace ${name}
  http-request return status 200 content-type text/plain string guest
`;
  const proxy = startProxy(context, { config });
  await proxy.printed('Health check for server there/s succeeded');
  for (let i = 0; i < 4; i++) {
    assert.match(await request(proxy.port('there'), get), /^HTTP\/1.1 200 .*inside$/s);
  }
  assert.match(await request(proxy.port('here'), get), /^HTTP\/1.1 503 /);
  // The listener is where the guest is.
  const guest = `fetch('http://127.0.0.1:8080/').then((answer) => answer.text()).then(console.log)`;
  assert.equal(await inside(context, guest), 'guest\n');
});

type Tlv = readonly [type: number, value: string];

/** A PROXY header of version 2 (LOCAL, no addresses) with these TLVs. */
function header(...tlvs: readonly Tlv[]): string {
  const body = tlvs.map(([type, value]) => {
    const head = String.fromCharCode(type, value.length >> 8, value.length & 255);
    return `${head}${value}`;
  });
  const text = body.join('');
  const length = String.fromCharCode(text.length >> 8, text.length & 255);
  return `\r\n\r\n\0\r\nQUIT\n\x20\0${length}${text}`;
}

const netns = 0x30;

test('namespace *: a server is where the client comes from', { skip }, async (context) => {
  const port = Number(await inside(context, server));
  const config = `global
  nbthread 2
namespace_list
  namespace ${name}
defaults
  mode http
  timeout client 20s
  timeout server 20s
  timeout connect 20s
  retries 0
  http-reuse always
frontend fe
  bind "${inherited('fe')}" accept-proxy
  default_backend be
backend be
  server s 127.0.0.1:${port} namespace *
`;
  const proxy = startProxy(context, { config });
  const ask = (...tlvs: readonly Tlv[]): Promise<string> =>
    request(proxy.port('fe'), header(...tlvs) + get);
  // Connections that are kept are shared among clients of the same place only.
  for (let i = 0; i < 3; i++) {
    assert.match(await ask([netns, name]), /^HTTP\/1.1 200 .*inside$/s);
    assert.match(await ask(), /^HTTP\/1.1 503 /);
    // Not in the list: as if nothing had been said.
    assert.match(await ask([netns, 'elsewhere']), /^HTTP\/1.1 503 /);
  }
});

test('a PROXY header towards a server says where the client comes from', {
  skip,
}, async (context) => {
  const own = `global
  nbthread 1
namespace_list
  namespace ${name}
defaults
  mode http
  timeout client 20s
  timeout server 20s
  timeout connect 20s
`;
  const origin = startProxy(context, {
    config: `${own}frontend fe
  bind "${inherited('fe')}" accept-proxy
  http-request return status 200 content-type text/plain lf-string "[%[fc_pp_tlv(netns)]]"
`,
  });
  const proxy = startProxy(context, {
    config: `${own}listen fe
  bind "${inherited('fe')}" accept-proxy
  server s 127.0.0.1:${origin.port('fe')} send-proxy-v2
`,
  });
  const ask = (...tlvs: readonly Tlv[]): Promise<string> =>
    request(proxy.port('fe'), header(...tlvs) + get);
  assert.match(await ask([netns, name]), new RegExp(`\\[${name}\\]$`));
  assert.match(await ask(), /\[\]$/);
});

test('a namespace that is not there is a mistake', async (context) => {
  const config = `defaults
  mode http
  timeout client 1s
frontend fe
  bind 127.0.0.1:0 namespace hawser-nowhere
`;
  const proxy = startProxy(context, { config, args: ['-c'] });
  assert.equal(await proxy.exited, 1);
  assert.match(proxy.output, /Cannot open namespace 'hawser-nowhere'\./);
});
