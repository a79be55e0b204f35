// Where the numbers of backends and servers lie in the segment, for one thread: their shared state
// words, the live words of this process, and this thread's counter rows. Made at start by
// worker/thread.ts; a check of the configuration works on private memory instead.

import type { Model } from '../../shared/config/model.ts';
import type { CounterWriter } from '../../shared/segment/counters.ts';
import { liveWords, rowFields } from '../../shared/segment/layout.ts';
import { type FarmBlock, farmBlock, privateBlock } from './farm.ts';

/** Places of one backend or server. */
export interface ObjectWords {
  /** Index of the object in the segment. */
  readonly object: number;
  /** Index into `words` of its shared words (server-state.ts). */
  readonly stateAt: number;
  /** Index into `words` of its line of live words (live.ts). */
  readonly liveAt: number;
  /** Index into `values` of this thread's counters. */
  readonly row: number;
}

export interface ServerWordsTable {
  /** 0-based, and how many proxy threads share the farm. */
  readonly threadIndex: number;
  readonly threadCount: number;
  readonly words: Int32Array;
  /** Counters of this thread: CounterWriter.values. */
  readonly values: Float64Array;
  backend(proxyIndex: number): ObjectWords;
  server(proxyIndex: number, serverIndex: number): ObjectWords;
  farm(proxyIndex: number): FarmBlock;
  /** Memory of a backend that was added at run time, before it is compiled. */
  addFarm?(proxyIndex: number, block: FarmBlock): void;
}

/** What worker/thread.ts knows when it makes the table of its thread. */
export interface ThreadWords {
  readonly model: Pick<Model, 'proxies'>;
  readonly threadIndex: number;
  readonly threadCount: number;
  /** Segment.words. */
  readonly words: Int32Array;
  readonly counters: Pick<CounterWriter, 'values' | 'row'>;
  /** farm.ts allocateFarm, made by the control thread. */
  readonly farm: SharedArrayBuffer;
  /** Object indexes by proxy; servers in the model's order. */
  readonly objects: readonly { readonly back: number; readonly servers: readonly number[] }[];
  /** ObjectTable.sharedWords and LiveWords.row. */
  stateAt(object: number): number;
  liveAt(object: number): number;
}

/** The table of a proxy thread. Throws SegmentError when the segment is full. */
export function threadWords(from: ThreadWords): ServerWordsTable {
  const place = (object: number): ObjectWords => ({
    object,
    stateAt: from.stateAt(object),
    liveAt: from.liveAt(object),
    row: from.counters.row(object),
  });
  const late = new Map<number, FarmBlock>();
  return {
    threadIndex: from.threadIndex,
    threadCount: from.threadCount,
    words: from.words,
    values: from.counters.values,
    backend: (proxy) => place(from.objects[proxy].back),
    server: (proxy, server) => place(from.objects[proxy].servers[server]),
    farm: (proxy) => late.get(proxy) ?? farmBlock(from.farm, from.model, proxy, from.threadCount),
    addFarm: (proxy, block) => void late.set(proxy, block),
  };
}

const stateWords = 64;

/** Memory of its own for one backend: used when a configuration is only checked, and by tests. */
export function privateWords(servers: number): ServerWordsTable {
  const each = stateWords + liveWords;
  const words = new Int32Array(new SharedArrayBuffer((servers + 1) * each * 4));
  const place = (object: number): ObjectWords => ({
    object,
    stateAt: object * each,
    liveAt: object * each + stateWords,
    row: object * rowFields,
  });
  const block = privateBlock(servers);
  return {
    threadIndex: 0,
    threadCount: 1,
    words,
    values: new Float64Array((servers + 1) * rowFields),
    backend: () => place(0),
    server: (_proxy, server) => place(server + 1),
    farm: () => block,
  };
}
