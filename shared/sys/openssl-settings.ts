// Words of a line into an OpenSSL context: versions, ciphers, ALPN, what is trusted. For servers
// (openssl-server.ts) and for clients (openssl-context.ts). Every function answers '' or what is
// wrong.

import { region } from './memory.ts';
import type { OpenSslCalls } from './openssl-calls.ts';
import { trustAuthorities, useRevocations } from './openssl-certificate.ts';
import type { Region } from './sys.ts';
import type { TlsSettings, TlsVerify, TlsVersion } from './tls.ts';

const CTRL_MODE = 33;
const CTRL_READ_AHEAD = 41;
export const CTRL_CURVES = 92;
const CTRL_SIGALGS = 98;
const CTRL_CLIENT_SIGALGS = 102;
export const CTRL_MIN_VERSION = 123;
export const CTRL_MAX_VERSION = 124;
/** Partial write, moving write buffer, release buffers of idle sessions. */
const MODES = 0x1 | 0x2 | 0x10;
const OP_NO_TICKET = 2 ** 14;
const OP_NO_COMPRESSION = 2 ** 17;
const OP_NO_RENEGOTIATION = 2 ** 30;

export const versionNumbers: Readonly<Record<TlsVersion, number>> = {
  '': 0,
  'TLSv1.0': 0x301,
  'TLSv1.1': 0x302,
  'TLSv1.2': 0x303,
  'TLSv1.3': 0x304,
};

export const verifyModes: Readonly<Record<TlsVerify, number>> = {
  none: 0,
  optional: 1,
  required: 3,
};

/** What servers and clients share. */
export function configure(calls: OpenSslCalls, handle: number, options: TlsSettings): string {
  calls.SSL_CTX_ctrl(handle, CTRL_MODE, MODES, 0);
  // One receive for a whole record instead of one for its head and one for its body.
  calls.SSL_CTX_ctrl(handle, CTRL_READ_AHEAD, 1, 0);
  const tickets = options.tickets ? 0 : OP_NO_TICKET;
  const renegotiation = options.renegotiates === true ? 0 : OP_NO_RENEGOTIATION;
  calls.SSL_CTX_set_options(handle, OP_NO_COMPRESSION + renegotiation + tickets);
  calls.SSL_CTX_ctrl(handle, CTRL_MIN_VERSION, versionNumbers[options.minVersion], 0);
  calls.SSL_CTX_ctrl(handle, CTRL_MAX_VERSION, versionNumbers[options.maxVersion], 0);
  const lists: readonly [string, string, () => number][] = [
    ['ciphers', options.ciphers, () => calls.SSL_CTX_set_cipher_list(handle, options.ciphers)],
    [
      'ciphersuites',
      options.ciphersuites,
      () => calls.SSL_CTX_set_ciphersuites(handle, options.ciphersuites),
    ],
    [
      'curves',
      options.curves,
      () => calls.SSL_CTX_ctrl_text(handle, CTRL_CURVES, 0, options.curves),
    ],
    [
      'sigalgs',
      options.sigalgs,
      () => calls.SSL_CTX_ctrl_text(handle, CTRL_SIGALGS, 0, options.sigalgs),
    ],
    [
      'client-sigalgs',
      options.clientSigalgs,
      () => calls.SSL_CTX_ctrl_text(handle, CTRL_CLIENT_SIGALGS, 0, options.clientSigalgs),
    ],
  ];
  for (const [name, value, apply] of lists) {
    if (value === '' || apply() === 1) continue;
    calls.ERR_clear_error();
    return `OpenSSL does not know the ${name} '${value}'`;
  }
  return '';
}

/** What is trusted, with the verify callback of a server, 0n: a client's. */
export function setVerification(
  calls: OpenSslCalls,
  handle: number,
  options: TlsSettings,
  callback: bigint,
): string {
  const isNamed = callback !== 0n && !options.hidesAuthorities;
  calls.SSL_CTX_set_verify(handle, verifyModes[options.verify], callback);
  if (options.caPem !== '') {
    const error = trustAuthorities(calls, handle, options.caPem, isNamed);
    if (error !== '') return error;
  }
  if (options.caVerifyPem !== '') {
    const error = trustAuthorities(calls, handle, options.caVerifyPem, false);
    if (error !== '') return error;
  }
  return options.crlPem === '' ? '' : useRevocations(calls, handle, options.crlPem);
}

/** The list of RFC 7301; empty when a name is empty or longer than 255 bytes. */
export function encodeAlpn(list: string): Region {
  const parts = list === '' ? [] : list.split(',');
  const good = parts.every((name) => name.length > 0 && name.length < 256);
  const text = good ? parts.map((name) => String.fromCharCode(name.length) + name).join('') : '';
  const memory = region(text.length);
  memory.bytes.set(Buffer.from(text, 'latin1'));
  return memory;
}

/** Every field is equal: a context of one will do for the other. */
export function isSame(one: TlsSettings, other: TlsSettings): boolean {
  if (one === other) return true;
  for (const key of Object.keys(one) as (keyof TlsSettings)[]) {
    if (one[key] !== other[key]) return false;
  }
  return true;
}
