// A terminal to test with: tmux on a socket of its own, in which one program runs. Tests type keys
// and wait for what the screen shows. Skipped visibly where there is no tmux.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Owner } from './proxy.ts';

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/** What node:test wants to hear when a test is skipped; false when there is a tmux. */
export const noTmux: string | false =
  spawnSync('tmux', ['-V']).status === 0 ? false : 'tmux is not installed (Debian: tmux)';

/** Where nothing says when the screen changes, it is looked at again this often. */
const lookMs = 50;
const patienceMs = 60_000;

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const commandOf = (words: readonly string[]): string =>
  [process.execPath, program, ...words].map((word) => `'${word}'`).join(' ');

export class Terminal {
  private readonly folder = mkdtempSync(join(tmpdir(), 'hawser-terminal-'));

  /** Starts the tool with `words`, or a line of the shell, on a screen of this size. */
  constructor(owner: Owner, words: readonly string[] | string, size: readonly [number, number]) {
    owner.after(() => this.close());
    const [columns, rows] = size.map(String);
    const line = typeof words === 'string' ? words : commandOf(words);
    const shell = `${line}; echo "status $?"; exec cat`;
    const variables = ['-e', `XDG_STATE_HOME=${this.folder}`, '-e', 'TERM=tmux-256color'];
    const start = ['-f', '/dev/null', 'new-session', '-d', '-x', columns, '-y', rows];
    this.tmux(...start, ...variables, shell);
  }

  /** Keys as tmux names them (`Enter`, `C-c`, `Tab`); a text is typed letter by letter. */
  type(...keys: readonly string[]): void {
    for (const key of keys) this.tmux('send-keys', key);
  }

  resize(columns: number, rows: number): void {
    this.tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** The screen as it is, with or without its colours. */
  screen(colours = false): string {
    return this.tmux('capture-pane', '-p', ...(colours ? ['-e'] : []));
  }

  /** Waits until the screen shows it; the screen. */
  async shows(pattern: RegExp, isColoured = false): Promise<string> {
    for (const end = Date.now() + patienceMs; ; await sleep(lookMs)) {
      const screen = this.screen(isColoured);
      if (pattern.test(screen)) return screen;
      if (Date.now() > end) throw new Error(`the screen never showed ${pattern}:\n${screen}`);
    }
  }

  /** Waits until tmux and what ran in it are gone. */
  async close(): Promise<void> {
    const tmux = (...words: readonly string[]) =>
      spawnSync('tmux', ['-S', join(this.folder, 'socket'), ...words], { encoding: 'utf8' });
    const { status, stdout } = tmux('display-message', '-p', '#{pid} #{pane_pid}');
    // It ends by itself with what ran in it.
    const pids = status === 0 ? stdout.trim().split(' ') : [];
    tmux('kill-server');
    for (const pid of pids.map(Number)) while (lives(pid)) await sleep(lookMs);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private tmux(...words: readonly string[]): string {
    const all = ['-S', join(this.folder, 'socket'), ...words];
    const { status, stdout, stderr } = spawnSync('tmux', all, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`tmux ${words.join(' ')}: ${stderr}`);
    return stdout;
  }
}
