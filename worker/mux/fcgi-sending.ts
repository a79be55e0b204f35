// What a FastCGI connection has to say: records of all its requests, gathered in slots, and who
// waits for room there. Made by fcgi-back.ts.

import type { Connection } from '../conn/connection.ts';
import { RecordHeader, recordHeaderBytes, writeRecordHeader } from '../http/fcgi-records.ts';
import type { SlotPool } from '../memory/pool.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { FcgiStdin, RecordSending } from './fcgi-stdin.ts';
import { H2Output } from './h2-output.ts';

const header = new RecordHeader();

export class FcgiSending implements RecordSending {
  readonly output: H2Output;
  private readonly pool: SlotPool;
  private waiting: FcgiStdin[];
  private spare: FcgiStdin[];

  /** `onSent`: what had gathered was handed to the socket, or could not be. */
  constructor(connection: Connection, thread: ThreadContext, onSent: () => void) {
    this.output = new H2Output(connection, thread, onSent);
    this.pool = thread.memory;
    this.waiting = [];
    this.spare = [];
  }

  payloadRoom(): number {
    return this.output.payloadRoom();
  }

  record(type: number, id: number, length: number): number {
    const at = this.output.reserve(recordHeaderBytes + length);
    if (at < 0) return -1;
    header.type = type;
    header.id = id;
    header.length = length;
    return writeRecordHeader(this.pool.bytes, at, header);
  }

  wait(stdin: FcgiStdin): void {
    stdin.isWaiting = true;
    this.waiting.push(stdin);
  }

  /** Requests that wait for room have their turn. */
  wake(): void {
    if (this.waiting.length === 0) return;
    const batch = this.waiting;
    this.waiting = this.spare;
    for (let i = 0; i < batch.length; i++) {
      const stdin = batch[i];
      stdin.isWaiting = false;
      if (stdin.shared === this) stdin.onRoom();
    }
    batch.length = 0;
    this.spare = batch;
  }
}
