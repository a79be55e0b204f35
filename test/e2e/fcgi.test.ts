// FastCGI on real sockets, against an application that reads and writes records by a codec of its
// own: parameters, bodies, responses, errors and error output (manual 10).

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { endRecord, record, types } from '../harness/fcgi-records.ts';
import { type AppRequest, page, type Script } from '../harness/fcgi-responder.ts';
import { bodyOf, headOf, startSite } from '../harness/fcgi-site.ts';
import { answerHeads, startOrigin } from '../harness/origin.ts';

// ---- parameters ----

const sent =
  '\r\nX-Two-words: a b\r\nX_Under: no\r\nAuthorization: Basic YW5uOng=\r\nProxy: evil\r\n' +
  'Content-Type: text/x\r\nKeep-Alive: 5\r\nTE: trailers';
const wanted: Readonly<Record<string, string>> = {
  HTTP_HOST: 'h',
  HTTP_X_TWO_WORDS: 'a b',
  HTTP_X_ADDED: '/srv index.php',
  CONTENT_TYPE: 'text/x',
  AUTH_TYPE: 'Basic',
  REMOTE_USER: 'ann',
  GATEWAY_INTERFACE: 'CGI/1.1',
  DOCUMENT_ROOT: '/srv',
  SCRIPT_NAME: '/a b/index.php',
  SCRIPT_FILENAME: '/srv/a b/index.php',
  PATH_INFO: '/more/\xe9',
  PATH_TRANSLATED: '/srv/more/\xe9',
  REQUEST_URI: '/a%20b/index.php/more/%E9?x=1&y',
  REQUEST_METHOD: 'GET',
  QUERY_STRING: 'x=1&y',
  SERVER_NAME: 'h',
  SERVER_PROTOCOL: 'HTTP/1.1',
  REMOTE_ADDR: '127.0.0.1',
  CONTENT_LENGTH: '0',
  SERVER_SOFTWARE: 'HAProxy 3.5-dev5',
};

test('an application is told the defaults of the manual, headers and what rules set', async (t) => {
  const site = await startSite(t, page('ok'), {
    backend: 'http-request set-header X-Added "%[fcgi.docroot] %[fcgi.index]"',
    app: 'index index.php\n  path-info ^(/.+\\.php)(/.*)?$',
  });
  const { requests } = site.app;
  await site.ask(`GET /a%20b/index.php/more/%E9?x=1&y${sent}`);
  const { SERVER_PORT, REMOTE_PORT, ...rest } = Object.fromEntries(requests[0].params);
  assert.match(`${SERVER_PORT} ${REMOTE_PORT}`, /^\d+ \d+$/);
  assert.deepEqual(rest, wanted);
  assert.equal(requests[0].role, 1);
  await site.ask('GET /dir/');
  assert.equal(requests[1].params.get('SCRIPT_FILENAME'), '/srv/dir/index.php');
  assert.equal(requests[1].params.has('PATH_INFO'), false);
});

test('set-param, pass-header and acl of the section decide, the last that holds', async (t) => {
  const site = await startSite(t, page('ok'), {
    backend: 'acl api always_false\n  option http-restrict-req-hdr-names preserve',
    app: [
      'acl api path_beg /api',
      'set-param SCRIPT_NAME /one.php',
      'set-param SCRIPT_NAME /two.php if api',
      'set-param remote-user nobody if !api',
      'set-param EMPTY %[req.hdr(none)]',
      'set-param AUTH_DIGEST %[req.hdr(Authorization)]',
      'set-param REQUEST_METHOD FETCH',
      'pass-header Authorization if api',
      'pass-header Proxy unless api',
    ].join('\n  '),
  });
  await site.ask(`GET /api/x${sent}`);
  await site.ask(`GET /other${sent}`);
  const [api, other] = site.app.requests.map(({ params }) => params);
  const told = (name: string): string => `${api.get(name)} ${other.get(name)}`;
  assert.equal(told('SCRIPT_FILENAME'), '/srv/two.php /srv/one.php');
  assert.equal(told('REMOTE_USER'), 'ann nobody');
  assert.equal(told('EMPTY'), 'undefined undefined');
  assert.equal(told('AUTH_DIGEST'), 'Basic YW5uOng= Basic YW5uOng=');
  assert.equal(told('HTTP_AUTHORIZATION'), 'Basic YW5uOng= undefined');
  assert.equal(told('HTTP_PROXY'), 'undefined evil');
  assert.equal(told('HTTP_X_UNDER'), 'no no');
  assert.equal(told('REQUEST_METHOD'), 'FETCH FETCH');
  const names = site.app.requests[0].pairs.map(([name]) => name);
  assert.equal(new Set(names).size, names.length, 'nothing is told twice');
});

test('a server of HTTP in the same backend is told no parameters', async (t) => {
  const web = await startOrigin(t, answerHeads);
  const site = await startSite(t, page('ok'), {
    backend: `balance first\n  use-server web if { path /web }\n  server web 127.0.0.1:${web.port}`,
    app: 'set-param A b',
  });
  assert.match(await site.ask(`GET /web${sent}`), /^HTTP\/1.1 200 OK.*ok$/s);
  assert.match(web.heard[0], /\r\nx-two-words: a b\r\n/);
  assert.doesNotMatch(web.heard[0], /fcgi|authorization|x_under/i);
  assert.equal(bodyOf(await site.ask('GET /app')), 'ok');
  assert.equal(site.app.requests[0].params.get('A'), 'b');
});

// ---- bodies ----

const echo: Script = ({ voice, stdin, params }, event) => {
  if (event !== 'input') return;
  voice.out(`Content-Type: text/plain\r\n\r\n${params.get('CONTENT_LENGTH')} ${stdin}`);
  voice.end();
};

test('bodies reach the application whole, with their length', async (t) => {
  const site = await startSite(t, echo);
  const long = 'x'.repeat(300_000);
  const chunks = '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n';
  const cases: readonly (readonly [string, string, string])[] = [
    ['Content-Length: 5', 'hello', '5 hello'],
    ['Content-Length: 0', '', '0 '],
    [`Content-Length: ${long.length}`, long, `300000 ${long}`],
    ['Transfer-Encoding: chunked', chunks, '11 hello world'],
  ];
  for (const [more, body, said] of cases) {
    const answer = bodyOf(await site.ask(`POST /x\r\n${more}`, body));
    assert.equal(answer === said, true, `${more}: ${answer.slice(0, 50)}`);
  }
  const endless = `9c40\r\n${'x'.repeat(40_000)}\r\n0\r\n\r\n`;
  const refused = await site.ask('POST /endless\r\nTransfer-Encoding: chunked', endless);
  assert.match(refused, /^HTTP\/1.1 400 /);
  await site.proxy.printed('/endless 400 PH 0 s1');
});

test('an application that reads slowly holds up who sends, and nothing is lost', async (t) => {
  const total = 8_000_000;
  const slow: Script = ({ voice, stdin, params }, event) => {
    if (event === 'params') {
      voice.socket.pause();
      setTimeout(() => voice.socket.resume(), 300);
    }
    if (event !== 'input') return;
    voice.out(`A: b\r\n\r\n${params.get('CONTENT_LENGTH')} ${stdin.length}`);
    voice.end();
  };
  const site = await startSite(t, slow);
  const body = Buffer.alloc(total, 'y').toString('latin1');
  const answer = await site.ask(`POST /slow\r\nContent-Length: ${total}`, body);
  assert.equal(bodyOf(answer), `${total} ${total}`);
});

// ---- responses ----

interface Said {
  /** What the application says, and how. */
  readonly says: (request: AppRequest) => void;
  readonly line?: string;
  readonly head: RegExp;
  readonly body?: string;
}

const out =
  (text: string) =>
  (request: AppRequest): void => {
    request.voice.raw(
      Buffer.concat([
        record(types.stdout, request.id, text, 3),
        record(types.stdout, request.id),
        endRecord(request.id),
      ]),
    );
  };

/** The head first, the rest when the client has had time to see it. */
const later =
  (head: string, rest: string) =>
  ({ voice }: AppRequest): void => {
    voice.out(head);
    setTimeout(() => {
      voice.out(rest);
      voice.end();
    }, 50);
  };

const responses: Readonly<Record<string, Said>> = {
  '/plain': {
    says: out('Content-Type: a/b\r\n\r\nhello'),
    head: /^HTTP\/1.1 200 OK\r\ncontent-type: a\/b\r\ndate: \w{3}, .* GMT\r\ncontent-length: 5\r\n/,
    body: 'hello',
  },
  '/status': { says: out('Status: 404 Nope\n\nx'), head: /^HTTP\/1.1 404 Nope\r\n(?!.*status)/s },
  '/moved': {
    says: out('Location: /x\r\n\r\n'),
    head: /^HTTP\/1.1 302 Found\r\nlocation: \/x\r\n/,
  },
  '/date': { says: out('Date: today\r\n\r\n'), head: /\r\ndate: today\r\n(?!.*date:)/s },
  '/sized': { says: out('Content-Length: 2\r\n\r\nok'), head: /content-length: 2\r\n/, body: 'ok' },
  '/surplus': { says: out('Content-Length: 2\r\n\r\nok!'), head: /length: 2\r\n/, body: 'ok' },
  '/close': { says: out('Connection: close\r\nA: b\r\n\r\n'), head: /a: b/, body: '' },
  '/unknown': {
    says: later('A: b\r\n\r\nab', 'cd'),
    head: /\r\ntransfer-encoding: chunked/,
    body: 'abcd',
  },
  '/chunks': {
    says: out('Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'),
    head: /\r\ntransfer-encoding: chunked/,
    body: 'abc',
  },
  '/head': { says: out('A: b\r\n\r\n'), line: 'HEAD /head', head: /200 OK(?!.*content-length)/s },
  '/none': { says: out('Status: 204\r\n\r\n'), head: /^HTTP\/1.1 204 No Content/, body: '' },
  '/pieces': {
    says: ({ voice }) => {
      for (const byte of 'Content-Type: a\r\nX-B: c\r\n\r\nhello') voice.out(byte, 1, 1);
      voice.end();
    },
    head: /\r\nx-b: c\r\n/,
    body: 'hello',
  },
  '/large': {
    says: ({ voice }) => {
      voice.out(`A: b\r\n\r\n${'z'.repeat(1_000_000)}`, 60_000, 255);
      voice.end();
    },
    head: /^HTTP\/1.1 200 /,
    body: 'z'.repeat(1_000_000),
  },
};

const scripted: Script = (request, event) => {
  if (event === 'input') responses[request.params.get('REQUEST_URI') ?? '']?.says(request);
};

test('output becomes a response of HTTP, whatever it leaves unsaid', async (t) => {
  const site = await startSite(t, scripted);
  for (const [path, { line, head, body }] of Object.entries(responses)) {
    const answer = await site.ask(line ?? `GET ${path}`);
    assert.match(headOf(answer), head, path);
    if (body !== undefined)
      assert.equal(bodyOf(answer) === body, true, `${path} ${bodyOf(answer).length}`);
  }
});

test('HTTP/1.0 knows no chunks: the end of the connection is the end of the body', async (t) => {
  const site = await startSite(t, scripted);
  const answer = await new Promise<string>((settle) => {
    let text = '';
    const socket = connect(site.port, '127.0.0.1', () =>
      socket.write('GET /unknown HTTP/1.0\r\n\r\n'),
    );
    socket.on('data', (part) => (text += part.toString('latin1')));
    socket.on('end', () => settle(text));
  });
  assert.match(answer, /^HTTP\/1.0 200 OK\r\n(?!.*chunked).*\r\n\r\nabcd$/s);
});

// ---- errors ----

const failures: Readonly<Record<string, readonly [(request: AppRequest) => void, string]>> = {
  '/empty': [({ voice }) => voice.end(), '502 SH'],
  '/cut': [out('Content-Type: '), '502 PH'],
  '/gone': [({ voice }) => void voice.socket.end(), '502 SH'],
  '/reset': [({ voice }) => void voice.socket.resetAndDestroy(), '502 SH'],
  '/http': [({ voice }) => voice.raw(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')), '502 PH'],
  '/html': [out('<html></html>\r\n\r\n'), '502 PH'],
  '/status': [out('Status: fine\r\n\r\n'), '502 PH'],
  '/early': [out('Status: 103 Early\r\n\r\n'), '502 PH'],
  '/huge': [out(`A: ${'b'.repeat(20_000)}\r\n\r\n`), '502 PH'],
  '/zero': [({ voice }) => voice.raw(record(types.stdout, 0, 'x')), '502 PH'],
  '/short-end': [({ id, voice }) => voice.raw(record(types.end, id, 'x')), '502 PH'],
  '/role': [({ id, voice }) => voice.raw(endRecord(id, 3)), '502 SH'],
  '/hang': [() => {}, '504 sH'],
  '/body': [
    ({ id, voice }) => {
      voice.socket.end(record(types.stdout, id, 'A: b\r\n\r\nx'));
    },
    '200 SD',
  ],
  '/less': [out('Content-Length: 9\r\n\r\nx'), '200 SD'],
  '/stray': [
    ({ id, voice }) => {
      voice.raw(Buffer.concat(Array.from({ length: 70 }, () => record(types.stdout, id + 9, 'x'))));
    },
    '502 PH',
  ],
};

test('every failure of an application has its status and its letters', async (t) => {
  const site = await startSite(t, (request, event) => {
    if (event === 'input') failures[request.params.get('REQUEST_URI') ?? '']?.[0](request);
  });
  for (const [path, [, end]] of Object.entries(failures)) {
    const answer = await site.ask(`GET ${path}`);
    assert.equal(answer.slice(9, 12), end.slice(0, 3), path);
    await site.proxy.printed(`${path} ${end} 0 s1\n`);
  }
});

test('what FastCGI cannot tell is refused before it is sent', async (t) => {
  const site = await startSite(t, page('ok'), { app: 'path-info ^(/.+)$' });
  const cases: readonly (readonly [string, string])[] = [
    ['GET /a%zz', '500 IH'],
    ['GET /a%0a', '500 IH'],
    ['GET /a%00', '500 IH'],
    ['OPTIONS *', '500 IH'],
  ];
  for (const [line, end] of cases) {
    assert.match(await site.ask(line), new RegExp(`^HTTP/1.1 ${end.slice(0, 3)} `), line);
  }
  await site.proxy.printed(' 500 IH 0 s1', cases.length);
  assert.equal(site.app.requests.length, 0);
  assert.equal(bodyOf(await site.ask('GET /fine')), 'ok');
});

test('error output goes to log-stderr, control characters made dots', async (t) => {
  const site = await startSite(t, ({ voice }, event) => {
    if (event !== 'input') return;
    voice.err('PHP message: oops\n\x1b[1mat line 3');
    voice.out('A: b\r\n\r\n');
    voice.end();
  });
  await site.ask('GET /');
  await site.proxy.printed('PHP message: oops..[1mat line 3\n');
});
