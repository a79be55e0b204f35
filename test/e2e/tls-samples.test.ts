// What rules and logs learn of TLS and of the PROXY header, on real sockets.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { certificateFolder } from '../harness/certificate-files.ts';
import { authorityPem, clientKeyPem, clientPem, firstPem } from '../harness/certificates.ts';
import { converse } from '../harness/clear-client.ts';
import { startOrigin } from '../harness/origin.ts';
import { inherited, startProxy } from '../harness/proxy.ts';
import { requestTls } from '../harness/tls-client.ts';

const head = `global
  nbthread 1
  log stderr format raw local0
defaults
  mode http
  log global
  timeout client 5s
  timeout server 5s
  timeout connect 5s
  retries 0
`;
const request = 'GET / HTTP/1.1\r\nHost: first.example\r\nConnection: close\r\n\r\n';
const own = { cert: clientPem, key: clientKeyPem, ALPNProtocols: ['http/1.1'] };
const sha1 = (pem: string): string => new X509Certificate(pem).fingerprint.replaceAll(':', '');

/** Expressions of a client connection and what they give; '' for no value. */
const frontCases: readonly (readonly [string, string])[] = [
  ['ssl_fc', '1'],
  ['ssl_fc_sni', 'first.example'],
  ['ssl_fc_has_sni', '1'],
  ['ssl_fc_alpn', 'http/1.1'],
  ['ssl_fc_protocol', 'TLSv1.3'],
  ['ssl_fc_cipher', 'TLS_AES_256_GCM_SHA384'],
  ['ssl_fc_use_keysize', '256'],
  ['ssl_fc_alg_keysize', '256'],
  ['ssl_fc_is_resumed', '0'],
  ['ssl_fc_has_crt', '1'],
  ['ssl_fc_err', '0'],
  ['ssl_c_used', '1'],
  ['ssl_c_verify', '0'],
  ['ssl_c_s_dn', '/CN=client'],
  ['ssl_c_s_dn(CN)', 'client'],
  ['ssl_c_s_dn(CN,-1)', 'client'],
  ['ssl_c_s_dn(O)', ''],
  ['ssl_c_i_dn(,0,rfc2253)', 'CN=Test Authority'],
  ['ssl_c_sha1,hex', sha1(clientPem)],
  ['ssl_c_sig_alg', 'ecdsa-with-SHA256'],
  ['ssl_c_key_alg', 'id-ecPublicKey'],
  ['ssl_c_version', '3'],
  ['ssl_fc_curve', 'X25519'],
  ['ssl_c_r_dn', '/CN=Test Authority'],
  ['ssl_c_r_dn(CN)', 'Test Authority'],
  ['ssl_c_policies', ''],
  ['ssl_c_chain_der,hex', new X509Certificate(authorityPem).raw.toString('hex').toUpperCase()],
  ['ssl_c_notbefore', '261123182927Z'],
  ['ssl_f_sha1,hex', sha1(firstPem)],
  ['ssl_f_s_dn', '/CN=first.example'],
  ['ssl_f_serial,hex', new X509Certificate(firstPem).serialNumber],
  ['ssl_f_der,hex', new X509Certificate(firstPem).raw.toString('hex').toUpperCase()],
  ['fc_err', '0'],
  ['fc_err_str', 'Success'],
];

const shown = (cases: readonly (readonly [string, string])[]): string =>
  cases.map(([expression]) => `%[${expression}]`).join('|');
const expectedOf = (cases: readonly (readonly [string, string])[]): string[] =>
  cases.map(([, value]) => value);
const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

test('fetches of a client connection', async (context) => {
  const folder = certificateFolder(context);
  const config = `${head}frontend fe
  bind "${inherited('fe')}" ssl crt ${folder}/first.pem verify optional ca-file ${folder}/ca.pem
  http-request return status 200 content-type text/plain lf-string "${shown(frontCases)}"
`;
  const proxy = startProxy(context, { config });
  const answer = bodyOf(await requestTls(proxy.port('fe'), request, own));
  assert.deepEqual(answer.split('|'), expectedOf(frontCases));
});

test('a connection in clear has none of them', async (context) => {
  const cases: readonly (readonly [string, string])[] = [
    ['ssl_fc', '0'],
    ['ssl_fc_sni', ''],
    ['ssl_c_used', ''],
    ['ssl_f_sha1', ''],
    ['ssl_bc', '0'],
  ];
  const config = `${head}frontend fe
  bind "${inherited('fe')}"
  http-request return status 200 content-type text/plain lf-string "${shown(cases.slice(0, 4))}"
`;
  const proxy = startProxy(context, { config });
  const answer = bodyOf(await converse(proxy.port('fe'), [request]));
  assert.deepEqual(answer.split('|'), expectedOf(cases.slice(0, 4)));
});

const backCases: readonly (readonly [string, string])[] = [
  ['ssl_bc', '1'],
  ['ssl_bc_sni', 'first.example'],
  ['ssl_bc_protocol', 'TLSv1.3'],
  ['ssl_bc_cipher', 'TLS_AES_256_GCM_SHA384'],
  ['ssl_bc_is_resumed', '0'],
  ['ssl_s_s_dn', '/CN=first.example'],
  ['ssl_s_sha1,hex', sha1(firstPem)],
  ['bc_err', '0'],
];

test('fetches of a server connection', async (context) => {
  const folder = certificateFolder(context);
  const inner = startProxy(context, {
    config: `${head}frontend fe
  bind "${inherited('fe')}" ssl crt ${folder}/first.pem
  http-request return status 200
`,
  });
  const config = `${head}listen l
  bind "${inherited('fe')}"
  http-response set-header x "${shown(backCases)}"
  server s 127.0.0.1:${inner.port('fe')} ssl verify required ca-file ${folder}/ca.pem
`;
  const proxy = startProxy(context, { config });
  const answer = await converse(proxy.port('fe'), [request]);
  const [, value = ''] = /\r\nx: (.*)\r\n/.exec(answer) ?? [];
  assert.deepEqual(value.split('|'), expectedOf(backCases));
});

test('why a server could not be used is in the log', async (context) => {
  const folder = certificateFolder(context);
  const inner = startProxy(context, {
    config: `${head}frontend fe
  bind "${inherited('fe')}" ssl crt ${folder}/second.pem
  http-request return status 200
`,
  });
  const config = `${head}listen l
  bind "${inherited('fe')}"
  log-format "err %[bc_err] %[bc_err_name] <%[bc_err_str]> %ts"
  server s 127.0.0.1:${inner.port('fe')} ssl verify required ca-file ${folder}/ca.pem
`;
  const proxy = startProxy(context, { config });
  assert.match(await converse(proxy.port('fe'), [request]), /^HTTP\/1.1 503 /);
  const message = 'Server presented an SSL certificate different from the expected one';
  await proxy.printed(`err 33 SSL_MISMATCH_SNI <${message}> SC`);
});

test('option httpslog shows version, cipher and name', async (context) => {
  const origin = await startOrigin(context);
  const folder = certificateFolder(context);
  const config = `${head}listen l
  option httpslog
  bind "${inherited('fe')}" ssl crt ${folder}/first.pem
  server s 127.0.0.1:${origin.port}
`;
  const proxy = startProxy(context, { config });
  await requestTls(proxy.port('fe'), request);
  const tail =
    '"GET / HTTP/1.1" 0/0000000000000000/0/0/0 first.example/TLSv1.3/TLS_AES_256_GCM_SHA384';
  await proxy.printed(tail);
});

test('TLVs of a PROXY header, by number and by name', async (context) => {
  const cases: readonly (readonly [string, string])[] = [
    ['fc_rcvd_proxy', '1'],
    ['fc_pp_authority', 'host'],
    ['fc_pp_unique_id', 'id'],
    ['fc_pp_tlv(0xEA)', 'one'],
    ['fc_pp_tlv(234)', 'one'],
    ['fc_pp_tlv(unique_id)', 'id'],
    ['fc_pp_tlv(0xEB)', ''],
  ];
  const config = `${head}frontend fe
  bind "${inherited('fe')}" accept-proxy
  http-request deny unless { fc_pp_tlv(0xEA) two }
  http-request return status 200 content-type text/plain lf-string "${shown(cases)}"
`;
  const proxy = startProxy(context, { config });
  const tlvs = '\x02\0\x04host\x05\0\x02id\xea\0\x03one\xea\0\x03two';
  const block = `\r\n\r\n\0\r\nQUIT\n\x21\x11\0${String.fromCharCode(12 + tlvs.length)}`;
  const ends = '\x01\x02\x03\x04\x05\x06\x07\x08\0\x01\0\x02';
  const answer = await converse(proxy.port('fe'), [block + ends + tlvs + request]);
  assert.deepEqual(bodyOf(answer).split('|'), expectedOf(cases));
});

test('a server is told of TLS with the client in the PROXY header', async (context) => {
  const origin = await startOrigin(context);
  const folder = certificateFolder(context);
  const options = 'ssl-cipher,cert-sig,cert-key,cert-cn,authority';
  const config = `${head}listen l
  bind "${inherited('fe')}" ssl crt ${folder}/rsa.pem verify optional ca-file ${folder}/ca.pem
  server s 127.0.0.1:${origin.port} send-proxy-v2 proxy-v2-options ${options}
`;
  const proxy = startProxy(context, { config });
  await requestTls(proxy.port('fe'), request, own);
  const tlv = (type: number, value: string): string =>
    `${String.fromCharCode(type, 0, value.length)}${value}`;
  const parts = [
    '\x07\0\0\0\0',
    tlv(0x21, 'TLSv1.3'),
    tlv(0x22, 'client'),
    tlv(0x25, 'RSA2048'),
    tlv(0x24, 'ecdsa-with-SHA256'),
    tlv(0x23, 'TLS_AES_256_GCM_SHA384'),
  ];
  const tail = tlv(0x01, 'http/1.1') + tlv(0x02, 'first.example') + tlv(0x20, parts.join(''));
  assert.equal(origin.heard[0].slice(28).startsWith(`${tail}GET `), true);
});
