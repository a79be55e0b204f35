// set-bandwidth-limit (manual 4.4, 9.7): switches a `filter bwlim-*` of the rule's proxy on, with
// its own limit and period or, where the limit is not shared, with others.

import { tableIndexOf, tablesOf } from '../../shared/config/stick-tables.ts';
import type { BandwidthModel } from '../../shared/config/model.ts';
import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import { Bandwidth, Limit, type LimitPlan } from '../stream/bandwidth.ts';
import type { Stream } from '../stream/stream.ts';
import { fitsKey, setKey } from '../sample/table-key.ts';
import { kindAny } from '../sample/sample.ts';
import {
  isDone,
  type NumberSource,
  sizeNumber,
  takeNumber,
  takeWord,
  timeNumber,
} from './arguments.ts';

/** Filters of a proxy; those of a frontend come before those of its backends. */
const filtersMax = 1000;

function buildLimit(words: WordCursor, scope: Scope): Act | null {
  const place = words.here();
  const name = takeWord(words, scope, 'the name of a filter');
  const { proxy } = scope;
  if (name === null || proxy === null) return null;
  const index = proxy.bandwidth.findIndex((one) => one.name === name);
  if (index < 0) {
    scope.alertAt(place, `there is no bandwidth limitation filter '${name}' in '${proxy.name}'`);
    return null;
  }
  const filter = proxy.bandwidth[index];
  const order = (proxy.kind === 'backend' ? filtersMax : 0) + index;
  const plan = { filter: order, isIn: filter.isIn, minBytes: filter.minBytes };
  return filter.isShared
    ? sharedLimit(filter, plan, words, scope)
    : ownLimit(filter, plan, words, scope);
}

function ownLimit(
  filter: BandwidthModel,
  plan: LimitPlan,
  words: WordCursor,
  scope: Scope,
): Act | null {
  const sources: { limit: NumberSource | null; period: NumberSource | null } = {
    limit: null,
    period: null,
  };
  while (!isDone(words)) {
    const place = words.here();
    const word = words.next();
    if (word !== 'limit' && word !== 'period') {
      scope.alertAt(place, `unexpected '${word}', 'limit' or 'period' is expected`);
      return null;
    }
    const parse = word === 'limit' ? sizeNumber : timeNumber;
    const source = takeNumber(words, scope, `a ${word} or an expression`, parse);
    if (source === null) return null;
    sources[word] = source;
  }
  return (stream) => {
    const limitBytes = above0(sources.limit?.read(stream), filter.limitBytes);
    const periodMs = above0(sources.period?.read(stream), filter.periodMs);
    const bandwidth = bandwidthOf(stream);
    const known = bandwidth.limitOf(plan.filter);
    const rate = { limitBytes, periodMs };
    if (known === null) bandwidth.add(new Limit(plan, rate, null));
    else known.rate = rate;
    return verdictNext;
  };
}

const above0 = (value: number | undefined, otherwise: number): number =>
  value !== undefined && value > 0 ? value : otherwise;

function sharedLimit(
  filter: BandwidthModel,
  plan: LimitPlan,
  words: WordCursor,
  scope: Scope,
): Act | null {
  if (!isDone(words)) {
    scope.alertAt(words.here(), `the limit of '${filter.name}' is shared: it cannot be changed`);
    return null;
  }
  const expression = scope.expressionOf(filter.key, kindAny);
  const name = filter.table === '' ? (scope.proxy?.name ?? '') : filter.table;
  const tableIndex = tableIndexOf(scope.model, name);
  const named = tableIndex < 0 ? null : tablesOf(scope.model)[tableIndex];
  const needed = filter.isIn ? 'bytes_in_rate' : 'bytes_out_rate';
  if (expression === null) return null;
  if (named === null) {
    scope.alert(`unable to find table '${name}' of filter '${filter.name}'`);
    return null;
  }
  if (!fitsKey(expression.returns, named.table.keyType)) {
    scope.alert(`stick-table '${name}' uses a type incompatible with filter '${filter.name}'`);
    return null;
  }
  if (!named.table.store.some((one) => one.name === needed)) {
    scope.alert(
      `stick-table '${name}' does not store '${needed}', as filter '${filter.name}' wants`,
    );
    return null;
  }
  const rate = { limitBytes: filter.limitBytes, periodMs: 0 };
  return (stream) => {
    const table = stream.thread.tables?.list[tableIndex] ?? null;
    const bandwidth = bandwidthOf(stream);
    if (table === null || bandwidth.limitOf(plan.filter) !== null) return verdictNext;
    const { sample } = stream;
    sample.restart();
    if (!expression.evaluate(stream, sample) || !setKey(table, sample)) return verdictNext;
    const limit = new Limit(plan, rate, table);
    if (limit.hold(stream.thread)) bandwidth.add(limit);
    return verdictNext;
  };
}

function bandwidthOf(stream: Stream): Bandwidth {
  stream.bandwidth ??= new Bandwidth(stream.thread);
  return stream.bandwidth;
}

export const bandwidthActions = [
  {
    name: 'set-bandwidth-limit',
    sets: ['tcp-request content', 'tcp-response content', 'http-request', 'http-response'],
    help: 'Limits the payload of the stream as a filter of the proxy says',
    example: 'set-bandwidth-limit download limit 100k',
    build: buildLimit,
  },
] satisfies readonly ActionDef[];
