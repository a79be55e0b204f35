// The client and the server of an explanation: one request, one answer, on the fake kernel. Called
// by explain.ts. Time passes only where the program waits for it.

import type { ExplainedOutcome, ExplainRequest, ServerReason } from '../../shared/explanation.ts';
import type { FakePeer, FakeServer } from '../../shared/sys/fake/network.ts';
import type { NamedAddress } from '../../shared/sys/sockaddr.ts';
import { streamsOf } from '../stream/client-session.ts';
import { clientHello } from './client-hello.ts';
import type { Stage } from './stage.ts';

export interface ConversationInput {
  readonly request: ExplainRequest;
  readonly at: NamedAddress;
  /** The listener expects a PROXY header. */
  readonly sendsHeader: boolean;
  /** The client speaks TLS and the listener does not: it is passed on. */
  readonly passesTls: boolean;
}

export interface Conversation {
  readonly outcome: ExplainedOutcome;
  readonly backend: string;
  readonly server: string;
  /** See Explanation. */
  readonly reason: ServerReason;
  readonly request: string;
  readonly response: string;
  readonly waitedMs: number;
  readonly logs: readonly string[];
}

/** Nothing in a configuration makes sense that waits longer. */
const waitMaxMs = 600_000;
const stepMaxMs = 10_000;
const clientPort = 40_000;

/**
 * Sends the request and lets things happen until there is an answer or an end; as often as it is to
 * be repeated, each time on a connection of its own. The last time is told.
 */
export function converse(stage: Stage, input: ConversationInput): Conversation {
  const servers = stage.sys.serveRest();
  stage.open();
  for (let index = 1; index < input.request.repeat; index++) {
    new Run(stage, input, { servers, index }).go().end();
    stage.recorder.restart();
  }
  const told = stage.sys.datagramsSent.length;
  const run = new Run(stage, input, { servers, index: 0 }).go();
  const { request, answer, waitedMs, backend, server, reason } = run;
  const closed = answer === '' ? 'closed' : 'answered';
  const outcome = run.hasServer ? 'server' : closed;
  // Connections of their own are logged when they end.
  if (input.request.isRaw) run.end();
  const sent = stage.sys.datagramsSent.slice(told);
  const logs = sent.map(({ bytes }) => messageOf(bytes));
  return {
    outcome,
    backend,
    server,
    reason,
    request,
    response: answer,
    waitedMs,
    logs: [...new Set(logs)],
  };
}

/** A syslog line without its header. */
function messageOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1').trimEnd();
  return text.replace(/^<\d+>(?:1 )?.*?(?:\[\d+\]: ?| \d+ - - )/, '');
}

class Run {
  request = '';
  answer = '';
  waitedMs = 0;
  backend = '';
  server = '';
  reason: ServerReason = '';
  /** One has been reached; without HTTP it may get nothing. */
  hasServer = false;
  private readonly stage: Stage;
  private readonly input: ConversationInput;
  private readonly servers: FakeServer;
  private readonly client: FakePeer;
  private unsent: Buffer;
  private far: FakePeer | null = null;
  private hasAnswered = false;

  constructor(
    stage: Stage,
    input: ConversationInput,
    { servers, index }: { readonly servers: FakeServer; readonly index: number },
  ) {
    this.stage = stage;
    this.input = input;
    this.servers = servers;
    const { at, request } = input;
    const { from } = request;
    const source: NamedAddress = { family: at.family, host: from, port: clientPort + index };
    this.client = stage.sys.connectTo(at, at.family === 'unix' ? undefined : source);
    this.unsent = Buffer.from(requestText(input), 'latin1');
  }

  go(): this {
    while (this.waitedMs < waitMaxMs) {
      const isMoving = this.exchange();
      if (this.client.ended || this.client.wasReset) return this;
      if (isMoving) continue;
      // Behind its first message comes what only the server's key could go on with.
      if (this.input.passesTls && this.request !== '') return this;
      if (this.input.request.isRaw && this.far !== null) return this;
      if (this.far !== null && this.request !== '' && !this.hasAnswered) this.reply(this.far);
      else if (this.answer !== '') return this;
      else this.waitedMs += this.stage.pass(stepMaxMs);
    }
    return this;
  }

  /** Both ends leave: the next request finds no connection to use again. */
  end(): void {
    this.client.close();
    this.stage.settle();
    this.far?.close();
    this.stage.settle();
  }

  /** One round; true when a byte has moved. */
  private exchange(): boolean {
    const before = this.moved();
    if (this.unsent.length > 0) {
      this.unsent = this.unsent.subarray(this.client.write(this.unsent));
    }
    this.stage.settle();
    this.far ??= this.servers.accept();
    if (this.far !== null && !this.hasAnswered) this.request += this.far.readText();
    this.hasServer = this.request !== '' || (this.input.request.isRaw && this.far !== null);
    this.answer += this.client.readText();
    this.look();
    return before !== this.moved();
  }

  /** Grows with every byte, wherever it went. */
  private moved(): number {
    return this.request.length + this.answer.length - this.unsent.length;
  }

  /** Where the stream is now; it is gone once it has been answered. */
  private look(): void {
    const [session] = this.stage.thread.acceptor.list;
    const stream = session === undefined ? undefined : streamsOf(session)[0];
    if (stream === undefined || stream.server === null) return;
    this.backend = stream.backend.name;
    this.server = stream.server.name;
    const isKept = stream.serverForced ? 'persistence' : 'balance';
    this.reason = stream.cookieRequest === 'V' ? 'cookie' : isKept;
  }

  private reply(far: FakePeer): void {
    this.hasAnswered = true;
    const { answerStatus, answerHeaders } = this.input.request;
    const lines = answerHeaders.map(([name, value]) => `${name}: ${value}\r\n`);
    const length = answerHeaders.some(([name]) =>
      /^(content-length|transfer-encoding)$/i.test(name),
    );
    const body = length ? '' : 'content-length: 0\r\n';
    far.write(`HTTP/1.1 ${answerStatus} ${reasonOf(answerStatus)}\r\n${lines.join('')}${body}\r\n`);
  }
}

const reasons: Readonly<Record<number, string>> = { 200: 'OK', 404: 'Not Found', 500: 'Error' };
const reasonOf = (status: number): string => reasons[status] ?? 'Status';

function requestText({ request, at, sendsHeader, passesTls }: ConversationInput): string {
  const { method, target, version, headers, body, from, isRaw } = request;
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  const family = at.family === 'ipv6' ? 'TCP6' : 'TCP4';
  const proxy = sendsHeader
    ? `PROXY ${family} ${from} ${at.host} ${clientPort} ${at.port}\r\n`
    : '';
  if (isRaw) return proxy + body;
  if (passesTls) return proxy + clientHello(request.serverName);
  return `${proxy}${method} ${target} HTTP/${version}\r\n${lines.join('')}\r\n${body}`;
}
