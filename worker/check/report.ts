// What a check says about a connection that failed or did not answer in time. The sentences are
// those of the reference: monitoring reads them.

import { faultNone, faultRefused, faultReset, faultSocket, faultText } from '../conn/fault.ts';
import { errnoText } from '../../shared/sys/errno.ts';
import type { CheckFamily, CheckStep } from './plan.ts';

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
