// TCP mode: a session is one stream from the first byte. Rules may look at what has come before a
// server is chosen; then bytes flow both ways.

import type { EngineContext } from './context.ts';
import { flagTcp, stateRules, stepFrontContent } from './phases.ts';
import { runRequest } from './request.ts';
import { countTcp } from './session-counts.ts';
import type { Stream } from './stream.ts';

/** `stream.front` is set and attached. */
export function startTcp(context: EngineContext, stream: Stream): void {
  const { thread } = context;
  countTcp(context);
  stream.flags |= flagTcp;
  stream.state = stateRules;
  stream.step = stepFrontContent;
  stream.times.requestMs = thread.time.nowMs;
  stream.bytesOutBase = 0;
  runRequest(context, stream);
}
