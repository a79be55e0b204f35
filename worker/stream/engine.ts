// The stream engine of one thread: what muxes, timers and queues call, and which part of the engine
// answers in each state of a stream. The parts: request, connect, response, forward, reply, finish.

import { ETIMEDOUT } from '../../shared/sys/constants.ts';
import { field } from '../../shared/segment/metrics.ts';
import type { Exchange } from '../mux/side.ts';
import { assignServer, connected, connectFailed, retryNow } from './connect.ts';
import { feed } from './applet.ts';
import { abort, isAborted, leaveServer } from './client-left.ts';
import type { EngineContext } from './context.ts';
import { endsBy, finishStream } from './finish.ts';
import {
  flushed,
  forwardRequest,
  forwardResponse,
  forwardTimeout,
  frontFailed,
} from './forward.ts';
import {
  flagRequestDone,
  flagTcp,
  stateConnecting,
  stateForwarding,
  stateFree,
  stateQueued,
  stateResponseRules,
  stateRules,
  stateTarpit,
  stateWaiting,
  stepBackStats,
  stepFrontStats,
} from './phases.ts';
import { countedErrors, countedRequests, countTracked } from '../tables/tracking.ts';
import { replyError } from './reply.ts';
import { moreData, onRequest, rulesLate, runRequest, tarpitOver } from './request.ts';
import {
  moreResponse,
  onResponse,
  onResponseFailure,
  responseRulesTimeout,
  responseTimeout,
} from './response.ts';
import { countRequestOf } from './session-counts.ts';
import { startTcp } from './tcp.ts';
import type { Stream } from './stream.ts';
import { errorReply } from './error-reply.ts';
import { sendReply } from './reply.ts';

const fieldRequestErrors = field.ereq;

export class Engine implements Exchange {
  /** Set right after construction: the context refers to the engine's muxes. */
  context: EngineContext;

  constructor(context: EngineContext) {
    this.context = context;
  }

  /** A TCP session begins: the front side stands in `stream.front`. */
  startTcp(stream: Stream): void {
    stream.calls++;
    startTcp(this.context, stream);
  }

  onRequest(stream: Stream): void {
    stream.calls++;
    onRequest(this.context, stream);
  }

  onBadRequest(stream: Stream, status: number, cause: string): void {
    stream.calls++;
    const { context } = this;
    const { front } = stream;
    const { values } = context.thread.counters;
    const row = context.frontRows[stream.frontend.index];
    values[row + fieldRequestErrors] += 1;
    countRequestOf(context, row, front !== null && front.httpMajor === 2);
    endsBy(stream, cause, 'R');
    stream.state = stateRules;
    stream.status = status;
    if (status === 0) {
      finishStream(context, stream, false);
      return;
    }
    countTracked(stream, countedRequests);
    countTracked(stream, countedErrors);
    sendReply(context, stream, errorReply(stream, status), false);
  }

  onFrontReadable(stream: Stream): void {
    stream.calls++;
    const { context } = this;
    const { front } = stream;
    if (front === null) return;
    switch (stream.state) {
      case stateRules:
        if (isReset(stream)) abort(this.context, stream, 'R');
        else if (front.inbound.receive()) moreData(context, stream);
        else if (isAborted(stream) && !isHeld(stream)) abort(this.context, stream, 'R');
        return;
      case stateForwarding:
      case stateWaiting:
        if (stream.applet !== null) {
          if (front.isBroken()) abort(this.context, stream, 'D');
          return;
        }
        if ((stream.flags & flagRequestDone) === 0) forwardRequest(context, stream);
        leaveServer(context, stream, front);
        return;
      case stateQueued:
        if (isAborted(stream)) abort(this.context, stream, 'Q');
        return;
      case stateConnecting:
        if (isAborted(stream)) abort(this.context, stream, 'C');
        return;
      case stateTarpit:
        if (front.isHungUp()) abort(this.context, stream, 'T');
        return;
      default:
    }
  }

  onFrontWritable(stream: Stream): void {
    stream.calls++;
    const { front } = stream;
    if (front === null || !front.outbound.flush()) return;
    flushed(this.context, stream);
    if (stream.front === front && stream.state === stateForwarding) {
      if (stream.applet !== null) feed(this.context, stream);
      else forwardResponse(this.context, stream);
    }
  }

  onConnected(stream: Stream, result: number): void {
    stream.calls++;
    if (stream.state !== stateConnecting) return;
    if (result < 0) connectFailed(this.context, stream, result);
    else connected(this.context, stream);
  }

  onResponse(stream: Stream): void {
    stream.calls++;
    onResponse(this.context, stream);
  }

  onResponseFailure(stream: Stream, failure: number): void {
    stream.calls++;
    onResponseFailure(this.context, stream, failure);
  }

  onBackReadable(stream: Stream): void {
    stream.calls++;
    if (stream.state === stateForwarding) forwardResponse(this.context, stream);
    else if (stream.state === stateResponseRules && stream.back!.inbound.receive()) {
      moreResponse(this.context, stream);
    }
  }

  onBackWritable(stream: Stream): void {
    stream.calls++;
    const { back } = stream;
    if (back === null || !back.outbound.flush()) return;
    flushed(this.context, stream);
    if (stream.back === back && (stream.flags & flagRequestDone) === 0) {
      if (stream.state === stateForwarding || stream.state === stateWaiting) {
        forwardRequest(this.context, stream);
      }
    }
  }

  /** A queue let the stream go (server/backend.ts). */
  resume(stream: Stream): void {
    stream.calls++;
    if (stream.state === stateQueued) assignServer(this.context, stream);
  }

  /** What request rules have waited for is there. */
  resumeRules(stream: Stream): void {
    stream.calls++;
    if (stream.state === stateRules) runRequest(this.context, stream);
  }

  /** The stream's timer has fired. */
  onTimeout(stream: Stream): void {
    stream.calls++;
    const { context } = this;
    switch (stream.state) {
      case stateRules:
        rulesLate(context, stream);
        return;
      case stateTarpit:
        tarpitOver(context, stream);
        return;
      case stateQueued:
        stream.backend.backend?.queueExpired(stream);
        stream.times.queueMs = context.thread.time.nowMs;
        replyError(context, stream, 503, 's', 'Q');
        return;
      case stateConnecting:
        // A client that left together with its request made no event of its own.
        if (stream.back === null && isAborted(stream)) abort(this.context, stream, 'C');
        else if (stream.back === null) retryNow(context, stream);
        else connectFailed(context, stream, -ETIMEDOUT);
        return;
      case stateWaiting:
        if ((stream.flags & flagRequestDone) === 0) this.requestTimeout(stream);
        else responseTimeout(context, stream);
        return;
      case stateResponseRules:
        responseRulesTimeout(context, stream);
        return;
      case stateForwarding:
        if (stream.inspectUntilMs > 0) forwardResponse(context, stream);
        else forwardTimeout(context, stream);
        return;
      default:
    }
  }

  /** The request's payload stopped coming (the client's turn) or going (the server's). */
  private requestTimeout(stream: Stream): void {
    const { front } = stream;
    const isServers = front !== null && front.inbound.bodyLength > 0;
    if (isServers) replyError(this.context, stream, 504, 's', 'D');
    else replyError(this.context, stream, 400, 'c', 'H');
  }

  /** Ends a stream from outside: shutdown, hard stop, a fault of ours. */
  kill(stream: Stream, cause: string): void {
    if (stream.state === stateFree) return;
    endsBy(stream, cause, phaseOf(stream));
    finishStream(this.context, stream, false);
  }

  payloadFailed(stream: Stream, failure: number): void {
    frontFailed(this.context, stream, failure);
  }
}

/**
 * The request is here as a whole, and what is under way does not ask whether the client listens: a
 * change by the statistics page, a pause. A socket that failed ends it all the same.
 */
function isHeld({ step, front, isPaused }: Stream): boolean {
  const isPage = step === stepFrontStats || step === stepBackStats;
  return (isPage || isPaused) && front!.inbound.bodyDone && !front!.isBroken();
}

/** A TCP client has reset its connection while rules waited for more. */
function isReset({ flags, front }: Stream): boolean {
  return (flags & flagTcp) !== 0 && front!.isBroken();
}

/** Where a stream stood that is ended from outside, as logs say (manual 8.5). */
function phaseOf({ state, backend }: Stream): string {
  switch (state) {
    case stateTarpit:
      return 'T';
    case stateQueued:
      return 'Q';
    case stateConnecting:
      return 'C';
    case stateWaiting:
    case stateResponseRules:
      return backend.isHttp ? 'H' : 'D';
    case stateForwarding:
      return 'D';
    default:
      return 'R';
  }
}
