// What holds the JavaScript memory of the calling thread, by where it was asked for: V8's sampling
// heap profiler (manual, profiling.memory). Every thread of the process has its own; the control
// thread asks proxy threads through worker/thread-inspection.ts. Buffers are not of this heap:
// `show pools` tells of them. Reading a profile holds the thread for some milliseconds.

import type { HeapProfiler, Session } from 'node:inspector';

/** Memory that is still held, as far as samples tell. */
export interface HeapRow {
  readonly name: string;
  /** File and line, '' for V8's own. */
  readonly place: string;
  bytes: number;
}

/** One allocation in so many bytes is looked at. */
export const sampledBytes = 32_768;

let session: Session | null = null;
/** Of the last profile that ended. */
let last: readonly HeapRow[] = [];

/** Begins anew; false: this node cannot. */
export function startHeapProfile(): boolean {
  stopHeapProfile();
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector === undefined) return false;
  session = new inspector.Session();
  session.connect();
  session.post('HeapProfiler.startSampling', { samplingInterval: sampledBytes });
  return true;
}

/** Ends; what was found is kept until the next begins. */
export function stopHeapProfile(): void {
  if (session === null) return;
  last = heapRows();
  session.disconnect();
  session = null;
}

/** What is held now of what was asked for since the profile began, or was when it ended. */
export function heapRows(): readonly HeapRow[] {
  if (session === null) return last;
  const rows = new Map<string, HeapRow>();
  // The answer comes within the call.
  session.post('HeapProfiler.getSamplingProfile', (fault, answer) => {
    if (fault === null) collect(answer.profile.head, rows);
  });
  return [...rows.values()];
}

function collect(node: HeapProfiler.SamplingHeapProfileNode, rows: Map<string, HeapRow>): void {
  const { functionName, url, lineNumber } = node.callFrame;
  // What the profiler itself needs is no news.
  if (node.selfSize > 0 && url !== 'node:inspector') {
    const name = functionName || '(anonymous)';
    const place = url === '' ? '' : `${url.split('/').at(-1)}:${lineNumber + 1}`;
    const key = `${name} ${place}`;
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { name, place, bytes: node.selfSize });
    else row.bytes += node.selfSize;
  }
  for (const child of node.children) collect(child, rows);
}
