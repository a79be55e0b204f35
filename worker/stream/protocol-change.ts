// A client's session that goes on in another protocol than it began with: TCP becomes HTTP (manual,
// switch-mode), HTTP/1 becomes HTTP/2. What has been read so far goes along. Owned by the acceptor.

import type { FrontHost } from '../mux/front.ts';
import type { TcpSide } from '../mux/tcp.ts';
import type { ProxyPlan } from '../program.ts';
import { type ClientSession, speaksH2 } from './client-session.ts';
import type { EngineContext } from './context.ts';
import { endsBy, finishStream } from './finish.ts';
import type { HttpFronts } from './http-fronts.ts';
import { flagSwitched, flagTcp, stateFree } from './phases.ts';
import { countH1, countH1Stream, countHttp } from './session-counts.ts';
import type { Stream } from './stream.ts';

export class ProtocolChange {
  private readonly context: EngineContext;
  private readonly host: FrontHost;
  private readonly fronts: HttpFronts;

  constructor(context: EngineContext, host: FrontHost, fronts: HttpFronts) {
    this.context = context;
    this.host = host;
    this.fronts = fronts;
  }

  /** HTTP/2 begins on a connection counted as HTTP/1's; the arguments are FrontHost.upgrade's. */
  upgrade(session: ClientSession, slotAt: number, rawAt: number, rawEnd: number): void {
    const front = this.fronts.h2(session);
    if (session.http !== null) countH1(this.context, session, -1);
    session.http = front;
    session.stream = null;
    countHttp(this.context, session, false, -1);
    countHttp(this.context, session, true, 1);
    if (slotAt >= 0) front.link.demux.adopt(slotAt, rawAt, rawEnd);
    front.start();
  }

  /** A TCP session goes on as HTTP: its stream is its first request's, or none is there yet. */
  toHttp(stream: Stream): void {
    const session = stream.session as ClientSession;
    const { tcp } = session;
    const twin = session.frontend.httpTwin;
    const { proto } = session.listener.bind;
    if (tcp === null || twin === null || proto === 'none') {
      endsBy(stream, 'P', 'R');
      finishStream(this.context, stream, false);
      return;
    }
    session.tcp = null;
    session.frontend = twin;
    countHttp(this.context, session, false, 1);
    if ((session.httpProtocol || proto) === 'h2' || speaksH2(session)) this.restart(stream, tcp);
    else this.adopt(stream, twin, tcp);
  }

  /** HTTP/1: the stream goes on. */
  private adopt(stream: Stream, twin: ProxyPlan, tcp: TcpSide): void {
    const session = stream.session as ClientSession;
    if (stream.backend === stream.frontend) stream.backend = twin;
    stream.frontend = twin;
    stream.flags = (stream.flags & ~flagTcp) | flagSwitched;
    stream.state = stateFree;
    stream.bytesOutBase = -1;
    stream.times.requestMs = -1;
    stream.inspectUntilMs = 0;
    stream.samplesFinal = true;
    this.context.thread.timers.cancel(stream);
    const front = this.fronts.h1(session);
    session.http = front;
    countH1(this.context, session, 1);
    countH1Stream(this.context, session, 1);
    front.adopt(stream, tcp.inbound);
  }

  /** HTTP/2: the stream was none of its own. */
  private restart(stream: Stream, tcp: TcpSide): void {
    const session = stream.session as ClientSession;
    this.host.releaseStream(stream);
    session.streamCount--;
    const { slotAt, bodyAt, bodyLength } = tcp.inbound;
    tcp.inbound.slotAt = -1;
    this.upgrade(session, slotAt, bodyAt, bodyAt + bodyLength);
  }
}
