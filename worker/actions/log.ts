// The action do-log (manual 4.4): a log line at this very rule, whatever else the frontend logs.

import { logStepNumber } from '../../shared/config/log-steps.ts';
import { type RuleSet, ruleSets } from '../../shared/config/model.ts';
import { type Act, type ActionDef, type Scope, verdictNext, type WordCursor } from '../keyword.ts';
import { logNow } from '../log/logger.ts';
import { isDone, takeChoice, takeWord } from './arguments.ts';

/** The step a line of each rule set belongs to: what %OG and log profiles call it. */
const stepNames: Readonly<Record<RuleSet, string>> = {
  'tcp-request connection': 'tcp-req-conn',
  'tcp-request session': 'tcp-req-sess',
  'tcp-request content': 'tcp-req-cont',
  'tcp-response content': 'tcp-res-cont',
  'http-request': 'http-req',
  'http-response': 'http-res',
  'http-after-response': 'http-after-res',
};

function buildLog(words: WordCursor, scope: Scope): Act | null {
  const { ruleSet } = scope;
  if (ruleSet === '') throw new Error('do-log stands in a rule set');
  const step = logStepNumber(stepNames[ruleSet]);
  if (isDone(words)) return (stream) => logAndGoOn(stream, step, null);
  if (takeChoice(words, scope, ['profile']) === null) return null;
  const name = takeWord(words, scope, 'the name of a log-profile');
  const profile = name === null ? null : scope.logProfile(name);
  return profile === null ? null : (stream) => logAndGoOn(stream, step, profile);
}

function logAndGoOn(
  stream: Parameters<Act>[0],
  step: number,
  profile: Parameters<typeof logNow>[2],
): number {
  logNow(stream, step, profile);
  return verdictNext;
}

export const logActions: readonly ActionDef[] = [
  {
    name: 'do-log',
    sets: ruleSets,
    help: 'writes a log line now',
    example: 'do-log',
    build: buildLog,
  },
];
