// A backend with its servers over plain memory, and streams to send there: for tests of balancing,
// queues and persistence. No socket, no clock; `resumed` and `woken` record what the backend asked
// for.

import { freshProxy, freshServer } from '../../shared/config/fresh.ts';
import { freshGlobal } from '../../shared/config/fresh-process.ts';
import type { Model, ProxyModel, ServerModel } from '../../shared/config/model.ts';
import {
  adminForcedMaint,
  backendRevision,
  serverAdmin,
  serverMaxconn,
  serverState,
  serverThrottle,
  serverWeight,
  stateRunning,
  stateStopped,
} from '../../shared/segment/server-state.ts';
import { buildBackend } from '../../worker/compile/backends.ts';
import { Endpoint } from '../../worker/conn/endpoint.ts';
import type { Scope } from '../../worker/keyword.ts';
import { SlotPool } from '../../worker/memory/pool.ts';
import type { ProxyPlan } from '../../worker/program.ts';
import type { Backend } from '../../worker/server/backend.ts';
import { maxconnOf, type Server } from '../../worker/server/server.ts';
import { privateWords, type ServerWordsTable } from '../../worker/server/words.ts';
import type { Session } from '../../worker/stream/session.ts';
import { Stream } from '../../worker/stream/stream.ts';
import type { ThreadContext } from '../../worker/thread-context.ts';
import { FakeSys } from '../../shared/sys/fake/sys.ts';

const place = { file: 'test', line: 1, column: 1 };

/** `balance uri len 3` as a model has it; `hdr(host)` gives hdr and host. */
export function balanceOf(text: string): ProxyModel['balance'] {
  const words = text.split(' ');
  const [, name, argument] = /^([^(]+)(?:\((.*)\))?$/.exec(words[0]) as RegExpExecArray;
  const rest = words.slice(1);
  return { algorithm: name, words: argument === undefined ? rest : [argument, ...rest], place };
}

export interface FarmOptions {
  readonly balance?: string;
  readonly servers: readonly (Partial<ServerModel> & { readonly name: string })[];
  readonly proxy?: Partial<ProxyModel>;
  readonly random?: () => number;
  readonly words?: ServerWordsTable;
  readonly scope?: Partial<Scope>;
}

export class TestFarm {
  readonly backend: Backend;
  readonly servers: readonly Server[];
  readonly table: ServerWordsTable;
  readonly resumed: Stream[];
  readonly woken: number[];
  readonly alerts: string[];
  readonly time: { nowMs: number; wallMs: number };
  private readonly thread: ThreadContext;
  private readonly plan: ProxyPlan;

  constructor(options: FarmOptions) {
    const proxy = freshProxy(place, 'be', 'backend');
    Object.assign(proxy, { mode: 'http', ...options.proxy });
    proxy.balance = options.balance === undefined ? null : balanceOf(options.balance);
    proxy.servers = options.servers.map((server, index) => testServer(server, index));
    const sys = new FakeSys();
    this.table = options.words ?? privateWords(proxy.servers.length);
    this.resumed = [];
    this.woken = [];
    this.alerts = [];
    this.time = { nowMs: 1000, wallMs: 1_700_000_000_000 };
    if (options.words === undefined) prepareWords(this.table, proxy);
    // all that is read
    const model = { proxies: [proxy], global: freshGlobal() } as unknown as Model;
    const scope = {
      model,
      proxy,
      alert: (message: string) => this.alerts.push(message),
      alertAt: (_place: unknown, message: string) => this.alerts.push(message),
      warning: () => {},
      ...options.scope,
    } as unknown as Scope; // balancing asks for nothing else
    this.backend = buildBackend({
      stick: null,
      model: proxy,
      proxyIndex: 0,
      scope,
      words: this.table,
      sys,
      ...(options.random === undefined ? {} : { random: options.random }),
    });
    this.servers = this.backend.servers;
    this.backend.bind({
      resume: (stream) => this.resumed.push(stream),
      wakeThread: (index) => this.woken.push(index),
    });
    const memory = new SlotPool(sys, 4096, 256);
    this.thread = { index: 0, sys, memory, time: this.time } as unknown as ThreadContext;
    this.plan = {
      name: 'be',
      model: proxy,
      isHttp: proxy.mode === 'http',
      backend: this.backend,
    } as unknown as ProxyPlan;
  }

  /** A stream that has chosen this backend. */
  stream(): Stream {
    const session = {
      source: new Endpoint(),
      destination: new Endpoint(),
    } as unknown as Session;
    const stream = new Stream(this.thread, session, this.plan, 64, new Endpoint());
    this.backend.enter(stream);
    return stream;
  }

  /** Name of the server a new stream gets; the stream leaves at once. */
  pick(prepare?: (stream: Stream) => void): string {
    const stream = this.stream();
    prepare?.(stream);
    this.backend.assign(stream);
    const name = stream.server?.name ?? '-';
    this.backend.leave(stream);
    stream.request.reset();
    return name;
  }

  picks(count: number): string {
    let text = '';
    for (let i = 0; i < count; i++) text += this.pick();
    return text;
  }

  private set(name: string, word: number, value: number): void {
    const server = this.servers.find((one) => one.name === name);
    if (server === undefined) throw new Error(`no server ${name}`);
    this.table.words[server.stateAt + word] = value;
    this.table.words[this.table.backend(0).stateAt + backendRevision]++;
  }

  down(name: string): void {
    this.set(name, serverState, stateStopped);
  }

  up(name: string): void {
    this.set(name, serverState, stateRunning);
  }

  weigh(name: string, weight: number): void {
    this.set(name, serverWeight, weight);
  }

  /** A slow start that has reached so many percent. */
  warm(name: string, percent: number): void {
    this.set(name, serverThrottle, percent);
  }

  maintain(name: string): void {
    this.set(name, serverAdmin, adminForcedMaint);
  }

  unmaintain(name: string): void {
    this.set(name, serverAdmin, 0);
  }
}

function testServer(from: Partial<ServerModel> & { readonly name: string }, index: number) {
  const server = { ...freshServer(place, from.name), id: index + 1, weight: 1, ...from };
  if (from.address === undefined) {
    server.address = {
      family: 'ipv4',
      socket: 'stream',
      host: '127.0.0.1',
      port: 8000 + index,
      portOffset: false,
      fd: -1,
    };
  }
  return server;
}

/** What the control thread does at start: every server up, as configured. */
export function prepareWords(table: ServerWordsTable, proxy: ProxyModel): void {
  proxy.servers.forEach((server, index) => {
    const at = table.server(0, index).stateAt;
    table.words[at + serverState] = server.disabled ? stateStopped : stateRunning;
    table.words[at + serverWeight] = server.weight;
    table.words[at + serverThrottle] = 100;
    table.words[at + serverMaxconn] = maxconnOf(server);
  });
}
