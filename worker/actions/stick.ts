// Actions on tracked counters (manual 4.4: track-sc*, sc-*). A track rule of a connection or
// session lasts as long as the session, one of contents or messages as long as the stream.

import { tableIndexOf, tablesOf } from '../../shared/config/stick-tables.ts';
import { fitsKey, setKey } from '../sample/table-key.ts';
import {
  countedErrors,
  countedFailures,
  countedRequests,
  countIn,
  track,
  trackerOf,
} from '../tables/tracking.ts';
import { addCounter, ruleCounters, ruleTags, setTag } from '../tables/operations.ts';
import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictNext, verdictWait } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import { statusIn } from '../stream/status-codes.ts';
import {
  isDone,
  missing,
  type NumberSource,
  takeIntegerExpression,
  takeWord,
} from './arguments.ts';

const slotText = /^\d{1,3}$/;
const indexText = /^\d{1,2}$/;
const valueText = /^\d{1,10}$/;

/** Number of a counter; null with an alert when it is none, or beyond tune.stick-counters. */
function slotOf(text: string, scope: Scope): number | null {
  const { stickCounters } = scope.model.global.tune;
  const slot = slotText.test(text) ? Number(text) : Number.NaN;
  if (slot < stickCounters) return slot;
  const most =
    stickCounters === 0
      ? 'stick-counters are disabled via tune.stick-counters'
      : `the max allowed ID is ${stickCounters - 1} (tune.stick-counters)`;
  scope.alert(`invalid stick table track ID '${text}': ${most}`);
  return null;
}

// ---- track-sc* ----

interface TrackPlan {
  readonly slot: number;
  readonly tableIndex: number;
  readonly fillsKey: (stream: Stream) => boolean | null;
}

/** The table called `name`, '' : the proxy's own; -1 with an alert. */
function trackedIndex(name: string, slot: number, scope: Scope): number {
  const wanted = name === '' ? (scope.proxy?.name ?? '') : name;
  const index = tableIndexOf(scope.model, wanted);
  if (index < 0) {
    scope.alert(`unable to find table '${wanted}' referenced by track-sc${slot}`);
  }
  return index;
}

function buildTrack(words: WordCursor, scope: Scope): Act | null {
  const slot = slotOf(words.parenthesis, scope);
  const expression = slot === null ? null : scope.expression(words);
  if (slot === null || expression === null) return null;
  let name = '';
  if (!isDone(words) && words.peek() === 'table') {
    words.next();
    const word = takeWord(words, scope, 'the name of a table');
    if (word === null) return null;
    name = word;
  }
  const tableIndex = trackedIndex(name, slot, scope);
  if (tableIndex < 0) return null;
  const named = tablesOf(scope.model)[tableIndex]!;
  if (!fitsKey(expression.returns, named.table.keyType)) {
    scope.alert(
      `stick-table '${named.name}' uses a type incompatible with the 'track-sc${slot}' rule`,
    );
    return null;
  }
  const fillsKey = (stream: Stream): boolean | null => {
    const table = stream.thread.tables?.list[tableIndex] ?? null;
    if (table === null) return false;
    const { sample } = stream;
    sample.restart();
    if (expression.evaluate(stream, sample)) return setKey(table, sample);
    return sample.mayChange && !stream.samplesFinal ? null : false;
  };
  const plan = { slot, tableIndex, fillsKey };
  return trackBySet[scope.ruleSet](plan, scope);
}

type TrackOf = (plan: TrackPlan, scope: Scope) => Act;

/** tcp-request connection and session. */
const trackSession: TrackOf =
  ({ slot, tableIndex, fillsKey }) =>
  (stream) => {
    if (trackerOf(stream, slot) !== null || fillsKey(stream) !== true) return verdictNext;
    const table = stream.thread.tables!.list[tableIndex]!;
    track(stream.thread, stream.session.trackersToFill(), slot, table);
    return verdictNext;
  };

/** tcp-request content: a key that may still come is waited for. */
const trackContent: TrackOf =
  ({ slot, tableIndex, fillsKey }) =>
  (stream) => {
    if (trackerOf(stream, slot) !== null) return verdictNext;
    const isFilled = fillsKey(stream);
    if (isFilled === null) return verdictWait;
    if (!isFilled) return verdictNext;
    track(stream.thread, stream.trackers, slot, stream.thread.tables!.list[tableIndex]!);
    return verdictNext;
  };

/** http-request and http-response: the message at hand is counted as well. */
const trackMessage: TrackOf = ({ slot, tableIndex, fillsKey }, { ruleSet, model }) => {
  const isResponse = ruleSet === 'http-response';
  const { httpErrCodes, httpFailCodes } = model.global;
  return (stream) => {
    if (trackerOf(stream, slot) !== null || fillsKey(stream) !== true) return verdictNext;
    const { thread, trackers, response } = stream;
    const tracker = track(thread, trackers, slot, thread.tables!.list[tableIndex]!);
    if (tracker === null) return verdictNext;
    const { nowMs } = thread.time;
    countIn(tracker, countedRequests, nowMs);
    if (!isResponse) return verdictNext;
    if (statusIn(httpErrCodes, response.status)) countIn(tracker, countedErrors, nowMs);
    if (statusIn(httpFailCodes, response.status)) countIn(tracker, countedFailures, nowMs);
    return verdictNext;
  };
};

const trackBySet: Readonly<Record<string, TrackOf>> = {
  'tcp-request connection': trackSession,
  'tcp-request session': trackSession,
  'tcp-request content': trackContent,
  'http-request': trackMessage,
  'http-response': trackMessage,
};

// ---- sc-* ----

interface Target {
  readonly index: number;
  readonly slot: number;
}

/** What stands between the parentheses: `(index,counter)`, or only `(counter)`, 0 by default. */
function targetOf(words: WordCursor, scope: Scope, isIndexed: boolean): Target | null {
  const parts = words.parenthesis === '' ? [] : words.parenthesis.split(',');
  const wanted = isIndexed ? 2 : 1;
  const isIndex = !isIndexed || indexText.test(parts[0] ?? '');
  if ((isIndexed && parts.length !== wanted) || parts.length > wanted || !isIndex) {
    scope.alert(`the parentheses expect ${isIndexed ? '<ID>,<Track ID>' : '<Track ID>'}`);
    return null;
  }
  const slot = slotOf(parts[wanted - 1] ?? '0', scope);
  return slot === null ? null : { index: isIndexed ? Number(parts[0]) : 0, slot };
}

type Change = (value: number) => ReturnType<typeof addCounter>;

/** Does something to the entry that a counter tracks; without one, nothing. */
function changeTracked({ index, slot }: Target, change: Change, value: number): Act {
  const run = change(value);
  return (stream) => {
    const tracker = trackerOf(stream, slot);
    if (tracker === null || tracker.table === null) return verdictNext;
    const { table, entry } = tracker;
    const { nowMs } = stream.thread.time;
    table.enter();
    run(table, table.at(entry), index, nowMs);
    table.touch(entry, nowMs);
    table.leave();
    return verdictNext;
  };
}

/** The value of an expression, when there is one between 0 and 2^32-1. */
function changeBy(target: Target, change: Change, read: NumberSource['read']): Act {
  let value = 0;
  const act = changeTracked(
    target,
    () => (table, at, index, nowMs) => change(value)(table, at, index, nowMs),
    0,
  );
  return (stream) => {
    const found = read(stream);
    if (Number.isNaN(found)) return verdictNext;
    value = found >>> 0;
    return act(stream);
  };
}

const ruleSetsOfCounters: ActionDef['sets'] = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'tcp-response content',
  'http-request',
  'http-response',
  'http-after-response',
];

function increment(name: 'gpc' | 'gpc0' | 'gpc1'): ActionDef {
  const isIndexed = name === 'gpc';
  return {
    name: `sc-inc-${name}`,
    sets: ruleSetsOfCounters,
    help: 'Adds one to a counter of what is tracked',
    example: `sc-inc-${name}(${isIndexed ? '0,0' : '0'})`,
    build: (words, scope) => {
      const target = targetOf(words, scope, isIndexed);
      const change: Change = (value) => addCounter(ruleCounters[name], value);
      return target === null ? null : changeTracked(target, change, 1);
    },
  };
}

/** An action with a value: an integer or an expression. */
function withValue(name: string, isIndexed: boolean, help: string, change: Change): ActionDef {
  return {
    name,
    sets: ruleSetsOfCounters,
    help,
    example: `${name}(${isIndexed ? '0,0' : '0'}) 5`,
    build: (words, scope) => {
      const target = targetOf(words, scope, isIndexed);
      if (target === null) return null;
      if (isDone(words)) return missing(words, scope, 'a value');
      if (valueText.test(words.peek())) {
        return changeTracked(target, change, Number(words.next()) >>> 0);
      }
      const source = takeIntegerExpression(words, scope);
      return source === null ? null : changeBy(target, change, source.read);
    },
  };
}

export const stickActions = [
  {
    name: 'track-sc',
    sets: [
      'tcp-request connection',
      'tcp-request session',
      'tcp-request content',
      'http-request',
      'http-response',
    ],
    help: 'Follows the entry of a key in a stick table',
    example: 'track-sc0 src table sticky',
    build: buildTrack,
  },
  increment('gpc'),
  increment('gpc0'),
  increment('gpc1'),
  withValue('sc-add-gpc', true, 'Adds to a counter of what is tracked', (value) =>
    addCounter(ruleCounters.gpc, value),
  ),
  withValue('sc-set-gpt', true, 'Sets a tag of what is tracked', (value) =>
    setTag(ruleTags.gpt, value),
  ),
  withValue('sc-set-gpt0', false, 'Sets the tag of what is tracked', (value) =>
    setTag(ruleTags.gpt0, value),
  ),
] satisfies readonly ActionDef[];
