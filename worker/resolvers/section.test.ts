// A section against name servers that the test plays: who is asked when, the other family, retries,
// `hold`, and the cache of look-ups (manual 5.3.2). The clock is the test's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, decode, encode } from 'dns-packet';
import { freshResolvers } from '../../shared/config/fresh.ts';
import type { ResolversModel } from '../../shared/config/model-resolvers.ts';
import { allocateNameCounters, nameCountsOf } from '../../shared/segment/name-counters.ts';
import { lookUp } from './lookup.ts';
import type { LinkEvents } from './nameserver.ts';
import { Section } from './section.ts';
import { type ServerHost, ServerName } from './server-name.ts';
import { Service } from './service.ts';

interface Play {
  readonly section: Section;
  readonly links: LinkEvents[];
  /** Type and name of every question, of the first name server. */
  readonly asked: string[];
  nowMs: number;
  /** Lets time pass, timers included. */
  pass(ms: number): void;
  /** The answer to the last question. */
  answer(by: number, answers: readonly Answer[], code?: number): void;
}

const place = { file: 'test', line: 1, column: 1 };
const address = {
  family: 'ipv4',
  socket: 'dgram',
  host: '127.0.0.1',
  port: 53,
  portOffset: false,
  fd: -1,
} as const;

function play(names: readonly string[], change: Partial<ResolversModel> = {}): Play {
  const nameservers = names.map((name) => ({ place, name, address, server: null }));
  const model = { ...freshResolvers(place, 'dns', false), ...change, nameservers };
  const links: LinkEvents[] = [];
  const asked: string[] = [];
  const timers = new Map<() => void, number>();
  let last: Buffer = Buffer.alloc(0);
  const counters = allocateNameCounters(names.length);
  const made = { nowMs: 1000, asked, links };
  const section = new Section(model, {
    nowMs: () => made.nowMs,
    after: (ms, act) => {
      timers.set(act, made.nowMs + ms);
      return () => void timers.delete(act);
    },
    random: Math.random,
    families: () => new Set(['ipv4', 'ipv6'] as const),
    counters: (index) => nameCountsOf(counters, index),
    open: (nameserver, events) => {
      links.push(events);
      return {
        send: (bytes) => {
          last = bytes;
          const [question] = decode(bytes).questions ?? [];
          if (nameserver.name === names[0]) asked.push(`${question.type} ${question.name}`);
          events.sent();
          return true;
        },
        close: () => {},
      };
    },
  });
  return Object.assign(made, {
    section,
    pass: (ms: number) => {
      const end = made.nowMs + ms;
      for (;;) {
        const [next] = [...timers].sort(([, a], [, b]) => a - b);
        if (next === undefined || next[1] > end) break;
        timers.delete(next[0]);
        made.nowMs = Math.max(made.nowMs, next[1]);
        next[0]();
      }
      made.nowMs = end;
    },
    answer: (by: number, answers: readonly Answer[], code = 0) => {
      const { id, questions } = decode(last);
      links[by].received(
        encode({ type: 'response', id, flags: code, questions, answers: [...answers] }),
      );
    },
  });
}

/** What has been done to servers, as words. */
function servers(): { readonly host: ServerHost; readonly done: string[] } {
  const done: string[] = [];
  const hosts = new Map<ServerName, string>();
  const lost = new Set<ServerName>();
  return {
    done,
    host: {
      hostOf: (server) => hosts.get(server) ?? '',
      move: (server, { host, port }, by) => {
        if (host !== undefined) hosts.set(server, host);
        if (host !== undefined && host !== '') lost.delete(server);
        const where = `${host ?? ''}${port === undefined ? '' : `:${port}`}`;
        done.push(`${server.serverIndex} at ${where}${by === '' ? '' : ` by ${by}`}`);
      },
      rename: (server, name) => void done.push(`${server.serverIndex} is ${name}`),
      isLost: (server) => lost.has(server),
      lose: (server, why) => {
        lost.add(server);
        done.push(`${server.serverIndex} lost: ${why}`);
      },
      setWeight: (server, weight) => void done.push(`${server.serverIndex} weighs ${weight}`),
    },
  };
}

const resolution = {
  prefer: 'ipv4',
  networks: [],
  allowsTwins: false,
  ignoresWeight: false,
} as const;

function named({ section }: Play, host: ServerHost, serverIndex = 0, name = 'a.test'): ServerName {
  const model = { name, isOfService: name === '', resolution };
  const server = new ServerName({ proxyIndex: 0, serverIndex }, model, section, host);
  if (name !== '') server.link();
  return server;
}

const a = (data: string): Answer => ({ name: 'a.test', type: 'A', ttl: 1, data });

test('the first valid answer counts, and the name is asked for again', () => {
  const stage = play(['one', 'two']);
  const { host, done } = servers();
  named(stage, host);
  named(stage, host, 1);
  stage.section.run();
  assert.deepEqual(stage.asked, ['A a.test'], 'servers of one name share the question');
  stage.answer(1, [], 3);
  assert.equal(done.length, 0, 'a worse answer waits for the others');
  stage.answer(0, [a('10.0.0.1'), a('10.0.0.2')]);
  assert.deepEqual(
    done.map((line) => line.replace(/10\.0\.0\.\d/, 'X')),
    ['0 at X by dns/one', '1 at X by DNS cache'],
  );
  stage.answer(1, [a('10.0.0.3')]);
  assert.equal(done.length, 2, 'a late answer does nothing');
  assert.equal(stage.section.nameservers[1].counters.of('outdated'), 1);
  assert.equal(stage.section.nameservers[0].counters.of('update'), 1);
  stage.pass(999);
  assert.equal(stage.asked.length, 1);
  stage.pass(1);
  assert.equal(stage.asked.length, 2);
});

test('a name without an address of one family is asked for the other', () => {
  const stage = play(['one']);
  const { host, done } = servers();
  named(stage, host);
  stage.section.run();
  stage.answer(0, []);
  assert.deepEqual(stage.asked, ['A a.test', 'AAAA a.test']);
  stage.answer(0, [{ name: 'a.test', type: 'AAAA', ttl: 1, data: '::1' }]);
  assert.deepEqual(done, ['0 at ::1 by dns/one']);
});

test('without an answer the same question goes again, as often as resolve_retries says', () => {
  const hold = { ...freshResolvers(place, '', false).hold, timeout: 2500 };
  const stage = play(['one'], { retries: 2, retryMs: 500, hold });
  const { host, done } = servers();
  named(stage, host);
  stage.section.run();
  stage.pass(499);
  assert.equal(stage.asked.length, 1);
  stage.pass(1);
  assert.deepEqual(stage.asked, ['A a.test', 'A a.test']);
  stage.pass(500);
  assert.equal(stage.asked.length, 2, 'then it rests');
  stage.pass(1000);
  assert.equal(stage.asked.length, 3);
  assert.equal(done.length, 0, 'held');
  stage.pass(1000);
  assert.deepEqual(done, ['0 lost: DNS timeout status', '0 at ']);
});

test('an answer that there is no such name counts once hold nx has passed', () => {
  const hold = { ...freshResolvers(place, '', false).hold, nx: 3000 };
  const stage = play(['one'], { retries: 1, hold });
  const { host, done } = servers();
  named(stage, host);
  const refuse = (): void => {
    for (let times = stage.asked.length + 1; stage.asked.length <= times; ) {
      const before = stage.asked.length;
      stage.answer(0, [], 3);
      if (stage.asked.length === before) return;
    }
  };
  stage.section.run();
  stage.answer(0, [a('10.0.0.1')]);
  for (let i = 0; i < 3; i++) {
    stage.pass(1000);
    refuse();
    stage.answer(0, [], 3);
  }
  stage.pass(1000);
  refuse();
  assert.deepEqual(done, ['0 at 10.0.0.1 by dns/one', '0 lost: DNS NX status', '0 at ']);
});

test('look-ups share an answer for hold valid', () => {
  const stage = play(['one']);
  const found: string[] = [];
  const look = (): void =>
    lookUp(stage.section, { name: 'a.test', prefer: 'ipv4' }, ({ addresses, untilMs }) => {
      found.push(`${[...addresses].sort().join()} for ${untilMs - stage.nowMs}`);
    });
  look();
  look();
  assert.equal(stage.asked.length, 1);
  stage.answer(0, [a('10.0.0.1'), a('10.0.0.2')]);
  stage.pass(9000);
  look();
  assert.equal(stage.asked.length, 1, 'from the cache');
  const both = '10.0.0.1,10.0.0.2 for';
  assert.deepEqual(found, [`${both} 10000`, `${both} 10000`, `${both} 1000`]);
  stage.pass(2000);
  look();
  assert.equal(stage.asked.length, 2);
  stage.answer(0, [], 3);
  stage.answer(0, [], 3);
  stage.pass(10_000);
  assert.equal(found.length, 4);
  assert.match(found[3], /^ for/);
});

test('without a time between questions nothing runs for ever', () => {
  const stage = play(['one'], { retryMs: 0, resolveMs: 0, retries: 3 });
  const { host } = servers();
  named(stage, host);
  stage.section.run();
  stage.pass(10);
  assert.ok(stage.asked.length > 3 && stage.asked.length < 30, String(stage.asked.length));
});

test('a look-up and a server share a question, and what is left of it', () => {
  const stage = play(['one']);
  const { host, done } = servers();
  lookUp(stage.section, { name: 'a.test', prefer: 'ipv4' }, () => {});
  stage.answer(0, [a('10.0.0.1')]);
  stage.pass(100);
  const server = named(stage, host);
  stage.section.run();
  stage.answer(0, [a('10.0.0.2')]);
  assert.deepEqual(done, ['0 at 10.0.0.2 by dns/one']);
  stage.pass(60_000);
  assert.notEqual(server.resolution, null, 'the end of hold valid takes nothing from the server');
  server.unlink();
  const { length } = stage.asked;
  stage.pass(60_000);
  assert.equal(stage.asked.length, length, 'nobody asks for nobody');
});

test('thousands of names are asked for in turn', () => {
  const stage = play(['one']);
  const { host } = servers();
  for (let i = 0; i < 5000; i++) named(stage, host, i, `n${i}.test`);
  stage.section.run();
  assert.equal(stage.asked.length, 5000);
  stage.pass(5000);
  const times = new Map<string, number>();
  for (const name of stage.asked) times.set(name, (times.get(name) ?? 0) + 1);
  assert.equal(times.size, 5000);
  assert.equal(new Set(times.values()).size, 1, 'each as often');
});

test('services take servers, with weights, and give them back', () => {
  const stage = play(['one']);
  const { host, done } = servers();
  const service = new Service({ name: '_w.test', proxyIndex: 0 }, stage.section, host, () => 0);
  for (let index = 0; index < 2; index++) service.add(named(stage, host, index, ''));
  stage.section.run();
  const record = (target: string, port: number, weight: number): Answer => {
    return { name: '_w.test', type: 'SRV', ttl: 1, data: { target, port, weight, priority: 0 } };
  };
  stage.answer(0, [record('w1.test', 81, 257), record('w2.test', 82, 0), record('w3.test', 83, 1)]);
  const words = done.splice(0).join('\n');
  assert.match(words, /\d is w\d\.test/);
  assert.equal(words.match(/weighs/g)?.length, 2, 'there are two servers for three services');
  stage.pass(1);
  assert.equal(stage.asked.filter((one) => one.startsWith('A w')).length, 2);
  stage.pass(1500);
  assert.equal(stage.asked.at(-1)?.includes('test'), true);
});
