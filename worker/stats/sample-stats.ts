// A small worker for tests of statistics and runtime commands: a configuration, a segment in plain
// memory, one proxy thread's writer. Only tests call this.

import assert from 'node:assert/strict';
import { loadConfiguration } from '../../shared/config/load.ts';
import type { ListenerObject } from '../../shared/messages.ts';
import { CounterReader, CounterWriter } from '../../shared/segment/counters.ts';
import { LiveReader, LiveWords } from '../../shared/segment/live.ts';
import { ObjectTable } from '../../shared/segment/objects.ts';
import { ProcessSlots } from '../../shared/segment/processes.ts';
import { memorySegment, type Segment } from '../../shared/segment/segment.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { allocateNameCounters } from '../../shared/segment/name-counters.ts';
import { prepareFarm } from '../server/farm-states.ts';
import { indexObjects } from '../server/object-index.ts';
import type { Viewed } from '../memory/small.ts';
import type { Piece, PieceWriter } from '../stream/applet.ts';
import type { FrontStatus, StatsSource } from './source.ts';

export interface SampleStats {
  readonly segment: Segment;
  readonly source: StatsSource;
  readonly writer: CounterWriter;
  readonly control: CounterWriter;
  readonly live: LiveWords;
  /** By proxy index; a test may change it. */
  readonly fronts: FrontStatus[];
}

/** For tests: statistics over the configuration `text`, with counters that may be written. */
export function sampleStats(text: string): SampleStats {
  const { model, diagnostics } = loadConfiguration({
    files: [],
    texts: [{ name: 'sample.cfg', text }],
    environment: {},
  });
  assert.deepEqual(
    diagnostics.list.filter((one) => one.severity === 'alert'),
    [],
  );
  const segment = memorySegment(linuxSys(), { objects: 16, writers: 2, objectsMax: 0 });
  const slot = new ProcessSlots(segment).take(process.pid, 0);
  const table = new ObjectTable(segment);
  const listeners: ListenerObject[] = [];
  model.proxies.forEach((proxy, proxyIndex) => {
    proxy.binds.forEach((bind, bindIndex) => {
      bind.addresses.forEach((address, addressIndex) => {
        const { family, host, port } = address;
        const place = { proxyIndex, bindIndex, addressIndex, shard: 0, fd: -1, family, host, port };
        listeners.push({ index: listeners.length, ...place });
      });
    });
  });
  const objects = indexObjects(model, listeners, table, slot);
  const now = 5_000_000;
  const farm = prepareFarm(model, objects, table, {
    words: segment.words,
    load: 1,
    nowSeconds: 5000,
  });
  const live = new LiveWords(segment, slot);
  for (let index = 0; index < table.count; index++) live.row(index);
  const fronts = model.proxies.map((): FrontStatus => 'OPEN');
  const source: StatsSource = {
    model,
    segment,
    reader: new CounterReader(segment),
    live: new LiveReader(segment),
    objects,
    listeners,
    ...farm,
    nameCounters: allocateNameCounters(1),
    nowMs: () => now,
    frontStatus: (proxyIndex) => fronts[proxyIndex],
    frontMaxconn: (proxyIndex) => model.proxies[proxyIndex].maxconn,
    fullconn: (proxyIndex) => model.proxies[proxyIndex].fullconn,
    info: () => ({ Name: 'HAProxy', Process_num: 1, Uptime_sec: 5.5 }),
  };
  const writer = new CounterWriter(segment, slot, 0);
  const control = new CounterWriter(segment, slot, 1);
  return { segment, source, writer, control, live, fronts };
}

/** For tests: pieces of an answer as one text; who writes gets slots of `slotBytes`. */
export function textOf(pieces: Iterable<Piece>, slotBytes = 16_384): string {
  const slot = viewed(slotBytes);
  const texts: string[] = [];
  for (const piece of pieces) {
    if (typeof piece === 'string') texts.push(piece);
    else if (piece instanceof Uint8Array) texts.push(Buffer.from(piece).toString('latin1'));
    else if (piece !== null) texts.push(...written(piece, slot));
  }
  return texts.join('');
}

/** For tests and the bench: memory as a slot is. */
export function viewed(length: number): Viewed {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** Slot by slot, each checked for bytes that stand where nothing was to be written. */
function* written(piece: PieceWriter, slot: Viewed): Generator<string> {
  const { bytes } = slot;
  for (;;) {
    bytes.fill(untouched, -1);
    const length = piece.write(slot, 0, bytes.length - 1);
    assert.equal(bytes.at(-1), untouched);
    if (length < 0) return;
    assert.ok(length > 0 || piece.pauses);
    yield Buffer.from(bytes.subarray(0, length)).toString('latin1');
  }
}

const untouched = 0xfe;
