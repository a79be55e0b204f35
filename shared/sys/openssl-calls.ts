// The functions of OpenSSL 3 this program uses, bound once per thread when TLS is first wanted:
// those of the node binary, or of libssl.so.3 where a distribution's node hides them. Called by
// openssl-*.ts only. Handles and pointers are numbers.

import type * as koffi from 'koffi';
import { bindFunction, bindOptional, declare, openLibrary, self } from './ffi.ts';

type Call0 = () => number;
type Call1 = (a: number) => number;
type Call2 = (a: number, b: number) => number;
type Call3 = (a: number, b: number, c: number) => number;
type Call4 = (a: number, b: number, c: number, d: number) => number;
type Void1 = (a: number) => void;
type Void3 = (a: number, b: number, c: number) => void;
type Text1 = (a: number) => string | null;
type WithText = (a: number, text: string) => number;

/** Copies between OpenSSL's memory and ours; both are addresses. */
export const copyMemory = declare<Call3>('uintptr_t memcpy(uintptr_t, uintptr_t, size_t)');

export type OpenSslCalls = ReturnType<typeof bindAll>;

let bound: OpenSslCalls | null = null;

/** Binds on first use. Throws an Error that names the library when there is none. */
export function openSslCalls(): OpenSslCalls {
  bound ??= bindAll();
  return bound;
}

function exportsOpenSsl(library: koffi.LibraryHandle): boolean {
  return bindOptional<Call1>(library, 'uintptr_t SSL_get1_peer_certificate(uintptr_t)') !== null;
}

function findLibraries(): { ssl: koffi.LibraryHandle; crypto: koffi.LibraryHandle } {
  if (exportsOpenSsl(self)) return { ssl: self, crypto: self };
  const ssl = openLibrary('libssl.so.3', true);
  if (exportsOpenSsl(ssl)) return { ssl, crypto: openLibrary('libcrypto.so.3', true) };
  throw new Error('TLS needs OpenSSL 3: neither this node binary nor libssl.so.3 has it');
}

function bindAll() {
  const { ssl, crypto } = findLibraries();
  return {
    ...bindContexts(ssl),
    ...bindServerContexts(ssl),
    ...bindSessions(ssl),
    ...bindPeers(ssl),
    ...bindCrypto(crypto),
    ...bindCertificates(crypto),
    ...bindPrinting(crypto),
  };
}

function bindContexts(ssl: koffi.LibraryHandle) {
  return {
    TLS_server_method: bindFunction<Call0>(ssl, 'uintptr_t TLS_server_method()'),
    TLS_client_method: bindFunction<Call0>(ssl, 'uintptr_t TLS_client_method()'),
    SSL_CTX_new: bindFunction<Call1>(ssl, 'uintptr_t SSL_CTX_new(uintptr_t)'),
    SSL_CTX_free: bindFunction<Void1>(ssl, 'void SSL_CTX_free(uintptr_t)'),
    SSL_CTX_ctrl: bindFunction<Call4>(ssl, 'long SSL_CTX_ctrl(uintptr_t, int, long, uintptr_t)'),
    SSL_CTX_ctrl_text: bindFunction<(ctx: number, what: number, n: number, text: string) => number>(
      ssl,
      'long SSL_CTX_ctrl(uintptr_t, int, long, const char*)',
    ),
    SSL_CTX_callback_ctrl: bindFunction<(ctx: number, what: number, callback: bigint) => number>(
      ssl,
      'long SSL_CTX_callback_ctrl(uintptr_t, int, uintptr_t)',
    ),
    SSL_CTX_set_options: bindFunction<Call2>(
      ssl,
      'uint64_t SSL_CTX_set_options(uintptr_t, uint64_t)',
    ),
    SSL_CTX_set_timeout: bindFunction<Call2>(ssl, 'long SSL_CTX_set_timeout(uintptr_t, long)'),
    SSL_CTX_set_session_id_context: bindFunction<
      (ctx: number, text: string, length: number) => number
    >(ssl, 'int SSL_CTX_set_session_id_context(uintptr_t, const char*, unsigned int)'),
    SSL_CTX_set_cipher_list: bindFunction<WithText>(
      ssl,
      'int SSL_CTX_set_cipher_list(uintptr_t, const char*)',
    ),
    SSL_CTX_set_ciphersuites: bindFunction<WithText>(
      ssl,
      'int SSL_CTX_set_ciphersuites(uintptr_t, const char*)',
    ),
    SSL_CTX_set_verify: bindFunction<(ctx: number, mode: number, callback: bigint) => void>(
      ssl,
      'void SSL_CTX_set_verify(uintptr_t, int, uintptr_t)',
    ),
    SSL_CTX_get_cert_store: bindFunction<Call1>(ssl, 'uintptr_t SSL_CTX_get_cert_store(uintptr_t)'),
    SSL_CTX_add_client_CA: bindFunction<Call2>(
      ssl,
      'int SSL_CTX_add_client_CA(uintptr_t, uintptr_t)',
    ),
  };
}

function bindServerContexts(ssl: koffi.LibraryHandle) {
  return {
    SSL_CTX_use_certificate: bindFunction<Call2>(
      ssl,
      'int SSL_CTX_use_certificate(uintptr_t, uintptr_t)',
    ),
    SSL_CTX_use_PrivateKey: bindFunction<Call2>(
      ssl,
      'int SSL_CTX_use_PrivateKey(uintptr_t, uintptr_t)',
    ),
    SSL_CTX_set0_tmp_dh_pkey: bindFunction<Call2>(
      ssl,
      'int SSL_CTX_set0_tmp_dh_pkey(uintptr_t, uintptr_t)',
    ),
    SSL_CTX_set_alpn_protos: bindFunction<Call3>(
      ssl,
      'int SSL_CTX_set_alpn_protos(uintptr_t, uintptr_t, unsigned int)',
    ),
    SSL_CTX_set_client_hello_cb: bindFunction<(ctx: number, cb: bigint, arg: number) => void>(
      ssl,
      'void SSL_CTX_set_client_hello_cb(uintptr_t, uintptr_t, uintptr_t)',
    ),
    SSL_CTX_set_msg_callback: bindFunction<(ctx: number, callback: bigint) => void>(
      ssl,
      'void SSL_CTX_set_msg_callback(uintptr_t, uintptr_t)',
    ),
    SSL_set_msg_callback: bindFunction<(handle: number, callback: bigint) => void>(
      ssl,
      'void SSL_set_msg_callback(uintptr_t, uintptr_t)',
    ),
    SSL_CTX_use_serverinfo_ex: bindFunction<Call4>(
      ssl,
      'int SSL_CTX_use_serverinfo_ex(uintptr_t, unsigned int, uintptr_t, size_t)',
    ),
    SSL_CTX_set1_cert_store: bindFunction<(ctx: number, store: number) => void>(
      ssl,
      'void SSL_CTX_set1_cert_store(uintptr_t, uintptr_t)',
    ),
    SSL_CTX_get_client_CA_list: bindFunction<Call1>(
      ssl,
      'uintptr_t SSL_CTX_get_client_CA_list(uintptr_t)',
    ),
    SSL_dup_CA_list: bindFunction<Call1>(ssl, 'uintptr_t SSL_dup_CA_list(uintptr_t)'),
    SSL_CTX_set_client_CA_list: bindFunction<(ctx: number, list: number) => void>(
      ssl,
      'void SSL_CTX_set_client_CA_list(uintptr_t, uintptr_t)',
    ),
    SSL_CTX_get_ciphers: bindFunction<Call1>(ssl, 'uintptr_t SSL_CTX_get_ciphers(uintptr_t)'),
    SSL_CIPHER_get_protocol_id: bindFunction<Call1>(
      ssl,
      'uint16_t SSL_CIPHER_get_protocol_id(uintptr_t)',
    ),
    SSL_CIPHER_get_auth_nid: bindFunction<Call1>(ssl, 'int SSL_CIPHER_get_auth_nid(uintptr_t)'),
    SSL_CTX_set_alpn_select_cb: bindFunction<(ctx: number, cb: bigint, arg: number) => void>(
      ssl,
      'void SSL_CTX_set_alpn_select_cb(uintptr_t, uintptr_t, uintptr_t)',
    ),
  };
}

function bindSessions(ssl: koffi.LibraryHandle) {
  return {
    SSL_new: bindFunction<Call1>(ssl, 'uintptr_t SSL_new(uintptr_t)'),
    SSL_set_alpn_protos: bindFunction<Call3>(
      ssl,
      'int SSL_set_alpn_protos(uintptr_t, uintptr_t, unsigned int)',
    ),
    SSL_free: bindFunction<Void1>(ssl, 'void SSL_free(uintptr_t)'),
    SSL_set_fd: bindFunction<Call2>(ssl, 'int SSL_set_fd(uintptr_t, int)'),
    SSL_set_accept_state: bindFunction<Void1>(ssl, 'void SSL_set_accept_state(uintptr_t)'),
    SSL_set_connect_state: bindFunction<Void1>(ssl, 'void SSL_set_connect_state(uintptr_t)'),
    SSL_set_SSL_CTX: bindFunction<Call2>(ssl, 'uintptr_t SSL_set_SSL_CTX(uintptr_t, uintptr_t)'),
    SSL_ctrl_text: bindFunction<(ssl: number, what: number, n: number, text: string) => number>(
      ssl,
      'long SSL_ctrl(uintptr_t, int, long, const char*)',
    ),
    SSL_ctrl: bindFunction<Call4>(ssl, 'long SSL_ctrl(uintptr_t, int, long, uintptr_t)'),
    SSL_set_verify: bindFunction<(ssl: number, mode: number, callback: bigint) => void>(
      ssl,
      'void SSL_set_verify(uintptr_t, int, uintptr_t)',
    ),
    SSL_get_SSL_CTX: bindFunction<Call1>(ssl, 'uintptr_t SSL_get_SSL_CTX(uintptr_t)'),
    SSL_client_hello_get0_ext: bindFunction<Call4>(
      ssl,
      'int SSL_client_hello_get0_ext(uintptr_t, unsigned int, uintptr_t, uintptr_t)',
    ),
    SSL_client_hello_get0_ciphers: bindFunction<Call2>(
      ssl,
      'size_t SSL_client_hello_get0_ciphers(uintptr_t, uintptr_t)',
    ),
    SSL_set1_host: bindFunction<WithText>(ssl, 'int SSL_set1_host(uintptr_t, const char*)'),
    SSL_get0_param: bindFunction<Call1>(ssl, 'uintptr_t SSL_get0_param(uintptr_t)'),
    SSL_do_handshake: bindFunction<Call1>(ssl, 'int SSL_do_handshake(uintptr_t)'),
    SSL_read: bindFunction<Call3>(ssl, 'int SSL_read(uintptr_t, uintptr_t, int)'),
    SSL_write: bindFunction<Call3>(ssl, 'int SSL_write(uintptr_t, uintptr_t, int)'),
    SSL_get_rbio: bindFunction<Call1>(ssl, 'uintptr_t SSL_get_rbio(uintptr_t)'),
    SSL_has_pending: bindFunction<Call1>(ssl, 'int SSL_has_pending(uintptr_t)'),
    SSL_shutdown: bindFunction<Call1>(ssl, 'int SSL_shutdown(uintptr_t)'),
    SSL_set_shutdown: bindFunction<(ssl: number, mode: number) => void>(
      ssl,
      'void SSL_set_shutdown(uintptr_t, int)',
    ),
    SSL_get_error: bindFunction<Call2>(ssl, 'int SSL_get_error(uintptr_t, int)'),
    SSL_is_init_finished: bindFunction<Call1>(ssl, 'int SSL_is_init_finished(uintptr_t)'),
    SSL_session_reused: bindFunction<Call1>(ssl, 'int SSL_session_reused(uintptr_t)'),
    SSL_get_version: bindFunction<Text1>(ssl, 'const char* SSL_get_version(uintptr_t)'),
    SSL_get_current_cipher: bindFunction<Call1>(ssl, 'uintptr_t SSL_get_current_cipher(uintptr_t)'),
    SSL_CIPHER_find: bindFunction<Call2>(ssl, 'uintptr_t SSL_CIPHER_find(uintptr_t, uintptr_t)'),
    SSL_CIPHER_get_name: bindFunction<Text1>(ssl, 'const char* SSL_CIPHER_get_name(uintptr_t)'),
    SSL_CIPHER_get_bits: bindFunction<Call2>(ssl, 'int SSL_CIPHER_get_bits(uintptr_t, uintptr_t)'),
    SSL_get0_alpn_selected: bindFunction<Void3>(
      ssl,
      'void SSL_get0_alpn_selected(uintptr_t, uintptr_t, uintptr_t)',
    ),
    SSL_get_servername: bindFunction<(ssl: number, type: number) => string | null>(
      ssl,
      'const char* SSL_get_servername(uintptr_t, int)',
    ),
  };
}

function bindPeers(ssl: koffi.LibraryHandle) {
  return {
    SSL_get_verify_result: bindFunction<Call1>(ssl, 'long SSL_get_verify_result(uintptr_t)'),
    SSL_group_to_name: bindFunction<(ssl: number, group: number) => string | null>(
      ssl,
      'const char* SSL_group_to_name(uintptr_t, int)',
    ),
    SSL_get_peer_cert_chain: bindFunction<Call1>(
      ssl,
      'uintptr_t SSL_get_peer_cert_chain(uintptr_t)',
    ),
    SSL_get0_verified_chain: bindFunction<Call1>(
      ssl,
      'uintptr_t SSL_get0_verified_chain(uintptr_t)',
    ),
    SSL_get1_peer_certificate: bindFunction<Call1>(
      ssl,
      'uintptr_t SSL_get1_peer_certificate(uintptr_t)',
    ),
    SSL_get_certificate: bindFunction<Call1>(ssl, 'uintptr_t SSL_get_certificate(uintptr_t)'),
    SSL_get_session: bindFunction<Call1>(ssl, 'uintptr_t SSL_get_session(uintptr_t)'),
    SSL_set_session: bindFunction<Call2>(ssl, 'int SSL_set_session(uintptr_t, uintptr_t)'),
    SSL_SESSION_is_resumable: bindFunction<Call1>(ssl, 'int SSL_SESSION_is_resumable(uintptr_t)'),
    SSL_SESSION_free: bindFunction<Void1>(ssl, 'void SSL_SESSION_free(uintptr_t)'),
    i2d_SSL_SESSION: bindFunction<Call2>(ssl, 'int i2d_SSL_SESSION(uintptr_t, uintptr_t)'),
    d2i_SSL_SESSION: bindFunction<Call3>(
      ssl,
      'uintptr_t d2i_SSL_SESSION(uintptr_t, uintptr_t, long)',
    ),
  };
}

function bindCrypto(crypto: koffi.LibraryHandle) {
  return {
    OpenSSL_version: bindFunction<Text1>(crypto, 'const char* OpenSSL_version(int)'),
    ERR_get_error: bindFunction<Call0>(crypto, 'unsigned long ERR_get_error()'),
    ERR_clear_error: bindFunction<() => void>(crypto, 'void ERR_clear_error()'),
    ERR_reason_error_string: bindFunction<Text1>(
      crypto,
      'const char* ERR_reason_error_string(unsigned long)',
    ),
    ERR_error_string_n: bindFunction<Void3>(
      crypto,
      'void ERR_error_string_n(unsigned long, uintptr_t, size_t)',
    ),
    BIO_new_mem_buf: bindFunction<Call2>(crypto, 'uintptr_t BIO_new_mem_buf(uintptr_t, int)'),
    BIO_number_read: bindFunction<Call1>(crypto, 'uint64_t BIO_number_read(uintptr_t)'),
    BIO_free: bindFunction<Call1>(crypto, 'int BIO_free(uintptr_t)'),
    CRYPTO_malloc: bindFunction<Call3>(crypto, 'uintptr_t CRYPTO_malloc(size_t, uintptr_t, int)'),
    OPENSSL_sk_num: bindFunction<Call1>(crypto, 'int OPENSSL_sk_num(uintptr_t)'),
    OPENSSL_sk_value: bindFunction<Call2>(crypto, 'uintptr_t OPENSSL_sk_value(uintptr_t, int)'),
    PEM_read_bio_X509: bindFunction<Call4>(
      crypto,
      'uintptr_t PEM_read_bio_X509(uintptr_t, uintptr_t, uintptr_t, uintptr_t)',
    ),
    PEM_read_bio_X509_CRL: bindFunction<Call4>(
      crypto,
      'uintptr_t PEM_read_bio_X509_CRL(uintptr_t, uintptr_t, uintptr_t, uintptr_t)',
    ),
    PEM_read_bio_PrivateKey: bindFunction<Call4>(
      crypto,
      'uintptr_t PEM_read_bio_PrivateKey(uintptr_t, uintptr_t, uintptr_t, uintptr_t)',
    ),
    PEM_read_bio_Parameters: bindFunction<Call2>(
      crypto,
      'uintptr_t PEM_read_bio_Parameters(uintptr_t, uintptr_t)',
    ),
  };
}

function bindPrinting(crypto: koffi.LibraryHandle) {
  return {
    BIO_s_mem: bindFunction<Call0>(crypto, 'uintptr_t BIO_s_mem()'),
    BIO_new: bindFunction<Call1>(crypto, 'uintptr_t BIO_new(uintptr_t)'),
    BIO_ctrl: bindFunction<Call4>(crypto, 'long BIO_ctrl(uintptr_t, int, long, uintptr_t)'),
    d2i_OCSP_RESPONSE: bindFunction<Call3>(
      crypto,
      'uintptr_t d2i_OCSP_RESPONSE(uintptr_t, uintptr_t, long)',
    ),
    OCSP_RESPONSE_print: bindFunction<Call3>(
      crypto,
      'int OCSP_RESPONSE_print(uintptr_t, uintptr_t, unsigned long)',
    ),
    OCSP_RESPONSE_free: bindFunction<Void1>(crypto, 'void OCSP_RESPONSE_free(uintptr_t)'),
    d2i_X509_CRL: bindFunction<Call3>(crypto, 'uintptr_t d2i_X509_CRL(uintptr_t, uintptr_t, long)'),
    X509_CRL_print: bindFunction<Call2>(crypto, 'int X509_CRL_print(uintptr_t, uintptr_t)'),
  };
}

function bindCertificates(crypto: koffi.LibraryHandle) {
  return {
    X509_free: bindFunction<Void1>(crypto, 'void X509_free(uintptr_t)'),
    X509_CRL_free: bindFunction<Void1>(crypto, 'void X509_CRL_free(uintptr_t)'),
    EVP_PKEY_free: bindFunction<Void1>(crypto, 'void EVP_PKEY_free(uintptr_t)'),
    X509_check_private_key: bindFunction<Call2>(
      crypto,
      'int X509_check_private_key(uintptr_t, uintptr_t)',
    ),
    i2d_X509: bindFunction<Call2>(crypto, 'int i2d_X509(uintptr_t, uintptr_t)'),
    X509_STORE_CTX_get_error: bindFunction<Call1>(
      crypto,
      'int X509_STORE_CTX_get_error(uintptr_t)',
    ),
    X509_STORE_CTX_get_error_depth: bindFunction<Call1>(
      crypto,
      'int X509_STORE_CTX_get_error_depth(uintptr_t)',
    ),
    X509_STORE_add_cert: bindFunction<Call2>(
      crypto,
      'int X509_STORE_add_cert(uintptr_t, uintptr_t)',
    ),
    X509_STORE_add_crl: bindFunction<Call2>(crypto, 'int X509_STORE_add_crl(uintptr_t, uintptr_t)'),
    X509_STORE_set_flags: bindFunction<Call2>(
      crypto,
      'int X509_STORE_set_flags(uintptr_t, unsigned long)',
    ),
    X509_VERIFY_PARAM_set1_ip_asc: bindFunction<WithText>(
      crypto,
      'int X509_VERIFY_PARAM_set1_ip_asc(uintptr_t, const char*)',
    ),
    X509_verify_cert_error_string: bindFunction<Text1>(
      crypto,
      'const char* X509_verify_cert_error_string(long)',
    ),
  };
}
