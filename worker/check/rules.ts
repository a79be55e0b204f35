// From the lines of a `tcp-check` or `http-check` list to the steps of a plan: order, implicit
// connection, implicit request and expectation, and comments, which pass to the steps after them
// (manual 4.2, tcp-check, http-check). Start only.

import type { LineModel } from '../../shared/config/model.ts';
import type { FormatText } from '../keyword.ts';
import { lineCursor } from '../line-cursor.ts';
import { httpKnown, httpPatterns, implicitStatus } from './expect-http.ts';
import { readExpect, tcpKnown, tcpPatterns } from './expect.ts';
import type {
  CheckPlan,
  CheckScope,
  CheckStep,
  ConnectStep,
  DraftStep,
  RequestStep,
} from './plan.ts';
import {
  mergeRequests,
  newConnect,
  optionRequest,
  readConnect,
  readRequest,
  readSend,
  sendWords,
} from './steps.ts';

/** Steps that count where order is checked. */
function isCounted(step: DraftStep): step is Exclude<CheckStep, { kind: 'act' }> {
  return step.kind !== 'comment' && step.kind !== 'act';
}

const firstOf = (steps: readonly DraftStep[]) => steps.find(isCounted);
const lastOf = (steps: readonly DraftStep[]) => steps.findLast(isCounted);

/** Makes the steps of `lines`; null when one was wrong. */
export function buildRules(
  lines: readonly LineModel[],
  isHttp: boolean,
  scopes: CheckScope,
): CheckPlan | null {
  const reader = new RuleReader(isHttp, scopes);
  for (const line of lines) reader.read(line);
  if (reader.failed) return null;
  const { steps } = reader;
  if (isHttp) placeRequests(steps);
  return {
    family: isHttp ? 'http' : 'tcp',
    steps: finishSteps(steps),
    presets: [],
    disablesOn404: reader.disablesOn404,
    sendsState: reader.sendsState,
  };
}

class RuleReader {
  readonly steps: DraftStep[];
  disablesOn404: boolean;
  sendsState: boolean;
  failed: boolean;
  private readonly isHttp: boolean;
  private readonly scopes: CheckScope;

  constructor(isHttp: boolean, scopes: CheckScope) {
    this.steps = [];
    this.disablesOn404 = false;
    this.sendsState = false;
    this.failed = false;
    this.isHttp = isHttp;
    this.scopes = scopes;
  }

  read(line: LineModel): void {
    const word = line.words[0];
    if (this.isHttp && this.readSwitch(line, word)) return;
    if (word === 'option') {
      this.addOption(line);
      return;
    }
    const step = this.readStep(line, word);
    if (step === null) this.failed = true;
    else if (this.mayFollow(line, step)) this.add(step);
    else this.failed = true;
  }

  private readSwitch(line: LineModel, word: string): boolean {
    if (word !== 'disable-on-404' && word !== 'send-state') return false;
    if (line.words.length > 1) {
      this.scopes.at(line).alert(`'${word}' takes no argument but got '${line.words[1]}'`);
      this.failed = true;
    }
    if (word === 'send-state') this.sendsState = true;
    else this.disablesOn404 = true;
    return true;
  }

  /** The number of the next step: requests that `option` makes do not count. */
  private nextNumber(): number {
    const last = this.steps.at(-1);
    if (last === undefined) return 1;
    return last.kind === 'request' && last.isFromOption ? 1 : last.number + 1;
  }

  private readStep(line: LineModel, word: string): DraftStep | null {
    const { isHttp, scopes } = this;
    const number = this.nextNumber();
    const words = lineCursor(line, 1);
    const scope = scopes.at(line);
    if (word === 'comment') {
      if (!words.atEnd()) return { kind: 'comment', comment: words.next(), number };
      scope.alert("'comment' expects a string as argument");
      return null;
    }
    if (word === 'connect') return readConnect(words, scope, number, isHttp);
    if (word === 'expect') return this.readExpect(line, number);
    if (isHttp && word === 'send') return readRequest(words, scope, number);
    if (!isHttp && sendWords.has(word)) return readSend(words, scope, word, number);
    const act = scopes.action(line);
    if (act === 'unknown') {
      scope.alert(`'${isHttp ? 'http' : 'tcp'}-check' does not know '${word}'`);
      return null;
    }
    return act === null ? null : { kind: 'act', number, comment: '', act };
  }

  private readExpect(line: LineModel, number: number): CheckStep | null {
    const { isHttp, scopes } = this;
    return readExpect(lineCursor(line, 1), scopes.at(line), {
      number,
      patterns: isHttp ? httpPatterns : tcpPatterns,
      known: isHttp ? httpKnown : tcpKnown,
    });
  }

  /** Order of rules: an alert says what is missing. */
  private mayFollow(line: LineModel, step: DraftStep): boolean {
    const fault = this.isHttp ? this.httpFault(step) : this.tcpFault(step);
    if (fault !== '') this.scopes.at(line).alert(fault);
    return fault === '';
  }

  private tcpFault(step: DraftStep): string {
    if (step.kind !== 'connect') return '';
    const first = firstOf(this.steps);
    if (first === undefined || first.kind === 'connect') return '';
    return (
      "first step MUST also be a 'connect', optionally preceded by a 'set-var', an 'unset-var' " +
      "or a 'comment', when there is a 'connect' step in the tcp-check ruleset"
    );
  }

  private httpFault(step: DraftStep): string {
    const last = lastOf(this.steps);
    if (step.kind === 'connect') {
      const first = this.steps.find((one) => isCounted(one) && !isFromOption(one));
      if (first !== undefined && first.kind !== 'connect') return this.tcpFault(step);
    }
    if (last === undefined || isFromOption(last) || !isCounted(step)) return '';
    const missing = missingBefore(last.kind, step.kind);
    const rule = step.kind === 'request' ? 'send' : step.kind;
    return missing === ''
      ? ''
      : `unable to add http-check ${rule} rule at step ${step.number} (missing ${missing} rule)`;
  }

  private add(step: DraftStep): void {
    const first = firstOf(this.steps);
    if (step.kind === 'request' && first !== undefined && isFromOption(first)) {
      // The request of the option line and the first of the rules are one.
      const merged = first as RequestStep;
      this.steps.splice(this.steps.indexOf(first), 1);
      mergeRequests(merged, step);
      merged.isFromOption = false;
      this.steps.push({ ...merged, number: step.number, comment: step.comment });
      return;
    }
    this.steps.push(step);
  }

  /** The request of `option httpchk`: before all others, or what an earlier rule becomes. */
  private addOption(line: LineModel): void {
    const request = optionRequest(lineCursor(line, 1), this.scopes.at(line));
    if (request === null) {
      this.failed = true;
      return;
    }
    const counted = this.steps.filter(isCounted);
    const at = counted[0]?.kind === 'connect' ? 1 : 0;
    const target = counted[at];
    if (target?.kind === 'request' && !target.isFromOption) {
      mergeRequests(target, request);
      return;
    }
    if (target?.kind === 'request') this.steps.splice(this.steps.indexOf(target), 1);
    this.steps.unshift(request);
  }
}

const isFromOption = (step: DraftStep): boolean => step.kind === 'request' && step.isFromOption;

/** What must stand between two rules of http-check, '' for nothing. */
function missingBefore(last: string, next: string): string {
  if (next === 'request' && last !== 'connect') return 'connect';
  if (next === 'expect' && last !== 'request' && last !== 'expect') return 'send';
  return next === 'connect' && last !== 'expect' ? 'expect' : '';
}

/** The option's own request goes behind the first connect, and a last request is answered. */
function placeRequests(steps: DraftStep[]): void {
  const first = firstOf(steps);
  if (first !== undefined && isFromOption(first)) {
    const next = steps.filter(isCounted)[1];
    if (next?.kind === 'connect') {
      steps.splice(steps.indexOf(first), 1);
      steps.splice(steps.indexOf(next) + 1, 0, { ...first, number: next.number + 1 });
    }
  }
  const last = lastOf(steps);
  if (last?.kind === 'request') steps.push(implicitStatus(last.number + 1));
}

/** Adds the connection that is missing, hands out comments and tells connects what follows. */
export function finishSteps(drafts: DraftStep[]): readonly CheckStep[] {
  const first = firstOf(drafts);
  if (first === undefined || first.kind !== 'connect') {
    drafts.unshift(newConnect(0, { isDefault: true, isImplicit: true }));
  }
  nameServers(drafts);
  const steps = handOutComments(drafts);
  saveAcks(steps);
  return steps;
}

/**
 * A check that only connects ends with a reset, and one that speaks first has bytes to send: in
 * both cases the ACK can go with them, and in the first the server's program is not even woken.
 */
function saveAcks(steps: readonly CheckStep[]): void {
  for (const [index, step] of steps.entries()) {
    if (step.kind !== 'connect') continue;
    const next = steps.slice(index + 1).find(({ kind }) => kind !== 'act');
    step.delaysAck = next === undefined || next.kind === 'send' || next.kind === 'request';
  }
}

/** The implicit connection asks for the Host of its request (manual 5.2, check-sni-auto). */
function nameServers(drafts: readonly DraftStep[]): void {
  let waiting: ConnectStep | null = null;
  for (const step of drafts) {
    if (step.kind === 'connect' && step.isImplicit && step.sni === '') waiting = step;
    else if (step.kind === 'request' && waiting !== null) {
      waiting.sniOf = hostOf(step);
      waiting = null;
    }
  }
}

function hostOf({ headers }: RequestStep): FormatText | null {
  return headers.findLast(({ name }) => name === 'host')?.value ?? null;
}

/** A comment belongs to the run of steps of one kind that follows it. */
function handOutComments(drafts: readonly DraftStep[]): readonly CheckStep[] {
  const steps: CheckStep[] = [];
  let comment = '';
  let previous = 'comment';
  for (const step of drafts) {
    if (step.kind !== previous && previous !== 'comment') comment = '';
    previous = step.kind;
    if (step.kind === 'comment') {
      comment = step.comment;
      continue;
    }
    if (step.kind !== 'act' && step.comment === '') step.comment = comment;
    if (step.kind === 'act' || step.kind === 'connect') comment = '';
    steps.push(step);
  }
  return steps.map((step, index) =>
    step.kind === 'expect' ? { ...step, head: headOf(steps, index) } : step,
  );
}

/** Where an `expect` is taken again: the first of the inverse ones right before it, or itself. */
function headOf(steps: readonly CheckStep[], index: number): number {
  let head = index;
  for (let i = index - 1; i >= 0; i--) {
    const step = steps[i];
    if (step.kind === 'expect') {
      if (step.isInverse) head = i;
    } else if (isCounted(step)) break;
  }
  return head;
}
