import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { compileText, Exchange, frontendText, replyText } from '../../test/harness/exchange.ts';
import { defaultReplies, parsePage, pageStatuses } from './error-page.ts';

/** Sizes of the reference's own pages: status, bytes of the body. */
const sizes: readonly (readonly [status: number, bytes: number])[] = [
  [200, 58],
  [400, 90],
  [401, 112],
  [403, 93],
  [404, 83],
  [405, 147],
  [407, 112],
  [408, 110],
  [410, 114],
  [413, 106],
  [414, 110],
  [421, 104],
  [422, 116],
  [425, 80],
  [429, 117],
  [431, 105],
  [500, 97],
  [501, 135],
  [502, 107],
  [503, 107],
  [504, 92],
];

test('the built-in pages have the sizes that logs of the reference show', () => {
  const { program } = compileText(frontendText([]));
  const { stream } = new Exchange(program);
  const found = [...defaultReplies()].map(([status, { body }]) => [status, body?.(stream).length]);
  assert.deepEqual(found, sizes);
  assert.deepEqual(
    pageStatuses,
    sizes.map(([status]) => status),
  );
});

const head = 'HTTP/1.0 403 No\r\nContent-Type: text/plain\r\n';

const pages: readonly (readonly [text: string, page: string])[] = [
  [`${head}\r\nbody`, '403 No | content-type: text/plain | body'],
  [`${head}Content-Length: 4\r\n\r\nbody`, '403 No | content-type: text/plain | body'],
  ['HTTP/1.1 302 Found\nLocation:  /x \n\n', '302 Found | location: /x'],
  ['HTTP/1.1 204\r\n\r\n', '204 '],
];

for (const [text, page] of pages) {
  test(`page ${JSON.stringify(text)}`, () => {
    const { program } = compileText(frontendText([]));
    const found = parsePage(text);
    assert.ok(typeof found !== 'string', String(found));
    assert.equal(replyText(found, new Exchange(program).stream), page);
  });
}

test('a page may be nothing at all, or close the connection', () => {
  const empty = parsePage('');
  const closing = parsePage(`${head}Connection: close\r\n\r\n`);
  assert.ok(typeof empty !== 'string' && typeof closing !== 'string');
  assert.equal(empty.silent, true);
  assert.equal(closing.closes, true);
  assert.equal(closing.headers.length, 1);
});

const badPages: readonly (readonly [text: string, fault: RegExp])[] = [
  [head, /does not end with an empty line/],
  ['hello\r\n\r\n', /'hello' is not the status line/],
  ['HTTP/1.1 100 Go\r\n\r\n', /status 100/],
  [`${head}bad line\r\n\r\n`, /'bad line' is not a header line/],
  [`${head}Content-Length: 3\r\n\r\nbody`, /4 bytes, Content-Length says 3/],
  [`${head}Content-Length: x\r\n\r\nbody`, /not a valid length/],
  [`${head}Transfer-Encoding: chunked\r\n\r\nbody`, /chunked/],
  ['HTTP/1.1 204 No\r\n\r\nbody', /none is allowed/],
];

for (const [text, fault] of badPages) {
  test(`no page: ${JSON.stringify(text)}`, () => {
    assert.match(String(parsePage(text)), fault);
  });
}

const folder = mkdtempSync(join(tmpdir(), 'hawser-reply-'));
const pagePath = join(folder, '403.http');
writeFileSync(pagePath, `${head}\r\nfile 403`);
after(() => rmSync(folder, { recursive: true }));

/** The page that a frontend with these lines answers `http-request deny` with. */
function denied(lines: readonly string[], sections = ''): string {
  const { program, messages } = compileText(
    sections + frontendText([...lines, 'http-request deny']),
  );
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program).request();
  exchange.runRequest();
  return replyText(exchange.stream.reply, exchange.stream);
}

const section = `http-errors site\n  errorfile 403 ${pagePath}\n`;
const fromFile = '403 No | content-type: text/plain | file 403';

test('error pages: later lines replace earlier ones', () => {
  assert.equal(denied(['errorloc 403 /a', `errorfile 403 ${pagePath}`]), fromFile);
  assert.equal(
    denied([`errorfile 403 ${pagePath}`, 'errorloc303 403 /b']),
    '303 See Other | cache-control: no-cache | location: /b',
  );
});

test('error pages: from an http-errors section', () => {
  assert.equal(denied(['errorfiles site'], section), fromFile);
  assert.equal(denied(['errorfiles site 403'], section), fromFile);
});

test('error pages: http-error makes one, default-errorfiles takes it back', () => {
  const lines = [
    'http-error status 403 content-type text/plain lf-string "p=%[path]" hdr X-A %[src]',
  ];
  assert.equal(denied(lines), '403 Forbidden | content-type: text/plain | x-a: 127.0.0.2 | p=/a/b');
  assert.match(
    denied([...lines, 'http-error status 403 default-errorfiles']),
    /^403 Forbidden \| cache/,
  );
});

const mistakes: readonly (readonly [line: string, message: RegExp])[] = [
  ['http-error status 418 default-errorfiles', /status code '418' is not handled/],
  ['http-error status 403 content-type a string b c', /unexpected word 'c'/],
  ['http-request return status 200 hdr X', /'hdr X' expects an argument/],
  ['http-request return status 200 content-type', /'content-type' expects an argument/],
];

for (const [line, message] of mistakes) {
  test(`refused: ${line}`, () => {
    const { messages } = compileText(frontendText([line]));
    assert.equal(messages.length, 1, messages.join('\n'));
    assert.match(messages[0], message);
  });
}

const warnings: readonly (readonly [line: string, message: RegExp])[] = [
  ['http-request return status 204 content-type text/plain', /there is no payload/],
  ['http-request return status 403 content-type a default-errorfiles', /a page is given whole/],
  ['http-request return status 403 default-errorfiles hdr a b', /'hdr' is ignored/],
  ['http-request return status 200 hdr Content-Length 5', /'Content-Length' is made from the body/],
];

for (const [line, message] of warnings) {
  test(`warned: ${line}`, () => {
    const { messages } = compileText(frontendText([line]));
    assert.equal(messages.length, 1, messages.join('\n'));
    assert.match(messages[0], /^warning: /);
    assert.match(messages[0], message);
  });
}
