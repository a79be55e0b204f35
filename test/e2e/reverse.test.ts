// Reverse HTTP on real sockets: one proxy behind which nobody can connect, one that the world can
// reach, and the connections between them made by the first; clear and over TLS, with threads.

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { certificateFolder } from '../harness/certificate-files.ts';
import { startOrigin } from '../harness/origin.ts';
import { inherited, type Owner, type RunningProxy, startProxy } from '../harness/proxy.ts';

const head = `global
  nbthread 2
  expose-experimental-directives
  log stderr format raw local0
defaults
  mode http
  log global
  option httplog
  timeout client 5s
  timeout server 5s
  timeout connect 5s
`;

const edgeText = (bindWords: string, serverWords: string, rule: string): string => `${head}
frontend pub
  bind "${inherited('pub')}"
  default_backend reversed
frontend priv
  bind "${inherited('priv')}" ${bindWords}
  tcp-request session attach-srv reversed/dev ${rule}
backend reversed
  server dev rhttp@ ${serverWords}
`;

const deviceText = (port: number, words: string, app: number): string => `${head}
frontend fe
  bind rhttp@to/edge nbconn 3
  http-request set-header x-from %[src]:%[src_port]
  default_backend app
backend to
  server edge 127.0.0.1:${port} ${words}
backend app
  server s 127.0.0.1:${app}
`;

/** One request on a connection that is kept; the status. */
function ask(socket: Socket, host: string, path: string): Promise<string> {
  return new Promise((settle) => {
    let answer = '';
    const hear = (part: Buffer): void => {
      answer += part.toString('latin1');
      if (!answer.endsWith('\r\n\r\nok') && !answer.includes('</html>')) return;
      socket.off('data', hear);
      settle(answer.slice(9, 12));
    };
    socket.on('data', hear);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  });
}

function openAll(owner: Owner, proxy: RunningProxy, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(proxy.port('pub'), '127.0.0.1'));
  owner.after(async () => {
    for (const socket of sockets) socket.destroy();
  });
  return Promise.all(
    sockets.map(
      (socket) =>
        new Promise<Socket>((settle) => {
          socket.on('connect', () => settle(socket));
        }),
    ),
  );
}

for (const isTls of [false, true]) {
  test(`requests reach a proxy that only connects out, TLS: ${isTls}`, async (context) => {
    const app = await startOrigin(context);
    const pem = certificateFolder(context);
    const bindWords = isTls
      ? `ssl crt ${pem}/first.pem alpn h2 verify required ca-verify-file ${pem}/ca.pem`
      : 'proto h2';
    const serverWords = isTls ? 'ssl verify none sni req.hdr(host)' : '';
    const edge = startProxy(context, {
      config: edgeText(bindWords, serverWords, isTls ? 'name ssl_c_s_dn(CN)' : ''),
    });
    const [early] = await openAll(context, edge, 1);
    assert.equal(await ask(early, 'client', '/early'), '503');
    const device = startProxy(context, {
      config: deviceText(
        edge.port('priv'),
        isTls ? `ssl verify none crt ${pem}/client.pem alpn h2` : 'proto h2',
        app.port,
      ),
    });
    await device.printed('preconnect fe::to/edge: Running with nbconn 3 reached.');
    const clients = await openAll(context, edge, 6);
    for (let round = 0; round < 30; round++) {
      const client = clients[round % clients.length];
      assert.equal(await ask(client, 'client', `/${round}`), '200', `round ${round}`);
    }
    if (isTls) assert.equal(await ask(clients[0], 'other.example', '/other'), '503');
    const heard = app.heard.join('');
    for (let round = 0; round < 30; round++) assert.ok(heard.includes(`GET /${round} HTTP/1.1`));
    assert.match(heard, new RegExp(`x-from: 127.0.0.1:${edge.port('priv')}\r\n`));
    await device.stop();
    await edge.stop();
  });
}
