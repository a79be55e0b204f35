// What OpenSSL writes about things of TLS in DER: OCSP responses, revocation lists. Used by the
// runtime API on the control thread. Every object made here is freed here.

import { putLong, wordsOf } from './batches.ts';
import { region, regionOf } from './memory.ts';
import { copyMemory, type OpenSslCalls } from './openssl-calls.ts';

/** What can be described. */
export type Describable = 'ocsp' | 'revocations';

/** A text longer than this is cut. */
const TEXT_BYTES_MAX = 1 << 20;
const CTRL_INFO = 3;

/** The text about `der`, null: it is no such thing. */
export function describe(calls: OpenSslCalls, what: Describable, der: Uint8Array): string | null {
  const source = regionOf(Uint8Array.from(der));
  const pointer = region(16);
  const words = wordsOf(pointer);
  putLong(words, 0, source.address);
  const isOcsp = what === 'ocsp';
  const decode = isOcsp ? calls.d2i_OCSP_RESPONSE : calls.d2i_X509_CRL;
  const object = decode(0, pointer.address, source.bytes.length);
  if (object === 0) {
    calls.ERR_clear_error();
    return null;
  }
  const bio = calls.BIO_new(calls.BIO_s_mem());
  if (isOcsp) calls.OCSP_RESPONSE_print(bio, object, 0);
  else calls.X509_CRL_print(bio, object);
  const text = textOf(calls, bio, pointer.address, words);
  calls.BIO_free(bio);
  if (isOcsp) calls.OCSP_RESPONSE_free(object);
  else calls.X509_CRL_free(object);
  calls.ERR_clear_error();
  return text;
}

function textOf(calls: OpenSslCalls, bio: number, pointer: number, words: Uint32Array): string {
  const length = Math.min(calls.BIO_ctrl(bio, CTRL_INFO, 0, pointer), TEXT_BYTES_MAX);
  if (length <= 0) return '';
  const copy = region(length);
  copyMemory(copy.address, words[0]! + words[1]! * 2 ** 32, length);
  return Buffer.from(copy.bytes).toString('latin1');
}
