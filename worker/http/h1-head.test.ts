import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defaultLimits,
  Exchange,
  headerTexts,
  relaxedLimits,
} from '../../test/harness/http-text.ts';
import {
  H1Limits,
  h1ErrorCoding,
  h1ErrorContentLength,
  h1ErrorHeaderCount,
  h1ErrorHost,
  h1ErrorLineEnd,
  h1ErrorMethod,
  h1ErrorName,
  h1ErrorPayload,
  h1ErrorStatus,
  h1ErrorStatusLine,
  h1ErrorTarget,
  h1ErrorTransferEncoding,
  h1ErrorValue,
  h1ErrorVersion,
  h1ErrorWebsocketKey,
  h1PrefaceH2,
} from './h1.ts';
import { isPersistent } from './h1-settle.ts';
import { restrictedHeader } from './h1-special.ts';
import {
  bodyChunked,
  bodyLength,
  bodyNone,
  bodyTunnel,
  bodyUntilClose,
  connectionClose,
  connectionKeepAlive,
  connectionUpgrade,
  expectContinue,
  framingConflict,
  hasHost,
  methodConnect,
  methodGet,
  methodHead,
} from './message.ts';

/** Lines joined with CR LF, and the empty line. */
function head(...lines: string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function get(...fields: string[]): string {
  return head('GET / HTTP/1.1', ...fields);
}

function parse(text: string, limits: H1Limits = defaultLimits): Exchange & { result: number } {
  const exchange = new Exchange(limits);
  exchange.append(text);
  return Object.assign(exchange, { result: exchange.request() });
}

function parseAnswer(
  text: string,
  limits: H1Limits = defaultLimits,
  method = methodGet,
): Exchange & { result: number } {
  const exchange = new Exchange(limits);
  exchange.state.requestMethod = method;
  exchange.append(text);
  return Object.assign(exchange, { result: exchange.response() });
}

test('a request head: first line, names in lower case, values without blanks around', () => {
  const text = head(
    'POST /a?b HTTP/1.1',
    'Host: x',
    'X-One:1',
    'X-Two: \t two words \t',
    'X-None:',
  );
  const { message, result } = parse(`${text}body`);
  assert.equal(result, text.length);
  assert.equal(message.methodText(), 'POST');
  assert.equal(message.target(), '/a?b');
  assert.equal(message.version, 11);
  assert.equal(message.flags, hasHost);
  assert.deepEqual(headerTexts(message), ['host: x', 'x-one: 1', 'x-two: two words', 'x-none: ']);
});

test('methods: known ones have their code, other tokens are kept as text', () => {
  for (const [index, name] of [
    'OPTIONS',
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'DELETE',
    'TRACE',
  ].entries()) {
    assert.equal(parse(head(`${name} / HTTP/1.1`)).message.method, index, name);
  }
  for (const name of ['get', 'PATCH', 'PUSH', 'CONNECTED', 'G', "!#$%&'*+-.^_`|~09"]) {
    const { message, result } = parse(head(`${name} / HTTP/1.1`));
    assert.ok(result > 0, name);
    assert.equal(message.methodText(), name);
  }
});

test('line ends: bare LF ends a line, blank lines may precede, folds become spaces', () => {
  const accepted: readonly (readonly [text: string, lines: string[]])[] = [
    ['GET / HTTP/1.1\na: 1\n\n', ['a: 1']],
    ['GET / HTTP/1.1\r\na: 1\n\r\n', ['a: 1']],
    ['\r\n\n\r\nGET / HTTP/1.1\r\na: 1\r\n\r\n', ['a: 1']],
    ['GET / HTTP/1.1\r\na: 1\r\n 2\r\n\t3\r\nb: 4\r\n\r\n', ['a: 1   2  \t3', 'b: 4']],
    ['GET / HTTP/1.1\r\na:\r\n 2\n 3\r\n\r\n', ['a: 2  3']],
    ['GET / HTTP/1.1\r\na: 1 \nb:\t2\r\n\r\n', ['a: 1', 'b: 2']],
  ];
  for (const [text, lines] of accepted) {
    const { message, result } = parse(text);
    assert.equal(result, text.length, JSON.stringify(text));
    assert.deepEqual(headerTexts(message), lines, JSON.stringify(text));
  }
});

test('refused requests: the code, and where', () => {
  const refused: readonly (readonly [text: string, code: number, at: number])[] = [
    ['\rGET / HTTP/1.1\r\n\r\n', h1ErrorLineEnd, 1],
    ['\x16\x03\x01\x02', h1ErrorMethod, 0],
    [' GET / HTTP/1.1\r\n\r\n', h1ErrorMethod, 0],
    ['GE(T / HTTP/1.1\r\n\r\n', h1ErrorMethod, 2],
    ['GET /\x01 HTTP/1.1\r\n\r\n', h1ErrorTarget, 5],
    ['GET /\x7f HTTP/1.1\r\n\r\n', h1ErrorTarget, 5],
    ['GET /\xe9 HTTP/1.1\r\n\r\n', h1ErrorTarget, 5],
    ['GET /#a HTTP/1.1\r\n\r\n', h1ErrorTarget, 5],
    ['GET /\r\n\r\n', h1ErrorVersion, 5],
    ['GET\r\n\r\n', h1ErrorVersion, 3],
    ['GET / HTTP/1.1 \r\n\r\n', h1ErrorVersion, 14],
    ['GET / http/1.1\r\n\r\n', h1ErrorVersion, 6],
    ['GET / HTTP/1.10\r\n\r\n', h1ErrorVersion, 6],
    ['GET / HTTP/11\r\n\r\n', h1ErrorVersion, 6],
    ['GET / RTSP/1.0\r\n\r\n', h1ErrorVersion, 6],
    ['GET / HTTP/1.1\rx', h1ErrorLineEnd, 15],
    [get('a b: 1'), h1ErrorName, 17],
    [get('a : 1'), h1ErrorName, 17],
    [get(': 1'), h1ErrorName, 16],
    [get(' a: 1'), h1ErrorName, 16],
    [get('a'), h1ErrorName, 17],
    [get('a\x00: 1'), h1ErrorName, 17],
    [get('a: \x00'), h1ErrorValue, 19],
    [get('a: 1\r2'), h1ErrorLineEnd, 21],
    ['GET / HTTP/1.1\r\na: 1\r\n\rx', h1ErrorLineEnd, 23],
  ];
  for (const [text, code, at] of refused) {
    const { result, state } = parse(text);
    assert.equal(result, code, JSON.stringify(text));
    assert.equal(state.errorAt, at, JSON.stringify(text));
    assert.equal(h1ErrorStatus(code), 400);
  }
});

test('the HTTP/2 preface has its own code', () => {
  assert.equal(parse('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n').result, h1PrefaceH2);
  assert.ok(parse(head('PRX * HTTP/2.0')).result > 0);
  assert.ok(parse(head('PRI * HTTP/1.1')).result > 0);
});

test('versions: above 1.1 counts as 1.1, below 1.1 as 1.0', () => {
  const cases = [
    ['HTTP/1.1', 11],
    ['HTTP/1.9', 11],
    ['HTTP/2.0', 11],
    ['HTTP/1.0', 10],
    ['HTTP/0.9', 10],
  ] as const;
  for (const [text, version] of cases) {
    assert.equal(parse(head(`GET / ${text}`)).message.version, version);
  }
});

test('relaxed requests: exactly what the manual lists is let through', () => {
  const accepted: readonly (readonly [text: string, at: number, lines: string[]])[] = [
    [head('GET /\xe9#a HTTP/1.1', 'a: 1'), 5, ['a: 1']],
    [get('a b: 1', 'c: 2'), 17, ['c: 2']],
    [get('a\x00: 1', 'c: 2'), 17, ['c: 2']],
    [get('a: 1\x002', 'c: 2'), 20, ['a: 1\x002', 'c: 2']],
    ['GET /\r\n', 5, []],
    [head('GET / RTSP/1.0', 'a: 1'), 6, ['a: 1']],
    [head('GET http://a/ HTTP/1.1', 'host: b'), 30, ['host: b']],
    [head('CONNECT a HTTP/1.1', 'host: b'), 8, ['host: b']],
  ];
  for (const [text, at, lines] of accepted) {
    const { result, state, message } = parse(text, relaxedLimits);
    assert.equal(result, text.length, JSON.stringify(text));
    assert.equal(state.violationAt, at, JSON.stringify(text));
    assert.deepEqual(headerTexts(message), lines, JSON.stringify(text));
  }
  const refused: readonly (readonly [text: string, code: number])[] = [
    ['POST /\r\n', h1ErrorVersion],
    ['GET\r\n', h1ErrorVersion],
    ['GET /\x01 HTTP/1.1\r\n\r\n', h1ErrorTarget],
    [get('a: 1\r2'), h1ErrorLineEnd],
    [get('host: a', 'host: b'), h1ErrorHost],
    [get('content-length: 1', 'content-length: 2'), h1ErrorContentLength],
    [head('POST / HTTP/1.1', 'transfer-encoding: chunked, chunked'), h1ErrorTransferEncoding],
  ];
  for (const [text, code] of refused) assert.equal(parse(text, relaxedLimits).result, code, text);
});

test('content-length: equal ones merge, anything else is refused', () => {
  const accepted = [
    [['content-length: 5'], 5, ['content-length: 5']],
    [['content-length: 0'], 0, ['content-length: 0']],
    [['content-length: 000'], 0, ['content-length: 0']],
    [['content-length: 05 ,5'], 5, ['content-length: 5']],
    [['content-length: 5', 'content-length: 5'], 5, ['content-length: 5']],
    [['content-length: 9007199254740991'], 9007199254740991, ['content-length: 9007199254740991']],
  ] as const;
  for (const [fields, length, lines] of accepted) {
    const { message, result } = parse(head('POST / HTTP/1.1', ...fields));
    assert.ok(result > 0, fields.join());
    assert.equal(message.contentLength, length);
    assert.equal(message.framing, bodyLength);
    assert.deepEqual(headerTexts(message), lines);
  }
  const refused = [
    '',
    '+5',
    '-5',
    '5,',
    ',5',
    '5,6',
    '5 5',
    '0x5',
    '5;',
    '9007199254740992',
    '1e3',
  ];
  for (const value of refused) {
    const { result } = parse(head('POST / HTTP/1.1', `content-length: ${value}`));
    assert.equal(result, h1ErrorContentLength, value);
  }
  const twice = head('POST / HTTP/1.1', 'content-length: 5', 'a: b', 'content-length: 6');
  assert.equal(parse(twice).result, h1ErrorContentLength);
});

test('transfer-encoding: chunked, once and last; other codings are 422', () => {
  const cases = [
    ['chunked', bodyChunked],
    ['ChunKed', bodyChunked],
    ['chunked, chunked', h1ErrorTransferEncoding],
    ['chunked, gzip', h1ErrorTransferEncoding],
    ['gzip', h1ErrorTransferEncoding],
    ['', h1ErrorTransferEncoding],
    ['chunked,', h1ErrorTransferEncoding],
    [',chunked', h1ErrorTransferEncoding],
    ['gzip, chunked', h1ErrorCoding],
    ['"chunked"', h1ErrorTransferEncoding],
  ] as const;
  for (const [value, expected] of cases) {
    const { message, result } = parse(head('POST / HTTP/1.1', `transfer-encoding: ${value}`));
    assert.equal(result > 0 ? message.framing : result, expected, value);
  }
  const lines = ['transfer-encoding: chunked', 'transfer-encoding: chunked'];
  assert.equal(parse(head('POST / HTTP/1.1', ...lines)).result, h1ErrorTransferEncoding);
  assert.equal(h1ErrorStatus(h1ErrorCoding), 422);
});

test('both framings: transfer-encoding wins, content-length goes, the connection ends', () => {
  for (const keepInsecure of [false, true]) {
    const limits = new H1Limits(100, false, false, keepInsecure);
    const lines = ['content-length: 30', 'transfer-encoding: chunked', 'a: b'];
    const { message } = parse(head('POST / HTTP/1.1', ...lines), limits);
    assert.equal(message.framing, bodyChunked);
    assert.equal(message.contentLength, -1);
    assert.equal(message.flags & framingConflict, framingConflict);
    assert.equal(isPersistent(message), keepInsecure);
    assert.deepEqual(headerTexts(message), ['transfer-encoding: chunked', 'a: b']);
  }
  const old = parse(
    head('POST / HTTP/1.0', 'connection: keep-alive', 'transfer-encoding: chunked'),
  );
  assert.equal(isPersistent(old.message), false);
});

test('a body with GET, HEAD or DELETE in HTTP/1.0 is 413 unless configured', () => {
  const anyMethod = new H1Limits(100, false, true);
  for (const method of ['GET', 'HEAD', 'DELETE']) {
    const text = head(`${method} / HTTP/1.0`, 'content-length: 3');
    assert.equal(parse(text).result, h1ErrorPayload);
    assert.equal(parse(text, anyMethod).result, text.length);
    const chunked = head(`${method} / HTTP/1.0`, 'transfer-encoding: chunked');
    assert.equal(parse(chunked).result, h1ErrorPayload);
    assert.ok(parse(head(`${method} / HTTP/1.0`, 'content-length: 0')).result > 0);
    assert.ok(parse(head(`${method} / HTTP/1.1`, 'content-length: 3')).result > 0);
  }
  assert.equal(h1ErrorStatus(h1ErrorPayload), 413);
});

test('connection: close and keep-alive become flags, the rest stays', () => {
  const cases = [
    ['HTTP/1.1', [], true, 0, []],
    ['HTTP/1.0', [], false, 0, []],
    ['HTTP/1.1', ['Connection: Close'], false, connectionClose, []],
    ['HTTP/1.0', ['connection: keep-alive'], true, connectionKeepAlive, []],
    ['HTTP/1.1', ['connection: a, close , b'], false, connectionClose, ['connection: a,b']],
    ['HTTP/1.1', ['connection: close', 'connection: c'], false, connectionClose, ['connection: c']],
    ['HTTP/1.1', ['connection:'], true, 0, []],
    ['HTTP/1.1', ['connection: "close"'], true, 0, ['connection: "close"']],
  ] as const;
  for (const [version, fields, persistent, flags, lines] of cases) {
    const { message } = parse(head(`GET / ${version}`, ...fields));
    assert.equal(isPersistent(message), persistent, fields.join());
    assert.equal(message.flags, flags);
    assert.deepEqual(headerTexts(message), lines);
  }
});

test('upgrade needs both lines; h2 and h2c are taken out', () => {
  const cases = [
    [['connection: upgrade', 'upgrade: foo'], true, ['connection: upgrade', 'upgrade: foo']],
    [['upgrade: foo'], false, []],
    [['connection: upgrade'], false, []],
    [['connection: upgrade, x'], false, ['connection: x']],
    [['connection: upgrade', 'upgrade: h2c'], false, []],
    [['connection: upgrade', 'upgrade: h2c, foo'], true, ['connection: upgrade', 'upgrade: foo']],
    [['connection: Upgrade, close', 'upgrade: a'], true, ['connection: Upgrade', 'upgrade: a']],
  ] as const;
  for (const [fields, upgrades, lines] of cases) {
    const { message } = parse(get(...fields));
    assert.equal((message.flags & connectionUpgrade) !== 0, upgrades, fields.join());
    assert.deepEqual(headerTexts(message), lines, fields.join());
  }
});

test('a websocket handshake needs its key', () => {
  const lines = ['connection: upgrade', 'upgrade: websocket'];
  const key = 'sec-websocket-key: 0123456789012345678901==';
  assert.ok(parse(get(...lines, key)).result > 0);
  assert.equal(parse(get(...lines)).result, h1ErrorWebsocketKey);
  assert.equal(parse(get(...lines, 'sec-websocket-key: short')).result, h1ErrorWebsocketKey);
  assert.ok(parse(get(...lines), relaxedLimits).result > 0);
  const answer = ['HTTP/1.1 101 x', ...lines];
  assert.equal(parseAnswer(head(...answer)).result, h1ErrorWebsocketKey);
  assert.ok(parseAnswer(head(...answer, 'sec-websocket-accept: x')).result > 0);
});

test('expect: 100-continue is a flag for 1.1 requests with a body', () => {
  const cases = [
    ['HTTP/1.1', ['expect: 100-Continue', 'content-length: 3'], true],
    ['HTTP/1.1', ['expect: 100-continue'], false],
    ['HTTP/1.0', ['expect: 100-continue', 'content-length: 3'], false],
    ['HTTP/1.1', ['expect: 200-ok', 'content-length: 3'], false],
  ] as const;
  for (const [version, fields, expected] of cases) {
    const { message } = parse(head(`POST / ${version}`, ...fields));
    assert.equal((message.flags & expectContinue) !== 0, expected, fields.join());
  }
});

test('the number of header lines is limited', () => {
  const lines = Array.from({ length: 5 }, (_, i) => `a${i}: b`);
  assert.ok(parse(get(...lines), new H1Limits(5)).result > 0);
  assert.equal(parse(get(...lines, 'c: d'), new H1Limits(5)).result, h1ErrorHeaderCount);
});

test('host: one value, without what an authority may not hold', () => {
  for (const value of ['a', 'a:80', '[::1]', '[::1]:80', '', 'a_b', 'a%20']) {
    assert.ok(parse(get(`host: ${value}`)).result > 0, value);
  }
  const refused = ['a,b', 'a b', 'a/b', 'a?b', 'a#b', 'u@a', 'a\\b', '[a', 'a]', '[a]b', '\xe9'];
  for (const value of refused) {
    assert.equal(parse(get(`host: ${value}`)).result, h1ErrorHost, value);
  }
  assert.deepEqual(headerTexts(parse(get('host: a', 'host: A')).message), ['host: a']);
  assert.equal(parse(get('host: a', 'host: b')).result, h1ErrorHost);
});

test('target forms: each method has its own', () => {
  const cases = [
    ['OPTIONS', '*', true],
    ['OPTIONS', '/', true],
    ['OPTIONS', 'http://a', true],
    ['OPTIONS', '*/a', false],
    ['GET', '*', false],
    ['FOO', '*', true],
    ['GET', 'a', false],
    ['GET', 'a/b', false],
    ['GET', 'a:80', false],
    ['CONNECT', 'a:80', true],
    ['CONNECT', '[::1]:80', true],
    ['CONNECT', 'a', false],
    ['CONNECT', 'a:', false],
    ['CONNECT', '/', false],
    ['CONNECT', 'http://a:80', false],
    ['GET', 'http://a[b/', false],
  ] as const;
  for (const [method, target, accepted] of cases) {
    const { result } = parse(head(`${method} ${target} HTTP/1.1`));
    assert.equal(accepted ? result > 0 : result === h1ErrorTarget, true, `${method} ${target}`);
  }
});

test('absolute targets: default ports go, Host follows, and both must agree', () => {
  const cases: readonly (readonly [
    target: string,
    host: string,
    target2: string,
    host2: string,
  ])[] = [
    ['http://u:p@a:80/c', 'a:80', 'http://u:p@a/c', 'a'],
    ['http://a:8080/c', 'a:8080', 'http://a:8080/c', 'a:8080'],
    ['https://a:443/c', 'a', 'https://a/c', 'a'],
    ['HTTPS://a:443/c', 'a', 'HTTPS://a/c', 'a'],
    ['https://a:80/c', 'a:80', 'https://a:80/c', 'a:80'],
    ['http://a/c', 'a:80', 'http://a/c', 'a:80'],
    ['http://a:/c', 'a', 'http://a/c', 'a'],
    ['http://a/c', 'a:', 'http://a/c', 'a:'],
    ['http://a:80/c', 'a:', 'http://a/c', 'a'],
    ['http://a:/c', 'a:80', 'http://a/c', 'a'],
    ['http://:', ':80', 'http:///', ''],
    ['http://A', 'a', 'http://A/', 'A'],
    ['http://a?x', 'a', 'http://a?x', 'a'],
    ['http://a:80?x', 'a', 'http://a?x', 'a'],
  ];
  for (const [target, host, target2, host2] of cases) {
    const { message, result } = parse(head(`GET ${target} HTTP/1.1`, `host: ${host}`, 'x: y'));
    assert.ok(result > 0, target);
    assert.equal(message.target(), target2);
    assert.deepEqual(headerTexts(message), [`host: ${host2}`, 'x: y'], target);
  }
  const refused = [
    ['http://a/', 'b'],
    ['http://a:80/', 'a:81'],
    ['http://a:8080/', 'a'],
    ['http://a/', 'a:81'],
    ['http://a:443/', 'a'],
    ['ftp://a:80/', 'a'],
  ];
  for (const [target, host] of refused) {
    assert.equal(
      parse(head(`GET ${target} HTTP/1.1`, `host: ${host}`)).result,
      h1ErrorHost,
      target,
    );
  }
});

test('CONNECT: Host repeats the authority and loses a default port', () => {
  const cases = [
    ['a:80', 'a:80', 'a'],
    ['a:443', 'a:443', 'a'],
    ['a:80', 'a', 'a'],
    ['a:80', 'a:', 'a:'],
    ['a:8443', 'a:8443', 'a:8443'],
  ];
  for (const [target, host, host2] of cases) {
    const lines = [`host: ${host}`, 'content-length: 3'];
    const { message, result } = parse(head(`CONNECT ${target} HTTP/1.1`, ...lines));
    assert.ok(result > 0, target);
    assert.deepEqual(headerTexts(message), [`host: ${host2}`]);
    assert.equal(message.framing, bodyNone);
  }
  for (const [target, host] of [
    ['a:80', 'b:80'],
    ['a:80', 'a:443'],
    ['a:8080', 'a'],
  ]) {
    const { result } = parse(head(`CONNECT ${target} HTTP/1.1`, `host: ${host}`));
    assert.equal(result, h1ErrorHost, `${target} ${host}`);
  }
});

test('a response head', () => {
  const text = head('HTTP/1.1 404 Not  here', 'Server: x');
  const { message, result } = parseAnswer(text);
  assert.equal(result, text.length);
  assert.equal(message.status, 404);
  assert.equal(message.text(message.reasonAt, message.reasonLength), 'Not  here');
  assert.deepEqual(headerTexts(message), ['server: x']);
  for (const line of ['HTTP/1.1 200', 'HTTP/1.1 200 ', 'HTTP/1.1  200 OK']) {
    assert.equal(parseAnswer(head(line)).message.status, 200, line);
  }
});

test('refused responses', () => {
  const cases = [
    ['HTTP/1.1 20x OK', h1ErrorStatusLine],
    ['HTTP/1.1 99 OK', h1ErrorStatusLine],
    ['HTTP/1.1 2000 OK', h1ErrorStatusLine],
    ['HTTP/1.1 OK', h1ErrorStatusLine],
    ['HTTP/1.1', h1ErrorVersion],
    ['HTTP/1.x 200 OK', h1ErrorVersion],
    ['RTSP/1.0 200 OK', h1ErrorVersion],
    ['<html>', h1ErrorVersion],
  ] as const;
  for (const [line, code] of cases) assert.equal(parseAnswer(head(line)).result, code, line);
  assert.ok(parseAnswer(head('HTTP/1.1 2000 OK'), relaxedLimits).result > 0);
  assert.equal(parseAnswer(head('HTTP/1.1 70000 OK'), relaxedLimits).result, h1ErrorStatusLine);
  const gzip = head('HTTP/1.1 200 OK', 'transfer-encoding: gzip');
  assert.equal(parseAnswer(gzip).result, h1ErrorCoding);
  const twice = head('HTTP/1.1 200 OK', 'transfer-encoding: chunked, chunked');
  assert.equal(parseAnswer(twice).result, h1ErrorTransferEncoding);
  const relaxed = parseAnswer(twice, relaxedLimits);
  assert.deepEqual(headerTexts(relaxed.message), ['transfer-encoding: chunked']);
});

test('how a response body ends', () => {
  const length = 'content-length: 7';
  const chunked = 'transfer-encoding: chunked';
  const cases = [
    [200, methodGet, [length], bodyLength, [length]],
    [200, methodGet, [chunked], bodyChunked, [chunked]],
    [200, methodGet, [], bodyUntilClose, []],
    [200, methodHead, [length], bodyNone, [length]],
    [304, methodGet, [length], bodyNone, [length]],
    [204, methodGet, [length], bodyNone, []],
    [100, methodGet, [chunked], bodyNone, []],
    [101, methodGet, [length], bodyTunnel, []],
    [200, methodConnect, [chunked], bodyTunnel, []],
    [403, methodConnect, [length], bodyLength, [length]],
  ] as const;
  for (const [status, method, fields, framing, lines] of cases) {
    const { message } = parseAnswer(head(`HTTP/1.1 ${status} x`, ...fields), defaultLimits, method);
    assert.equal(message.framing, framing, `${status} ${method}`);
    assert.deepEqual(headerTexts(message), lines, `${status} ${method}`);
  }
});

test('header names beyond letters, digits and hyphens can be found', () => {
  const { message } = parse(get('a-1: b', 'x_y: c', 'd: e', 'f.g: h'));
  assert.equal(restrictedHeader(message, 0), 1);
  assert.equal(restrictedHeader(message, 2), 3);
  message.remove(3);
  assert.equal(restrictedHeader(message, 2), -1);
});

test('a response without a length ends its connection', () => {
  assert.equal(isPersistent(parseAnswer(head('HTTP/1.1 200 OK')).message), false);
  assert.equal(
    isPersistent(parseAnswer(head('HTTP/1.1 200 OK', 'content-length: 0')).message),
    true,
  );
  assert.equal(isPersistent(parseAnswer(head('HTTP/1.1 204 OK')).message), true);
});

test('a head that comes a byte at a time is read once it is there, and few times before', () => {
  const exchange = new Exchange();
  const text = head(
    'GET / HTTP/1.1',
    ...Array.from({ length: 90 }, (_, i) => `n${i}: ${i}`),
    'z: z',
  );
  for (let i = 0; i < text.length - 1; i++) {
    exchange.append(text[i]);
    assert.equal(exchange.request(), 0);
  }
  exchange.append(text[text.length - 1]);
  assert.equal(exchange.request(), text.length);
  assert.ok(exchange.state.passes <= 65);
  assert.equal(exchange.message.count, 91);
});
