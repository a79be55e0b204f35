// A TLS session that is taken to exist: what `explain` gives a client that would come over TLS. It
// passes bytes as they are over the fake kernel and answers what rules may ask of a session (SNI,
// version, cipher, ALPN). No certificate is opened and nothing is encrypted.

import { EAGAIN } from '../../shared/sys/constants.ts';
import type { Region, Sys } from '../../shared/sys/sys.ts';
import {
  TLS_CLOSED,
  TLS_SYSCALL,
  TLS_WANT_READ,
  TLS_WANT_WRITE,
  type TlsContext,
  type TlsSession,
} from '../../shared/sys/tls.ts';

/** What a client of today would have negotiated. */
const protocol = 'TLSv1.3';
const cipher = 'TLS_AES_256_GCM_SHA384';
const cipherBits = 256;

/** Its sessions have asked for `serverName`; `alpn` of the bind line decides what is spoken. */
export function assumedTls(sys: Sys, serverName: string, alpn: string): TlsContext {
  return {
    isServer: true,
    generation: 0,
    session: (fd) => new AssumedSession(sys, fd, serverName, alpn),
    renew: () => '',
    adopt: (fd) => new AssumedSession(sys, fd, serverName, alpn),
    free: () => undefined,
  };
}

class AssumedSession implements TlsSession {
  readonly generation = 0;
  errno = 0;
  readonly errorCode = 0;
  get handle(): number {
    return this.fd;
  }
  private readonly sys: Sys;
  private readonly fd: number;
  private readonly serverName: string;
  private readonly protocols: string;
  private received = 0;

  constructor(sys: Sys, fd: number, serverName: string, protocols: string) {
    this.sys = sys;
    this.fd = fd;
    this.serverName = serverName;
    this.protocols = protocols;
  }

  release(): void {}

  read(region: Region, at: number, length: number): number {
    const got = this.sys.recv(this.fd, region, at, length, 0);
    if (got > 0) this.received += got;
    return got === 0 ? TLS_CLOSED : this.told(got, TLS_WANT_READ);
  }

  write(region: Region, at: number, length: number): number {
    return this.told(this.sys.send(this.fd, region, at, length, 0), TLS_WANT_WRITE);
  }

  private told(result: number, again: number): number {
    if (result >= 0) return result;
    if (result === -EAGAIN) return again;
    this.errno = -result;
    return TLS_SYSCALL;
  }

  setHostname(): void {}
  expectHost(): void {}
  offer(): void {}
  resume(): boolean {
    return false;
  }
  handshake(): number {
    return 0;
  }
  receivedBytes(): number {
    return this.received;
  }
  hasPending(): boolean {
    return false;
  }
  shutdown(): number {
    return 0;
  }
  free(): void {}
  isHandshakeDone(): boolean {
    return true;
  }
  isResumed(): boolean {
    return false;
  }
  protocol(): string {
    return protocol;
  }
  cipher(): string {
    return cipher;
  }
  cipherBits(): number {
    return cipherBits;
  }
  cipherKeyBits(): number {
    return cipherBits;
  }
  alpn(): string {
    return this.protocols.split(',').includes('http/1.1') ? 'http/1.1' : '';
  }
  sni(): string {
    return this.serverName;
  }
  verifyResult(): number {
    return 0;
  }
  clientHello(): string {
    return '';
  }
  suiteName(): string {
    return '';
  }
  crtError(): number {
    return 0;
  }
  caError(): number {
    return 0;
  }
  caErrorDepth(): number {
    return 0;
  }
  verifyText(): string {
    return 'ok';
  }
  peerCertificate(): Uint8Array | null {
    return null;
  }
  localCertificate(): Uint8Array | null {
    return null;
  }
  peerChain(): readonly Uint8Array[] {
    return [];
  }
  verifiedRoot(): Uint8Array | null {
    return null;
  }
  group(): string {
    return 'X25519';
  }
  exportSession(): Uint8Array | null {
    return null;
  }
  errorText(): string {
    return '';
  }
  errorReason(): string {
    return '';
  }
}
