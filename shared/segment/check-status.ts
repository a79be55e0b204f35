// Results of health checks: one row each, by the number that is kept in a server's words and
// printed by `show servers state` (management.txt 9.3). Written by checks, read by statistics and
// logs.

/** What a result means for the server; numbers as `srv_check_result` prints them. */
export const resultUnknown = 0;
export const resultNeutral = 1;
export const resultFailed = 2;
export const resultPassed = 3;
/** Passed, but the server asks for no new users (404 with disable-on-404). */
export const resultConditional = 4;

export interface CheckStatusDef {
  readonly name: string;
  readonly result: number;
  /** As the column check_desc prints it. */
  readonly text: string;
  /** The check may have a status code worth showing (columns check_code, check_duration). */
  readonly isDone: boolean;
}

const row = (name: string, result: number, text: string, isDone = true): CheckStatusDef => ({
  name,
  result,
  text,
  isDone,
});

/** Index: the number. Rows 2 and 14 only keep the places of the reference's numbers. */
export const checkStatuses: readonly CheckStatusDef[] = [
  row('UNK', resultUnknown, 'Unknown', false),
  row('INI', resultUnknown, 'Initializing', false),
  row('', resultUnknown, '', false),
  row('CHECKED', resultNeutral, 'No status change', false),
  row('HANA', resultFailed, 'Health analyze', false),
  row('SOCKERR', resultFailed, 'Socket error', false),
  row('L4OK', resultPassed, 'Layer4 check passed'),
  row('L4TOUT', resultFailed, 'Layer4 timeout'),
  row('L4CON', resultFailed, 'Layer4 connection problem'),
  row('L6OK', resultPassed, 'Layer6 check passed'),
  row('L6TOUT', resultFailed, 'Layer6 timeout'),
  row('L6RSP', resultFailed, 'Layer6 invalid response'),
  row('L7TOUT', resultFailed, 'Layer7 timeout'),
  row('L7RSP', resultFailed, 'Layer7 invalid response'),
  row('', resultUnknown, '', false),
  row('L7OK', resultPassed, 'Layer7 check passed'),
  row('L7OKC', resultConditional, 'Layer7 check conditionally passed'),
  row('L7STS', resultFailed, 'Layer7 wrong status'),
  row('PROCERR', resultFailed, 'External check error'),
  row('PROCTOUT', resultFailed, 'External check timeout'),
  row('PROCOK', resultPassed, 'External check passed'),
];

export const statusInitial = 1;
export const statusChecked = 3;
/** Errors of traffic brought it about (observe). */
export const statusObserved = 4;
export const statusSocketError = 5;
export const statusL4Ok = 6;
export const statusL4Timeout = 7;
export const statusL4Connection = 8;
/** From here on a result has a code, which reports show. */
export const statusFirstDetailed = 14;

/**
 * Number of a status by its name; for tables that name statuses. Throws on a name that is none.
 */
export function checkStatusNumber(name: string): number {
  const number = checkStatuses.findIndex((status) => status.name === name);
  if (number < 0) throw new Error(`no check status '${name}'`);
  return number;
}
