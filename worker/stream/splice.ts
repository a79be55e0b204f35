// Large payload that nobody looks at moves through a pipe inside the kernel: socket, pipe, socket.
// What the target does not take at once stays in the pipe, which then belongs to the target's
// output.

import { EAGAIN } from '../../shared/sys/constants.ts';
import type { Side } from '../mux/side.ts';
import type { EngineContext } from './context.ts';
import { offerBack } from './finish.ts';
import type { Stream } from './stream.ts';

/**
 * Shorter stretches are cheaper through memory: two splices and a pipe cost more than a copy of
 * this.
 */
const bypassMinBytes = 16_384;
const spliceMaxBytes = 1 << 20;

/** Moves one stretch. Bytes that left `from`; 0: not possible, or nothing there now. */
export function bypass(context: EngineContext, stream: Stream, from: Side, to: Side): number {
  const { inbound, connection: source } = from;
  const limit = inbound.bypassable();
  const { thread } = stream;
  if (limit < bypassMinBytes || !mayBypass(stream, from)) return 0;
  if (!source.readable || !to.connection.writable) return 0;
  if (!to.outbound.isRaw()) return 0;
  const pipe = thread.pipes.take();
  if (pipe === null) return 0;
  const length = Math.min(limit, spliceMaxBytes);
  const got = thread.sys.splice(source.fd, pipe.writeFd, length, false);
  if (got <= 0) {
    // End and errors are found (and told apart) by the ordinary receive that follows.
    if (got === -EAGAIN) source.readable = false;
    thread.pipes.release(pipe);
    return 0;
  }
  inbound.bypassed(got);
  pipe.held = got;
  if (inbound.bodyDone && from === stream.back) offerBack(context, stream);
  to.outbound.sendPipe(pipe);
  return got;
}

/**
 * `nosplice` forbids it, `no option splice-...` of either proxy too unless the other one asks for
 * it; where nobody says anything it is used (manual 4, splice-auto).
 */
function mayBypass(stream: Stream, from: Side): boolean {
  const { frontend, backend, thread } = stream;
  if (!thread.program.splices) return false;
  const isRequest = from === stream.front;
  const front = isRequest ? frontend.spliceRequest : frontend.spliceResponse;
  if (frontend === backend) return front >= 0;
  return front + (isRequest ? backend.spliceRequest : backend.spliceResponse) >= 0;
}
