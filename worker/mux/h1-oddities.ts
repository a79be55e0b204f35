// What is kept of an HTTP/1 client that does not do as it should: the number of its oddities, and
// the head that could not be read (manual, fc_glitches; `show errors`). Called by h1-front.ts.

import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { FrontHost } from './front.ts';
import { glitchBorne, judgeGlitches } from './glitches.ts';
import type { Receiver } from './receiver.ts';

/** A client's connection, as far as its oddities go. */
export interface JudgedFront {
  readonly host: FrontHost;
  readonly inbound: Receiver;
  readonly session: Session;
  readonly thread: ThreadContext;
  glitches: number;
  /** The response under way leaves the connection usable. */
  persistent: boolean;
}

/** The client did something odd at `place` (memory/rare-events.ts); a verdict of glitches.ts. */
export function noteOddity(front: JudgedFront, place: number): number {
  const { thread } = front;
  front.glitches++;
  front.host.noteGlitch(front.session);
  const { h1FrontGlitches: max } = thread.program.model.global.tune;
  const verdict = judgeGlitches(thread, place, front.glitches, max);
  if (verdict !== glitchBorne) front.persistent = false;
  return verdict;
}

/** Keeps what has come of a head that cannot be read; `errorAt`: where the parser gave up. */
export function captureUnreadable(front: JudgedFront, stream: Stream, errorAt: number): void {
  const { rawAt, rawEnd } = front.inbound;
  const bytes = { at: rawAt, length: rawEnd - rawAt, errorAt };
  front.thread.errors?.note(stream, false, bytes);
}
