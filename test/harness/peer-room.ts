// Peers sections without sockets: each in memory of its own, on one clock that the test moves,
// connected by pipes that hand bytes over in any pieces. Used by tests of worker/peers and by its
// fuzzer.

import { loadConfiguration } from '../../shared/config/load.ts';
import type { PeersModel } from '../../shared/config/model.ts';
import { ObjectTable } from '../../shared/segment/objects.ts';
import { ProcessSlots } from '../../shared/segment/processes.ts';
import { memorySegment } from '../../shared/segment/segment.ts';
import { StickTable } from '../../shared/segment/stick-table.ts';
import { takeChanges } from '../../shared/segment/table-changes.ts';
import type { StoredType } from '../../shared/segment/table-data.ts';
import type { KeyType, TablePolicy } from '../../shared/segment/table-layout.ts';
import { openTable } from '../../shared/segment/table-store.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { Section } from '../../worker/peers/section.ts';
import type { Transport } from '../../worker/peers/session-host.ts';
import type { SharedTable } from '../../worker/peers/shared-table.ts';
import { shardFunction } from '../../worker/peers/shard.ts';
import type { LinkEvents } from '../../worker/peers/transport.ts';
import { UpdateLog } from '../../worker/peers/update-log.ts';

export interface TableWish {
  readonly keyType?: KeyType;
  readonly keyLength?: number;
  readonly store?: readonly StoredType[];
  readonly expireMs?: number;
  readonly receivesOnly?: boolean;
  readonly shards?: number;
  /** Tables of members, by their names (aggregate). */
  readonly shares?: Readonly<Record<string, RoomTable>>;
}

/** A table as a section shares it, and as proxy threads see it. */
export interface RoomTable {
  readonly shared: SharedTable;
  /** Changes through this view are reported. */
  readonly own: StickTable;
}

/** A table in memory of its own. */
export function roomTable(name: string, wish: TableWish = {}, target?: RoomTable): RoomTable {
  const { keyType = 'integer', keyLength = 4, store = [], expireMs = 0 } = wish;
  const shape = { name, keyType, keyLength, size: 1000, store };
  const policy: TablePolicy = {
    shape,
    expireMs,
    purges: true,
    bytesRateFactor: 1,
    reports: true,
  };
  const segment = memorySegment(linuxSys(), { objects: 4, writers: 2, objectsMax: 0 });
  const slot = new ProcessSlots(segment).take(process.pid, 0);
  const objects = new ObjectTable(segment);
  const { object } = openTable({ segment, objects, slot, nowMs: 0 }, policy).table;
  const table = new StickTable(segment, object, { ...policy, reports: false }, slot);
  return {
    own: new StickTable(segment, object, policy, slot),
    shared: {
      name,
      wireName: name,
      table,
      log: new UpdateLog(),
      writeTo: target?.shared.table ?? null,
      shares: wish.shares === undefined ? null : sharesOf(wish.shares),
      receivesOnly: wish.receivesOnly === true,
      shardOf: shardFunction(table, wish.shards ?? 0),
    },
  };
}

function sharesOf(tables: Readonly<Record<string, RoomTable>>): Map<string, StickTable> {
  return new Map(Object.entries(tables).map(([name, { own }]) => [name, own]));
}

/** The model of a peers section out of its lines, as peer `localpeer` reads it. */
export function peersModel(localpeer: string, lines: readonly string[]): PeersModel {
  const text = `peers room\n${lines.map((line) => `  ${line}\n`).join('')}`;
  const { model, diagnostics } = loadConfiguration({
    files: [],
    texts: [{ name: 'room', text }],
    environment: {},
    overrides: { localpeer },
  });
  const faults = diagnostics.list.filter(({ severity }) => severity === 'alert');
  if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join('\n'));
  return model.peers[0];
}

interface Job {
  readonly atMs: number;
  readonly act: () => void;
  isOff: boolean;
}

/** One end of a pipe. */
class End implements Transport {
  readonly kind = 'RAW';
  readonly from = '127.0.0.1:1';
  readonly to = '127.0.0.1:2';
  other: End | null = null;
  events: LinkEvents | null = null;
  isOpen = true;
  /** What has been written, for tests that read it themselves. */
  written: Buffer[] = [];
  private readonly room: Room;

  constructor(room: Room) {
    this.room = room;
  }

  established(): void {}

  write(bytes: Buffer): boolean {
    if (!this.isOpen) return true;
    this.written.push(bytes);
    const { other } = this;
    this.room.pieces(bytes, (piece) => {
      if (other?.isOpen === true) other.events?.received(piece);
    });
    return true;
  }

  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const { other } = this;
    this.room.soon(() => other?.cut());
  }

  /** As `end`; what is under way arrives all the same. */
  reset(): void {
    this.end();
  }

  /** The connection is gone at once. */
  cut(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.events?.closed();
    const { other } = this;
    this.room.soon(() => other?.cut());
  }
}

export class Room {
  nowMs = 1_000_000;
  /** Longest piece in which bytes arrive. */
  pieceMax = 65_536;
  /** Names that nobody answers to. */
  readonly deaf = new Set<string>();
  readonly sections = new Map<string, Section>();
  readonly ends: End[] = [];
  private state = 20_261_129;
  private readonly jobs: Job[] = [];
  private readonly tables = new Map<string, readonly RoomTable[]>();

  /** A section of its own process. */
  join(
    name: string,
    lines: readonly string[],
    tables: readonly RoomTable[],
    options: { readonly expectsTeacher?: boolean; readonly isLearned?: boolean } = {},
  ): Section {
    const model = peersModel(name, lines);
    const { expectsTeacher = false, isLearned = false } = options;
    const section = new Section(
      model,
      tables.map(({ shared }) => shared),
      {
        localName: name,
        messageBytesMax: 16_384,
        updatesAtOnce: 200,
        nowMs: () => this.nowMs,
        random: () => this.random(),
        connect: (peer, makeEvents) => {
          // The process that teaches connects to its successor, which joined under the same name.
          const target = this.sections.get(peer.model.name);
          const heard = target !== section && !this.deaf.has(peer.model.name);
          this.connect(makeEvents, heard ? target : undefined);
        },
        sharesTables: () => false,
        learned: () => {},
        after: (ms, act) => this.after(ms, act),
      },
      { expectsTeacher, isLearned },
    );
    this.sections.set(name, section);
    this.tables.set(name, tables);
    section.run();
    return section;
  }

  /** Connects to a section, or to nobody. */
  connect(makeEvents: (transport: Transport) => LinkEvents, target: Section | undefined): End {
    const near = new End(this);
    near.events = makeEvents(near);
    this.ends.push(near);
    if (target === undefined) {
      this.soon(() => near.cut());
      return near;
    }
    const far = new End(this);
    near.other = far;
    far.other = near;
    far.events = target.accept(far);
    this.ends.push(far);
    this.soon(() => {
      if (near.isOpen) near.events?.opened();
    });
    return near;
  }

  /** A client that is no section: sends what it is given and keeps what comes back. */
  stranger(target: Section): { send(bytes: Buffer): void; readonly answer: () => Buffer } {
    const got: Buffer[] = [];
    const near = this.connect(
      () => ({
        opened: () => {},
        received: (bytes) => void got.push(bytes),
        drained: () => {},
        closed: () => {},
      }),
      target,
    );
    return { send: (bytes) => void near.write(bytes), answer: () => Buffer.concat(got) };
  }

  /** The same numbers in every run; two sides must not wait equally long. */
  private random(): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.state / 2 ** 32;
  }

  soon(act: () => void): void {
    this.after(0, act);
  }

  private after(ms: number, act: () => void): () => void {
    const job: Job = { atMs: this.nowMs + ms, act, isOff: false };
    this.jobs.push(job);
    return () => {
      job.isOff = true;
    };
  }

  /** Hands bytes over in pieces, in order, one after the other. */
  pieces(bytes: Buffer, take: (piece: Buffer) => void): void {
    for (let at = 0; at < bytes.length; at += this.pieceMax) {
      const piece = bytes.subarray(at, at + this.pieceMax);
      this.soon(() => take(piece));
    }
  }

  /** What proxy threads have changed becomes numbers, as the feed does. */
  gather(): void {
    const taken = new Int32Array(256);
    for (const [name, tables] of this.tables) {
      for (const { shared } of tables) {
        shared.table.enter();
        const count = takeChanges(shared.table, taken);
        shared.table.leave();
        for (let i = 0; i < count; i++) shared.log.note(taken[i]);
      }
      this.sections.get(name)?.run();
    }
  }

  /** Lets `ms` pass with everything that is due in it. */
  async pass(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    for (;;) {
      this.gather();
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.next(end);
      if (next === null) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.isOff = true;
      next.act();
    }
    this.nowMs = end;
  }

  private next(end: number): Job | null {
    let best: Job | null = null;
    for (const job of this.jobs) {
      if (job.isOff || job.atMs > end) continue;
      if (best === null || job.atMs < best.atMs) best = job;
    }
    if (this.jobs.length > 1000) {
      this.jobs.splice(0, this.jobs.length, ...this.jobs.filter(({ isOff }) => !isOff));
    }
    return best;
  }
}
