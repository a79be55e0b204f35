// Connections to FastCGI applications on real sockets: how long they live, how many requests they
// carry, what happens to requests that are given up or turned away, and health checks over them
// (manual 10.1.1, option keep-conn, get-values, mpxs-conns, max-reqs).

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { endRecord, record, types } from '../harness/fcgi-records.ts';
import { type AppRequest, page, type Script, startResponder } from '../harness/fcgi-responder.ts';
import { bodyOf, startSite } from '../harness/fcgi-site.ts';

/** A client that stays: requests one after the other. */
class Client {
  readonly socket: Socket;
  private text = '';
  private wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (part) => {
      this.text += part.toString('latin1');
      this.wake();
    });
    this.socket.on('error', () => {});
  }

  send(path: string): void {
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
  }

  /** What comes until `end` has come. */
  async until(end: string): Promise<string> {
    while (!this.text.includes(end)) {
      await new Promise<void>((settle) => {
        this.wake = settle;
      });
    }
    const text = this.text;
    this.text = '';
    return text;
  }
}

const connectionsOf = (requests: readonly AppRequest[]): string =>
  requests.map(({ connection, id }) => `${connection}/${id}`).join(' ');

test('requests follow one another on a connection that the application keeps', async (t) => {
  const site = await startSite(t, page('ok'), { backend: 'http-reuse always' });
  for (let i = 0; i < 4; i++) assert.equal(bodyOf(await site.ask(`GET /${i}`)), 'ok');
  assert.equal(connectionsOf(site.app.requests), '0/1 0/1 0/1 0/1');
  assert.ok(site.app.requests.every(({ keeps }) => keeps));
});

test('no option keep-conn: the application closes after each', async (t) => {
  const site = await startSite(t, page('ok'), {
    backend: 'http-reuse always',
    app: 'no option keep-conn',
  });
  for (let i = 0; i < 3; i++) assert.equal(bodyOf(await site.ask(`GET /${i}`)), 'ok');
  assert.equal(connectionsOf(site.app.requests), '0/1 1/1 2/1');
  assert.ok(site.app.requests.every(({ keeps }) => !keeps));
});

test('a connection that died while it was idle is not the end of a request', async (t) => {
  const site = await startSite(
    t,
    ({ voice, params }, event) => {
      if (event !== 'input') return;
      voice.out('A: b\r\n\r\nok');
      voice.end();
      if (params.get('REQUEST_URI') === '/last') voice.socket.end();
    },
    { backend: 'http-reuse always' },
  );
  for (let i = 0; i < 5; i++) assert.equal(bodyOf(await site.ask('GET /last')), 'ok');
});

/** Answers when as many requests are there as it is told, in turns. */
function together(count: number): Script {
  const waiting: AppRequest[] = [];
  return (request, event) => {
    if (event !== 'input') return;
    waiting.push(request);
    if (waiting.length < count) return;
    for (const { voice } of waiting) voice.out('A: b\r\n\r\n');
    for (const letter of 'abc') for (const { voice, id } of waiting) voice.out(`${letter}${id} `);
    for (const { voice } of waiting.splice(0)) voice.end();
  };
}

test('mpxs-conns, max-reqs: requests share a connection, as many as are allowed', async (t) => {
  const site = await startSite(t, together(4), {
    backend: 'http-reuse always',
    app: 'option mpxs-conns\n  option max-reqs 3',
  });
  const asked: Promise<string>[] = [];
  for (let i = 1; i <= 4; i++) {
    asked.push(site.ask(`GET /${i}`));
    await site.app.until(({ requests }) => requests.length === i);
  }
  const bodies = (await Promise.all(asked)).map(bodyOf);
  assert.equal(connectionsOf(site.app.requests), '0/1 0/2 0/3 1/1');
  assert.deepEqual(bodies, ['a1 b1 c1 ', 'a2 b2 c2 ', 'a3 b3 c3 ', 'a1 b1 c1 ']);
});

test('without it each request has a connection of its own', async (t) => {
  const site = await startSite(t, together(2), {
    backend: 'http-reuse always',
    app: 'option max-reqs 3',
  });
  const bodies = await Promise.all([site.ask('GET /1'), site.ask('GET /2')]);
  assert.deepEqual(bodies.map(bodyOf), ['a1 b1 c1 ', 'a1 b1 c1 ']);
  assert.equal(site.app.connections, 2);
  await site.proxy.printed("'option max-reqs' is ignored without multiplexing");
});

const answers: readonly (readonly [Record<string, string> | null, string])[] = [
  [{ FCGI_MPXS_CONNS: '1', FCGI_MAX_REQS: '2' }, '0/1 0/2 1/1'],
  [{ FCGI_MPXS_CONNS: '0', FCGI_MAX_REQS: '2' }, '0/1 1/1 2/1'],
  [{ FCGI_MPXS_CONNS: '1' }, '0/1 0/2 0/3'],
  [null, '0/1 0/2 0/3'],
];

for (const [values, places] of answers) {
  test(`get-values: an answer of ${JSON.stringify(values)} goes before the section`, async (t) => {
    const lines = {
      backend: 'http-reuse always',
      app: `option get-values\n  option max-reqs 9\n  ${values === null ? 'option mpxs-conns' : ''}`,
    };
    const site = await startSite(t, together(3), lines, { values });
    const asked: Promise<string>[] = [];
    for (let i = 1; i <= 3; i++) {
      asked.push(site.ask(`GET /${i}`));
      await site.app.until(({ requests }) => requests.length === i);
    }
    await Promise.all(asked);
    assert.equal(connectionsOf(site.app.requests), places);
    assert.equal(site.app.asked, site.app.connections);
  });
}

test('get-values without an answer: the connection does not come up', async (t) => {
  const site = await startSite(t, page('ok'), {
    backend: 'retries 0\n  timeout connect 200ms',
    app: 'option get-values',
  });
  assert.match(await site.ask('GET /x'), /^HTTP\/1.1 503 /);
  await site.proxy.printed('/x 503 sC 0 s1');
  assert.equal(site.app.requests.length, 0);
});

test('a client that leaves makes the application stop, and the connection lives on', async (t) => {
  const script: Script = ({ voice, params }, event) => {
    const isHeld = params.get('REQUEST_URI') === '/held';
    if (event === 'abort') voice.end();
    else if (event === 'input' && !isHeld) {
      voice.out('A: b\r\n\r\nok');
      voice.end();
    }
  };
  const site = await startSite(t, script, { backend: 'http-reuse always' });
  const client = new Client(site.port);
  client.send('/held');
  await site.app.until(({ requests }) => requests.length === 1 && requests[0].isWhole);
  client.socket.destroy();
  await site.app.until(({ requests }) => requests[0].isAborted);
  await site.proxy.printed('/held 400 CH 0 s1');
  assert.equal(bodyOf(await site.ask('GET /next')), 'ok');
  assert.equal(connectionsOf(site.app.requests), '0/1 0/1');
});

test('timeout server makes the application stop too', async (t) => {
  const site = await startSite(t, () => {}, { backend: 'timeout server 100ms' });
  assert.match(await site.ask('GET /slow'), /^HTTP\/1.1 504 /);
  await site.app.until(({ requests }) => requests[0]?.isAborted === true);
});

test('a response that ends the stream early does not hold up the next', async (t) => {
  const site = await startSite(
    t,
    ({ voice, params }, event) => {
      if (event === 'abort') voice.raw(endRecord(voice.id));
      const isEarly = params.get('REQUEST_URI') === '/early' && event === 'params';
      if (!isEarly && (event !== 'input' || params.get('REQUEST_URI') === '/early')) return;
      voice.out(`A: b\r\n\r\n${isEarly ? 'too much' : 'ok'}`);
      voice.raw(record(types.stdout, voice.id));
      if (!isEarly) voice.raw(endRecord(voice.id));
    },
    { backend: 'http-reuse always' },
  );
  const client = new Client(site.port);
  client.socket.write('POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n');
  client.socket.write('x'.repeat(40_000));
  assert.match(await client.until('too much'), /^HTTP\/1.1 200 /);
  await site.app.until(({ requests }) => requests[0].isAborted);
  client.socket.destroy();
  assert.equal(bodyOf(await site.ask('GET /next')), 'ok');
});

test('a request that is turned away goes to another connection or server', async (t) => {
  const other = await startResponder(t, page('other'));
  const site = await startSite(
    t,
    ({ voice, id }, event) => {
      if (event === 'input') voice.raw(endRecord(id, 2));
    },
    {
      backend: `balance first\n  option redispatch 1\n  server s2 127.0.0.1:${other.port} proto fcgi`,
    },
  );
  assert.equal(bodyOf(await site.ask('GET /busy')), 'other');
  await site.proxy.printed('/busy 200 -- +1 s2');
});

test('checks of option httpchk are requests to the application', async (t) => {
  let status = 200;
  const site = await startSite(
    t,
    ({ voice, params }, event) => {
      if (event !== 'input') return;
      const isCheck = params.get('REQUEST_URI') === '/ping.php/x?y=z';
      const body = status === 200 || !isCheck ? params.get('PATH_INFO') : 'ill';
      voice.out(`Status: ${isCheck ? status : 200} Said\r\n\r\n${body}`);
      voice.end();
    },
    {
      server: 'check inter 200ms rise 1 fall 1',
      backend: [
        'timeout check 5s',
        'option httpchk',
        'http-check send meth GET uri /ping.php/x?y=z hdr Host check.local',
        'http-check expect rstring ^/x$',
        'option log-health-checks',
        'log global',
      ].join('\n  '),
      app: 'path-info ^(/.+\\.php)(/.*)?$',
    },
  );
  await site.app.until(({ requests }) => requests.length >= 2);
  const { params, keeps } = site.app.requests[0];
  const told = 'SCRIPT_FILENAME QUERY_STRING HTTP_HOST SERVER_NAME REQUEST_METHOD CONTENT_LENGTH';
  const got = told.split(' ').map((name) => params.get(name));
  assert.deepEqual(got, ['/srv/ping.php', 'y=z', 'check.local', 'check.local', 'GET', '0']);
  assert.equal(keeps, false);
  assert.equal(bodyOf(await site.ask('GET /up.php')), 'undefined');
  status = 500;
  await site.proxy.printed('Health check for server be/s1 failed');
  assert.match(await site.ask('GET /down.php'), /^HTTP\/1.1 503 /);
});

test('a check without httpchk only connects', async (t) => {
  const site = await startSite(t, page('ok'), {
    server: 'check inter 50ms',
    backend: 'option log-health-checks\n  log global',
  });
  await site.proxy.printed('Health check for server be/s1 succeeded, reason: Layer4 check passed');
  // It is reset before the application could accept it.
  assert.deepEqual([site.app.requests.length, site.app.connections], [0, 0]);
  assert.equal(bodyOf(await site.ask('GET /')), 'ok');
});
