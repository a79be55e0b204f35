// Bytes reach the counters once, whether they are counted on the way or at the end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../shared/segment/metrics.ts';
import { H1Back } from '../mux/h1-back.ts';
import type { EngineContext } from './context.ts';
import { flagTcp } from './phases.ts';
import type { Stream } from './stream.ts';
import { countTraffic, recount, startRecount } from './traffic.ts';

const frontRow = 0;
const listenerRow = 200;
const backRow = 400;
const serverRow = 600;

/** A stream between two connections, in as much as counting looks at it. */
function bench(contstats: boolean) {
  const values = new Float64Array(1000);
  const time = { nowMs: 1000 };
  const connection = () => ({
    bytesReceived: 0,
    bytesSent: 0,
    countedIn: 0,
    countedOut: 0,
    splicedIn: 0,
    splicedOut: 0,
  });
  const client = connection();
  const server = connection();
  const inbound = { taken: 0 };
  const outbound = { queued: 0, offeredBytes: () => client.bytesSent + outbound.queued };
  const stream = {
    frontend: { index: 0, model: { options: { contstats } } },
    backend: { backend: { row: backRow } },
    backendEntered: true,
    server: { row: serverRow },
    times: { queueMs: 1 },
    session: { listener: { index: 0 }, connection: client, trackers: [] },
    trackers: [],
    back: Object.assign(Object.create(H1Back.prototype), { connection: server }),
    front: { connection: client, inbound, outbound },
    request: { headLength: 100 },
    flags: 0,
    bytesIn: 0,
    bytesOut: 0,
    bytesOutBase: 0,
    countedIn: 0,
    countedOut: 0,
    recountMs: 0,
  };
  const context = {
    thread: { time, counters: { values } },
    frontRows: [frontRow],
    listenerRows: [listenerRow],
  };
  return {
    values,
    time,
    client,
    server,
    inbound,
    outbound,
    // Counting reads nothing else.
    stream: stream as unknown as Stream,
    context: context as unknown as EngineContext,
  };
}

const rows = [frontRow, listenerRow, backRow, serverRow];

test('what was counted before is not counted again', () => {
  const { values, inbound, outbound, client, stream, context } = bench(false);
  inbound.taken = 50;
  client.bytesSent = 300;
  countTraffic(context, stream);
  for (const row of rows) {
    assert.equal(values[row + field.reqbin], 150);
    assert.equal(values[row + field.resbout], 300);
  }
  inbound.taken = 60;
  client.bytesSent = 500;
  outbound.queued = 7;
  countTraffic(context, stream);
  countTraffic(context, stream);
  for (const row of rows) {
    assert.equal(values[row + field.reqbin], 160);
    assert.equal(values[row + field.resbout], 507);
  }
});

test('bytes on the wire of both sides, and those of them that were spliced', () => {
  const { values, client, server, stream, context } = bench(false);
  Object.assign(client, { bytesReceived: 10, bytesSent: 20, splicedIn: 3, splicedOut: 4 });
  Object.assign(server, { bytesReceived: 30, bytesSent: 40, splicedIn: 5, splicedOut: 6 });
  countTraffic(context, stream);
  client.bytesSent = 25;
  countTraffic(context, stream);
  const wire = (row: number) => [
    values[row + field.h1_bytes_in],
    values[row + field.h1_bytes_out],
    values[row + field.h1_spliced_bytes_in],
    values[row + field.h1_spliced_bytes_out],
  ];
  assert.deepEqual(wire(frontRow), [10, 25, 3, 4]);
  assert.deepEqual(wire(backRow), [30, 40, 5, 6]);
});

test('a TCP session has no HTTP/1 bytes', () => {
  const { values, client, stream, context } = bench(false);
  stream.flags = flagTcp;
  client.bytesReceived = 10;
  countTraffic(context, stream);
  assert.equal(values[frontRow + field.h1_bytes_in], 0);
});

test('option contstats counts flowing payload every five seconds', () => {
  const { values, time, client, stream, context } = bench(true);
  startRecount(context, stream);
  client.bytesSent = 1000;
  time.nowMs = 5999;
  recount(context, stream);
  assert.equal(values[frontRow + field.resbout], 0);
  time.nowMs = 6000;
  recount(context, stream);
  assert.equal(values[frontRow + field.resbout], 1000);
  client.bytesSent = 1500;
  time.nowMs = 10_999;
  recount(context, stream);
  assert.equal(values[frontRow + field.resbout], 1000);
  time.nowMs = 11_000;
  recount(context, stream);
  assert.equal(values[frontRow + field.resbout], 1500);
});

test('without the option there is no clock to look at', () => {
  const { stream, context } = bench(false);
  startRecount(context, stream);
  assert.equal(stream.recountMs, 0);
});
