// Authorities that are made while the process serves, and servers added with them; sentences are
// those of HAProxy 3.5.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateFolder } from '../harness/certificate-files.ts';
import { authorityPem, firstPem } from '../harness/certificates.ts';
import { exchange, inherited, request, startProxy } from '../harness/proxy.ts';

const get = 'GET / HTTP/1.1\r\nHost: first.example\r\nConnection: close\r\n\r\n';

const payload = (text: string): string => `<<\n${text.trim()}\n`;

const steps: readonly (readonly [line: string, answer: string])[] = [
  [
    `set ssl ca-file x ${payload(authorityPem)}`,
    "Can't replace a CA file which is not referenced by the configuration!\nCan't update x!",
  ],
  ['new ssl ca-file x', "New CA file created 'x'!"],
  ['new ssl ca-file x', "CA file 'x' already exists!"],
  [`set ssl ca-file x ${payload('junk')}`, "Invalid payload\nCan't update x!"],
  [`set ssl ca-file x ${payload(firstPem)}`, 'transaction created for CA x!'],
  [`add ssl ca-file x ${payload(authorityPem)}`, 'transaction updated for CA x!'],
  ['show ssl ca-file', '# transaction\n*x - 2 certificate(s)\n# filename\nx - 0 certificate(s)'],
  ['new ssl ca-file y', "New CA file created 'y'!"],
  [
    'commit ssl ca-file y',
    "The ongoing transaction is about 'x' but you are trying to set 'y'\nCan't commit y!",
  ],
  ['abort ssl ca-file x', "Transaction aborted for certificate 'x'!"],
  ['commit ssl ca-file x', "No ongoing transaction! !\nCan't commit x!"],
  [`set ssl ca-file x ${payload(authorityPem)}`, 'transaction created for CA x!'],
  ['commit ssl ca-file x', 'Committing x\nSuccess!'],
  [`set ssl ca-file y ${payload(firstPem)}`, 'transaction created for CA y!'],
  ['commit ssl ca-file y', 'Committing y\nSuccess!'],
];

test('ca-file commands: one transaction, and servers that trust what was committed', async (context) => {
  const pem = `${certificateFolder(context)}/first.pem`;
  const config = `global
  nbthread 2
  stats socket "${inherited('cli')}" level admin
defaults
  mode http
  timeout client 20s
  timeout server 20s
  timeout connect 20s
frontend tls
  bind "${inherited('tls')}" ssl crt ${pem}
  http-request return status 200
listen fe
  bind "${inherited('fe')}"
  retries 0
  balance roundrobin
`;
  const proxy = startProxy(context, { config });
  const say = async (line: string): Promise<string> =>
    (await exchange(proxy.port('cli'), `${line}\n`)).trimEnd();
  const add = (name: string, file: string): Promise<string> =>
    say(
      `add server fe/${name} 127.0.0.1:${proxy.port('tls')} ssl verify required ca-file ${file} ` +
        `verifyhost first.example; enable server fe/${name}`,
    );
  for (const [line, answer] of steps) assert.equal(await say(line), answer, line);
  assert.match(
    await say('show ssl ca-file x'),
    /^Filename: x\nStatus: Unused\n \nCertificate #1:\nSerial: [0-9A-F]+\nnotBefore: .* GMT\n/,
  );
  assert.match(
    await say('add server fe/none 127.0.0.1:1 ssl ca-file nowhere'),
    /unable to load nowhere/,
  );
  assert.match(await add('good', 'x'), /^New server registered\./);
  for (let i = 0; i < 4; i++) assert.match(await request(proxy.port('fe'), get), /^HTTP\/1.1 200 /);
  assert.match(await say('del ssl ca-file x'), /in use, can't be deleted/);
  assert.equal(await say('del ssl ca-file y'), "CA file 'y' deleted!");
  assert.equal(await say('show ssl ca-file'), '# filename\nx - 1 certificate(s)');
});
