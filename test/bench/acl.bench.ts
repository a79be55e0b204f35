// Nanoseconds per evaluation of conditions and expressions on one parsed request: 60 ACLs of the
// kinds that configurations are full of, and single shapes of each kind. Prints numbers; decides
// nothing.

import { ExpressionBench } from '../harness/expressions.ts';
import { lineCursor } from '../../worker/line-cursor.ts';
import type { Condition, FormatText } from '../../worker/keyword.ts';

const request = [
  'GET /app/v1/users/12345/profile?lang=en&page=2 HTTP/1.1',
  'Host: www.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Encoding: gzip, deflate, br',
  'Accept-Language: en-US,en;q=0.5',
  'Cookie: SID=0123456789abcdef; theme=dark',
  'X-Forwarded-For: 203.0.113.7',
  'Connection: keep-alive',
  '',
  '',
].join('\r\n');

const rounds = 200_000;

/** 60 ACLs that do not match, in turn: paths, hosts, addresses, headers, methods, numbers. */
function sixty(): string[] {
  const lines: string[] = [];
  for (let i = 0; i < 10; i++) {
    lines.push(
      `if { path_beg /static${i}/ }`,
      `if { path_end .x${i} }`,
      `if { hdr(host) -i h${i}.example.com }`,
      `if { src 10.${i}.0.0/16 }`,
      `if { req.hdr(user-agent) -m sub Bot${i} }`,
      `if { req.hdr_cnt(host) gt ${i + 5} }`,
    );
  }
  return lines;
}

const shapes = [
  'if TRUE',
  'if METH_GET',
  'if { path /x }',
  'if { path_beg /static }',
  'if { path_beg /a1 /a2 /a3 /a4 /a5 /a6 /a7 /a8 }',
  'if { path_reg ^/app/v[0-9]+/users/[0-9]+/ }',
  'if { hdr(host) -i www.example.org }',
  'if { hdr_end(host) .example.org }',
  'if { src 10.0.0.0/8 192.168.0.0/16 172.16.0.0/12 }',
  'if { req.cook(SID) -m found }',
  'if { url_param(page) -m int 3 }',
  'if { req.hdr(accept) text/plain }',
  'if { var(txn.a) -m bool }',
];

const formats = [
  '%[src]',
  '%[req.hdr(host)]',
  '%[path,lower]',
  '%[src]:%[src_port] %[method] %[pathq]',
];

function measure(name: string, run: () => void, count: number): void {
  for (let i = 0; i < 3; i++) run();
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = process.hrtime.bigint();
    run();
    times.push(Number(process.hrtime.bigint() - start) / count);
  }
  times.sort((a, b) => a - b);
  console.log(`${times[2].toFixed(1).padStart(9)} ns  ${name}`);
}

const bench = new ExpressionBench();
bench.exchange.request(request);
const { stream } = bench.exchange;

function conditionOf(text: string): Condition {
  const words = text.split(' ');
  const line = { place: { file: 'b', line: 1, column: 0 }, words, columns: [], text, from: '' };
  const condition = bench.scope(words).condition(lineCursor(line));
  if (condition === null) throw new Error(bench.faults());
  return condition;
}

function formatOf(text: string): FormatText {
  const format = bench.scope().logFormat(text);
  if (format === null) throw new Error(bench.faults());
  return format;
}

let matched = 0;
const all = sixty().map(conditionOf);
measure(
  '60 ACLs, all of one request that is new each time',
  () => {
    for (let i = 0; i < rounds / 20; i++) {
      stream.request.edition++;
      for (const condition of all) matched += condition(stream);
    }
  },
  rounds / 20,
);
for (const text of shapes) {
  const condition = conditionOf(text);
  measure(
    text,
    () => {
      for (let i = 0; i < rounds; i++) {
        stream.request.edition++;
        matched += condition(stream);
      }
    },
    rounds,
  );
}
for (const text of formats) {
  const format = formatOf(text);
  measure(
    text,
    () => {
      for (let i = 0; i < rounds; i++) {
        stream.request.edition++;
        matched += format(stream).length;
      }
    },
    rounds,
  );
}
console.log(`(${matched} matches)`);
