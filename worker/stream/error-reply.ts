// Which reply answers an error of a stream: the backend's own, else the frontend's, else the
// built-in one (manual 4.2, errorfile). Called by the engine and by the actions that answer. Never
// builds a reply.

import type { ReplyPlan } from '../program.ts';
import type { Stream } from './stream.ts';

/** The reply for `status`; a status nobody has a page for gets the one of 500. */
export function errorReply(stream: Stream, status: number): ReplyPlan {
  const own = stream.backend.replies.get(status);
  if (own !== undefined) return own;
  const front = stream.frontend.replies.get(status);
  if (front !== undefined) return front;
  const builtIn = stream.thread.program.defaultReplies;
  return builtIn.get(status) ?? (builtIn.get(500) as ReplyPlan);
}

/** What `reply` stands for on this stream: itself, or the proxy's reply for its status. */
export function resolvedReply(stream: Stream, reply: ReplyPlan): ReplyPlan {
  return reply.fromProxy ? errorReply(stream, reply.status) : reply;
}
