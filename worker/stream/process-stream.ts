// A stream that carries nothing: where expressions run that belong to the process and not to
// traffic (set-var in global, `set var` of the runtime API). Only fetches of constants and of
// internal state are legal there, so there is no connection behind it. Made at start and by the
// control thread.

import { Endpoint } from '../conn/endpoint.ts';
import type { ProxyPlan } from '../program.ts';
import type { LineChoice } from '../server/line-choice.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { Session } from './session.ts';
import { Stream } from './stream.ts';

const headerMax = 1;

/** Its proxy is the first one, if there is any: no rule of a proxy runs on it. */
export function processStream(thread: ThreadContext): Stream {
  const frontend = thread.program.proxies[0] as ProxyPlan;
  // The rest of a session is about connections and listeners, which nothing legal here reads.
  const session = {
    frontend,
    source: new Endpoint(),
    destination: new Endpoint(),
    variables: [],
    trackers: [],
    trackersToFill: () => [],
  } as Partial<Session> as Session;
  return new Stream(thread, session, frontend, headerMax, new Endpoint());
}

/** Log lines may be balanced: what that is handed for a stream. Once, before the first line. */
export function giveLineStreams(thread: ThreadContext, choices: readonly LineChoice[]): void {
  if (choices.length === 0) return;
  const stream = processStream(thread);
  for (const choice of choices) choice.stream = stream;
}

/** `set-var` of global: once per thread, before it serves. */
export function runStartActs(thread: ThreadContext): void {
  const { startActs } = thread.program;
  if (startActs.length === 0) return;
  const stream = processStream(thread);
  for (const act of startActs) act(stream);
}
