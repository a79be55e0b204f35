// The load of proxies over all threads, read from the segment, as fetches ask for it. Called once
// per proxy thread by its assembly.

import type { ThreadStart } from '../shared/messages.ts';
import { CounterReader } from '../shared/segment/counters.ts';
import { liveCurrent, liveQueued } from '../shared/segment/live.ts';
import { field } from '../shared/segment/metrics.ts';
import type { Segment } from '../shared/segment/segment.ts';
import type { EngineContext } from './stream/context.ts';
import type { ProxyNumbers } from './thread-context.ts';

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
    serverSessionRate: (object) => rate(object, field.rate),
    backSessionRate: (index) => rate(objects.proxies[index].back, field.rate),
  };
}
