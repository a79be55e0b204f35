// A listener's contexts of OpenSSL: one SSL_CTX that reads client hellos and one for every
// certificate with its own settings, which a hello switches to. Made by openssl.ts at start, one
// per thread and bind line; `renew` swaps what has changed while sessions go on. What OpenSSL asks
// in the middle of a handshake comes through openssl-callbacks.ts.

import assert from 'node:assert/strict';
import { region, regionOf } from './memory.ts';
import { type ServerChoice, serverCallbacks } from './openssl-callbacks.ts';
import type { OpenSslCalls } from './openssl-calls.ts';
import { type ReadCertificate, readCertificate, useCertificate } from './openssl-certificate.ts';
import { excludedNames, NameIndex, type NamedContext } from './openssl-names.ts';
import { OpenSslSession } from './openssl-session.ts';
import {
  configure,
  CTRL_CURVES,
  CTRL_MAX_VERSION,
  CTRL_MIN_VERSION,
  encodeAlpn,
  isSame,
  setVerification,
  verifyModes,
  versionNumbers,
} from './openssl-settings.ts';
import type { Region } from './sys.ts';
import type {
  TlsCertificate,
  TlsContext,
  TlsIgnored,
  TlsResult,
  TlsServerOptions,
  TlsSession,
  TlsSettings,
} from './tls.ts';

const CTRL_SESSION_MAX = 42;
const CTRL_SESSION_MODE = 44;
const CTRL_SERVERNAME_CALLBACK = 53;
const CTRL_TICKET_KEYS = 59;
const CTRL_STATUS_CALLBACK = 63;
const SESSIONS_OFF = 0;
const SESSIONS_SERVER = 2;
const OP_SERVER_PREFERENCE = 2 ** 22;
const TICKET_KEY_BYTES = 80;
/** Authentication that a suite of TLS 1.3 leaves open, and ECDSA (OpenSSL's numbers). */
const AUTH_ANY = 1064;
const AUTH_ECDSA = 1047;
/** Signals that look like suites: they authenticate nothing (RFC 5746 3.3, RFC 7507). */
const signals: ReadonlySet<number> = new Set([0x00ff, 0x5600]);

const noAlpn = region(0);

/** One certificate with its settings. */
interface Part extends NamedContext {
  readonly certificate: TlsCertificate | null;
  readonly settings: TlsSettings;
  readonly alpn: Region;
}

/** What a set of options comes to. */
interface Built {
  readonly base: Part;
  readonly parts: readonly Part[];
  readonly index: NameIndex<Part>;
}

class OpenSslServer implements TlsContext, ServerChoice {
  readonly isServer = true;
  generation = 0;
  ecdsaSuites: ReadonlySet<number>;
  readonly #calls: OpenSslCalls;
  readonly #strictSni: boolean;
  readonly #crtIgnored: TlsIgnored;
  readonly #caIgnored: TlsIgnored;
  #built: Built | null;
  /** By SSL_CTX. */
  #byHandle: Map<number, Part>;

  constructor(calls: OpenSslCalls, options: TlsServerOptions, built: Built) {
    this.#calls = calls;
    this.#strictSni = options.strictSni;
    this.#crtIgnored = options.crtIgnored;
    this.#caIgnored = options.caIgnored;
    this.#built = built;
    this.#byHandle = byHandle(built);
    this.ecdsaSuites = ecdsaSuites(calls, built.base);
  }

  session(fd: number): TlsSession {
    const calls = this.#calls;
    const built = this.#built;
    assert(built !== null, 'use of a freed TLS context');
    const ssl = calls.SSL_new(built.base.handle);
    assert(ssl !== 0, 'OpenSSL has no memory for a session');
    assert.equal(calls.SSL_set_fd(ssl, fd), 1, 'OpenSSL refuses a descriptor');
    calls.SSL_set_accept_state(ssl);
    return new OpenSslSession(calls, ssl, this, this.generation);
  }

  adopt(handle: number): TlsSession {
    return new OpenSslSession(this.#calls, handle, null, this.generation);
  }

  renew(options: TlsServerOptions): string {
    const before = this.#built;
    assert(before !== null, 'use of a freed TLS context');
    const built = build(this.#calls, options, before);
    if (typeof built === 'string') return built;
    this.#built = built;
    this.#byHandle = byHandle(built);
    this.ecdsaSuites = ecdsaSuites(this.#calls, built.base);
    release(this.#calls, before, built);
    this.generation++;
    return '';
  }

  free(): void {
    assert(this.#built !== null, 'a TLS context is freed twice');
    release(this.#calls, this.#built, null);
    this.#built = null;
    this.#byHandle.clear();
  }

  // ---- what a handshake asks ----

  choose(ssl: number, name: string, canRsa: boolean, canEcdsa: boolean): boolean {
    const built = this.#built;
    if (built === null) return false;
    let part = name === '' ? null : built.index.find(name, canRsa, canEcdsa);
    if (part === null) {
      if (this.#strictSni) return false;
      part = built.index.find('', canRsa, canEcdsa);
    }
    if (part === null) return false;
    const calls = this.#calls;
    calls.SSL_set_SSL_CTX(ssl, part.handle);
    if (part.settings !== built.base.settings) applySettings(calls, ssl, part.settings);
    return true;
  }

  alpnOf(ssl: number): Region {
    return this.#byHandle.get(this.#calls.SSL_get_SSL_CTX(ssl))?.alpn ?? noAlpn;
  }

  ocspOf(ssl: number): Uint8Array | null {
    return this.#byHandle.get(this.#calls.SSL_get_SSL_CTX(ssl))?.certificate?.ocsp ?? null;
  }

  isIgnored(error: number, depth: number): boolean {
    const ignored = depth > 0 ? this.#caIgnored : this.#crtIgnored;
    return ignored === 'all' || ignored.includes(error);
  }
}

/** What a session has from the context it began with and must have from another one. */
function applySettings(calls: OpenSslCalls, ssl: number, settings: TlsSettings): void {
  calls.SSL_set_verify(ssl, verifyModes[settings.verify], serverCallbacks().verify);
  calls.SSL_ctrl(ssl, CTRL_MIN_VERSION, versionNumbers[settings.minVersion], 0);
  calls.SSL_ctrl(ssl, CTRL_MAX_VERSION, versionNumbers[settings.maxVersion], 0);
  if (settings.curves !== '') calls.SSL_ctrl_text(ssl, CTRL_CURVES, 0, settings.curves);
}

/** See `Tls.serverContext`. */
export function makeServerContext(calls: OpenSslCalls, options: TlsServerOptions): TlsResult {
  const built = build(calls, options, null);
  if (typeof built === 'string') return { context: null, error: built };
  return { context: new OpenSslServer(calls, options, built), error: '' };
}

/** Keeps of `before` what is made of the same certificate and equal settings. */
function build(
  calls: OpenSslCalls,
  options: TlsServerOptions,
  before: Built | null,
): Built | string {
  if (options.instances.length === 0 && !options.strictSni) {
    return 'a TLS listener needs a certificate';
  }
  const fresh: Part[] = [];
  const known: Part[] = before === null ? [] : [before.base, ...before.parts];
  const byCertificate = new Map<TlsCertificate | null, Part[]>();
  for (const part of known) file(byCertificate, part);
  const give = (certificate: ReadCertificate | null, settings: TlsSettings): Part | string => {
    const source = certificate?.source ?? null;
    const same = byCertificate.get(source)?.find((one) => isSame(one.settings, settings));
    if (same !== undefined) return same;
    const part = makePart(calls, options, { certificate, settings, like: [...known, ...fresh] });
    if (typeof part === 'string') return part;
    fresh.push(part);
    file(byCertificate, part);
    return part;
  };
  const built = assemble(options, give);
  if (typeof built !== 'string') return built;
  for (const { handle } of fresh) calls.SSL_CTX_free(handle);
  return built;
}

type Give = (certificate: ReadCertificate | null, settings: TlsSettings) => Part | string;

function assemble(options: TlsServerOptions, give: Give): Built | string {
  const base = give(null, baseSettings(options));
  if (typeof base === 'string') return base;
  const index = new NameIndex<Part>();
  const parts: Part[] = [];
  for (const { certificate, filters, isDefault, settings } of options.instances) {
    const read = readCertificate(certificate);
    if (typeof read === 'string') return read;
    // Equal settings are one object, so that a hello sees at once that nothing has to change.
    const own = isSame(settings, base.settings) ? base.settings : settings;
    const made = give(read, own);
    if (typeof made === 'string') return made;
    const part = { ...made, settings: own, excluded: excludedNames(filters) };
    parts.push(part);
    index.add(part, filters.length === 0 ? read.names : filters, isDefault);
  }
  return { base, parts, index };
}

function baseSettings(options: TlsServerOptions): TlsSettings {
  const { minVersion, maxVersion, ciphers, ciphersuites, curves, sigalgs, alpn } = options;
  const { clientSigalgs, verify, caPem, caVerifyPem, crlPem, hidesAuthorities, tickets } = options;
  const lists = { ciphers, ciphersuites, curves, sigalgs, clientSigalgs, alpn };
  const trusted = { verify, caPem, caVerifyPem, crlPem, hidesAuthorities };
  return { minVersion, maxVersion, ...lists, ...trusted, tickets };
}

function file(map: Map<TlsCertificate | null, Part[]>, part: Part): void {
  const list = map.get(part.certificate);
  if (list === undefined) map.set(part.certificate, [part]);
  else list.push(part);
}

const byHandle = ({ base, parts }: Built): Map<number, Part> =>
  new Map([base, ...parts].map((part) => [part.handle, part]));

/** Frees what `after` has no use for; sessions that exist keep what they need. */
function release(calls: OpenSslCalls, before: Built, after: Built | null): void {
  const kept = after === null ? new Map<number, Part>() : byHandle(after);
  for (const handle of byHandle(before).keys()) {
    if (!kept.has(handle)) calls.SSL_CTX_free(handle);
  }
}

/** Suites of the listener that an ECDSA certificate can be used with. */
function ecdsaSuites(calls: OpenSslCalls, { handle, settings }: Part): ReadonlySet<number> {
  const suites = new Set<number>();
  const list = calls.SSL_CTX_get_ciphers(handle);
  const hasNewest = settings.maxVersion === '' || settings.maxVersion === 'TLSv1.3';
  const count = list === 0 ? 0 : calls.OPENSSL_sk_num(list);
  for (let i = 0; i < count; i++) {
    const cipher = calls.OPENSSL_sk_value(list, i);
    const kind = calls.SSL_CIPHER_get_auth_nid(cipher);
    const suite = calls.SSL_CIPHER_get_protocol_id(cipher);
    if (signals.has(suite)) continue;
    if (kind === AUTH_ECDSA || (kind === AUTH_ANY && hasNewest)) suites.add(suite);
  }
  return suites;
}

interface PartSource {
  readonly certificate: ReadCertificate | null;
  readonly settings: TlsSettings;
  /** Parts whose trusted authorities may be shared. */
  readonly like: readonly Part[];
}

function makePart(
  calls: OpenSslCalls,
  options: TlsServerOptions,
  source: PartSource,
): Part | string {
  const { certificate, settings } = source;
  const alpn = encodeAlpn(settings.alpn);
  if (settings.alpn !== '' && alpn.bytes.length === 0) {
    return `not a list of ALPN protocols: '${settings.alpn}'`;
  }
  const handle = calls.SSL_CTX_new(calls.TLS_server_method());
  const error =
    configure(calls, handle, settings) ||
    trust(calls, handle, source) ||
    (certificate === null ? '' : useCertificate(calls, handle, certificate.source)) ||
    setServer(calls, handle, options, alpn);
  if (error !== '') {
    calls.SSL_CTX_free(handle);
    return error;
  }
  const kind = certificate?.kind ?? 'other';
  return {
    handle,
    kind,
    excluded: noNames,
    certificate: certificate?.source ?? null,
    settings,
    alpn,
  };
}

const isTrustEqual = (one: TlsSettings, other: TlsSettings): boolean =>
  one.caPem === other.caPem &&
  one.caVerifyPem === other.caVerifyPem &&
  one.crlPem === other.crlPem &&
  one.hidesAuthorities === other.hidesAuthorities;

const noNames: ReadonlySet<string> = new Set();

/** Authorities are read once for all certificates of a listener that trust the same. */
function trust(calls: OpenSslCalls, handle: number, { settings, like }: PartSource): string {
  const { verify } = serverCallbacks();
  const twin =
    settings.caPem === '' && settings.caVerifyPem === ''
      ? undefined
      : like.find(({ settings: other }) => isTrustEqual(other, settings));
  if (twin === undefined) return setVerification(calls, handle, settings, verify);
  calls.SSL_CTX_set_verify(handle, verifyModes[settings.verify], verify);
  calls.SSL_CTX_set1_cert_store(handle, calls.SSL_CTX_get_cert_store(twin.handle));
  if (settings.hidesAuthorities) return '';
  const names = calls.SSL_dup_CA_list(calls.SSL_CTX_get_client_CA_list(twin.handle));
  calls.SSL_CTX_set_client_CA_list(handle, names);
  return '';
}

function setServer(
  calls: OpenSslCalls,
  handle: number,
  options: TlsServerOptions,
  alpn: Region,
): string {
  calls.SSL_CTX_set_session_id_context(handle, 'hawser', 6);
  const mode = options.sessionMax > 0 ? SESSIONS_SERVER : SESSIONS_OFF;
  calls.SSL_CTX_ctrl(handle, CTRL_SESSION_MODE, mode, 0);
  calls.SSL_CTX_ctrl(handle, CTRL_SESSION_MAX, options.sessionMax, 0);
  calls.SSL_CTX_set_timeout(handle, options.sessionLifetimeSeconds);
  if (!options.preferClientCiphers) calls.SSL_CTX_set_options(handle, OP_SERVER_PREFERENCE);
  if (options.ticketKeys !== null) {
    const keys = regionOf(Uint8Array.from(options.ticketKeys));
    if (keys.bytes.length !== TICKET_KEY_BYTES) return `ticket keys need ${TICKET_KEY_BYTES} bytes`;
    calls.SSL_CTX_ctrl(handle, CTRL_TICKET_KEYS, TICKET_KEY_BYTES, keys.address);
    keys.bytes.fill(0);
  }
  const callbacks = serverCallbacks();
  calls.SSL_CTX_set_client_hello_cb(handle, callbacks.clientHello, 0);
  calls.SSL_CTX_callback_ctrl(handle, CTRL_SERVERNAME_CALLBACK, callbacks.serverName);
  calls.SSL_CTX_callback_ctrl(handle, CTRL_STATUS_CALLBACK, callbacks.status);
  if (options.keepsHello) calls.SSL_CTX_set_msg_callback(handle, callbacks.message);
  if (alpn.bytes.length > 0) calls.SSL_CTX_set_alpn_select_cb(handle, callbacks.alpn, 0);
  return '';
}
