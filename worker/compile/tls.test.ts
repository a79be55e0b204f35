import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateFolder } from '../../test/harness/certificate-files.ts';
import { loadConfiguration } from '../../shared/config/load.ts';
import { checkConfiguration } from '../check-configuration.ts';

/** Line and message of all that loading and compiling say about `lines` of a listen section. */
function mistakes(lines: readonly string[]): string[] {
  const text = `defaults
  mode http
  timeout client 1s
  timeout server 1s
  timeout connect 1s
listen l
  bind 127.0.0.1:1
${lines.map((line) => `  ${line}\n`).join('')}`;
  const loaded = loadConfiguration({
    files: [],
    texts: [{ name: 'cfg', text }],
    environment: {},
  });
  const { diagnostics } = checkConfiguration(loaded.model);
  return [...loaded.diagnostics.list, ...diagnostics.list].map(
    ({ line, message }) => `${line}: ${message}`,
  );
}

const good: readonly string[] = [
  'bind :1 ssl crt $pem/first.pem',
  'bind :1 ssl crt $pem/bare.crt',
  'bind :1 ssl crt $pem/first.pem crt $pem/rsa.pem ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.1',
  'bind :1 ssl crt $pem/first.pem verify required ca-file $pem/ca.pem',
  'bind :1 ssl crt $pem/first.pem verify optional ca-file @system-ca',
  'server s :1 ssl verify none',
  'server s :1 ssl ca-file @system-ca',
  'server s :1 ssl ca-file $pem/ca.pem crt $pem/client.pem sni req.hdr(host)',
];

test('TLS lines that work', (context) => {
  const folder = certificateFolder({ after: (act) => context.after(act) });
  for (const line of good) {
    assert.deepEqual(mistakes([line.replaceAll('$pem', folder)]), [], line);
  }
});

const bad: readonly (readonly [string, RegExp])[] = [
  ['bind :1 ssl crt $pem/mismatch.pem', /private key does not belong to the certificate in/],
  ['bind :1 ssl crt $pem/ca.pem', /no private key found in/],
  ['bind :1 ssl crt $pem/none.pem', /unable to read '.*none\.pem' : No such file/],
  ['bind :1 ssl', /no SSL certificate specified/],
  ['bind :1 ssl crt $pem/first.pem ciphers NOTHING', /OpenSSL does not know the ciphers 'NOTHING'/],
  ['bind :1 ssl crt $pem/first.pem ciphersuites NOTHING', /does not know the ciphersuites/],
  ['bind :1 ssl crt $pem/first.pem ssl-max-ver SSLv3', /SSLv3 is not spoken/],
  ['bind :1 ssl crt $pem/first.pem verify required', /verify is enabled but no CA file/],
  [
    'bind :1 ssl crt $pem/first.pem verify required ca-file $pem/crl.pem',
    /no certificate authority in the ca-file/,
  ],
  ['server s :1 ssl', /verify is enabled by default but no CA file/],
  ['server s :1 check check-ssl', /server 's' verify is enabled by default but no CA file/],
  ['server s :1 ssl verify none crt $pem/mismatch.pem', /server 's': the private key does not/],
  ['server s :1 ssl verify none ciphers NOTHING', /server 's': OpenSSL does not know the ciphers/],
];

test('mistakes of TLS lines are alerts at their line, each once', (context) => {
  const folder = certificateFolder({ after: (act) => context.after(act) });
  for (const [line, expected] of bad) {
    const found = mistakes([line.replaceAll('$pem', folder)]);
    assert.equal(found.length, 1, `${line}: ${found.join('\n')}`);
    assert.match(found[0], /^8: /, line);
    assert.match(found[0], expected, line);
  }
});
