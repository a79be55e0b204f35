// Streams of one thread, used again and again: a stream that has ended is reset to what a new one
// is.

import { empty } from '../memory/small.ts';
import { Endpoint } from '../conn/endpoint.ts';
import { endTracking } from '../tables/tracking.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { Session } from './session.ts';
import { dropRequest } from './replay.ts';
import { directionRequest, Stream } from './stream.ts';

/** Ended streams kept for the next ones. */
const spareMax = 1024;

export class StreamPool {
  readonly thread: ThreadContext;
  private readonly spare: Stream[];
  private readonly headerMax: number;
  private readonly onTimeout: (stream: Stream) => void;
  private count: number;
  inUse: number;

  constructor(thread: ThreadContext, headerMax: number, onTimeout: (stream: Stream) => void) {
    this.thread = thread;
    this.spare = [];
    this.headerMax = headerMax;
    this.onTimeout = onTimeout;
    this.count = 0;
    this.inUse = 0;
  }

  /** Streams kept for later use. */
  get spares(): number {
    return this.spare.length;
  }

  take(session: Session): Stream {
    this.inUse++;
    const { frontend } = session;
    const stream = this.spare.pop() ?? this.make(session);
    // Threads count apart: the low bits tell the thread.
    stream.id = this.count++ * 64 + this.thread.index;
    stream.session = session;
    stream.source = session.source;
    stream.destination = session.destination;
    stream.frontend = frontend;
    stream.backend = frontend;
    const { timeouts } = frontend;
    stream.clientTimeoutMs = timeouts.clientMs;
    stream.serverTimeoutMs = timeouts.serverMs;
    stream.tunnelTimeoutMs = timeouts.tunnelMs;
    stream.connectTimeoutMs = timeouts.connectMs;
    stream.queueTimeoutMs = timeouts.queueMs;
    stream.tarpitTimeoutMs = timeouts.tarpitMs;
    return stream;
  }

  private make(session: Session): Stream {
    const stream = new Stream(
      this.thread,
      session,
      session.frontend,
      this.headerMax,
      new Endpoint(),
    );
    stream.onTimeoutHandler = this.onTimeout;
    return stream;
  }

  /** Nobody refers to the stream any more. */
  release(stream: Stream): void {
    this.inUse--;
    this.thread.timers.remove(stream);
    stream.bandwidth?.end();
    stream.bandwidth = null;
    stream.connectUntilMs = 0;
    if (stream.trackers.length > 0) endTracking(this.thread, stream.trackers);
    reset(stream);
    if (this.spare.length < spareMax) this.spare.push(stream);
  }
}

function reset(stream: Stream): void {
  dropRequest(stream);
  stream.request.reset();
  stream.response.reset();
  stream.server = null;
  stream.serverForced = false;
  stream.serverAssigned = false;
  stream.serverSlotHeld = false;
  stream.backendEntered = false;
  stream.persistDone = false;
  stream.persistForced = false;
  stream.persistIgnored = false;
  stream.cookieLastSeconds = 0;
  stream.cookieFirstSeconds = 0;
  stream.waiter = null;
  stream.front = null;
  stream.back = null;
  stream.backConnection = null;
  stream.servedBy = null;
  stream.target.clear();
  stream.direction = directionRequest;
  resetPayload(stream);
  resetTimes(stream);
  resetOutcome(stream);
  resetRules(stream);
}

function resetPayload(stream: Stream): void {
  const { requestPayload, responsePayload } = stream;
  requestPayload.length = 0;
  requestPayload.ended = false;
  responsePayload.length = 0;
  responsePayload.ended = false;
}

function resetTimes(stream: Stream): void {
  const { times } = stream;
  times.acceptMs = 0;
  times.handshakeMs = 0;
  times.idleMs = 0;
  times.firstByteMs = -1;
  times.requestMs = -1;
  times.queueMs = -1;
  times.connectMs = -1;
  times.responseMs = -1;
  times.endMs = -1;
}

function resetOutcome(stream: Stream): void {
  stream.bytesIn = 0;
  stream.bytesOut = 0;
  stream.bytesOutBase = -1;
  stream.countedIn = 0;
  stream.countedOut = 0;
  stream.recountMs = 0;
  stream.retries = 0;
  stream.redispatched = false;
  stream.serverQueue = 0;
  stream.backendQueue = 0;
  stream.serverConnections = 0;
  stream.backendConnections = 0;
  stream.endCause = '-';
  stream.endPhase = '-';
  stream.cookieRequest = '-';
  stream.cookieResponse = '-';
  stream.reply = null;
  stream.status = 0;
  stream.calls = 0;
  stream.workedUs = 0;
  stream.waitedUs = 0;
  stream.isPaused = false;
  stream.clientIsLate = false;
  stream.clientDueMs = 0;
  stream.waitingFor = null;
  stream.state = 0;
  stream.step = 0;
  stream.flags = 0;
}

function resetRules(stream: Stream): void {
  stream.rulePosition = -1;
  stream.inspectUntilMs = 0;
  stream.samplesFinal = true;
  stream.waitUntilMs = 0;
  stream.softRewrites = false;
  stream.tarpitTimeoutMs = 0;
  stream.retryMax = -1;
  stream.retriesConnectOnly = false;
  stream.backMark = -1;
  stream.backTos = -1;
  stream.nice = 0;
  stream.lastRuleFile = '';
  stream.lastRuleLine = 0;
  empty(stream.variables);
  empty(stream.requestCaptures);
  empty(stream.responseCaptures);
  empty(stream.stickStores);
  stream.uniqueId = '';
  stream.requestLine = '';
  stream.requestCookie = '';
  stream.responseCookie = '';
  stream.logLevel = -1;
  stream.priorityClass = 0;
  stream.priorityOffset = 0;
}
