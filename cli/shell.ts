// `hawser cli` by hand: a session that stays, with history, completion from `help` and from the
// proxy's own names, payloads, and commands that go on until Ctrl-C. Called by runtime.ts, on a
// terminal only. At a master's socket, commands of workers go to the current worker.

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { type Link, link } from './client.ts';
import { statusDone } from './exit-status.ts';
import { completeRuntime, type RuntimeWords, readRuntimeWords } from './runtime-words.ts';
import { harmless, painterOf } from './terminal.ts';

const historyMax = 500;

/** A prompt of the proxy: `> `, `master> `, `[0:00:01:02] 1234(x)> `. */
const onePrompt = String.raw`(?:\[[\d:]+\] )?(?:master(?:\[ReloadFailed\])?|\d+)?(?:\([xed]+\))?> `;
/** An empty line that was sent in between makes one more. */
const promptAtEnd = new RegExp(`(?:^|\n)(?:${onePrompt})*(${onePrompt})$`);
const payloadPrompt = /(?:^|\n)(?:\+ )*(\+ )$/;

/** Runs until Ctrl-D, `quit` or the end of the proxy. */
export async function shell(socket: string): Promise<number> {
  const words = await readRuntimeWords(socket);
  const session = new Shell(words);
  session.link = await link(socket, (text) => session.hear(text));
  session.link.write('prompt\n');
  const paint = painterOf(process.stdout);
  process.stdout.write(
    paint('faint', `${socket}: ${words.isMaster ? 'a master' : 'a worker'}; Tab completes, `) +
      paint('faint', 'help lists the commands, Ctrl-C ends what goes on, Ctrl-D leaves\n'),
  );
  await session.link.closed;
  session.leave();
  return statusDone;
}

/** `prompt` and `prompt n|i` would leave no mark where an answer ends. */
const endsPrompts = (line: string): boolean => /^\s*prompt(?:\s+[ni])?\s*$/.test(line);

/** Commands of a line, unless text follows that is no command. */
function partsOf(line: string): string[] {
  if (line.includes('<<') || line.trimStart().startsWith('@@')) return [line];
  const parts = line.match(/(?:\\.|[^\\;])+/g)?.filter((part) => part.trim() !== '') ?? [];
  return parts.length > 1 ? parts : [line];
}

class Shell {
  link: Link | null = null;
  private words: RuntimeWords;
  private readonly lines: Interface;
  /** What has come since the last line was sent, when it may still become a prompt. */
  private tail = '';
  /** The last line that was shown has no end yet. */
  private isInLine = false;
  private isBusy = true;
  private isLeft = false;
  /** Lines that were typed while a command was running. */
  private readonly waiting: string[] = [];

  constructor(words: RuntimeWords) {
    this.words = words;
    this.lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      history: readHistory(),
      historySize: historyMax,
      removeHistoryDuplicates: true,
      completer: (line: string) => this.complete(line),
    });
    this.lines.on('line', (line) => this.take(line));
    this.lines.on('SIGINT', () => this.interrupt());
    this.lines.on('close', () => this.link?.close());
  }

  /** Text of the proxy: all but its prompt is shown. */
  hear(text: string): void {
    this.tail += text;
    const prompt = promptAtEnd.exec(this.tail) ?? payloadPrompt.exec(this.tail);
    if (prompt === null) {
      // The last line may be the beginning of a prompt.
      const end = this.tail.lastIndexOf('\n');
      const whole = this.tail.slice(0, Math.max(0, end)).replace(/\n+$/, '');
      if (whole === '') return;
      process.stdout.write(harmless(whole));
      this.isInLine = true;
      this.tail = this.tail.slice(whole.length);
      return;
    }
    const said = this.tail.slice(0, prompt.index).replace(/\n+$/, '');
    const before = this.isInLine ? said : said.replace(/^\n/, '');
    if (before !== '' || this.isInLine) process.stdout.write(`${harmless(before)}\n`);
    this.isInLine = false;
    this.tail = '';
    this.lines.setPrompt(prompt[1]);
    this.next();
  }

  private next(): void {
    const next = this.waiting.shift();
    if (next !== undefined) this.send(next);
    else {
      this.isBusy = false;
      this.lines.prompt();
    }
  }

  leave(): void {
    if (this.isLeft) return;
    this.isLeft = true;
    writeHistory((this.lines as unknown as { history?: string[] }).history ?? []);
    this.lines.close();
    process.stdout.write('\n');
  }

  private take(line: string): void {
    if (this.isBusy) this.waiting.push(line);
    else this.send(line);
  }

  private send(line: string): void {
    if (endsPrompts(line)) {
      process.stdout.write('the prompt stays: hawser cli needs it to know where answers end\n');
      this.next();
      return;
    }
    const [first, ...later] = this.isPayload ? [line] : this.commandsOf(line);
    this.waiting.unshift(...later);
    this.isBusy = true;
    this.link?.write(`${this.addressed(first)}\n`);
  }

  /** What is typed now belongs to the command before it. */
  private get isPayload(): boolean {
    return this.lines.getPrompt().startsWith('+');
  }

  /** At a master, a command that only workers have goes to the current one. */
  private addressed(line: string): string {
    const { own } = this.words;
    const words = line.trim().split(/\s+/);
    if (!this.isAtMaster || words[0] === '' || words[0].startsWith('@')) return line;
    const begins = (command: readonly string[]): boolean =>
      words.slice(0, 2).every((word, index) => command[index] === word);
    const isWhole = (command: readonly string[]): boolean =>
      command[0] === words[0] && (command[1] === undefined || /^[<[(]/.test(command[1]));
    // What neither knows goes to the worker, which has more to offer in place of it.
    const isOwn = own.some(words.length > 1 && !own.some(isWhole) ? begins : isWhole);
    return isOwn ? line : `@1 ${line.trim()}`;
  }

  private get isAtMaster(): boolean {
    return this.words.isMaster && this.lines.getPrompt().startsWith('master');
  }

  /** Each command of a line is addressed for itself; at a master, help tells of both. */
  private commandsOf(line: string): string[] {
    const parts = partsOf(line);
    const isHelp = this.isAtMaster && parts.length === 1 && /^\s*help(?:\s|$)/.test(line);
    return isHelp ? [line, `@1 ${line.trim()}`] : parts;
  }

  /** What goes on ends with anything that is said. */
  private interrupt(): void {
    if (this.isBusy) this.link?.write('\n');
    else {
      process.stdout.write('^C\n');
      (this.lines as unknown as { line: string; cursor: number }).line = '';
      (this.lines as unknown as { cursor: number }).cursor = 0;
      this.lines.prompt();
    }
  }

  private complete(line: string): [string[], string] {
    const found = completeRuntime(line, this.words).map((word) => `${word} `);
    return [found, /\S*$/.exec(line)?.[0] ?? ''];
  }
}

/** As the XDG directories say. */
function historyFile(): string {
  const state = process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state');
  return join(state, 'hawser', 'history');
}

/** The newest first, as node:readline keeps them. */
function readHistory(): string[] {
  try {
    return readFileSync(historyFile(), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return []; // the first session
  }
}

function writeHistory(lines: readonly string[]): void {
  try {
    mkdirSync(dirname(historyFile()), { recursive: true, mode: 0o700 });
    writeFileSync(historyFile(), `${lines.slice(0, historyMax).join('\n')}\n`, { mode: 0o600 });
    chmodSync(historyFile(), 0o600);
  } catch {
    // no home to write to: the session was as good without
  }
}
