// What statistics are made from: the model, the segment, and the few facts only the control thread
// knows. Filled by worker/main.ts; table.ts and the runtime commands read it. Control thread.

import type { Model, ProxyModel, ServerModel } from '../../shared/config/model.ts';
import type { ListenerObject } from '../../shared/messages.ts';
import type { BackendWords } from '../../shared/segment/backend-state.ts';
import type { CounterReader } from '../../shared/segment/counters.ts';
import type { LiveReader } from '../../shared/segment/live.ts';
import type { Segment } from '../../shared/segment/segment.ts';
import type { ServerWords } from '../../shared/segment/server-state.ts';
import type { ObjectIndex } from '../server/object-index.ts';

/** State of a frontend, as the column `status` prints it. */
export type FrontStatus = 'OPEN' | 'PAUSED' | 'STOP';

export interface StatsSource {
  readonly model: Model;
  readonly segment: Segment;
  readonly reader: CounterReader;
  readonly live: LiveReader;
  readonly objects: ObjectIndex;
  readonly listeners: readonly ListenerObject[];
  /** By proxy index, null on a pure frontend. */
  readonly backends: (BackendWords | null)[];
  /** By proxy index and server index. */
  readonly servers: ServerWords[][];
  /** shared/segment/name-counters.ts. */
  readonly nameCounters: SharedArrayBuffer;
  /** Shared clock, milliseconds. */
  nowMs(): number;
  frontStatus(proxyIndex: number): FrontStatus;
  /** Limits as they are now: `set maxconn` may have changed them. */
  frontMaxconn(proxyIndex: number): number;
  /** `fullconn` in effect: a tenth of the maxconn of the frontends that lead here when not set. */
  fullconn(proxyIndex: number): number;
  /** Lines of `show info` that are not counted in the segment; null or absent: not shown. */
  info(): Readonly<Record<string, string | number | null>>;
}

export type SubjectKind = 'F' | 'L' | 'S' | 'B';

/** One line of `show stat`. */
export interface Subject {
  readonly kind: SubjectKind;
  readonly proxy: ProxyModel;
  readonly proxyIndex: number;
  /** Object in the segment. */
  readonly object: number;
  readonly server: ServerModel | null;
  readonly words: ServerWords | null;
  readonly listener: ListenerObject | null;
  /** Id within the proxy: of the server or the listener, 0 for the proxy itself. */
  readonly id: number;
}
