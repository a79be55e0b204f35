// `hawser reload`: asks the master to load the configuration again, shows how far it is, and says
// why when it failed. Called by commands.ts. The running configuration stays when it fails.

import { setTimeout as sleep } from 'node:timers/promises';
import { ask, ClientError } from './client.ts';
import { statusDone, statusRefused } from './exit-status.ts';
import { askProcesses, type ProcessRow } from './processes.ts';
import { counted, painterOf } from './terminal.ts';

export interface ReloadOptions {
  readonly socket: string;
  readonly hard: boolean;
  /** Until the old workers are gone. */
  readonly wait: boolean;
  readonly json: boolean;
}

interface Message {
  readonly level: string;
  readonly text: string;
}

const pollMs = 100;
/** Nobody asks how long a short wait takes. */
const tickFromMs = 1000;

/** Runs the reload; 0 when the new configuration serves. */
export async function reload(options: ReloadOptions): Promise<number> {
  const { socket, hard, json } = options;
  const before = await askProcesses(socket);
  if (before === null) {
    throw new ClientError(`${socket} is no master's socket: only a master (-W, -S) can reload`);
  }
  const startMs = Date.now();
  const progress = new Progress(json);
  const answering = ask(socket, hard ? 'hard-reload' : 'reload');
  const answer = await progress.during(socket, answering);
  const isDone = answer.startsWith('Success=1');
  const seconds = (Date.now() - startMs) / 1000;
  progress.messages(messagesOf(answer.replace(/^Success=\d\n(?:--\n)?/, '')));
  const after = (await askProcesses(socket)) ?? [];
  const worker = after.find(({ role }) => role === 'worker');
  progress.verdict(isDone, worker, seconds);
  if (isDone && options.wait) await waitForOld(socket, progress);
  if (json) {
    const outcome = { success: isDone, seconds, messages: progress.all, processes: after };
    process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
  }
  return isDone ? statusDone : statusRefused;
}

/** The start-up messages, one each; lines that continue one belong to it. */
export function messagesOf(text: string): readonly Message[] {
  const messages: Message[] = [];
  for (const line of text.trimEnd().split('\n')) {
    const head = /^\[(\w+)\]\s*\(\d+\) : (.*)$/.exec(line);
    const last = messages.at(-1);
    if (head !== null) messages.push({ level: head[1].toLowerCase(), text: head[2] });
    else if (line === '') continue;
    // A refusal has no level.
    else if (last === undefined) messages.push({ level: 'alert', text: line });
    else {
      messages[messages.length - 1] = { ...last, text: `${last.text}\n${line}` };
    }
  }
  return messages;
}

/** Says each message once, as soon as the master has said it. */
class Progress {
  readonly all: Message[] = [];
  private readonly quiet: boolean;
  private isTicking = false;
  private readonly paint = painterOf(process.stdout);

  constructor(quiet: boolean) {
    this.quiet = quiet;
  }

  /** Asks for new messages until the answer is there. */
  async during(socket: string, answering: Promise<string>): Promise<string> {
    const startMs = Date.now();
    let isOver = false;
    const over = answering.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await Promise.race([over, sleep(pollMs)]);
      if (isOver) break;
      const logs = await ask(socket, 'show startup-logs').catch(() => '');
      if (logs.includes(') : Reloading ')) this.messages(messagesOf(logs));
      this.tick(Date.now() - startMs);
    }
    this.clear();
    return await over;
  }

  /** On a terminal, how long it has been. */
  private tick(ms: number): void {
    if (this.quiet || process.stdout.isTTY !== true || ms < tickFromMs) return;
    this.clear();
    process.stdout.write(
      this.paint('faint', `waiting for the new worker, ${Math.floor(ms / 1000)} s`),
    );
    this.isTicking = true;
  }

  private clear(): void {
    if (this.isTicking) process.stdout.write('\r\x1b[K');
    this.isTicking = false;
  }

  messages(list: readonly Message[]): void {
    for (const message of list) {
      // The master may begin its list anew: what has been told is not told again.
      if (this.all.some(({ text }) => text === message.text)) continue;
      this.all.push(message);
      const tone = { alert: 'error', warning: 'warning' }[message.level] ?? 'faint';
      const name = { alert: 'error' }[message.level] ?? message.level;
      this.say(`${this.paint(tone as 'error', `${name}:`)} ${message.text}`);
    }
  }

  verdict(isDone: boolean, worker: ProcessRow | undefined, seconds: number): void {
    const { paint } = this;
    const took = `after ${seconds.toFixed(2)} s`;
    if (isDone)
      this.say(`${paint('good', 'reloaded')} ${took}: worker ${worker?.pid ?? '?'} serves`);
    else {
      const serves = `worker ${worker?.pid} serves on with the configuration it had`;
      const stays = worker === undefined ? 'no worker serves' : serves;
      this.say(`${paint('error', 'reload failed')} ${took}: ${stays}`);
    }
  }

  say(line: string): void {
    this.clear();
    if (!this.quiet) process.stdout.write(`${line}\n`);
  }
}

/** Until no worker of an older configuration is left; each one that ends is told. */
async function waitForOld(socket: string, progress: Progress): Promise<void> {
  let known: readonly number[] = [];
  for (;;) {
    const rows = (await askProcesses(socket)) ?? [];
    const old = rows.filter(({ role }) => role === 'old worker').map(({ pid }) => pid);
    for (const pid of known) if (!old.includes(pid)) progress.say(`worker ${pid} has finished`);
    if (old.length === 0) return;
    if (known.length === 0) {
      progress.say(`waiting for ${counted(old.length, 'old worker')}: ${old.join(', ')}`);
    }
    known = old;
    await sleep(pollMs);
  }
}
