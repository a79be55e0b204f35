// Which status codes count as errors of clients and as failures of servers (manual 3.1,
// http-err-codes and http-fail-codes). Asked once per response.

import type { GlobalModel } from '../../shared/config/model.ts';

/** True when a code lies in one of the ranges. */
export function statusIn(ranges: GlobalModel['httpErrCodes'], status: number): boolean {
  for (let i = 0; i < ranges.length; i++) {
    if (status >= ranges[i][0] && status <= ranges[i][1]) return true;
  }
  return false;
}
