// TLS contexts of one thread: from the words of bind and server lines and from the texts of
// certificates to what OpenSSL wants. Equal words share a context. Called while compiling; opens no
// file.

import type { BindSslModel, Model, ServerSslModel } from '../../shared/config/model.ts';
import type {
  Tls,
  TlsCertificate,
  TlsContext,
  TlsOptions,
  TlsResult,
  TlsSession,
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
  readonly caFile: string;
}

export class TlsContexts {
  private readonly tls: () => Tls;
  private readonly model: Model;
  private readonly ticketKeys: Uint8Array | null;
  private readonly made: Map<string, TlsResult>;

  /** `tls` is called when TLS is first wanted and throws when there is no OpenSSL. */
  constructor(tls: () => Tls, model: Model, ticketKeys: Uint8Array | null) {
    this.tls = tls;
    this.model = model;
    this.ticketKeys = ticketKeys;
    this.made = new Map();
  }

  /** The context of a bind line, or what is wrong. */
  serverOf(words: BindSslModel): TlsResult {
    return this.once(`bind ${JSON.stringify(words)}`, () => this.makeServer(words));
  }

  /** The context of a server line: `sni` and `verifyhost` are the connection's. */
  clientOf(words: ServerSslModel): TlsResult {
    // What a session is told by itself makes no difference to the context.
    const shared = { ...words, sni: '', verifyHost: '', sniAuto: false, sslReuse: false };
    return this.once(`server ${JSON.stringify(shared)}`, () => this.makeClient(words));
  }

  /** After a check: nothing will be served with them. */
  free(): void {
    for (const { context } of this.made.values()) context?.free();
    this.made.clear();
  }

  private once(key: string, make: () => TlsResult): TlsResult {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const result = make();
    this.made.set(key, result);
    return result;
  }

  private makeServer(words: BindSslModel): TlsResult {
    const { tune } = this.model.global;
    const common = this.common(words);
    if (typeof common === 'string') return { context: null, error: common };
    return this.tls().serverContext({
      ...common,
      certificates: words.crts.map((path) => this.certificate(path)),
      alpn: words.alpn,
      verify: words.verify,
      tickets: words.tlsTickets,
      strictSni: words.strictSni,
      preferClientCiphers: words.preferClientCiphers,
      ticketKeys: this.ticketKeys,
      sessionMax: tune.sslCachesize,
      sessionLifetimeSeconds: Math.max(1, Math.floor(tune.sslLifetimeMs / 1000)),
    });
  }

  private makeClient(words: ServerSslModel): TlsResult {
    const common = this.common(words);
    if (typeof common === 'string') return { context: null, error: common };
    return this.tls().clientContext({
      ...common,
      certificates: words.crt === '' ? [] : [this.certificate(words.crt)],
      alpn: words.alpn,
      verify: words.verify,
      tickets: true,
      renegotiates: words.renegotiation !== 'no',
    });
  }

  private common(
    words: CommonWords,
  ): Omit<TlsOptions, 'certificates' | 'alpn' | 'verify' | 'tickets'> | string {
    const caPem = words.caFile === '' ? '' : (this.model.contents[words.caFile] ?? '');
    if (words.caFile !== '' && caPem === '') {
      return `no certificate authority in the ca-file '${words.caFile}'`;
    }
    if (words.sslMaxVer === 'SSLv3') return 'SSLv3 is not spoken by this OpenSSL';
    const maxVersion = versions.get(words.sslMaxVer) ?? '';
    return {
      minVersion: versions.get(words.sslMinVer) ?? oldestFor(maxVersion),
      maxVersion,
      ciphers: words.ciphers,
      ciphersuites: words.ciphersuites,
      curves: words.curves,
      sigalgs: words.sigalgs,
      caPem,
      crlPem: '',
    };
  }

  private certificate(path: string): TlsCertificate {
    const { contents } = this.model;
    return {
      name: path,
      pem: contents[path] ?? '',
      keyPem: contents[`${path}.key`] ?? '',
      names: [],
    };
  }
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

  constructor(context: TlsContext, words: ServerSslModel) {
    this.context = context;
    this.verifies = words.verify === 'required';
    this.verifyHost = words.verifyHost;
    this.resumes = words.sslReuse;
    this.saved = null;
    this.savedName = '';
  }

  /** What the last session with the server under this name left; null: nothing. */
  sessionFor(name: string): Uint8Array | null {
    return this.savedName === name ? this.saved : null;
  }

  /** Remembers how to resume `session`, if it can be resumed. */
  keep(name: string, session: TlsSession): void {
    if (!this.resumes) return;
    if (this.savedName === name && this.saved !== null && session.isResumed()) return;
    const exported = session.exportSession();
    if (exported === null) return;
    this.saved = exported;
    this.savedName = name;
  }
}
