// All peers sections of a worker: their tables, listeners, clockworks. Started by the control
// thread once proxy threads serve; stopped first when the worker leaves. Never on a proxy thread.

import type { Server } from 'node:net';
import type { PeersModel, RedisModel } from '../../shared/config/model.ts';
import { tableIndexOf, tablePolicyOf, tablesOf } from '../../shared/config/stick-tables.ts';
import type { SectionListener, WorkerStart } from '../../shared/messages.ts';
import { ObjectTable, usersOf } from '../../shared/segment/objects.ts';
import { ProcessSlots } from '../../shared/segment/processes.ts';
import type { Segment } from '../../shared/segment/segment.ts';
import { StickTable } from '../../shared/segment/stick-table.ts';
import { tableLearned } from '../../shared/segment/table-layout.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import { Feed, putBack } from './feed.ts';
import type { Peer } from './peer.ts';
import { RedisSection } from './redis-section.ts';
import { Section, type SectionHost } from './section.ts';
import type { SharedTable } from './shared-table.ts';
import { shardFunction } from './shard.ts';
import { type LinkTarget, listenForPeers, openLink } from './transport.ts';
import { UpdateLog } from './update-log.ts';

/** What the worker hands over. */
export interface PeersParts {
  readonly start: WorkerStart;
  readonly segment: Segment;
  readonly slot: number;
  readonly sys: Sys;
  /** Objects of the segment by number of the table. */
  readonly tableObjects: readonly number[];
  nowMs(): number;
  warn(text: string): void;
  /** What happens on the listener of a section. */
  log(section: PeersModel, text: string): void;
}

export interface RunningPeers {
  readonly sections: readonly Section[];
  /** Those whose members meet at a server. */
  readonly met: readonly RedisSection[];
  /** Soft stop: resolves when nothing is left to teach. */
  stop(): Promise<void>;
  close(): void;
}

/** A peer that has gone so recently may come back to this process's successor. */
const recentMs = 10_000;

/** Starts every section that is not disabled. */
export function startPeers(parts: PeersParts): RunningPeers {
  const { model } = parts.start;
  const active = model.peers
    .map((section, index) => ({ section, index }))
    .filter(({ section }) => !section.disabled);
  const running = active
    .filter(({ section }) => section.redis === null)
    .map(({ section, index }) => new RunningSection(parts, section, index));
  const met = active.flatMap(({ section }) =>
    section.redis === null ? [] : [meetAtRedis(parts, section, section.redis)],
  );
  return {
    sections: running.map(({ section }) => section),
    met,
    stop: async () => {
      await Promise.all([...running, ...met].map((one) => one.stop()));
    },
    close: () => {
      for (const one of [...running, ...met]) one.close();
    },
  };
}

function meetAtRedis(parts: PeersParts, section: PeersModel, redis: RedisModel): RedisSection {
  const { global } = parts.start.model;
  return new RedisSection(section, redis, sharedTables(parts, section), {
    localName: global.localpeer,
    contents: parts.start.model,
    nowMs: () => parts.nowMs(),
    warn: (text) => parts.warn(text),
    log: (text) => parts.log(section, text),
  });
}

class RunningSection {
  readonly section: Section;
  private readonly parts: PeersParts;
  private readonly objects: ObjectTable;
  private readonly feeds: readonly Feed[];
  private readonly server: Server | null;
  private readonly listener: SectionListener | undefined;

  constructor(parts: PeersParts, model: PeersModel, index: number) {
    this.parts = parts;
    this.objects = new ObjectTable(parts.segment);
    const { start } = parts;
    this.listener = start.sectionListeners.find(
      (one) => one.section === 'peers' && one.index === index,
    );
    const tables = sharedTables(parts, model);
    const isLearned = tables.every((one) => this.isLearned(one));
    this.section = new Section(model, tables, this.host(tables), {
      expectsTeacher: start.oldProcesses > 0,
      isLearned: tables.length > 0 && isLearned,
    });
    this.server = this.listen(model);
    this.feeds = tables.map((table) => new Feed(table, () => this.changed()));
    this.section.run();
  }

  /** Its content is what the process before this one had, and that had learned everything. */
  private isLearned({ table }: SharedTable): boolean {
    const { start, segment, slot } = this.parts;
    const hadLearned = segment.words[table.header + tableLearned] === 1;
    const users = usersOf(segment, this.objects, table.object);
    return hadLearned && (start.generation > 1 || users.some((user) => user !== slot));
  }

  private host(tables: readonly SharedTable[]): SectionHost {
    const { start, segment, nowMs } = this.parts;
    const { global } = start.model;
    return {
      localName: global.localpeer,
      messageBytesMax: global.tune.bufsize,
      updatesAtOnce: global.tune.peersMaxUpdatesAtOnce,
      nowMs,
      random: Math.random,
      connect: (peer, makeEvents) =>
        openLink(peer.model.server, this.addressOf(peer), start.model, makeEvents),
      sharesTables: (pid) => this.sharesTables(pid),
      learned: () => {
        for (const { table } of tables) segment.words[table.header + tableLearned] = 1;
      },
      after: (ms, act) => {
        const timer = setTimeout(act, ms);
        timer.unref();
        return () => clearTimeout(timer);
      },
    };
  }

  /** The local peer is where this process listens, whatever the line says: it may be a `fd@`. */
  private addressOf({ model }: Peer): LinkTarget {
    const { listener } = this;
    return model.isLocal && listener !== undefined ? listener : model.server.address;
  }

  private listen(model: PeersModel): Server | null {
    const { parts, listener } = this;
    if (listener === undefined) return null;
    // The descriptor itself stays with whoever bound it: both would close it otherwise.
    const fd = parts.sys.dup(listener.fd);
    if (parts.start.model.global.masterWorker) parts.sys.close(listener.fd);
    const tls = { ssl: model.bind?.ssl ?? null, contents: parts.start.model };
    return listenForPeers(
      fd,
      tls,
      (transport) => {
        const { from, to } = transport;
        parts.log(model, `Connect from ${to} to ${from} (${model.name}/PEERS)`);
        return this.section.accept(transport);
      },
      {
        failed: (message) => parts.warn(`peers section '${model.name}': ${message}`),
        refused: (from, reason) => parts.log(model, `${from} ${model.name}: ${reason}`),
      },
    );
  }

  private changed(): void {
    this.section.run();
  }

  /** A process with that pid works on the tables of this one. */
  private sharesTables(pid: number): boolean {
    const { segment } = this.parts;
    const slots = new ProcessSlots(segment);
    return this.section.tables.every(({ table }) =>
      usersOf(segment, this.objects, table.object).some((slot) => slots.pidOf(slot) === pid),
    );
  }

  /** A successor has the same memory: nothing must be taught to it. */
  private get isTaught(): boolean {
    const { segment, slot } = this.parts;
    const slots = new ProcessSlots(segment);
    return this.section.tables.every(({ table }) =>
      usersOf(segment, this.objects, table.object).some(
        (user) => user !== slot && slots.pidOf(user) > 0,
      ),
    );
  }

  async stop(): Promise<void> {
    this.server?.close();
    const { isTaught } = this;
    if (isTaught) {
      for (const feed of this.feeds) feed.stop();
      for (const [index, shared] of this.section.tables.entries()) {
        putBack(shared, this.acknowledged(index));
      }
    }
    await this.section.stop(isTaught);
    for (const feed of this.feeds) feed.stop();
  }

  /** The last change that all peers which were here have got. */
  private acknowledged(index: number): number {
    const since = this.parts.nowMs() - recentMs;
    const here = this.section.peers.filter(
      ({ model, session, closedMs }) =>
        !model.isLocal && (session?.isEstablished === true || closedMs > since),
    );
    return Math.min(...here.map(({ tables }) => tables[index].update), Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.server?.close();
    for (const feed of this.feeds) feed.stop();
    this.section.close();
  }
}

/** The tables of a section, through views of their own whose changes are not reported. */
function sharedTables(parts: PeersParts, section: PeersModel): SharedTable[] {
  const { segment, slot, tableObjects, start } = parts;
  const { model } = start;
  const all = tablesOf(model);
  const view = (index: number): StickTable | null => {
    const one = all[index] ?? null;
    if (one === null) return null;
    const policy = { ...tablePolicyOf(one), reports: false };
    return new StickTable(segment, tableObjects[index], policy, slot);
  };
  const shared: SharedTable[] = [];
  for (const [index, one] of all.entries()) {
    const table = view(index);
    if (one === null || table === null || one.table.peers !== section.name) continue;
    const { writeTo, receivesOnly, aggregates } = one.table;
    const shares = all.flatMap((other, at): (readonly [string, StickTable])[] => {
      const share = other?.shareOf?.table === one.name ? view(at) : null;
      return share === null ? [] : [[other?.shareOf?.peer ?? '', share]];
    });
    shared.push({
      name: one.name,
      wireName: one.wireName,
      table,
      log: new UpdateLog(),
      writeTo: writeTo === '' ? null : view(tableIndexOf(model, writeTo)),
      shares: aggregates ? new Map(shares) : null,
      receivesOnly,
      shardOf: shardFunction(table, section.shards),
    });
  }
  return shared;
}
