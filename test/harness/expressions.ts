// Expressions, conditions and formats compiled on their own and evaluated on one exchange: for the
// tests of sample, match and compile. No socket, no engine.

import { Diagnostics } from '../../shared/config/diagnostic.ts';
import type { LineModel, RuleSet } from '../../shared/config/model.ts';
import { converters, fetches, logTags } from '../../worker/catalog.ts';
import { lineCursor } from '../../worker/line-cursor.ts';
import { buildReply } from '../../worker/compile/reply.ts';
import { CompileContext } from '../../worker/compile/context.ts';
import { CompileScope } from '../../worker/compile/scope.ts';
import type { Expression } from '../../worker/keyword.ts';
import { variableWriter } from '../../worker/sample/variables.ts';
import {
  kindAny,
  kindNames,
  kindString,
  Sample,
  type SampleKind,
} from '../../worker/sample/sample.ts';
import { castSample } from '../../worker/sample/cast.ts';
import { compileText, Exchange, frontendText } from './exchange.ts';

export class ExpressionBench {
  readonly context: CompileContext;
  readonly exchange: Exchange;
  readonly diagnostics: Diagnostics;
  private readonly ruleSet: RuleSet | '';

  /**
   * `lines`: of the frontend; `ruleSet`: where things are evaluated, '' for anywhere; `text`: the
   * whole configuration, whose first proxy evaluates.
   */
  constructor(
    lines: readonly string[] = [],
    contents: Readonly<Record<string, string>> = {},
    ruleSet: RuleSet | '' = '',
    text = frontendText(lines),
  ) {
    const { program, messages } = compileText(text, contents);
    if (messages.length > 0) throw new Error(messages.join('\n'));
    this.diagnostics = new Diagnostics();
    this.context = new CompileContext(program.model, this.diagnostics, {
      fetches,
      converters,
      logTags,
      reply: buildReply,
    });
    this.exchange = new Exchange(program);
    this.ruleSet = ruleSet;
  }

  private line(words: readonly string[]): LineModel {
    const place = { file: 'test.cfg', line: 1, column: 0 };
    const columns = words.map((_, index) => index + 1);
    return { place, words, columns, text: words.join(' '), from: '' };
  }

  scope(words: readonly string[] = []): CompileScope {
    const [proxy] = this.context.model.proxies;
    return new CompileScope(this.context, { proxy, ruleSet: this.ruleSet, line: this.line(words) });
  }

  /** The expression, built once for many evaluations; null with alerts. */
  build(text: string, kind: SampleKind): Expression | null {
    return this.scope([text]).expressionOf(text, kind);
  }

  /** Gives a variable bytes. */
  variableSetter(name: string): (text: string) => void {
    const write = variableWriter(name, 0, this.scope());
    if (write === null) throw new Error(this.faults());
    const sample = new Sample();
    return (text) => {
      sample.setBinary(text);
      write(this.exchange.stream, sample);
    };
  }

  /**
   * `type:text` of the value now; 'none', 'wait' (may come), or the alerts when it cannot be
   * built.
   */
  value(text: string): string {
    const built = this.scope([text]).expressionOf(text, kindAny);
    if (built === null) return this.faults();
    const sample = new Sample();
    if (!built.evaluate(this.exchange.stream, sample)) return sample.mayChange ? 'wait' : 'none';
    const kind = kindNames[sample.kind];
    if (!castSample(sample, kindString)) throw new Error(`a ${kind} that is no string`);
    return `${kind}:${sample.text}`;
  }

  /** Every value in turn, as a condition sees them. */
  values(text: string): string[] {
    const built = this.scope([text]).expressionOf(text, kindAny);
    if (built === null) return [this.faults()];
    const sample = new Sample();
    sample.iterate = true;
    const found: string[] = [];
    while (built.evaluate(this.exchange.stream, sample)) {
      found.push(castSample(sample, kindString) ? sample.text : '?');
      if (!sample.more) break;
    }
    return found;
  }

  /** 1, 0, -1, or the alerts. `text` starts with if or unless; words are split at blanks. */
  condition(text: string): number | string {
    const words = text.split(' ');
    const line = this.line(words);
    const built = this.scope(words).condition(lineCursor(line));
    return built === null ? this.faults() : built(this.exchange.stream);
  }

  /** Alerts and warnings since the last call. */
  faults(): string {
    const list = this.diagnostics.list.splice(0);
    return list
      .map(({ severity, message, hint }) => [severity, message, hint].filter(Boolean).join(': '))
      .join(' | ');
  }
}
