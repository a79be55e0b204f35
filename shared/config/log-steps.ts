// The moments at which a proxy may write a log line (manual 4, log-steps and do-log; 8.3.5): one
// row each. The row's index is the step's number everywhere; read by the sections' tables, by the
// compiler, and by the %OG tag while a line is written.

export interface LogStepDef {
  /** As `log-steps` and `on` of log-profile sections name it. */
  readonly name: string;
  /** What %OG prints. */
  readonly origin: string;
  /** `log-steps` may ask for it; false: it happens by itself. */
  readonly isChosen: boolean;
}

export const logSteps: readonly LogStepDef[] = [
  { name: 'accept', origin: 'txn_accept', isChosen: true },
  { name: 'request', origin: 'txn_request', isChosen: true },
  { name: 'connect', origin: 'txn_connect', isChosen: true },
  { name: 'response', origin: 'txn_response', isChosen: true },
  { name: 'close', origin: 'txn_close', isChosen: true },
  { name: 'error', origin: 'sess_error', isChosen: false },
  { name: 'error', origin: 'sess_killed', isChosen: false },
  { name: 'quic-init', origin: 'quic-init', isChosen: true },
  { name: 'tcp-req-conn', origin: 'tcp-req-conn', isChosen: true },
  { name: 'tcp-req-sess', origin: 'tcp-req-sess', isChosen: true },
  { name: 'tcp-req-cont', origin: 'tcp-req-cont', isChosen: true },
  { name: 'tcp-res-cont', origin: 'tcp-res-cont', isChosen: true },
  { name: 'http-req', origin: 'http-req', isChosen: true },
  { name: 'http-res', origin: 'http-res', isChosen: true },
  { name: 'http-after-res', origin: 'http-after-res', isChosen: true },
];

export const stepAccept = 0;
export const stepRequest = 1;
export const stepConnect = 2;
export const stepResponse = 3;
export const stepClose = 4;
/** A request that never became one. */
export const stepError = 5;
/** A connection that did not get past its preamble. */
export const stepKilled = 6;

/** Number of the first step called `name`, -1: there is none. */
export function logStepNumber(name: string): number {
  return logSteps.findIndex((step) => step.name === name);
}

/** What `log-steps` may name. */
export const chosenSteps: readonly string[] = logSteps
  .filter(({ isChosen }) => isChosen)
  .map(({ name }) => name);
