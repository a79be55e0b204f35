// Connections and streams of HTTP/1 in a counter row (shared/segment/metrics-modules.ts): those
// there are now and those there have been. Towards clients stream/session-counts.ts counts,
// towards servers links.ts and h1-back.ts.

import { field } from '../../shared/segment/metrics.ts';

const fieldOpenConnections = field.h1_open_connections;
const fieldConnections = field.h1_total_connections;
const fieldOpenStreams = field.h1_open_streams;
const fieldStreams = field.h1_total_streams;

/** A connection begins to speak HTTP/1. */
export function countConnection(values: Float64Array, row: number): void {
  values[row + fieldOpenConnections] += 1;
  values[row + fieldConnections] += 1;
}

/** One that another thread has counted goes on here (1), or one that was counted is gone (-1). */
export function moveConnection(values: Float64Array, row: number, change: 1 | -1): void {
  values[row + fieldOpenConnections] += change;
}

/** A stream begins on a connection. */
export function countStream(values: Float64Array, row: number): void {
  values[row + fieldOpenStreams] += 1;
  values[row + fieldStreams] += 1;
}

/** It is over. */
export function endStream(values: Float64Array, row: number): void {
  values[row + fieldOpenStreams] -= 1;
}

/** A connection and its stream turned out to be another protocol's. */
export function forget(values: Float64Array, row: number): void {
  values[row + fieldOpenConnections] -= 1;
  values[row + fieldConnections] -= 1;
  values[row + fieldOpenStreams] -= 1;
  values[row + fieldStreams] -= 1;
}
