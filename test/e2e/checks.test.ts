// Health checks of every kind against servers that behave, misbehave and leave: what is reported is
// what HAProxy 3.5 reports of the same servers. One process checks them all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inherited, exchange, startProxy } from '../harness/proxy.ts';
import {
  answering,
  closing,
  dripping,
  greeting,
  resetting,
  type Script,
  scripted,
  silent,
  talking,
} from '../harness/scripted.ts';

interface Case {
  /** Lines of the backend. */
  readonly lines?: readonly string[];
  /** null: nobody listens. */
  readonly script: Script | null;
  /** Words of the server after `check`. */
  readonly words?: string;
  /** What follows `failed, ` or `succeeded, ` in the report, without the duration. */
  readonly said: string;
}

const down = 'status: 0/1 DOWN.';
const up = 'status: 1/1 UP.';
const failed = (reason: string, info = ''): string =>
  `failed, reason: ${reason}${info === '' ? '' : `, info: "${info}"`}, ${down}`;
const passed = (reason: string, info = ''): string =>
  `succeeded, reason: ${reason}${info === '' ? '' : `, info: "${info}"`}, ${up}`;
const L7 = 'Layer7 check passed, code: 0';
const bad = 'Layer7 invalid response';
const late = 'Layer7 timeout';
const sts = 'Layer7 wrong status, code:';

const script = (...lines: string[]): readonly string[] => [
  'option tcp-check',
  ...lines.map((line) => `tcp-check ${line}`),
];
const http = (...lines: string[]): readonly string[] => [
  'option httpchk GET /alive HTTP/1.1 www.example',
  ...lines.map((line) => `http-check ${line}`),
];
const page = (status: string, body = '', headers = ''): Script =>
  answering(`HTTP/1.1 ${status}\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`);

const greetMysql = 'J\0\0\0\n5.7.1\0rest'.padEnd(78, 'x');
const ldapGood = '\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0';
const ldapBad = '\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\0\x04\0';
const spopHello =
  '\0\0\0\x36\x65\0\0\0\x01\0\0\x07version\x08\x032.0\x0emax-frame-size\x03\xfc\xf0\x06' +
  '\x0ccapabilities\x08\0';

const cases: Readonly<Record<string, Case>> = {
  // A connection.
  plain: { script: silent, said: passed('Layer4 check passed') },
  tls: {
    script: greeting('this is no TLS\r\n'),
    words: 'ssl verify none',
    said: failed('Layer6 invalid response', 'SSL handshake failure'),
  },
  tlsSilent: { script: silent, words: 'ssl verify none', said: failed('Layer6 timeout') },
  // Scripts.
  empty: { lines: script(), script: silent, said: passed('Layer4 check passed') },
  connects: {
    lines: script('connect'),
    script: silent,
    said: passed('Layer4 check passed', '(tcp-check)'),
  },
  finds: {
    lines: script('expect string world'),
    script: dripping('hello world'),
    said: passed(L7, '(tcp-check)'),
  },
  steps: {
    lines: script(
      'connect comment begin',
      'set-var(check.w) str(world)',
      'send-lf hello-%[var(check.w)]',
      'expect rbinary ^4F4B',
      'send-binary 41420a',
      'expect binary 0d0a',
      'send-binary-lf %[var(check.w),hex]',
      'expect string-lf <%[var(check.w)]> on-success got-%[res.payload(0,3)] status-code int(7)',
    ),
    script: talking([
      ['hello-world', 'OK'],
      ['AB\n', '\r\n'],
      ['world', '<world>'],
    ]),
    said: passed('Layer7 check passed, code: 7', 'got-<wo'),
  },
  silence: {
    lines: script('send abc', 'expect string PONG comment waiting'),
    script: silent,
    said: failed(late, " at step 2 of tcp-check (expect string 'PONG') comment: 'waiting'"),
  },
  leaves: {
    lines: script('expect string PONG'),
    script: closing,
    said: failed(bad, 'TCPCHK got an empty response at step 1'),
  },
  resets: {
    lines: script('connect', 'send abc', 'expect string PONG'),
    script: resetting,
    said: failed(
      'Socket error',
      'ECONNRESET returned by OS (Connection reset by peer) at step 3 of tcp-check ' +
        "(expect string 'PONG')",
    ),
  },
  differs: {
    lines: script('expect rstring ^X min-recv 3 comment foo'),
    script: greeting('hello'),
    said: failed(bad, 'TCPCHK did not match content (regex) at step 1 comment: foo'),
  },
  unwanted: {
    lines: script('expect ! string ello'),
    script: greeting('hello'),
    said: failed(bad, "TCPCHK matched unwanted content 'ello' at step 1"),
  },
  half: {
    lines: script('expect string hello error-status L7STS on-error half:%[res.len]'),
    script: (socket) => void socket.end('hel'),
    said: failed(`${sts} 0`, 'half:3'),
  },
  statuses: {
    lines: script('expect string x tout-status L4TOUT'),
    script: silent,
    said: failed('Layer4 timeout', " at step 1 of tcp-check (expect string 'x')"),
  },
  twice: {
    lines: script('connect', 'expect string hello', 'connect', 'expect string hello'),
    script: greeting('hello'),
    said: passed(L7, '(tcp-check)'),
  },
  // HTTP.
  ok: { lines: http(), script: page('200 OK'), said: passed('Layer7 check passed, code: 200') },
  says503: {
    lines: http(),
    script: page('503 No "way"'),
    said: failed(`${sts} 503`, 'No <22>way<22>'),
  },
  wanted: {
    lines: http('expect status 418,500-599'),
    script: page('503 x'),
    said: passed('Layer7 check passed, code: 503'),
  },
  notWanted: {
    lines: http('expect ! rstatus ^5'),
    script: page('503 x'),
    said: failed(`${sts} 503`, 'x'),
  },
  body: {
    lines: http('expect string needle'),
    script: dripping(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nnee\r\n3\r\ndle\r\n0\r\n\r\n',
    ),
    said: passed('Layer7 check passed, code: 200'),
  },
  noBody: {
    lines: http('expect string needle'),
    script: page('200 OK'),
    said: failed(bad, 'HTTP content check could not find a response body'),
  },
  otherBody: {
    lines: http('expect rstring n.edle'),
    script: page('200 OK', 'hay'),
    said: failed(bad, 'HTTP content check did not match'),
  },
  header: {
    lines: http('expect hdr name -m beg x- value -m sub b'),
    script: page('200 OK', '', 'X-A: a\r\nX-B: a, bcd\r\n'),
    said: passed('Layer7 check passed, code: 200'),
  },
  noHeader: {
    lines: http('expect fhdr name x-a value a'),
    script: page('200 Fine', '', 'X-A: a, b\r\n'),
    said: failed(`${sts} 200`, 'Fine'),
  },
  noHttp: { lines: http(), script: greeting('hello\r\n\r\n'), said: failed('Socket error') },
  leavesHttp: { lines: http(), script: closing, said: failed('Socket error') },
  silentHttp: { lines: http(), script: silent, said: failed(late) },
  sends: {
    lines: [
      'option httpchk',
      'http-check send meth POST uri-lf /%[be_name] ver HTTP/1.1 hdr Host h hdr X-S %[srv_name] body-lf <%[srv_name]>',
    ],
    script: talking([
      [
        /^POST \/sends HTTP\/1\.1\r\nhost: h\r\nx-s: s\r\nconnection: close\r\ncontent-length: 3\r\n\r\n<s>$/,
        'HTTP/1.1 204 x\r\n\r\n',
      ],
    ]),
    said: passed('Layer7 check passed, code: 204'),
  },
  gone: {
    lines: http('disable-on-404'),
    script: page('404 Gone'),
    said: `conditionally ${passed('Layer7 check conditionally passed, code: 404')}`,
  },
  state: {
    lines: http('send-state'),
    script: talking([
      [
        /x-haproxy-server-state: UP.*; address=127\.0\.0\.1; port=\d+; name=state\/s; node=.*; weight=1\/1; scur=0\/0; qcur=0\r\n/,
        'HTTP/1.1 200 OK\r\n\r\n',
      ],
    ]),
    said: passed('Layer7 check passed, code: 200'),
  },
  // Protocols.
  redis: {
    lines: ['option redis-check'],
    script: talking([['PING\r\n', '+PONG\r\n']]),
    said: passed(L7, 'Redis server is ok'),
  },
  redisBusy: {
    lines: ['option redis-check'],
    script: answering('-LOADING wait\r\n'),
    said: failed(`${sts} 0`, '-LOADING wait'),
  },
  smtp: {
    lines: ['option smtpchk EHLO me.example'],
    script: talking(
      [
        ['EHLO me.example\r\n', '250-one\r\n250 two\r\n'],
        ['QUIT\r\n', '221 bye\r\n'],
      ],
      '220 hello\r\n',
    ),
    said: passed('Layer7 check passed, code: 221', 'bye'),
  },
  smtpFull: {
    lines: ['option smtpchk'],
    script: greeting('421 too many\r\n'),
    said: failed(`${sts} 421`, 'too many'),
  },
  smtpNot: {
    lines: ['option smtpchk'],
    script: greeting('hello\r\n'),
    said: failed(bad, 'hello'),
  },
  pgsql: {
    lines: ['option pgsql-check user me'],
    script: talking([['user\0me\0\0', 'R\0\0\0\x0c\0\0\0\x05abcd']]),
    said: passed(L7, 'PostgreSQL server is ok'),
  },
  pgsqlNot: {
    lines: ['option pgsql-check user me'],
    script: answering('E\0\0\0\x0cSFATAL\0'),
    said: failed(bad, 'FATAL'),
  },
  mysql: {
    lines: ['option mysql-check'],
    script: greeting(greetMysql),
    said: passed(L7, '5.7.1'),
  },
  mysqlLogin: {
    lines: ['option mysql-check user me'],
    script: talking([['me\0\0\x01', '\x07\0\0\x02\0\0\0\x02\0\0\0']], greetMysql),
    said: passed(L7, '5.7.1'),
  },
  mysqlFull: {
    lines: ['option mysql-check'],
    script: greeting('\x10\0\0\0\xff\x10\x04many'.padEnd(20, 'y')),
    said: failed(`${sts} 1040`, 'manyyyyyyyyyy'),
  },
  ldap: {
    lines: ['option ldap-check'],
    script: talking([['\x80\0', ldapGood]]),
    said: passed(L7, 'Success'),
  },
  ldapNot: {
    lines: ['option ldap-check'],
    script: answering(ldapBad),
    said: failed(`${sts} 49`, 'See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9'),
  },
  ldapElse: {
    lines: ['option ldap-check'],
    script: answering('hello, I am no directory'),
    said: failed(bad, 'Not LDAPv3 protocol'),
  },
  spop: {
    lines: ['option spop-check'],
    script: answering(spopHello),
    said: passed(L7, 'SPOA server is ok'),
  },
  spopNot: {
    lines: ['option spop-check'],
    script: answering('hello, I am no agent'),
    said: failed(bad, 'invalid frame received'),
  },
  hello: {
    lines: ['option ssl-hello-chk'],
    script: talking([[/^\x16\x03\x00\x00\x79\x01\x00\x00\x75/, '\x15\x03\0\0\x02\x02\x28']]),
    said: passed('Layer6 check passed'),
  },
  helloNot: {
    lines: ['option ssl-hello-chk'],
    script: answering('hello, I am no TLS'),
    said: failed('Layer6 invalid response'),
  },
  external: {
    lines: ['option external-check', 'external-check command /bin/true'],
    script: silent,
    said: passed('External check passed, code: 0'),
  },
  externalNot: {
    lines: ['option external-check', 'external-check command /bin/false'],
    script: silent,
    said: failed('External check error, code: 1'),
  },
};

/** Enough for a machine that has more to do; silence costs no more than this either. */
const patience = '4s';

test('every kind of check, and every way to fail it', async (owner) => {
  const backends: string[] = [];
  for (const [name, { lines = [], script: behave, words = '' }] of Object.entries(cases)) {
    const port = await scripted(owner, behave ?? silent);
    backends.push(`backend ${name}`, ...lines.map((line) => `  ${line}`));
    backends.push(`  server s 127.0.0.1:${port} check ${words}`);
  }
  const config = `
global
  external-check
  insecure-fork-wanted
  max-spread-checks 200ms
  stats socket "${inherited('cli')}" level admin
defaults
  option log-health-checks
  timeout connect ${patience}
  timeout check ${patience}
  timeout client 5s
  timeout server 5s
  # One check of each: a second one under way would show in the statistics ('* L7STS').
  default-server inter 1h rise 1 fall 1
${backends.join('\n')}
`;
  const proxy = startProxy(owner, { config });
  for (const [name, { said }] of Object.entries(cases)) {
    await proxy.printed(`check for server ${name}/s `);
    const line = new RegExp(`Health check for server ${name}/s (.*)`).exec(proxy.output)?.[1] ?? '';
    assert.equal(line.replace(/, check duration: \d+ms/, ''), said, name);
  }
  const stat = await exchange(proxy.port('cli'), 'show stat\n');
  assert.match(stat, /^says503,s,.*,DOWN,.*,L7STS,503,\d+,/m);
  assert.match(stat, /^plain,s,.*,UP,.*,L4OK,,\d+,/m);
});

test('a server that nobody listens for is told so, and so is one that follows it', async (owner) => {
  const port = await scripted(owner, silent);
  const config = `
global
  stats socket "${inherited('cli')}"
defaults
  timeout connect 5s
  timeout client 5s
  timeout server 5s
backend b
  server away 127.0.0.1:1 check inter 50ms rise 1 fall 2
  server here 127.0.0.1:${port} check inter 50ms rise 1 fall 1
  server follows 127.0.0.1:${port} track away
`;
  const proxy = startProxy(owner, { config });
  await proxy.printed('Server b/follows is DOWN via b/away. 1 active and 0 backup servers left.');
  assert.match(
    proxy.output,
    /Server b\/away is DOWN, reason: Layer4 connection problem, info: "ECONNREFUSED returned by OS/,
  );
});
