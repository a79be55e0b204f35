// One runtime session: text in, commands run in order, text out. Knows levels, prompts, payloads
// and when to hang up; knows nothing of sockets (socket-server.ts) nor of what commands do.
// Control thread.

import {
  type Answer,
  type CommandTable,
  failure,
  information,
  isAllowed,
  type RuntimeCommandDef,
  type SessionState,
} from './command.ts';
import type { RuntimeContext } from './context.ts';
import { helpText, unknownText } from './help.ts';
import { lineEnd, parseLine, splitWords, wordsMax } from './line.ts';

/**
 * Where a session's text goes. `write` may answer with a promise: the session waits for it. Bytes
 * are no longer what they were once it has come true.
 */
export interface SessionOutput {
  write(text: string | Uint8Array): void | Promise<void>;
  /** A command runs for long: what the client sends meanwhile is fed at once. */
  listen?(): void;
  /** Nothing that is written reaches anybody any more. */
  isClosed?(): boolean;
  end(): void;
}

export interface SessionLimits {
  /** Longest line, tune.bufsize. */
  readonly lineBytes: number;
  /** tune.cli.max-payload-size. */
  readonly payloadBytes: number;
}

/**
 * Of a long answer between two turns of the event loop: checks and heartbeats must not wait, and a
 * write for every line would cost more than the line.
 */
const bytesAtOnce = 32_768;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const severityNames = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

export class RuntimeSession {
  private readonly context: RuntimeContext;
  private readonly table: CommandTable;
  private readonly state: SessionState;
  private readonly output: SessionOutput;
  private readonly limits: SessionLimits;
  /** Text not yet understood. */
  private input: string;
  private commands: readonly string[];
  /** Pattern that ends the payload being read, null outside one. */
  private payloadEnd: string | null;
  private payload: string[];
  private payloadBytes: number;
  private running: boolean;
  /** An answer that comes with time is to end. */
  private interrupted: boolean;
  private ended: boolean;

  constructor(
    context: RuntimeContext,
    table: CommandTable,
    state: SessionState,
    io: { readonly output: SessionOutput; readonly limits: SessionLimits },
  ) {
    this.context = context;
    this.table = table;
    this.state = state;
    this.output = io.output;
    this.limits = io.limits;
    this.input = '';
    this.commands = [];
    this.payloadEnd = null;
    this.payload = [];
    this.payloadBytes = 0;
    this.running = false;
    this.interrupted = false;
    this.ended = false;
  }

  /** True while a command runs: no timeout applies. */
  get isBusy(): boolean {
    return this.running;
  }

  /**
   * Takes what arrived. Commands run one after the other; the promise ends when input is used up.
   */
  async feed(text: string): Promise<void> {
    this.input += text;
    if (this.running) {
      this.interrupt();
      return;
    }
    this.running = true;
    try {
      while (!this.ended && (await this.step()));
    } finally {
      this.running = false;
    }
  }

  /** Uses one line of the input; false when there is none complete. */
  private async step(): Promise<boolean> {
    const end = this.payloadEnd === null ? lineEnd(this.input, 0) : this.input.indexOf('\n');
    if (end < 0) return this.checkLimits();
    const line = this.input.slice(0, end);
    this.input = this.input.slice(end + 1);
    if (this.payloadEnd !== null) return this.readPayload(line, this.payloadEnd);
    if (line.length > this.limits.lineBytes) return this.refuse(tooLongLine);
    const { commands, payloadEnd } = parseLine(line);
    this.commands = commands;
    this.payloadEnd = payloadEnd;
    if (payloadEnd === null) await this.runLine('');
    else if (this.state.prompt) await this.output.write('+ ');
    return true;
  }

  private async readPayload(line: string, end: string): Promise<boolean> {
    if (line === end) {
      const payload = this.payload.join('\n');
      this.payloadEnd = null;
      this.payload = [];
      this.payloadBytes = 0;
      await this.runLine(payload);
      return true;
    }
    this.payload.push(line);
    this.payloadBytes += line.length + 1;
    if (this.payloadBytes > this.limits.payloadBytes) return this.refuse(tooLongPayload);
    if (this.state.prompt) await this.output.write('+ ');
    return true;
  }

  /** An endless line must not fill the memory. */
  private async checkLimits(): Promise<boolean> {
    const limit = this.payloadEnd === null ? this.limits.lineBytes : this.limits.payloadBytes;
    if (this.input.length <= limit) return false;
    return this.refuse(this.payloadEnd === null ? tooLongLine : tooLongPayload);
  }

  private async refuse(text: string): Promise<boolean> {
    await this.answer(failure(text));
    this.end();
    return false;
  }

  private async runLine(payload: string): Promise<void> {
    const { commands, state } = this;
    for (let i = 0; i < commands.length && !state.isEnding; i++) {
      const isLast = i === commands.length - 1;
      state.unterminated = false;
      await this.answer(await this.runCommand(commands[i], isLast ? payload : ''));
      if (!state.isEnding) await this.output.write(this.terminator(isLast));
    }
    if (state.isEnding || !state.interactive) this.end();
  }

  private async runCommand(text: string, payload: string): Promise<Answer> {
    const words = splitWords(text);
    if (words.length === 0) return '';
    if (words.length > wordsMax) return failure(tooManyWords);
    const { state, table, context } = this;
    if (words[0] === 'help') return information(helpText(table, state, words.slice(1)));
    const command = table.find(words);
    if (command === null) return information(unknownText(table, state, words));
    const refusal = restriction(command, state);
    if (refusal !== null) return refusal;
    const rest = words.slice(command.words.length);
    try {
      return await command.run({ context, session: state, words: rest, payload });
    } catch (error) {
      // A fault in a command ends that command, not the session and not the worker.
      const text2 = error instanceof Error ? (error.stack ?? error.message) : String(error);
      context.log(3, `runtime command '${command.words.join(' ')}' failed: ${text2}`);
      return failure('Internal error.');
    }
  }

  private async answer(answer: Answer): Promise<void> {
    if (typeof answer === 'string') {
      if (answer !== '') await this.output.write(answer);
      return;
    }
    if ('severity' in answer) {
      const text = answer.text.replace(/\n+$/, '');
      await this.output.write(`${severityPrefix(answer.severity, this.state)}${text}\n`);
      return;
    }
    if (Symbol.asyncIterator in answer) {
      await this.follow(answer);
      return;
    }
    let text = '';
    for (const piece of answer) {
      if (this.output.isClosed?.() === true) return;
      if (typeof piece !== 'string') {
        if (text !== '') await this.output.write(text);
        text = '';
        await this.output.write(piece);
        await turn();
        continue;
      }
      text += piece;
      if (text.length < bytesAtOnce) continue;
      await this.output.write(text);
      text = '';
      await turn();
    }
    if (text !== '') await this.output.write(text);
  }

  /** Writes pieces as they come, until the client has enough. */
  private async follow(pieces: AsyncIterable<string>): Promise<void> {
    this.interrupted = false;
    this.output.listen?.();
    for await (const piece of pieces) {
      if (piece !== '') await this.output.write(piece);
      if (this.interrupted) return;
    }
  }

  /** The client has hung up, or wants what is being written to end. */
  interrupt(): void {
    this.interrupted = true;
  }

  /** What follows an answer: an empty line, and a prompt when one is wanted. */
  private terminator(isLast: boolean): string {
    const { prompt, timed, unterminated } = this.state;
    if (!prompt) return unterminated ? '' : '\n';
    if (!isLast) return '\n';
    return timed ? `\n[${uptime(this.context.uptimeMs())}]> ` : '\n> ';
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.output.end();
  }
}

const tooLongLine =
  "The command line is too big for the buffer size. Please change 'tune.bufsize' in the " +
  'configuration to use a bigger command.';
const tooLongPayload =
  "The payload is too big. Please change 'tune.cli.max-payload-size' in the configuration to use " +
  'a bigger payload.';
const tooManyWords = `Too many arguments. Commands must have at most ${wordsMax} arguments.`;

function restriction(command: RuntimeCommandDef, state: SessionState): Answer | null {
  if (command.mode === 'expert' && !state.expert) {
    return failure('This command is restricted to expert mode only.');
  }
  if (command.mode === 'experimental' && !state.experimental) {
    return failure('This command is restricted to experimental mode only.');
  }
  return isAllowed(state.level, command.requires) ? null : failure('Permission denied');
}

function severityPrefix(severity: number, state: SessionState): string {
  if (state.severityOutput === 'number') return `[${severity}]: `;
  return state.severityOutput === 'string' ? `[${severityNames[severity]}]: ` : '';
}

/** days:hours:minutes:seconds. */
function uptime(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  return `${days}:${two(hours)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
