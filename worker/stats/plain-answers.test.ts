// The answers that are written as bytes, against the same made of plain strings, cell by cell: over
// servers in all states, with counts of all lengths, names that cannot be copied as they are, and
// slots of several sizes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStatuses, resultFailed } from '../../shared/segment/check-status.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import { fixedColumns, statColumns } from '../../shared/segment/metrics.ts';
import * as state from '../../shared/segment/server-state.ts';
import type { Value } from './columns.ts';
import { parseMetricsTarget } from './exporter.ts';
import { csvField, jsonCell, typedCell } from './format.ts';
import { metricPieces } from './prometheus.ts';
import { cellValue } from './row-plan.ts';
import { type SampleStats, sampleStats, textOf } from './sample-stats.ts';
import type { Subject } from './source.ts';
import { type StatSelection, statPieces, subjects, wholeSelection } from './table.ts';

const words = [
  'check',
  '',
  'disabled',
  'backup check weight 7 maxqueue 4 pool-max-conn 42 maxconn 10',
  'cookie c1 check observe layer4',
  'agent-check agent-port 1',
];
const servers = (count: number): string =>
  Array.from(
    { length: count },
    (_, i) =>
      `  server s${'x'.repeat(i % 19)}-${i} 127.0.0.1:${8000 + i} ${words[i % words.length]}\n`,
  ).join('');

const text = `
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend f
  bind 127.0.0.1:18891 name main
  option socket-stats
  description "say \\"x\\", ${'\xff'.repeat(20)} back\\\\slash"
frontend t
  mode tcp
  bind 127.0.0.1:18892
backend b
  cookie SRV insert
${servers(300)}
backend tcp
  mode tcp
${servers(40).replaceAll('cookie c1', '')}
backend empty
`;

/** The same numbers in every run. */
function numbers(): (below: number) => number {
  let seed = 4242;
  return (below) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
}

function filled(): SampleStats {
  const sample = sampleStats(text);
  const { source, live } = sample;
  const next = numbers();
  const count = (): number => [0, next(10), next(5000), next(2 ** 24) * 999_983][next(4)];
  for (const { front, back, servers: own } of source.objects.proxies) {
    for (const object of [front, back, ...own]) {
      if (object < 0) continue;
      for (const { values, row } of [sample.writer, sample.control].map((writer) => ({
        values: writer.values,
        row: writer.row(object),
      }))) {
        for (let at = 0; at < 150; at++) values[row + at] = count();
      }
      for (let at = 0; at < 14; at++) live.words[live.row(object) + at] = next(3) * next(900);
    }
  }
  for (const one of source.servers.flat()) {
    one.set(state.serverState, next(4));
    one.set(state.serverThrottle, next(3) === 0 ? next(100) : 100);
    one.set(state.serverCheckStatus, next(checkStatuses.length));
    one.set(state.serverCheckCode, next(600) - 1);
    one.set(state.serverCheckDurationMs, next(3000));
    one.set(state.serverAgentStatus, next(checkStatuses.length));
    one.set(state.serverAgentCode, next(9));
    if (next(9) === 0) one.set(state.serverAdmin, state.adminForcedDrain);
    one.agentText = next(2) === 0 ? 'say "x",\nok' : '';
  }
  return sample;
}

const tagsOf = ({ name, typed }: MetricDef, { kind }: Subject): string => {
  if (kind === 'S' && (name === 'act' || name === 'bck')) return 'SGP:u32';
  return kind === 'B' && name === 'rate_max' ? 'MGP:u32' : typed;
};

const goesOn = ({ name, kind }: MetricDef, number: number): boolean =>
  number < fixedColumns &&
  /^(count|rate|last|bin|bout|lastchg)$/.test(kind === 'made' ? name : kind);

const titles = { F: 'Frontend', B: 'Backend', S: 'Server', L: 'Listener' } as const;

function plainStat({ source }: SampleStats, selection: StatSelection): string {
  const { format, withHelp } = selection;
  const lines = [...subjects(source, selection)].map((line) => {
    const cells = statColumns.map((column, i) => {
      const value = cellValue(source, line, i, selection.isOperator);
      if (format === 'csv') return `${i === fixedColumns ? '-,' : ''}${csvField(value)},`;
      if (value === null) return '';
      const { kind, proxy, id } = line;
      if (format === 'typed') {
        const cell = typedCell(tagsOf(column, line), goesOn(column, i) ? 'P' : 'V', value);
        const help = withHelp ? `:"${column.help}"` : '';
        return `${kind}.${proxy.id}.${id}.${i}.${column.name}.1:${cell}${help}\n`;
      }
      const about = `"objType":"${titles[kind]}","proxyId":${proxy.id},"id":${id},`;
      return `{${about}${jsonCell(i, column.name, tagsOf(column, line), value)}}`;
    });
    if (format === 'csv') return `${cells.join('')}\n`;
    return format === 'typed' ? cells.join('') : `[${cells.filter(Boolean).join(',')}]`;
  });
  if (format === 'json') return `[${lines.join(',')}]\n`;
  return lines.join('');
}

test('show stat, in all formats', () => {
  const sample = filled();
  for (const change of [
    { format: 'csv' },
    { format: 'typed' },
    { format: 'json' },
    { format: 'typed', withHelp: true, isOperator: false },
    { format: 'csv', hidesMaint: true, isOperator: false },
    { format: 'json', types: 4, hidesDown: true },
  ] as const) {
    const selection = { ...wholeSelection, ...change };
    const got = textOf(statPieces(sample.source, selection));
    const body = change.format === 'csv' ? got.slice(got.indexOf('\n') + 1) : got;
    assert.ok(body === plainStat(sample, selection), JSON.stringify(change));
  }
});

const checkNames = checkStatuses
  .filter(({ result }) => result >= resultFailed)
  .map(({ name }) => name);
const serverNames = ['DOWN', 'UP', 'MAINT', 'DRAIN', 'NOLB'];

const escaped = (value: string): string =>
  value.replace(/[\\"]/g, (char) => `\\${char}`).replaceAll('\n', '\\n');

const isChecked = ({ words: own, at }: state.ServerWords): boolean =>
  (own[at + state.serverCheckFlags] & state.checkEnabled) !== 0 &&
  (own[at + state.serverCheckFlags] & state.checkPaused) === 0;

function stateName({ words: own, at }: state.ServerWords): string {
  const admin = own[at + state.serverAdmin];
  if ((admin & state.adminMaint) !== 0) return 'MAINT';
  if (own[at + state.serverState] === state.stateStopping) return 'NOLB';
  if (own[at + state.serverState] === state.stateStopped) return 'DOWN';
  return (admin & state.adminDrain) !== 0 ? 'DRAIN' : 'UP';
}

const statesText = (names: readonly string[], current: string): string[] =>
  names.map((name) => `,state="${name}"} ${name === current ? 1 : 0}`);

const inSeconds = (value: Value): string =>
  typeof value === 'number' ? (value / 1000).toFixed(6) : 'NaN';

/** Rests of lines behind the labels of a server; [] for no line. */
function rests(line: Subject, { name }: MetricDef, value: Value): string[] {
  const own = line.words!;
  const checked = isChecked(own);
  const status = own.words[own.at + state.serverCheckStatus];
  if (name === 'status') return statesText(serverNames, stateName(own));
  if (name === 'check_status') {
    return checked ? statesText(checkNames, checkStatuses[status].name) : [];
  }
  if (name === 'check_code') {
    if (!checked) return [];
    return [`} ${status >= 14 ? own.words[own.at + state.serverCheckCode] : 0}`];
  }
  if (name === 'check_duration') {
    return status < 3 ? [] : [`} ${inSeconds(own.words[own.at + state.serverCheckDurationMs])}`];
  }
  if (name === 'agent_status') {
    if (typeof value !== 'string') return [];
    return statesText(checkNames, value.replace('* ', ''));
  }
  if (name === 'agent_code') return value === null ? [] : [`} ${value}`];
  if (name === 'agent_duration') return value === null ? [] : [`} ${inSeconds(value)}`];
  if (/^[qcrt]time(_max)?$/.test(name)) return [`} ${inSeconds(value)}`];
  const code = /^hrsp_(\w+)$/.exec(name);
  const number = typeof value === 'number' ? value : 'NaN';
  return [code === null ? `} ${number}` : `,code="${code[1]}"} ${number}`];
}

const httpOnly = /^(hrsp_.*|req_tot|req_rate_max|intercepted|cache_.*|comp_(in|out|byp|rsp))$/;

/** All lines about servers, without heads. */
function plainServers({ source }: SampleStats): string[] {
  const lines: string[] = [];
  const own = [...subjects(source, { ...wholeSelection, types: 4 })];
  statColumns.slice(0, fixedColumns).forEach((column, number) => {
    const { name, altName, scope } = column;
    const title = ({ act: 'active', bck: 'backup' } as Record<string, string>)[name] ?? altName;
    if (title === '' || (scope !== '' && !scope.includes('S'))) return;
    for (const line of own) {
      if (httpOnly.test(name) && line.proxy.mode !== 'http') continue;
      const labels = `proxy="${escaped(line.proxy.name)}",server="${line.server!.name}"`;
      for (const rest of rests(line, column, cellValue(source, line, number, true))) {
        lines.push(`haproxy_server_${title}{${labels}${rest}`);
      }
    }
  });
  return lines;
}

function scrape(sample: SampleStats, query: string, slotBytes: number): string {
  const request = parseMetricsTarget(`/metrics${query}`);
  assert.ok(request !== null);
  return textOf(metricPieces(sample.source, undefined, request), slotBytes);
}

test('a scrape of servers, into slots of any size', () => {
  const sample = filled();
  const expected = plainServers(sample);
  assert.ok(expected.length > 20_000);
  for (const slotBytes of [16_384, 1000, 90, 16_384]) {
    const lines = scrape(sample, '?scope=server', slotBytes).split('\n').slice(0, -1);
    assert.ok(lines.some((line) => line.startsWith('# TYPE haproxy_server_status gauge')));
    const got = lines.filter((line) => !line.startsWith('#'));
    assert.equal(got.length, expected.length);
    assert.deepEqual(
      got.filter((line, i) => line !== expected[i]),
      [],
    );
  }
});

test('labels with bytes that floats do not have', () => {
  const sample = filled();
  const { name, description } = sample.source.model.proxies[0];
  const got = scrape(sample, '?scope=frontend&desc-labels', 700);
  const labels = `proxy="${name}",desc="${escaped(description)}"`;
  assert.ok(description.includes('\xff'.repeat(20)));
  assert.ok(got.includes(`haproxy_frontend_status{${labels},state="UP"} 1\n`));
  const more = scrape(sample, '?scope=frontend&desc-labels&extra-counters', 700);
  const inner = labels.replace(',desc', ',mod="h1",desc');
  assert.match(
    more.replaceAll(inner, 'these'),
    /^haproxy_frontend_h1_total_streams\{these\} \d+$/m,
  );
});

test('kept labels follow servers that come, go and are renamed', () => {
  const sample = filled();
  const { model } = sample.source;
  const same = (): void => {
    const got = scrape(sample, '?scope=server', 5000).split('\n').slice(0, -1);
    assert.deepEqual(
      got.filter((line) => !line.startsWith('#')),
      plainServers(sample),
    );
  };
  same();
  const { servers: own } = model.proxies[2];
  const { name } = own[3];
  own[3].name = '';
  same();
  own[3].name = `${name}-again`;
  same();
  own[7] = { ...own[7], name: 'another' };
  same();
});
