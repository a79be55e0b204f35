// The algorithms made for log lines (manual 4.2 "balance"): sticky stays with one server as long as
// it is up, log-hash looks at the line itself. Backends in `mode log` have no request to look at.

import type { BalanceModel, ProxyModel } from '../../shared/config/model.ts';
import type { Evaluate, Scope } from '../keyword.ts';
import type { BalanceDef, Balancer, MakeBalancer, Members } from '../server/balancer.ts';
import { wordActive, wordOwn } from '../server/farm.ts';
import type { Server } from '../server/server.ts';
import { kindBinary, kindString, Sample } from '../sample/sample.ts';
import { castSample } from '../sample/cast.ts';
import { writeLatin1 } from '../http/message.ts';
import type { Stream } from '../stream/stream.ts';
import { hashTypeOf } from './hash-functions.ts';
import { hashBytes } from './hash-keys.ts';
import { ignoreLoad, Roster } from './roster.ts';
import { ServerMap } from './server-map.ts';
import { commitAll } from './server-table.ts';

/** Header word: the server in use and one, 0: none yet. All threads agree on it. */
const wordCurrent = wordOwn;

/** balance sticky: the first server, until it goes; one that comes back waits for its turn. */
class Sticky implements Balancer {
  readonly isHash = false;
  readonly skipsFull = false;
  readonly roster: Roster;
  readonly loadChanged = ignoreLoad;
  readonly admit = ignoreLoad;

  constructor(members: Members) {
    this.roster = new Roster(members, 1);
  }

  refresh(): void {
    const { roster } = this;
    commitAll(roster, (server) => (server.isUsable() ? 1 : 0));
    const current = this.current();
    if (current === null || !this.mayServe(current)) this.elect();
  }

  private current(): Server | null {
    const { words, servers } = this.roster;
    return words[wordCurrent] === 0 ? null : servers[words[wordCurrent] - 1];
  }

  /** Backups serve only while no other server is up. */
  private mayServe(server: Server): boolean {
    return server.isUsable() && (!server.backup || this.roster.words[wordActive] === 0);
  }

  /** The first that is up, in the order of the configuration, as HAProxy does. */
  private elect(): void {
    const { servers, words } = this.roster;
    words[wordCurrent] = 0;
    for (let i = 0; i < servers.length; i++) {
      if (!this.mayServe(servers[i])) continue;
      words[wordCurrent] = servers[i].index + 1;
      return;
    }
  }

  pick(_stream: Stream, _avoid: Server | null): Server | null {
    return this.current();
  }
}

/** Longest part of a line that is hashed. */
const keyMax = 65_536;

/** balance log-hash: by what converters make of the line. */
class LogHash implements Balancer {
  readonly isHash = true;
  readonly skipsFull = false;
  readonly roster: Roster;
  readonly loadChanged = ignoreLoad;
  readonly admit = ignoreLoad;
  private readonly map: ServerMap;
  private readonly hash: LineHash;

  constructor(members: Members, hash: LineHash) {
    this.map = new ServerMap(members);
    this.roster = this.map.roster;
    this.hash = hash;
  }

  refresh(): void {
    this.map.refresh();
  }

  /** Without a line there is nothing to hash: in turn. */
  pick(_stream: Stream, avoid: Server | null): Server | null {
    return this.map.next(avoid);
  }

  /** null also where the converters find nothing. */
  pickForLine(stream: Stream, text: string): Server | null {
    const hash = this.hash(stream, text);
    return hash < 0 ? null : this.map.byHash(hash);
  }
}

/** The hash of a line, below zero: it has no key. */
type LineHash = (stream: Stream, text: string) => number;

function lineHash(balance: BalanceModel, proxy: ProxyModel, scope: Scope): LineHash | null {
  let line = '';
  const readLine: Evaluate = (_stream, out) => out.setText(line);
  const expression = scope.convertersOf(balance.words[0] ?? '', readLine);
  if (expression === null) return null;
  const hash = hashBytes(hashTypeOf(proxy.hashType));
  const sample = new Sample();
  const bytes = new Uint8Array(keyMax);
  return (stream, text) => {
    line = text;
    sample.restart();
    if (!expression.evaluate(stream, sample)) return -1;
    if (sample.kind !== kindString && !castSample(sample, kindBinary)) return -1;
    const key = sample.text.slice(0, keyMax);
    writeLatin1(bytes, 0, key);
    return hash(bytes, 0, key.length);
  };
}

function buildLogHash(balance: BalanceModel, proxy: ProxyModel, scope: Scope): MakeBalancer | null {
  if (hashTypeOf(proxy.hashType).consistent) {
    scope.alertAt(balance.place, "balance log-hash only works with 'hash-type map-based'");
    return null;
  }
  const hash = lineHash(balance, proxy, scope);
  return hash === null ? null : (members) => new LogHash(members, hash);
}

export const log = [
  {
    name: 'sticky',
    help: 'one server as long as it is up, then the next',
    example: 'sticky',
    httpOnly: false,
    build: () => (members) => new Sticky(members),
  },
  {
    name: 'log-hash',
    help: 'log lines by what converters make of them',
    example: 'log-hash field(2)',
    httpOnly: false,
    build: buildLogHash,
  },
] satisfies readonly BalanceDef[];
