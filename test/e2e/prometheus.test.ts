// A scrape as a Prometheus server makes it, read with a parser of its text format, and compared
// with the names and types that the reference has (test/parity/prometheus-metrics.txt).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { exchange, inherited, request, startProxy } from '../harness/proxy.ts';

interface Family {
  readonly name: string;
  readonly type: string;
  readonly metrics: readonly {
    readonly value: string;
    readonly labels?: Readonly<Record<string, string>>;
  }[];
}

/** The parser has no types of its own. null: the packages were installed before it came in. */
function parser(): ((text: string) => readonly Family[]) | null {
  try {
    return createRequire(import.meta.url)('parse-prometheus-text-format');
  } catch {
    return null;
  }
}

const servers = Array.from({ length: 300 }, (_, i) => `  server s${i} 127.0.0.1:1\n`).join('');
const config = `
global
  nbthread 1
  description some words
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 5s
  option socket-stats
frontend fe
  bind "${inherited('fe')}"
  http-request use-service prometheus-exporter if { path /metrics }
  http-request return status 204
backend be
${servers}  server checked 127.0.0.1:1 check
resolvers names
  nameserver one 127.0.0.1:9
backend t
  stick-table type ip size 100 store gpc0
`;

/** Metrics of parts that a configuration like this one has nothing of, or that are not counted. */
const elsewhere = /^haproxy_sticktable_local_updates/;

const parse = parser();

test('every metric of the reference is there, in its order and with its type', {
  skip: parse === null && 'parse-prometheus-text-format is not installed',
}, async (owner) => {
  const proxy = startProxy(owner, { config });
  const fe = proxy.port('fe');
  assert.match(await exchange(fe, 'GET / HTTP/1.0\r\n\r\n'), / 204 /);
  let answer = '';
  // The first check has its duration once it is over.
  let asked = 0;
  for (; asked < 500 && !answer.includes('_check_duration_'); asked++) {
    answer = await request(fe, 'GET /metrics HTTP/1.0\r\n\r\n');
  }
  const [head, body] = answer.split('\r\n\r\n');
  assert.match(head, /\r\ncontent-type: text\/plain; version=0\.0\.4/);
  const families = parse?.(body) ?? [];
  const names = families.map(({ name, type }) => `${name} ${type.toLowerCase()}`);
  const wanted = readFileSync('test/parity/prometheus-metrics.txt', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('haproxy') && !elsewhere.test(line));
  assert.deepEqual(
    names.filter((name) => !elsewhere.test(name)),
    wanted,
  );
  const of = (name: string) => families.find((family) => family.name === name)?.metrics ?? [];
  assert.equal(of('haproxy_server_weight').length, 301);
  const answered = of('haproxy_frontend_http_responses_total');
  assert.equal(answered.find(({ labels }) => labels?.['code'] === '2xx')?.value, `${asked}`);
  assert.equal(of('haproxy_sticktable_size')[0].value, '100');
  assert.match(await request(fe, 'GET /metrics?scope=x HTTP/1.0\r\n\r\n'), / 400 /);
  await proxy.stop();
});
