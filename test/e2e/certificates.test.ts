// Certificates that change while the process serves: transactions, lists and what they lead to on
// every thread; sentences are those of HAProxy 3.5.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateFolder } from '../harness/certificate-files.ts';
import {
  clientKeyPem,
  clientPem,
  firstKeyPem,
  firstPem,
  revokedPem,
  rsaKeyPem,
  rsaPem,
  secondKeyPem,
  secondPem,
} from '../harness/certificates.ts';
import { exchange, inherited, type Owner, request, startProxy } from '../harness/proxy.ts';
import { openTls } from '../harness/tls-client.ts';

const payload = (text: string): string => `<<\n${text.trim()}\n`;

function start(owner: Owner, lines: (folder: string) => string) {
  const folder = certificateFolder(owner);
  writeFileSync(
    join(folder, 'sites.list'),
    `first.pem\nfirst.pem [alpn h2] *.list.example !no.list.example\n`,
  );
  const config = `global
  nbthread 2
  crt-base ${folder}
  stats socket "${inherited('cli')}" level admin
defaults
  mode http
  timeout client 20s
  timeout server 20s
  timeout connect 20s
${lines(folder)}`;
  const proxy = startProxy(owner, { config });
  const say = async (line: string): Promise<string> =>
    (await exchange(proxy.port('cli'), `${line}\n`)).trimEnd().replaceAll(folder, '');
  return { proxy, say, folder };
}

/** Names that eight connections are shown, so that both threads have been asked. */
async function shown(port: number, servername: string): Promise<string> {
  const names = new Set<string>();
  for (let i = 0; i < 8; i++) {
    try {
      const socket = await openTls(port, { rejectUnauthorized: false, servername });
      names.add(`${socket.getPeerCertificate().subject.CN} ${socket.alpnProtocol}`);
      socket.destroy();
    } catch {
      names.add('refused');
    }
  }
  return [...names].join();
}

test('a certificate is replaced on every thread, or the transaction is given up', async (context) => {
  const { proxy, say, folder } = start(
    context,
    (pem) => `frontend fe\n  bind "${inherited('fe')}" ssl crt ${pem}/first.pem no-alpn
  http-request return status 200\n`,
  );
  const port = proxy.port('fe');
  const at = `${folder}/first.pem`;
  const steps: readonly (readonly [string, string | RegExp])[] = [
    [
      `set ssl cert x ${payload(secondPem)}`,
      "Can't replace a certificate which is not referenced by the configuration!\nCan't update x!",
    ],
    [`set ssl cert ${at} ${payload('junk')}`, /^Can't load the payload\nCan't update/],
    [`set ssl cert ${at} ${payload(secondPem)}`, 'Transaction created for certificate /first.pem!'],
    [`commit ssl cert ${at}`, /^inconsistencies between private key and certificate/],
    [`set ssl cert ${at}.key ${payload(secondKeyPem)}`, /^Transaction updated for certificate/],
    ['set ssl cert y.pem', /expects a filename and a certificate as a payload/],
    ['show ssl cert', '# transaction\n*/first.pem\n# filename\n/first.pem'],
    [
      `show ssl cert *${at}`,
      /^Filename: \*\/first.pem\n(.*\n)*Status: Uncommitted\n(.*\n)*.*second.example/,
    ],
    ['abort ssl cert other', /is about '\/first.pem' but you are trying to abort/],
    [`del ssl cert ${at}`, /ongoing transaction for the certificate/],
  ];
  for (const [line, expected] of steps) {
    const answer = await say(line);
    if (typeof expected === 'string') assert.equal(answer, expected, line);
    else assert.match(answer, expected, line);
  }
  assert.equal(await shown(port, 'first.example'), 'first.example false');
  assert.equal(await say(`commit ssl cert ${at}`), 'Committing /first.pem.\nSuccess!');
  assert.equal(await shown(port, 'first.example'), 'second.example false');
  assert.match(await say('show ssl sni'), /^fe\/.*\tsecond.example\t-\tecdsa\t\/first.pem\t/m);
  assert.equal(await say(`dump ssl cert ${at}`), `${secondKeyPem}${secondPem}`.trimEnd());
  await say(`set ssl cert ${at} ${payload(firstPem + firstKeyPem)}`);
  assert.equal(
    await say(`abort ssl cert ${at}`),
    "Transaction aborted for certificate '/first.pem'!",
  );
  assert.equal(
    await say(`commit ssl cert ${at}`),
    "No ongoing transaction! !\nCan't commit /first.pem!",
  );
  assert.equal(await shown(port, 'first.example'), 'second.example false');
  assert.match(await say(`del ssl cert ${at}`), /in use, can't be deleted!$/);
});

test('lists: lines come and go while the process serves', async (context) => {
  const { proxy, say, folder } = start(
    context,
    (pem) => `frontend fe\n  bind "${inherited('fe')}" ssl crt-list ${pem}/sites.list no-alpn
  http-request return status 200
frontend strict\n  bind "${inherited('strict')}" ssl crt-list ${pem}/sites.list strict-sni
  http-request return status 200\n`,
  );
  const list = `${folder}/sites.list`;
  const [open, strict] = [proxy.port('fe'), proxy.port('strict')];
  assert.equal(await shown(strict, 'no.list.example'), 'refused');
  assert.equal(await shown(open, 'no.list.example'), 'first.example false');
  assert.equal(await say('new ssl cert n.pem'), "New empty certificate store 'n.pem'!");
  assert.equal(await say('new ssl cert n.pem'), "Certificate 'n.pem' already exists!");
  assert.match(
    await say(`add ssl crt-list ${list} ${payload('/none.pem')}`),
    /certificate '\/none.pem' does not exist!/,
  );
  const name = `${folder}/rsa.pem`;
  await say(`new ssl cert ${name}`);
  assert.match(await say(`add ssl crt-list ${list} ${name}`), /is empty!$/);
  await say(`set ssl cert ${name} ${payload(rsaPem + rsaKeyPem)}`);
  assert.equal(await say(`commit ssl cert ${name}`), 'Committing /rsa.pem\nSuccess!');
  assert.match(
    await say(`add ssl crt-list ${list} ${payload(`${name} [ca-file /none.crt] x.example`)}`),
    /unable to load \/none.crt/,
  );
  assert.match(
    await say(`add ssl crt-list ${list} ${payload(`${name} [verify none] new.example`)}`),
    /^Inserting certificate '\/rsa.pem' in crt-list '\/sites.list'\.\.\nSuccess!$/,
  );
  assert.equal(await shown(strict, 'new.example'), 'rsa.example false');
  assert.equal(
    await say(`show ssl crt-list -n ${list}/`),
    '# /sites.list\n/first.pem:1\n/first.pem:2 [alpn h2] *.list.example !no.list.example\n' +
      '/rsa.pem:0 [verify none] new.example',
  );
  assert.match(
    await say(`del ssl crt-list ${list} ${folder}/first.pem`),
    /several entries.*\(1, 2\)!/,
  );
  assert.match(
    await say(`del ssl crt-list ${list} ${folder}/first.pem:7`),
    /line number is incorrect/,
  );
  assert.match(
    await say(`del ssl crt-list ${list} ${folder}/first.pem:1`),
    /used as default certificate by the following frontends:\n\t- /,
  );
  assert.equal(
    await say(`del ssl crt-list ${list} ${name}`),
    "Entry '/rsa.pem' deleted in crtlist '/sites.list'!",
  );
  assert.equal(await shown(strict, 'new.example'), 'refused');
  assert.equal(await say(`del ssl cert ${name}`), "Certificate '/rsa.pem' deleted!");
  assert.match(await say('show ssl sni -f nobody'), /Couldn't find the specified frontend!/);
});

const get = 'GET / HTTP/1.1\r\nHost: first.example\r\nConnection: close\r\n\r\n';

test('a server is shown another certificate, a listener revokes one', async (context) => {
  const { proxy, say, folder } = start(
    context,
    (pem) => `frontend tls
  bind "${inherited('tls')}" ssl crt ${pem}/first.pem verify optional ca-file ${pem}/ca.pem crl-file ${pem}/crl.pem crt-ignore-err all
  http-request return status 200 hdr x-cn %[ssl_c_s_dn(CN)] hdr x-verify %[ssl_c_verify] hdr x-err %[ssl_c_err]
listen fe
  bind "${inherited('fe')}"
  server s 127.0.0.1:1 ssl verify none crt ${pem}/client.pem disabled\n`,
  );
  await say(`set server fe/s addr 127.0.0.1 port ${proxy.port('tls')}`);
  await say('set server fe/s state ready');
  const asked = async (): Promise<string> => {
    const answers = new Set<string>();
    for (let i = 0; i < 8; i++) {
      const answer = await request(proxy.port('fe'), get);
      answers.add(
        /x-cn: (.*)\r\nx-verify: (.*)\r\nx-err: (.*)\r/.exec(answer)?.slice(1).join(' ') ?? answer,
      );
    }
    return [...answers].join();
  };
  assert.equal(await asked(), 'client 0 0');
  await say(`set ssl cert ${folder}/client.pem ${payload(secondPem + secondKeyPem)}`);
  await say(`commit ssl cert ${folder}/client.pem`);
  assert.equal(await asked(), 'second.example 0 0');
  await say(`set ssl cert ${folder}/client.pem ${payload(clientPem + clientKeyPem)}`);
  await say(`commit ssl cert ${folder}/client.pem`);
  assert.match(
    await say(`show ssl crl-file ${folder}/crl.pem`),
    /Revoked Certificates:\n {4}Serial Number: /,
  );
  assert.match(await say('new ssl crl-file z'), /New CRL file created 'z'!/);
  assert.equal(
    await say(`set ssl crl-file z ${payload(revokedPem)}`),
    "Invalid payload\nCan't update z!",
  );
  assert.equal(await say('del ssl crl-file z'), "CRL file 'z' deleted!");
  assert.match(await say(`del ssl ca-file ${folder}/ca.pem`), /in use, can't be deleted!/);
  await say(`set ssl ca-file ${folder}/ca.pem ${payload(secondPem)}`);
  assert.match(await say(`commit ssl ca-file ${folder}/ca.pem`), /Success!$/);
  // Sessions that are resumed have been verified before.
  assert.match(await asked(), /client 21 20/);
});

test('certificates that tokens are checked with', async (context) => {
  const { say } = start(
    context,
    () =>
      `frontend fe\n  bind "${inherited('fe')}" ssl crt first.pem\n  http-request return status 200\n`,
  );
  assert.equal(await say('show ssl jwt'), '# filename');
  assert.match(await say('add ssl jwt none'), /doesn't exist!/);
  const { say: again, folder } = { say, folder: (await say('show ssl cert')).split('\n')[1] };
  assert.equal(folder, '/first.pem');
  assert.match(await again('show ssl ocsp-response'), /^# Certificate IDs$/);
});

test('a folder is known without the slashes at its end, as scripts that renew look for it', async (owner) => {
  const { proxy, say, folder } = start(owner, (pem) => {
    mkdirSync(`${pem}/site`);
    writeFileSync(`${pem}/site/a.pem`, firstPem + firstKeyPem);
    return `frontend fe\n  bind "${inherited('fe')}" ssl crt ${pem}/site//
  http-request return status 200\n`;
  });
  assert.match(await shown(proxy.port('fe'), 'new.example'), /^first/);
  assert.match(await say('show ssl cert'), /^\/site\/a\.pem$/m);
  assert.equal(await say('show ssl crt-list'), '/site');
  assert.equal(await say(`show ssl crt-list -n ${folder}/site`), '# /site\n/site/a.pem:0');
  const name = `${folder}/site/b.pem`;
  assert.match(await say(`new ssl cert ${name}`), /^New empty/);
  assert.match(
    await say(`set ssl cert ${name} ${payload(secondPem + secondKeyPem)}`),
    /^Transaction created/,
  );
  assert.match(await say(`commit ssl cert ${name}`), /^Success!$/m);
  assert.match(await say(`add ssl crt-list ${folder}/site ${name}`), /\nSuccess!$/);
  assert.equal(
    await say(`show ssl crt-list -n ${folder}/site/`),
    '# /site\n/site/a.pem:0\n/site/b.pem:0',
  );
  await proxy.stop();
});
