import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange, frontendText } from '../../test/harness/exchange.ts';
import { verdictDrop, verdictNext } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';

/** A frontend that is its own backend, with one rule. */
function listenText(rule: string, mode = 'http'): string {
  const text = frontendText([], mode).replace('  default_backend be\n', `  ${rule}\n`);
  return text.replace('frontend fe', 'listen fe');
}

interface Call {
  readonly level: number;
  readonly name: number;
  readonly value: number;
}

/** Runs one http-request rule; socket options that it sets are recorded. */
function run(
  rule: string,
  failing: readonly number[] = [],
): { stream: Stream; calls: Call[]; verdict: number } {
  const { program, messages } = compileText(listenText(`http-request ${rule}`));
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program).request();
  const { stream } = exchange;
  const calls: Call[] = [];
  const { connection } = stream.session;
  connection.fd = 7;
  connection.source.setIpv4(0x7f000002, 4711);
  connection.resetOnClose = () => {};
  connection.sys.setsockoptInt = (_fd, level, name, value) => {
    calls.push({ level, name, value });
    return failing.includes(name) ? -1 : 0;
  };
  return { verdict: exchange.runRequest(), stream, calls };
}

type Read = (stream: Stream) => unknown;

/** What later rules see: http-request rules change the stream's own endpoints. */
const source: Read = (stream) => `${stream.source.text()}:${stream.source.port}`;
const destination: Read = ({ destination: to }) => `${to.text()}:${to.port}`;

const cases: readonly (readonly [rule: string, read: Read, expected: unknown])[] = [
  ['set-src ipv4(10.1.2.3)', source, '10.1.2.3:4711'],
  ['set-src req.hdr(x-none)', source, '127.0.0.2:4711'],
  ['set-src ipv6(2001:db8::1)', source, '2001:db8::1:4711'],
  ['set-src-port int(99)', source, '127.0.0.2:99'],
  ['set-dst ipv4(10.1.2.4)', destination, '10.1.2.4:80'],
  ['set-dst-port int(8443)', destination, '127.0.0.1:8443'],
  ['set-log-level silent', (stream) => stream.logLevel, 8],
  ['set-log-level err', (stream) => stream.logLevel, 3],
  ['set-nice 5000', (stream) => stream.nice, 1024],
  ['set-nice -7', (stream) => stream.nice, -7],
  ['set-retries 4', (stream) => stream.retryMax, 4],
  ['set-retries int(101)', (stream) => stream.retryMax, -1],
  ['set-priority-class int(-9999)', (stream) => stream.priorityClass, -2047],
  ['set-priority-offset int(100)', (stream) => stream.priorityOffset, 100],
  ['set-timeout client 3s', (stream) => stream.clientTimeoutMs, 3000],
  ['set-timeout server int(250)', (stream) => stream.serverTimeoutMs, 250],
  ['set-timeout tunnel 1m', (stream) => stream.tunnelTimeoutMs, 60_000],
  ['set-timeout connect 7', (stream) => stream.connectTimeoutMs, 7],
  ['set-timeout queue 1s', (stream) => stream.queueTimeoutMs, 1000],
  ['set-timeout tarpit 2s', (stream) => stream.tarpitTimeoutMs, 2000],
  ['set-bc-mark 0xffffffff', (stream) => stream.backMark, 4_294_967_295],
  ['set-bc-mark int(-1)', (stream) => stream.backMark, 4_294_967_295],
  ['set-bc-tos 0x2c', (stream) => stream.backTos, 44],
  ['set-bc-tos req.hdr(x-none)', (stream) => stream.backTos, -1],
  ['disable-l7-retry', (stream) => stream.retriesConnectOnly, true],
];

for (const [rule, read, expected] of cases) {
  test(`http-request ${rule}`, () => {
    const { stream, verdict } = run(rule);
    assert.equal(verdict, verdictNext);
    assert.equal(read(stream), expected);
  });
}

test('a unix client becomes 0.0.0.0 when its port is set', () => {
  const { program } = compileText(listenText('http-request set-src-port int(5)'));
  const exchange = new Exchange(program).request();
  exchange.stream.session.source.setUnix('/tmp/x');
  exchange.runRequest();
  assert.equal(source(exchange.stream), '0.0.0.0:5');
});

const solSocket = 1;
const soMark = 36;
const ipTos = 1;

test('marks and TOS fields are put on the client socket', () => {
  assert.deepEqual(run('set-fc-mark 0x10').calls, [{ level: solSocket, name: soMark, value: 16 }]);
  assert.deepEqual(run('set-mark int(3)').calls, [{ level: solSocket, name: soMark, value: 3 }]);
  assert.deepEqual(run('set-fc-tos 0x2c').calls, [{ level: 0, name: ipTos, value: 44 }]);
  assert.deepEqual(run('set-tos 8').calls, [{ level: 0, name: ipTos, value: 8 }]);
});

const tcpRepair = 19;
const tcpQuickAck = 12;
const ipTtl = 2;

test('a silent drop uses repair mode, and a short-lived reset without the right to it', () => {
  const quiet = run('silent-drop');
  assert.equal(quiet.verdict, verdictDrop);
  assert.deepEqual(
    quiet.calls.map(({ name }) => name),
    [tcpQuickAck, tcpRepair],
  );
  const refused = run('silent-drop', [tcpRepair]);
  assert.deepEqual(refused.calls.at(-1), { level: 0, name: ipTtl, value: 1 });
  const wanted = run('silent-drop rst-ttl 4');
  assert.deepEqual(
    wanted.calls.map(({ name, value }) => [name, value]),
    [
      [tcpQuickAck, 1],
      [ipTtl, 4],
    ],
  );
});

const mistakes: readonly (readonly [text: string, message: RegExp])[] = [
  [listenText('http-request set-log-level loud'), /'loud' is not one of 'emerg'/],
  [listenText('http-request set-timeout client 0'), /needs a time above zero/],
  [listenText('http-request set-timeout idle 3s'), /'idle' is not one of/],
  [frontendText(['http-request set-timeout server 3s']), /has no effect in a frontend/],
  [frontendText(['http-request set-retries 3']), /backend capability/],
  [listenText('http-request set-nice often'), /'often' is not an integer/],
  [listenText('http-request silent-drop rst-ttl 256'), /'256' is not a TTL/],
  [listenText('http-request set-bc-tos 256'), /256/],
  [listenText('http-request track-sc0 src'), /unable to find table 'fe' referenced by track-sc0/],
];

for (const [text, message] of mistakes) {
  test(`refused: ${message}`, () => {
    const { messages } = compileText(text);
    assert.equal(messages.length, 1, messages.join('\n'));
    assert.match(messages[0], message);
  });
}
