// Which failures send a request again, how often and where to, on real sockets: every keyword
// driven, with what HAProxy 3.5 did of the same (manual 4: retry-on, retries, redispatch).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, begin, logged } from '../harness/failing-origin.ts';

// ---- retry-on ----

const statuses = '401 403 404 408 421 425 429 500 501 502 503 504'.split(' ');
const all = 'close reset junk cut hold 500 502 503 504'.split(' ');
/** By keyword: the failures after which a request is sent again. */
const retried: Readonly<Record<string, readonly string[]>> = {
  none: [],
  'conn-failure': [],
  'empty-response': ['close', 'reset'],
  'junk-response': ['junk', 'cut'],
  'response-timeout': ['hold'],
  '0rtt-rejected': [],
  'all-retryable-errors': all,
  ...Object.fromEntries(statuses.map((status) => [status, [status]])),
};

/** Status and termination state without another try. */
const endings: Readonly<Record<string, string>> = {
  close: '502 SH',
  reset: '502 SH',
  junk: '502 PH',
  cut: '502 PH',
  hold: '504 sH',
  ...Object.fromEntries(statuses.map((status) => [status, `${status} --`])),
};

test('retry-on: each keyword repeats after its failures and after no others', async (context) => {
  const stories = Object.fromEntries(
    Object.keys(retried).map((word, index) => [
      `l${index}`,
      `retry-on ${word}\n  timeout server 2s\n  server s1 127.0.0.1:PORT`,
    ]),
  );
  const { proxy, origin } = await begin(context, stories);
  const told: string[] = [];
  const wanted: string[] = [];
  const checks = Object.entries(retried).map(async ([word, repeats], index) => {
    const port = proxy.port(`l${index}`);
    for (const failure of Object.keys(endings)) {
      const path = `/${failure}/1/${word}`;
      const more = failure === 'cut' ? 'content-length: 3\r\n' : '';
      const status = await ask(port, path, more).status;
      const end = (await logged(proxy, path)).split(' ').slice(0, 3).join(' ');
      told.push(`${path} ${status} ${end} ${origin.count(path)}`);
      const result = repeats.includes(failure) ? '200 -- 1 2' : `${endings[failure]} 0 1`;
      wanted.push(`${path} ${result.slice(0, 3)} ${result}`);
    }
  });
  await Promise.all(checks);
  assert.deepEqual(told.toSorted(), wanted.toSorted());
});

// ---- how often, and where to ----

interface Tried {
  readonly lines: string;
  readonly path?: string;
  readonly more?: string;
  /** Status, termination state, retries, queues, server; how often the origin was asked. */
  readonly ends: string;
}

const dead = 'server s1 127.0.0.1:1 cookie one';
const alive = 'server s2 127.0.0.1:PORT';
const one = 'server s1 127.0.0.1:PORT';
const quick = 'timeout connect 100ms';
const cookie = 'cookie: A=one\r\n';

const tries: Readonly<Record<string, Tried>> = {
  retries0: { lines: `retry-on 503\n  retries 0\n  ${one}`, ends: '503 -- 0 0/0 s1 1' },
  retries1: { lines: `retry-on 503\n  retries 1\n  ${one}`, ends: '503 -- 1 0/0 s1 2' },
  usual: { lines: `retry-on 503\n  ${one}`, ends: '503 -- 3 0/0 s1 4' },
  set0: {
    lines: `retry-on 503\n  http-request set-retries 0\n  ${one}`,
    ends: '503 -- 0 0/0 s1 1',
  },
  set1: {
    lines: `retry-on 503\n  http-request set-retries 1\n  ${one}`,
    ends: '503 -- 1 0/0 s1 2',
  },
  set9: {
    lines: `retry-on 503\n  tcp-request content set-retries 9\n  ${one}`,
    ends: '200 -- 5 0/0 s1 6',
  },
  setDead: {
    lines: `${quick}\n  http-request set-retries 2\n  ${dead}`,
    ends: '503 SC 2 0/0 s1 0',
  },
  disabled: {
    lines: `retry-on 503\n  http-request disable-l7-retry\n  ${one}`,
    ends: '503 -- 0 0/0 s1 1',
  },
  disabledFor: {
    lines: `retry-on 503\n  http-request disable-l7-retry if METH_POST\n  ${one}`,
    path: '503/1',
    ends: '200 -- 1 0/0 s1 2',
  },
  post: {
    lines: `retry-on all-retryable-errors\n  ${one}`,
    path: 'close/2',
    more: 'content-length: 3\r\n',
    ends: '200 -- 2 0/0 s1 3',
  },
  deadAlone: { lines: `${quick}\n  ${dead}`, ends: '503 SC 3 0/0 s1 0' },
  deadOnce: { lines: `${quick}\n  retries 1\n  ${dead}`, ends: '503 SC 1 0/0 s1 0' },
  deadNever: { lines: `${quick}\n  retry-on none\n  ${dead}`, ends: '503 SC 0 0/0 s1 0' },
  moves: {
    lines: `option redispatch\n  ${dead}\n  ${alive}`,
    path: 'x/0',
    ends: '200 -- +1 0/0 s2 1',
  },
  stays: {
    lines: `no option redispatch\n  ${quick}\n  ${dead}\n  ${alive}`,
    path: 'x/0',
    ends: '503 SC 3 0/0 s1 0',
  },
  cookieLast: {
    lines: `cookie A\n  option redispatch\n  ${quick}\n  ${dead}\n  ${alive}`,
    path: 'x/0',
    more: cookie,
    ends: '200 -- +3 0/0 s2 1',
  },
  cookieFirst: {
    lines: `cookie A\n  option redispatch 1\n  ${quick}\n  ${dead}\n  ${alive}`,
    path: 'x/0',
    more: cookie,
    ends: '200 -- +1 0/0 s2 1',
  },
  cookieSecond: {
    lines: `cookie A\n  option redispatch 2\n  ${quick}\n  ${dead}\n  ${alive}`,
    path: 'x/0',
    more: cookie,
    ends: '200 -- +2 0/0 s2 1',
  },
  cookieBefore: {
    lines: `cookie A\n  option redispatch -2\n  ${quick}\n  ${dead}\n  ${alive}`,
    path: 'x/0',
    more: cookie,
    ends: '200 -- +2 0/0 s2 1',
  },
  cookieNever: {
    lines: `cookie A\n  no option redispatch\n  ${quick}\n  ${dead}\n  ${alive}`,
    path: 'x/0',
    more: cookie,
    ends: '503 SC 3 0/0 s1 0',
  },
  moves503: {
    lines: `retry-on 503\n  option redispatch 1\n  ${one}\n  server s3 127.0.0.1:PORT`,
    path: '503/1',
    ends: '200 -- +1 0/0 s3 2',
  },
};

test('retries, set-retries, option redispatch N: how often and where to', async (context) => {
  const stories = Object.fromEntries(
    Object.entries(tries).map(([name, { lines }]) => [name, `balance roundrobin\n  ${lines}`]),
  );
  const { proxy, origin } = await begin(context, stories);
  const told = Object.entries(tries).map(async ([name, { path = '503/5', more = '' }]) => {
    const whole = `/${path}/${name}`;
    await ask(proxy.port(name), whole, more).status;
    return [name, `${await logged(proxy, whole)} ${origin.count(whole)}`];
  });
  const wanted = Object.entries(tries).map(([name, { ends }]) => [name, ends]);
  assert.deepEqual(await Promise.all(told), wanted);
});
