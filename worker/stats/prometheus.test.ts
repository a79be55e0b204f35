// The Prometheus output over a small worker in memory, and what targets of scrapes ask for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../shared/segment/metrics.ts';
import * as state from '../../shared/segment/server-state.ts';
import { parseMetricsTarget } from './exporter.ts';
import { metricPieces } from './prometheus.ts';
import { sampleStats, textOf, viewed } from './sample-stats.ts';
import { statPieces, wholeSelection } from './table.ts';

const text = `
global
  description "the \\"whole\\""
defaults
  mode http
frontend f
  description front
  bind 127.0.0.1:18891 name main
  option socket-stats
backend b
  server s1 127.0.0.1:18892 check weight 10
  server s2 127.0.0.1:18893 disabled maxqueue 4
listen t
  mode tcp
  bind 127.0.0.1:18894
`;

function scrape(query: string, sample = sampleStats(text)): string[] {
  const request = parseMetricsTarget(`/metrics${query}`);
  assert.ok(request !== null, query);
  return textOf(metricPieces(sample.source, undefined, request))
    .split('\n')
    .slice(0, -1);
}

const about = (lines: readonly string[], name: string): string[] =>
  lines.filter((line) => !line.startsWith('#') && line.startsWith(`${name}{`));

test('numbers, states, seconds and classes', () => {
  const sample = sampleStats(text);
  const { writer, source } = sample;
  const front = writer.row(source.objects.proxies[0].front);
  const server = writer.row(source.objects.proxies[1].servers[0]);
  writer.values[front + field.hrsp_4xx] = 3;
  writer.values[server + field.ttime_max] = 1250;
  source.servers[1][0].set(state.serverCheckStatus, 6);
  const lines = scrape('', sample);
  const codes = about(lines, 'haproxy_frontend_http_responses_total');
  assert.equal(codes[3], 'haproxy_frontend_http_responses_total{proxy="f",code="4xx"} 3');
  assert.equal(codes.length, 6);
  assert.equal(lines.filter((line) => /^# TYPE haproxy_frontend_http_resp/.test(line)).length, 1);
  const states = about(lines, 'haproxy_server_status').filter((line) => line.endsWith(' 1'));
  assert.deepEqual(states, [
    'haproxy_server_status{proxy="b",server="s1",state="UP"} 1',
    'haproxy_server_status{proxy="b",server="s2",state="MAINT"} 1',
  ]);
  const checks = about(lines, 'haproxy_server_check_status');
  assert.ok(checks.includes('haproxy_server_check_status{proxy="b",server="s1",state="L4OK"} 1'));
  assert.equal(checks.length, 16);
  assert.deepEqual(about(lines, 'haproxy_server_max_total_time_seconds'), [
    'haproxy_server_max_total_time_seconds{proxy="b",server="s1"} 1.250000',
    'haproxy_server_max_total_time_seconds{proxy="b",server="s2"} 0.000000',
  ]);
  assert.deepEqual(about(lines, 'haproxy_server_queue_limit'), [
    'haproxy_server_queue_limit{proxy="b",server="s1"} NaN',
    'haproxy_server_queue_limit{proxy="b",server="s2"} 4',
  ]);
  assert.equal(about(lines, 'haproxy_backend_agg_check_status').at(2)?.slice(-2), ' 1');
  assert.ok(lines.includes('haproxy_listener_status{proxy="f",listener="main",state="OPEN"} 1'));
  assert.ok(lines.includes('haproxy_process_description{desc="the \\"whole\\""} 1'));
  assert.ok(lines.includes('haproxy_process_current_zlib_memory NaN'));
});

test('servers that were deleted are in no sum', () => {
  const sample = sampleStats(text);
  const { source } = sample;
  const states = (): string[] =>
    about(scrape('?scope=backend', sample), 'haproxy_backend_agg_server_status').filter(
      (line) => !line.endsWith(' 0'),
    );
  const remove = (index: number): void => {
    Object.assign(source.model.proxies[1].servers[index], { name: '' });
    source.servers[1][index].retire();
  };
  remove(1);
  assert.deepEqual(states(), ['haproxy_backend_agg_server_status{proxy="b",state="UP"} 1']);
  remove(0);
  assert.doesNotMatch(scrape('?scope=backend', sample).join(), /_agg_/);
  const [, names, values] =
    textOf(statPieces(source, { ...wholeSelection, proxyId: 3, types: 2 })).match(
      /^# (.*)\n(.*)\n$/,
    ) ?? assert.fail();
  assert.equal(values.split(',')[names.split(',').indexOf('downtime')], '');
});

test('scopes, filters, descriptions, servers in maintenance', () => {
  const names = (query: string): Set<string> =>
    new Set(scrape(query).map((line) => line.replace(/^#.*/, '').split(/[{ ]/)[0]));
  for (const name of names('?scope=server&scope=frontend')) {
    assert.match(name, /^(haproxy_(server|frontend)_.*)?$/);
  }
  assert.deepEqual(scrape('?scope='), []);
  assert.deepEqual(scrape('?scope=*&scope='), []);
  assert.equal(scrape('?scope=&scope=listener').length > 0, true);
  const only = scrape('?metrics=haproxy_process_nbthread,haproxy_server_weight');
  assert.equal(only.filter((line) => !line.startsWith('#')).length, 3);
  assert.ok(!names('?metrics=-haproxy_server_weight').has('haproxy_server_weight'));
  assert.equal(about(scrape('?no-maint'), 'haproxy_server_weight').length, 1);
  const described = scrape('?desc-labels&metrics=haproxy_frontend_status');
  assert.match(described[2], /^haproxy_frontend_status\{proxy="f",desc="front",state="DOWN"\} 0$/);
  assert.ok(about(scrape('?extra-counters'), 'haproxy_frontend_h1_total_streams').length === 2);
  assert.deepEqual(about(scrape(''), 'haproxy_frontend_h1_total_streams'), []);
});

test('thousands of servers without a line are not gone through in one turn', () => {
  const servers = Array.from({ length: 5000 }, (_, i) => `  server s${i} 127.0.0.1:1\n`);
  const { source } = sampleStats(`defaults\n  mode http\nbackend b\n${servers.join('')}`);
  const request = parseMetricsTarget('/m?scope=server&metrics=haproxy_server_agent_status');
  const piece = [...metricPieces(source, undefined, request!)].at(-1);
  assert.ok(typeof piece === 'object');
  const calls: string[] = [];
  for (let length = 0; length >= 0; ) {
    length = piece.write(viewed(16_384), 0, 16_384);
    calls.push(`${length} ${piece.pauses}`);
  }
  assert.deepEqual(calls, ['0 true', '0 true', '-1 false']);
});

test('counts of more servers than a turn has, in lines too long for a slot', () => {
  const servers = Array.from({ length: 2500 }, (_, i) => `  server s${i} 127.0.0.1:1\n`);
  const { source } = sampleStats(`defaults\n  mode http\nbackend b\n${servers.join('')}`);
  const request = parseMetricsTarget('/m?metrics=haproxy_backend_agg_server_status');
  const piece = [...metricPieces(source, undefined, request!)].at(-1);
  assert.ok(typeof piece === 'object');
  const slot = viewed(256);
  let answer = '';
  for (let length = 0, calls = 0; length >= 0; calls++) {
    assert.ok(calls < 10, answer);
    length = piece.write(slot, 0, 256);
    answer += Buffer.from(slot.bytes.subarray(0, Math.max(0, length))).toString();
  }
  assert.match(answer, /agg_server_status\{proxy="b",state="UP"\} 2500\n/);
  assert.match(answer, /state="NOLB"\} 0\n$/);
});

test('targets that ask for what does not exist', () => {
  for (const query of ['scope', 'scope=nobody', 'metrics', 'a=b=c', 'scope=%zz', 'scope=a&b=%']) {
    assert.equal(parseMetricsTarget(`/metrics?${query}`), null, query);
  }
  assert.deepEqual([...(parseMetricsTarget('/m?scope=%67lobal#x')?.scopes ?? [])], ['global']);
  assert.equal(parseMetricsTarget('/m?unknown=1')?.scopes.size, 7);
});
