// `show errors` over what two threads have kept.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeCommands } from './catalog.ts';
import type { ErrorCapture } from '../stream/error-captures.ts';
import { dump } from './errors.ts';
import { converse, sampleContext } from './sample-context.ts';

const text = `
defaults
  mode http
frontend fe
  bind 127.0.0.1:18891
backend be
  server s1 127.0.0.1:18892
`;

const table = runtimeCommands();
const bytes = 'GET / HTTP/1.1\r\nbad header: x\r\n\r\n';

const capture = (wallMs: number, more: Partial<ErrorCapture> = {}): ErrorCapture => ({
  ...{ proxyIndex: 0, isResponse: false, event: 1, wallMs, source: '192.0.2.7:4000' },
  ...{ otherIndex: -1, serverIndex: -1, bytes, errorAt: 19, bufferBytes: 16_384, ...more },
});

test('the newest of each proxy and side, with the other side and the place', async () => {
  const { context, answers } = sampleContext(text);
  const response = capture(3000, {
    proxyIndex: 1,
    isResponse: true,
    otherIndex: 0,
    serverIndex: 0,
  });
  answers['errors'] = [
    { count: 3, list: [capture(1000), response] },
    { count: 1, list: [capture(2000, { event: 2 })] },
  ];
  const run = async (line: string): Promise<string> =>
    (await converse(context, table, [`${line}\n`])).replace(/\n<end>$/, '');
  const both = await run('show errors');
  assert.match(
    both,
    /^Total events captured on \[\d\d\/[A-Z][a-z]{2}\/\d{4}:[\d:]{8}\.\d{3}\] : 4\n/,
  );
  const [, request, answer] = both.split(' \n[');
  const lines = request.split('\n').slice(0, 4);
  assert.match(lines[0], /\.000\] frontend fe \(#2\): invalid request$/);
  assert.deepEqual(lines.slice(1), [
    '  backend <NONE> (#-1), server <NONE> (#-1), event #1, src 192.0.2.7:4000',
    `  buffer starts at 0 (including 0 out), ${16_384 - bytes.length} free,`,
    `  len ${bytes.length}, wraps at 16384, error at position 19`,
  ]);
  assert.match(
    answer,
    /\] backend be \(#3\): invalid response\n {2}frontend fe \(#2\), server s1 /,
  );
  const count = async (line: string): Promise<number> => (await run(line)).split(' \n[').length - 1;
  assert.equal(await count('show errors fe'), 2);
  assert.equal(await count('show errors 3 request'), 0);
  assert.equal(await count('show errors be response'), 1);
  assert.equal(await count('show errors -1 request'), 1);
  assert.equal(await run('show errors nobody'), 'No such proxy.\n');
  assert.match(await run('set anon on 5; show errors'), /src IPV4\([0-9a-f]{6}\):4000\n/);
});

test('bytes are shown 79 columns wide, line by line', () => {
  const long = `Long: ${'a'.repeat(112)}\x1b\x01\xff\\\t\r\n\r\n`;
  assert.equal(
    dump(`Host: a\r\n${long}`),
    '  00000  Host: a\\r\\n\n' +
      `  00009  Long: ${'a'.repeat(64)}\n` +
      `  00079+ ${'a'.repeat(48)}\\e\\x01\\xFF\\\\\\t\\r\\n\n` +
      '  00134  \\r\\n\n',
  );
  assert.equal(dump(''), '');
});
