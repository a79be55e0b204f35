// The control thread's part in servers and backends that come and go, put together. Called by
// control.ts.

import type { RunningChecks } from './check/host.ts';
import { Fleet, type FleetHost, type FleetParts } from './fleet.ts';
import { FleetBackends } from './fleet-backends.ts';
import type { LiveData } from './live.ts';

export interface FleetsHost {
  readonly live: LiveData;
  nowMs(): number;
  inspect(what: string): Promise<readonly unknown[]>;
  checks(): RunningChecks | null;
  /** Lists by proxy index get one more. */
  grew(): void;
}

/**
 * Many changes at once ask the threads once: messages arrive in the order in which they were sent.
 */
function settledTogether(ask: () => Promise<unknown>): () => Promise<void> {
  let next: Promise<void> | null = null;
  return () => {
    next ??= new Promise((settle, refuse) => {
      setImmediate(() => {
        next = null;
        ask().then(() => settle(), refuse);
      });
    });
    return next;
  };
}

/** Made once, before the first command. */
export function makeFleets(parts: FleetParts, host: FleetsHost) {
  const { live } = host;
  const common: FleetHost = {
    nowSeconds: () => Math.floor(host.nowMs() / 1000),
    settled: settledTogether(() => host.inspect('thread')),
    checksChange: (...change) => host.checks()?.serverChanged(...change),
  };
  const fleet = new Fleet(parts, common);
  const backends = new FleetBackends(parts, {
    ...common,
    ready: () => void live.program,
    compile: (block) => live.compileLast(block),
    forget: (proxyIndex) => live.forgetBackend(proxyIndex),
    setRoom: (proxyIndex, room) => fleet.setRoom(proxyIndex, room),
    grew: () => host.grew(),
  });
  return { fleet, backends };
}
