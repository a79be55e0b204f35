// The stream engine's word on a server's health (server/observe.ts). Costs a comparison where no
// server observes.

import { noteSeen } from '../server/observe.ts';
import type { EngineContext } from './context.ts';
import type { Stream } from './stream.ts';

/** `what` of server/observe.ts has been seen of the stream's server. */
export function observe(context: EngineContext, stream: Stream, what: number): void {
  const { server } = stream;
  if (server === null || server.observes === 0) return;
  const text = noteSeen(server, what);
  if (text !== '') context.observed(stream.backend.index, server.index, text);
}
