// curves and sigalgs of bind and server lines and their defaults: handshakes succeed where both
// sides have a group and a signature in common, and nowhere else (manual 5.1 and 5.2).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateFolder } from '../harness/certificate-files.ts';
import { inherited, request, startProxy } from '../harness/proxy.ts';

const get = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';

/** Words of the front, of the server towards it, and whether they agree. */
const pairs: readonly (readonly [front: string, back: string, status: string])[] = [
  ['', '', '200'],
  ['curves X25519', 'curves X25519:P-256', '200'],
  ['curves X25519', 'curves P-256', '503'],
  ['curves P-384', '', '503'],
  ['curves P-384', 'curves P-384', '200'],
  ['sigalgs ECDSA+SHA256', 'sigalgs ECDSA+SHA256:RSA+SHA256', '200'],
  ['', 'sigalgs RSA+SHA256', '503'],
];

const front = (index: number, pem: string, words: string): string => `frontend front${index}
  bind "${inherited(`front${index}`)}" ssl crt ${pem} ${words}
  http-request return status 200
`;

const back = (index: number, port: number, words: string): string => `listen ask${index}
  bind "${inherited(`ask${index}`)}"
  server s 127.0.0.1:${port} ssl verify none ${words}
`;

test('curves and sigalgs: what both sides must have in common', async (context) => {
  const pem = `${certificateFolder(context)}/first.pem`;
  const fronts = startProxy(context, {
    config: `defaults
  mode http
  timeout client 20s
${pairs.map(([words], index) => front(index, pem, words)).join('')}`,
  });
  const asking = startProxy(context, {
    config: `global
  ssl-default-server-curves X25519:P-256
defaults
  mode http
  retries 0
  timeout client 20s
  timeout server 20s
  timeout connect 20s
${pairs.map(([, words], index) => back(index, fronts.port(`front${index}`), words)).join('')}`,
  });
  for (const [index, [ours, theirs, status]] of pairs.entries()) {
    const answer = await request(asking.port(`ask${index}`), get);
    assert.equal(answer.slice(9, 12), status, `${ours} / ${theirs}`);
  }
});
