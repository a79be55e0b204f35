// The two questions OpenSSL asks in the middle of a handshake: which certificate for this server
// name (RFC 6066), which protocol of those offered (RFC 7301). The callbacks run inside a handshake
// call of their own thread only; they are registered once per thread, never per context, and find
// whom to ask by its number. They must not throw: an exception cannot cross OpenSSL.

import * as koffi from 'koffi';
import { putLong, wordsOf } from './batches.ts';
import { region } from './memory.ts';
import { copyMemory, openSslCalls } from './openssl-calls.ts';
import type { Region } from './sys.ts';

/** What a server context answers. */
export interface ServerChoice {
  readonly strictSni: boolean;
  /** Protocols by preference as RFC 7301 lists them: a length byte before each. */
  readonly alpn: Region;
  /** The SSL_CTX for a server name in lower case, 0 for none. */
  find(name: string): number;
}

const OK = 0;
const ALERT_FATAL = 2;
const NO_ACKNOWLEDGEMENT = 3;
/** A client hello cannot carry more. */
const OFFER_BYTES_MAX = 65536;

/* Scratch of this thread: bytes 0-7 a pointer, 8 a length; from 16 what a client offers. */
const LENGTH_AT = 8;
const OFFER_AT = 16;
const scratch = region(OFFER_AT + OFFER_BYTES_MAX);
const words = wordsOf(scratch);

const choices = new Map<number, ServerChoice>();
let nextNumber = 1;

/** Makes `choice` answerable; the number is the argument to give OpenSSL. */
export function enlist(choice: ServerChoice): number {
  const number = nextNumber++;
  choices.set(number, choice);
  return number;
}

/** Handshakes of sessions that outlive their context are refused from now on. */
export function strike(number: number): void {
  choices.delete(number);
}

interface ServerCallbacks {
  readonly serverName: bigint;
  readonly alpn: bigint;
}

let registered: ServerCallbacks | null = null;

/** Addresses of the callbacks of this thread. */
export function serverCallbacks(): ServerCallbacks {
  registered ??= register();
  return registered;
}

function register(): ServerCallbacks {
  const serverName = koffi.proto('int HawserServerName(uintptr_t, uintptr_t, uintptr_t)');
  const alpn = koffi.proto(
    'int HawserAlpn(uintptr_t, uintptr_t, uintptr_t, uintptr_t, unsigned int, uintptr_t)',
  );
  return {
    serverName: koffi.register(chooseCertificate, koffi.pointer(serverName)),
    alpn: koffi.register(chooseProtocol, koffi.pointer(alpn)),
  };
}

/** Manual 5.1, `crt` and `strict-sni`: an unknown or missing name gets the default certificate. */
function chooseCertificate(ssl: number, _alert: number, number: number): number {
  const choice = choices.get(number);
  if (choice === undefined) return ALERT_FATAL;
  const calls = openSslCalls();
  const name = calls.SSL_get_servername(ssl, 0);
  const context = name === null ? 0 : choice.find(name.toLowerCase());
  if (context !== 0) {
    calls.SSL_set_SSL_CTX(ssl, context);
    return OK;
  }
  if (choice.strictSni) return ALERT_FATAL;
  return name === null ? NO_ACKNOWLEDGEMENT : OK;
}

/** Six arguments are OpenSSL's own. Nothing in common: go on without, as HAProxy does. */
function chooseProtocol(
  _ssl: number,
  chosen: number,
  chosenLength: number,
  offer: number,
  offerLength: number,
  number: number,
): number {
  const choice = choices.get(number);
  if (choice === undefined || offerLength > OFFER_BYTES_MAX) return NO_ACKNOWLEDGEMENT;
  copyMemory(scratch.address + OFFER_AT, offer, offerLength);
  const own = choice.alpn.bytes;
  for (let at = 0; at < own.length; at += 1 + own[at]!) {
    if (!offers(own, at, offerLength)) continue;
    putLong(words, 0, choice.alpn.address + at + 1);
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
