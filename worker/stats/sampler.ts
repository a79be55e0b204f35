// Maxima of rates over all threads. A thread keeps the most it saw itself; the most of all together
// only shows when somebody adds up. Called once a second by the control thread's heartbeat.

import { type CounterWriter, raise } from '../../shared/segment/counters.ts';
import { field } from '../../shared/segment/metrics.ts';
import type { StatsSource } from './source.ts';

interface Pair {
  readonly rate: number;
  readonly most: number;
}

/** Rates with a maximum, of backends and servers, of frontends, and of the process. */
const backPairs: readonly Pair[] = [{ rate: field.rate, most: field.rate_max }];
const frontPairs: readonly Pair[] = [
  ...backPairs,
  { rate: field.req_rate, most: field.req_rate_max },
  { rate: field.conn_rate, most: field.conn_rate_max },
];
const processPairs: readonly Pair[] = [
  { rate: field.ConnRate, most: field.MaxConnRate },
  { rate: field.SessRate, most: field.MaxSessRate },
  { rate: field.SslRate, most: field.MaxSslRate },
  { rate: field.SslFrontendKeyRate, most: field.SslFrontendMaxKeyRate },
  { rate: field.SslBackendKeyRate, most: field.SslBackendMaxKeyRate },
];

/**
 * Raises the maxima in the control thread's own rows (`counters`). There may be thousands of
 * servers: what is the same for all of them is asked once.
 */
export function sampleMaxima(source: StatsSource, counters: CounterWriter): void {
  const { reader, objects } = source;
  const nowMs = source.nowMs();
  const sample = (object: number, rates: readonly Pair[]): void => {
    if (object < 0) return;
    const row = counters.row(object);
    for (let i = 0; i < rates.length; i++) {
      const most = reader.rate(object, rates[i].rate, nowMs);
      if (most > 0) raise(counters.values, row + rates[i].most, most);
    }
  };
  sample(objects.process, processPairs);
  for (const { front, back, servers } of objects.proxies) {
    sample(front, frontPairs);
    sample(back, backPairs);
    for (const server of servers) sample(server, backPairs);
  }
}
