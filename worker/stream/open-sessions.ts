// The client sessions of this thread, for soft stops and `show sess`, and what each one stands for
// while it is here: live counts, tracked entries, connections of its own. Owned by the acceptor.

import { leave, liveCurrent } from '../../shared/segment/live.ts';
import { sourceSession } from '../../shared/trace/sources.ts';
import { pointSessionEnd, traceSession } from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import { endTracking } from '../tables/tracking.ts';
import type { ClientSession } from './client-session.ts';
import type { EngineContext } from './context.ts';

export class OpenSessions {
  private readonly context: EngineContext;
  private readonly sessions: ClientSession[];
  /** Called when a session begins or ends: the thread's load. */
  private readonly onLoad: (sessions: number) => void;

  constructor(context: EngineContext, onLoad: (sessions: number) => void) {
    this.context = context;
    this.sessions = [];
    this.onLoad = onLoad;
  }

  /** All of them, in no order that lasts; not to be changed by who reads it. */
  get list(): readonly ClientSession[] {
    return this.sessions;
  }

  enter(session: ClientSession): void {
    session.place = this.sessions.length;
    this.sessions.push(session);
    this.context.thread.gauges?.enterSocket(session.listener.index);
    this.onLoad(this.sessions.length);
  }

  /** All that the session counts for is given back; its connection may live on. */
  leave(session: ClientSession): void {
    const { dialer } = session;
    session.dialer = null;
    dialer?.ended();
    session.own?.clear();
    session.own = null;
    session.opening?.cancel();
    const { sessions, context } = this;
    if (session.place < 0) return;
    if (tracer.isOn(sourceSession)) traceSession(pointSessionEnd, session, 'releasing session');
    const last = sessions.pop()!;
    if (last !== session) {
      sessions[session.place] = last;
      last.place = session.place;
    }
    session.place = -1;
    if (session.trackers.length > 0) endTracking(context.thread, session.trackers);
    const { index } = session.listener;
    const own = context.listenerLive[index];
    if (own >= 0) leave(context.live.words, own + liveCurrent);
    leave(context.live.words, context.frontLive[session.frontend.index] + liveCurrent);
    leave(context.live.words, context.processLive + liveCurrent);
    context.thread.gauges?.leaveSocket(session.listener.index);
    this.onLoad(sessions.length);
  }
}
