// A site behind a proxy, as an operator's tools find it: a stats socket, a statistics page, a log
// file as a syslog daemon writes it, and a day of visits of which every number is known.
// HAWSER_REFERENCE=/path/to/haproxy puts that program in front instead of ours: what the tests
// expect of the tools has been confirmed so.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ask, Origin } from './failing-origin.ts';
import { DatagramSink } from './log-sinks.ts';
import {
  bundledProgram,
  exchange,
  inherited,
  type Owner,
  type RunningProxy,
  startProxy,
} from './proxy.ts';

/** Visits that are alike: `count` requests, one after the other. */
export interface Visit {
  readonly count: number;
  /** What the origin does, see Origin; or what the configuration answers by itself. */
  readonly path: string;
  /** More lines of the request. */
  readonly more?: string;
  readonly status: number;
  /** `backend/server` of the log; `*` for any of app's two. */
  readonly where: string;
  /** Termination state of the log, without the letters about cookies. */
  readonly state: string;
}

const forwarded = (address: string): string => `x-forwarded-for: ${address}\r\n`;

/** What a day brings, in this order. */
export const visits: readonly Visit[] = [
  { count: 6, path: '/200/0/home', status: 200, where: 'app/*', state: '--' },
  { count: 4, path: '/200/0/about', status: 200, where: 'app/*', state: '--' },
  { count: 2, path: '/200/0/cart?item=1', status: 200, where: 'app/*', state: '--' },
  {
    count: 3,
    path: '/200/0/login',
    more: `${forwarded('192.0.2.7')}content-length: 3\r\n`,
    status: 200,
    where: 'app/*',
    state: '--',
  },
  {
    count: 2,
    path: '/200/0/known',
    more: `${forwarded('192.0.2.9')}cookie: SRV=one\r\n`,
    status: 200,
    where: 'app/one',
    state: '--',
  },
  { count: 2, path: '/404/9/missing', status: 404, where: 'app/*', state: '--' },
  { count: 1, path: '/503/9/busy', status: 503, where: 'app/*', state: '--' },
  { count: 2, path: '/close/9/silent', status: 502, where: 'app/*', state: 'SH' },
  { count: 1, path: '/junk/9/babble', status: 502, where: 'app/*', state: 'PH' },
  { count: 2, path: '/secret', status: 403, where: 'web/<NOSRV>', state: 'PR' },
  { count: 1, path: '/lost', status: 503, where: 'lost/<NOSRV>', state: 'SC' },
  { count: 1, path: '/refused', status: 503, where: 'refused/closed', state: 'SC' },
];

/** What they are followed by: two that share a server for one, one who leaves, one who babbles. */
const lastVisits: readonly Visit[] = [
  { count: 1, path: '/hold/9/narrow', status: 200, where: 'narrow/only', state: '--' },
  { count: 1, path: '/200/0/narrow', status: 200, where: 'narrow/only', state: '--' },
  { count: 1, path: '/hold/9/left', status: 400, where: 'app/*', state: 'CH' },
  { count: 1, path: '', status: 400, where: 'web/<NOSRV>', state: 'PR' },
];

/** All of them: each is one line of the log. */
export const allVisits: readonly Visit[] = [...visits, ...lastVisits];

/** How many visits `keep` is true for. */
export const countOf = (keep: (visit: Visit) => boolean): number =>
  allVisits.filter(keep).reduce((sum, { count }) => sum + count, 0);

/** How many visits there are by what `keyOf` says of them. */
export function countBy(keyOf: (visit: Visit) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const visit of allVisits) {
    const key = keyOf(visit);
    counts[key] = (counts[key] ?? 0) + visit.count;
  }
  return counts;
}

/** The server that is down has a line too. */
export const lineCount = countOf(() => true) + 1;

const configOf = (socket: string, log: number, origin: number): string => `global
  nbthread 1
  node balancer1
  stats socket ${socket} mode 600 level admin
  log 127.0.0.1:${log} local0
defaults
  mode http
  log global
  option httplog
  option http-server-close
  retries 0
  timeout client 60s
  timeout server 60s
  timeout connect 60s
  timeout queue 60s
  timeout check 60s
frontend web
  bind "${inherited('web')}"
  maxconn 50
  capture request header X-Forwarded-For len 40
  http-request deny if { path /secret }
  use_backend lost if { path /lost }
  use_backend refused if { path /refused }
  use_backend narrow if { path_end /narrow }
  default_backend app
backend app
  balance roundrobin
  cookie SRV insert indirect nocache
  server one 127.0.0.1:${origin} cookie one check inter 200ms
  server two 127.0.0.1:${origin} cookie two weight 1 check inter 200ms
  server gone 127.0.0.1:1 check inter 200ms fall 1
backend narrow
  server only 127.0.0.1:${origin} maxconn 1
backend refused
  server closed 127.0.0.1:1
backend lost
  server off 127.0.0.1:1 disabled
frontend statistics
  bind "${inherited('stats')}"
  no log
  http-request use-service prometheus-exporter if { path /metrics }
  stats enable
  stats uri /haproxy?stats
`;

/** What `show stat` says, by name of the field. */
export type StatRow = Readonly<Record<string, string>>;

const reference = process.env['HAWSER_REFERENCE'];
/** What stands in front of sites. */
export const siteProgram =
  reference === undefined ? { entry: bundledProgram } : { command: [reference] };

export class Site {
  readonly folder: string;
  readonly socket: string;
  readonly proxy: RunningProxy;
  readonly origin: Origin;
  private readonly log: DatagramSink;

  private constructor(folder: string, proxy: RunningProxy, origin: Origin, log: DatagramSink) {
    this.folder = folder;
    this.socket = join(folder, 'admin.sock');
    this.proxy = proxy;
    this.origin = origin;
    this.log = log;
  }

  /** Starts it; app/one and app/two are up and app/gone is down when this is done. */
  static async open(owner: Owner): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-site-'));
    owner.after(async () => rmSync(folder, { recursive: true, force: true }));
    const log = new DatagramSink();
    const origin = new Origin(owner);
    const [logPort, originPort] = [await log.start(owner), await origin.listen()];
    const config = configOf(join(folder, 'admin.sock'), logPort, originPort);
    const proxy = startProxy(owner, { config, ...siteProgram });
    const site = new Site(folder, proxy, origin, log);
    // The socket in the file system is made by the proxy: a listener answers first.
    await site.get('/haproxy?stats;csv');
    await site.becomes('app', 'gone', { status: 'DOWN' });
    for (const name of ['one', 'two'])
      await site.becomes('app', name, { status: 'UP', check_status: 'L4OK' });
    return site;
  }

  /** Body of a page of the statistics listener. */
  async get(path: string): Promise<string> {
    const head = `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
    const [, body = ''] = (await exchange(this.proxy.port('stats'), head)).split('\r\n\r\n');
    return body;
  }

  command(text: string): Promise<string> {
    return exchange(this.socket, `${text}\n`);
  }

  /** The rows of `show stat`, by `proxy/service`. */
  async stat(): Promise<ReadonlyMap<string, StatRow>> {
    const [head, ...lines] = (await this.command('show stat')).trim().split('\n');
    const names = head.replace('# ', '').split(',');
    const rows = lines.map((line) => {
      const words = line.split(',');
      return Object.fromEntries(names.map((name, index) => [name, words[index]]));
    });
    return new Map(rows.map((row) => [`${row['pxname']}/${row['svname']}`, row]));
  }

  /** Waits until fields of a row of `show stat` have these values. */
  async becomes(proxy: string, service: string, wanted: StatRow): Promise<void> {
    const isSo = (row: StatRow): boolean =>
      Object.entries(wanted).every(([name, value]) => row[name] === value);
    while (!isSo((await this.stat()).get(`${proxy}/${service}`) ?? {})) await wait(10);
  }

  /** Sends all visits, and the others; the log has a line for each when this is done. */
  async day(): Promise<void> {
    const port = this.proxy.port('web');
    for (const { count, path, more } of visits) {
      for (let i = 0; i < count; i++) await ask(port, path, more).status;
    }
    await this.queueOfOne();
    const left = ask(port, '/hold/9/left');
    await this.origin.came('/hold/9/left');
    left.socket.destroy();
    await exchange(port, 'NONSENSE\r\n\r\n');
    await this.log.count(lineCount);
  }

  private async queueOfOne(): Promise<void> {
    const port = this.proxy.port('web');
    const first = ask(port, '/hold/9/narrow');
    await this.origin.came('/hold/9/narrow');
    const second = ask(port, '/200/0/narrow');
    await this.becomes('narrow', 'BACKEND', { qcur: '1' });
    this.origin.release('/hold/9/narrow');
    await Promise.all([first.status, second.status]);
  }

  /** The log so far, as syslog daemons write it; the file's name. */
  writeLog(): string {
    const file = join(this.folder, 'haproxy.log');
    // Daemons drop the priority and add their host.
    const lines = this.log.lines.map((line) =>
      line.trimEnd().replace(/^<\d+>(\w{3} [ \d]\d [\d:]{8}) /, '$1 localhost '),
    );
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }
}
