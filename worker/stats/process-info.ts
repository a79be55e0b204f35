// The lines of `show info` that no thread counts: identity, limits of the configuration, sums over
// objects. Called by table.ts; what the control thread knows better (StatsSource.info) wins. A line
// that nobody can answer truthfully is left out rather than printed as 0.

import { hostname } from 'node:os';
import { compatibilityDate, compatibilityVersion } from '../../shared/config/features.ts';
import { liveCurrent } from '../../shared/segment/live.ts';
import { field } from '../../shared/segment/metrics.ts';
import type { StatsSource } from './source.ts';

export type InfoLines = Readonly<Record<string, string | number | null>>;

/** All made lines, by name. */
export function processInfo(source: StatsSource): InfoLines {
  const given = source.info();
  const made = { ...identity(), ...limits(source), ...activity(source), ...bytesOut(source) };
  // An empty text is no better knowledge.
  const better = Object.entries(given).filter(([, value]) => value !== '');
  return { ...made, ...times(given), ...Object.fromEntries(better) };
}

function identity(): InfoLines {
  return {
    Name: 'HAProxy',
    Version: compatibilityVersion,
    Release_date: compatibilityDate,
    'Build info': compatibilityVersion,
    Nbproc: 1,
    Process_num: 1,
    Pid: process.pid,
    Tainted: '0',
    BusyPolling: 0,
    Memmax_MB: 0,
    Memmax_bytes: 0,
    Maxpipes: 0,
    CompressBpsRateLim: 0,
    ActivePeers: 0,
    ConnectedPeers: 0,
    'Unstoppable Jobs': 0,
  };
}

function limits({ model }: StatsSource): InfoLines {
  const { global } = model;
  return {
    Nbthread: global.nbthread,
    NbThreadGroups: Math.max(1, global.groups.length),
    Maxconn: global.maxconn,
    Hard_maxconn: global.maxconn,
    'Ulimit-n': global.ulimitN,
    Maxsock: global.ulimitN,
    MaxSslConns: global.maxsslconn,
    ConnRateLimit: global.maxconnrate,
    SessRateLimit: global.maxsessrate,
    SslRateLimit: global.maxsslrate,
    node: global.node || hostname(),
    description: global.description || null,
  };
}

function activity(source: StatsSource): InfoLines {
  const { objects, live, listeners, reader } = source;
  const connections = live.sum(objects.process, liveCurrent);
  const open = listeners.filter((one) => source.frontStatus(one.proxyIndex) === 'OPEN').length;
  const tls = reader.rate(objects.process, field.SslRate, source.nowMs());
  const keys = reader.rate(objects.process, field.SslFrontendKeyRate, source.nowMs());
  const memory = (at: number): number => reader.gauge(objects.process, at);
  const megabyte = 1024 * 1024;
  return {
    PoolAlloc_MB: Math.floor(memory(field.PoolAlloc_bytes) / megabyte),
    PoolUsed_MB: Math.floor(memory(field.PoolUsed_bytes) / megabyte),
    Niced_tasks: 0,
    CurrConns: connections,
    Listeners: open,
    Jobs: open + connections,
    SslFrontendSessionReuse_pct: tls > keys ? Math.floor(((tls - keys) * 100) / tls) : 0,
  };
}

/** Bytes that left on either side, and those of them that were spliced. */
export function bytesOut({ objects, reader }: StatsSource): InfoLines {
  let total = 0;
  let spliced = 0;
  for (const { front, back } of objects.proxies) {
    if (front >= 0) total += reader.sum(front, field.resbout);
    if (back >= 0) total += reader.sum(back, field.reqbout);
    for (const object of [front, back]) {
      if (object >= 0) spliced += reader.sum(object, field.h1_spliced_bytes_out);
    }
  }
  return { TotalBytesOut: total, TotalSplicedBytesOut: spliced };
}

function times(given: InfoLines): InfoLines {
  const seconds = given['Uptime_sec'];
  if (typeof seconds !== 'number') return {};
  return { Uptime: uptimeText(seconds), Start_time_sec: Date.now() / 1000 - seconds };
}

/** 0d 0h00m01s. */
export function uptimeText(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = two(Math.floor(whole / 60) % 60);
  const hours = Math.floor(whole / 3600) % 24;
  return `${Math.floor(whole / 86_400)}d ${hours}h${minutes}m${two(whole % 60)}s`;
}
