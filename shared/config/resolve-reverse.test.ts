import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from './load.ts';

function alerts(text: string, isExposed = true): string[] {
  const { list } = loadConfiguration({
    files: [],
    texts: [
      { name: 'c', text: `global\n${isExposed ? 'expose-experimental-directives\n' : ''}${text}` },
    ],
    environment: {},
  }).diagnostics;
  return list.filter(({ severity }) => severity === 'alert').map(({ message }) => message);
}

const times = 'timeout client 1s\ntimeout server 1s\ntimeout connect 1s\n';
const back = (server: string, mode = 'http'): string =>
  `defaults\nmode ${mode}\n${times}backend be\n${server}\n`;
const front = (bind: string): string => `frontend fe\n${bind}\n`;
const good = 'server s 127.0.0.1:80 proto h2';

test('reverse HTTP loads where it can work', () => {
  const withTls = 'server s 127.0.0.1:443 ssl verify none alpn h2';
  for (const server of [good, withTls]) {
    assert.deepEqual(alerts(back(server) + front('bind rhttp@be/s nbconn 4 name reversed')), []);
  }
  assert.deepEqual(alerts(back('server s rhttp@ ssl verify none sni req.hdr(host)')), []);
});

test('what is experimental must be allowed', () => {
  assert.match(alerts(back('server s rhttp@'), false)[0], /^address 'rhttp@' is experimental/);
  const found = alerts(back(good) + front('bind rhttp@be/s'), false);
  assert.match(found[0], /^address 'rhttp@be\/s' is experimental, .*expose-experimental/);
});

test('a reversed bind line says what is wrong with its server', () => {
  for (const [server, bind, message] of [
    [good, 'bind rhttp@be', "'bind rhttp@be' : expects 'BACKEND/SERVER'."],
    [good, 'bind rhttp@no/s', "'bind rhttp@no/s' : no such backend."],
    [good, 'bind rhttp@be/no', "'bind rhttp@be/no' : no such server."],
    ['server s rhttp@', 'bind rhttp@be/s', /the server connects to us itself\.$/],
    ['server s 0.0.0.0', 'bind rhttp@be/s', /the server has no address\.$/],
    ['server s 127.0.0.1:80', 'bind rhttp@be/s', /needs HTTP\/2, by 'proto h2' or 'alpn h2'\.$/],
    [`${good} source 0.0.0.0 usesrc clientip`, 'bind rhttp@be/s', /depends on clients\.$/],
    [good, 'bind rhttp@be/s,:80', "'rhttp@' must be the only address of its line"],
    [good, 'bind rhttp@be/s nbconn 0', "'nbconn' : invalid value '0', must be above 0."],
    [good, 'bind :80 nbconn 2', "'nbconn' : only valid for reverse HTTP listeners."],
  ] as const) {
    const [found] = alerts(back(server) + front(bind));
    if (typeof message === 'string') assert.equal(found, message);
    else assert.match(found, message);
  }
});

test('a server that connects to us needs HTTP, and no checks', () => {
  assert.match(alerts(back('server s rhttp@', 'tcp'))[0], /needs 'mode http'/);
  assert.match(alerts(back('server s rhttp@ check'))[0], /'check' .* is not supported yet/);
});

test('rhttp@ is no address of anything else', () => {
  assert.match(alerts('log rhttp@be/s local0\n')[0], /reverse HTTP is not acceptable here/);
});
