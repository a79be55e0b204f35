// Maxima of rates over all threads. A thread keeps the most it saw itself; the most of all together
// only shows when somebody adds up. Called once a second by the control thread's heartbeat.

import { type CounterWriter, raise } from '../../shared/segment/counters.ts';
import { field } from '../../shared/segment/metrics.ts';
import type { StatsSource } from './source.ts';

/** Rates with a maximum, of proxies and servers, and of the process. */
const pairs: readonly (readonly [number, number])[] = [
  [field.rate, field.rate_max],
  [field.req_rate, field.req_rate_max],
  [field.conn_rate, field.conn_rate_max],
];
const processPairs: readonly (readonly [number, number])[] = [
  [field.ConnRate, field.MaxConnRate],
  [field.SessRate, field.MaxSessRate],
  [field.SslRate, field.MaxSslRate],
  [field.SslFrontendKeyRate, field.SslFrontendMaxKeyRate],
  [field.SslBackendKeyRate, field.SslBackendMaxKeyRate],
];

/** Raises the maxima in the control thread's own rows (`counters`). */
export function sampleMaxima(source: StatsSource, counters: CounterWriter): void {
  sampleObject(source, counters, source.objects.process, processPairs);
  for (const { front, back, servers } of source.objects.proxies) {
    for (const object of [front, back, ...servers]) {
      if (object >= 0) sampleObject(source, counters, object, pairs);
    }
  }
}

function sampleObject(
  source: StatsSource,
  counters: CounterWriter,
  object: number,
  rates: readonly (readonly [number, number])[],
): void {
  const row = counters.row(object);
  for (const [rate, most] of rates) {
    raise(counters.values, row + most, source.reader.rate(object, rate, source.nowMs()));
  }
}
