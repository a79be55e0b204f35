// Fuzzer of resolvers sections: servers, services and look-ups against a name server that answers,
// keeps silent, answers late, twice, or with damaged bytes. Whatever comes, nothing throws, a
// server is only where an answer said, every look-up ends, and nothing is asked for nobody.
// `smoke` is run by dns.test.ts; a failure names the seed.

import assert from 'node:assert/strict';
import { type Answer, decode, encode } from 'dns-packet';
import { freshResolvers } from '../../shared/config/fresh.ts';
import { allocateNameCounters, nameCountsOf } from '../../shared/segment/name-counters.ts';
import { lookUp } from '../../worker/resolvers/lookup.ts';
import type { LinkEvents } from '../../worker/resolvers/nameserver.ts';
import { Section } from '../../worker/resolvers/section.ts';
import { type ServerHost, ServerName } from '../../worker/resolvers/server-name.ts';
import { Service } from '../../worker/resolvers/service.ts';
import { Chance } from '../sim/chance.ts';

const place = { file: 'fuzz', line: 1, column: 1 };
const address = {
  family: 'ipv4',
  socket: 'dgram',
  host: '127.0.0.1',
  port: 53,
  portOffset: false,
  fd: -1,
} as const;
const names = ['a.test', 'b.test', 'c.test'];
const serviceName = '_w.test';

/** Runs `rounds` worlds. */
export function smoke(seed: number, rounds: number): void {
  let moves = 0;
  for (let round = 0; round < rounds; round++) {
    try {
      moves += new World(new Chance(seed + round)).run();
    } catch (fault) {
      throw new Error(`seed ${seed + round}: ${String(fault)}`, { cause: fault });
    }
  }
  assert.ok(moves > rounds, `servers have moved ${moves} times`);
}

class World {
  private nowMs = 1;
  private readonly chance: Chance;
  private readonly timers = new Map<() => void, number>();
  private readonly links: LinkEvents[] = [];
  /** Questions without an answer yet. */
  private readonly asked: Buffer[] = [];
  /** Names that nobody wants to know any more. */
  private readonly over = new Set<string>();
  private moves = 0;
  private readonly told = new Set<string>();
  private readonly hosts = new Map<ServerName, string>();
  private readonly lost = new Set<ServerName>();
  private openLookups = 0;
  private readonly section: Section;

  constructor(chance: Chance) {
    this.chance = chance;
    const counters = allocateNameCounters(2);
    const nameservers = ['one', 'two'].map((name) => ({ place, name, address, server: null }));
    const ms = (): number => chance.pick([0, 1, 50, 1000]);
    const hold = {
      nx: ms(),
      refused: ms(),
      timeout: ms(),
      other: ms(),
      valid: ms(),
      obsolete: ms(),
    };
    const times = { resolveMs: chance.pick([10, 100, 1000]), retryMs: chance.pick([0, 10, 300]) };
    const retries = chance.between(1, 4);
    const fresh = freshResolvers(place, 'dns', false);
    this.section = new Section(
      { ...fresh, ...times, hold, retries, nameservers },
      {
        nowMs: () => this.nowMs,
        after: (delayMs, act) => {
          this.timers.set(act, this.nowMs + Math.max(1, delayMs));
          return () => void this.timers.delete(act);
        },
        random: () => chance.next(),
        families: () => new Set(chance.pick([['ipv4'], ['ipv6'], ['ipv4', 'ipv6']] as const)),
        counters: (index) => nameCountsOf(counters, index),
        open: (_model, events) => {
          this.links.push(events);
          return {
            send: (bytes) => {
              const [question] = decode(bytes).questions ?? [];
              assert.ok(!this.over.has(question.name), `${question.name} is asked for nobody`);
              this.asked.push(bytes);
              return !chance.hits(0.05);
            },
            close: () => {},
          };
        },
      },
    );
  }

  /** How often a server has moved. */
  run(): number {
    const servers = this.populate();
    this.section.run();
    for (let step = 0; step < 120; step++) {
      if (this.chance.hits(0.7)) this.reply();
      if (this.chance.hits(0.2)) this.look();
      if (this.chance.hits(0.05)) this.chance.pick(servers).rename(this.chance.pick(names));
      this.pass(this.chance.pick([0, 1, 5, 100, 2000]));
      for (const [server, host] of this.hosts) {
        assert.ok(host === '' || this.told.has(host), `${server.name} at ${host}`);
        assert.ok(host === '' || !this.lost.has(server), 'a lost server has no address');
      }
    }
    for (const server of servers) server.unlink();
    this.pass(20_000);
    assert.equal(this.openLookups, 0, 'every look-up ends');
    for (const name of names) this.over.add(name);
    this.pass(5000);
    return this.moves;
  }

  private populate(): ServerName[] {
    const { section, chance } = this;
    const host: ServerHost = {
      hostOf: (server) => this.hosts.get(server) ?? '',
      move: (server, to) => {
        if (to.host === undefined) return;
        this.hosts.set(server, to.host);
        this.moves++;
        if (to.host !== '') this.lost.delete(server);
      },
      rename: () => {},
      isLost: (server) => this.lost.has(server),
      lose: (server) => {
        assert.ok(!this.lost.has(server), 'nobody is lost twice');
        this.lost.add(server);
      },
      setWeight: (_server, weight) => assert.ok(weight >= 0 && weight <= 256),
    };
    const make = (serverIndex: number, name: string): ServerName => {
      const prefer = chance.pick(['ipv4', 'ipv6'] as const);
      const allowsTwins = chance.hits(0.5);
      const resolution = { prefer, networks: [], allowsTwins, ignoresWeight: false };
      const model = { name, isOfService: name === '', resolution };
      return new ServerName({ proxyIndex: 0, serverIndex }, model, section, host);
    };
    const servers = names.flatMap((name, index) => [make(index, name), make(index + 3, name)]);
    for (const server of servers) server.link();
    const service = new Service({ name: serviceName, proxyIndex: 1 }, section, host, () => 0);
    for (let index = 0; index < 3; index++) service.add(make(index, ''));
    return servers;
  }

  private look(): void {
    this.openLookups++;
    const wish = { name: this.chance.pick(names), prefer: 'ipv4' } as const;
    lookUp(this.section, wish, ({ addresses }) => {
      this.openLookups--;
      for (const one of addresses) assert.ok(this.told.has(one), one);
    });
  }

  private pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let calls = 0; calls < 1_000_000; calls++) {
      const [next] = [...this.timers].sort(([, a], [, b]) => a - b);
      if (next === undefined || next[1] > endMs) break;
      this.timers.delete(next[0]);
      this.nowMs = Math.max(this.nowMs, next[1]);
      next[0]();
    }
    this.nowMs = endMs;
    if (this.asked.length > 200) this.asked.splice(0, this.asked.length - 200);
  }

  /** An answer to some question, perhaps a late or a bad one. */
  private reply(): void {
    const { chance } = this;
    if (this.asked.length === 0) return;
    const at = chance.between(0, this.asked.length - 1);
    const { id, questions } = decode(this.asked[at]);
    if (chance.hits(0.8)) this.asked.splice(at, 1);
    const [question] = questions ?? [];
    const bytes = encode({
      type: 'response',
      id,
      flags: chance.hits(0.7) ? 0 : chance.pick([2, 3, 5, 0x0200]),
      questions,
      ...this.records(question.name, question.type),
    });
    const isBad = chance.hits(0.15);
    const sent = isBad ? this.damaged(bytes) : bytes;
    if (isBad) this.noteAll(sent);
    chance.pick(this.links).received(sent);
  }

  private records(name: string, type: string): { answers: Answer[]; additionals: Answer[] } {
    const { chance } = this;
    const count = chance.between(0, 4);
    const answers: Answer[] = [];
    const additionals: Answer[] = [];
    for (let i = 0; i < count; i++) {
      if (type === 'SRV') {
        const target = `t${chance.between(1, 5)}.test`;
        const data = { target, port: chance.between(1, 3), weight: chance.between(0, 65_535) };
        answers.push({ name, type: 'SRV', ttl: 1, data });
        if (chance.hits(0.5)) additionals.push({ name: target, type: 'A', data: this.ipv4() });
      } else if (type === 'A') answers.push({ name, type: 'A', ttl: 1, data: this.ipv4() });
      else answers.push({ name, type: 'AAAA', ttl: 1, data: this.ipv6() });
    }
    return { answers, additionals };
  }

  private ipv4(): string {
    return this.tell(`10.0.0.${this.chance.between(1, 6)}`);
  }

  private ipv6(): string {
    return this.tell(`2001:db8::${this.chance.between(1, 6)}`);
  }

  private tell(host: string): string {
    this.told.add(host);
    return host;
  }

  private damaged(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes.subarray(0, this.chance.between(0, bytes.length)));
    const changes = this.chance.between(0, 3);
    for (let i = 0; i < changes && copy.length > 0; i++) {
      copy[this.chance.between(0, copy.length - 1)] = this.chance.between(0, 255);
    }
    return copy;
  }

  /** What damaged bytes may be taken to say: any four or sixteen of them. */
  private noteAll(bytes: Buffer): void {
    for (let at = 0; at + 4 <= bytes.length; at++) {
      this.told.add([...bytes.subarray(at, at + 4)].join('.'));
      if (at + 16 > bytes.length) continue;
      const text = bytes
        .subarray(at, at + 16)
        .toString('hex')
        .replace(/(.{4})(?=.)/g, '$1:');
      this.told.add(new URL(`http://[${text}]/`).hostname.slice(1, -1));
    }
  }
}
