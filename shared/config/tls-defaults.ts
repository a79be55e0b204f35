// Lists of global that lines without their own take over. A line takes what global says where it
// stands; sections of global may follow each other with others for the lines behind them.

import type { BindSslModel, ServerSslModel, SslDefaultsModel } from './model.ts';

/** Fills in what a bind line has not said. */
export function useBindDefaults(ssl: BindSslModel, defaults: SslDefaultsModel): void {
  ssl.ciphers ||= defaults.bindCiphers;
  ssl.ciphersuites ||= defaults.bindCiphersuites;
  ssl.curves ||= defaults.bindCurves;
  ssl.sigalgs ||= defaults.bindSigalgs;
  ssl.clientSigalgs ||= defaults.bindClientSigalgs;
}

/** Fills in what a server line has not said, and returns it. */
export function useServerDefaults(ssl: ServerSslModel, defaults: SslDefaultsModel): ServerSslModel {
  ssl.ciphers ||= defaults.serverCiphers;
  ssl.ciphersuites ||= defaults.serverCiphersuites;
  ssl.curves ||= defaults.serverCurves;
  ssl.sigalgs ||= defaults.serverSigalgs;
  ssl.clientSigalgs ||= defaults.serverClientSigalgs;
  return ssl;
}
