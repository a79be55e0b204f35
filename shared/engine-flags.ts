// Flags of V8 that the whole program runs under. Set by the entry of every process before other
// code is compiled, and by the build before it makes the code cache: a cache is only good under the
// flags it was made with. Never changed afterwards.

import { setFlagsFromString } from 'node:v8';

const flags = [
  /*
   * A regular expression that backtracks without end is finished by V8's linear engine instead: no
   * client may hold a thread with a path.
   */
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
  /*
   * New threads begin with 4 MiB for new objects where V8 would begin with 1: loading the program
   * then takes one or two scavenges in place of six.
   */
  '--min-semi-space-size=4',
];

/** For all threads of this process, also those that already run. Sets nothing twice. */
export function setEngineFlags(): void {
  for (const flag of flags) setFlagsFromString(flag);
}
