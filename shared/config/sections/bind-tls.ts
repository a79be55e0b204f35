// The TLS words of `bind` lines and of `global`: verification, versions and ciphers; certificates
// are in bind-crt.ts. Files are read here, so that a chrooted worker needs none.

import { verifyCode } from '../../verify-names.ts';
import { systemAuthorities } from '../authorities.ts';
import type { Draft } from '../draft.ts';
import { underBase } from '../certificates.ts';
import { readText } from '../files.ts';
import type { BindKeyword, GlobalKeyword, WordCursor } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { BindModel, BindSslModel, SslDefaultsModel } from '../model.ts';

export const tlsVersions = ['SSLv3', 'TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

const argument = (cursor: WordCursor): string => cursor.line.arg(cursor.index + 1);

function missing(cursor: WordCursor, what: string): null {
  const { line, index } = cursor;
  return line.alert(index + 1, `'${line.arg(index)}' : ${what}`);
}

/** Reads a file into the contents; reports and returns null when it cannot be read. */
export function keepFile(line: Line, index: number, path: string, draft: Draft): string | null {
  if (draft.contents.has(path)) return path;
  // Files are read before the process serves.
  if (draft.isRuntime)
    return line.alert(index - 1, `'${line.arg(index - 1)}' : unable to load ${path}.`);
  const { text, error } = readText(path);
  if (error !== '') return line.alert(index, `unable to read '${path}' : ${error}.`);
  draft.contents.set(path, text);
  return path;
}

const systemCa = '@system-ca';

/** `ca-file`: a path, or @system-ca. */
export function readCaFile(cursor: WordCursor, draft: Draft): string | null {
  const text = argument(cursor);
  if (text === '') return missing(cursor, 'missing CAfile path');
  if (text === systemCa) {
    if (!draft.contents.has(text)) {
      draft.contents.set(text, systemAuthorities(draft.environment));
    }
    return text;
  }
  const path = underBase(draft.global.ssl.caBase, text);
  return keepFile(cursor.line, cursor.index + 1, path, draft);
}

/** `crl-file`: a path. */
export function readCrlFile(cursor: WordCursor, draft: Draft): string | null {
  const text = argument(cursor);
  if (text === '') return missing(cursor, 'missing CRLfile path');
  const path = underBase(draft.global.ssl.caBase, text);
  return keepFile(cursor.line, cursor.index + 1, path, draft);
}

/**
 * The protocols of an ALPN list that work here: HTTP/3 is left out of what is offered, so that
 * peers fall back to the next one, and refused where nothing else is left.
 */
export function readAlpn(cursor: WordCursor, later: readonly string[]): string | null {
  const names = argument(cursor).split(',');
  if (names.includes('')) return missing(cursor, 'missing ALPN protocol name');
  const working = names.filter((name) => !later.includes(name));
  if (working.length > 0) return working.join(',');
  return cursor.line.notSupported(cursor.index + 1, `alpn ${names[0]}`);
}

/** The version after the word; null: it is none, which has been reported. */
export function readTlsVersion(cursor: WordCursor): string | null {
  const found = tlsVersions.find((version) => version === argument(cursor));
  return found ?? missing(cursor, `expects one of ${tlsVersions.join(', ')}`);
}

const textExamples = {
  ciphers: 'ECDHE-RSA-AES128-GCM-SHA256',
  ciphersuites: 'TLS_AES_128_GCM_SHA256',
  curves: 'X25519:P-256',
  sigalgs: 'ECDSA+SHA256:RSA+SHA256',
  'client-sigalgs': 'RSA+SHA256',
  ecdhe: 'P-256',
};

const textFields: Partial<Record<TextField, keyof BindSslModel>> = {
  'client-sigalgs': 'clientSigalgs',
};

type TextField = keyof typeof textExamples;

const textRow = (name: TextField, help: string, missingWhat: string): BindKeyword => ({
  name,
  takes: 1,
  tls: true,
  help,
  example: `bind :443 ${name} ${textExamples[name]}`,
  parse: (cursor, bind) => {
    if (argument(cursor) === '') missing(cursor, missingWhat);
    else set(bind, { [textFields[name] ?? name]: argument(cursor) });
  },
});

const set = (bind: BindModel, fields: Partial<BindSslModel>): void => {
  Object.assign(bind.ssl ?? {}, fields);
};

interface VersionWord {
  readonly name: string;
  readonly min?: string;
  readonly max?: string;
}

/** `force-tlsv12` is both limits; `no-tlsv10` is a lower limit when nothing below is left. */
export const versionWords: readonly VersionWord[] = [
  ['sslv3', 'SSLv3'],
  ['tlsv10', 'TLSv1.0'],
  ['tlsv11', 'TLSv1.1'],
  ['tlsv12', 'TLSv1.2'],
  ['tlsv13', 'TLSv1.3'],
].flatMap(([word, version], index): VersionWord[] => [
  { name: `force-${word}`, min: version, max: version },
  index < 4
    ? { name: `no-${word}`, min: tlsVersions[index + 1] }
    : { name: `no-${word}`, max: 'TLSv1.2' },
]);

/** Applies a version word to limits that may already be set: a limit only gets narrower. */
export function narrowVersions(
  limits: { sslMinVer: string; sslMaxVer: string },
  word: VersionWord,
): void {
  const versions: readonly string[] = tlsVersions;
  const rank = (version: string): number => versions.indexOf(version);
  if (
    word.min !== undefined &&
    (limits.sslMinVer === '' || rank(word.min) > rank(limits.sslMinVer))
  ) {
    limits.sslMinVer = word.min;
  }
  if (
    word.max !== undefined &&
    (limits.sslMaxVer === '' || rank(word.max) < rank(limits.sslMaxVer))
  ) {
    limits.sslMaxVer = word.max;
  }
}

const versionRows = versionWords.map(
  (word): BindKeyword => ({
    name: word.name,
    takes: 0,
    tls: true,
    help: word.name.startsWith('no-') ? 'a TLS version that is not spoken' : 'the only TLS version',
    example: `bind :443 ${word.name}`,
    parse: (_cursor, bind) => {
      if (bind.ssl !== null) narrowVersions(bind.ssl, word);
    },
  }),
);

/** `alpn` of a line that wants none, until resolve-tls.ts has filled in what others offer. */
export const noAlpn = '-';

const switches: readonly (readonly [string, Partial<BindSslModel>, string])[] = [
  ['strict-sni', { strictSni: true, noStrictSni: false }, 'refuse names without a certificate'],
  [
    'no-strict-sni',
    { strictSni: false, noStrictSni: true },
    'names without a certificate get the first one',
  ],
  ['no-tls-tickets', { tlsTickets: false }, 'no session tickets'],
  ['tls-tickets', { tlsTickets: true }, 'session tickets'],
  ['prefer-client-ciphers', { preferClientCiphers: true }, 'the order of the client counts'],
  ['no-alpn', { alpn: noAlpn }, 'no ALPN'],
  ['no-ca-names', { noCaNames: true }, 'clients are not told which authorities count'],
];

const switchRows = switches.map(
  ([name, fields, help]): BindKeyword => ({
    name,
    takes: 0,
    tls: true,
    help,
    example: `bind :443 ${name}`,
    parse: (_cursor, bind) => set(bind, fields),
  }),
);

/** Errors of verification that do not end the handshake: numbers or names, or `all`. */
const ignoreRow = (name: string, field: 'crtIgnored' | 'caIgnored', help: string): BindKeyword => ({
  name,
  takes: 1,
  tls: true,
  help,
  example: `bind :443 ${name} all`,
  parse: (cursor, bind) => {
    const text = argument(cursor);
    if (text === '') return void missing(cursor, 'missing error IDs list');
    const codes = text.split(',').map((part) => verifyCode(part.trim()));
    if (text !== 'all' && codes.includes(-1)) missing(cursor, `unknown error ID in '${text}'`);
    else set(bind, { [field]: text === 'all' ? text : codes.join(',') });
  },
});

export const bindTlsKeywords: readonly BindKeyword[] = [
  {
    name: 'ssl',
    takes: 0,
    tls: true,
    help: 'TLS on this line',
    example: 'bind :443 ssl crt site.pem',
    parse: () => {},
  },
  {
    name: 'alpn',
    takes: 1,
    tls: true,
    help: 'protocols to negotiate',
    example: 'bind :443 alpn http/1.1',
    parse: (cursor, bind) => {
      const alpn = readAlpn(cursor, ['h3']);
      if (alpn !== null) set(bind, { alpn });
    },
  },
  {
    name: 'ca-file',
    takes: 1,
    tls: true,
    help: 'authorities of client certificates',
    example: 'bind :443 ca-file @system-ca',
    parse: (cursor, bind, draft) => {
      const caFile = readCaFile(cursor, draft);
      if (caFile !== null) set(bind, { caFile });
    },
  },
  {
    name: 'ca-verify-file',
    takes: 1,
    tls: true,
    help: 'more authorities of client certificates, whose names are not sent',
    example: 'bind :443 ca-verify-file @system-ca',
    parse: (cursor, bind, draft) => {
      const caVerifyFile = readCaFile(cursor, draft);
      if (caVerifyFile !== null) set(bind, { caVerifyFile });
    },
  },
  {
    name: 'crl-file',
    takes: 1,
    tls: true,
    help: 'revocations of client certificates',
    example: 'bind :443 crl-file /dev/null',
    parse: (cursor, bind, draft) => {
      const crlFile = readCrlFile(cursor, draft);
      if (crlFile !== null) set(bind, { crlFile });
    },
  },
  ignoreRow('crt-ignore-err', 'crtIgnored', 'errors of a client certificate that let it pass'),
  ignoreRow('ca-ignore-err', 'caIgnored', 'errors of its issuers that let it pass'),
  {
    name: 'verify',
    takes: 1,
    tls: true,
    help: 'ask for client certificates',
    example: 'bind :443 verify optional ca-file @system-ca',
    parse: (cursor, bind) => {
      const verify = (['none', 'optional', 'required'] as const).find(
        (choice) => choice === argument(cursor),
      );
      if (verify === undefined) missing(cursor, "expects 'none', 'optional' or 'required'");
      else set(bind, { verify });
    },
  },
  textRow('ciphers', 'cipher suites up to TLS 1.2', 'missing cipher suite'),
  textRow('ciphersuites', 'cipher suites of TLS 1.3', 'missing cipher suite'),
  textRow('curves', 'groups of the key exchange', 'missing curve suite'),
  textRow('sigalgs', 'signature algorithms', 'missing signature algorithm list'),
  textRow(
    'client-sigalgs',
    'signatures of client certificates',
    'missing signature algorithm list',
  ),
  textRow('ecdhe', 'the group of the key exchange', 'missing named curve'),
  {
    name: 'ssl-min-ver',
    takes: 1,
    tls: true,
    help: 'lowest TLS version',
    example: 'bind :443 ssl-min-ver TLSv1.2',
    parse: (cursor, bind) => {
      const sslMinVer = readTlsVersion(cursor);
      if (sslMinVer !== null) set(bind, { sslMinVer });
    },
  },
  {
    name: 'ssl-max-ver',
    takes: 1,
    tls: true,
    help: 'highest TLS version',
    example: 'bind :443 ssl-max-ver TLSv1.3',
    parse: (cursor, bind) => {
      const sslMaxVer = readTlsVersion(cursor);
      if (sslMaxVer !== null) set(bind, { sslMaxVer });
    },
  },
  ...versionRows,
  ...switchRows,
];

const globalTexts: readonly (readonly [string, keyof SslDefaultsModel, string, string])[] = [
  ['ca-base', 'caBase', 'folder of relative ca-file names', '/etc/ssl/certs'],
  ['crt-base', 'crtBase', 'folder of relative crt names', '/etc/ssl/private'],
  ['key-base', 'keyBase', 'folder of relative key names of a crt-store', '/etc/ssl/private'],
  [
    'ssl-default-bind-ciphers',
    'bindCiphers',
    'ciphers of bind lines',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ],
  [
    'ssl-default-bind-ciphersuites',
    'bindCiphersuites',
    'TLS 1.3 suites of bind lines',
    'TLS_AES_128_GCM_SHA256',
  ],
  [
    'ssl-default-server-ciphers',
    'serverCiphers',
    'ciphers of servers',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ],
  [
    'ssl-default-server-ciphersuites',
    'serverCiphersuites',
    'TLS 1.3 suites of servers',
    'TLS_AES_128_GCM_SHA256',
  ],
  ['ssl-default-bind-curves', 'bindCurves', 'groups of bind lines', 'X25519:P-256'],
  ['ssl-default-bind-sigalgs', 'bindSigalgs', 'signatures of bind lines', 'RSA+SHA256'],
  ['ssl-default-bind-client-sigalgs', 'bindClientSigalgs', 'client signatures', 'RSA+SHA256'],
  ['ssl-default-server-client-sigalgs', 'serverClientSigalgs', 'client signatures', 'RSA+SHA256'],
  ['ssl-default-server-curves', 'serverCurves', 'groups of servers', 'X25519:P-256'],
  ['ssl-default-server-sigalgs', 'serverSigalgs', 'signatures of servers', 'RSA+SHA256'],
];

const globalTextRows = globalTexts.map(
  ([name, field, help, example]): GlobalKeyword => ({
    name,
    help,
    example: `${name} ${example}`,
    parse: (line, global) => {
      const value = line.atMost(1) ? line.needed(0, 'a value') : null;
      if (value !== null) Object.assign(global.ssl, { [field]: value });
    },
  }),
);

/** Words of ssl-default-bind-options and ssl-default-server-options; limits take a value. */
const optionWords = new Set([
  ...versionWords.map((word) => word.name),
  'no-tls-tickets',
  'prefer-client-ciphers',
  'strict-sni',
]);

/** These are for servers alone. */
const renegotiationWords = ['renegotiate', 'no-renegotiate'];

function readOptions(line: Line, more: readonly string[] = []): readonly string[] | null {
  const words = line.rest();
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === 'ssl-min-ver' || word === 'ssl-max-ver') {
      index++;
      if (tlsVersions.some((version) => version === words[index])) continue;
      return line.alert(index, `'${word}' : expects one of ${tlsVersions.join(', ')}`);
    }
    if (!optionWords.has(word) && !more.includes(word)) {
      return line.alert(index, `unknown option '${word}' on global statement '${line.name}'.`);
    }
  }
  return words.length === 0
    ? line.alert(0, `global statement '${line.name}' expects an option.`)
    : words;
}

export const globalTlsKeywords: readonly GlobalKeyword[] = [
  ...globalTextRows,
  {
    name: 'ssl-default-bind-options',
    help: 'TLS options of bind lines',
    example: 'ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets',
    parse: (line, global) => {
      global.ssl.bindOptions = readOptions(line) ?? global.ssl.bindOptions;
    },
  },
  {
    name: 'ssl-default-server-options',
    help: 'TLS options of servers',
    example: 'ssl-default-server-options ssl-min-ver TLSv1.2 no-renegotiate',
    parse: (line, global) => {
      global.ssl.serverOptions = readOptions(line, renegotiationWords) ?? global.ssl.serverOptions;
    },
  },
  {
    name: 'ssl-server-verify',
    help: 'verification of servers that say nothing',
    example: 'ssl-server-verify none',
    parse: (line, global) => {
      const value = line.choice(0, ['none', 'required']);
      if (value !== null) global.ssl.serverVerify = value;
    },
  },
];
