// The steps between a configuration that is understood and a worker that can be started: limits,
// old sockets, binding, segment. Called by stand-alone.ts and the supervisor, which differ only in
// where the worker runs. All that goes wrong has been printed when a step answers null.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Model } from '../shared/config/model.ts';
import type { LoadNote } from '../shared/dashboard-messages.ts';
import type { SegmentHandle, WorkerStart } from '../shared/messages.ts';
import { segmentOptions } from '../shared/config/stick-tables.ts';
import { attachFile } from '../shared/segment/attach.ts';
import { type Segment, SegmentError } from '../shared/segment/segment.ts';
import { bindAdvice } from './bind-advice.ts';
import { applyLimits, canRaiseTo, computeLimits, descriptorLimits } from './limits.ts';
import type { BindResult, Listeners } from './listeners.ts';
import { inheritSockets, SIGTTIN, SIGTTOU, tellOldProcesses } from './old-process.ts';
import type { Program } from './program.ts';
import { settleThreads } from './threads.ts';

/**
 * Tries of the first binding while an old process lets go: a second in all (management.txt chapter
 * 4).
 */
const triesMax = 100;
const tryPauseMs = 10;

/**
 * Sets maxconn and nbthread of the model and the descriptor limit of the process. False: refused.
 */
export function settleLimits(program: Program, model: Model): boolean {
  const { console, sys, flags } = program;
  if (!settleThreads(program, model)) return false;
  const { soft, hard } = descriptorLimits(sys);
  const memoryMegabytes = flags.memoryMegabytes;
  const limits = computeLimits({
    model,
    memoryMegabytes,
    descriptorsMax: Math.max(soft, hard),
    isPermitted: (descriptors) => canRaiseTo(sys, descriptors),
  });
  if (limits.error !== '') {
    console.alert(limits.error);
    return false;
  }
  if (limits.automatic) {
    console.notice(`Automatically setting global.maxconn to ${limits.maxconn}.`);
  }
  model.global.maxconn = limits.maxconn;
  model.global.ulimitN = limits.descriptors;
  const { problem } = applyLimits(sys, limits, memoryMegabytes);
  if (problem === '') return true;
  if (model.global.strictLimits) console.alert(problem);
  else console.warning(problem);
  return !model.global.strictLimits;
}

/** -x: the sockets of an old process. False: the start is refused. */
export function takeOldSockets(program: Program, listeners: Listeners): boolean {
  const { flags, console, sys } = program;
  if (flags.oldSocket === '' || flags.oldSocket === '/dev/null') return true;
  const { sockets, error } = inheritSockets(sys, flags.oldSocket);
  listeners.offer(sockets);
  if (error === '') return true;
  console.warning(error);
  console.alert('Failed to get the sockets from the old process!');
  return flags.master;
}

/** Binds everything; while old processes of -sf or -st hold an address they are asked to pause. */
export async function bindAll(
  program: Program,
  listeners: Listeners,
  model: Model,
): Promise<BindResult | null> {
  const { console, sys, flags } = program;
  let result = await listeners.bind(model);
  let asked = false;
  for (let tries = 0; result.retryable && flags.oldPids.length > 0 && tries < triesMax; tries++) {
    asked = true;
    if (tellOldProcesses(sys, flags.oldPids, SIGTTOU) === 0) break;
    listeners.discard(result);
    await sleep(tryPauseMs);
    result = await listeners.bind(model);
  }
  for (const warning of result.warnings) console.warning(warning);
  if (result.errors.length === 0) return result;
  for (const error of result.errors) console.alert(error);
  for (const advice of bindAdvice(result.errors)) console.notice(advice);
  console.alert('[hawser.main()] Some protocols failed to start their listeners! Exiting.');
  if (asked) tellOldProcesses(sys, flags.oldPids, SIGTTIN);
  listeners.discard(result);
  return null;
}

/** Finds or makes the segment; null with an alert when not even memory can be had. */
export function attach(program: Program, model: Model): Segment | null {
  const { console, sys } = program;
  try {
    const { segment, notices, warning } = attachFile(sys, segmentOptions(model));
    for (const notice of notices) console.notice(notice);
    if (warning !== '') console.warning(`${warning}.`);
    return segment;
  } catch (fault) {
    if (!(fault instanceof SegmentError)) throw fault;
    console.alert(`${fault.message}.`);
    return null;
  }
}

/** What a worker needs to attach the segment. */
export const segmentHandle = (segment: Segment): SegmentHandle => ({
  fd: segment.fd,
  lengthBytes: segment.layout.lengthBytes,
});

/** What has been prepared for one worker. */
export interface Prepared {
  readonly model: Model;
  readonly bound: BindResult;
  readonly segment: Segment;
  readonly generation: number;
  readonly reloads: number;
  readonly loads: readonly LoadNote[];
}

/** The first message of a worker, with the descriptors of this process. */
export function workerStart(program: Program, prepared: Prepared): WorkerStart {
  return {
    type: 'start',
    model: prepared.model,
    listeners: prepared.bound.listeners,
    cliListeners: prepared.bound.cliListeners,
    sectionListeners: prepared.bound.sectionListeners,
    oldProcesses: prepared.generation === 1 ? program.flags.oldPids.length : 0,
    segment: segmentHandle(prepared.segment),
    generation: prepared.generation,
    reloads: prepared.reloads,
    loads: prepared.loads,
    startupLogs: program.console.startupLogs,
    masterStartUs: program.startUs,
    ticketKeys: program.ticketKeys,
  };
}
