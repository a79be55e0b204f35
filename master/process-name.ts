// What processes are called: scripts look for the proxy by the name haproxy (`killall -0 haproxy`,
// `pgrep`), as they do for its log lines. Whole command lines begin with whatever started them.

import { writeFileSync } from 'node:fs';

/** Names this process. Before a jail hides /proc; a kernel without it shows node's name. */
export function nameProcess(): void {
  try {
    writeFileSync('/proc/self/comm', 'haproxy');
  } catch {
    // Nothing depends on it but who looks.
  }
}
