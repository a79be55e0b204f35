import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLateServer } from './late-server.ts';
import { loadConfiguration } from './load.ts';

const text = `fcgi-app app
  docroot /srv
backend with
  mode http
  use-fcgi-app app
  server s1 127.0.0.1:1 proto fcgi
backend without
  mode http
`;

test('a server that speaks FastCGI can be added where an application is used', () => {
  const { model } = loadConfiguration({
    files: [],
    texts: [{ name: 'case', text }],
    environment: {},
  });
  const added = readLateServer(model, 0, ['s2', '127.0.0.1:2', 'proto', 'fcgi']);
  assert.deepEqual(added.said, []);
  assert.equal(added.server?.proto, 'fcgi');
  for (const word of ['proto', 'check-proto']) {
    const refused = readLateServer(model, 1, ['s2', '127.0.0.1:2', word, 'fcgi']);
    assert.equal(refused.server, null);
    assert.match(refused.said.join(), /uses no FastCGI application/);
  }
});
