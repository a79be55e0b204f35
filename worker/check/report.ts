// What a check says about a connection that failed or did not answer in time. The sentences are
// those of the reference: monitoring reads them.

import { faultNone, faultRefused, faultReset, faultSocket, faultText } from '../conn/fault.ts';
import { errnoText } from '../../shared/sys/errno.ts';
import type { CheckFamily, CheckStep, ExpectStep } from './plan.ts';

/** How a check ended. */
export interface RunResult {
  /** Number of a row of checkStatuses. */
  readonly status: number;
  readonly info: string;
  readonly code: number;
}

export type RunDone = (result: RunResult) => void;

/** Where in a tcp-check script it happened; '' for the other families. */
export function stepText(family: CheckFamily, step: CheckStep | null): string {
  if (family !== 'tcp') return '';
  if (step === null || step.number === 0) return ' at initial connection step of tcp-check';
  const comment = step.comment === '' ? '' : ` comment: '${step.comment}'`;
  return ` at step ${step.number} of tcp-check${doing(step)}${comment}`;
}

function doing(step: CheckStep): string {
  if (step.kind === 'connect') return step.port > 0 ? ` (connect port ${step.port})` : ' (connect)';
  if (step.kind === 'expect') return step.awaited;
  return step.kind === 'send' ? ' (send)' : '';
}

/** `fault` of conn/fault.ts, `error` an errno or 0, in one sentence. */
export function errorText(fault: number, error: number, where: string): string {
  const reason = error > 0 ? errnoText(error) : '';
  if (fault === faultNone) return reason + where;
  return `${faultText(fault)}${reason === '' ? '' : ` (${reason})`}${where}`;
}

const ECONNREFUSED = 111;
const ECONNRESET = 104;

/** The fault of a call that failed at once. */
export function faultOfErrno(error: number): number {
  if (error === ECONNREFUSED) return faultRefused;
  return error === ECONNRESET ? faultReset : faultSocket;
}

/** What an answer lacks, or has too much. `hasCome`: there was one. */
export function missedText(family: CheckFamily, step: ExpectStep, hasCome: boolean): string {
  if (!hasCome) return `TCPCHK got an empty response at step ${step.number}`;
  if (family === 'protocol') return '';
  const what = step.isInverse ? 'matched unwanted content' : 'did not match content';
  return `TCPCHK ${what}${step.missed} at step ${step.number}`;
}

/** Why nothing could be sent. `length`: of what was to be, -1: it could not be built. */
export function unsendableText({ number }: CheckStep, length: number, room: number): string {
  const why =
    length < 0
      ? 'failed to build log-format string'
      : `string too large (${length}) for buffer size (${room})`;
  return `tcp-check send : ${why} at step ${number}`;
}

const EPROTO = 71;

/** Failures of TLS carry no errno of the system. */
export function systemError(result: number): number {
  return result === -EPROTO ? 0 : -result;
}
