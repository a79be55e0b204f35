import { test } from 'node:test';
import { checkBody, checkHead, smoke } from './h1.fuzz.ts';
import { H1Limits } from '../../worker/http/h1.ts';

/** HAWSER_SEED repeats a run; without it each run has another seed, which it prints. */
const seed = Number(process.env['HAWSER_SEED'] ?? Date.now() % 2 ** 31);
const runs = Number(process.env['HAWSER_RUNS'] ?? 150);

test(`the HTTP/1 codecs answer alike however bytes arrive (HAWSER_SEED=${seed})`, (t) => {
  t.diagnostic(`HAWSER_SEED=${seed}`);
  smoke(seed, runs);
});

test('inputs that once failed', () => {
  const strict = new H1Limits(100);
  const relaxed = new H1Limits(100, true);
  // A list that shrank by one byte before a bare LF looked like a line that ends in CR LF.
  const shrunk = 'GET / HTTP/1.1\r\nconnection: a, close, b\nx: y\r\n\r\n';
  // The look at the preface's version read past a shorter one.
  const short = 'PRI * H\rTP/2.0\n\n';
  const heads = [
    short,
    shrunk,
    'GET /\r\n',
    'GET / HTTP/1.1\r\nconnection: a, close, b\r\nx: y\r\n\r\n',
  ];
  for (const text of heads) {
    checkHead(text, 'request', strict);
    checkHead(text, 'request', relaxed);
  }
  checkBody('1\r\na\r\n0\r\n\r\n', 'a');
});
