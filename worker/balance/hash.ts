// The algorithms that hash a part of the request: source, uri, url_param, hdr, rdp-cookie, hash. A
// request without the part is sent in turn (manual 4.2, balance).

import type { BalanceModel, ProxyModel } from '../../shared/config/model.ts';
import type { Scope } from '../keyword.ts';
import type { BalanceDef, Balancer, MakeBalancer } from '../server/balancer.ts';
import type { Server } from '../server/server.ts';
import type { Stream } from '../stream/stream.ts';
import { type HashType, hashTypeOf } from './hash-functions.ts';
import {
  compileExpression,
  headerHash,
  orInBody,
  parameterHash,
  type RequestHash,
  sourceHash,
  type UriOptions,
  uriHash,
} from './hash-keys.ts';
import type { Roster } from './roster.ts';
import { ServerMap } from './server-map.ts';
import { ServerRing } from './server-ring.ts';
import type { ServerTable } from './server-table.ts';

class HashBalancer implements Balancer {
  readonly isHash = true;
  readonly skipsFull = false;
  readonly roster: Roster;
  private readonly table: ServerTable;
  private readonly hash: RequestHash;

  constructor(table: ServerTable, hash: RequestHash) {
    this.roster = table.roster;
    this.table = table;
    this.hash = hash;
  }

  refresh(): void {
    this.table.refresh();
  }

  pick(stream: Stream, avoid: Server | null): Server | null {
    const hash = this.hash(stream);
    const server = hash < 0 ? null : this.table.byHash(hash, avoid);
    return server ?? this.table.next(avoid);
  }

  admit(server: Server): void {
    this.table.admit(server);
  }

  loadChanged(): void {
    // A hash looks at no load before it is asked.
  }
}

/** What differs between the rows below: how their words become a hash of the request. */
type ReadWords = (
  words: readonly string[],
  type: HashType,
  proxy: ProxyModel,
  scope: Scope,
) => RequestHash | null;

function hashing(read: ReadWords): BalanceDef['build'] {
  return (balance: BalanceModel, proxy: ProxyModel, scope: Scope): MakeBalancer | null => {
    const type = hashTypeOf(proxy.hashType);
    const hash = read(balance.words, type, proxy, scope);
    if (hash === null) return null;
    const rules = { balanceFactor: proxy.hashBalanceFactor, preserve: proxy.hashPreserveAffinity };
    return (members) =>
      new HashBalancer(
        type.consistent ? new ServerRing(members, rules) : new ServerMap(members),
        hash,
      );
  };
}

function uriOptions(words: readonly string[]): UriOptions {
  const after = (word: string): number => {
    const at = words.indexOf(word);
    return at < 0 ? 0 : Number(words[at + 1]);
  };
  return {
    lengthMax: after('len'),
    depth: after('depth'),
    whole: words.includes('whole'),
    pathOnly: words.includes('path-only'),
  };
}

function readParameter(...[words, type]: Parameters<ReadWords>): RequestHash {
  const inQuery = parameterHash(type, words[0]);
  return words.includes('check_post') ? orInBody(type, words[0], inQuery) : inQuery;
}

const rdpCookieName = 'mstshash';

export const hash = [
  {
    name: 'source',
    help: 'by the address of the client',
    example: 'source',
    httpOnly: false,
    build: hashing((_words, type) => sourceHash(type)),
  },
  {
    name: 'uri',
    help: 'by the request target up to the question mark, or a part of it',
    example: 'uri depth 3',
    httpOnly: true,
    build: hashing((words, type) => uriHash(type, uriOptions(words))),
  },
  {
    name: 'url_param',
    help: 'by the value of a query parameter',
    example: 'url_param userid',
    httpOnly: true,
    build: hashing(readParameter),
  },
  {
    name: 'hdr',
    help: 'by the value of a header; with use_domain_only by the domain in it',
    example: 'hdr(host) use_domain_only',
    httpOnly: true,
    build: hashing((words, type) => headerHash(type, words[0], words.includes('use_domain_only'))),
  },
  {
    name: 'rdp-cookie',
    help: 'by the value of a cookie of the remote desktop protocol',
    example: 'rdp-cookie(mstshash)',
    httpOnly: false,
    build: hashing(([name = rdpCookieName], type, proxy, scope) =>
      compileExpression(`req.rdp_cookie(${name})`, type, proxy, scope),
    ),
  },
  {
    name: 'hash',
    help: 'by any sample expression',
    example: 'hash path,lower',
    httpOnly: false,
    build: hashing(([text], type, proxy, scope) => compileExpression(text, type, proxy, scope)),
  },
] satisfies readonly BalanceDef[];
