// FastCGI on the fake kernel, told step by step: applications that never say their end, that lie,
// that stop in the middle; clients that are slow or leave. After each story all memory is back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endRecord, pairs, record, types } from '../harness/fcgi-records.ts';
import { type End, Scene, sceneText } from './scene.ts';

const config = (app = '', backend = ''): string =>
  sceneText(`frontend fe
  bind 127.0.0.1:1000
  log 127.0.0.1:514 local0
  log-format "%ST %ts %rc"
  default_backend be
backend be
  http-reuse always
  use-fcgi-app app
  ${backend}
  server s1 127.0.0.1:2000 proto fcgi
fcgi-app app
  docroot /srv
  log-stderr 127.0.0.1:514 local1
  ${app}`);

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;

interface Seen {
  readonly type: number;
  readonly id: number;
  readonly content: string;
}

/** The records in what an application has heard. */
function recordsIn(text: string): Seen[] {
  const bytes = Buffer.from(text, 'latin1');
  const seen: Seen[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt16BE(at + 4);
    const content = bytes.toString('latin1', at + 8, at + 8 + length);
    seen.push({ type: bytes[at + 1], id: bytes.readUInt16BE(at + 2), content });
    at += 8 + length + bytes[at + 6];
  }
  return seen;
}

const say = (app: End, ...records: readonly Buffer[]): void => {
  for (const one of records) app.say(one.toString('latin1'));
};
const kinds = (app: End): string =>
  recordsIn(app.hear())
    .map(({ type, id }) => `${type}/${id}`)
    .join(' ');
const whole = '1/1 4/1 4/1 5/1';
const head = 'Content-Type: a/b\r\n\r\n';
const answer = (id: number, text = 'hello'): Buffer[] => [
  record(types.stdout, id, head + text, 1),
  record(types.stdout, id),
  endRecord(id),
];
const lastLine = (scene: Scene): string => /: (.*)\n/.exec(scene.logLines.at(-1) ?? '')?.[1] ?? '';

test('one request after the other uses the connection, until the application closes it', () => {
  const scene = new Scene(config());
  const origin = scene.serve(2000);
  const client = scene.client(1000);
  client.say(get('/1'));
  const app = origin.next();
  for (let i = 2; i < 5; i++) {
    assert.equal(kinds(app), whole);
    say(app, ...answer(1));
    assert.match(client.hear(), /hello/);
    client.say(get(`/${i}`));
  }
  kinds(app);
  say(app, ...answer(1));
  client.hear();
  app.close();
  client.say(get('/last'));
  const next = origin.next();
  assert.equal(kinds(next), whole);
  say(next, ...answer(1));
  assert.match(client.hear(), /hello/);
  scene.end();
});

test('a client that leaves is told to the application; its connection waits for the end', () => {
  const scene = new Scene(config());
  const origin = scene.serve(2000);
  const client = scene.client(1000);
  client.say(get('/1'));
  const app = origin.next();
  assert.equal(kinds(app), whole);
  client.reset();
  assert.equal(kinds(app), '2/1');
  const other = scene.client(1000);
  other.say(get('/2'));
  const second = origin.next();
  say(second, ...answer(1));
  assert.match(other.hear(), /hello/);
  // The end comes at last: the first connection is good again, with the same number.
  say(app, record(types.stdout, 1, 'nobody reads this'), endRecord(1));
  assert.equal(app.isOver, false);
  second.close();
  other.say(get('/3'));
  assert.equal(kinds(app), whole);
  say(app, ...answer(1));
  assert.match(other.hear(), /hello/);
  scene.end();
});

test('an application that never says the end of what nobody waits for is left', () => {
  const scene = new Scene(config());
  const origin = scene.serve(2000);
  const client = scene.client(1000);
  client.say(get('/1'));
  const app = origin.next();
  client.reset();
  scene.pass(4900);
  assert.equal(app.isOver, false);
  scene.pass(200);
  assert.equal(app.isOver, true);
  scene.end();
});

test('output without its end is complete when its length says so, and the rest is awaited', () => {
  const scene = new Scene(config());
  const origin = scene.serve(2000);
  const client = scene.client(1000);
  client.say(get('/1'));
  const app = origin.next();
  app.hear();
  say(app, record(types.stdout, 1, 'Content-Length: 2\r\n\r\nok'));
  assert.match(client.hear(), /ok$/);
  assert.equal(kinds(app), '', 'nothing is given up');
  say(app, endRecord(1));
  client.say(get('/2'));
  assert.equal(kinds(app), whole);
  scene.end();
});

const lies: readonly (readonly [string, Buffer, string])[] = [
  ['another version', Buffer.from([3, 6, 0, 1, 0, 1, 0, 0, 120]), '200 PD 0'],
  ['output of request 0', record(types.stdout, 0, 'x'), '200 PD 0'],
  ['an end that is too short', record(types.end, 1, 'x'), '200 PD 0'],
  ['values nobody asked for, malformed', record(types.values, 0, '\xff'), '200 PD 0'],
];

for (const [what, bytes, line] of lies) {
  test(`in the middle of a response: ${what}`, () => {
    const scene = new Scene(config());
    const origin = scene.serve(2000);
    const client = scene.client(1000);
    client.say(get('/1'));
    const app = origin.next();
    say(app, record(types.stdout, 1, `${head}part`), bytes);
    assert.match(client.hear(), /part/);
    assert.equal(client.isOver, true);
    assert.equal(app.isOver, true);
    assert.equal(lastLine(scene), line);
    const { rare } = scene.world.threads[0].thread;
    const counted = rare.list().filter(({ place }) => place === 'mux/fcgi-back.ts onFatal()');
    assert.deepEqual(
      counted.map(({ count }) => count),
      [1],
    );
    scene.end();
  });
}

test('GET_VALUES that is answered by the end of the connection is a connection that failed', () => {
  const scene = new Scene(config('option get-values', 'retries 1'));
  const origin = scene.serve(2000);
  const client = scene.client(1000);
  client.say(get('/1'));
  for (let i = 0; i < 2; i++) {
    const app = origin.next();
    assert.equal(kinds(app), '9/0');
    app.close();
    scene.pass(1100);
  }
  assert.match(client.hear(), /^HTTP\/1.1 503 /);
  assert.match(lastLine(scene), /^503 SC 1$/);
  scene.end();
});

test('a slow client holds up those who share its connection, and nothing is lost', () => {
  const scene = new Scene(config('option mpxs-conns\n  option max-reqs 2'));
  const origin = scene.serve(2000);
  const slow = scene.client(1000);
  slow.say(get('/slow'));
  const app = origin.next();
  const quick = scene.client(1000);
  quick.say(get('/quick'));
  assert.equal(kinds(app), `${whole} 1/2 4/2 4/2 5/2`);
  const long = 'z'.repeat(60_000);
  let sent = '';
  const chunk = record(types.stdout, 1, long).toString('latin1');
  app.peer.write(record(types.stdout, 1, head).toString('latin1'));
  // Until the worker reads no more: the client's buffer is full, and its own.
  for (let rest = ''; ; ) {
    if (rest === '') {
      rest = chunk;
      sent += long;
    }
    scene.settle();
    const taken = app.peer.write(rest);
    if (taken <= 0) break;
    rest = rest.slice(taken);
    if (sent.length > 20_000_000) assert.fail('the worker reads without end');
  }
  assert.equal(quick.hear(), '');
  slow.reset();
  scene.settle();
  assert.match(kinds(app), /2\/1/);
  // Nothing of the other was answered on a connection that had served before: it is sent again.
  app.close();
  const next = origin.next();
  assert.equal(kinds(next), whole);
  say(next, ...answer(1, 'quick'));
  assert.match(quick.hear(), /quick/);
  // What waits for the client that was reset is given up with timeout client.
  scene.pass(10_100);
  scene.end();
});

test('values: a number that is no number allows one request', () => {
  const scene = new Scene(config('option get-values\n  option max-reqs 5'));
  const origin = scene.serve(2000);
  scene.client(1000).say(get('/1'));
  const app = origin.next();
  assert.equal(kinds(app), '9/0');
  const values = pairs({ FCGI_MPXS_CONNS: '1', FCGI_MAX_REQS: 'x' });
  say(app, record(types.values, 0, values));
  assert.equal(kinds(app), whole);
  scene.client(1000).say(get('/2'));
  assert.equal(kinds(origin.next()), '9/0');
  scene.end();
});
