// Every balancing algorithm, by the word that follows `balance`. Used by worker/compile.

import { table } from '../keyword.ts';
import type { BalanceDef } from '../server/balancer.ts';
import { rotation } from './rotation.ts';

export const algorithms: ReadonlyMap<string, BalanceDef> = table<BalanceDef>(
  'balance algorithm',
  rotation,
);
