// A log-profile section for one user of it: its formats compiled, step by step, with what it says
// about any step filled in. Called at start for log targets and for the action do-log.

import { logSteps } from '../../shared/config/log-steps.ts';
import type { LineModel, LogProfileStepModel } from '../../shared/config/model.ts';
import type { LogProfilePlan, LogStepPlan, WriteLine } from '../log/plan.ts';
import { points } from '../sample/reads.ts';
import type { CompileScope } from './scope.ts';

/** null after an alert: there is no such section, or a format is wrong. */
export function compileProfile(name: string, scope: CompileScope): LogProfilePlan | null {
  const model = scope.model.logProfiles.find((one) => one.name === name);
  if (model === undefined) {
    scope.alert(`unknown log-profile '${name}'`);
    return null;
  }
  const before = scope.alerts;
  const steps = new Map<string, LogStepPlan>();
  for (const step of model.steps) {
    const plan = compileStep(step, scope);
    const old = steps.get(step.step);
    steps.set(step.step, {
      drops: plan.drops,
      line: plan.line ?? old?.line ?? null,
      structuredData: plan.structuredData ?? old?.structuredData ?? null,
    });
  }
  if (scope.alerts > before) return null;
  const any = steps.get('any') ?? null;
  return { tag: model.tag, steps: logSteps.map((step) => steps.get(step.name) ?? any) };
}

function compileStep(model: LogProfileStepModel, scope: CompileScope): LogStepPlan {
  return {
    drops: model.drops,
    line: compileLine(model.format, scope),
    structuredData: compileLine(model.structuredData, scope),
  };
}

function compileLine(line: LineModel | null, scope: CompileScope): WriteLine | null {
  return line === null ? null : scope.at(line, points.log).logLine(line.words[0]);
}
