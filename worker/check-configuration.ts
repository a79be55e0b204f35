// Compiles a model the way every proxy thread will, without sockets or shared memory: compiling is
// the check (DESIGN 4). Called by the master for `-c` and before every start and reload.

import type { Diagnostics } from '../shared/config/diagnostic.ts';
import type { Model } from '../shared/config/model.ts';
import { linuxSys } from '../shared/sys/linux.ts';
import { compileProgram } from './compile/compile.ts';
import { checkTls } from './compile/tls.ts';

/** All that only compiling finds (-c); opens certificates, binds nothing. Control thread. */
export function checkConfiguration(model: Model): { readonly diagnostics: Diagnostics } {
  const { diagnostics } = compileProgram({ model, listeners: [], sys: linuxSys(), runtime: null });
  checkTls(model, diagnostics);
  return { diagnostics };
}
