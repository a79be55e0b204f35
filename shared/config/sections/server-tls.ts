// The TLS words of `server` and `default-server` lines. Rows write ServerDraft.tls, which counts
// only when `ssl` stands on the line or came from default-server.

import { findCertificates, underBase } from '../certificates.ts';
import { freshServerSsl } from '../fresh.ts';
import type { ServerDraft, ServerKeyword, WordCursor } from '../keyword.ts';
import type { ServerSslModel } from '../model.ts';
import {
  narrowVersions,
  readAlpn,
  readCaFile,
  readCrlFile,
  readTlsVersion,
  versionWords,
} from './bind-tls.ts';

const argument = (cursor: WordCursor): string => cursor.line.arg(cursor.index + 1);

function missing(cursor: WordCursor, what: string): void {
  const { line, index } = cursor;
  line.alert(index + 1, `'${line.arg(index)}' : ${what}`);
}

function tlsOf(server: ServerDraft): ServerSslModel {
  server.tls ??= freshServerSsl();
  return server.tls;
}

type TextWord =
  | 'verifyhost'
  | 'sni'
  | 'ciphers'
  | 'ciphersuites'
  | 'curves'
  | 'sigalgs'
  | 'client-sigalgs';

const textFields: Partial<Record<TextWord, keyof ServerSslModel>> = {
  verifyhost: 'verifyHost',
  'client-sigalgs': 'clientSigalgs',
};

const texts: readonly (readonly [TextWord, string])[] = [
  ['verifyhost', 'name that the certificate must carry'],
  ['sni', 'expression whose value is asked for'],
  ['ciphers', 'cipher suites up to TLS 1.2'],
  ['ciphersuites', 'cipher suites of TLS 1.3'],
  ['curves', 'groups of the key exchange'],
  ['sigalgs', 'signature algorithms'],
  ['client-sigalgs', 'signatures of the certificate shown'],
];

const textRows = texts.map(
  ([name, help]): ServerKeyword => ({
    name,
    takes: 1,
    help,
    example: `server s 127.0.0.1:443 ${name} str(example.com)`,
    parse: (cursor, server) => {
      const tls = tlsOf(server);
      const value = argument(cursor);
      const field = textFields[name] ?? name;
      if (value === '') missing(cursor, 'missing value');
      else Object.assign(tls, { [field]: value });
    },
  }),
);

const versionRows = versionWords.map(
  (word): ServerKeyword => ({
    name: word.name,
    takes: 0,
    help: word.name.startsWith('no-') ? 'a TLS version that is not spoken' : 'the only TLS version',
    example: `server s 127.0.0.1:443 ${word.name}`,
    parse: (_cursor, server) => narrowVersions(tlsOf(server), word),
  }),
);

const switches: readonly (readonly [string, Partial<ServerSslModel>, string])[] = [
  ['sni-auto', { sniAuto: true }, 'the name asked for is that of the Host header'],
  ['no-sni-auto', { sniAuto: false }, 'no name is asked for without sni'],
  ['ssl-reuse', { sslReuse: true }, 'sessions are resumed'],
  ['renegotiate', { renegotiation: 'yes' }, 'the server may ask for another handshake'],
  ['no-renegotiate', { renegotiation: 'no' }, 'another handshake is refused'],
  ['no-ssl-reuse', { sslReuse: false }, 'every connection shakes hands in full'],
];

const switchRows = switches.map(
  ([name, fields, help]): ServerKeyword => ({
    name,
    takes: 0,
    help,
    example: `server s 127.0.0.1:443 ${name}`,
    parse: (_cursor, server) => {
      Object.assign(tlsOf(server), fields);
    },
  }),
);

export const serverTlsKeywords: readonly ServerKeyword[] = [
  {
    name: 'ssl',
    takes: 0,
    help: 'TLS to the server',
    example: 'server s 127.0.0.1:443 ssl verify none',
    parse: (_cursor, server) => {
      server.tlsOn = true;
      server.model.noSsl = false;
    },
  },
  {
    name: 'no-ssl',
    takes: 0,
    help: 'no TLS to the server',
    example: 'server s 127.0.0.1:80 no-ssl',
    parse: (_cursor, server) => {
      server.tlsOn = false;
      server.model.noSsl = true;
    },
  },
  {
    name: 'verify',
    takes: 1,
    help: 'whether the certificate is verified',
    example: 'server s 127.0.0.1:443 verify none',
    parse: (cursor, server) => {
      const tls = tlsOf(server);
      const value = argument(cursor);
      if (value === 'none' || value === 'required') tls.verify = value;
      else missing(cursor, "expects 'none' or 'required'");
    },
  },
  {
    name: 'ca-file',
    takes: 1,
    help: 'authorities of server certificates',
    example: 'server s 127.0.0.1:443 ca-file @system-ca',
    parse: (cursor, server, draft) => {
      const tls = tlsOf(server);
      const caFile = readCaFile(cursor, draft);
      if (caFile !== null) tls.caFile = caFile;
    },
  },
  {
    name: 'crl-file',
    takes: 1,
    help: 'revocations of server certificates',
    example: 'server s 127.0.0.1:443 crl-file /dev/null',
    parse: (cursor, server, draft) => {
      const tls = tlsOf(server);
      tls.crlFile = readCrlFile(cursor, draft) ?? tls.crlFile;
    },
  },
  {
    name: 'crt',
    takes: 1,
    help: 'certificate shown to the server',
    example: 'server s 127.0.0.1:443 crt client.pem',
    parse: (cursor, server, draft) => {
      const tls = tlsOf(server);
      if (argument(cursor) === '') return missing(cursor, 'missing certificate file path');
      const path = underBase(draft.global.ssl.crtBase, argument(cursor));
      const { names, error } = findCertificates(draft, path);
      if (error !== '') cursor.line.alert(cursor.index + 1, `'crt' : ${error}`);
      else if (names[0] !== path) missing(cursor, `a bundle has no place here: '${path}'`);
      else tls.crt = path;
    },
  },
  {
    name: 'alpn',
    takes: 1,
    help: 'protocols to negotiate',
    example: 'server s 127.0.0.1:443 alpn http/1.1',
    parse: (cursor, server) => {
      const tls = tlsOf(server);
      tls.alpn = readAlpn(cursor, ['h3']) ?? tls.alpn;
    },
  },
  {
    name: 'ssl-min-ver',
    takes: 1,
    help: 'lowest TLS version',
    example: 'server s 127.0.0.1:443 ssl-min-ver TLSv1.2',
    parse: (cursor, server) => {
      const tls = tlsOf(server);
      tls.sslMinVer = readTlsVersion(cursor) ?? tls.sslMinVer;
    },
  },
  {
    name: 'ssl-max-ver',
    takes: 1,
    help: 'highest TLS version',
    example: 'server s 127.0.0.1:443 ssl-max-ver TLSv1.3',
    parse: (cursor, server) => {
      const tls = tlsOf(server);
      tls.sslMaxVer = readTlsVersion(cursor) ?? tls.sslMaxVer;
    },
  },
  ...textRows,
  ...versionRows,
  ...switchRows,
];
