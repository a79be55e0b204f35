import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange, frontendText } from '../../test/harness/exchange.ts';
import { familyIpv4, familyIpv6 } from '../conn/endpoint.ts';
import { persistClose, persistKeepAlive, persistServerClose } from '../program.ts';
import type { ProxyPlan } from '../program.ts';
import { parseIpv4, parseIpv6 } from '../sample/address.ts';
import { fullconnOf } from './fullconn.ts';
import { compileSample } from './logs.ts';
import { compileForwardFor } from './proxies.ts';

/** The plan of a frontend with these lines; no message may be given. */
function frontend(lines: readonly string[], mode = 'http'): ProxyPlan {
  const { program, messages } = compileText(frontendText(lines, mode));
  assert.deepEqual(messages, []);
  return program.proxies[0];
}

test('a frontend and its backend know each other by index', () => {
  const { program } = compileText(frontendText([]));
  const [front, back] = program.proxies;
  assert.equal(front.defaultBackend, 1);
  assert.deepEqual(
    [front.hasFront, front.hasBack, back.hasFront, back.hasBack],
    [true, false, false, true],
  );
  assert.equal(front.backend, null);
  assert.notEqual(back.backend, null);
});

test('timeouts that are not set follow their neighbours', () => {
  const { program } = compileText(frontendText([]).replace('frontend fe', 'listen fe'));
  assert.deepEqual(program.proxies[0].timeouts, {
    clientMs: 10_000,
    serverMs: 10_000,
    connectMs: 5000,
    queueMs: 5000,
    tunnelMs: 0,
    tarpitMs: 5000,
    httpRequestMs: 10_000,
    httpKeepAliveMs: 10_000,
    clientFinMs: 0,
    serverFinMs: 0,
    clientHsMs: 10_000,
  });
  const set = frontend(['timeout http-request 2s', 'timeout client-hs 1s']).timeouts;
  assert.deepEqual([set.httpRequestMs, set.httpKeepAliveMs, set.clientHsMs], [2000, 2000, 1000]);
});

test('connection modes', () => {
  assert.equal(frontend([]).persist, persistKeepAlive);
  assert.equal(frontend(['option http-server-close']).persist, persistServerClose);
  assert.equal(frontend(['option httpclose']).persist, persistClose);
});

test('switches: names are indexes, formats are evaluated, conditions hold', () => {
  const { switches } = frontend([
    'use_backend be if { path /a/b }',
    'use_backend b_%[req.hdr(host)]',
  ]);
  assert.equal(switches.length, 2);
  assert.deepEqual(
    switches.map(({ proxyIndex }) => proxyIndex),
    [1, -1],
  );
  const { program } = compileText(frontendText([]));
  const { stream } = new Exchange(program).request();
  assert.equal(switches[0].condition?.(stream), 1);
  assert.equal(switches[1].condition, null);
  assert.equal(switches[1].name?.(stream), 'b_example.com');
});

test('rules of a TCP proxy leave the HTTP sets empty', () => {
  const { program, messages } = compileText(
    frontendText(['tcp-request connection accept', 'http-request deny'], 'tcp'),
  );
  assert.equal(program.proxies[0].tcpConnection.length, 1);
  assert.equal(program.proxies[0].httpRequest.length, 0);
  assert.match(messages.join('\n'), /'http-request' rules ignored/);
});

test('a TCP frontend that may become HTTP has a twin, with HTTP rules only where rules switch', () => {
  const plain = frontendText([], 'tcp');
  assert.equal(compileText(plain).program.proxies[0].httpTwin, null);
  const byBackend = plain.replace('\nbackend be', '\nbackend be\n  mode http');
  const [one] = compileText(byBackend).program.proxies;
  assert.equal(one.isHttp, false);
  assert.equal(one.httpTwin?.isHttp, true);
  assert.equal(one.httpTwin?.httpRequest.length, 0);
  const rules = ['tcp-request content switch-mode http', 'http-request deny'];
  const byRule = frontendText(rules, 'tcp').replace('\nbackend be', '\nbackend be\n  mode http');
  const [two] = compileText(byRule).program.proxies;
  assert.equal(two.isHttp, false);
  assert.equal(two.httpTwin?.httpRequest.length, 1);
});

const networks: readonly (readonly [
  host: string,
  bits: number,
  address: string,
  inside: boolean,
])[] = [
  ['10.0.0.0', 8, '10.200.1.1', true],
  ['10.0.0.0', 8, '11.0.0.1', false],
  ['192.168.1.1', 32, '192.168.1.1', true],
  ['2001:db8::', 32, '2001:db8:1::5', true],
  ['2001:db8::', 32, '2001:db9::5', false],
  ['0.0.0.0', 0, '1.2.3.4', true],
];

for (const [host, bits, address, inside] of networks) {
  test(`forwardfor except ${host}/${bits}: ${address}`, () => {
    const plan = compileForwardFor({ header: 'X-F', ifNone: false, except: { host, bits } });
    const isSix = address.includes(':');
    const family = isSix ? familyIpv6 : familyIpv4;
    const found = plan?.except?.(
      family,
      isSix ? 0 : parseIpv4(address),
      isSix ? parseIpv6(address) : '',
    );
    assert.equal(found, inside);
  });
}

test('samples of a log target', () => {
  assert.deepEqual(compileSample('1,3-4:5').chosen, [true, false, true, true, false]);
});

test('global variables are set by acts', () => {
  const { program, messages } = compileText(
    `global\n  set-var proc.a int(7)\n${frontendText(['http-request set-header X %[var(proc.a)]'])}`,
  );
  assert.deepEqual(messages, []);
  assert.equal(program.startActs.length, 1);
  const { stream } = new Exchange(program);
  program.startActs[0](stream);
  const index = program.variableNames.indexOf('proc.a');
  assert.equal(stream.thread.processVariables[index]?.int, 7);
});

test('all mistakes are reported in one run', () => {
  const { messages } = compileText(
    frontendText([
      'acl unused req.hdr(x) -m nothing y',
      'http-request deny if nobody',
      'http-request nothing',
      'http-response set-header a %[nothing]',
      'use_backend be if { nothing }',
      'error-log-format "%nothing"',
    ]),
  );
  assert.equal(
    messages.filter((message) => message.startsWith('alert')).length,
    6,
    messages.join('\n'),
  );
});

test('sni of a log server in a ring may read what the process knows, nothing of streams', () => {
  const ring = (sni: string): string =>
    `ring r\n  server s 127.0.0.1:1 ssl verify none sni ${sni}\n${frontendText([])}`;
  assert.deepEqual(compileText(ring('str(a),concat(.b)')).messages, []);
  assert.match(compileText(ring('req.hdr(host)')).messages[0], /none of which is available here$/);
});

test('what costs something to know is known only where a line reads it', () => {
  const reads = (line: string): readonly boolean[] => {
    const { program } = compileText(frontendText([line]));
    return [program.readsBackSource, program.readsStreamCost];
  };
  assert.deepEqual(reads('option httplog'), [false, false]);
  assert.deepEqual(reads('log-format "%{+X}bp"'), [true, false]);
  assert.deepEqual(reads('http-response set-header a %[bc_src_port]'), [true, false]);
  assert.deepEqual(reads('http-request deny if { cpu_ns_tot gt 5 }'), [false, true]);
  assert.deepEqual(reads('acl slow lat_ns_avg gt 5'), [false, true]);
  assert.deepEqual(reads('http-request set-header a cpu_ns_tot'), [false, false]);
});

test('fullconn is a tenth of what the frontends that name a backend may bring, each once', () => {
  const { program } = compileText(`global
  maxconn 1000
defaults
  mode http
  timeout client 1s
  timeout server 1s
  timeout connect 1s
frontend f1
  bind 127.0.0.1:1
  maxconn 300
  use_backend named if { path /1 }
  use_backend named if { path /2 }
  use_backend usual if { path /3 }
  default_backend usual
frontend f2
  bind 127.0.0.1:2
  use_backend named if { path /1 }
  default_backend own
listen own
  bind 127.0.0.1:3
  maxconn 55
backend named
backend usual
backend said
  fullconn 7
backend nobody
`);
  const { model } = program;
  const found = model.proxies.map((proxy) => [proxy.name, fullconnOf(model, proxy)]);
  assert.deepEqual(Object.fromEntries(found.slice(2)), {
    own: 106,
    named: 130,
    usual: 30,
    said: 7,
    nobody: 1,
  });
});
