// What the threads of a process tell each other for fetches: process variables (every thread has a
// copy, edits are broadcast) and the load of proxies (read from the segment). Called once per proxy
// thread by its assembly; nothing here runs per request but the reads.

import { BroadcastChannel } from 'node:worker_threads';
import type { ThreadStart } from '../shared/messages.ts';
import { CounterReader } from '../shared/segment/counters.ts';
import { liveCurrent, liveQueued } from '../shared/segment/live.ts';
import { field } from '../shared/segment/metrics.ts';
import type { Segment } from '../shared/segment/segment.ts';
import { Sample } from './sample/sample.ts';
import { applyProcessVariable } from './sample/variables.ts';
import type { EngineContext } from './stream/context.ts';
import type { ProxyNumbers, ThreadContext } from './thread-context.ts';

/** An edit on its way: the value as plain fields, null: unset. */
interface Edit {
  readonly index: number;
  readonly value: Pick<Sample, 'kind' | 'int' | 'text'> | null;
}

/**
 * Connects the process variables of `thread` with those of all other threads of this process that
 * did the same. Edits arrive in the order they were made by each thread. Returns what disconnects
 * it.
 */
export function shareProcessVariables(thread: ThreadContext): () => void {
  const channel = new BroadcastChannel('hawser process variables');
  channel.unref();
  thread.publishVariable = (index, value) => {
    const plain = value === null ? null : { kind: value.kind, int: value.int, text: value.text };
    channel.postMessage({ index, value: plain } satisfies Edit);
  };
  const held = new Sample();
  channel.onmessage = (event) => {
    // The channel's own type says unknown; only this function posts to it.
    const { index, value } = (event as { readonly data: Edit }).data;
    if (value === null) {
      applyProcessVariable(thread, index, null);
      return;
    }
    held.kind = value.kind;
    held.int = value.int;
    held.text = value.text;
    applyProcessVariable(thread, index, held);
  };
  return () => channel.close();
}

/** Load of proxies over all threads, as fetches ask for it. */
export function proxyNumbers(
  context: EngineContext,
  segment: Segment,
  objects: ThreadStart['objects'],
): ProxyNumbers {
  const { live, backLive, thread } = context;
  const { words } = live;
  const reader = new CounterReader(segment);
  const rate = (object: number, at: number): number =>
    object < 0 ? 0 : reader.rate(object, at, thread.time.nowMs);
  return {
    backConnections: (index) => (backLive[index] < 0 ? 0 : words[backLive[index] + liveCurrent]),
    queued: (index) => (backLive[index] < 0 ? 0 : words[backLive[index] + liveQueued]),
    frontSessionRate: (index) => rate(objects.proxies[index].front, field.rate),
    frontRequestRate: (index) => rate(objects.proxies[index].front, field.req_rate),
    backSessionRate: (index) => rate(objects.proxies[index].back, field.rate),
  };
}
