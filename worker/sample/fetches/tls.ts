// Fetches of TLS (manual 7.3.4): what a session negotiated (side × field), and the certificates on
// both ends of it (owner × field). A connection in clear has none but `ssl_fc` and `ssl_bc`.

import { createHash } from 'node:crypto';
import type { TlsSession } from '../../../shared/sys/tls.ts';
import { tlsSessionOf } from '../../conn/tls.ts';
import type { ArgumentDef, ArgumentValue, Evaluate, FetchDef, Scope } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import {
  type Certificate,
  type NameEntry,
  nameEntry,
  nameLine,
  nameRfc2253,
  readCertificate,
} from '../../../shared/certificate.ts';
import { kindBinary, kindBool, kindSint, kindString, type Sample } from '../sample.ts';
import { plain } from './row.ts';

type ReadSession = (stream: Stream) => TlsSession | null;

export const frontSession: ReadSession = (stream) => tlsSessionOf(stream.session.connection);
const backSession: ReadSession = (stream) => tlsSessionOf(stream.backConnection);

interface SideRow {
  readonly prefix: string;
  readonly reads: string;
  readonly what: string;
  readonly read: ReadSession;
}

export const front: SideRow = {
  prefix: 'ssl_fc',
  reads: 'client-connection',
  what: 'the client',
  read: frontSession,
};
const back: SideRow = {
  prefix: 'ssl_bc',
  reads: 'server-connection',
  what: 'the server',
  read: backSession,
};

/** Fills `out` from a session; false: no value. */
type ReadField = (session: TlsSession, out: Sample) => boolean;

interface FieldRow {
  readonly name: string;
  readonly kind: number;
  readonly help: string;
  readonly read: ReadField;
}

const text =
  (read: (session: TlsSession) => string): ReadField =>
  (session, out) => {
    const value = read(session);
    return value !== '' && out.setText(value);
  };

const number =
  (read: (session: TlsSession) => number): ReadField =>
  (session, out) =>
    out.setInt(read(session));

const fields: readonly FieldRow[] = [
  {
    name: 'alg_keysize',
    kind: kindSint,
    help: 'bits of the cipher',
    read: number((session) => session.cipherKeyBits()),
  },
  {
    name: 'use_keysize',
    kind: kindSint,
    help: 'secret bits of the cipher in use',
    read: number((session) => session.cipherBits()),
  },
  {
    name: 'alpn',
    kind: kindString,
    help: 'protocol negotiated',
    read: text((session) => session.alpn()),
  },
  { name: 'cipher', kind: kindString, help: 'cipher', read: text((session) => session.cipher()) },
  {
    name: 'protocol',
    kind: kindString,
    help: 'version of TLS',
    read: text((session) => session.protocol()),
  },
  {
    name: 'curve',
    kind: kindString,
    help: 'group of the key exchange',
    read: text((session) => session.group()),
  },
  {
    name: 'sni',
    kind: kindString,
    help: 'server name asked for',
    read: text((session) => session.sni()),
  },
  {
    name: 'is_resumed',
    kind: kindBool,
    help: 'the session was resumed',
    read: (session, out) => out.setBool(session.isResumed()),
  },
  {
    name: 'err',
    kind: kindSint,
    help: 'number of the last error',
    read: number((session) => session.errorCode),
  },
  {
    name: 'err_str',
    kind: kindString,
    help: 'the last error',
    read: text((session) => session.errorText()),
  },
];

const onSession =
  (side: SideRow, read: ReadField): Evaluate =>
  (stream, out) => {
    const session = side.read(stream);
    return session !== null && read(session, out);
  };

const sessions: readonly FetchDef[] = [front, back].flatMap((side) => [
  plain(side.prefix, [kindBool, side.reads], `TLS with ${side.what}`, (stream, out) =>
    out.setBool(side.read(stream) !== null),
  ),
  ...fields.map(({ name, kind, help, read }) =>
    plain(
      `${side.prefix}_${name}`,
      [kind, side.reads],
      `${help}, with ${side.what}`,
      onSession(side, read),
    ),
  ),
]);

const always = (value: boolean): ReadField => {
  return (_session, out) => out.setBool(value);
};

const frontFields: readonly FieldRow[] = [
  {
    name: 'ssl_fc_has_sni',
    kind: kindBool,
    help: 'the client asked for a server name',
    read: (session, out) => out.setBool(session.sni() !== ''),
  },
  {
    name: 'ssl_fc_has_crt',
    kind: kindBool,
    help: 'the client has shown a certificate on this connection',
    read: (session, out) => out.setBool(!session.isResumed() && session.peerCertificate() !== null),
  },
  // Early data is never accepted.
  { name: 'ssl_fc_has_early', kind: kindBool, help: 'early data came', read: always(false) },
  {
    name: 'ssl_fc_early_rcvd',
    kind: kindBool,
    help: 'early data was received',
    read: always(false),
  },
  {
    name: 'ssl_c_used',
    kind: kindBool,
    help: 'the session has a client certificate',
    read: (session, out) => out.setBool(session.peerCertificate() !== null),
  },
  {
    name: 'ssl_c_verify',
    kind: kindSint,
    help: 'result of verifying the client certificate',
    read: number((session) => session.verifyResult()),
  },
  {
    name: 'ssl_c_err',
    kind: kindSint,
    help: 'error of the certificate',
    read: number((session) => session.crtError()),
  },
  {
    name: 'ssl_c_ca_err',
    kind: kindSint,
    help: 'error of its issuers',
    read: number((session) => session.caError()),
  },
  {
    name: 'ssl_c_ca_err_depth',
    kind: kindSint,
    help: 'how far up the error of its issuers is',
    read: number((session) => session.caErrorDepth()),
  },
];

const fronts: readonly FetchDef[] = frontFields.map(({ name, kind, help, read }) =>
  plain(name, [kind, front.reads], help, onSession(front, read)),
);

// ---- certificates ----

interface Shown {
  readonly der: Uint8Array;
  readonly certificate: Certificate;
}

export interface OwnerRow {
  readonly prefix: string;
  readonly reads: string;
  readonly what: string;
  readonly session: ReadSession;
  readonly der: (session: TlsSession) => Uint8Array | null;
  /** What has been read of sessions that are still there. */
  readonly known: WeakMap<TlsSession, Shown>;
}

export const owners: readonly OwnerRow[] = [
  {
    prefix: 'ssl_c',
    reads: front.reads,
    what: "the client's certificate",
    session: frontSession,
    der: (session) => session.peerCertificate(),
    known: new WeakMap(),
  },
  {
    prefix: 'ssl_f',
    reads: front.reads,
    what: 'the certificate shown to the client',
    session: frontSession,
    der: (session) => session.localCertificate(),
    known: new WeakMap(),
  },
  {
    prefix: 'ssl_s',
    // As the reference lists them; there is no value before the server is connected.
    reads: front.reads,
    what: "the server's certificate",
    session: backSession,
    der: (session) => session.peerCertificate(),
    known: new WeakMap(),
  },
];

function shownBy(owner: OwnerRow, stream: Stream): Shown | null {
  const session = owner.session(stream);
  if (session === null) return null;
  const known = owner.known.get(session);
  if (known !== undefined) return known;
  const der = owner.der(session);
  const certificate = der === null ? null : readCertificate(der);
  if (der === null || certificate === null) return null;
  const shown = { der, certificate };
  owner.known.set(session, shown);
  return shown;
}

export const bytesOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

interface CertificateRow {
  readonly name: string;
  readonly kind: number;
  readonly help: string;
  readonly read: (shown: Shown, out: Sample) => boolean;
}

const certificateText =
  (read: (certificate: Certificate) => string): CertificateRow['read'] =>
  ({ certificate }, out) => {
    const value = read(certificate);
    return value !== '' && out.setText(value);
  };

const certificateFields: readonly CertificateRow[] = [
  {
    name: 'der',
    kind: kindBinary,
    help: 'bytes of',
    read: ({ der }, out) => out.setBinary(bytesOf(der)),
  },
  {
    name: 'sha1',
    kind: kindBinary,
    help: 'fingerprint of',
    read: ({ der }, out) => out.setBinary(bytesOf(createHash('sha1').update(der).digest())),
  },
  {
    name: 'serial',
    kind: kindBinary,
    help: 'serial number of',
    read: ({ certificate }, out) => out.setBinary(certificate.serial),
  },
  {
    name: 'version',
    kind: kindSint,
    help: 'version of',
    read: ({ certificate }, out) => out.setInt(certificate.version),
  },
  {
    name: 'key_alg',
    kind: kindString,
    help: 'algorithm of the key of',
    read: certificateText(({ keyAlgorithm }) => keyAlgorithm),
  },
  {
    name: 'sig_alg',
    kind: kindString,
    help: 'algorithm of the signature of',
    read: certificateText(({ signatureAlgorithm }) => signatureAlgorithm),
  },
  {
    name: 'notbefore',
    kind: kindString,
    help: 'start of the validity of',
    read: certificateText(({ notBefore }) => notBefore),
  },
  {
    name: 'notafter',
    kind: kindString,
    help: 'end of the validity of',
    read: certificateText(({ notAfter }) => notAfter),
  },
];

export const nameArguments: readonly ArgumentDef[] = [
  { name: 'entry', type: 'string', optional: true },
  { name: 'occurrence', type: 'sint', optional: true },
  { name: 'format', type: 'string', optional: true },
];

type PickName = (certificate: Certificate) => readonly NameEntry[];

/** A fetch of a name: the whole of it, or an entry; null: alert given. */
export function buildName(
  owner: OwnerRow,
  pick: PickName,
  [entry, occurrence, format]: readonly ArgumentValue[],
  scope: Scope,
): Evaluate | null {
  const form = String(format ?? '');
  if (form !== '' && form !== 'rfc2253') {
    scope.alert(`only rfc2253 is a known format of names, not '${form}'`);
    return null;
  }
  const name = String(entry ?? '');
  const position = Number(occurrence ?? 1);
  const render = form === '' ? nameLine : nameRfc2253;
  return (stream, out) => {
    const shown = shownBy(owner, stream);
    if (shown === null) return false;
    const entries = pick(shown.certificate);
    const value = name === '' ? render(entries) : nameEntry(entries, name, position);
    return value !== null && value !== '' && out.setText(value);
  };
}

const names: readonly (readonly [string, PickName, string])[] = [
  ['s_dn', (certificate) => certificate.subject, 'subject of'],
  ['i_dn', (certificate) => certificate.issuer, 'issuer of'],
];

const certificates: readonly FetchDef[] = owners.flatMap((owner) => [
  ...certificateFields.map(({ name, kind, help, read }) =>
    plain(
      `${owner.prefix}_${name}`,
      [kind, owner.reads],
      `${help} ${owner.what}`,
      (stream, out) => {
        const shown = shownBy(owner, stream);
        return shown !== null && read(shown, out);
      },
    ),
  ),
  ...names.map(
    ([name, pick, help]): FetchDef => ({
      name: `${owner.prefix}_${name}`,
      args: nameArguments,
      returns: kindString,
      reads: owner.reads,
      help: `${help} ${owner.what}`,
      example: `${owner.prefix}_${name}(CN)`,
      build: (args, scope) => buildName(owner, pick, args, scope),
    }),
  ),
]);

export const tls: readonly FetchDef[] = [...sessions, ...fronts, ...certificates];
