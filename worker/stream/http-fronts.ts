// The HTTP muxes of this thread's clients, and what they have in common: the limits of HTTP/1 heads
// by frontend, the tools of HTTP/2. Owned by the acceptor.

import { H1Limits } from '../http/h1.ts';
import type { FrontHost } from '../mux/front.ts';
import { H1Front } from '../mux/h1-front.ts';
import { H2Front } from '../mux/h2-front.ts';
import { H2Tools } from '../mux/h2-tools.ts';
import type { ProxyPlan } from '../program.ts';
import type { ClientSession } from './client-session.ts';

export class HttpFronts {
  private readonly host: FrontHost;
  private readonly limits: Map<ProxyPlan, H1Limits>;
  /** Made by the first connection that speaks HTTP/2. */
  private tools: H2Tools | null;

  constructor(host: FrontHost) {
    this.host = host;
    this.limits = new Map();
    this.tools = null;
  }

  h1(session: ClientSession): H1Front {
    const front = new H1Front(this.host, session, this.limitsOf(session.frontend));
    front.outbound.names = session.frontend.clientNames;
    return front;
  }

  /** `isReversed`: the connection was made by us, who begin as a client (rhttp@). */
  h2(session: ClientSession, isReversed = false): H2Front {
    this.tools ??= new H2Tools(this.host.thread, true);
    return new H2Front(this.host, session, this.tools, isReversed);
  }

  private limitsOf(frontend: ProxyPlan): H1Limits {
    const known = this.limits.get(frontend);
    if (known !== undefined) return known;
    const { global } = this.host.thread.program.model;
    const limits = new H1Limits(
      global.tune.httpMaxhdr - 1,
      frontend.model.options['accept-unsafe-violations-in-http-request'] === true,
      global.h1AcceptPayloadWithAnyMethod,
      global.h1DoNotCloseOnInsecureTransferEncoding,
    );
    this.limits.set(frontend, limits);
    return limits;
  }
}
