// The pooled object of one exchange: an HTTP request with its response, or a TCP session. This file
// holds its state only; engine.ts decides what happens next. Rules, fetches and log tags read it.

import type { Waiter } from '../server/queue.ts';
import type { PendingStore } from '../server/stickiness.ts';
import type { Server } from '../server/server.ts';
import type { Connection } from '../conn/connection.ts';
import type { Endpoint } from '../conn/endpoint.ts';
import { Message } from '../http/message.ts';
import type { Side } from '../mux/side.ts';
import type { ProxyPlan, ReplyPlan, RulePlan } from '../program.ts';
import { Sample } from '../sample/sample.ts';
import type { Tracker } from '../tables/tracking.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { Bandwidth } from './bandwidth.ts';
import type { Session } from './session.ts';
import type { Timed } from '../loop/timers.ts';
import type { Applet } from './applet.ts';

/** Which direction rules are being evaluated for (samples of the other direction may be absent). */
export const directionRequest = 0;
export const directionResponse = 1;

/** One direction's payload, as rules may inspect it: bytes in the thread's memory. */
export class Payload {
  /** First byte and number of bytes readable now (HTTP: decoded body; TCP: raw bytes). */
  at: number;
  length: number;
  /** Everything has arrived. */
  ended: boolean;
  constructor() {
    this.at = 0;
    this.length = 0;
    this.ended = false;
  }
}

/**
 * Milliseconds on the loop's clock; -1 where a phase was not reached. Named after the log's timers.
 */
export class StreamTimes {
  /**
   * The connection was accepted (%t) or, on a reused connection, the previous response had ended.
   */
  acceptMs: number;
  /** Wall clock of accept, and of the first byte of the request (%tr). */
  acceptWallMs: number;
  requestWallMs: number;
  handshakeMs: number;
  /** Idle time before the first byte (%Ti). */
  idleMs: number;
  /** Loop times at which each phase ended. */
  firstByteMs: number;
  requestMs: number;
  queueMs: number;
  connectMs: number;
  responseMs: number;
  endMs: number;
  constructor() {
    this.acceptMs = 0;
    this.acceptWallMs = 0;
    this.requestWallMs = 0;
    this.handshakeMs = 0;
    this.idleMs = 0;
    this.firstByteMs = -1;
    this.requestMs = -1;
    this.queueMs = -1;
    this.connectMs = -1;
    this.responseMs = -1;
    this.endMs = -1;
  }
}

export class Stream implements Timed {
  // Timed
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;

  readonly thread: ThreadContext;
  /** Unique in the process: thread bits and a counter. */
  id: number;
  /** Never null while the stream is in use. */
  session: Session;
  /** The client's addresses as this stream's rules and logs see them (set-src, set-dst). */
  source: Endpoint;
  destination: Endpoint;
  frontend: ProxyPlan;
  /** The frontend itself until a backend is chosen. */
  backend: ProxyPlan;
  server: Server | null;
  /**
   * True: the server was imposed (cookie, use-server, sticky) and may not be changed without
   * redispatch.
   */
  serverForced: boolean;
  /** This stream counts in the server's `served`. */
  serverSlotHeld: boolean;
  /**
   * False: balancing must choose; `server` is then the one to stay away from. Kept by
   * server/backend.ts.
   */
  serverAssigned: boolean;
  /** This stream counts in its backend (server/backend.ts enter, leave). */
  backendEntered: boolean;
  /** Rules and cookies that choose a server have had their say. */
  persistDone: boolean;
  /** `force-persist` applies: a server that is down is used all the same. */
  persistForced: boolean;
  /** `ignore-persist` applies: cookies do not choose. */
  persistIgnored: boolean;
  /** Dates that the persistence cookie carried, seconds since the epoch; 0: none. */
  cookieLastSeconds: number;
  cookieFirstSeconds: number;
  /** Its place in a queue, null: it waits in none. */
  waiter: Waiter | null;

  readonly request: Message;
  /** Health checks evaluate with the answer of each in turn; nobody else changes it. */
  response: Message;
  readonly requestPayload: Payload;
  readonly responsePayload: Payload;
  /** directionRequest or directionResponse: what is being evaluated now. */
  direction: number;
  /**
   * What is missing will not come (manual 7.3, inspect-delay): conditions then never answer -1.
   * True but while content rules wait for more data.
   */
  samplesFinal: boolean;

  front: Side | null;
  back: Side | null;
  /** Connection to the server, null until there is one. */
  backConnection: Connection | null;
  /**
   * The same, kept for the log when the connection has been given back. Only its endpoints are
   * read.
   */
  servedBy: Connection | null;
  /** Destination chosen by set-dst and friends, family 0: none. */
  readonly target: Endpoint;

  readonly times: StreamTimes;
  /** Read when the stream has ended: from the client with heads, to the client with heads. */
  bytesIn: number;
  bytesOut: number;
  /** What had been sent to the client before this answer, -1: nothing of it has been. */
  bytesOutBase: number;
  /** How much of these the counters have, and when more (traffic.ts; 0: at the end). */
  countedIn: number;
  countedOut: number;
  recountMs: number;
  retries: number;
  redispatched: boolean;
  /** Connections in front of this one when queued (%sq, %bq). */
  serverQueue: number;
  backendQueue: number;
  /** Counts as logged: %ac %fc %bc %sc at the time of assignment. */
  serverConnections: number;
  backendConnections: number;

  /** Termination state, manual 8.5: first and second letter, and the two cookie letters. */
  endCause: string;
  endPhase: string;
  cookieRequest: string;
  cookieResponse: string;
  /** The answer a rule or an error asks for. */
  reply: ReplyPlan | null;
  /** The answer is being produced while it is sent (applet.ts). */
  applet: Applet | null;
  /** Status sent to the client, 0 before. */
  status: number;

  /** Where a waiting rule set goes on; -1: from its start. */
  rulePosition: number;
  /** Absolute ms of the inspect-delay's end, 0: none running. */
  inspectUntilMs: number;
  /**
   * Set by an action that returned verdictWait and needs a clock (pause, wait-for-body): run its
   * rule again at this loop time at the latest. 0: it waits for bytes only. The action clears it.
   */
  waitUntilMs: number;
  /**
   * `strict-mode off`: rewrites that fail are counted only. The engine clears it after every rule
   * set.
   */
  softRewrites: boolean;
  /** The rule that last gave a final verdict (last_rule_file, last_rule_line). */
  lastRuleFile: string;
  lastRuleLine: number;

  /**
   * Variables by index (sample/variables.ts), txn and req/res scopes; empty until the first set.
   */
  readonly variables: (Sample | null)[];
  /** Tracked counters of this stream alone; see session.ts. */
  readonly trackers: Tracker[];
  /** Keys for which the server is kept once it answers (server/stickiness.ts). */
  readonly stickStores: PendingStore[];
  requestCaptures: string[];
  responseCaptures: string[];
  uniqueId: string;
  /**
   * The request line as received and the captured cookies, for the log (log/capture.ts); '' : none.
   */
  requestLine: string;
  requestCookie: string;
  responseCookie: string;
  /** Set by set-log-level: -1 default, 8 silent. */
  logLevel: number;
  /** The step that the line being written belongs to: %OG. */
  logStep: number;
  /** Set by set-nice, set-priority-*; kept for logs and queues. */
  priorityClass: number;
  priorityOffset: number;
  /** Timeouts in force (set-timeout changes them); ms, 0: none. */
  clientTimeoutMs: number;
  serverTimeoutMs: number;
  tunnelTimeoutMs: number;
  connectTimeoutMs: number;
  queueTimeoutMs: number;
  tarpitTimeoutMs: number;
  /** `set-retries`: attempts after the first, -1: the backend's own number. */
  retryMax: number;
  /** Until when it waits for a connection that a server has made and others use; 0: it does not. */
  connectUntilMs: number;
  /** Copy of the payload for another try (stream/replay.ts), -1: none. */
  replayAt: number;
  replayLength: number;
  /** `disable-l7-retry`: only failures to connect are retried. */
  retriesConnectOnly: boolean;
  /** `set-bc-mark`, `set-bc-tos`: what packets to the server carry; -1: nothing. */
  backMark: number;
  backTos: number;
  /** `set-nice`, -1024 to 1024. */
  nice: number;

  /** Scratch samples for whoever evaluates; see sample/sample.ts. Never kept over a call. */
  readonly sample: Sample;
  readonly sample2: Sample;
  readonly sample3: Sample;

  /** How often it had its turn, what that cost, and how long it waited (measured-engine.ts). */
  calls: number;
  workedUs: number;
  waitedUs: number;
  /** An action holds it (pause): nothing is expected of the client meanwhile. */
  isPaused: boolean;
  /** The client was expected to send and did not, for the length of its timeout. */
  clientIsLate: boolean;
  /** When that is the case, loop ms; 0: nothing is expected. */
  clientDueMs: number;
  /** What it waits or has waited for when it fails: a rule, null for none. */
  waitingFor: RulePlan | null;

  /** engine.ts: where the stream is. */
  state: number;
  /** phases.ts: what is run next for a request or response. */
  step: number;
  /** engine.ts bits. */
  flags: number;
  /** Limits on its payload (set-bandwidth-limit), null: there are none. */
  bandwidth: Bandwidth | null;
  next: Stream | null;
  onTimeoutHandler: ((stream: Stream, nowMs: number) => void) | null;

  constructor(
    thread: ThreadContext,
    session: Session,
    frontend: ProxyPlan,
    headerMax: number,
    target: Endpoint,
  ) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.thread = thread;
    this.id = 0;
    this.session = session;
    this.source = session.source;
    this.destination = session.destination;
    this.frontend = frontend;
    this.backend = frontend;
    this.server = null;
    this.serverForced = false;
    this.serverSlotHeld = false;
    this.serverAssigned = false;
    this.backendEntered = false;
    this.persistDone = false;
    this.persistForced = false;
    this.persistIgnored = false;
    this.cookieLastSeconds = 0;
    this.cookieFirstSeconds = 0;
    this.waiter = null;
    this.request = new Message(thread.memory, headerMax);
    this.response = new Message(thread.memory, headerMax);
    this.requestPayload = new Payload();
    this.responsePayload = new Payload();
    this.direction = directionRequest;
    this.samplesFinal = true;
    this.front = null;
    this.back = null;
    this.backConnection = null;
    this.servedBy = null;
    this.target = target;
    this.times = new StreamTimes();
    this.bytesIn = 0;
    this.bytesOut = 0;
    this.bytesOutBase = -1;
    this.countedIn = 0;
    this.countedOut = 0;
    this.recountMs = 0;
    this.retries = 0;
    this.redispatched = false;
    this.serverQueue = 0;
    this.backendQueue = 0;
    this.serverConnections = 0;
    this.backendConnections = 0;
    this.endCause = '-';
    this.endPhase = '-';
    this.cookieRequest = '-';
    this.cookieResponse = '-';
    this.reply = null;
    this.applet = null;
    this.status = 0;
    this.rulePosition = -1;
    this.inspectUntilMs = 0;
    this.waitUntilMs = 0;
    this.softRewrites = false;
    this.lastRuleFile = '';
    this.lastRuleLine = 0;
    this.variables = [];
    this.trackers = [];
    this.stickStores = [];
    this.requestCaptures = [];
    this.responseCaptures = [];
    this.uniqueId = '';
    this.requestLine = '';
    this.requestCookie = '';
    this.responseCookie = '';
    this.logLevel = -1;
    this.logStep = 0;
    this.priorityClass = 0;
    this.priorityOffset = 0;
    this.clientTimeoutMs = 0;
    this.serverTimeoutMs = 0;
    this.tunnelTimeoutMs = 0;
    this.connectTimeoutMs = 0;
    this.queueTimeoutMs = 0;
    this.tarpitTimeoutMs = 0;
    this.retryMax = -1;
    this.retriesConnectOnly = false;
    this.connectUntilMs = 0;
    this.replayAt = -1;
    this.replayLength = 0;
    this.backMark = -1;
    this.backTos = -1;
    this.nice = 0;
    this.sample = new Sample();
    this.sample2 = new Sample();
    this.sample3 = new Sample();
    this.calls = 0;
    this.workedUs = 0;
    this.waitedUs = 0;
    this.isPaused = false;
    this.clientIsLate = false;
    this.clientDueMs = 0;
    this.waitingFor = null;
    this.state = 0;
    this.step = 0;
    this.flags = 0;
    this.bandwidth = null;
    this.next = null;
    this.onTimeoutHandler = null;
  }

  onTimeout(nowMs: number): void {
    if (this.onTimeoutHandler !== null) this.onTimeoutHandler(this, nowMs);
  }
}
