// Joins a proxy thread's rules with the edits of all threads: what they set here is reported, what
// the control thread sends is applied (match/edits.ts). Called once per thread by proxy-thread.ts.

import { ThreadEdits } from './match/edits.ts';
import type { PatternRegistry } from './match/pattern-registry.ts';
import { applyVariableEdit } from './sample/variables.ts';
import { runStartActs } from './stream/process-stream.ts';
import type { Model } from '../shared/config/model.ts';
import { applyTlsChanges, type TlsFileChanges } from '../shared/config/model-certificates.ts';
import type { TlsContexts } from './conn/tls-contexts.ts';
import type { ThreadToControl } from '../shared/messages.ts';
import type { ThreadContext } from './thread-context.ts';

/** Runs what global sets, which every thread does by itself, and reports edits from then on. */
export function connectEdits(
  thread: ThreadContext,
  patterns: PatternRegistry,
  report: (message: ThreadToControl) => void,
): ThreadEdits {
  runStartActs(thread);
  const edits = new ThreadEdits(
    patterns,
    { apply: (edit) => applyVariableEdit(thread, edit) },
    (list) => report({ type: 'edit', threadIndex: thread.index, ...list }),
    (act) => thread.defer(act),
  );
  thread.publishPattern = (reference, edit) => edits.publishPattern(reference, edit);
  thread.publishVariable = (index, value) => edits.publishVariable(index, value);
  return edits;
}

/** Certificates and files have changed; the control thread has made sure that they can be used. */
export function followTlsFiles(
  model: Model,
  contexts: TlsContexts | null,
  changes: TlsFileChanges,
  complain: (fault: string) => void,
): void {
  applyTlsChanges(model, changes);
  for (const fault of contexts?.renew() ?? []) complain(fault);
}
