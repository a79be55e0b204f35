// What an entry may ask while it is built: names, expressions, conditions, formats, files and where
// to report. One CompileContext per thread and program; one CompileScope per line. Start only; made
// by worker/compile, handed to every row's `build` as the Scope of keyword.ts.

import type { Place } from '../../shared/config/diagnostic.ts';
import { nearestWord } from '../../shared/config/hint.ts';
import type { LineModel, Model, ProxyModel, RuleSet } from '../../shared/config/model.ts';
import { type HeaderName, headerName } from '../http/message.ts';
import type {
  Condition,
  ConverterDef,
  Evaluate,
  Expression,
  FetchDef,
  FormatText,
  Scope,
  WordCursor,
} from '../keyword.ts';
import type { LogProfilePlan, WriteLine } from '../log/plan.ts';
import type { LogTagDef } from '../log/tag.ts';
import type { PatternSource } from '../match/pattern-file.ts';
import type { ReplyPlan } from '../program.ts';
import { isLegalAt, readsLabel } from '../sample/reads.ts';
import { kindAny, kindNames, type SampleKind } from '../sample/sample.ts';
import { parseVariableName } from '../sample/variables.ts';
import { isAclKeyword } from './acl.ts';
import { buildCondition, buildNamedAcl, type ConditionSource, type NamedAcl } from './condition.ts';
import type { CompileContext } from './context.ts';
import {
  appendConverterWord,
  buildConverters,
  type BuiltExpression,
  castExpression,
  identifierAt,
  parseExpression,
} from './expression.ts';
import {
  compileLogFormat,
  compileLogLine,
  type FormatUse,
  headerFormat,
  type LogFormatKind,
  textFormat,
} from './log-format.ts';
import { compileProfile } from './log-profile.ts';
import { predefinedAcls } from './predefined-acls.ts';
import { pointOf } from './rule-points.ts';
import { type CompileWatch, watched } from './watch.ts';

/** What a scope stands for. */
interface ScopeSeat {
  readonly proxy: ProxyModel | null;
  readonly ruleSet: RuleSet | '';
  /** The line being compiled: place and text of messages, and the ACLs it sees. */
  readonly line: LineModel;
  /** Or'ed points of sample/reads.ts; absent: from rule set and proxy. 0: anything is legal. */
  readonly point?: number;
}

export class CompileScope implements Scope, ConditionSource {
  readonly context: CompileContext;
  readonly model: Model;
  readonly proxy: ProxyModel | null;
  readonly ruleSet: RuleSet | '';
  readonly line: LineModel;
  readonly point: number;
  readonly patterns: PatternSource;
  readonly watch: CompileWatch | null;
  /** What the format being compiled shows. */
  use: FormatUse | null = null;
  private readonly proxyIndex: number;

  constructor(context: CompileContext, seat: ScopeSeat) {
    this.context = context;
    this.model = context.model;
    this.watch = context.watch;
    this.proxy = seat.proxy;
    this.ruleSet = seat.ruleSet;
    this.line = seat.line;
    this.point = seat.point ?? pointOf(seat.ruleSet, seat.proxy);
    this.proxyIndex = seat.proxy === null ? -1 : context.indexOf(seat.proxy);
    const { file, line } = seat.line.place;
    this.patterns = {
      registry: context.patterns,
      shared: (path) => context.lists[path] ?? null,
      content: (path, optional) => (optional ? this.find(path) : this.content(path)),
      user: `at file '${file}' line ${line}`,
    };
  }

  // ---- ExpressionSource ----

  get fetches(): ReadonlyMap<string, FetchDef> {
    return this.context.tables.fetches;
  }

  get converters(): ReadonlyMap<string, ConverterDef> {
    return this.context.tables.converters;
  }

  get built(): Map<string, Evaluate> {
    return this.context.built;
  }

  get used(): Set<string> {
    return this.context.used;
  }

  get logTags(): ReadonlyMap<string, LogTagDef> {
    return this.context.tables.logTags;
  }

  get scope(): Scope {
    return this;
  }

  get names() {
    const { model, context, proxyIndex } = this;
    return {
      model,
      proxyIndex,
      frontendIndex: (name: string) => context.frontendIndex(name),
      backendIndex: (name: string) => context.backendIndex(name),
      refer: (kind: 'server' | 'backend', value: number) => {
        context.referred.add(`${kind} ${value}`);
      },
    };
  }

  /** Alerts given so far in the whole compilation. */
  get alerts(): number {
    return this.context.diagnostics.alerts;
  }

  // ---- Scope ----

  expression(words: WordCursor): Expression | null {
    const place = words.here();
    if (words.atEnd()) {
      this.alertAt(place, 'missing sample expression');
      return null;
    }
    let built = this.parse(words.next(), place);
    while (built !== null && !words.atEnd()) {
      const more = appendConverterWord(words.peek(), built, this);
      if (more === null) break;
      if ('why' in more) {
        this.alertAt(words.here(), more.why, more.hint);
        return null;
      }
      words.next();
      built = more;
    }
    return built;
  }

  expressionOf(text: string, kind: SampleKind): Expression | null {
    const built = this.parse(text, this.line.place);
    if (built === null || kind === kindAny) return built;
    const cast = castExpression(built, kind);
    if (cast === null) {
      const types = `'${kindNames[built.returns]}' and '${kindNames[kind]}' was expected`;
      this.alert(`expression '${text}' has the incompatible type ${types}`);
    }
    return cast;
  }

  convertersOf(text: string, input: Evaluate): Expression | null {
    const built = buildConverters(text, input, this);
    if (!('why' in built)) return built;
    this.alertAt(this.line.place, built.why, built.hint);
    return null;
  }

  /** A whole text as one expression that is legal here. */
  private parse(text: string, place: Place): BuiltExpression | null {
    const before = this.alerts;
    const { expression, end, fault, hint } = parseExpression(text, 0, this);
    if (expression === null) {
      if (this.alerts === before) this.alertAt(place, fault, hint);
      return null;
    }
    if (end < text.length) {
      const what = expression.isConverted ? 'converter' : 'fetch keyword';
      this.alertAt(place, `missing comma after ${what} in '${text}'`);
      return null;
    }
    return this.isLegal(expression, place) ? watched(expression, this.watch) : null;
  }

  /** Alerts when nothing the fetch reads exists here. */
  isLegal(expression: BuiltExpression, place: Place): boolean {
    const { name, reads } = expression.fetch;
    if (isLegalAt(reads, this.point)) return true;
    this.alertAt(
      place,
      `fetch method '${name}' extracts information from '${readsLabel(reads)}', ` +
        'none of which is available here',
    );
    return false;
  }

  condition(words: WordCursor): Condition | null {
    const at = { proxy: this.proxy, place: words.place };
    const condition = buildCondition(words, this);
    return condition === null ? null : (this.watch?.condition(at, condition) ?? condition);
  }

  acl(name: string): Condition | null {
    return this.aclNamed(name, this.line.place)?.condition ?? null;
  }

  named(name: string, words: WordCursor): NamedAcl | null {
    return this.aclNamed(name, words.here());
  }

  /** Declared here, or predefined; compiled once. */
  private aclNamed(name: string, place: Place): NamedAcl | null {
    const { from } = this.line;
    const known = this.context.aclsOf(this.proxy, from);
    const found = known.get(name);
    if (found !== undefined) return found;
    const lines = this.context.aclLines(this.proxy, from).filter((line) => line.words[0] === name);
    const words = predefinedAcls.get(name);
    if (lines.length === 0 && words === undefined) {
      this.alertAt(place, `no such ACL : '${name}'`, this.aclHint(name));
      return null;
    }
    known.set(name, null);
    const built =
      lines.length > 0
        ? buildNamedAcl(name, lines, this.at(lines[0]))
        : buildNamedAcl(name, [this.predefinedLine(name, words ?? [])], this);
    known.set(name, built);
    return built;
  }

  private predefinedLine(name: string, words: readonly string[]): LineModel {
    return { ...this.line, words: [name, ...words], columns: [] };
  }

  private aclHint(name: string): string {
    const word = identifierAt(name, 0);
    if (this.fetches.has(word) || isAclKeyword(word))
      return `a condition without a name stands in braces: { ${name} ... }`;
    const declared = this.context.aclLines(this.proxy, this.line.from).map((line) => line.words[0]);
    const near = nearestWord(name, [...declared, ...predefinedAcls.keys()]);
    return near === '' ? '' : `did you mean '${near}'?`;
  }

  /** Compiles every `acl` line of the proxy, so that unused ones are checked too. */
  compileAcls(): void {
    for (const line of this.context.aclLines(this.proxy, this.line.from)) {
      if (line.words.length > 0) this.aclNamed(line.words[0], line.place);
    }
  }

  /** The same seat on another line: its place, text and defaults section. */
  at(line: LineModel, point = this.point): CompileScope {
    const { proxy, ruleSet } = this;
    return new CompileScope(this.context, { proxy, ruleSet, point, line });
  }

  logFormat(text: string, use: 'header' | 'text' = 'header'): FormatText | null {
    const format = this.logFormatAs(text, use === 'header' ? headerFormat : textFormat);
    return format === null ? null : (this.watch?.format(text, format) ?? format);
  }

  /** A format with the rules of its user (headers, payloads, ids): see log-format.ts. */
  logFormatAs(text: string, kind: LogFormatKind, use?: FormatUse): FormatText | null {
    this.use = use ?? null;
    return compileLogFormat(text, kind, this);
  }

  /** A format as a log line. */
  logLine(text: string, use?: FormatUse): WriteLine | null {
    this.use = use ?? null;
    return compileLogLine(text, this);
  }

  logProfile(name: string): LogProfilePlan | null {
    return compileProfile(name, this);
  }

  variable(name: string): number | null {
    const parsed = parseVariableName(name);
    if (typeof parsed !== 'string') return this.context.variables.indexOf(name);
    this.alert(parsed);
    return null;
  }

  frontendIndex(name: string): number {
    return this.context.frontendIndex(name);
  }

  backendIndex(name: string): number {
    return this.context.backendIndex(name);
  }

  content(path: string): string | null {
    const found = this.find(path);
    if (found === null) this.alert(`failed to open file '${path}'`);
    return found;
  }

  private find(path: string): string | null {
    return this.model.contents[path] ?? null;
  }

  reply(words: WordCursor, statusDefault: number): ReplyPlan | null {
    return this.context.tables.reply(words, this, statusDefault);
  }

  header(name: string): HeaderName {
    return headerName(name);
  }

  alert(message: string, hint = ''): void {
    this.alertAt(this.line.place, message, hint);
  }

  alertAt(place: Place, message: string, hint = ''): void {
    this.tell('alert', place, message, hint);
  }

  warningAt(place: Place, message: string, hint = ''): void {
    this.tell('warning', place, message, hint);
  }

  private tell(severity: 'alert' | 'warning', place: Place, message: string, hint: string): void {
    const { file, line } = this.line.place;
    const isHere = place.file === file && place.line === line;
    const text = isHere ? this.line.text : '';
    const at = isHere && place.column === this.line.place.column ? this.wordIn(message) : place;
    this.context.diagnostics.add(severity, at, message, hint, text);
  }

  /** Who blames the whole line and quotes one of its words means that word. */
  private wordIn(message: string): Place {
    const { place, words, columns } = this.line;
    const quoted = Array.from(message.matchAll(/'([^']+)'/g), ([, word]) => word);
    const at = words.findIndex((word) => quoted.includes(word));
    return at < 0 || columns[at] === undefined ? place : { ...place, column: columns[at] };
  }

  warning(message: string): void {
    this.context.diagnostics.warning(this.line.place, message, '', this.line.text);
  }
}
