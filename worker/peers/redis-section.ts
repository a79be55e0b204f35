// A peers section whose members meet at a Redis or Valkey server (`redis`, ours). Each member
// writes what it has counted under its name and publishes it; all others keep that in the share of
// the member's place. Without the server the tables are local, and nothing waits for it. Control
// thread.
//
//   PREFIX:SECTION:place:N        the member that has place N; a lease
//   PREFIX:SECTION:of:MEMBER:TABLE   hash: key of an entry, payload (redis-message.ts)
//   PREFIX:SECTION:feed           channel: messages of all members

import type { StickTable } from '../../shared/segment/stick-table.ts';
import type { PeersModel, RedisModel } from '../../shared/config/model.ts';
import { Feed, putBack } from './feed.ts';
import { EntryPacker, EntryTaker, keyBytes, messageOf, readMessage } from './redis-message.ts';
import { RedisLink } from './redis-link.ts';
import type { SharedTable } from './shared-table.ts';
import type { Contents } from '../host-tls.ts';

export interface RedisHost {
  readonly localName: string;
  readonly contents: Contents;
  nowMs(): number;
  warn(text: string): void;
  /** To the logs of the section. */
  log(text: string): void;
}

/** A member that is silent for so long loses its place. */
const leaseMs = 10 * 60_000;
/** Own lease is renewed, and places are looked at. */
const lookMs = 15_000;
/** Expired entries are taken from the server, every so many looks. */
const looksPerSweep = 4;
const entriesAtOnce = 256;
/** What a member has counted outlives its entries a little, then the server forgets it. */
const spareMs = 60_000;

interface ShareTable {
  readonly shared: SharedTable;
  readonly packer: EntryPacker;
  readonly feed: Feed;
  /** Number of the last change that is on the server. */
  sent: number;
}

export class RedisSection {
  readonly model: PeersModel;
  private readonly redis: RedisModel;
  private readonly host: RedisHost;
  private readonly tables: readonly ShareTable[];
  private readonly taker: EntryTaker;
  private readonly link: RedisLink;
  private readonly base: string;
  /** Members by place, '' : nobody. Place 0 is nobody's. */
  private owners: string[];
  private place: number;
  /** Keys that were heard of while what a member had before is being read, by member and table. */
  private readonly lessons: Map<string, Set<string>>;
  private isSettled: boolean;
  private isWarned: boolean;
  private isStopped: boolean;
  private looks: number;
  private readonly timer: NodeJS.Timeout;
  /** One thing at a time. */
  private work: Promise<void>;
  private published: number;
  private taken: number;

  constructor(
    model: PeersModel,
    redis: RedisModel,
    tables: readonly SharedTable[],
    host: RedisHost,
  ) {
    this.model = model;
    this.redis = redis;
    this.host = host;
    this.base = `${redis.prefix}:${model.name}`;
    this.owners = [];
    this.place = 0;
    this.lessons = new Map();
    this.isSettled = false;
    this.isWarned = false;
    this.isStopped = false;
    this.looks = 0;
    this.work = Promise.resolve();
    this.published = 0;
    this.taken = 0;
    this.taker = new EntryTaker(tables);
    this.tables = tables.map((shared) => ({
      shared,
      packer: new EntryPacker(shared),
      feed: new Feed(shared, () => this.changed()),
      sent: 0,
    }));
    const place = { contents: host.contents, channel: `${this.base}:feed` };
    this.link = new RedisLink(redis, place, {
      ready: () => this.enqueue(() => this.settle()),
      failed: (reason) => this.failed(reason),
      received: (message) => this.received(message),
    });
    this.timer = setInterval(() => this.enqueue(() => this.look()), lookMs);
    this.timer.unref();
  }

  /** A line for `show peers`. */
  get text(): string {
    const { model, redis, place, owners } = this;
    const others = owners.filter((name, at) => name !== '' && at !== place);
    return (
      `id=${model.name} redis=${redis.server.name} addr=${placeText(redis)} ` +
      `state=${this.isSettled ? 'READY' : 'DOWN'} member=${this.host.localName} place=${place} ` +
      `members=${others.join(',') || '-'} published=${this.published} received=${this.taken}\n`
    );
  }

  // ---- the connection ----

  private failed(reason: string): void {
    this.isSettled = false;
    if (this.isWarned || this.isStopped) return;
    this.isWarned = true;
    const { model, redis } = this;
    this.host.warn(
      `peers section '${model.name}': redis server '${redis.server.name}' (${placeText(redis)}) ` +
        `is not there (${reason}): tables are local to this process until it is.`,
    );
  }

  private enqueue(act: () => Promise<void>): void {
    this.work = this.work.then(async () => {
      if (this.isStopped || !this.link.isUp) return;
      try {
        await act();
      } catch (fault) {
        this.failed(fault instanceof Error ? fault.message : String(fault));
      }
    });
  }

  /** Everything is said and heard again: the server may be a new one. */
  private async settle(): Promise<void> {
    await this.link.listen();
    if (!(await this.takePlace())) return;
    await this.meet(true);
    for (const table of this.tables) await this.publishAll(table);
    this.isSettled = true;
    this.isWarned = false;
    this.host.log(
      `${this.model.name}: member ${this.host.localName} at redis, place ${this.place}`,
    );
  }

  private async look(): Promise<void> {
    if (!this.isSettled) return this.settle();
    if (!(await this.takePlace())) return undefined;
    await this.meet(false);
    if (++this.looks % looksPerSweep === 0) {
      for (const table of this.tables) await this.sweep(table);
    }
    return undefined;
  }

  // ---- places ----

  private async places(): Promise<string[]> {
    const keys: string[] = [];
    for (let place = 1; place <= this.redis.members + 1; place++) {
      keys.push(`${this.base}:place:${place}`);
    }
    const found = (await this.link.ask('MGET', ...keys)) as (string | null)[];
    return ['', ...found.map((name) => name ?? '')];
  }

  /** Its own place again, or the first that is free; false: there is none. */
  private async takePlace(): Promise<boolean> {
    const { localName } = this.host;
    const held = (await this.places()).indexOf(localName);
    if (held > 0) {
      const key = `${this.base}:place:${held}`;
      await this.link.ask('SET', key, localName, 'XX', 'PX', String(leaseMs));
      this.place = held;
      return true;
    }
    for (let place = 1; place <= this.redis.members + 1; place++) {
      const key = `${this.base}:place:${place}`;
      const answer = await this.link.ask('SET', key, localName, 'NX', 'PX', String(leaseMs));
      if (answer !== 'OK') continue;
      this.place = place;
      return true;
    }
    const count = this.redis.members;
    this.failed(`${count} others have its ${count + 1} places: say 'members ${count + 1}' or more`);
    return false;
  }

  /** The name of the share in which a place is kept: shares are numbered without this process. */
  private shareOf(place: number): string {
    return String(place < this.place ? place : place - 1);
  }

  /** Learns who is there; what new members (`all`: all of them) have counted is read. */
  private async meet(all: boolean): Promise<void> {
    const before = this.owners;
    this.owners = await this.places();
    for (const [place, member] of this.owners.entries()) {
      if (member === '' || place === this.place) continue;
      if (all || before[place] !== member) await this.learn(place, member);
    }
  }

  // ---- what others have counted ----

  private async learn(place: number, member: string): Promise<void> {
    for (const { shared } of this.tables) {
      const share = shared.shares?.get(this.shareOf(place));
      if (share === undefined) continue;
      const lesson = `${member} ${shared.wireName}`;
      const heard = new Set<string>();
      this.lessons.set(lesson, heard);
      try {
        await this.eachField(this.hashOf(member, shared), (key, payload) => {
          const name = key.toString('latin1');
          if (!heard.has(name)) this.take(payload, place);
          heard.add(name);
        });
      } finally {
        this.lessons.delete(lesson);
      }
      forgetOthers(share, heard);
    }
  }

  private received(bytes: Buffer): void {
    const message = readMessage(bytes);
    if (message === null || message.member === this.host.localName) return;
    const place = this.owners.indexOf(message.member);
    if (place < 0) {
      this.enqueue(() => this.meet(false));
      return;
    }
    for (const { shared } of this.tables) {
      const heard = this.lessons.get(`${message.member} ${shared.wireName}`);
      heard?.add(message.key.toString('latin1'));
    }
    this.take(message.payload, place);
  }

  private take(payload: Buffer, place: number): void {
    const { host } = this;
    if (this.taker.take(payload, this.shareOf(place), host.nowMs(), Date.now())) this.taken++;
  }

  /** All fields of a hash, in batches. */
  private async eachField(
    hash: string,
    visit: (key: Buffer, payload: Buffer) => void,
  ): Promise<void> {
    let cursor = '0';
    do {
      const words = ['HSCAN', hash, cursor, 'COUNT', String(entriesAtOnce)];
      const [next, fields] = (await this.link.askBytes(...words)) as [Buffer, Buffer[]];
      for (let i = 0; i + 1 < fields.length; i += 2) visit(fields[i], fields[i + 1]);
      cursor = next.toString();
    } while (cursor !== '0');
  }

  // ---- what is counted here ----

  private hashOf(member: string, { wireName }: SharedTable): string {
    return `${this.base}:of:${member}:${wireName}`;
  }

  private changed(): void {
    if (!this.isSettled) return;
    this.enqueue(async () => {
      for (const table of this.tables) {
        const { log } = table.shared;
        const until = log.last;
        if (until === table.sent) continue;
        await this.publish(table, log.entriesAfter(table.sent));
        table.sent = until;
      }
    });
  }

  private async publishAll(table: ShareTable): Promise<void> {
    const { log, table: stick } = table.shared;
    const until = log.last;
    const ever = stick.entriesEver;
    for (let from = 0; from < ever; from += entriesAtOnce) {
      const count = Math.min(entriesAtOnce, ever - from);
      await this.publish(
        table,
        Array.from({ length: count }, (_, index) => from + index),
      );
    }
    table.sent = until;
  }

  private async publish({ shared, packer }: ShareTable, entries: readonly number[]): Promise<void> {
    const { link, host } = this;
    const hash = this.hashOf(host.localName, shared);
    const { expireMs } = shared.table.policy;
    for (let from = 0; from < entries.length; from += entriesAtOnce) {
      const answers: Promise<unknown>[] = [];
      for (const entry of entries.slice(from, from + entriesAtOnce)) {
        const packed = packer.pack(entry, host.nowMs(), Date.now());
        if (packed === null) continue;
        answers.push(link.ask('HSET', hash, packed.key, packed.payload));
        answers.push(link.ask('PUBLISH', `${this.base}:feed`, messageOf(host.localName, packed)));
        this.published++;
      }
      if (expireMs > 0 && answers.length > 0) {
        answers.push(link.ask('PEXPIRE', hash, String(expireMs + spareMs)));
      }
      await Promise.all(answers);
    }
  }

  /** The server drops single fields by itself only in newer versions. */
  private async sweep({ shared }: ShareTable): Promise<void> {
    const hash = this.hashOf(this.host.localName, shared);
    const gone: Buffer[] = [];
    await this.eachField(hash, (key, payload) => {
      if (this.taker.isExpired(payload, Date.now())) gone.push(key);
    });
    for (let from = 0; from < gone.length; from += entriesAtOnce) {
      await this.link.ask('HDEL', hash, ...gone.slice(from, from + entriesAtOnce));
    }
  }

  // ---- the end ----

  /** Soft stop: what is not on the server yet is left to the next process. */
  stop(): Promise<void> {
    for (const { shared, feed, sent } of this.tables) {
      feed.stop();
      putBack(shared, sent);
    }
    this.close();
    return Promise.resolve();
  }

  close(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    clearInterval(this.timer);
    for (const { feed } of this.tables) feed.stop();
    this.link.close();
  }
}

function placeText({ server: { address } }: RedisModel): string {
  return address.family === 'unix' ? address.host : `${address.host}:${address.port}`;
}

/** Entries of a share that its member has not, or no more. */
function forgetOthers(share: StickTable, known: ReadonlySet<string>): void {
  const ever = share.entriesEver;
  for (let from = 0; from < ever; from += entriesAtOnce) {
    share.enter();
    for (let entry = from; entry < Math.min(from + entriesAtOnce, ever); entry++) {
      if (!share.isUsed(entry)) continue;
      if (!known.has(keyBytes(share, entry).toString('latin1'))) share.remove(entry);
    }
    share.leave();
  }
}
