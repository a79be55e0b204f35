// One check on its way: takes the steps of a plan over connections of its own and tells how it
// ended. A run belongs to one server and is used again for its every check. Control thread only;
// it never waits, its loop calls it (worker/loop), so that thousands run side by side.

import { checkStatusNumber } from '../../shared/segment/check-status.ts';
import type { Timed } from '../loop/timers.ts';
import type { Connection } from '../conn/connection.ts';
import { verdictNext } from '../keyword.ts';
import type { Sample } from '../sample/sample.ts';
import type { Answer } from './answer.ts';
import { type ChannelUser, CheckChannel, receivedBroken, receivedSome } from './channel.ts';
import { parseHex } from './hex.ts';
import {
  type CheckPlan,
  type CheckStep,
  type ConnectStep,
  type ExpectStep,
  judgedBad,
  judgedGood,
  judgedOver,
  judgedWait,
  type RequestStep,
  type SendStep,
} from './plan.ts';
import {
  errorText,
  faultOfErrno,
  missedText,
  type RunDone,
  stepText,
  systemError,
  unsendableText,
} from './report.ts';
import { requestOf } from './request.ts';
import type { CheckStage, RunSubject } from './stage.ts';

const socketError = checkStatusNumber('SOCKERR');
const L4Ok = checkStatusNumber('L4OK');
const L4Timeout = checkStatusNumber('L4TOUT');
const L4Connection = checkStatusNumber('L4CON');
const L6Ok = checkStatusNumber('L6OK');
const L6Timeout = checkStatusNumber('L6TOUT');
const L6Response = checkStatusNumber('L6RSP');
const L7Timeout = checkStatusNumber('L7TOUT');
const L7Response = checkStatusNumber('L7RSP');
const L7Ok = checkStatusNumber('L7OK');
const L7Conditional = checkStatusNumber('L7OKC');

const notFound = 404;

export class CheckRun implements ChannelUser, Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  readonly subject: RunSubject;
  readonly variables: (Sample | null)[];
  uniqueId: string;
  private readonly stage: CheckStage;
  private readonly plan: CheckPlan;
  private readonly done: RunDone;
  private readonly channel: CheckChannel;
  private answer: Answer | null;
  private position: number;
  /** The last step that is no action: what reports are about. */
  private current: CheckStep | null;
  private isRunning: boolean;
  private code: number;
  /** The step at hand has put its bytes, which may wait for the socket. */
  private hasSent: boolean;
  /** An idle connection turned out dead: this run opens its own. */
  private opensOwn: boolean;

  constructor(stage: CheckStage, subject: RunSubject, plan: CheckPlan, done: RunDone) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.subject = subject;
    this.variables = [];
    this.uniqueId = '';
    this.stage = stage;
    this.plan = plan;
    this.done = done;
    this.channel = new CheckChannel(stage, this);
    this.answer = null;
    this.position = 0;
    this.current = null;
    this.isRunning = false;
    this.code = 0;
    this.hasSent = false;
    this.opensOwn = false;
  }

  /** Read by fetches while this run evaluates. */
  get connection(): Connection | null {
    return this.channel.connection;
  }

  start(): void {
    this.position = 0;
    this.current = null;
    this.isRunning = true;
    this.code = 0;
    this.hasSent = false;
    this.opensOwn = false;
    this.variables.length = 0;
    this.stage.leave(this);
    this.uniqueId = '';
    this.stage.preset(this.variables, this.plan.presets);
    this.advance();
  }

  /** Ends without a result. */
  stop(): void {
    this.isRunning = false;
    this.channel.close();
    this.release();
  }

  private finish(status: number, info: string): void {
    if (!this.isRunning) return;
    const { code } = this;
    this.isRunning = false;
    this.channel.finish(this.answer);
    this.release();
    // A NUL ends what is said, as it does in the reference.
    const end = info.indexOf('\0');
    this.done({ status, info: end < 0 ? info : info.slice(0, end), code });
  }

  private release(): void {
    this.stage.timers.remove(this);
    if (this.answer !== null) this.stage.answers.release(this.answer);
    this.answer = null;
  }

  // ---- the way through the steps ----

  private advance(): void {
    const { steps } = this.plan;
    while (this.isRunning) {
      if (this.position === steps.length) {
        this.succeed();
        return;
      }
      const step = steps[this.position];
      this.code = 0;
      if (step.kind !== 'act') this.current = step;
      if (!this.take(step)) return;
      this.position++;
    }
  }

  /** False: it waits, or has ended. */
  private take(step: CheckStep): boolean {
    switch (step.kind) {
      case 'connect':
        return this.connect(step);
      case 'send':
      case 'request':
        return this.send(step);
      case 'expect':
        return this.expect(step);
      default:
        return this.act(step);
    }
  }

  private act(step: Extract<CheckStep, { kind: 'act' }>): boolean {
    const stream = this.stage.enter(this, this.answer, this.plan.family === 'http');
    if (step.act(stream) === verdictNext) return true;
    this.finish(L7Response, `TCPCHK ACTION unexpected result at step ${step.number}\n`);
    return false;
  }

  // ---- connecting ----

  private connect(step: ConnectStep): boolean {
    const { stage, subject, channel } = this;
    channel.close();
    this.answer?.restart('');
    this.hasSent = false;
    const route = subject.routeOf(step, stage.enter(this, null, false));
    if (this.plan.family === 'http' && !this.opensOwn && channel.reuse(route)) {
      stage.timers.schedule(this, stage.time.nowMs + subject.connectTimeoutMs);
      this.talk();
      return true;
    }
    const result = channel.open(route);
    if (result < 0) {
      const where = stepText(this.plan.family, step);
      const status = route.isInternet ? L4Connection : socketError;
      this.finish(status, errorText(faultOfErrno(-result), -result, where));
    } else stage.timers.schedule(this, stage.time.nowMs + subject.connectTimeoutMs);
    return false;
  }

  opened(result: number): void {
    const { channel } = this;
    if (!this.isRunning) return;
    if (result < 0) {
      const where = stepText(this.plan.family, this.current);
      const fault = channel.connection?.fault ?? 0;
      const status = channel.isConnected() ? L6Response : L4Connection;
      this.finish(status, errorText(fault, systemError(result), where));
      return;
    }
    this.talk();
    this.position++;
    this.advance();
  }

  /** The connection is ready. */
  private talk(): void {
    const { channel, subject, stage } = this;
    if (this.plan.family === 'http') channel.speakHttp(subject.proxy.fcgi?.app ?? null);
    if (subject.checkTimeoutMs > 0) {
      stage.timers.schedule(this, stage.time.nowMs + subject.checkTimeoutMs);
    }
  }

  onTimeout(): void {
    const { channel, current, plan } = this;
    const where = stepText(plan.family, current);
    if (channel.isOpening) {
      this.finish(channel.isConnected() ? L6Timeout : L4Timeout, where);
      return;
    }
    const own = current?.kind === 'expect' ? current.timeoutStatus : 0;
    this.finish(own || L7Timeout, where);
  }

  // ---- sending ----

  private send(step: SendStep | RequestStep): boolean {
    if (!this.hasSent) {
      this.answer?.restart('');
      if (!this.put(step)) return false;
      this.hasSent = true;
    }
    if (!this.flush()) return false;
    this.hasSent = false;
    return true;
  }

  /** False: it has failed. */
  private put(step: SendStep | RequestStep): boolean {
    const { channel, subject, plan, stage } = this;
    const stream = stage.enter(this, this.answer, false);
    if (step.kind === 'request') {
      const request = requestOf(step, stream, { subject, plan, stays: channel.stays });
      this.takeAnswer()?.restart(request.method);
      channel.putRequest(request);
      return this.isRunning;
    }
    const text = step.text(stream);
    const bytes = step.isHex ? parseHex(text) : text;
    const room = stage.memory.slotBytes;
    if (bytes !== null && bytes.length < room) {
      channel.put(bytes);
      return true;
    }
    this.finish(L7Response, unsendableText(step, bytes?.length ?? -1, room));
    return false;
  }

  /** True when all is with the kernel. */
  private flush(): boolean {
    const result = this.channel.flush();
    if (result < 0) this.broken(-result);
    return result > 0;
  }

  /** The connection has failed after it was established; 0: it has just ended too early. */
  private broken(error: number): void {
    if (this.channel.isReused && (this.answer?.length ?? 0) === 0) {
      this.beginAgain();
      return;
    }
    const where = stepText(this.plan.family, this.current);
    const fault = error > 0 ? faultOfErrno(error) : 0;
    this.finish(socketError, errorText(fault, error, where));
  }

  /** The server closed an idle connection as it was used, which says nothing of its health. */
  private beginAgain(): void {
    const { steps } = this.plan;
    while (steps[this.position].kind !== 'connect') this.position--;
    this.opensOwn = true;
    this.current = steps[this.position];
    this.connect(steps[this.position] as ConnectStep);
  }

  // ---- receiving ----

  writable(): void {
    if (!this.isRunning || !this.channel.isReady) return;
    if (this.hasSent) this.advance();
    else this.flush();
  }

  readable(): void {
    if (!this.isRunning || !this.channel.isReady) return;
    if (this.current?.kind === 'expect') this.advance();
  }

  private takeAnswer(): Answer | null {
    this.answer ??= this.stage.answers.take();
    if (this.answer === null) this.finish(socketError, 'no buffer is free');
    return this.answer;
  }

  /** Takes what has come; false: the check has ended. */
  private receive(answer: Answer): boolean {
    const result = this.channel.receive(answer);
    if (result === receivedSome) return true;
    this.broken(result === receivedBroken ? 0 : -result - 1);
    return false;
  }

  private expect(step: ExpectStep): boolean {
    const answer = this.takeAnswer();
    if (answer === null || !this.receive(answer)) return false;
    if (answer.length === 0 && !answer.ended) return false;
    const isHttp = this.plan.family === 'http';
    // A server that says nothing HTTP has broken the exchange, not answered it.
    if (isHttp && !this.hasHead(answer)) return false;
    this.stage.enter(this, answer, isHttp);
    answer.status = 0;
    answer.info = '';
    answer.code = 0;
    answer.isLastStep = this.position === this.plan.steps.length - 1;
    const judged = this.isGone(answer) ? judgedGood : step.judge(answer, answer.ended);
    this.code = answer.code;
    if (judged === judgedGood) return true;
    if (judged === judgedWait) this.position = step.head;
    else if (judged === judgedOver) this.finish(answer.status, answer.info);
    else if (judged === judgedBad) this.fail(step, answer);
    return false;
  }

  private hasHead(answer: Answer): boolean {
    if (answer.readHead() !== 0) return true;
    if (answer.isBroken || answer.ended) this.broken(0);
    else if (answer.isFull()) this.finish(L7Response, '');
    return false;
  }

  /** disable-on-404: the server asks for no new users, which only a server that is up may do. */
  private isGone(answer: Answer): boolean {
    if (!this.plan.disablesOn404 || answer.readHead() !== notFound) return false;
    answer.code = notFound;
    return !this.subject.isStopped();
  }

  // ---- the end ----

  private fail(step: ExpectStep, answer: Answer): void {
    const { stage } = this;
    const stream = stage.enter(this, answer, this.plan.family === 'http');
    let text = answer.info || (step.onError?.(stream) ?? '');
    if (text === '' && step.onError === null) {
      text = missedText(this.plan.family, step, answer.length > 0);
    }
    if (step.comment !== '') text += ` comment: ${step.comment}`;
    this.readCode(step, stream);
    this.finish(answer.status, text);
  }

  private readCode(step: ExpectStep, stream: ReturnType<CheckStage['enter']>): void {
    if (step.statusCode === null) return;
    const code = this.stage.integerOf(step.statusCode, stream);
    if (code !== null) this.code = code;
  }

  private succeed(): void {
    const { current, plan, stage, answer } = this;
    if (current?.kind === 'expect' && answer !== null) {
      this.code = answer.code;
      if (plan.family === 'http' && this.isGone(answer)) {
        this.finish(L7Conditional, '');
        return;
      }
      const stream = stage.enter(this, answer, plan.family === 'http');
      const usual = plan.family === 'tcp' ? '(tcp-check)' : '';
      const text = current.onSuccess === null ? usual : current.onSuccess(stream);
      this.readCode(current, stream);
      this.finish(current.okStatus || L7Ok, text);
      return;
    }
    if (current?.kind === 'connect') {
      const info = current.isImplicit ? '' : '(tcp-check)';
      this.finish(this.channel.isEncrypted() ? L6Ok : L4Ok, info);
      return;
    }
    this.finish(L7Ok, '(tcp-check)');
  }
}
