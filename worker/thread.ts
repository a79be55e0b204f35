// Entry of a proxy thread: one Piscina task that lasts as long as the thread. Nests the proxy loop
// with libuv's (DESIGN 2) and passes messages of the control thread on.

import { readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { type MessagePort, threadId } from 'node:worker_threads';
import type { ControlToThread, ThreadStart, ThreadToControl } from '../shared/messages.ts';
import { linuxSys } from '../shared/sys/linux.ts';
import { ProxyThread } from './proxy-thread.ts';
import { startHeapProfile } from './runtime/heap-profile.ts';
import { ThreadRights } from './thread-rights.ts';

export interface ThreadTask {
  readonly start: ThreadStart;
  readonly port: MessagePort;
  /** CPUs to run on, empty: all. */
  readonly cpus: readonly number[];
}

/** Serves until the thread is told to stop. */
export function serve(task: ThreadTask): Promise<void> {
  const { start, port, cpus } = task;
  const sys = linuxSys();
  if (start.model.global.tune.profilingMemory) startHeapProfile();
  if (cpus.length > 0) sys.setAffinity(0, cpus);
  return new Promise((resolve) => {
    const report = (message: ThreadToControl): void => port.postMessage(message);
    const seed = (sys.monotonicNs() ^ (threadId * 0x9e3779b9)) | 0;
    const rights = new ThreadRights(sys, start.model.global);
    const thread = new ProxyThread(sys, start, report, { seed });
    if (thread.diagnostics.alerts > 0) {
      report({ type: 'failed', diagnostics: thread.diagnostics.list });
      port.close();
      resolve();
      return;
    }
    const bridge = new Socket({ fd: thread.loop.nest(), readable: true, writable: false });
    const end = (): void => {
      bridge.destroy();
      port.close();
      resolve();
    };
    port.on('message', (message: ControlToThread) => {
      // The process has become another user meanwhile: connections may need what it keeps.
      const fault = message.type === 'go' ? rights.claim() : '';
      if (fault !== '') report({ type: 'log', level: 'warning', text: fault });
      thread.handle(message);
      if (message.type === 'hard-stop') end();
    });
    bridge.on('data', () => thread.loop.turn());
    const { list: diagnostics } = thread.diagnostics;
    const { patterns } = thread;
    report({ type: 'ready', diagnostics, threadId: kernelThreadId(), patterns });
    setImmediate(() => thread.loop.turn());
  });
}

/** What /proc/self/task calls the calling thread. */
function kernelThreadId(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1)) || 0;
  } catch {
    return 0;
  }
}
