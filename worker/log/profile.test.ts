// Steps, profiles and do-log: which lines leave for which target.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logSteps, stepClose, stepKilled } from '../../shared/config/log-steps.ts';
import type { Region } from '../../shared/sys/sys.ts';
import { compileText, Exchange, frontendText } from '../../test/harness/exchange.ts';
import type { Stream } from '../stream/stream.ts';
import { flushLogs, logKilled, logStream } from './logger.ts';

const profiles = `log-profile p
  log-tag mine
  on accept format "A %OG"
  on close format "C %ST %OG" sd "[s@1 x=\\"%OG\\"]"
  on error format "E %OG"
  on request drop
log-profile all
  on any format "%OG"
  on connect drop
`;

function streamOf(lines: readonly string[], mode = 'http'): Stream {
  const { program, messages } = compileText(profiles + frontendText(lines, mode));
  assert.deepEqual(messages, []);
  const { stream } = new Exchange(program).request();
  stream.status = 200;
  stream.requestLine = 'GET / HTTP/1.1';
  stream.times.requestMs = 1;
  return stream;
}

/** Runs `act` and gives what left. */
function lines(stream: Stream, act: () => void): string[] {
  const texts: string[] = [];
  stream.thread.sys.write = (_fd: number, region: Region, at: number, length: number) => {
    texts.push(Buffer.from(region.bytes.slice(at, at + length)).toString('latin1'));
    return length;
  };
  stream.thread.sys.setNonBlocking = () => 0;
  act();
  flushLogs(stream.thread, 0);
  return texts.join('').split('\n').slice(0, -1);
}

/** What a stream that passes all ordinary steps logs. */
function life(stream: Stream): string[] {
  const { log } = stream.frontend;
  return lines(stream, () => {
    for (let step = 0; step <= stepClose; step++) {
      if (log === null || (log.steps & (1 << step)) === 0) continue;
      logStream(stream, step);
      if (log.once) break;
    }
  });
}

const target = 'log stdout format raw local0';
const stories: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['a format that shows bytes waits for the end', ['log-format "%B %OG"'], ['0 txn_close']],
  ['one without waits for the answer', ['log-format "%ci %OG"'], ['127.0.0.2 txn_response']],
  ['constants wait for the answer', ['log-format "x %OG"'], ['x txn_response']],
  ['what the request says is known then', ['log-format "%HM %OG"'], ['GET txn_request']],
  ['an expression waits for the answer', ['log-format "%HM %[src] %OG"'], ['txn_response']],
  ['totals wait for the end', ['log-format "%[txn.id32] %[bytes_in] %OG"'], ['txn_close']],
  [
    'log-steps all',
    ['log-format "%OG"', 'log-steps all'],
    logSteps.slice(0, 5).map((s) => s.origin),
  ],
  [
    'log-steps by name',
    ['log-format "%OG"', 'log-steps accept,close'],
    ['txn_accept', 'txn_close'],
  ],
  ['log-steps without a format say nothing', ['log-steps all'], []],
  ['no format', [], ['Connect from 127.0.0.2:4711 to 127.0.0.1:80 (fe/HTTP)']],
];

for (const [name, words, expected] of stories) {
  test(`log steps: ${name}`, () => {
    const found = life(streamOf([target, ...words]));
    assert.deepEqual(
      found.map((line, i) => (expected[i]?.includes(' ') ? line : (line.split(' ').at(-1) ?? ''))),
      expected,
    );
  });
}

test('in TCP mode a line that shows no bytes is written when the server is connected', () => {
  assert.deepEqual(life(streamOf([target, 'log-format "%ci %OG"'], 'tcp')), [
    '127.0.0.2 txn_connect',
  ]);
});

test('a profile changes what its target shows, step by step', () => {
  const stream = streamOf([
    'log stdout format raw profile p local0',
    'log stderr format rfc5424 profile p local0',
    'log stdout format raw profile all local0',
    'log stdout format raw local0',
    'log-format "own %ST"',
    'log-steps all',
  ]);
  const found = life(stream).map((line) =>
    line.replace(/^<134>1 \S+ /, '').replace(/ \d+ - /, ' '),
  );
  const raw = ['A txn_accept', 'own 200', 'own 200', 'C 200 txn_close'];
  const all = ['txn_accept', 'txn_request', 'txn_response', 'txn_close'];
  const structured = [
    '- mine - A txn_accept',
    '- mine - own 200',
    '- mine - own 200',
    '- mine [s@1 x="txn_close"] C 200 txn_close',
  ];
  const plain = new Array<string>(5).fill('own 200');
  assert.deepEqual(found.toSorted(), [...raw, ...all, ...structured, ...plain].toSorted());
});

test('what never became a request has its own format, or that of the profile', () => {
  const words = [target, 'log stderr format raw profile p local0', 'error-log-format "bad %OG"'];
  const stream = streamOf([...words, 'option httplog']);
  stream.times.requestMs = -1;
  stream.bytesIn = 3;
  assert.deepEqual(
    lines(stream, () => logStream(stream, stepClose)),
    ['bad sess_error', 'E sess_error'],
  );
  assert.deepEqual(
    lines(stream, () => logKilled(stream, (_stream, line) => line.text('legacy'))),
    ['bad sess_killed', 'E sess_killed'],
  );
});

test('a connection that was refused says so where no format is set', () => {
  const stream = streamOf([target, 'option httplog', 'option log-separate-errors']);
  const found = lines(stream, () => logKilled(stream, (_stream, line) => line.text('legacy')));
  assert.deepEqual(found, ['legacy']);
  assert.equal(stream.logStep, stepKilled);
});

test('do-log writes at its rule, in the format of the profile it names', () => {
  const stream = streamOf([
    target,
    'log-format "own %OG"',
    'http-request do-log if TRUE',
    'http-request do-log profile all',
    'http-request do-log profile p',
  ]);
  const { httpRequest } = stream.frontend;
  const found = lines(stream, () => {
    for (const { act } of httpRequest) act(stream);
  });
  assert.deepEqual(found, ['own http-req', 'http-req', 'own http-req']);
});

test('%lc counts the lines of the frontend', () => {
  const stream = streamOf([target, 'log-format "%lc %ST"', 'http-request do-log']);
  let count = 0;
  Object.assign(stream.thread, {
    connections: {
      ofProcess: () => 0,
      ofFrontend: () => 0,
      linesOf: () => count,
      countLine: () => count++,
    },
  });
  const found = lines(stream, () => {
    for (let i = 0; i < 2; i++) logStream(stream, stepClose);
    stream.frontend.httpRequest[0].act(stream);
  });
  assert.deepEqual(found, ['0 200', '1 200', '2 200']);
  assert.equal(count, 2);
});
