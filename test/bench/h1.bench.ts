// Cost of reading and writing one HTTP/1 request head of about 350 bytes with ten header lines,
// and of the copies the writer chooses between. Prints nanoseconds; run: node
// dist/test/bench/h1.bench.js

import { pathToFileURL } from 'node:url';
import { H1Limits, HeadState } from '../../worker/http/h1.ts';
import { parseRequestHead, parseResponseHead } from '../../worker/http/h1-head.ts';
import { writeRequestHead, writeResponseHead } from '../../worker/http/h1-write.ts';
import { headerName, Message, writeLatin1 } from '../../worker/http/message.ts';
import { plainPool } from '../harness/http-text.ts';

const request = [
  'GET /products/list?page=2&sort=name HTTP/1.1',
  'Host: www.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0)',
  'Accept: text/html,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br',
  'Referer: http://www.example.com/products',
  'Cookie: session=0123456789abcdef',
  'Connection: keep-alive',
  'DNT: 1',
  'Cache-Control: max-age=0',
  '',
  '',
].join('\r\n');

const response = [
  'HTTP/1.1 200 OK',
  'Date: Mon, 23 Nov 2026 18:00:00 GMT',
  'Server: origin',
  'Content-Type: text/html; charset=utf-8',
  'Content-Length: 32',
  '',
  '',
].join('\r\n');

const pool = plainPool(16384, 16);
const message = new Message(pool, 128);
const state = new HeadState(new H1Limits(100));
const added = headerName('x-forwarded-for');

/**
 * Median over rounds of the time one call takes. The received bytes are put back before each
 * call.
 */
function measure(label: string, text: string, work: (at: number) => number): void {
  const at = pool.take();
  const master = pool.take();
  writeLatin1(pool.bytes, master, text);
  const rounds: number[] = [];
  let sum = 0;
  for (let round = 0; round < 15; round++) {
    const startNs = process.hrtime.bigint();
    for (let i = 0; i < 20000; i++) {
      pool.bytes.copyWithin(at, master, master + text.length);
      sum += work(at);
    }
    rounds.push(Number(process.hrtime.bigint() - startNs) / 20000);
  }
  rounds.sort((a, b) => a - b);
  pool.release(master);
  pool.release(at);
  console.log(`${label.padEnd(44)} ${rounds[7].toFixed(0).padStart(6)} ns  (${sum % 7})`);
}

export function run(): void {
  const out = pool.take();
  const parseRequest = (at: number) => {
    state.restart();
    return parseRequestHead(message, at, request.length, state);
  };
  const parseResponse = (at: number) => {
    state.restart();
    return parseResponseHead(message, at, response.length, state);
  };
  console.log(`request ${request.length} bytes, response ${response.length} bytes`);
  measure('put the bytes back (part of each line below)', request, (at) => at);
  measure('parse request', request, parseRequest);
  measure('parse response', response, parseResponse);
  measure('parse and write request', request, (at) => {
    parseRequest(at);
    return writeRequestHead(message, out, 16384, 0);
  });
  measure('parse, add a line, write request', request, (at) => {
    parseRequest(at);
    message.add(added, '192.0.2.1');
    const length = writeRequestHead(message, out, 16384, 0);
    message.reset();
    return length;
  });
  measure('parse and write response', response, (at) => {
    parseResponse(at);
    return writeResponseHead(message, out, 16384, 0);
  });
  for (const length of [16, 32, 48, 64, 128, 256]) measureCopies(length);
}

function measureCopies(length: number): void {
  const to = pool.take();
  const { bytes } = pool;
  measure(`copy ${length} bytes in a loop`, request, (at) => {
    for (let i = 0; i < length; i++) bytes[to + i] = bytes[at + i];
    return length;
  });
  measure(`copy ${length} bytes with copyWithin`, request, (at) => {
    bytes.copyWithin(to, at, at + length);
    return length;
  });
  pool.release(to);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) run();
