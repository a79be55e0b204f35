// One session of the master CLI (management.txt 9.4): splits what arrives into commands, sends each
// to the worker it is for, and runs the master's own (master-commands.ts). Called by
// master-socket.ts. Commands of one session run one after the other; answers end with an empty
// line.

import { type CliLevel, isAllowed } from './cli-level.ts';
import type { Asked, Generation } from './generation.ts';
import { masterHelp, runMasterCommand } from './master-commands.ts';
import type { Supervisor } from './supervisor.ts';

/** Where the answers go. */
export interface SessionOutput {
  write(text: string): void;
  end(): void;
}

/** Bytes of commands that may wait while one is running. */
const inputMax = 1_048_576;

/** One connection to the master CLI: its level, its modes and what it has not answered yet. */
export class MasterSession {
  readonly supervisor: Supervisor;
  level: CliLevel;
  expert = false;
  experimental = false;
  debug = false;
  severity = '';
  prompt = false;
  timed = false;
  /** Process that commands without prefix go to, 0: the master. */
  target = 0;
  private readonly output: SessionOutput;
  private input = '';
  private busy = false;
  private closed = false;
  private inputEnded = false;
  /** Worker that gets whole lines since `@@PID` alone, 0: none. */
  private direct = 0;
  private payload: Payload | null = null;
  /** What a worker is answering. */
  private asked: Asked | null = null;

  constructor(supervisor: Supervisor, level: CliLevel, output: SessionOutput) {
    this.supervisor = supervisor;
    this.level = level;
    this.output = output;
  }

  receive(text: string): void {
    this.input += text;
    this.asked?.stop();
    if (this.input.length > inputMax) this.close('Command too long!\n');
    else void this.work();
  }

  /** The client will send nothing more: answer what there is, then close. */
  finish(): void {
    this.inputEnded = true;
    this.asked?.stop();
    void this.work();
  }

  abort(): void {
    this.closed = true;
    this.asked?.stop();
  }

  /** Says a last word and closes. */
  close(text: string): void {
    if (this.closed) return;
    this.closed = true;
    this.output.write(text);
    this.output.end();
  }

  private async work(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    while (!this.closed) {
      const step = this.nextStep();
      if (step === null) break;
      await step();
      if (!this.closed) this.writePrompt();
    }
    this.busy = false;
    if (this.inputEnded) this.close('');
  }

  /** What to do with the start of the input; null: it is not complete. */
  private nextStep(): (() => Promise<void>) | null {
    if (this.payload !== null) return this.payloadStep(this.payload);
    const text = this.input.trimStart();
    if (this.direct > 0 || text.startsWith('@@')) {
      const line = this.takeLine();
      return line === null ? null : () => this.runDirect(line.trim());
    }
    const command = this.takeCommand();
    return command === null ? null : () => this.runCommand(command);
  }

  private takeLine(): string | null {
    const end = this.input.indexOf('\n');
    if (end < 0) return null;
    const line = this.input.slice(0, end);
    this.input = this.input.slice(end + 1);
    return line;
  }

  /** Up to `;` or the end of the line; a backslash protects the next character. */
  private takeCommand(): string | null {
    for (let at = 0; at < this.input.length; at++) {
      const char = this.input.charAt(at);
      if (char === '\\') at++;
      else if (char === ';' || char === '\n') {
        const command = this.input.slice(0, at);
        this.input = this.input.slice(at + 1);
        return command;
      }
    }
    return null;
  }

  private payloadStep(payload: Payload): (() => Promise<void>) | null {
    const line = this.takeLine();
    if (line === null) return null;
    if (line === payload.pattern) {
      this.payload = null;
      return () => this.dispatch(payload.words, payload.lines.join('\n'));
    }
    payload.lines.push(line);
    return async () => undefined;
  }

  private async runCommand(command: string): Promise<void> {
    const words = splitWords(command);
    const last = words.at(-1);
    if (last?.startsWith('<<')) {
      this.payload = { words: words.slice(0, -1), pattern: last.slice(2), lines: [] };
      return;
    }
    if (words.length > 0) await this.dispatch(words, '');
  }

  private async dispatch(words: readonly string[], payload: string): Promise<void> {
    let target = this.target;
    let rest = words;
    if (words[0].startsWith('@')) {
      target = this.resolve(words[0]);
      if (target < 0) return this.output.write(noTarget(words[0]));
      rest = words.slice(1);
      if (rest.length === 0) {
        this.target = target;
        return;
      }
    }
    // A word behind a worker's prefix is the worker's; without one it is about this session.
    const isForSession = rest === words || target === 0;
    if (isForSession && changeSession(this, rest, (text) => this.answer(text))) return;
    if (target === 0) return await this.runHere(rest);
    const generation = this.find(target);
    if (generation === null) return this.close("Can't connect to the target CLI!\n");
    await this.ask(generation, rest.join(' '), payload);
  }

  private async runHere(words: readonly string[]): Promise<void> {
    if (words[0] === 'help') return this.answer(masterHelp(words.slice(1)));
    const { text, close } = await runMasterCommand(this, words);
    if (close) this.close(`${text}\n`);
    else this.answer(text);
  }

  /** `@@PID ...`: the whole line, semicolons included, as the worker would read it itself. */
  private async runDirect(line: string): Promise<void> {
    let command = line;
    if (this.direct === 0) {
      const prefix = /^\S+/.exec(line)?.[0] ?? '';
      const target = this.resolve(prefix.slice(1));
      if (target < 0) return this.output.write(noTarget(prefix));
      command = line.slice(prefix.length).trim();
      if (command === '') {
        this.direct = target;
        return;
      }
      return await this.askDirect(target, command);
    }
    if (command === 'quit') return this.close('');
    await this.askDirect(this.direct, command);
  }

  private async askDirect(target: number, line: string): Promise<void> {
    if (target === 0) return await this.runHere(splitWords(line));
    const generation = this.find(target);
    if (generation === null) return this.close("Can't connect to the target CLI!\n");
    await this.ask(generation, line, '');
  }

  /** What comes with time is passed on as it comes, until the client says something or leaves. */
  private async ask(generation: Generation, line: string, payload: string): Promise<void> {
    const question = { line: this.prefixes() + line, level: this.level, payload };
    let isWritten = false;
    this.asked = generation.ask(question, (text) => {
      isWritten = true;
      if (!this.closed) this.output.write(text);
    });
    if (this.inputEnded) this.asked.stop();
    const answer = await this.asked.answer;
    this.asked = null;
    if (!isWritten) this.answer(answer);
  }

  private prefixes(): string {
    return [
      this.experimental ? 'experimental-mode on -;' : '',
      this.expert ? 'expert-mode on -;' : '',
      this.severity === '' ? '' : `set severity-output ${this.severity} -;`,
    ].join('');
  }

  /**
   * The process id that a prefix (`@1`, `@!123`, `@master`, `@`) names; 0 the master, -1 nobody.
   */
  private resolve(prefix: string): number {
    const word = prefix.slice(1);
    const { current, generations } = this.supervisor;
    if (word === '' || word === 'master' || /^0+$/.test(word)) return 0;
    if (word === '1') return current?.pid ?? -1;
    const pid = /^!(\d+)$/.exec(word);
    if (pid === null) return -1;
    return generations.find((known) => known.ready && known.pid === Number(pid[1]))?.pid ?? -1;
  }

  private find(pid: number): Generation | null {
    return this.supervisor.generations.find((known) => known.pid === pid) ?? null;
  }

  private answer(text: string): void {
    if (text === '') this.output.write('\n');
    else this.output.write(text.endsWith('\n\n') ? text : `${text.replace(/\n?$/, '\n')}\n`);
  }

  private writePrompt(): void {
    if (!this.prompt) return;
    if (this.payload !== null) this.output.write('+ ');
    else this.output.write(`${this.uptime()}${this.promptName()}> `);
  }

  private promptName(): string {
    const { failedReloads } = this.supervisor;
    const target = this.direct > 0 ? this.direct : this.target;
    const master = `master${failedReloads > 0 ? '[ReloadFailed]' : ''}`;
    const flags = [this.experimental ? 'x' : '', this.expert ? 'e' : '', this.debug ? 'd' : ''];
    const shown = flags.join('');
    return `${target === 0 ? master : target}${shown === '' ? '' : `(${shown})`}`;
  }

  private uptime(): string {
    if (!this.timed) return '';
    const generation = this.target === 0 ? null : this.find(this.target);
    if (this.target !== 0 && generation === null) return '[gone] ';
    const sinceMs = generation?.startMs ?? this.supervisor.startMs;
    const seconds = Math.max(0, Math.floor((Date.now() - sinceMs) / 1000));
    const two = (value: number): string => String(value).padStart(2, '0');
    const clock = [seconds / 3600, seconds / 60, seconds].map((value, index) =>
      two(Math.floor(value) % (index === 0 ? 24 : 60)),
    );
    return `[${Math.floor(seconds / 86_400)}:${clock.join(':')}] `;
  }
}

interface Payload {
  readonly words: readonly string[];
  readonly pattern: string;
  readonly lines: string[];
}

const noTarget = (prefix: string): string =>
  `Can't find the target PID matching the prefix '${prefix}'\n`;

/** Words between blanks; a backslash protects the next character and stays for the worker. */
function splitWords(command: string): string[] {
  return command.match(/(?:\\.|[^\s\\])+/g) ?? [];
}

type Answer = (text: string) => void;

interface SessionWord {
  readonly name: string;
  readonly level: CliLevel;
  readonly apply: (session: MasterSession, words: readonly string[], answer: Answer) => void;
}

const switches = (name: 'expert' | 'experimental' | 'debug', word: string): SessionWord => ({
  name: word,
  level: 'admin',
  apply: (session, words) => {
    session[name] = words[1] === 'on';
  },
});

const promptUsage =
  'Usage: prompt [help | i | p | timed]*\n' +
  '  help   this text\n  i      several commands, no prompt\n' +
  '  p      several commands and a prompt\n  timed  the uptime in the prompt\n';

/** Words that change the session itself, wherever its commands go. */
const sessionWords: readonly SessionWord[] = [
  switches('expert', 'expert-mode'),
  switches('experimental', 'experimental-mode'),
  switches('debug', 'mcli-debug-mode'),
  { name: 'quit', level: 'user', apply: (session) => session.close('') },
  { name: 'user', level: 'user', apply: (session) => void (session.level = 'user') },
  { name: 'operator', level: 'operator', apply: (session) => void (session.level = 'operator') },
  {
    name: 'prompt',
    level: 'user',
    apply: (session, [, ...words], answer) => {
      if (words.some((word) => !['i', 'p', 'timed'].includes(word))) return answer(promptUsage);
      const timed = words.includes('timed');
      if (timed) session.timed = !session.timed;
      if (words.includes('p')) session.prompt = true;
      else if (words.includes('i')) session.prompt = false;
      else session.prompt = timed || !session.prompt;
    },
  },
];

/** True when the words were for the session. */
function changeSession(session: MasterSession, words: readonly string[], answer: Answer): boolean {
  if (words[0] === 'set' && words[1] === 'severity-output') {
    const isForm = ['none', 'string', 'number'].includes(words[2] ?? '');
    if (isForm) session.severity = words[2] === 'none' ? '' : words[2];
    else answer("one of 'none', 'number', 'string' is a required argument\n");
    return true;
  }
  const row = sessionWords.find(({ name }) => name === words[0]);
  if (row === undefined) return false;
  if (isAllowed(session.level, row.level)) row.apply(session, words, answer);
  else answer('Permission denied!\n');
  return true;
}
