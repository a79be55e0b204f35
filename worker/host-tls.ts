// TLS of the control thread's own sockets (peers, log servers, log clients), which are Node's: what
// words of bind and server lines mean there. Opens nothing.

import { constants } from 'node:crypto';
import * as tls from 'node:tls';
import type { BindSslModel, Model, ServerModel } from '../shared/config/model.ts';
import { certificatesOf } from '../shared/config/model-certificates.ts';

/** Files and certificates of the configuration. */
export type Contents = Pick<Model, 'contents' | 'certificates' | 'crtLists'>;

const versionNames: Readonly<Record<string, tls.SecureVersion>> = {
  SSLv3: 'TLSv1',
  'TLSv1.0': 'TLSv1',
  'TLSv1.1': 'TLSv1.1',
  'TLSv1.2': 'TLSv1.2',
  'TLSv1.3': 'TLSv1.3',
};

function versionLimits({ sslMinVer, sslMaxVer }: { sslMinVer: string; sslMaxVer: string }) {
  return {
    ...(sslMinVer === '' ? {} : { minVersion: versionNames[sslMinVer] }),
    ...(sslMaxVer === '' ? {} : { maxVersion: versionNames[sslMaxVer] }),
  };
}

/** Node takes both kinds in one list, and would drop TLS 1.3 where the list has none of its. */
function cipherList({ ciphers, ciphersuites }: { ciphers: string; ciphersuites: string }) {
  if (ciphers === '' && ciphersuites === '') return {};
  const all = tls.DEFAULT_CIPHERS.split(':');
  const suites = ciphersuites || all.filter((name) => name.startsWith('TLS_')).join(':');
  const others = ciphers || all.filter((name) => !name.startsWith('TLS_')).join(':');
  return { ciphers: `${suites}:${others}` };
}

function groupsAndSignatures({ curves, sigalgs }: { curves: string; sigalgs: string }) {
  return {
    ...(curves === '' ? {} : { ecdhCurve: curves }),
    ...(sigalgs === '' ? {} : { sigalgs }),
  };
}

function file({ contents }: Contents, path: string): Buffer {
  return Buffer.from(contents[path] ?? '', 'latin1');
}

/** A certificate and its key, which may have come from a file of its own. */
function identity({ certificates }: Contents, name: string) {
  const { pem, keyPem } = certificates[name] ?? { pem: '', keyPem: '' };
  return { cert: Buffer.from(pem, 'latin1'), key: Buffer.from(keyPem || pem, 'latin1') };
}

/** For a connection to a server that is asked for under `name`, '': for none. */
export function clientOptions(
  ssl: NonNullable<ServerModel['ssl']>,
  contents: Contents,
  name: string,
): tls.ConnectionOptions {
  const { verify, verifyHost, caFile, crt, alpn } = ssl;
  const expected = verifyHost || name;
  return {
    ...versionLimits(ssl),
    ...cipherList(ssl),
    ...groupsAndSignatures(ssl),
    ...(crt === '' ? {} : identity(contents, crt)),
    // `@system-ca`: those that Node trusts.
    ...(caFile === '' || caFile.startsWith('@') ? {} : { ca: file(contents, caFile) }),
    ...(alpn === '' ? {} : { ALPNProtocols: alpn.split(',') }),
    ...(name === '' ? {} : { servername: name }),
    rejectUnauthorized: verify === 'required',
    // The chain is verified; a name only when one is known.
    checkServerIdentity: (_, certificate) =>
      expected === '' ? undefined : tls.checkServerIdentity(expected, certificate),
  };
}

/** For connections that come in; a handshake may take `handshakeMs`. */
export function serverOptions(
  ssl: BindSslModel,
  contents: Contents,
  handshakeMs: number,
): tls.TlsOptions {
  const identities = certificatesOf(contents, ssl.crts).map((name) => identity(contents, name));
  return {
    ...versionLimits(ssl),
    ...cipherList(ssl),
    ...groupsAndSignatures(ssl),
    cert: identities.map(({ cert }) => cert),
    key: identities.map(({ key }) => key),
    ...(ssl.caFile === '' ? {} : { ca: file(contents, ssl.caFile) }),
    ...(ssl.alpn === '' ? {} : { ALPNProtocols: ssl.alpn.split(',') }),
    ...(ssl.tlsTickets ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }),
    honorCipherOrder: !ssl.preferClientCiphers,
    requestCert: ssl.verify !== 'none',
    rejectUnauthorized: ssl.verify === 'required',
    handshakeTimeout: handshakeMs,
  };
}
