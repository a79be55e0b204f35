import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  authorityPem,
  clientKeyPem,
  clientPem,
  firstKeyPem,
  firstPem,
  revocationsPem,
  revokedKeyPem,
  revokedPem,
  secondKeyPem,
  secondPem,
} from '../../test/harness/certificates.ts';
import {
  tls,
  certificate,
  first,
  second,
  rsa,
  contextOf,
  instancesOf,
  serverOptions,
  serverOf,
  clientOf,
  Link,
  link,
} from '../../test/harness/tls-link.ts';
import { TLS_PROTOCOL, type TlsContext } from './tls.ts';

test('the certificate follows the server name', () => {
  const server = serverOf({ certificates: [second, first, rsa] });
  const strict = serverOf({ certificates: [first], strictSni: true });
  const client = clientOf();
  const shown = (name: string, context = server, from = client): string => {
    const made = link(context, from, name);
    const refused = made.clientEnd < 0;
    const der = made.client.peerCertificate();
    const subject = refused || der === null ? 'refused' : new X509Certificate(der).subject;
    made.close();
    return subject;
  };
  assert.equal(shown(''), 'CN=second.example');
  assert.equal(shown('second.example'), 'CN=second.example');
  assert.equal(shown('first.example'), 'CN=first.example');
  assert.equal(shown('FIRST.Example'), 'CN=first.example');
  assert.equal(shown('any.wild.example'), 'CN=first.example');
  assert.equal(shown('a.b.wild.example'), 'CN=second.example');
  assert.equal(shown('unknown.example'), 'CN=second.example');
  assert.equal(shown('rsa.example'), 'CN=rsa.example');
  // The same name with two kinds of key: a client that knows RSA only gets the other certificate.
  const rsaOnly = clientOf({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' });
  assert.equal(shown('first.example', server, rsaOnly), 'CN=rsa.example');
  assert.equal(shown('first.example', strict), 'CN=first.example');
  assert.equal(shown('unknown.example', strict), 'refused');
  assert.equal(shown('', strict), 'refused');
  const chosen = instancesOf([first, second]).map((instance, index) =>
    index === 0 ? instance : { ...instance, filters: ['Chosen.example'] },
  );
  const named = serverOf({ instances: chosen });
  assert.equal(shown('chosen.example', named), 'CN=second.example');
  assert.equal(shown('second.example', named), 'CN=first.example');
  for (const context of [server, strict, client, rsaOnly, named]) context.free();
});

test('ALPN: the server prefers, nothing in common is no protocol', () => {
  const server = serverOf({ alpn: 'h2,http/1.1', certificates: [first, second] });
  const cases: readonly [string, string][] = [
    ['h2', 'h2'],
    ['http/1.1,h2', 'h2'],
    ['http/1.1', 'http/1.1'],
    ['http/1.0,h', ''],
    ['', ''],
  ];
  for (const [offer, chosen] of cases) {
    const client = clientOf({ alpn: offer });
    const made = link(server, client, 'second.example');
    assert.deepEqual([made.client.alpn(), made.server.alpn()], [chosen, chosen], offer);
    assert.equal(made.server.sni(), 'second.example');
    made.close();
    client.free();
  }
  server.free();
});

test('versions, ciphers and curves are as told', () => {
  const client = clientOf();
  const old = serverOf({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' });
  const made = link(old, client);
  assert.equal(made.server.protocol(), 'TLSv1.2');
  assert.equal(made.server.cipher(), 'ECDHE-ECDSA-AES256-GCM-SHA384');
  assert.equal(made.server.cipherBits(), 256);
  made.close();
  const suite = serverOf({
    ciphersuites: 'TLS_AES_128_GCM_SHA256',
    curves: 'P-384',
    tickets: false,
  });
  const other = link(suite, client);
  assert.equal(other.client.cipher(), 'TLS_AES_128_GCM_SHA256');
  other.close();
  const tooNew = serverOf({ minVersion: 'TLSv1.3' });
  const tooOld = clientOf({ maxVersion: 'TLSv1.2' });
  const failed = link(tooNew, tooOld);
  assert.deepEqual([failed.serverEnd, failed.clientEnd], [TLS_PROTOCOL, TLS_PROTOCOL]);
  assert.equal(failed.server.errorReason(), 'unsupported protocol');
  assert.match(failed.server.errorText(), /^error:0A000102:SSL routines:/);
  assert.notEqual(failed.client.errorCode, 0);
  failed.close();
  for (const context of [client, old, suite, tooNew, tooOld]) context.free();
});

test('a client trusts an authority, and checks the name', () => {
  const server = serverOf();
  const trusting = clientOf({ verify: 'required', caPem: authorityPem });
  const trustless = clientOf({ verify: 'required', caPem: secondPem });
  const indifferent = clientOf({ verify: 'none', caPem: secondPem });
  const outcome = (client: TlsContext, host: string): [number, string] => {
    const made = new Link(client, server);
    if (host !== '') made.client.expectHost(host);
    made.handshake();
    const text = made.clientEnd === 0 ? made.client.verifyText() : made.client.errorReason();
    made.close();
    return [made.clientEnd, text];
  };
  const refused: [number, string] = [TLS_PROTOCOL, 'certificate verify failed'];
  assert.deepEqual(outcome(trusting, ''), [0, 'ok']);
  assert.deepEqual(outcome(trusting, 'x.wild.example'), [0, 'ok']);
  assert.deepEqual(outcome(trusting, '127.0.0.1'), [0, 'ok']);
  assert.deepEqual(outcome(trusting, '127.0.0.2'), refused);
  assert.deepEqual(outcome(trusting, 'second.example'), refused);
  assert.deepEqual(outcome(trustless, ''), refused);
  assert.deepEqual(outcome(indifferent, ''), [0, 'unable to get local issuer certificate']);
  for (const context of [server, trusting, trustless, indifferent]) context.free();
});

test('a server asks for a certificate: optional, required, revoked', () => {
  const authorities = { caPem: authorityPem, crlPem: revocationsPem };
  const optional = serverOf({ verify: 'optional', ...authorities });
  const required = serverOf({ verify: 'required', ...authorities });
  const nobody = clientOf();
  const known = clientOf({ certificate: certificate(clientPem, clientKeyPem) });
  const revoked = clientOf({ certificate: certificate(revokedPem, revokedKeyPem) });
  const outcome = (server: TlsContext, client: TlsContext): [number, string] => {
    const made = link(server, client);
    const der = made.serverEnd === 0 ? made.server.peerCertificate() : null;
    const subject = der === null ? '' : new X509Certificate(der).subject;
    made.close();
    return [made.serverEnd, subject];
  };
  assert.deepEqual(outcome(optional, nobody), [0, '']);
  assert.deepEqual(outcome(optional, known), [0, 'CN=client']);
  assert.deepEqual(outcome(required, known), [0, 'CN=client']);
  assert.deepEqual(outcome(required, nobody), [TLS_PROTOCOL, '']);
  assert.deepEqual(outcome(optional, revoked), [TLS_PROTOCOL, '']);
  for (const context of [optional, required, nobody, known, revoked]) context.free();
});

test('what cannot be loaded is said, with its name', () => {
  const encrypted =
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n';
  type Options = Parameters<typeof serverOptions>[0];
  const one = (pem: string, keyPem = ''): Options => ({
    certificates: [{ ...first, name: 'site.pem', pem, keyPem }],
  });
  const cases: readonly [Options, RegExp][] = [
    [{ certificates: [] }, /needs a certificate/],
    [one(''), /no certificate in 'site.pem'/],
    [one('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'), /site.pem/],
    [one(firstPem), /no private key in 'site.pem'/],
    [one(firstPem + encrypted), /no private key in 'site.pem'/],
    [one(firstPem, secondKeyPem), /does not belong .* 'site.pem'/],
    [{ ciphers: 'NO-SUCH-CIPHER' }, /ciphers 'NO-SUCH-CIPHER'/],
    [{ ciphersuites: 'NO_SUCH' }, /ciphersuites 'NO_SUCH'/],
    [{ curves: 'P-1' }, /curves 'P-1'/],
    [{ sigalgs: 'none' }, /sigalgs 'none'/],
    [{ alpn: 'h2,,http/1.1' }, /ALPN/],
    [{ caPem: 'nothing' }, /no certificate authority/],
    [{ crlPem: 'nothing' }, /no revocation list/],
    [{ ticketKeys: new Uint8Array(79) }, /80 bytes/],
  ];
  for (const [options, message] of cases) {
    const result = tls.serverContext(serverOptions(options));
    assert.equal(result.context, null);
    assert.match(result.error, message);
  }
  const empty = tls.serverContext(serverOptions({ certificates: [], strictSni: true }));
  contextOf(empty).free();
  const keyBeside = tls.serverContext(serverOptions(one(firstPem, firstKeyPem)));
  contextOf(keyBeside).free();
});
