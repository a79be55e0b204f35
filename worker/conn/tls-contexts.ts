// TLS contexts of one thread: from the words of bind and server lines and from the texts of
// certificates to what OpenSSL wants. Equal words share a context. Called while compiling; opens no
// file.

import { chainOf } from '../../shared/config/issuer-chain.ts';
import type { BindSslModel, Model, ServerSslModel } from '../../shared/config/model.ts';
import { type CertificateModel, entriesOf } from '../../shared/config/model-certificates.ts';
import { noAlpn } from '../../shared/config/sections/bind-tls.ts';
import type {
  Tls,
  TlsCertificate,
  TlsClientOptions,
  TlsContext,
  TlsIgnored,
  TlsInstance,
  TlsResult,
  TlsServerOptions,
  TlsSession,
  TlsSettings,
  TlsVersion,
} from '../../shared/sys/tls.ts';

/** Manual 3.1, ssl-default-bind-options: what nobody asked for is not older than this. */
const oldestDefault = 'TLSv1.2';
const versions: ReadonlyMap<string, TlsVersion> = new Map<string, TlsVersion>([
  ['SSLv3', 'TLSv1.0'], // OpenSSL 3 has no SSLv3: as old as it gets
  ['TLSv1.0', 'TLSv1.0'],
  ['TLSv1.1', 'TLSv1.1'],
  ['TLSv1.2', 'TLSv1.2'],
  ['TLSv1.3', 'TLSv1.3'],
]);

/** Words that a bind line and a server line have in common. */
interface CommonWords {
  readonly sslMinVer: string;
  readonly sslMaxVer: string;
  readonly ciphers: string;
  readonly ciphersuites: string;
  readonly curves: string;
  readonly sigalgs: string;
  readonly clientSigalgs: string;
  readonly caFile: string;
  readonly crlFile: string;
}

/** A context with what made it, so that it can be made again of changed files. */
interface Made {
  readonly result: TlsResult;
  readonly read: () => TlsServerOptions | TlsClientOptions | string;
}

type Options = TlsServerOptions | TlsClientOptions;

export class TlsContexts {
  private readonly tls: () => Tls;
  private readonly model: Model;
  private readonly ticketKeys: Uint8Array | null;
  private readonly made: Map<string, Made>;
  /** What OpenSSL is given for a certificate of the store: the same object for the same content. */
  private readonly sources: WeakMap<CertificateModel, TlsCertificate>;

  /** `tls` is called when TLS is first wanted and throws when there is no OpenSSL. */
  constructor(tls: () => Tls, model: Model, ticketKeys: Uint8Array | null) {
    this.tls = tls;
    this.model = model;
    this.ticketKeys = ticketKeys;
    this.made = new Map();
    this.sources = new WeakMap();
  }

  /** The context of a bind line, or what is wrong. */
  serverOf(words: BindSslModel): TlsResult {
    const key = `bind ${JSON.stringify(words)}`;
    return this.once(
      key,
      () => this.serverOptions(words),
      (options) => this.tls().serverContext(options),
    );
  }

  /** The context of a server line: `sni` and `verifyhost` are the connection's. */
  clientOf(words: ServerSslModel): TlsResult {
    // What a session is told by itself makes no difference to the context.
    const shared = { ...words, sni: '', verifyHost: '', sniAuto: false, sslReuse: false };
    return this.once(
      `server ${JSON.stringify(shared)}`,
      () => this.clientOptions(words),
      (options) => this.tls().clientContext(options),
    );
  }

  /**
   * Certificates, lists or files of the model have changed: contexts that exist follow. Answers
   * what is wrong, one sentence each; a context that cannot follow stays as it is.
   */
  renew(): string[] {
    const faults: string[] = [];
    for (const { result, read } of this.made.values()) {
      if (result.context === null) continue;
      const options = read();
      const fault = typeof options === 'string' ? options : result.context.renew(options);
      if (fault !== '') faults.push(fault);
    }
    return faults;
  }

  /**
   * What is wrong with those of a bind line's certificates that `names` has, '' for nothing. They
   * are made and thrown away.
   */
  serverFault(words: BindSslModel, names: ReadonlySet<string>): string {
    const options = this.serverOptions(words);
    if (typeof options === 'string') return options;
    const instances = options.instances.filter(({ certificate }) => names.has(certificate.name));
    const { context, error } = this.tls().serverContext({ ...options, instances, strictSni: true });
    context?.free();
    return error;
  }

  /** The same for a server line. */
  clientFault(words: ServerSslModel): string {
    const options = this.clientOptions(words);
    if (typeof options === 'string') return options;
    const { context, error } = this.tls().clientContext(options);
    context?.free();
    return error;
  }

  /** After a check: nothing will be served with them. */
  free(): void {
    for (const { result } of this.made.values()) result.context?.free();
    this.made.clear();
  }

  private once<T extends Options>(
    key: string,
    read: () => T | string,
    make: (options: T) => TlsResult,
  ): TlsResult {
    const known = this.made.get(key);
    if (known !== undefined) return known.result;
    const options = read();
    const result: TlsResult =
      typeof options === 'string' ? { context: null, error: options } : make(options);
    this.made.set(key, { result, read });
    return result;
  }

  private serverOptions(words: BindSslModel): TlsServerOptions | string {
    const { tune } = this.model.global;
    const base = this.settings(words);
    if (typeof base === 'string') return base;
    const instances: TlsInstance[] = [];
    for (const { certificate, filters, ssl, isDefault } of entriesOf(this.model, words.crts)) {
      const own = ssl === null ? words : { ...words, ...ssl };
      if (ssl !== null && own.verify !== 'none' && own.caFile + own.caVerifyFile === '')
        return needsCa(certificate);
      const settings = ssl === null ? base : this.settings(own);
      if (typeof settings === 'string') return settings;
      const source = this.certificate(certificate);
      instances.push({ certificate: source, filters, isDefault, settings });
    }
    return {
      ...base,
      instances,
      strictSni: words.strictSni,
      preferClientCiphers: words.preferClientCiphers,
      keepsHello: tune.sslCaptureBytes > 0,
      crtIgnored: ignored(words.crtIgnored),
      caIgnored: ignored(words.caIgnored),
      ticketKeys: this.ticketKeys,
      sessionMax: tune.sslCachesize,
      sessionLifetimeSeconds: Math.max(1, Math.floor(tune.sslLifetimeMs / 1000)),
    };
  }

  private settings(words: BindSslModel): TlsSettings | string {
    const { alpn, verify, noCaNames, ecdhe, tlsTickets } = words;
    const common = this.common(words);
    if (typeof common === 'string') return common;
    return {
      ...common,
      curves: common.curves || ecdhe,
      alpn: alpn === noAlpn ? '' : alpn,
      verify,
      tickets: tlsTickets,
      caVerifyPem: this.file(words.caVerifyFile),
      hidesAuthorities: noCaNames,
    };
  }

  private clientOptions(words: ServerSslModel): TlsClientOptions | string {
    const common = this.common(words);
    if (typeof common === 'string') return common;
    return {
      ...common,
      certificate: words.crt === '' ? null : this.certificate(words.crt),
      alpn: words.alpn,
      verify: words.verify,
      tickets: true,
      caVerifyPem: '',
      hidesAuthorities: false,
      renegotiates: words.renegotiation !== 'no',
    };
  }

  private common(
    words: CommonWords,
  ):
    | Omit<TlsSettings, 'alpn' | 'verify' | 'tickets' | 'hidesAuthorities' | 'caVerifyPem'>
    | string {
    const caPem = this.file(words.caFile);
    if (words.caFile !== '' && caPem === '') {
      return `no certificate authority in the ca-file '${words.caFile}'`;
    }
    if (words.sslMaxVer === 'SSLv3') return 'SSLv3 is not spoken by this OpenSSL';
    const crlPem = this.file(words.crlFile);
    if (words.crlFile !== '' && crlPem === '') {
      return `no revocation list in the crl-file '${words.crlFile}'`;
    }
    const maxVersion = versions.get(words.sslMaxVer) ?? '';
    return {
      minVersion: versions.get(words.sslMinVer) ?? oldestFor(maxVersion),
      maxVersion,
      ciphers: words.ciphers,
      ciphersuites: words.ciphersuites,
      curves: words.curves,
      sigalgs: words.sigalgs,
      clientSigalgs: words.clientSigalgs,
      caPem,
      crlPem,
    };
  }

  private file(path: string): string {
    return path === '' ? '' : (this.model.contents[path] ?? '');
  }

  private certificate(name: string): TlsCertificate {
    const { certificates, issuerChains } = this.model;
    const stored = certificates[name];
    if (stored === undefined) return emptyCertificate(name);
    const known = this.sources.get(stored);
    if (known !== undefined && known.name === name) return known;
    const source = {
      name,
      pem: stored.pem,
      keyPem: stored.keyPem,
      chainPem: chainOf(stored.pem, issuerChains)?.pem ?? '',
      ocsp: stored.ocsp === '' ? null : Buffer.from(stored.ocsp, 'latin1'),
      sctl: stored.sctl === '' ? null : Buffer.from(stored.sctl, 'latin1'),
    };
    this.sources.set(stored, source);
    return source;
  }
}

const needsCa = (certificate: string): string =>
  `verify is enabled but no CA file specified for '${certificate}'`;

/** OpenSSL says what is missing. */
const emptyCertificate = (name: string): TlsCertificate => ({
  name,
  pem: '',
  keyPem: '',
  chainPem: '',
  ocsp: null,
  sctl: null,
});

function ignored(list: string): TlsIgnored {
  if (list === 'all') return 'all';
  return list === '' ? [] : list.split(',').map(Number);
}

/** The default lower limit gives way to an upper limit below it. */
function oldestFor(maxVersion: TlsVersion): TlsVersion {
  return maxVersion === '' || maxVersion >= oldestDefault ? oldestDefault : maxVersion;
}

/** A server's context with what one thread remembers to resume sessions with it. */
export class TlsClientPlan {
  readonly context: TlsContext;
  readonly verifies: boolean;
  readonly verifyHost: string;
  private readonly resumes: boolean;
  private saved: Uint8Array | null;
  private savedName: string;
  /** Of the context when it was saved: what has been renewed since is resumed no more. */
  private savedIn: number;

  constructor(context: TlsContext, words: ServerSslModel) {
    this.context = context;
    this.verifies = words.verify === 'required';
    this.verifyHost = words.verifyHost;
    this.resumes = words.sslReuse;
    this.saved = null;
    this.savedName = '';
    this.savedIn = 0;
  }

  /** What the last session with the server under this name left; null: nothing. */
  sessionFor(name: string): Uint8Array | null {
    const isCurrent = this.savedIn === this.context.generation;
    return isCurrent && this.savedName === name ? this.saved : null;
  }

  /** Remembers how to resume `session`, if it can be resumed. */
  keep(name: string, session: TlsSession): void {
    if (!this.resumes || session.generation !== this.context.generation) return;
    const isKnown = this.sessionFor(name) !== null;
    if (isKnown && session.isResumed()) return;
    const exported = session.exportSession();
    if (exported === null) return;
    this.saved = exported;
    this.savedName = name;
    this.savedIn = this.context.generation;
  }
}
