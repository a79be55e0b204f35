// The last malformed request and response of every proxy on one thread, for `show errors`
// (management.txt 9.3): bytes as they came, where they are wrong, whose they are. Muxes note them
// through the thread's context; a buffer is taken once per proxy and side and used again.

import type { ErrorNotes } from '../thread-context.ts';
import type { Stream } from './stream.ts';

/** The last malformed message of one proxy and side, as it crosses to the control thread. */
export interface ErrorCapture {
  readonly proxyIndex: number;
  readonly isResponse: boolean;
  /** Number of the malformed message on its thread, from 1. */
  readonly event: number;
  readonly wallMs: number;
  /** address:port. */
  readonly source: string;
  /** The proxy on the other side, -1: none was chosen. */
  readonly otherIndex: number;
  readonly serverIndex: number;
  /** One character per byte. */
  readonly bytes: string;
  readonly errorAt: number;
  readonly bufferBytes: number;
}

class Slot {
  readonly bytes: Uint8Array;
  length = 0;
  event = 0;
  wallMs = 0;
  source = '';
  otherIndex = -1;
  serverIndex = -1;
  errorAt = 0;

  constructor(bufferBytes: number) {
    this.bytes = new Uint8Array(bufferBytes);
  }
}

export class ErrorCaptures implements ErrorNotes {
  /** By proxy index: requests, and responses behind them. */
  private readonly slots: (Slot | undefined)[];
  private readonly proxies: number;
  /** Malformed messages so far. */
  count: number;

  constructor(proxies: number) {
    this.proxies = proxies;
    this.slots = [];
    this.count = 0;
  }

  note(
    stream: Stream,
    isResponse: boolean,
    { at, length, errorAt }: { at: number; length: number; errorAt: number },
  ): void {
    const { memory, time } = stream.thread;
    const { frontend, backend, server, source } = stream;
    const proxyIndex = isResponse ? backend.index : frontend.index;
    const place = isResponse ? this.proxies + proxyIndex : proxyIndex;
    const slot = this.slots[place] ?? new Slot(memory.slotBytes);
    this.slots[place] = slot;
    this.count++;
    slot.length = Math.min(length, slot.bytes.length);
    slot.bytes.set(memory.bytes.subarray(at, at + slot.length));
    slot.event = this.count;
    slot.wallMs = time.wallMs;
    slot.source = `${source.text()}:${source.port}`;
    slot.errorAt = errorAt;
    slot.serverIndex = server?.index ?? -1;
    if (isResponse) slot.otherIndex = frontend.index;
    else slot.otherIndex = stream.backendEntered ? backend.index : -1;
  }

  /** Copies for the control thread. */
  list(): ErrorCapture[] {
    const rows: ErrorCapture[] = [];
    for (let place = 0; place < this.slots.length; place++) {
      const slot = this.slots[place];
      if (slot === undefined) continue;
      const isResponse = place >= this.proxies;
      const { bytes, length, event, wallMs, source, otherIndex, serverIndex, errorAt } = slot;
      rows.push({
        proxyIndex: isResponse ? place - this.proxies : place,
        isResponse,
        event,
        wallMs,
        source,
        otherIndex,
        serverIndex,
        bytes: Buffer.from(bytes.subarray(0, length)).toString('latin1'),
        errorAt,
        bufferBytes: bytes.length,
      });
    }
    return rows;
  }
}
