// option grpc-check against HTTP/2 servers that serve, do not, know no such service, or are no gRPC
// servers at all.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { firstKeyPem, firstPem } from '../harness/certificates.ts';
import { inherited, type Owner, startProxy } from '../harness/proxy.ts';
import { answering, scripted } from '../harness/scripted.ts';

interface Behaviour {
  readonly head?: OutgoingHttpHeaders;
  /** Of the message, in hexadecimal. */
  readonly body?: string;
  readonly trailers?: OutgoingHttpHeaders;
}

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP/2 server that does the same to every call; its port and what it was asked. */
async function serve(owner: Owner, behaviour: Behaviour, tls = false) {
  const asked: Asked[] = [];
  const server = tls ? createSecureServer({ key: firstKeyPem, cert: firstPem }) : createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    let body = '';
    stream.on('error', () => {});
    stream.on('data', (piece: Buffer) => {
      body += piece.toString('hex');
    });
    stream.on('end', () => {
      asked.push({ headers, body });
      const { head = {}, body: answer = '', trailers } = behaviour;
      const whole = { ':status': 200, 'content-type': 'application/grpc', ...head };
      if (trailers === undefined) {
        stream.respond(whole, { endStream: answer === '' });
        if (answer !== '') stream.end(Buffer.from(answer, 'hex'));
        return;
      }
      stream.respond(whole, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      stream.end(Buffer.from(answer, 'hex'));
    });
  });
  owner.after(async () => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, asked };
}

const good = { 'grpc-status': '0' };
const up = 'status: 1/1 UP.';
const down = 'status: 0/1 DOWN.';
const failed = (reason: string, info: string): string =>
  `failed, reason: ${reason}, info: "${info}", ${down}`;

const cases: Readonly<Record<string, readonly [behaviour: Behaviour, said: string]>> = {
  serving: [
    { body: '00000000020801', trailers: good },
    `succeeded, reason: Layer7 check passed, code: 0, ${up}`,
  ],
  notServing: [
    { body: '00000000020802', trailers: good },
    failed('Layer7 wrong status, code: 2', 'serving status 2 (NOT_SERVING)'),
  ],
  unknown: [
    { body: '0000000000', trailers: good },
    failed('Layer7 wrong status, code: 0', 'serving status 0 (UNKNOWN)'),
  ],
  noService: [
    { head: { 'grpc-status': '5', 'grpc-message': 'no%20such service' } },
    failed('Layer7 wrong status, code: 5', 'gRPC status 5 (NOT_FOUND): no such service'),
  ],
  noHealth: [
    { head: { 'grpc-status': '12' } },
    failed('Layer7 wrong status, code: 12', 'gRPC status 12 (UNIMPLEMENTED)'),
  ],
  noStatus: [
    { body: '00000000020801' },
    failed('Layer7 invalid response', 'no grpc-status in the answer'),
  ],
  noMessage: [
    { body: '68656c6c6f', trailers: good },
    failed('Layer7 invalid response', 'the answer is no HealthCheckResponse'),
  ],
  noGrpc: [
    { head: { ':status': 503 } },
    failed('Layer7 wrong status, code: 503', 'HTTP status 503'),
  ],
};

test('option grpc-check: what answers mean', async (context) => {
  const backends: string[] = [];
  for (const [name, [behaviour]] of Object.entries(cases)) {
    const { port } = await serve(context, behaviour);
    backends.push(`backend ${name}\n  option grpc-check\n  server s 127.0.0.1:${port} check`);
  }
  const named = await serve(context, cases['serving'][0]);
  backends.push(`backend named
  option grpc-check shop.Cart authority cart.example
  server s 127.0.0.1:${named.port} check`);
  const secure = await serve(context, cases['serving'][0], true);
  backends.push(`healthcheck health
  type grpc-check
backend secure
  server s 127.0.0.1:${secure.port} check healthcheck health ssl verify none`);
  const old = await scripted(context, answering('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  backends.push(`backend old\n  option grpc-check\n  server s 127.0.0.1:${old} check`);
  const config = `global
  max-spread-checks 100ms
  stats socket "${inherited('cli')}"
defaults
  option log-health-checks
  timeout connect 20s
  timeout check 20s
  timeout server 20s
  default-server inter 1h rise 1 fall 1
${backends.join('\n')}
`;
  const proxy = startProxy(context, { config });
  const said = async (name: string): Promise<string> => {
    await proxy.printed(`check for server ${name}/s `);
    const line = new RegExp(`Health check for server ${name}/s (.*)`).exec(proxy.output)?.[1] ?? '';
    return line.replace(/, check duration: \d+ms/, '');
  };
  for (const [name, [, wanted]] of Object.entries(cases))
    assert.equal(await said(name), wanted, name);
  for (const name of ['named', 'secure']) assert.equal(await said(name), cases['serving'][1], name);
  assert.match(await said('old'), /^failed, reason: /);
  const [{ headers, body }] = named.asked;
  assert.equal(headers[':path'], '/grpc.health.v1.Health/Check');
  assert.equal(headers[':authority'], 'cart.example');
  assert.deepEqual([headers['te'], headers['content-type']], ['trailers', 'application/grpc']);
  assert.equal(body, `000000000b0a09${Buffer.from('shop.Cart').toString('hex')}`);
  assert.equal(secure.asked[0].headers[':authority'], 'secure');
  assert.equal(secure.asked[0].body, '0000000000');
});
