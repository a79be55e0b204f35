// OTLP: documents, and a collector that refuses now, for ever, or not at all.
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { EventRing, makeRing } from '../../shared/segment/event-ring.ts';
import { otlpDocument } from './otlp-document.ts';
import { OtlpWriter } from './otlp-writer.ts';

const about = { nowMs: 1_700_000_000_123, version: '1.2.3' };

test('records become log records: date, severity, body, attributes of JSON lines', () => {
  const records = [
    '<3>2026-01-02T03:04:05.678901+00:00 went wrong',
    '<6>2026-01-02T03:04:05.000000+00:00 {"status": 200, "uri": "/", "ok": true, "x": null, "r": 0.5}',
    'no header',
  ];
  const document = JSON.parse(otlpDocument(records, { 'service.name': 'lb', pid: 7 }, about));
  const [{ resource, scopeLogs }] = document.resourceLogs;
  assert.deepEqual(resource.attributes, [
    { key: 'service.name', value: { stringValue: 'lb' } },
    { key: 'pid', value: { intValue: '7' } },
  ]);
  assert.deepEqual(scopeLogs[0].scope, { name: 'hawser', version: '1.2.3' });
  const observedTimeUnixNano = '1700000000123000000';
  assert.deepEqual(scopeLogs[0].logRecords, [
    {
      timeUnixNano: '1767323045678901000',
      observedTimeUnixNano,
      severityNumber: 17,
      severityText: 'ERROR',
      body: { stringValue: 'went wrong' },
      attributes: [],
    },
    {
      timeUnixNano: '1767323045000000000',
      observedTimeUnixNano,
      severityNumber: 9,
      severityText: 'INFO',
      body: { stringValue: '{"status": 200, "uri": "/", "ok": true, "x": null, "r": 0.5}' },
      attributes: [
        { key: 'status', value: { intValue: '200' } },
        { key: 'uri', value: { stringValue: '/' } },
        { key: 'ok', value: { boolValue: true } },
        { key: 'r', value: { doubleValue: 0.5 } },
      ],
    },
    {
      timeUnixNano: observedTimeUnixNano,
      observedTimeUnixNano,
      severityNumber: 9,
      severityText: 'INFO',
      body: { stringValue: 'no header' },
      attributes: [],
    },
  ]);
});

interface Heard {
  readonly bodies: string[][];
  readonly headers: IncomingHttpHeaders[];
  readonly failures: string[];
  dropped: number;
  readonly ring: EventRing;
  write(...lines: readonly string[]): void;
  until(condition: () => boolean): Promise<void>;
}

/** A writer and its collector, which answers with `statuses` in turn, then with 200. */
async function collect(context: TestContext, statuses: readonly number[]): Promise<Heard> {
  const left = [...statuses];
  const ring = new EventRing(makeRing(1 << 16));
  const heard: Heard = {
    ...{ bodies: [], headers: [], failures: [], dropped: 0, ring },
    write: (...lines) => {
      for (const line of lines) ring.write(Buffer.from(line), 0, Buffer.byteLength(line));
      ring.wake();
    },
    until: async (condition) => {
      while (!condition()) await new Promise((settle) => setTimeout(settle, 5));
    },
  };
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    request.on('end', () => {
      const [{ scopeLogs }] = JSON.parse(text).resourceLogs;
      const records = scopeLogs[0].logRecords as { body: { stringValue: string } }[];
      heard.bodies.push(records.map(({ body }) => body.stringValue));
      heard.headers.push(request.headers);
      response.writeHead(left.shift() ?? 200).end('{}');
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const { port } = server.address() as AddressInfo;
  const writer = new OtlpWriter({
    ring,
    otlp: { url: `http://127.0.0.1:${port}/v1/logs`, headers: [['x-key', 'secret']] },
    resource: {},
    dropped: (count) => {
      heard.dropped += count;
    },
    failed: (message) => heard.failures.push(message),
  });
  context.after(async () => {
    await writer.stop(1000);
    server.closeAllConnections();
    server.close();
  });
  return heard;
}

test('records are gathered and sent with the headers that were asked for', async (context) => {
  const heard = await collect(context, []);
  heard.write('one', 'zwei: ü');
  await heard.until(() => heard.bodies.flat().length === 2);
  assert.deepEqual(heard.bodies.flat(), ['one', 'zwei: ü']);
  assert.equal(heard.headers[0]['x-key'], 'secret');
  assert.equal(heard.headers[0]['content-type'], 'application/json');
});

test('what a collector does not take now is sent again, what it never takes is counted', async (context) => {
  const heard = await collect(context, [503, 200, 400, 200]);
  heard.write('one');
  await heard.until(() => heard.bodies.length === 2);
  assert.deepEqual(heard.bodies, [['one'], ['one']]);
  heard.write('two');
  await heard.until(() => heard.dropped === 1);
  heard.write('three');
  await heard.until(() => heard.bodies.length === 4);
  assert.deepEqual(heard.bodies.at(-1), ['three']);
  assert.deepEqual(
    heard.failures.map((text) => text.replace(/:\d+\//, ':PORT/')),
    ['status 503', 'status 400'].map(
      (why) => `the collector at http://127.0.0.1:PORT/v1/logs does not take log records: ${why}`,
    ),
  );
});
