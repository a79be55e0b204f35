// The loop of the control thread while it checks servers: that of a proxy thread (DESIGN 2), nested
// with libuv's on a thread where libuv has much more to do. It waits only once libuv has seen
// everything that its callbacks have begun. Made by check-host.ts, when there is a check at all.

import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Sys } from '../shared/sys/sys.ts';
import { Loop } from './loop/loop.ts';

/** Events of one wait; what is called is not measured. */
const settings = { batchMax: 200, profiling: 'off' } as const;

export interface ControlLoopHooks {
  nowMs(): number;
  onFault(error: unknown): void;
}

export class ControlLoop {
  readonly loop: Loop;
  private bridge: Socket | null;
  /** Events that libuv had handled when this loop was last left. */
  private seenEvents: number;

  constructor(sys: Sys, hooks: ControlLoopHooks) {
    this.loop = new Loop(sys, { ...hooks, endOfTurn: () => {} }, settings);
    this.bridge = null;
    this.seenEvents = 0;
  }

  start(): void {
    const bridge = new Socket({ fd: this.loop.nest(), readable: true, writable: false });
    this.bridge = bridge;
    bridge.on('data', () => this.resume());
    this.loop.glance();
  }

  stop(): void {
    this.loop.stop();
    this.bridge?.destroy();
    this.bridge = null;
  }

  /**
   * libuv looks at new descriptors when its next wait begins. So when its last one gave more than
   * our own byte, whose callbacks may have begun something, it is given another turn first.
   */
  private resume(): void {
    const handled = uvEvents() - this.seenEvents;
    if (handled > 1) this.loop.glance();
    else this.loop.turn();
    this.seenEvents = uvEvents();
  }
}

interface UvMetrics {
  readonly uvMetricsInfo?: { readonly events: number };
}

/** Events that libuv has handled so far on this thread. */
function uvEvents(): number {
  // Node 20.18 and later have it; the types of older ones do not.
  const metrics = performance.nodeTiming as unknown as UvMetrics;
  return metrics.uvMetricsInfo?.events ?? 0;
}
