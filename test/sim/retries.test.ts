// retry-on: which failures send a request again, with its body, where to, and how often (manual
// 4.2).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type End, type Origin, Scene, sceneText } from './scene.ts';

const log = 'log 127.0.0.1:514 local0\n  option httplog';
/** One proxy per retry-on line, all to the same two servers. */
const proxies = [
  ['empty', 'retry-on empty-response'],
  ['junk', 'retry-on junk-response'],
  ['slow', 'retry-on response-timeout\n  timeout server 500ms'],
  ['status', 'retry-on 503 404'],
  ['all', 'retry-on all-retryable-errors'],
  ['usual', 'retry-on conn-failure'],
  ['moves', 'retry-on empty-response 503\n  option redispatch 1'],
  ['forbids', 'retry-on all-retryable-errors\n  http-request disable-l7-retry if METH_POST'],
] as const;

const config = sceneText(
  proxies
    .map(
      ([name, lines], index) => `listen ${name}
  bind 127.0.0.1:${1000 + index}
  ${log}
  ${lines}
  http-reuse never
  balance roundrobin
  server s1 127.0.0.1:2000
  ${name === 'moves' ? 'server s2 127.0.0.1:2001' : ''}`,
    )
    .join('\n'),
);

const portOf = (name: string): number => 1000 + proxies.findIndex(([known]) => known === name);
const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi';
const busy = 'HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy';

/** Takes the next request of an origin and does with its connection what a failing server does. */
function fail(origin: Origin, act: (back: End) => void): string {
  const back = origin.next();
  const heard = back.hear();
  act(back);
  return heard;
}

const failures: readonly (readonly [proxy: string, what: string, act: (back: End) => void])[] = [
  ['empty', 'closes', (back) => back.close()],
  ['empty', 'resets', (back) => back.reset()],
  ['junk', 'says nonsense', (back) => back.say('SMTP ready\r\n\r\n')],
  ['junk', 'stops in the head', (back) => back.say('HTTP/1.1 200 OK\r\ncontent-').close()],
  ['status', 'is busy', (back) => back.say(busy)],
  ['status', 'knows nothing', (back) => back.say(busy.replace('503 Busy', '404 None'))],
  ['all', 'closes', (back) => back.close()],
  ['all', 'is busy', (back) => back.say(busy)],
];

for (const [name, what, act] of failures) {
  test(`retry-on (${name}): a server that ${what} is asked again`, () => {
    const scene = new Scene(config);
    const origin = scene.serve(2000);
    const client = scene.client(portOf(name)).say(get);
    fail(origin, act);
    fail(origin, act);
    const heard = fail(origin, (back) => back.say(ok));
    assert.match(heard, /^GET \/ HTTP\/1.1\r\nhost: a\r\n/);
    assert.match(client.hear(), /^HTTP\/1.1 200 OK.*hi$/s);
    scene.end();
    // Two tries more; the termination state is that of the last one.
    assert.match(scene.logLines[0], / 200 .* ---- \d+\/\d+\/\d+\/\d+\/2 /);
  });
}

test('a server that is too slow is left for another try after timeout server', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene.client(portOf('slow')).say(get);
  const first = origin.next();
  scene.pass(510);
  assert.equal(first.isOver, true);
  fail(origin, (back) => back.say(ok));
  assert.match(client.hear(), /hi$/);
  scene.end();
});

test('the body is sent again, in its framing', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const cases = [
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello',
    'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 15000\r\n\r\n${'x'.repeat(15_000)}`,
  ];
  for (const request of cases) {
    const client = scene.client(portOf('all')).say(request);
    assert.equal(
      fail(origin, (back) => back.close()),
      request,
    );
    assert.equal(
      fail(origin, (back) => back.say(ok)),
      request,
    );
    assert.match(client.hear(), /hi$/);
  }
  scene.end();
});

test('what did not come whole or does not fit is sent once', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const late = scene.client(portOf('all'));
  late.say('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhel');
  const back = origin.next();
  late.say('lo');
  back.hear();
  back.close();
  assert.match(late.hear(), /^HTTP\/1.1 502 /);

  const large = scene.client(portOf('all'));
  large.say(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 40000\r\n\r\n${'x'.repeat(40_000)}`);
  fail(origin, (end) => end.close());
  assert.match(large.hear(), /^HTTP\/1.1 502 /);
  assert.equal(origin.tryNext(), null);
  scene.end();
});

test('retries end, and the last answer counts', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const refused = scene.client(portOf('status')).say(get);
  for (let i = 0; i < 4; i++) fail(origin, (back) => back.say(busy));
  assert.match(refused.hear(), /^HTTP\/1.1 503 Busy.*busy$/s);
  const lost = scene.client(portOf('empty')).say(get);
  for (let i = 0; i < 4; i++) fail(origin, (back) => back.close());
  assert.match(lost.hear(), /^HTTP\/1.1 502 /);
  assert.equal(origin.tryNext(), null);
  scene.end();
  assert.match(scene.logLines[0], / 503 .* ---- \d+\/\d+\/\d+\/\d+\/3 /);
  assert.match(scene.logLines[1], / 502 .* SH-- \d+\/\d+\/\d+\/\d+\/3 /);
});

test('by default only connections are retried', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene.client(portOf('usual')).say(get);
  fail(origin, (back) => back.close());
  assert.match(client.hear(), /^HTTP\/1.1 502 /);
  const other = scene.client(portOf('usual')).say(get);
  fail(origin, (back) => back.say(busy));
  assert.match(other.hear(), /^HTTP\/1.1 503 Busy/);
  scene.end();
});

test('option redispatch sends the next try elsewhere', () => {
  const scene = new Scene(config);
  const [first, second] = [scene.serve(2000), scene.serve(2001)];
  const client = scene.client(portOf('moves')).say(get);
  const one = first.tryNext();
  const start = one === null ? second : first;
  const back = one ?? second.next();
  back.hear();
  back.say(busy);
  const other = start === first ? second : first;
  fail(other, (end) => end.say(ok));
  assert.match(client.hear(), /hi$/);
  scene.end();
  assert.match(scene.logLines[0], / 200 .* \d+\/\d+\/\d+\/\d+\/\+1 /);
});

test('disable-l7-retry keeps a request from being sent twice', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const post = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nab';
  const client = scene.client(portOf('forbids')).say(post);
  fail(origin, (back) => back.close());
  assert.match(client.hear(), /^HTTP\/1.1 502 /);
  scene.end();
});
