// Every balancing algorithm, by the word that follows `balance`. Used by worker/compile.

import { table } from '../keyword.ts';
import type { BalanceDef } from '../server/balancer.ts';
import { hash } from './hash.ts';
import { log } from './log.ts';
import { leastConnections } from './least-connections.ts';
import { pick } from './pick.ts';
import { rotation } from './rotation.ts';

export const algorithms: ReadonlyMap<string, BalanceDef> = table<BalanceDef>(
  'balance algorithm',
  rotation,
  leastConnections,
  pick,
  hash,
  log,
);
