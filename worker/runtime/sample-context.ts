// A runtime context over a small worker in memory, for tests of commands and sessions. Only tests
// call this. What commands ask of the worker is noted in `done`.

import { openSslTls } from '../../shared/sys/openssl.ts';
import { ObjectTable } from '../../shared/segment/objects.ts';
import { traceSinks } from '../../shared/trace/commands.ts';
import { makeTraces } from '../../shared/trace/settings.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { PatternRegistry } from '../match/pattern-registry.ts';
import { openTables, viewTables } from '../tables/table-set.ts';
import { sampleStats } from '../stats/sample-stats.ts';
import {
  CommandTable,
  type Level,
  newSession,
  type RuntimeCommandDef,
  type SessionState,
} from './command.ts';
import { LogRings } from '../log/rings.ts';
import type { RuntimeContext } from './context.ts';
import { RuntimeSession } from './session.ts';

export interface SampleContext {
  readonly context: RuntimeContext;
  readonly done: string[];
  /** What proxy threads answer to `inspect`, by question. */
  readonly answers: Record<string, unknown[]>;
}

const noResolvers: RuntimeContext['resolvers'] = {
  sections: [],
  serverOf: () => undefined,
  unreachable: () => {},
  rename: () => '',
};

/** For tests: what commands act on, over the configuration `text`. */
export function sampleContext(text: string): SampleContext {
  const stats = sampleStats(text);
  const done: string[] = [];
  const answers: Record<string, unknown[]> = {};
  const { model, segment, nowMs } = stats.source;
  const slot = 0;
  const place = { segment, objects: new ObjectTable(segment), slot, nowMs: nowMs() };
  const context: RuntimeContext = {
    sys: linuxSys(),
    stats: stats.source,
    counters: stats.control,
    cliListeners: [],
    startupLogs: 'a message of the start\n',
    environment: { HOME: '/root', EMPTY: '' },
    threadCount: 2,
    tables: viewTables(model, openTables(model, place).objects, { segment, slot, writer: 2 }),
    peers: { sections: [], met: [] },
    resolvers: noResolvers,
    tlsFiles: { open: openSslTls, put: () => '' },
    live: sampleLive(done),
    fleet: sampleFleet(done),
    backends: sampleBackends(done),
    references: nobodyRefers,
    rings: new LogRings([], null),
    uptimeMs: () => 93_784_000,
    broadcast: (message) => void done.push(`broadcast ${message.type}`),
    inspect: async (what, argument = []) => {
      if (argument.length > 0) done.push(`${what} ${argument.join(' ')}`);
      return answers[what] ?? [];
    },
    threadTimes: () => [{ runMs: 1500, waitMs: 20, busyPercent: 7 }],
    anonKey: 0,
    debugCommands: 0,
    memoryProfile: { startedMs: 0, stoppedMs: 0 },
    setRateLimit: (limit, value) => void done.push(`rate ${limit} ${value}`),
    warn: (line) => void done.push(`warn ${line}`),
    setFrontEnabled: (proxyIndex, isEnabled) => {
      stats.fronts[proxyIndex] = isEnabled ? 'OPEN' : 'PAUSED';
      return true;
    },
    stopFront: (proxyIndex) => {
      stats.fronts[proxyIndex] = 'STOP';
    },
    setFrontMaxconn: (proxyIndex, maxconn) => void done.push(`maxconn ${proxyIndex} ${maxconn}`),
    setGlobalMaxconn: (maxconn) => maxconn <= 1000 && done.push(`maxconn global ${maxconn}`) > 0,
    serverChanged: (proxyIndex, serverIndex, sentence) => {
      stats.source.backends[proxyIndex]?.refresh(Math.floor(stats.source.nowMs() / 1000));
      done.push(`changed ${proxyIndex}/${serverIndex} ${sentence}`.trim());
    },
    mail: () => {},
    report: (proxy, severity, line) => void done.push(`report ${proxy} ${severity} ${line}`),
    traces: { words: makeTraces(), sinks: traceSinks([]) },
    log: (severity, line) => void done.push(`log ${severity} ${line}`),
  };
  return { context, done, answers };
}

function sampleLive(done: string[]): RuntimeContext['live'] {
  return {
    patterns: new PatternRegistry(),
    editPatterns: (edits) => void done.push(`edits ${edits.length}`),
    variable: () => null,
    setVariable: (name, value) => {
      done.push(`set ${name} ${value}`);
      return '';
    },
  };
}

const nobodyRefers: RuntimeContext['references'] = {
  isServerReferred: () => false,
  isBackendReferred: () => false,
  serverFault: () => '',
};

function sampleBackends(done: string[]): RuntimeContext['backends'] {
  return {
    add: async (proxy) => {
      done.push(`add backend ${proxy.name}`);
      return '';
    },
    publish: async (index, isPublished) => void done.push(`publish ${index} ${isPublished}`),
    isBusy: () => false,
    remove: async (index) => done.push(`remove backend ${index}`) > 0,
  };
}

function sampleFleet(done: string[]): RuntimeContext['fleet'] {
  return {
    add: async (proxyIndex, server) => {
      done.push(`add ${proxyIndex} ${server.name}`);
      return '';
    },
    isBusy: () => false,
    renewCookies: async () => {},
    shareNumber: () => -1,
    remove: async (proxyIndex, index) => done.push(`remove ${proxyIndex}/${index}`) > 0,
    renew: async (proxyIndex, index, fields) => {
      done.push(`renew ${proxyIndex}/${index} ${Object.keys(fields).join()}`);
    },
  };
}

/** For tests: a session that has just begun, and may do everything. */
export const sampleState = (level: Level = 'admin'): SessionState => newSession(level);

/** Feeds the pieces one after the other; returns all output, with <end> where it hung up. */
export async function converse(
  context: RuntimeContext,
  table: CommandTable,
  pieces: readonly string[],
  state: SessionState = sampleState(),
): Promise<string> {
  let text = '';
  const output = {
    write: (piece: string | Uint8Array): void => {
      text += typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1');
    },
    end: (): void => {
      text += '<end>';
    },
  };
  const limits = { lineBytes: 200, payloadBytes: 300 };
  const session = new RuntimeSession(context, table, state, { output, limits });
  for (const piece of pieces) await session.feed(piece);
  return text;
}

/** A table of one family, or of several. */
export function tableOf(...families: readonly (readonly RuntimeCommandDef[])[]): CommandTable {
  return new CommandTable(...families);
}
