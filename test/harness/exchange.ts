// A configuration text compiled, and one exchange on it over plain memory: for tests of rules,
// replies and log lines. No socket, no engine; time stands where the test puts it.

import { loadConfiguration } from '../../shared/config/load.ts';
import { compileProgram } from '../../worker/compile/compile.ts';
import { Endpoint } from '../../worker/conn/endpoint.ts';
import { parseRequestHead, parseResponseHead } from '../../worker/http/h1-head.ts';
import { H1Limits, HeadState } from '../../worker/http/h1.ts';
import { headerWords, type Message, writeLatin1 } from '../../worker/http/message.ts';
import { verdictNext } from '../../worker/keyword.ts';
import { RareEvents } from '../../worker/memory/rare-events.ts';
import { SlotPool } from '../../worker/memory/pool.ts';
import type { Program, ReplyPlan, RuleList } from '../../worker/program.ts';
import type { Session } from '../../worker/stream/session.ts';
import { runRules } from '../../worker/stream/rule-runner.ts';
import { Stream } from '../../worker/stream/stream.ts';
import type { ThreadContext } from '../../worker/thread-context.ts';
import { FakeSys } from '../../shared/sys/fake/sys.ts';

export interface CompiledText {
  readonly program: Program;
  /** Alerts and warnings of the loader, then of the compiler, one line each. */
  readonly messages: readonly string[];
}

/** Compiles `text`; `contents` are files it may name. */
export function compileText(
  text: string,
  contents: Readonly<Record<string, string>> = {},
): CompiledText {
  const loaded = loadConfiguration({
    files: [],
    texts: [{ name: 'test.cfg', text }],
    environment: {},
  });
  const model = { ...loaded.model, contents: { ...loaded.model.contents, ...contents } };
  const compiled = compileProgram({ model, listeners: [], sys: new FakeSys(), runtime: null });
  const all = [...loaded.diagnostics.list, ...compiled.diagnostics.list];
  const messages = all.map(({ severity, message, hint }) =>
    hint === '' ? `${severity}: ${message}` : `${severity}: ${message}; ${hint}`,
  );
  return { program: compiled.program, messages };
}

/** A frontend with `lines`, and a backend to send to. */
export function frontendText(lines: readonly string[], mode = 'http'): string {
  return [
    'global',
    '  expose-experimental-directives',
    'defaults',
    `  mode ${mode}`,
    '  timeout client 10s',
    '  timeout server 10s',
    '  timeout connect 5s',
    'frontend fe',
    '  bind 127.0.0.1:8080',
    '  default_backend be',
    '  filter bwlim-out download default-limit 1m default-period 1s',
    ...lines.map((line) => `  ${line}`),
    'backend be',
    '  server s1 127.0.0.1:8000',
    'backend sticky',
    '  stick-table type ip size 100 store gpc(2),gpc_rate(2,10s),gpt(2),conn_cnt,conn_rate(10s)',
    '',
  ].join('\n');
}

const plainRequest =
  'GET /a/b?c=d HTTP/1.1\r\nHost: example.com\r\nX-Two: a, b\r\nX-Two: c\r\n\r\n';
const plainResponse = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nServer: origin\r\n\r\n';

export class Exchange {
  readonly stream: Stream;
  readonly time: { nowMs: number; wallMs: number };
  private readonly memory: SlotPool;

  /** `slotBytes`: room of one buffer, hence of edits. */
  constructor(program: Program, slotBytes = 16_384) {
    const sys = new FakeSys();
    this.memory = new SlotPool(sys, slotBytes, 16);
    this.time = { nowMs: 1000, wallMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678) };
    const counters = { values: new Float64Array(4096), row: () => 0 };
    const thread = {
      index: 0,
      sys,
      memory: this.memory,
      rare: new RareEvents(true),
      time: this.time,
      counters,
      program,
      processVariables: [],
      random: () => 0.5,
    } as unknown as ThreadContext;
    const frontend = program.proxies[0];
    const session: Session = {
      connection: {
        sys,
        fd: -1,
        source: new Endpoint(),
        destination: new Endpoint(),
        transport: null,
        fault: 0,
      },
      proxyTlvs: [],
      hasProxyHeader: false,
      acceptMs: 1000,
      acceptWallMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      handshakeMs: 0,
      streamCount: 1,
      own: null,
      listener: { index: 0, proxy: frontend, bind: frontend.model.binds[0] },
      frontend,
      source: new Endpoint(),
      destination: new Endpoint(),
      variables: [],
      trackers: [],
      trackersToFill: () => session.trackers,
    } as unknown as Session;
    session.source.setIpv4(0x7f000002, 4711);
    session.destination.setIpv4(0x7f000001, 80);
    this.stream = new Stream(thread, session, frontend, 101, new Endpoint());
    this.stream.samplesFinal = true;
  }

  request(text = plainRequest): this {
    this.parse(this.stream.request, text, parseRequestHead);
    return this;
  }

  response(text = plainResponse): this {
    this.parse(this.stream.response, text, parseResponseHead);
    return this;
  }

  private parse(message: Message, text: string, parse: typeof parseRequestHead): void {
    const at = this.memory.take();
    writeLatin1(this.memory.bytes, at, text);
    const length = parse(message, at, text.length, new HeadState(new H1Limits(100)));
    if (length <= 0) throw new Error(`the test's message cannot be parsed: ${length}`);
  }

  /** Runs a rule set, from its start or from where it waits. */
  run(rules: RuleList): number {
    return runRules(this.stream, rules);
  }

  /** The verdict of the frontend's http-request rules. */
  runRequest(): number {
    return this.run(this.stream.frontend.httpRequest);
  }
}

/** `name: value` of every header of a message, in order. */
export function headersOf(message: Message): string[] {
  const lines: string[] = [];
  for (let i = 0; i < message.count; i++) {
    if (message.headers[i * headerWords + 1] === 0) continue;
    lines.push(`${message.nameText(i)}: ${message.valueText(i)}`);
  }
  return lines;
}

/** A reply as it would be sent, on one line: status, reason, headers, body. */
export function replyText(reply: ReplyPlan | null, stream: Stream): string {
  if (reply === null) return '';
  const type = reply.contentType === '' ? [] : [`content-type: ${reply.contentType}`];
  const headers = reply.headers.map(({ name, value }) => `${name.text}: ${value(stream)}`);
  const body = reply.body === null ? [] : [reply.body(stream)];
  return [`${reply.status} ${reply.reason}`, ...type, ...headers, ...body].join(' | ');
}

/** Compiles http-request rules and runs them over one request. */
export function runRequestRules(
  lines: readonly string[],
  request = plainRequest,
): { readonly verdict: number; readonly stream: Stream } {
  const { program, messages } = compileText(frontendText(lines));
  if (messages.length > 0) throw new Error(messages.join('\n'));
  const exchange = new Exchange(program).request(request);
  const verdict = lines.length === 0 ? verdictNext : exchange.runRequest();
  return { verdict, stream: exchange.stream };
}
