// Requests as an OpenTelemetry collector gets them: `log otlp@` with JSON lines.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { inherited, request, startProxy } from '../harness/proxy.ts';

interface LogRecord {
  readonly severityText: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

test('a collector gets requests with their fields, also those before the end', async (owner) => {
  const records: LogRecord[] = [];
  const collector = createServer((incoming, response) => {
    let text = '';
    incoming.on('data', (more: Buffer) => {
      text += more.toString('utf8');
    });
    incoming.on('end', () => {
      records.push(...JSON.parse(text).resourceLogs[0].scopeLogs[0].logRecords);
      response.end('{}');
    });
  });
  await new Promise<void>((settle) => collector.listen(0, '127.0.0.1', settle));
  owner.after(async () => {
    collector.closeAllConnections();
    collector.close();
  });
  const { port } = collector.address() as AddressInfo;
  const config = `
global
  nbthread 2
defaults
  mode http
  timeout client 10s
frontend fe
  bind "${inherited('fe')}"
  log otlp@http://127.0.0.1:${port}/v1/logs len 4096 header x-key secret local0
  option httplog json
  http-request return status 204
`;
  const proxy = startProxy(owner, { config });
  for (const path of ['/1', '/2', '/3']) {
    const head = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    assert.match(await request(proxy.port('fe'), head), / 204 /);
  }
  assert.equal(await proxy.stop('SIGUSR1'), 0);
  const uris = records.map(({ attributes }) => attributes.find(({ key }) => key === 'uri')?.value);
  const wanted = ['/1', '/2', '/3'].map((stringValue) => ({ stringValue }));
  assert.deepEqual(
    new Set(uris.map((uri) => JSON.stringify(uri))),
    new Set(wanted.map((one) => JSON.stringify(one))),
  );
  assert.equal(records[0].severityText, 'INFO');
});
