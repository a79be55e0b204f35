// Where the lines of each rule set are evaluated, in the words of sample/reads.ts. Start only.

import type { ProxyModel, RuleSet } from '../../shared/config/model.ts';
import { points } from '../sample/reads.ts';

/** Where a line is evaluated: the points its rule set stands for, on the sides the proxy has. */
export function pointOf(ruleSet: RuleSet | '', proxy: ProxyModel | null): number {
  if (ruleSet === '' || proxy === null) return 0;
  const [front, back] = rulePoints[ruleSet];
  const isFront = proxy.kind !== 'backend';
  const isBack = proxy.kind !== 'frontend';
  return (isFront ? front : 0) | (isBack ? back : 0);
}

const rulePoints: Readonly<Record<RuleSet, readonly [number, number]>> = {
  'tcp-request connection': [points.frontConnection, 0],
  'tcp-request session': [points.frontSession, 0],
  'tcp-request content': [points.frontContent, points.backContent],
  'tcp-response content': [points.frontResponseContent, points.backResponseContent],
  'http-request': [points.frontRequest, points.backRequest],
  'http-response': [points.frontResponse, points.backResponse],
  'http-after-response': [points.frontResponse, points.backResponse],
};
