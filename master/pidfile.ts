// The pid file (-p, `pidfile`): one line, replaced whole. Called when the process serves, before it
// gives up its rights. Never removed: HAProxy leaves it, too.

import { rmSync, writeFileSync } from 'node:fs';
import type { Console } from './console.ts';

/** Replaces the file; false with an alert when it cannot be written. */
export function writePid(path: string, console: Console): boolean {
  try {
    rmSync(path, { force: true });
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
    return true;
  } catch {
    console.alert(`[hawser.main()] Cannot create pidfile ${path}`);
    return false;
  }
}
