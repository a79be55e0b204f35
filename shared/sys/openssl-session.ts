// One TLS session of OpenSSL. Made by openssl-context.ts, owned by one connection. Holds the only
// copy of its handle: a call after `free`, or a second `free`, is an assertion. Traffic calls pass
// numbers only; whatever fails leaves OpenSSL's error queue empty, which all of them rely on.

import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { putLong, wordsOf } from './batches.ts';
import { checkBounds } from './bounds.ts';
import { lastErrno } from './ffi.ts';
import { region } from './memory.ts';
import { copyMemory, type OpenSslCalls } from './openssl-calls.ts';
import { type Handshake, type ServerChoice, shake } from './openssl-callbacks.ts';
import type { Region } from './sys.ts';
import {
  TLS_CLOSED,
  TLS_PROTOCOL,
  TLS_SYSCALL,
  TLS_WANT_READ,
  TLS_WANT_WRITE,
  type TlsSession,
} from './tls.ts';

const SSL_ERROR_SSL = 1;
const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_WANT_WRITE = 3;
const SSL_ERROR_ZERO_RETURN = 6;
/** Reason of an end of stream without close_notify. */
const UNEXPECTED_EOF = 294;
const REASON_MASK = 0x7fffff;
const CTRL_SET_HOSTNAME = 55;
const CTRL_NEGOTIATED_GROUP = 134;
const SENT_AND_RECEIVED = 3;
const SESSION_BYTES_MAX = 65536;

/* Scratch of this thread: bytes 0-7 a pointer, 8-11 a length; from 16 what was copied out. */
const COPY_AT = 16;
const scratch = region(COPY_AT + SESSION_BYTES_MAX);
const words = wordsOf(scratch);
const pointerAddress = scratch.address;
const lengthAddress = scratch.address + 8;
const copyAddress = scratch.address + COPY_AT;

/** Groups that OpenSSL itself calls otherwise elsewhere. */
const groupNames: ReadonlyMap<string, string> = new Map([
  ['x25519', 'X25519'],
  ['x448', 'X448'],
  ['secp256r1', 'prime256v1'],
]);

export class OpenSslSession implements TlsSession, Handshake {
  errno: number;
  errorCode: number;
  readonly choice: ServerChoice | null;
  readonly generation: number;
  certificateError: number;
  issuerError: number;
  issuerErrorDepth: number;
  hello: string;
  /** The SSL*, 0 once freed. */
  #handle: number;
  /** The BIO that reads from the socket, 0 until somebody asks. */
  #source: number;
  readonly #calls: OpenSslCalls;

  /**
   * Takes ownership of `handle`, whose descriptor and role are set. `choice`: who answers in its
   * handshake, null for a client.
   */
  constructor(
    calls: OpenSslCalls,
    handle: number,
    choice: ServerChoice | null,
    generation: number,
  ) {
    this.generation = generation;
    this.choice = choice;
    this.certificateError = 0;
    this.issuerError = 0;
    this.issuerErrorDepth = 0;
    this.hello = '';
    this.errno = 0;
    this.errorCode = 0;
    this.#calls = calls;
    this.#handle = handle;
    this.#source = 0;
  }

  setHostname(name: string): void {
    this.#calls.SSL_ctrl_text(this.#live(), CTRL_SET_HOSTNAME, 0, name);
  }

  offer(protocol: string): void {
    const text = String.fromCharCode(protocol.length) + protocol;
    scratch.bytes.set(Buffer.from(text, 'latin1'), COPY_AT);
    this.#calls.SSL_set_alpn_protos(this.#live(), copyAddress, text.length);
  }

  expectHost(name: string): void {
    const calls = this.#calls;
    const handle = this.#live();
    const set =
      isIP(name) === 0
        ? calls.SSL_set1_host(handle, name)
        : calls.X509_VERIFY_PARAM_set1_ip_asc(calls.SSL_get0_param(handle), name);
    assert.equal(set, 1, `OpenSSL refuses to check the name ${name}`);
  }

  resume(session: Uint8Array): boolean {
    const calls = this.#calls;
    const handle = this.#live();
    if (session.length > SESSION_BYTES_MAX) return false;
    scratch.bytes.set(session, COPY_AT);
    putLong(words, 0, copyAddress);
    const decoded = calls.d2i_SSL_SESSION(0, pointerAddress, session.length);
    if (decoded === 0) {
      calls.ERR_clear_error();
      return false;
    }
    const used = calls.SSL_set_session(handle, decoded);
    calls.SSL_SESSION_free(decoded);
    if (used !== 1) calls.ERR_clear_error();
    return used === 1;
  }

  handshake(): number {
    const handle = this.#live();
    // Whoever used OpenSSL on this thread before may have left an error behind.
    this.#calls.ERR_clear_error();
    const result = shake(this, handle);
    return result === 1 ? 0 : this.#failure(handle, result);
  }

  read(memory: Region, at: number, length: number): number {
    checkBounds(memory, at, length);
    const handle = this.#live();
    const count = this.#calls.SSL_read(handle, memory.address + at, length);
    return count > 0 ? count : this.#failure(handle, count);
  }

  write(memory: Region, at: number, length: number): number {
    checkBounds(memory, at, length);
    const handle = this.#live();
    if (length === 0) return 0;
    const count = this.#calls.SSL_write(handle, memory.address + at, length);
    return count > 0 ? count : this.#failure(handle, count);
  }

  receivedBytes(): number {
    const handle = this.#live();
    if (this.#source === 0) this.#source = this.#calls.SSL_get_rbio(handle);
    return this.#calls.BIO_number_read(this.#source);
  }

  hasPending(): boolean {
    return this.#calls.SSL_has_pending(this.#live()) === 1;
  }

  /** OpenSSL answers 0 when ours is sent and the peer's is still to come: that is all we want. */
  shutdown(): number {
    const handle = this.#live();
    if (this.errorCode !== 0 || !this.isHandshakeDone()) return 0;
    const result = this.#calls.SSL_shutdown(handle);
    return result >= 0 ? 0 : this.#failure(handle, result);
  }

  free(): void {
    const handle = this.#live();
    this.#handle = 0;
    const calls = this.#calls;
    // Without this a session that ended without goodbye would be struck off and not be resumed.
    if (this.errorCode === 0) calls.SSL_set_shutdown(handle, SENT_AND_RECEIVED);
    calls.SSL_free(handle);
  }

  clientHello(): string {
    return this.hello;
  }

  suiteName(suite: number): string {
    scratch.bytes[0] = suite >> 8;
    scratch.bytes[1] = suite & 255;
    const cipher = this.#calls.SSL_CIPHER_find(this.#live(), pointerAddress);
    const name = cipher === 0 ? '' : (this.#calls.SSL_CIPHER_get_name(cipher) ?? '');
    return name === '(NONE)' ? '' : name;
  }

  crtError(): number {
    return this.certificateError;
  }

  caError(): number {
    return this.issuerError;
  }

  caErrorDepth(): number {
    return this.issuerErrorDepth;
  }

  get handle(): number {
    return this.#live();
  }

  release(): void {
    this.#handle = 0;
  }

  isHandshakeDone(): boolean {
    return this.#calls.SSL_is_init_finished(this.#live()) === 1;
  }

  isResumed(): boolean {
    return this.#calls.SSL_session_reused(this.#live()) === 1;
  }

  protocol(): string {
    return this.#calls.SSL_get_version(this.#live()) ?? '';
  }

  cipher(): string {
    const cipher = this.#calls.SSL_get_current_cipher(this.#live());
    return cipher === 0 ? '' : (this.#calls.SSL_CIPHER_get_name(cipher) ?? '');
  }

  cipherBits(): number {
    const cipher = this.#calls.SSL_get_current_cipher(this.#live());
    return cipher === 0 ? 0 : this.#calls.SSL_CIPHER_get_bits(cipher, 0);
  }

  cipherKeyBits(): number {
    const cipher = this.#calls.SSL_get_current_cipher(this.#live());
    if (cipher === 0) return 0;
    this.#calls.SSL_CIPHER_get_bits(cipher, pointerAddress);
    return words[0]!;
  }

  alpn(): string {
    this.#calls.SSL_get0_alpn_selected(this.#live(), pointerAddress, lengthAddress);
    const length = words[2]!;
    if (length === 0) return '';
    copyMemory(copyAddress, words[0]! + words[1]! * 0x1_0000_0000, length);
    return Buffer.from(scratch.bytes.subarray(COPY_AT, COPY_AT + length)).toString('latin1');
  }

  sni(): string {
    return this.#calls.SSL_get_servername(this.#live(), 0) ?? '';
  }

  verifyResult(): number {
    return this.#calls.SSL_get_verify_result(this.#live());
  }

  verifyText(): string {
    return this.#calls.X509_verify_cert_error_string(this.verifyResult()) ?? '';
  }

  peerCertificate(): Uint8Array | null {
    const certificate = this.#calls.SSL_get1_peer_certificate(this.#live());
    if (certificate === 0) return null;
    const der = encodeDer(this.#calls.i2d_X509, certificate);
    this.#calls.X509_free(certificate);
    return der;
  }

  localCertificate(): Uint8Array | null {
    const certificate = this.#calls.SSL_get_certificate(this.#live());
    return certificate === 0 ? null : encodeDer(this.#calls.i2d_X509, certificate);
  }

  peerChain(): readonly Uint8Array[] {
    const calls = this.#calls;
    const chain = calls.SSL_get_peer_cert_chain(this.#live());
    const count = chain === 0 ? 0 : calls.OPENSSL_sk_num(chain);
    const found: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const der = encodeDer(calls.i2d_X509, calls.OPENSSL_sk_value(chain, i));
      if (der !== null) found.push(der);
    }
    return found;
  }

  verifiedRoot(): Uint8Array | null {
    const calls = this.#calls;
    const chain = calls.SSL_get0_verified_chain(this.#live());
    const count = chain === 0 ? 0 : calls.OPENSSL_sk_num(chain);
    return count < 1 ? null : encodeDer(calls.i2d_X509, calls.OPENSSL_sk_value(chain, count - 1));
  }

  group(): string {
    const handle = this.#live();
    const group = this.#calls.SSL_ctrl(handle, CTRL_NEGOTIATED_GROUP, 0, 0);
    const name = group === 0 ? '' : (this.#calls.SSL_group_to_name(handle, group) ?? '');
    return groupNames.get(name) ?? name;
  }

  exportSession(): Uint8Array | null {
    const calls = this.#calls;
    const session = calls.SSL_get_session(this.#live());
    if (session === 0 || calls.SSL_SESSION_is_resumable(session) !== 1) return null;
    return encodeDer(calls.i2d_SSL_SESSION, session);
  }

  errorText(): string {
    if (this.errorCode === 0) return '';
    this.#calls.ERR_error_string_n(this.errorCode, copyAddress, 256);
    const end = scratch.bytes.indexOf(0, COPY_AT);
    return Buffer.from(scratch.bytes.subarray(COPY_AT, end)).toString('latin1');
  }

  errorReason(): string {
    if (this.errorCode === 0) return '';
    return this.#calls.ERR_reason_error_string(this.errorCode) ?? '';
  }

  #live(): number {
    const handle = this.#handle;
    if (handle === 0) assert.fail('use of a freed TLS session');
    return handle;
  }

  #failure(handle: number, result: number): number {
    const kind = this.#calls.SSL_get_error(handle, result);
    if (kind === SSL_ERROR_WANT_READ) return TLS_WANT_READ;
    if (kind === SSL_ERROR_WANT_WRITE) return TLS_WANT_WRITE;
    if (kind === SSL_ERROR_ZERO_RETURN) return TLS_CLOSED;
    const errno = lastErrno();
    const code = this.#calls.ERR_get_error();
    this.#calls.ERR_clear_error();
    if (kind !== SSL_ERROR_SSL || (code & REASON_MASK) === UNEXPECTED_EOF) {
      this.errno = kind === SSL_ERROR_SSL ? 0 : errno;
      return TLS_SYSCALL;
    }
    this.errorCode = code;
    return TLS_PROTOCOL;
  }
}

/** Runs one of OpenSSL's i2d functions: called once for the length, once for the bytes. */
function encodeDer(
  encode: (object: number, into: number) => number,
  object: number,
): Uint8Array | null {
  const length = encode(object, 0);
  if (length <= 0 || length > SESSION_BYTES_MAX) return null;
  putLong(words, 0, copyAddress);
  encode(object, pointerAddress);
  return scratch.bytes.slice(COPY_AT, COPY_AT + length);
}
