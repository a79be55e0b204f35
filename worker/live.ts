// The control thread's copy of what changes while the process serves: pattern lists and process
// variables. Commands read and edit it, rules of proxy threads report to it, and it sends every
// edit to all of them. Made by control.ts; compiled with the first command or report that needs
// it.

import type { ControlToThread, LiveEdits, PatternCounts, PatternEdit } from '../shared/messages.ts';
import type { LineModel, Model, ServerModel } from '../shared/config/model.ts';
import type { CounterWriter } from '../shared/segment/counters.ts';
import type { Sys } from '../shared/sys/sys.ts';
import { actions } from './catalog.ts';
import { type CompileResult, compileProgram } from './compile/compile.ts';
import { lineCursor } from './line-cursor.ts';
import { compileLine, compileProxy } from './compile/proxies.ts';
import type { SharedLists } from './compile/context.ts';
import { CompileScope } from './compile/scope.ts';
import { checkServerTls } from './compile/tls.ts';
import { ControlEdits } from './match/edits.ts';
import type { PatternRegistry } from './match/pattern-registry.ts';
import { SlotPool } from './memory/pool.ts';
import type { LiveAccess, ReferenceAccess } from './runtime/context.ts';
import { serverStride } from './sample/arguments.ts';
import { points } from './sample/reads.ts';
import { Sample } from './sample/sample.ts';
import { applyVariableEdit, parseVariableName, processVariable } from './sample/variables.ts';
import { giveLineStreams, processStream, runStartActs } from './stream/process-stream.ts';
import { isTracked } from './server/track.ts';
import type { LineChoice } from './server/line-choice.ts';
import type { FarmBlock } from './server/farm.ts';
import type { ServerWordsTable } from './server/words.ts';
import type { StickTables } from './tables/tracking.ts';
import type { ThreadContext } from './thread-context.ts';

export interface LiveParts {
  readonly model: Model;
  readonly sys: Sys;
  readonly counters: CounterWriter;
  /** As proxy threads have compiled them. */
  readonly patterns: PatternCounts;
  readonly tables: StickTables;
  /** Memory of the event rings, and where servers are: for log lines of this thread. */
  readonly rings: readonly Uint8Array[];
  /** Large files of lists and maps, as threads have them. */
  readonly lists: SharedLists;
  words(): ServerWordsTable;
  nowMs(): number;
  broadcast(message: ControlToThread): void;
}

/** What follows a compilation. */
interface Compiled {
  readonly result: CompileResult;
  readonly thread: ThreadContext;
  readonly edits: ControlEdits;
}

export class LiveData implements LiveAccess, ReferenceAccess {
  private readonly parts: LiveParts;
  private compiled: Compiled | null;

  constructor(parts: LiveParts) {
    this.parts = parts;
    this.compiled = null;
  }

  /** What expressions of the process run with. */
  get thread(): ThreadContext {
    return this.ready().thread;
  }

  get program(): CompileResult['program'] {
    return this.ready().result.program;
  }

  /** Log lines of the process may be balanced too. */
  giveLineStream(choice: LineChoice): void {
    giveLineStreams(this.ready().thread, [choice]);
  }

  /** The name that a log server of a ring is asked for, '': none. */
  ringName(server: ServerModel): string {
    const { thread } = this;
    const evaluate = thread.program.ringNames.get(server);
    const value = new Sample();
    return evaluate?.(processStream(thread), value) === true ? value.text : '';
  }

  /** Entries of all lists. Compiles nothing: `show info` is told every second. */
  get counts(): PatternCounts {
    return this.compiled?.result.context.patterns.totals ?? this.parts.patterns;
  }

  get patterns(): PatternRegistry {
    return this.ready().result.context.patterns;
  }

  editPatterns(patterns: readonly PatternEdit[]): void {
    this.ready().edits.apply({ patterns, variables: [] }, -1);
  }

  /** What rules of a proxy thread have edited. */
  take(edits: LiveEdits, threadIndex: number): void {
    this.ready().edits.apply(edits, threadIndex);
  }

  variable(name: string): Sample | null {
    const { result, thread } = this.ready();
    const index = result.context.variables.lookup(name);
    return index < 0 ? null : processVariable(thread, index);
  }

  setVariable(name: string, value: string, isFormat: boolean): string {
    const parsed = parseVariableName(name);
    if (typeof parsed === 'string') return parsed;
    if (parsed.scope !== 'proc') {
      return `cannot set variable '${name}', only scope 'proc' is permitted here.`;
    }
    const { result, thread } = this.ready();
    const { context, diagnostics } = result;
    const action = isFormat ? 'set-var-fmt' : 'set-var';
    const line = commandLine([action, value]);
    const seat = { proxy: null, ruleSet: '', line, point: points.cli } as const;
    const known = diagnostics.list.length;
    const scope = new CompileScope(context, seat);
    const act = actions.get(action)?.build(lineCursor(line, 1, name), scope) ?? null;
    // What is said about a command belongs to its answer, not to the configuration.
    const said = diagnostics.list.splice(known);
    if (act === null) return said.map(({ message }) => message).join('\n');
    act(processStream(thread));
    return '';
  }

  isServerReferred(proxyIndex: number, serverIndex: number): boolean {
    const { model } = this.parts;
    const proxy = model.proxies[proxyIndex];
    const { name } = proxy.servers[serverIndex];
    if (proxy.useServers.some(({ words }) => words[0] === name)) return true;
    if (isTracked(model, proxyIndex, serverIndex)) return true;
    const { context } = this.ready().result;
    return context.referred.has(`server ${proxyIndex * serverStride + serverIndex}`);
  }

  isBackendReferred(proxyIndex: number): boolean {
    const { model } = this.parts;
    const { name } = model.proxies[proxyIndex];
    const isTarget = model.proxies.some(
      ({ defaultBackend, useBackends }) =>
        defaultBackend === name || useBackends.some(({ words }) => words[0] === name),
    );
    return isTarget || this.ready().result.context.referred.has(`backend ${proxyIndex}`);
  }

  /** The last proxy of the model has just been added; '' or what is wrong with it. */
  compileLast(block: FarmBlock): string {
    const { context, compiler, diagnostics, program } = this.ready().result;
    const { proxies } = this.parts.model;
    const known = diagnostics.list.length;
    const { alerts } = diagnostics;
    context.changeBackend(proxies[proxies.length - 1].name, true);
    compiler.words?.addFarm?.(proxies.length - 1, block);
    const plan = compileProxy(compiler, proxies.length - 1);
    const said = diagnostics.list.splice(known).map(({ message }) => message);
    if (diagnostics.alerts === alerts) {
      program.proxies[proxies.length - 1] = plan;
      return '';
    }
    context.changeBackend(proxies[proxies.length - 1].name, false);
    return said.join('\n');
  }

  forgetBackend(proxyIndex: number): void {
    const { context, program } = this.ready().result;
    context.changeBackend(program.proxies[proxyIndex].name, false);
    program.proxies[proxyIndex].name = '';
  }

  serverFault(proxyIndex: number, server: ServerModel): string {
    const { model } = this.parts;
    const { compiler, diagnostics } = this.ready().result;
    const known = diagnostics.list.length;
    compileLine(compiler, model.proxies[proxyIndex], server);
    const said = diagnostics.list.splice(known).map(({ message }) => message);
    const tlsFault = checkServerTls(model, server);
    return [...said, ...(tlsFault === '' ? [] : [tlsFault])].join('\n');
  }

  private ready(): Compiled {
    this.compiled ??= this.compile();
    return this.compiled;
  }

  private compile(): Compiled {
    const { model, sys, broadcast, rings, lists } = this.parts;
    const words = this.parts.words();
    const result = compileProgram({
      model,
      listeners: [],
      sys,
      runtime: null,
      rings,
      lists,
      words,
    });
    const thread = this.makeThread(result);
    giveLineStreams(thread, result.program.lineChoices);
    const variables = { apply: applyVariableEdit.bind(null, thread) };
    const edits = new ControlEdits(result.context.patterns, variables, broadcast);
    runStartActs(thread);
    thread.publishVariable = (index, value) => {
      const { kind, int, text } = value ?? { kind: 0, int: 0, text: '' };
      const variable = { index, kind, int, text };
      broadcast({ type: 'edit', origin: -1, patterns: [], variables: [variable] });
    };
    return { result, thread, edits };
  }

  /** What expressions of the process need of a thread. */
  private makeThread({ program }: CompileResult): ThreadContext {
    const { model, sys, counters, tables, nowMs } = this.parts;
    const time = {
      get nowMs() {
        return nowMs();
      },
      get wallMs() {
        return sys.wallUs() / 1000;
      },
    };
    // Memory, timers and connections are those of traffic: nothing legal here asks for them.
    return {
      index: model.global.nbthread,
      sys,
      memory: new SlotPool(sys, scratchBytes, 1),
      time,
      counters,
      program,
      tables,
      processVariables: [],
      random: Math.random,
      stopping: false,
    } as Partial<ThreadContext> as ThreadContext;
  }
}

const scratchBytes = 4096;

function commandLine(words: readonly string[]): LineModel {
  const place = { file: 'CLI', line: 0, column: 0 };
  return { place, words, columns: words.map(() => 0), text: words.join(' '), from: '' };
}
