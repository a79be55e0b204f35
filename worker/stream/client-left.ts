// Clients that leave before they have their answer (manual 4, option abortonclose): when that is
// so, and how their streams end. Called by the engine and wherever a stream begins to wait.

import type { Side } from '../mux/side.ts';
import type { EngineContext } from './context.ts';
import { endsBy, finishStream } from './finish.ts';
import {
  flagAnswered,
  flagRequestDone,
  flagTcp,
  flagTunnel,
  stateForwarding,
  stateWaiting,
} from './phases.ts';
import { replyError } from './reply.ts';
import type { Stream } from './stream.ts';

/**
 * The client closed: its socket failed, or it closed its half and option abortonclose says that is
 * enough.
 */
export function isAborted(stream: Stream): boolean {
  const front = stream.front!;
  if (!front.isHungUp()) return false;
  const chosen = stream.backend.model.options['abortonclose'];
  // On by default in HTTP backends (manual 4, option abortonclose).
  return (chosen ?? stream.backend.isHttp) || front.isBroken();
}

/** Ends the stream in `phase` of the log's letters; whoever waits or connects gets no answer. */
export function abort(context: EngineContext, stream: Stream, phase: string): void {
  endsBy(stream, 'C', phase);
  if (phase === 'Q') stream.times.queueMs = context.thread.time.nowMs;
  const isSilent = phase === 'Q' || phase === 'C';
  if (isSilent || (stream.flags & (flagAnswered | flagTcp)) !== 0) {
    finishStream(context, stream, false);
  } else {
    replyError(context, stream, 400, 'C', phase);
  }
}

/**
 * Ends a stream whose client, at `front`, has left while a server is at work on its request: the
 * server learns by a reset where the connection is this stream's alone. What TCP sessions and
 * tunnels do is told to the server as it is, and it decides.
 */
export function leaveServer(context: EngineContext, stream: Stream, front: Side): void {
  const { state, flags, back } = stream;
  if (stream.front !== front || (state !== stateWaiting && state !== stateForwarding)) return;
  if ((flags & flagRequestDone) === 0 || !isAborted(stream)) return;
  const isOpen = (flags & (flagTcp | flagTunnel)) !== 0;
  if (isOpen && !front.isBroken()) return;
  if (!isOpen && back !== null && back.multiplex === null) back.connection.resetOnClose();
  abort(context, stream, state === stateWaiting ? 'H' : 'D');
}
