// What FastCGI applications write to their error output, as log lines (manual 10.1.1, log-stderr).

import { latin1 } from '../http/message.ts';
import { levelError, logLine } from '../log/logger.ts';
import type { FcgiAppPlan } from '../program.ts';
import type { ThreadContext } from '../thread-context.ts';

const dot = 46;

/**
 * Logs `length` bytes at `at` of the thread's memory, which it changes: control characters become
 * dots. Without targets nothing happens.
 */
export function logErrors(
  { sys, time, memory }: ThreadContext,
  { stderr }: FcgiAppPlan,
  at: number,
  length: number,
): void {
  if (stderr === null) return;
  const { bytes } = memory;
  for (let i = at; i < at + length; i++) if (bytes[i] < 32 || bytes[i] === 127) bytes[i] = dot;
  const text = latin1(bytes, at, length);
  logLine(sys, stderr, { text, level: levelError, wallMs: time.wallMs });
}
