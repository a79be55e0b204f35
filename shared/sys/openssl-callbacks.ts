// The questions OpenSSL asks in the middle of a handshake: which certificate for this client hello
// (RFC 8446 4.1.2), which protocol of those offered (RFC 7301), whether an error of a certificate
// counts, what is known of a revocation (RFC 6066 8). The callbacks run inside `shake` of their own
// thread only; they are registered once per thread and ask the handshake that runs. They must not
// throw: an exception cannot cross OpenSSL.

import * as koffi from 'koffi';
import { putLong, wordsOf } from './batches.ts';
import { region } from './memory.ts';
import { copyMemory, openSslCalls } from './openssl-calls.ts';
import type { Region } from './sys.ts';

/** What a server context answers. */
export interface ServerChoice {
  /** Suites, as two bytes make a number, that an ECDSA certificate can be used with. */
  readonly ecdsaSuites: ReadonlySet<number>;
  /**
   * Switches `ssl` to the context for a server name, '' for none: false: refuse the client. `name`
   * is in lower case.
   */
  choose(ssl: number, name: string, canRsa: boolean, canEcdsa: boolean): boolean;
  /** Protocols by preference as RFC 7301 lists them, of the context that was chosen. */
  alpnOf(ssl: number): Region;
  /** True: the error X509_V_ERR_* at this depth ends no handshake. */
  isIgnored(error: number, depth: number): boolean;
  /** OCSP response of the context that was chosen, null for none. */
  ocspOf(ssl: number): Uint8Array | null;
}

/** A handshake while it runs: what its certificates are wrong with. */
export interface Handshake {
  /** null: of a client. */
  readonly choice: ServerChoice | null;
  certificateError: number;
  issuerError: number;
  issuerErrorDepth: number;
  /** The client hello as it came, '' for none that was kept. */
  hello: string;
}

const OK = 0;
const NO_ACKNOWLEDGEMENT = 3;
const HELLO_OK = 1;
const HELLO_REFUSED = 0;
const ALERT_UNRECOGNIZED_NAME = 112;
const EXTENSION_SERVER_NAME = 0;
const MESSAGE_HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const EXTENSION_SIGNATURES = 13;
const CTRL_SET_OCSP_RESPONSE = 71;
/** A client hello cannot carry more. */
const OFFER_BYTES_MAX = 65536;
const NAME_BYTES_MAX = 255;

/* Scratch of this thread: bytes 0-7 a pointer, 8-15 a length; from 16 what a client offers. */
const LENGTH_AT = 8;
const OFFER_AT = 16;
const scratch = region(OFFER_AT + OFFER_BYTES_MAX);
const words = wordsOf(scratch);
const TWO_32 = 2 ** 32;

/** The handshake that runs on this thread, null for none. */
let running: Handshake | null = null;

/** Runs one step of a handshake; questions come to it. */
export function shake(handshake: Handshake, ssl: number): number {
  running = handshake;
  const result = openSslCalls().SSL_do_handshake(ssl);
  running = null;
  return result;
}

interface ServerCallbacks {
  readonly clientHello: bigint;
  readonly serverName: bigint;
  readonly alpn: bigint;
  readonly verify: bigint;
  readonly status: bigint;
  readonly message: bigint;
}

let registered: ServerCallbacks | null = null;

/** Addresses of the callbacks of this thread. */
export function serverCallbacks(): ServerCallbacks {
  registered ??= register();
  return registered;
}

function register(): ServerCallbacks {
  const three = koffi.proto('int HawserThree(uintptr_t, uintptr_t, uintptr_t)');
  const two = koffi.proto('int HawserTwo(uintptr_t, uintptr_t)');
  const verify = koffi.proto('int HawserVerify(int, uintptr_t)');
  const message = koffi.proto(
    'void HawserMessage(int, int, int, uintptr_t, size_t, uintptr_t, uintptr_t)',
  );
  const alpn = koffi.proto(
    'int HawserAlpn(uintptr_t, uintptr_t, uintptr_t, uintptr_t, unsigned int, uintptr_t)',
  );
  return {
    clientHello: koffi.register(readClientHello, koffi.pointer(three)),
    serverName: koffi.register(acknowledgeName, koffi.pointer(three)),
    alpn: koffi.register(chooseProtocol, koffi.pointer(alpn)),
    verify: koffi.register(judge, koffi.pointer(verify)),
    status: koffi.register(tellStatus, koffi.pointer(two)),
    message: koffi.register(keepHello, koffi.pointer(message)),
  };
}

// ---- client hello ----

/** Copies what the pointer in the scratch area leads to; its length lies beside it. */
function copyOffer(length: number): boolean {
  if (length > OFFER_BYTES_MAX) return false;
  const from = words[0] + words[1] * TWO_32;
  if (length > 0) copyMemory(scratch.address + OFFER_AT, from, length);
  return true;
}

/** Bytes of an extension in the scratch area, -1: the client has not sent it. */
function extension(ssl: number, type: number): number {
  const calls = openSslCalls();
  const { address } = scratch;
  if (calls.SSL_client_hello_get0_ext(ssl, type, address, address + LENGTH_AT) !== 1) return -1;
  const length = words[2] + words[3] * TWO_32;
  return copyOffer(length) ? length : -1;
}

const short = (at: number): number => scratch.bytes[at] * 256 + scratch.bytes[at + 1];

/** '' when none was sent, null when it is malformed. */
function nameOf(ssl: number): string | null {
  const length = extension(ssl, EXTENSION_SERVER_NAME);
  if (length < 0) return '';
  const at = OFFER_AT;
  if (length < 5 || short(at) + 2 !== length || scratch.bytes[at + 2] !== 0) return null;
  const bytes = short(at + 3);
  if (bytes === 0 || bytes > NAME_BYTES_MAX || bytes + 5 > length) return null;
  const name = Buffer.from(scratch.bytes.subarray(at + 5, at + 5 + bytes)).toString('latin1');
  return name.includes('\0') ? null : name.toLowerCase();
}

/** Bit 0: RSA, bit 1: ECDSA; -1: the list is malformed. Without it: RSA (RFC 5246 7.4.1.4.1). */
function signaturesOf(ssl: number): number {
  const length = extension(ssl, EXTENSION_SIGNATURES);
  if (length < 0) return 1;
  if (length < 2 || length % 2 !== 0 || short(OFFER_AT) + 2 !== length) return -1;
  let found = 0;
  for (let at = OFFER_AT + 2; at < OFFER_AT + length; at += 2) {
    const hash = scratch.bytes[at];
    const kind = scratch.bytes[at + 1];
    if (kind === 1) found |= 1;
    else if (kind === 3) found |= 2;
    else if (hash === 8 && ((kind >= 4 && kind <= 6) || (kind >= 9 && kind <= 11))) found |= 1;
  }
  return found;
}

/** An ECDSA certificate needs a suite that both sides know. */
function hasEcdsaSuite(ssl: number, suites: ReadonlySet<number>): boolean {
  const length = openSslCalls().SSL_client_hello_get0_ciphers(ssl, scratch.address);
  if (!copyOffer(length)) return false;
  for (let at = OFFER_AT; at + 1 < OFFER_AT + length; at += 2) {
    if (suites.has(short(at))) return true;
  }
  return false;
}

function readClientHello(ssl: number, alert: number): number {
  const choice = running?.choice ?? null;
  const name = choice === null ? null : nameOf(ssl);
  const signatures = name === null ? -1 : signaturesOf(ssl);
  if (choice !== null && name !== null && signatures >= 0) {
    const canEcdsa = (signatures & 2) !== 0 && hasEcdsaSuite(ssl, choice.ecdsaSuites);
    if (choice.choose(ssl, name, (signatures & 1) !== 0, canEcdsa)) return HELLO_OK;
  }
  words[0] = ALERT_UNRECOGNIZED_NAME;
  copyMemory(alert, scratch.address, 4);
  return HELLO_REFUSED;
}

/**
 * Sees every message of a session until the client hello has come. Seven arguments are OpenSSL's
 * own.
 */
function keepHello(
  isWritten: number,
  _version: number,
  kind: number,
  from: number,
  length: number,
  ssl: number,
): void {
  if (running === null || isWritten !== 0 || kind !== MESSAGE_HANDSHAKE) return;
  if (length < 1 || length > OFFER_BYTES_MAX) return;
  copyMemory(scratch.address + OFFER_AT, from, length);
  if (scratch.bytes[OFFER_AT] !== CLIENT_HELLO) return;
  const bytes = scratch.bytes.subarray(OFFER_AT, OFFER_AT + length);
  running.hello = Buffer.from(bytes).toString('latin1');
  openSslCalls().SSL_set_msg_callback(ssl, 0n);
}

/** The client is told that its name was looked at (RFC 6066 3). */
function acknowledgeName(ssl: number): number {
  return openSslCalls().SSL_get_servername(ssl, 0) === null ? NO_ACKNOWLEDGEMENT : OK;
}

// ---- what follows ----

/** Six arguments are OpenSSL's own. Nothing in common: go on without, as HAProxy does. */
function chooseProtocol(
  ssl: number,
  chosen: number,
  chosenLength: number,
  offer: number,
  offerLength: number,
  _argument: number,
): number {
  const choice = running?.choice ?? null;
  if (choice === null || offerLength > OFFER_BYTES_MAX) return NO_ACKNOWLEDGEMENT;
  const list = choice.alpnOf(ssl);
  copyMemory(scratch.address + OFFER_AT, offer, offerLength);
  const own = list.bytes;
  for (let at = 0; at < own.length; at += 1 + own[at]!) {
    if (!offers(own, at, offerLength)) continue;
    putLong(words, 0, list.address + at + 1);
    scratch.bytes[LENGTH_AT] = own[at]!;
    copyMemory(chosen, scratch.address, 8);
    copyMemory(chosenLength, scratch.address + LENGTH_AT, 1);
    return OK;
  }
  return NO_ACKNOWLEDGEMENT;
}

/** True when the offer in the scratch area has the protocol at `at` of `own`. */
function offers(own: Uint8Array, at: number, offerLength: number): boolean {
  const length = own[at]!;
  const bytes = scratch.bytes;
  const end = OFFER_AT + offerLength;
  for (let theirs = OFFER_AT; theirs < end; theirs += 1 + bytes[theirs]!) {
    let same = 0;
    while (same <= length && bytes[theirs + same] === own[at + same]) same++;
    if (same > length) return true;
  }
  return false;
}

/** Called for every certificate of a client's chain; the first error of each side is kept. */
function judge(isGood: number, store: number): number {
  if (isGood === 1 || running === null || running.choice === null) return isGood;
  const calls = openSslCalls();
  const error = calls.X509_STORE_CTX_get_error(store);
  const depth = calls.X509_STORE_CTX_get_error_depth(store);
  if (depth > 0 && running.issuerError === 0) {
    running.issuerError = error;
    running.issuerErrorDepth = depth;
  } else if (depth === 0 && running.certificateError === 0) {
    running.certificateError = error;
  }
  if (!running.choice.isIgnored(error, depth)) return 0;
  calls.ERR_clear_error();
  return 1;
}

/** OpenSSL frees what it is given, so it gets a copy in memory of its own. */
function tellStatus(ssl: number): number {
  const response = running?.choice?.ocspOf(ssl) ?? null;
  if (response === null || response.length > OFFER_BYTES_MAX) return NO_ACKNOWLEDGEMENT;
  const calls = openSslCalls();
  const copy = calls.CRYPTO_malloc(response.length, 0, 0);
  if (copy === 0) return NO_ACKNOWLEDGEMENT;
  scratch.bytes.set(response, OFFER_AT);
  copyMemory(copy, scratch.address + OFFER_AT, response.length);
  calls.SSL_ctrl(ssl, CTRL_SET_OCSP_RESPONSE, response.length, copy);
  return OK;
}
