// The PROXY header that a server gets: addresses of the session, and the TLVs that the server line
// asks for (proxy-protocol.txt 2.2; manual 5.2, proxy-v2-options, set-proxy-v2-tlv-fmt). Made once
// per connection by openings.ts.

import { X509Certificate } from 'node:crypto';
import type { TlsSession } from '../../shared/sys/tls.ts';
import { nameEntry, readCertificate } from '../../shared/certificate.ts';
import {
  proxyBlock,
  proxyLine,
  tlvAlpn,
  tlvAuthority,
  tlvBytes,
  tlvNamespace,
  tlvSsl,
  tlvUniqueId,
} from '../conn/proxy-header.ts';
import { tlsSessionOf } from '../conn/tls.ts';
import { clientNamespace } from '../mux/client-namespace.ts';
import type { Server } from '../server/server.ts';
import type { Stream } from './stream.ts';

/** The header for the connection of `stream`, one character per byte. */
export function proxyHeader(stream: Stream, server: Server): string {
  // As rules see them: set-src and set-dst count.
  const { source, destination } = stream;
  if (server.model.sendProxy === 1) return proxyLine(source, destination);
  const options = server.model.proxyV2Options;
  let before = '';
  for (const { type, value } of stream.backend.serverLines[server.index].tlvs) {
    before += tlvBytes(type, value?.(stream) ?? '');
  }
  let after = alpnTlv(stream);
  let wantsTls = false;
  for (const option of options) if (sslOptions.has(option)) wantsTls = true;
  for (const [option, tlvOf] of optionTlvs) if (options.includes(option)) after += tlvOf(stream);
  if (wantsTls) after += sslTlv(stream, options);
  const namespace = clientNamespace(stream);
  if (namespace !== '') after += tlvBytes(tlvNamespace, namespace);
  return proxyBlock(source, destination, { before, after, crc32c: options.includes('crc32c') });
}

/** What was negotiated with the client is always told. */
function alpnTlv(stream: Stream): string {
  const alpn = tlsSessionOf(stream.session.connection)?.alpn() ?? '';
  return alpn === '' ? '' : tlvBytes(tlvAlpn, alpn);
}

/** The TLV of an option of proxy-v2-options, '' when there is nothing to say. */
type OptionTlv = (stream: Stream) => string;

/** In the order in which they are written. */
const optionTlvs: ReadonlyMap<string, OptionTlv> = new Map<string, OptionTlv>([
  ['authority', authorityTlv],
  ['unique-id', uniqueIdTlv],
]);

function authorityTlv({ session }: Stream): string {
  for (const { type, value } of session.proxyTlvs) {
    if (type === tlvAuthority) return tlvBytes(tlvAuthority, value);
  }
  const name = tlsSessionOf(session.connection)?.sni() ?? '';
  return name === '' ? '' : tlvBytes(tlvAuthority, name);
}

function uniqueIdTlv(stream: Stream): string {
  const { uniqueId } = stream.frontend;
  if (stream.uniqueId === '' && uniqueId !== null) stream.uniqueId = uniqueId(stream);
  return tlvBytes(tlvUniqueId, stream.uniqueId);
}

// ---- PP2_TYPE_SSL ----

const clientTls = 1;
const certificateOnConnection = 2;
const certificateInSession = 4;
const subVersion = 0x21;

/** A sub-TLV by its option, '' for nothing to say. In the order in which they are written. */
const subTlvs: readonly (readonly [string, number, (session: TlsSession) => string])[] = [
  ['cert-cn', 0x22, commonName],
  ['cert-key', 0x25, keyName],
  ['cert-sig', 0x24, signatureName],
  ['ssl-cipher', 0x23, (session) => session.cipher()],
];
const sslOptions: ReadonlySet<string> = new Set(['ssl', ...subTlvs.map(([option]) => option)]);

function sslTlv(stream: Stream, options: readonly string[]): string {
  const session = tlsSessionOf(stream.session.connection);
  if (session === null) return tlvBytes(tlvSsl, '\0\0\0\0\0');
  const hasCertificate = session.peerCertificate() !== null;
  let client = clientTls;
  if (hasCertificate) client |= certificateInSession;
  if (hasCertificate && !session.isResumed()) client |= certificateOnConnection;
  const verdict = hasCertificate ? session.verifyResult() : 0;
  const verify = String.fromCharCode(
    verdict >>> 24,
    (verdict >>> 16) & 255,
    (verdict >>> 8) & 255,
    verdict & 255,
  );
  let body = String.fromCharCode(client) + verify + tlvBytes(subVersion, session.protocol());
  for (const [option, type, read] of subTlvs) {
    const value = options.includes(option) ? read(session) : '';
    if (value !== '') body += tlvBytes(type, value);
  }
  return tlvBytes(tlvSsl, body);
}

function commonName(session: TlsSession): string {
  const der = session.peerCertificate();
  const certificate = der === null ? null : readCertificate(der);
  return certificate === null ? '' : (nameEntry(certificate.subject, 'CN', 1) ?? '');
}

function signatureName(session: TlsSession): string {
  const der = session.localCertificate();
  return der === null ? '' : (readCertificate(der)?.signatureAlgorithm ?? '');
}

const curveBits: Readonly<Record<string, number>> = {
  prime256v1: 256,
  secp384r1: 384,
  secp521r1: 521,
};
const keyNames: Readonly<Record<string, string>> = { rsa: 'RSA', ec: 'EC', dsa: 'DSA' };

/** `RSA2048`, `EC256`: kind and bits of the key of our own certificate. */
function keyName(session: TlsSession): string {
  const der = session.localCertificate();
  if (der === null) return '';
  const { asymmetricKeyType: kind = '', asymmetricKeyDetails: details } = new X509Certificate(der)
    .publicKey;
  const bits = details?.modulusLength ?? curveBits[details?.namedCurve ?? ''];
  const name = keyNames[kind];
  return name === undefined || bits === undefined ? '' : `${name}${bits}`;
}
