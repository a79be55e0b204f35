// Commands on frontends and on the whole process: enable, disable, limits, counters, the
// hand-over of listening sockets, log messages. One row each.

import type { RateLimit } from '../../shared/messages.ts';
import { clearCount } from '../../shared/segment/counters.ts';
import { liveCurrent, liveQueued, liveServed } from '../../shared/segment/live.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import { rateFields } from '../../shared/segment/metric.ts';
import { field, infoLines, statColumns } from '../../shared/segment/metrics.ts';
import {
  type Answer,
  failure,
  isAllowed,
  notice,
  type RuntimeCall,
  type RuntimeCommandDef,
} from './command.ts';
import type { RuntimeContext } from './context.ts';
import { sendListeners } from './listeners.ts';
import { findFrontend, findServer, isMessage } from './target.ts';
import { statsFilePieces } from '../stats/stats-file.ts';

function onFront(place: number, act: (call: RuntimeCall, proxyIndex: number) => Answer) {
  return (call: RuntimeCall): Answer => {
    const target = findFrontend(call.context, call.words[place]);
    return isMessage(target) ? target : act(call, target.proxyIndex);
  };
}

function disableFront({ context }: RuntimeCall, proxyIndex: number): Answer {
  const status = context.stats.frontStatus(proxyIndex);
  if (status === 'STOP') return notice('Frontend was previously shut down, cannot disable.');
  if (status === 'PAUSED') return notice('All sockets are already disabled.');
  return context.setFrontEnabled(proxyIndex, false)
    ? ''
    : failure('Failed to pause frontend, check logs for precise cause.');
}

function enableFront({ context }: RuntimeCall, proxyIndex: number): Answer {
  const status = context.stats.frontStatus(proxyIndex);
  if (status === 'STOP') return failure('Frontend was previously shut down, cannot enable.');
  if (status === 'OPEN') return notice('All sockets are already enabled.');
  return context.setFrontEnabled(proxyIndex, true)
    ? ''
    : failure('Failed to resume frontend, check logs for precise cause (port conflict?).');
}

function shutdownFront({ context }: RuntimeCall, proxyIndex: number): Answer {
  if (context.stats.frontStatus(proxyIndex) === 'STOP') {
    return notice('Frontend was already shut down.');
  }
  context.stopFront(proxyIndex);
  return '';
}

function frontMaxconn({ context, words }: RuntimeCall, proxyIndex: number): Answer {
  if (words[1] === undefined) return failure('Integer value expected.');
  const value = Number.parseInt(words[1], 10);
  if (!(value >= 0)) return failure('Value out of range.');
  context.setFrontMaxconn(proxyIndex, value);
  return '';
}

function globalMaxconn({ context, words }: RuntimeCall): Answer {
  if (words[0] === undefined) return failure('Expects an integer value.');
  const value = Math.max(0, Number.parseInt(words[0], 10) || 0);
  return context.setGlobalMaxconn(value) ? '' : failure('Value out of range.');
}

/** `clear counters`: maxima for an operator, everything for an administrator. */
function clearCounters({ context, session, words }: RuntimeCall): Answer {
  if (words[0] === 'server') return clearServer(context, isAllowed(session.level, 'admin'), words);
  const all = words[0] === 'all';
  if (all && !isAllowed(session.level, 'admin')) return failure('Permission denied');
  const { objects } = context.stats;
  clearObject(context, objects.process, infoLines, all);
  for (const { front, back, servers } of objects.proxies) {
    for (const object of [front, back, ...servers]) clearObject(context, object, statColumns, all);
  }
  for (const object of new Set(objects.listeners)) clearObject(context, object, statColumns, all);
  return '';
}

/** In a file that other processes and tools read, counters go back only when that is meant. */
function clearServer(
  context: RuntimeContext,
  isAdmin: boolean,
  [, name, force]: readonly string[],
): Answer {
  if (!isAdmin) return failure('Permission denied');
  const target = findServer(context, name);
  if (isMessage(target)) return target;
  if (context.stats.model.global.shmStatsFile !== '' && force !== 'force') {
    return failure(
      'Server counters are stored in a shared-memory stats file: clearing them is seen by all ' +
        "processes attached, and by tools that expect them to grow. Append 'force' to clear anyway.",
    );
  }
  const { servers } = context.stats.objects.proxies[target.proxyIndex];
  clearObject(context, servers[target.serverIndex], statColumns, true);
  return notice('Server counters cleared.');
}

function dumpStatsFile({ context }: RuntimeCall): Answer {
  return statsFilePieces(context.stats);
}

function clearObject(
  context: RuntimeContext,
  object: number,
  columns: readonly MetricDef[],
  all: boolean,
): void {
  if (object < 0) return;
  const { reader, live } = context.stats;
  for (const word of [liveCurrent, liveServed, liveQueued]) live.clearPeak(object, word);
  for (const { kind, name } of columns) {
    // Rows of kind 'made' have no field and are not asked for below.
    const at = field[name as keyof typeof field];
    if (kind === 'peak') reader.clear(object, at);
    if (!all) continue;
    if (kind === 'count') clearCount(reader, context.counters, object, at);
    if (kind === 'window' || kind === 'last') reader.clear(object, at);
    if (kind === 'rate') for (let i = 1; i < rateFields; i++) reader.clear(object, at + i);
  }
  if (all) reader.clear(object, field['-samples']);
}

interface RateLimitDef {
  readonly limit: RateLimit;
  readonly about: string;
}

/** First words of `set rate-limit`; 'global' follows each. */
const rateLimits: ReadonlyMap<string, RateLimitDef> = new Map<string, RateLimitDef>([
  ['connections', { limit: 'connections', about: 'connections a second' }],
  ['sessions', { limit: 'sessions', about: 'sessions a second' }],
  ['ssl-sessions', { limit: 'tlsSessions', about: 'TLS sessions a second' }],
]);

function setRateLimit({ context, words }: RuntimeCall): Answer {
  const row = rateLimits.get(words[0]);
  if (row === undefined || words[1] !== 'global') {
    const list = Array.from(rateLimits, ([name, { about }]) => `   - '${name} global': ${about}`);
    return failure(`'set rate-limit' knows these limits of the process:\n${list.join('\n')}\n`);
  }
  if (words[2] === undefined) return failure('Expects an integer value.');
  context.setRateLimit(row.limit, Math.max(0, Number.parseInt(words[2], 10) || 0));
  return '';
}

export const processCommands = [
  {
    words: ['_getsocks'],
    requires: 'admin',
    usage: '',
    help: '',
    run: sendListeners,
  },
  {
    words: ['clear', 'counters'],
    requires: 'operator',
    usage: '[all|server <bk>/<srv> [force]]',
    help: 'clear maxima, or all counters',
    run: clearCounters,
  },
  {
    words: ['disable', 'frontend'],
    requires: 'admin',
    usage: '<frontend>',
    help: 'pause a frontend',
    run: onFront(0, disableFront),
  },
  {
    words: ['dump', 'stats-file'],
    requires: 'user',
    usage: '',
    help: 'counters of objects with a guid, for stats-file',
    run: dumpStatsFile,
  },
  {
    words: ['enable', 'frontend'],
    requires: 'admin',
    usage: '<frontend>',
    help: 'resume a frontend',
    run: onFront(0, enableFront),
  },
  {
    words: ['set', 'maxconn', 'frontend'],
    requires: 'admin',
    usage: '<frontend> <value>',
    help: "change a frontend's maxconn",
    run: onFront(0, frontMaxconn),
  },
  {
    words: ['set', 'maxconn', 'global'],
    requires: 'admin',
    usage: '<value>',
    help: 'change the maxconn of the process',
    run: globalMaxconn,
  },
  {
    words: ['set', 'rate-limit'],
    requires: 'admin',
    usage: '<setting> <value>',
    help: 'change a rate limit of the process',
    run: setRateLimit,
  },
  {
    words: ['shutdown', 'frontend'],
    requires: 'admin',
    usage: '<frontend>',
    help: 'stop a frontend for good',
    run: onFront(0, shutdownFront),
  },
] as const satisfies readonly RuntimeCommandDef[];
