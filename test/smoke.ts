// The built program once through with the node that runs this file: a proxied request in the clear,
// one over TLS, an answer of the runtime API, a reload under the master, and a clean end. `.ci/run`
// calls it with several versions of Node, because what a node binary exports of OpenSSL and libuv
// differs between them. Prints one line; exits 0 when all of it worked.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { certificateFolder } from './harness/certificate-files.ts';
import { startOrigin } from './harness/origin.ts';
import { bundledProgram, exchange, inherited, type Owner, startProxy } from './harness/proxy.ts';
import { requestTls } from './harness/tls-client.ts';

const request = 'GET / HTTP/1.1\r\nHost: first.example\r\nConnection: close\r\n\r\n';
/** Beyond this something hangs. */
const limitMs = 60_000;

class Ends implements Owner {
  private readonly acts: (() => Promise<unknown>)[] = [];

  after(act: () => Promise<unknown>): void {
    this.acts.unshift(act);
  }

  async end(): Promise<void> {
    for (const act of this.acts) await act();
  }
}

const configText = (originPort: number, certificate: string): string => `global
  nbthread 2
  stats socket "\${SOCKET}" level admin
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 5s
frontend clear
  bind "${inherited('clear')}"
  default_backend origin
frontend secret
  bind "${inherited('secret')}" ssl crt ${certificate}
  default_backend origin
backend origin
  server s1 127.0.0.1:${originPort}
`;

async function smoke(owner: Owner): Promise<void> {
  const origin = await startOrigin(owner);
  const folder = certificateFolder(owner);
  const socket = join(folder, 'runtime.sock');
  const master = join(folder, 'master.sock');
  const proxy = startProxy(owner, {
    config: configText(origin.port, join(folder, 'first.pem')),
    entry: bundledProgram,
    args: ['-W', '-S', master],
    env: { SOCKET: socket },
  });
  const ask = async (): Promise<void> => {
    assert.match(await exchange(proxy.port('clear'), request), /^HTTP\/1\.1 200 OK\r\n[\s\S]*ok$/);
    assert.match(
      await requestTls(proxy.port('secret'), request),
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*ok$/,
    );
  };
  await ask();
  assert.match(await exchange(socket, 'show info\n'), /^Name: /);
  assert.match(await exchange(master, 'reload\n'), /Success=1/);
  await ask();
  assert.ok(origin.heard.length > 0);
  assert.equal(await proxy.stop('SIGTERM'), 0);
}

const ends = new Ends();
const guard = setTimeout(() => {
  console.log(`FAILED Node ${process.version}: not finished after ${limitMs / 1000} s`);
  void ends.end().finally(() => process.exit(1));
}, limitMs);
try {
  await smoke(ends);
  console.log(`ok Node ${process.version}: clear, TLS, runtime API, reload, stop`);
} catch (error) {
  console.log(`FAILED Node ${process.version}: ${(error as Error).stack}`);
  process.exitCode = 1;
} finally {
  clearTimeout(guard);
  await ends.end();
}
