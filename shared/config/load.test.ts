// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration, not of
// the code. The entry point: files and folders, the environment, what the command line overrides,
// how diagnostics are printed. What single lines mean is in test/golden/config.
import { certificatesOf } from './model-certificates.ts';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { diagnosticText } from './diagnostic.ts';
import { type LoadOptions, loadConfiguration } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'hawser-load-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, 'latin1');
  return path;
}

const loadText = (text: string, more: Partial<LoadOptions> = {}) =>
  loadConfiguration({ files: [], texts: [{ name: 'x.cfg', text }], environment: {}, ...more });

const printed = (text: string): string[] =>
  loadText(text).diagnostics.list.map((one) => diagnosticText(one));

test('files are read in order, folders by their sorted *.cfg files', () => {
  mkdirSync(join(folder, 'conf.d'));
  write('conf.d/20-b.cfg', 'global\n  description second\n');
  write('conf.d/10-a.cfg', 'global\n  description first\n  node a\n');
  write('conf.d/.hidden.cfg', 'global\n  description hidden\n');
  write('conf.d/note.txt', 'not a configuration\n');
  const last = write('last.cfg', 'backend b\n');
  const { model, diagnostics } = loadConfiguration({
    files: [join(folder, 'conf.d'), last],
    environment: {},
  });
  assert.deepEqual(diagnostics.list, []);
  assert.deepEqual(
    model.files.map((file) => file.slice(folder.length + 1)),
    ['conf.d/10-a.cfg', 'conf.d/20-b.cfg', 'last.cfg'],
  );
  assert.equal(model.global.description, 'second');
  assert.equal(model.global.environment['HAPROXY_CFGFILES'], model.files.join(';'));
});

test('a file that cannot be read is an alert and the others are still read', () => {
  const good = write('good.cfg', 'global\n  node ok\n');
  const { model, diagnostics } = loadConfiguration({
    files: [join(folder, 'missing.cfg'), good],
    environment: {},
  });
  assert.equal(diagnostics.alerts, 1);
  assert.match(diagnostics.list[0].message, /Could not open .*missing.cfg : No such file/);
  assert.equal(model.global.node, 'ok');
});

test('truncated files and stray NUL characters are alerts', () => {
  assert.match(printed('global\n  node x')[0], /\[x\.cfg:2\] : Missing LF on last line/);
  assert.match(printed('global\n  no\0de x\n')[0], /Stray NUL character at position 5/);
});

test('diagnostics are printed as HAProxy prints them, with the line and a caret', () => {
  assert.deepEqual(printed('listen l\n  disabled\n\tbind :80 interfce lo\n'), [
    "config : parsing [x.cfg:3] : 'bind :80' unknown keyword 'interfce'; " +
      "did you mean 'interface' maybe ?\n  bind :80 interfce lo\n           ^",
  ]);
  assert.deepEqual(printed('frontend f\n  timeout client 1s\n'), [
    "config : frontend 'f' has no 'bind' directive. " +
      'Please declare it as a backend if this was intended.',
  ]);
  const [odd] = printed('global\n  caf\xc3\xa9\x1b[2J x\n');
  assert.match(odd, /unknown keyword 'café\?\[2J' [^\n]*\n {2}café\?\[2J x\n {2}\^$/);
  const tabs = printed('listen l\n  bind :80\taccept-proxy\t\xc3\xa9x\n')[0];
  assert.ok(tabs.endsWith('\n  bind :80\taccept-proxy\téx\n          \t            \t^'));
});

test('the environment: words see it, setenv changes it, HAProxy has variables of its own', () => {
  const { model } = loadText(
    'global\n  setenv GREETING "$GREETING!"\n  description "$GREETING" "$HAPROXY_BRANCH"\n' +
      '.if defined(HAPROXY_MWORKER)\n  node master\n.endif\n',
    { environment: { GREETING: 'ol\u00e9' }, overrides: { masterWorker: true } },
  );
  assert.equal(model.global.description, 'ol\xc3\xa9! 3.5');
  assert.equal(model.global.node, 'master');
  assert.equal(model.global.environment['GREETING'], 'ol\xc3\xa9!');
  assert.equal(model.global.environment['HAPROXY_STARTUP_VERSION'], '3.5-dev5');
  assert.equal(model.global.environment['HAPROXY_LOCALPEER'], hostname());
  assert.match(model.global.environment['HAPROXY_HTTP_LOG_FMT'], /^%ci:%cp/);
});

test('the command line wins over the configuration', () => {
  const text =
    'global\n  maxconn 10\n  localpeer a\n  pidfile /a\n' +
    'frontend f\n  bind :1\n  timeout client 1s\n' +
    'frontend g\n  bind :2\n  maxconn 5\n  timeout client 1s\n';
  const overrides = { maxconn: 20, proxyMaxconn: 7, localpeer: 'b', pidfile: '/b', daemon: true };
  const { model } = loadText(text, { overrides });
  const { maxconn, localpeer, pidfile, daemon } = model.global;
  assert.deepEqual(
    { maxconn, localpeer, pidfile, daemon },
    { maxconn: 20, localpeer: 'b', pidfile: '/b', daemon: true },
  );
  assert.deepEqual(
    model.proxies.map((proxy) => proxy.maxconn),
    [7, 5],
  );
});

test('files that lines name are read into the model', () => {
  const page = write('503.http', 'HTTP/1.0 503 Sorry\r\n\r\n\xff');
  const patterns = write('list.txt', 'one\ntwo\n');
  const pem = write('site.pem', '-----BEGIN CERTIFICATE-----\n');
  write('site.pem.key', '-----BEGIN RSA PRIVATE KEY-----\n');
  const { model, diagnostics } = loadText(
    `listen l\n  mode http\n  timeout client 1s\n  bind :1 ssl crt ${pem}\n` +
      `  errorfile 503 ${page}\n  acl known path -f ${patterns}\n` +
      `  http-request set-path %[path,map(${patterns})]\n  http-request return file ${page}\n`,
  );
  assert.deepEqual(diagnostics.list, []);
  assert.deepEqual(Object.keys(model.contents).toSorted(), [page, patterns].toSorted());
  assert.ok(model.contents[page].endsWith('\xff'));
  assert.deepEqual(model.proxies[0].binds[0].ssl?.crts, [
    { kind: 'crt', name: pem, isDefault: true },
  ]);
  assert.deepEqual(Object.keys(model.certificates), [pem]);
  assert.match(model.certificates[pem].keyPem, /RSA PRIVATE KEY/);
});

test('a certificate without key and a folder of certificates', () => {
  const bare = write('bare.pem', '-----BEGIN CERTIFICATE-----\n');
  mkdirSync(join(folder, 'certs'));
  write('certs/b.pem', '-----BEGIN PRIVATE KEY-----\n');
  write('certs/a.pem', '-----BEGIN EC PRIVATE KEY-----\n');
  write('certs/a.pem.ocsp', '');
  const listen = (crt: string) => `listen l\n  timeout client 1s\n  bind :1 ssl crt ${crt}\n`;
  assert.match(printed(listen(bare))[0], /no private key found in/);
  const { model } = loadText(listen(join(folder, 'certs')));
  const uses = model.proxies[0].binds[0].ssl?.crts ?? [];
  const names = certificatesOf(model, uses).map((path) => path.slice(folder.length));
  assert.deepEqual(names, ['/certs/a.pem', '/certs/b.pem']);
});

test('a line takes the TLS lists of global as they are where it stands', () => {
  const pem = write('where.pem', '-----BEGIN PRIVATE KEY-----\n');
  const { model } = loadText(
    `global\n  ssl-default-bind-ciphersuites A\n  ssl-default-server-ciphers C\n` +
      `listen one\n  timeout client 1s\n  bind :1 ssl crt ${pem}\n  server s :1 ssl verify none\n` +
      `global\n  ssl-default-bind-ciphersuites B\n  ssl-default-server-ciphers D\n` +
      `listen two\n  timeout client 1s\n  bind :2 ssl crt ${pem}\n  server s :1 ssl verify none\n`,
  );
  const seen = model.proxies.map(({ binds, servers }) => [
    binds[0].ssl?.ciphersuites,
    servers[0].ssl?.ciphers,
  ]);
  assert.deepEqual(seen, [
    ['A', 'C'],
    ['B', 'D'],
  ]);
});

test('TLS settings of global reach bind lines and servers', () => {
  const pem = write('tls.pem', '-----BEGIN PRIVATE KEY-----\n');
  const { model, diagnostics } = loadText(
    'global\n  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets ' +
      'prefer-client-ciphers\n' +
      '  ssl-default-bind-ciphers A:B\n  ssl-default-server-options no-tlsv13\n' +
      '  ssl-server-verify none\n' +
      `listen l\n  mode http\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n` +
      `  bind :1 ssl crt ${pem}\n` +
      `  bind :2 ssl crt ${pem} ssl-min-ver TLSv1.3 ciphers C alpn http/1.0\n` +
      '  server s 127.0.0.1:443 ssl verify none force-tlsv12\n  server t 127.0.0.1:443 ssl\n',
  );
  assert.deepEqual(diagnostics.list, []);
  const [first, second] = model.proxies[0].binds.map((bind) => bind.ssl);
  assert.deepEqual(
    [first?.sslMinVer, first?.ciphers, first?.alpn, first?.tlsTickets, first?.preferClientCiphers],
    ['TLSv1.2', 'A:B', 'h2,http/1.1', false, true],
  );
  assert.deepEqual(
    [second?.sslMinVer, second?.ciphers, second?.alpn],
    ['TLSv1.3', 'C', 'http/1.0'],
  );
  const [s, t] = model.proxies[0].servers.map((server) => server.ssl);
  assert.deepEqual([s?.sslMinVer, s?.sslMaxVer], ['TLSv1.2', 'TLSv1.2']);
  assert.deepEqual([t?.sslMaxVer, t?.verify], ['TLSv1.2', 'none']);
});

test('the driver’s preamble: two global sections, stats sockets, inherited descriptors', () => {
  const { model, diagnostics } = loadText(
    '    global\n\tstats socket "/tmp/vtc/h1/stats.sock" level admin mode 600\n' +
      '    stats socket "fd@${cli}" level admin\n\n    global\n\t.if feature(THREAD)\n' +
      '\t\tthread-groups 1\n\t.endif\n\ttune.idle-pool.shared off\n' +
      'listen l\n  bind "fd@${fe1}"\n  timeout client "${HAPROXY_TEST_TIMEOUT-5s}"\n',
    { environment: { cli: '5', fe1: '6' } },
  );
  assert.deepEqual(diagnostics.list, []);
  assert.equal(model.global.statsSockets.length, 2);
  assert.equal(model.proxies[0].binds[0].addresses[0].fd, 6);
  assert.equal(model.proxies[0].timeouts.client, 5000);
});

test('the model survives JSON and structured clone unchanged', () => {
  const { model } = loadText(
    'listen l\n  bind :1\n  timeout client 1s\n  http-request deny if TRUE\n',
  );
  assert.deepEqual(structuredClone(model), model);
  assert.deepEqual(JSON.parse(JSON.stringify(model)), model);
});
