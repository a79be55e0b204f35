// Writes down what rules come to while the real program runs them: as the watcher of its conditions
// and expressions, and around the actions of its plans. Made once per explanation; changes nothing
// of what is decided.

import type { Place } from '../../shared/config/diagnostic.ts';
import type { LineModel, Model, ProxyModel, RuleSet } from '../../shared/config/model.ts';
import type { ExplainedStep } from '../../shared/explanation.ts';
import type { CompileWatch, WatchedPlace } from '../compile/watch.ts';
import type { Act, Condition, Evaluate, FormatText } from '../keyword.ts';
import {
  verdictClose,
  verdictDeny,
  verdictDone,
  verdictDrop,
  verdictError,
  verdictLate,
  verdictNext,
  verdictStop,
  verdictSwitch,
  verdictTarpit,
  verdictWait,
} from '../keyword.ts';
import type { Program, ProxyPlan, RuleList, RulePlan } from '../program.ts';
import { castSample } from '../sample/cast.ts';
import { kindBinary, kindBool, kindString, kindSint, Sample } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';

/** What is in hand, while it is written. */
interface OpenAcl {
  text: string;
  name: string;
  line: number;
  result: number;
  values: string[];
}

interface OpenStep extends Omit<ExplainedStep, 'acls' | 'values'> {
  met: number;
  verdict: string;
  acls: OpenAcl[];
  values: { text: string; value: string }[];
}

const verdicts: Readonly<Record<number, string>> = {
  [verdictNext]: 'done',
  [verdictStop]: 'stops this rule set',
  [verdictDeny]: 'refuses',
  [verdictClose]: 'closes the connection',
  [verdictWait]: 'waits',
  [verdictDone]: 'answers',
  [verdictError]: 'fails',
  [verdictTarpit]: 'holds the client',
  [verdictDrop]: 'drops the connection',
  [verdictLate]: 'gives up waiting',
  [verdictSwitch]: 'goes on as HTTP',
};

/** Rule sets of a plan by the names of the configuration. */
const ruleFields: readonly (readonly [keyof ProxyPlan, RuleSet | 'redirect'])[] = [
  ['tcpConnection', 'tcp-request connection'],
  ['tcpSession', 'tcp-request session'],
  ['tcpContent', 'tcp-request content'],
  ['tcpResponse', 'tcp-response content'],
  ['httpRequest', 'http-request'],
  ['httpResponse', 'http-response'],
  ['httpAfterResponse', 'http-after-response'],
  ['redirects', 'redirect'],
];

export class Recorder implements CompileWatch {
  readonly steps: OpenStep[] = [];
  /** Names of the stream that was seen last. */
  frontend = '';
  backend = '';
  private step: OpenStep | null = null;
  /** Lines of the model by file and number. */
  private readonly texts = new Map<string, string>();
  private openAcl: OpenAcl | null = null;

  constructor(model: Model) {
    this.readTexts(model);
  }

  /** Another request: nothing has been looked at. */
  restart(): void {
    this.steps.length = 0;
    this.step = null;
  }

  /** Lines that are kept as words stand in many places of the model. */
  private readTexts(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    if ('columns' in value && 'text' in value) {
      const { place, text } = value as LineModel; // nothing else has these fields
      this.texts.set(keyOf(place), text);
      return;
    }
    for (const one of Object.values(value)) this.readTexts(one);
  }

  // ---- what compiling tells ----

  condition({ proxy, place }: WatchedPlace, condition: Condition): Condition {
    return (stream) => {
      const step = this.begin(proxy, '', place);
      step.met = condition(stream);
      this.see(stream);
      return step.met;
    };
  }

  acl(words: readonly string[], place: Place, condition: Condition): Condition {
    return (stream) => {
      const acl = { text: words.join(' '), name: '', line: place.line, result: 0, values: [] };
      const outer = this.openAcl;
      this.openAcl = acl;
      acl.result = condition(stream);
      this.openAcl = outer;
      this.step?.acls.push(acl);
      return acl.result;
    };
  }

  values(evaluate: Evaluate): Evaluate {
    return (stream, out) => {
      const found = evaluate(stream, out);
      if (found) this.openAcl?.values.push(textOf(out));
      return found;
    };
  }

  expression(text: string, evaluate: Evaluate): Evaluate {
    return (stream, out) => {
      const found = evaluate(stream, out);
      this.step?.values.push({ text, value: found ? textOf(out) : 'no value' });
      return found;
    };
  }

  format(text: string, format: FormatText): FormatText {
    if (!text.includes('%')) return format;
    return (stream) => {
      const value = format(stream);
      this.step?.values.push({ text, value: JSON.stringify(value) });
      return value;
    };
  }

  // ---- around the plans ----

  /** Puts itself around every rule of the program. */
  watch(program: Program): void {
    for (const plan of program.proxies) {
      const { backend } = plan;
      if (backend !== null) {
        // A stream that finds no server here has nothing else that could be watched.
        const enter = backend.enter.bind(backend);
        backend.enter = (stream) => {
          this.see(stream);
          enter(stream);
        };
      }
      for (const twin of [plan, ...(plan.httpTwin === null ? [] : [plan.httpTwin])]) {
        this.watchProxy(twin);
      }
    }
  }

  private watchProxy(plan: ProxyPlan): void {
    const { model } = plan;
    const changed = Object.fromEntries(
      ruleFields.map(([field, ruleSet]) => {
        const lines = ruleSet === 'redirect' ? model.redirects : model.rules[ruleSet];
        const rules = plan[field] as RuleList; // the fields above are all lists of rules
        return [field, rules.map((rule) => this.watchRule(rule, { model, ruleSet, lines }))];
      }),
    );
    // The program is not shared with anybody: plans that serve are never changed.
    Object.assign(plan, changed, {
      switches: plan.switches.map((rule, index) => ({
        ...rule,
        condition: this.watchSwitch(rule.condition, model, model.useBackends[index]),
      })),
    });
  }

  private watchRule(
    rule: RulePlan,
    from: {
      readonly model: ProxyModel;
      readonly ruleSet: string;
      readonly lines: readonly LineModel[];
    },
  ): RulePlan {
    const { model, ruleSet, lines } = from;
    const line = lines.find(({ place }) => place.line === rule.line && place.file === rule.file);
    if (line === undefined) return rule;
    const { condition } = rule;
    const act: Act = (stream) => {
      const step = this.begin(model, ruleSet, line.place);
      step.met = 1;
      const verdict = rule.act(stream);
      step.verdict = verdicts[verdict] ?? String(verdict);
      this.see(stream);
      this.step = null;
      return verdict;
    };
    if (condition === null) return { ...rule, act };
    return {
      ...rule,
      act,
      condition: (stream) => {
        this.begin(model, ruleSet, line.place);
        return condition(stream);
      },
    };
  }

  private watchSwitch(condition: Condition | null, model: ProxyModel, line: LineModel): Condition {
    return (stream) => {
      const step = this.begin(model, '', line.place);
      step.met = condition === null ? 1 : condition(stream);
      if (step.met === 1) step.verdict = 'chosen';
      this.see(stream);
      return step.met;
    };
  }

  /** The step of a line: the one in hand, the last one when it waited, or a new one. */
  private begin(proxy: ProxyModel | null, ruleSet: string, place: Place): OpenStep {
    const { file, line: number } = place;
    const name = proxy?.name ?? '';
    const isSame = (step: OpenStep | null | undefined): step is OpenStep =>
      step?.line === number && step.file === file && step.proxy === name;
    if (isSame(this.step)) return this.step;
    const last = this.steps.at(-1);
    if (isSame(last) && (last.met < 0 || last.verdict === verdicts[verdictWait])) {
      last.acls = [];
      last.values = [];
      this.step = last;
      return last;
    }
    const text = (this.texts.get(keyOf(place)) ?? '').trim();
    const parts = { met: 0, verdict: '', acls: [], values: [] };
    this.step = { proxy: name, ruleSet, file, line: number, text, ...parts };
    this.steps.push(this.step);
    return this.step;
  }

  private see(stream: Stream): void {
    this.frontend = stream.frontend.name;
    this.backend = stream.backend.name;
  }
}

const keyOf = ({ file, line }: Place): string => `${file}:${line}`;

/** A value as people read it. */
function textOf(sample: Sample): string {
  if (sample.kind === kindBool) return sample.int === 1 ? 'true' : 'false';
  if (sample.kind === kindSint) return String(sample.int);
  if (sample.kind === kindBinary) return `0x${Buffer.from(sample.text, 'latin1').toString('hex')}`;
  const copy = new Sample();
  copy.copy(sample);
  const isText = copy.kind === kindString;
  if (!castSample(copy, kindString)) return '?';
  return isText ? JSON.stringify(copy.text) : copy.text;
}
