// What the Model knows of TLS on bind lines and of certificates (manual 12.7): the store that all
// bind and server lines draw from, and the lists of lines. Plain data; the runtime API replaces
// entries of both.

/** The TLS words of a bind line. */
export interface BindSslModel {
  crts: readonly CertificateUse[];
  alpn: string;
  caFile: string;
  /** More authorities, whose names are not sent to clients; '' for none. */
  caVerifyFile: string;
  crlFile: string;
  /** No names of authorities are sent to clients. */
  noCaNames: boolean;
  /** Errors that let a client certificate pass: 'all' or numbers with commas, '' for none. */
  crtIgnored: string;
  caIgnored: string;
  verify: 'none' | 'optional' | 'required';
  ciphers: string;
  ciphersuites: string;
  curves: string;
  sigalgs: string;
  clientSigalgs: string;
  /** The one group of `ecdhe`, where `curves` says nothing. */
  ecdhe: string;
  sslMinVer: string;
  sslMaxVer: string;
  strictSni: boolean;
  /** `no-strict-sni` was written: it wins over ssl-default-bind-options. */
  noStrictSni: boolean;
  tlsTickets: boolean;
  preferClientCiphers: boolean;
}

/** One certificate of the store, by the name it is called with. */
export interface CertificateModel {
  /** Leaf and chain as PEM, perhaps with the key and Diffie-Hellman parameters. */
  readonly pem: string;
  /** The key when it came from elsewhere, '' when it is in `pem`. */
  readonly keyPem: string;
  /** Who signed the leaf, for what is said about its revocation; '' for none. */
  readonly issuerPem: string;
  /** OCSP response (DER) and signed timestamps, as latin1; '' for none. */
  readonly ocsp: string;
  readonly sctl: string;
  /** Tokens may be checked with it (`jwt on`). */
  readonly jwt: boolean;
  readonly words: CertificateWords;
}

/** Options of `load`, or those between the brackets of a list, '' for what was not written. */
export interface CertificateWords {
  /** Where it was described: nowhere, in a list, in a crt-store, by the runtime API. */
  readonly from: '' | 'list' | 'store' | 'runtime';
  readonly key: string;
  readonly ocsp: string;
  readonly issuer: string;
  readonly sctl: string;
  readonly ocspUpdate: '' | 'on' | 'off';
  readonly jwt: '' | 'on' | 'off';
}

/** A line of a list. */
export interface CrtListLineModel {
  /** In the store. */
  readonly certificate: string;
  /** As written, in lower or upper case: `name`, `*.name`, `!name`, `*`. */
  readonly filters: readonly string[];
  /** What the brackets say about TLS, null: nothing. */
  readonly ssl: Partial<BindSslModel> | null;
  /** The words between the brackets. */
  readonly options: readonly string[];
  readonly line: number;
}

/** A file of lines, or a folder of certificates. */
export interface CrtListModel {
  readonly lines: readonly CrtListLineModel[];
  readonly isFolder: boolean;
}

/** `crt`, `default-crt` or `crt-list` of a bind line. */
export interface CertificateUse {
  readonly kind: 'crt' | 'list';
  readonly name: string;
  /** It answers clients whose name no certificate has. */
  readonly isDefault: boolean;
}

/** A PEM file of issuers, the one that signs leaves first. */
export interface IssuerChainModel {
  readonly file: string;
  readonly pem: string;
}

/** What bind and server lines may ask for. */
export interface CertificateStore {
  readonly certificates: Readonly<Record<string, CertificateModel>>;
  readonly crtLists: Readonly<Record<string, CrtListModel>>;
}

/** A certificate of a bind line with what its line in a list says. */
export interface CertificateEntry {
  readonly certificate: string;
  readonly filters: readonly string[];
  readonly ssl: Partial<BindSslModel> | null;
  readonly isDefault: boolean;
}

/** All certificates of a bind line in order; the first is a default whatever else is. */
export function entriesOf(
  store: CertificateStore,
  uses: readonly CertificateUse[],
): CertificateEntry[] {
  const entries: CertificateEntry[] = [];
  for (const { kind, name, isDefault } of uses) {
    if (kind === 'crt') {
      entries.push({ certificate: name, filters: [], ssl: null, isDefault });
      continue;
    }
    for (const { certificate, filters, ssl } of store.crtLists[name]?.lines ?? []) {
      const isChosen = filters.includes('*');
      entries.push({ certificate, filters, ssl, isDefault: isChosen || entries.length === 0 });
    }
  }
  const [first] = entries;
  if (first !== undefined) entries[0] = { ...first, isDefault: true };
  return entries;
}

/** Names in the store of what a bind line shows. */
export function certificatesOf(store: CertificateStore, uses: readonly CertificateUse[]): string[] {
  return [...new Set(entriesOf(store, uses).map(({ certificate }) => certificate))];
}

/** Files of TLS as they are from now on; null: gone. */
export interface TlsFileChanges {
  readonly certificates?: Readonly<Record<string, CertificateModel | null>>;
  readonly crtLists?: Readonly<Record<string, CrtListModel | null>>;
  /** Of ca-file and crl-file. */
  readonly contents?: Readonly<Record<string, string | null>>;
}

interface TlsFiles extends CertificateStore {
  readonly contents: Readonly<Record<string, string>>;
}

/** Writes changes into a model; answers what undoes them. */
export function applyTlsChanges(model: TlsFiles, changes: TlsFileChanges): TlsFileChanges {
  return {
    certificates: put(model.certificates, changes.certificates),
    crtLists: put(model.crtLists, changes.crtLists),
    contents: put(model.contents, changes.contents),
  };
}

/** The Model is plain data that only this writes to while the process serves. */
function put<T>(
  target: Readonly<Record<string, T>>,
  changes: Readonly<Record<string, T | null>> = {},
): Record<string, T | null> {
  const open = target as Record<string, T>;
  const before: Record<string, T | null> = {};
  for (const [name, value] of Object.entries(changes)) {
    before[name] = Object.hasOwn(open, name) ? open[name] : null;
    if (value === null) delete open[name];
    else open[name] = value;
  }
  return before;
}
