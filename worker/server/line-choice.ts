// Which server of a backend in `mode log` gets a log line. One per backend that lines are sent to,
// on each thread that sends some; made while the program is compiled.

import { latin1 } from '../http/message.ts';
import type { Stream } from '../stream/stream.ts';
import type { Backend } from './backend.ts';
import type { Server } from './server.ts';

export class LineChoice {
  /** What algorithms are handed for a stream: it carries nothing. Set before the first line. */
  stream: Stream | null;
  private readonly backend: Backend;

  constructor(backend: Backend) {
    this.stream = null;
    this.backend = backend;
  }

  get servers(): readonly Server[] {
    return this.backend.servers;
  }

  /** Index of the server for a line, -1: none is up. No slot is taken. Hot path. */
  pickForLine(bytes: Uint8Array, from: number, to: number): number {
    const { backend, stream } = this;
    backend.followStates();
    const { balancer } = backend;
    if (balancer.roster.totalWeight() === 0 || stream === null) return -1;
    const server =
      balancer.pickForLine === undefined
        ? balancer.pick(stream, null)
        : balancer.pickForLine(stream, latin1(bytes, from, to - from));
    return server === null ? -1 : server.index;
  }
}
