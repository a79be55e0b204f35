// Runs one rule set over a stream, and goes on where it stopped when a rule had to wait.

import type { RuleList } from '../program.ts';
import { verdictNext, verdictWait } from '../keyword.ts';
import type { Stream } from './stream.ts';

/**
 * Runs `rules` from `stream.rulePosition` (-1: the start). verdictNext: all were run. verdictWait:
 * call again when there is more data or time; a condition that cannot be decided yet waits only
 * while
 * `stream.samplesFinal` is false.
 */
export function runRules(stream: Stream, rules: RuleList): number {
  const start = Math.max(stream.rulePosition, 0);
  stream.rulePosition = -1;
  if (!stream.clientIsLate) stream.waitingFor = null;
  for (let i = start; i < rules.length; i++) {
    const rule = rules[i];
    if (rule.condition !== null) {
      const met = rule.condition(stream);
      if (met < 0 && !stream.samplesFinal) {
        stream.rulePosition = i;
        return verdictWait;
      }
      if (met <= 0) continue;
    }
    const verdict = rule.act(stream);
    if (verdict === verdictNext) continue;
    if (verdict === verdictWait) {
      stream.rulePosition = i;
      stream.waitingFor = rule;
      return verdict;
    }
    stream.lastRuleFile = rule.file;
    stream.lastRuleLine = rule.line;
    stream.softRewrites = false;
    return verdict;
  }
  stream.softRewrites = false;
  return verdictNext;
}
