// The contract of TLS: contexts made from PEM text at start, sessions over a descriptor while
// serving. Implemented by openssl.ts; a test may hand in another. Traffic calls take numbers and
// regions and never throw for a peer's mistake; a bad offset or a freed handle is ours and throws.

import type { Region } from './sys.ts';

/** What a session call answers instead of a count. All are negative; the rest is success. */
export const TLS_WANT_READ = -1;
export const TLS_WANT_WRITE = -2;
/** The peer said goodbye (close_notify): a clean end of stream. */
export const TLS_CLOSED = -3;
/** The socket failed or ended without goodbye: `errno` tells, 0 for a plain end of stream. */
export const TLS_SYSCALL = -4;
/** The peer broke the protocol, or a certificate was refused: `errorCode`, `errorText()`. */
export const TLS_PROTOCOL = -5;

export type TlsVersion = '' | 'TLSv1.0' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
export type TlsVerify = 'none' | 'optional' | 'required';

/** A certificate with its chain and key (manual 5.1, `crt`): text, the loader reads the files. */
export interface TlsCertificate {
  /** Where it comes from, for messages and for `crtName()`. */
  readonly name: string;
  /** PEM blocks in any order; the first certificate is the leaf, the others its chain. */
  readonly pem: string;
  /** The key's PEM when it lies in a file of its own, else ''. */
  readonly keyPem: string;
  /** PEM of a chain that is sent where `pem` has none, '' for none. */
  readonly chainPem: string;
  /** What a client that asks is told of its revocation (OCSP, DER), null for nothing. */
  readonly ocsp: Uint8Array | null;
  /** Signed certificate timestamps (RFC 6962), null for none. */
  readonly sctl: Uint8Array | null;
}

/** Words of a line that make one OpenSSL context. */
export interface TlsSettings {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL lists, '' for the library's own. */
  readonly ciphers: string;
  readonly ciphersuites: string;
  readonly curves: string;
  readonly sigalgs: string;
  /** Of certificates that clients show. */
  readonly clientSigalgs: string;
  /** Protocols by preference, separated by commas; '' for no ALPN. */
  readonly alpn: string;
  readonly verify: TlsVerify;
  /** PEM of the authorities to trust, '' for none. */
  readonly caPem: string;
  /** More of them, whose names servers do not tell clients. */
  readonly caVerifyPem: string;
  readonly crlPem: string;
  /** Server: do not tell clients whom it trusts. */
  readonly hidesAuthorities: boolean;
  readonly tickets: boolean;
  /** The peer may ask for another handshake (up to TLS 1.2); servers never grant it. */
  readonly renegotiates?: boolean;
}

export interface TlsClientOptions extends TlsSettings {
  /** Shown to a server that asks. */
  readonly certificate: TlsCertificate | null;
}

/** A certificate of a listener with what its line in a list says. */
export interface TlsInstance {
  readonly certificate: TlsCertificate;
  /** `name`, `*.name`, `!name`, `*` for a default; empty: its CN and DNS alternative names. */
  readonly filters: readonly string[];
  /** Shown when no name fits, whatever its filters say. */
  readonly isDefault: boolean;
  readonly settings: TlsSettings;
}

/** X509_V_ERR_* that do not end a handshake. */
export type TlsIgnored = 'all' | readonly number[];

/** The settings are the listener's own: versions and ciphers a client hello is read with. */
export interface TlsServerOptions extends TlsSettings {
  readonly instances: readonly TlsInstance[];
  /** Refuse a client whose server name no certificate has; allows to have none at all. */
  readonly strictSni: boolean;
  readonly preferClientCiphers: boolean;
  /** Client hellos are kept for `clientHello`. */
  readonly keepsHello: boolean;
  /** Errors of the client's certificate, and of its issuers. */
  readonly crtIgnored: TlsIgnored;
  readonly caIgnored: TlsIgnored;
  /**
   * 80 secret bytes: equal on every thread and across reloads, so that a ticket is good everywhere.
   * null: OpenSSL draws its own for this context.
   */
  readonly ticketKeys: Uint8Array | null;
  /** Sessions remembered by id on this thread (TLS 1.2 without tickets), 0 for none. */
  readonly sessionMax: number;
  readonly sessionLifetimeSeconds: number;
}

export type TlsResult =
  | { readonly context: TlsContext; readonly error: '' }
  | { readonly context: null; readonly error: string };

export interface Tls {
  /** The library: "OpenSSL 3.0.19 27 Jan 2026". */
  readonly version: string;
  /** Control or proxy thread, at start or when a certificate is replaced. */
  serverContext(options: TlsServerOptions): TlsResult;
  clientContext(options: TlsClientOptions): TlsResult;
  /** What the library writes about DER; null: it is no such thing. */
  describe(what: 'ocsp' | 'revocations', der: Uint8Array): string | null;
}

/** Owned by one thread. Sessions that exist outlive `free`. */
export interface TlsContext {
  readonly isServer: boolean;
  /** Counts what `renew` has changed: sessions of another generation are not to be resumed. */
  readonly generation: number;
  /** A session over a connected, non-blocking descriptor, which stays the caller's to close. */
  session(fd: number): TlsSession;
  /**
   * Other certificates and files from now on, for handshakes that have not begun too. What is the
   * same object as before is not read again. '' or what is wrong: everything stays as it was then.
   */
  renew(options: TlsServerOptions | TlsClientOptions): string;
  /** Goes on with a session of another thread of this process, which has released its handle. */
  adopt(handle: number): TlsSession;
  free(): void;
}

/** Owned by one connection. Every call after `free` is an assertion. */
export interface TlsSession {
  /** Of its context when it was made. */
  readonly generation: number;
  /** Of the last TLS_SYSCALL: errno, 0 for end of stream. */
  readonly errno: number;
  /** Of the last TLS_PROTOCOL: OpenSSL's packed code, 0 for none. */
  readonly errorCode: number;

  /** Client, before the handshake: the name to ask for (SNI). */
  setHostname(name: string): void;
  /** Client, before the handshake: the name or address the certificate must have. */
  expectHost(name: string): void;
  /** Client, before the handshake: offers this protocol alone, whatever the context says (ALPN). */
  offer(protocol: string): void;
  /** Client, before the handshake: a session of `exportSession`. False when it is no good. */
  resume(session: Uint8Array): boolean;

  /** 0 when done, or TLS_*. */
  handshake(): number;
  /** Bytes, more than 0, or TLS_*. Call until TLS_WANT_READ: OpenSSL may hold more than it gave. */
  read(region: Region, at: number, length: number): number;
  /**
   * Bytes taken (may be fewer), or TLS_*. After TLS_WANT_WRITE the next write must begin with the
   * same bytes and be no shorter; they may have moved.
   */
  write(region: Region, at: number, length: number): number;
  /** Bytes read from the socket so far, records and all. */
  receivedBytes(): number;
  /** Bytes wait inside OpenSSL although the socket may be quiet. */
  hasPending(): boolean;
  /** Sends close_notify. 0 when sent or when there is no session to end, or TLS_*. */
  shutdown(): number;
  /** The descriptor stays open. */
  free(): void;
  /** What another thread needs to go on with the session once this one has let it go. */
  readonly handle: number;
  /** Another thread owns it from here on: it is not freed. */
  release(): void;

  isHandshakeDone(): boolean;
  isResumed(): boolean;
  /** "TLSv1.3"; after the handshake. */
  protocol(): string;
  /** OpenSSL's name, '' before the handshake. */
  cipher(): string;
  /** Bits of secret, and bits that the cipher works with. */
  cipherBits(): number;
  cipherKeyBits(): number;
  /** The negotiated protocol, '' for none. */
  alpn(): string;
  /** The server name the client asked for, '' for none. */
  sni(): string;
  /** X509_V_* of the peer's certificate: 0 for good, or none was asked for. */
  verifyResult(): number;
  /** Server: the client hello, a byte per character; '' when it was not to be kept. */
  clientHello(): string;
  /** OpenSSL's name of a suite of the client hello, '' for none. */
  suiteName(suite: number): string;
  /** Server: the first error of the client's certificate, and of its issuers with its depth. */
  crtError(): number;
  caError(): number;
  caErrorDepth(): number;
  verifyText(): string;
  /** DER, null when there is none (node:crypto's X509Certificate reads it). */
  peerCertificate(): Uint8Array | null;
  localCertificate(): Uint8Array | null;
  /** What came with the peer's certificate; a server's own is the first of it. */
  peerChain(): readonly Uint8Array[];
  /** The authority that a verified chain ends with, null for none. */
  verifiedRoot(): Uint8Array | null;
  /** Name of the group of the key exchange, '' for none. */
  group(): string;
  /** Client: what `resume` wants, null when it cannot be resumed. TLS 1.3: after the first read. */
  exportSession(): Uint8Array | null;
  /** "error:0A000126:SSL routines::unexpected eof while reading"; '' for none. */
  errorText(): string;
  /** The last part of it alone. */
  errorReason(): string;
}
