// The configurations of examples/ work as their comments say: each is checked as it is, and then
// serves requests with its addresses replaced by sockets of the test.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { certificateFolder } from './harness/certificate-files.ts';
import { startResponder } from './harness/fcgi-responder.ts';
import { NameServer } from './harness/name-server.ts';
import { startOrigin } from './harness/origin.ts';
import {
  exchange,
  inherited,
  type Owner,
  request,
  type RunningProxy,
  startProxy,
} from './harness/proxy.ts';
import { requestTls } from './harness/tls-client.ts';

const folder = join(process.cwd(), 'examples');
const program = fileURLToPath(new URL('../bundle/cli/main.js', import.meta.url));

interface Story {
  readonly title: string;
  /** Name of the address in the configuration. */
  readonly at: string;
  readonly send: string;
  readonly expect: RegExp;
  readonly isTls?: boolean;
  /** Asked again until the answer is as expected. */
  readonly isAwaited?: boolean;
}

const get = (target: string, headers = 'Host: www.example.com\r\n'): string =>
  `GET ${target} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`;

const stories: Readonly<Record<string, readonly Story[]>> = {
  'reverse-proxy.cfg': [
    {
      title: 'the site',
      at: 'HTTP',
      send: get('/'),
      expect: /^HTTP\/1\.1 200 OK\r\n[\s\S]*nosniff[\s\S]*site$/,
    },
    {
      title: 'the api',
      at: 'HTTP',
      send: get('/api/x'),
      expect: /^HTTP\/1\.1 200 OK\r\n[\s\S]*api$/,
    },
    { title: 'no repository', at: 'HTTP', send: get('/.git/config'), expect: /^HTTP\/1\.1 403 / },
    {
      title: 'the old name',
      at: 'HTTP',
      send: get('/a', 'Host: old.example.com\r\n'),
      expect: /^HTTP\/1\.1 301 [\s\S]*location: https:\/\/www\.example\.com\/a\r\n/,
    },
  ],
  'tls.cfg': [
    {
      title: 'clear text is sent away',
      at: 'HTTP',
      send: get('/a'),
      expect: /^HTTP\/1\.1 301 [\s\S]*location: https:\/\/www\.example\.com\/a\r\n/,
    },
    {
      title: 'TLS is served',
      at: 'HTTPS',
      send: get('/'),
      expect: /^HTTP\/1\.1 200 OK\r\n[\s\S]*max-age=31536000[\s\S]*site$/,
      isTls: true,
    },
  ],
  'tcp.cfg': [
    // Signature and command of the PROXY header's second version, then the bytes as they came.
    {
      title: 'bytes',
      at: 'DATABASE',
      send: 'query;',
      expect: /^\r\n\r\n\0\r\nQUIT\n![\s\S]*query;$/,
    },
  ],
  'rules.cfg': [
    {
      title: 'hello',
      at: 'HTTP',
      send: get('/hello', 'Host: Blue.example\r\n'),
      expect: /\r\n\r\nhello blue\n$/,
    },
    { title: 'health', at: 'HTTP', send: get('/health'), expect: /^HTTP\/1\.1 200 / },
    { title: 'a probe', at: 'HTTP', send: get('/admin.php'), expect: /^HTTP\/1\.1 500 / },
    {
      title: 'moved',
      at: 'HTTP',
      send: get('/v1/a'),
      expect: /^HTTP\/1\.1 308 [\s\S]*location: \/v2\/a\r\n/,
    },
    {
      title: 'odd method',
      at: 'HTTP',
      send: get('/').replace('GET', 'PATCH'),
      expect: /^HTTP\/1\.1 405 /,
    },
    {
      title: 'nobody',
      at: 'HTTP',
      send: get('/'),
      expect: /^HTTP\/1\.1 503 [\s\S]*Back in a minute/,
    },
  ],
  'names.cfg': [
    {
      title: 'servers by name',
      at: 'HTTP',
      send: get('/'),
      expect: /^HTTP\/1\.1 200 OK\r\n[\s\S]*site$/,
    },
    {
      title: 'a forward proxy',
      at: 'FORWARD',
      send: get('/', 'Host: fleet.internal:80\r\n'),
      expect: /^HTTP\/1\.1 200 OK\r\n[\s\S]*site$/,
    },
    {
      title: 'a name that leads inside',
      at: 'FORWARD',
      send: get('/', 'Host: inside.internal\r\n'),
      expect: /^HTTP\/1\.1 403 /,
    },
    {
      title: 'a name that leads nowhere',
      at: 'FORWARD',
      send: get('/', 'Host: nowhere.internal\r\n'),
      expect: /^HTTP\/1\.1 502 /,
    },
  ],
  'dashboard.cfg': [
    { title: 'the site', at: 'HTTP', send: get('/'), expect: /^HTTP\/1\.1 200 OK\r\n[\s\S]*site$/ },
    { title: 'a stranger', at: 'OPERATORS', send: get('/live'), expect: /^HTTP\/1\.1 401 / },
    {
      title: 'who looks',
      at: 'OPERATORS',
      send: get('/live', `Host: here\r\nAuthorization: Basic ${btoa('desk:look-only')}\r\n`),
      expect: /^HTTP\/1\.1 200 OK\r\n[\s\S]*content="lb1"[\s\S]*hawser-admin" content="no"/,
    },
    {
      title: 'who is on duty',
      at: 'OPERATORS',
      send: get('/live', `Host: here\r\nAuthorization: Basic ${btoa('duty:change-me')}\r\n`),
      expect: /^HTTP\/1\.1 200 OK\r\n[\s\S]*hawser-admin" content="yes"/,
    },
  ],
  'logging.cfg': [
    { title: 'the page', at: 'HTTP', send: get('/'), expect: /^HTTP\/1\.1 200 [\s\S]*hello$/ },
    { title: 'a message', at: 'SYSLOG', send: '<13>relayed\n', expect: /^$/ },
    {
      title: 'the last lines',
      at: 'RUNTIME',
      send: 'show events recent\n',
      expect: /(?=[\s\S]*"uri": "\/")[\s\S]*relayed/,
      isAwaited: true,
    },
  ],
  'fastcgi.cfg': [
    { title: 'a file', at: 'HTTP', send: get('/a.png'), expect: /^HTTP\/1\.1 200 [\s\S]*site$/ },
    {
      title: 'a script',
      at: 'HTTP',
      send: get('/report.php/2024'),
      expect: /^HTTP\/1\.1 200 OK\r\n[\s\S]*\/var\/www\/app\/report\.php \/2024 production/,
    },
    {
      title: 'a folder',
      at: 'HTTP',
      send: get('/sub/'),
      expect: /^HTTP\/1\.1 200 OK\r\n[\s\S]*\/var\/www\/app\/sub\/index\.php {2}production/,
    },
  ],
  'operation.cfg': [
    { title: 'the site', at: 'HTTP', send: get('/'), expect: /^HTTP\/1\.1 200 OK\r\n[\s\S]*site$/ },
  ],
};

test('every example has a story', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cfg'));
  assert.deepEqual(files.toSorted(), Object.keys(stories).toSorted());
});

for (const [file, told] of Object.entries(stories)) {
  test(`examples/${file} is valid`, (context) => {
    const made = certificateFolder(context);
    const checked = spawnSync(process.execPath, [program, '-c', '-f', join(folder, file)], {
      encoding: 'utf8',
      env: { ...process.env, CERTIFICATES: join(made, 'first.pem'), LOGS: made },
    });
    assert.equal(checked.status, 0, checked.stderr);
    assert.equal(checked.stderr + checked.stdout, '');
  });

  test(`examples/${file} serves`, async (context) => {
    const proxy = await startExample(context, file);
    if (file === 'names.cfg') await proxy.printed('is UP/READY (resolves again)');
    for (const { title, at, send, expect, isTls, isAwaited } of told) {
      const port = proxy.port(at);
      // Bytes end with our side of the connection, requests with the answer.
      const ask = isTls === true ? requestTls : raw.has(at) ? exchange : request;
      let answer = await ask(port, send);
      while (isAwaited === true && !expect.test(answer)) answer = await ask(port, send);
      assert.match(answer, expect, title);
    }
  });
}

/** Addresses that do not speak HTTP. */
const raw = new Set(['DATABASE', 'SYSLOG', 'RUNTIME']);

const answerOf = (heard: string, body: string): string | null =>
  heard.endsWith('\r\n\r\n')
    ? `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    : null;

/** Origins that say who they are, and the example with its addresses replaced. */
async function startExample(owner: Owner, file: string): Promise<RunningProxy> {
  const site = await startOrigin(owner, (heard) => answerOf(heard, 'site'));
  const api = await startOrigin(owner, (heard) => answerOf(heard, 'api'));
  const echo = await startOrigin(owner, (heard) => (heard.endsWith(';') ? heard : null));
  const addresses: Record<string, string> = {};
  for (const name of ['SITE1', 'SITE2']) addresses[name] = `127.0.0.1:${site.port}`;
  for (const name of ['API1', 'API2']) addresses[name] = `127.0.0.1:${api.port}`;
  for (const name of ['REPLICA1', 'REPLICA2']) addresses[name] = `127.0.0.1:${echo.port}`;
  const application = await startResponder(owner, ({ voice, params }, event) => {
    if (event !== 'input') return;
    const told = ['SCRIPT_FILENAME', 'PATH_INFO', 'APP_ENV'].map((name) => params.get(name) ?? '');
    voice.out(`Content-Type: text/plain\r\n\r\n${told.join(' ')}`);
    voice.end();
  });
  addresses['FPM'] = `127.0.0.1:${application.port}`;
  const names = await NameServer.start();
  owner.after(async () => names.close());
  names.host('fleet.internal', '127.0.0.1');
  names.host('inside.internal', '10.1.2.3');
  const certificates = certificateFolder(owner);
  return startProxy(owner, {
    config: readFileSync(join(folder, file), 'utf8').replace(
      /"\$\{(HTTP|HTTPS|DATABASE|FORWARD|OPERATORS|SYSLOG|RUNTIME)-[^}]*\}"/g,
      (_, name: string) => `"${inherited(name)}"`,
    ),
    env: {
      ...addresses,
      NAMESERVER: `127.0.0.1:${names.port}`,
      PORT: `${site.port}`,
      CERTIFICATES: join(certificates, 'first.pem'),
      ERRORS: join(folder, 'errors'),
      STATS: join(certificates, 'stats.sock'),
      LOGS: certificates,
    },
  });
}

test('the examples are laid out as fmt does it', () => {
  const { status, stdout } = spawnSync(process.execPath, [program, 'fmt', '--check', folder]);
  assert.equal(`${stdout}`, '');
  assert.equal(status, 0);
});
