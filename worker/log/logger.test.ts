import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange, frontendText } from '../../test/harness/exchange.ts';
import { stepClose } from '../../shared/config/log-steps.ts';
import { flushLogs, levelAlert, logEvent, logStream } from './logger.ts';
import { captureRequest, captureResponse } from './capture.ts';
import type { Region } from '../../shared/sys/sys.ts';
import type { Stream } from '../stream/stream.ts';

// Dates of the lines below are local: one zone for every machine.
process.env['TZ'] = 'UTC';

/**
 * What the senders of a stream's program hand to the kernel; writes are recorded, nothing is sent.
 */
function recordWrites(stream: Stream): string[] {
  const lines: string[] = [];
  stream.thread.sys.write = (_fd: number, region: Region, at: number, length: number) => {
    lines.push(Buffer.from(region.bytes.slice(at, at + length)).toString('latin1'));
    return length;
  };
  stream.thread.sys.setNonBlocking = () => 0;
  return lines;
}

interface Story {
  readonly lines: readonly string[];
  readonly request?: string;
  readonly response?: string;
  readonly mode?: string;
  readonly prepare?: (stream: Stream) => void;
}

/** The messages of one exchange as they leave, dates and pid replaced. */
function logged(story: Story): string[] {
  const mode = story.mode ?? 'http';
  const { program, messages } = compileText(frontendText(story.lines, mode));
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program);
  const { stream } = exchange;
  const written = recordWrites(stream);
  finish(stream);
  if (mode === 'http') {
    exchange.request(story.request).response(story.response);
    captureRequest(stream);
    captureResponse(stream);
  }
  story.prepare?.(stream);
  const { log } = stream.frontend;
  for (let step = 0; step <= stepClose; step++) {
    if (log === null || (log.steps & (1 << step)) === 0) continue;
    logStream(stream, step);
    if (log.once) break;
  }
  flushLogs(stream.thread, 0);
  return written.join('').split('\n').slice(0, -1);
}

/**
 * An exchange that took 100 ms of idle time, 10 to ask, 5 to queue, 3 to connect, 20 to be
 * answered.
 */
function finish(stream: Stream): void {
  const { times } = stream;
  times.acceptMs = 1000;
  times.acceptWallMs = new Date(2026, 0, 2, 3, 4, 5, 67).getTime();
  times.requestWallMs = times.acceptWallMs + 100;
  times.idleMs = 100;
  times.requestMs = 1110.4;
  times.queueMs = 1115.4;
  times.connectMs = 1118.4;
  times.responseMs = 1138.4;
  times.endMs = 1150.4;
  stream.status = 200;
  stream.bytesIn = 70;
  stream.bytesOut = 1234;
}

const httpTail = '10/5/3/20/50 200 1234 - - ---- 0/0/0/0/0 0/0';
const httpLine =
  `127.0.0.2:4711 [02/Jan/2026:03:04:05.167] fe fe/<NOSRV> ${httpTail} ` +
  '"GET /a/b?c=d HTTP/1.1"';

const stories: readonly (readonly [name: string, story: Story, expected: readonly string[]])[] = [
  ['httplog', { lines: ['log stdout format raw local0', 'option httplog'] }, [httpLine]],
  [
    'captures stand between braces',
    {
      lines: [
        'log stdout format raw local0',
        'option httplog',
        'capture request header X-Two len 10',
        'capture request header None len 10',
        'capture response header Server len 3',
        'capture cookie ID= len 8',
      ],
      request: 'GET /"e HTTP/1.1\r\nHost: a\r\nCookie: a=b; ID=1234567\r\nX-Two: {|}\r\n\r\n',
      response:
        'HTTP/1.1 200 OK\r\nServer: origin\r\nSet-Cookie: ID=9; path=/\r\nContent-Length: 0\r\n\r\n',
      prepare: (stream) => {
        stream.requestCaptures = ['{|}', ''];
        stream.responseCaptures = ['ori'];
      },
    },
    [
      '127.0.0.2:4711 [02/Jan/2026:03:04:05.167] fe fe/<NOSRV> 10/5/3/20/50 200 1234 ' +
        'ID=12345 ID=9 ---- 0/0/0/0/0 0/0 {#7B#7C#7D|} {ori} "GET /#22e HTTP/1.1"',
    ],
  ],
  [
    'clf',
    { lines: ['log stdout format raw local0', 'option httplog clf'] },
    [
      '127.0.0.2 - - [02/Jan/2026:03:04:05 +0000] "GET /a/b?c=d HTTP/1.1" 200 1234 "" "" ' +
        '4711 067 "fe" "fe" "<NOSRV>" 10 5 3 20 50 ---- 0 0 0 0 0 0 0 "" "" ',
    ],
  ],
  [
    'tcplog',
    { mode: 'tcp', lines: ['log stdout format raw local0', 'option tcplog'] },
    ['127.0.0.2:4711 [02/Jan/2026:03:04:05.067] fe fe/<NOSRV> 5/3/150 1234 -- 0/0/0/0/0 0/0'],
  ],
  [
    'no format',
    { lines: ['log stdout format raw local0'] },
    ['Connect from 127.0.0.2:4711 to 127.0.0.1:80 (fe/HTTP)'],
  ],
  [
    'a format of its own',
    {
      lines: [
        'log stdout format raw local0',
        'log-format "%ci  %HM %HP %HQ %HV %TR %{+X}cp %b %ST"',
      ],
    },
    ['127.0.0.2 GET /a/b ?c=d HTTP/1.1 10 1267 fe 200'],
  ],
  [
    'logasap marks what still grows',
    {
      lines: ['log stdout format raw local0', 'option tcplog', 'option logasap'],
      mode: 'tcp',
    },
    ['127.0.0.2:4711 [02/Jan/2026:03:04:05.067] fe fe/<NOSRV> 5/3/+150 +1234 -- 0/0/0/0/0 0/0'],
  ],
  [
    'phases that were not reached',
    {
      lines: ['log stdout format raw local0', 'option httplog'],
      prepare: (stream) => {
        stream.times.queueMs = -1;
        stream.times.connectMs = -1;
        stream.times.responseMs = -1;
        stream.requestLine = '';
        stream.endCause = 'C';
        stream.endPhase = 'R';
        stream.retries = 2;
        stream.redispatched = true;
      },
    },
    [
      '127.0.0.2:4711 [02/Jan/2026:03:04:05.167] fe fe/<NOSRV> 10/-1/-1/-1/50 200 1234 - - CR-- ' +
        '0/0/0/0/+2 0/0 "<BADREQ>"',
    ],
  ],
  [
    'dontlognull',
    {
      lines: ['log stdout format raw local0', 'option httplog', 'option dontlognull'],
      prepare: (stream) => {
        stream.bytesIn = 0;
      },
    },
    [],
  ],
  [
    'dontlog-normal',
    { lines: ['log stdout format raw local0', 'option httplog', 'option dontlog-normal'] },
    [],
  ],
  [
    'silent',
    {
      lines: ['log stdout format raw local0', 'option httplog'],
      prepare: (stream) => {
        stream.logLevel = 8;
      },
    },
    [],
  ],
  [
    'a message above the level of its target is not sent',
    { lines: ['log stdout format raw local0 notice', 'option httplog'] },
    [],
  ],
  [
    'len cuts the message with its header',
    { lines: ['log stdout len 80 format short local0', 'option httplog'] },
    [`<6>${httpLine}`.slice(0, 79)],
  ],
];

for (const [name, story, expected] of stories) {
  test(`log line: ${name}`, () => {
    assert.deepEqual(logged(story), expected);
  });
}

const headers: readonly (readonly [format: string, header: RegExp])[] = [
  ['local', /^<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d haproxy\[\d+\]: $/],
  ['rfc3164', /^<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d localhost haproxy\[\d+\]: $/],
  ['rfc5424', /^<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d - haproxy \d+ - - $/],
  ['priority', /^<134>$/],
  ['short', /^<6>$/],
  ['timed', /^<6>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d $/],
  ['iso', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d $/],
  ['raw', /^$/],
];

for (const [format, header] of headers) {
  test(`header ${format}`, () => {
    const lines = logged({ lines: [`log stdout format ${format} local0`, 'option httplog'] });
    assert.equal(lines.length, 1);
    assert.ok(lines[0].endsWith(httpLine), lines[0]);
    assert.match(lines[0].slice(0, -httpLine.length), header);
  });
}

test('log-separate-errors raises the level, a minimum level caps it', () => {
  const lines = logged({
    lines: [
      'log stdout format short local0',
      'log stderr format short local0 debug warning',
      'option httplog',
      'option log-separate-errors',
    ],
    prepare: (stream) => {
      stream.status = 503;
    },
  });
  assert.deepEqual(
    lines.map((line) => line.slice(0, 3)),
    ['<3>', '<4>'],
  );
});

test('structured data stands in RFC 5424 messages', () => {
  const [line] = logged({
    lines: [
      'log stdout format rfc5424 local0',
      'option httplog',
      'log-format-sd "[id@1 a=\\"%ST\\"]"',
    ],
  });
  assert.match(line, / - \[id@1 a="200"\] 127\.0\.0\.2:4711 /);
});

test('a sample sends its share of every round', () => {
  const { program, messages } = compileText(
    frontendText(['log stdout format raw sample 1,3:4 local0', 'log-format "%ST"']),
  );
  assert.deepEqual(messages, []);
  const { stream } = new Exchange(program).request();
  const written = recordWrites(stream);
  for (let status = 1; status <= 8; status++) {
    stream.status = status;
    logStream(stream, stepClose);
  }
  flushLogs(stream.thread, 0);
  assert.equal(written.join(''), '1\n3\n5\n7\n');
});

test('an event of the proxy goes to the same targets at once', () => {
  const { program } = compileText(frontendText(['log stdout format short local0']));
  const { stream } = new Exchange(program);
  const written = recordWrites(stream);
  const { sys } = stream.thread;
  logEvent(sys, program.proxies[0].log, {
    level: levelAlert,
    text: 'Server be/s1 is DOWN.',
    wallMs: 0,
  });
  flushLogs(stream.thread, 0);
  assert.deepEqual(written, ['<1>Server be/s1 is DOWN.\n']);
});
