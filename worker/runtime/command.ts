// The contract of a runtime command: one row each, written by the family files beside, looked up
// by session.ts. A command that does not work has no row, so `help` never lists it. Control
// thread.

import type { RuntimeContext } from './context.ts';

/** What `level` on a `stats socket` line grants, least first. */
export type Level = 'user' | 'operator' | 'admin';

const ranks: Readonly<Record<Level, number>> = { user: 0, operator: 1, admin: 2 };

/** Whether a session of level `has` may run what needs `needed`. */
export function isAllowed(has: Level, needed: Level): boolean {
  return ranks[has] >= ranks[needed];
}

/** Severities of messages, as syslog numbers them. */
export const severityError = 3;
export const severityWarning = 4;
export const severityNotice = 5;
export const severityInfo = 6;

/** A sentence for the operator, with the severity that `severity-output` may show. */
export interface RuntimeMessage {
  readonly severity: number;
  readonly text: string;
}

/**
 * Text as it is, a message, or pieces that are written one after the other, as text or as bytes
 * that stay as they are until the next piece is asked for. '' for nothing. Pieces that come with
 * time end when the client says or does anything.
 */
export type Answer =
  | string
  | RuntimeMessage
  | Iterable<string | Uint8Array>
  | AsyncIterable<string>;

/** An answer that says why nothing was done. */
export function failure(text: string): RuntimeMessage {
  return { severity: severityError, text };
}

/** An answer that says what was done. */
export function notice(text: string): RuntimeMessage {
  return { severity: severityNotice, text };
}

/** An answer that only tells. */
export function information(text: string): RuntimeMessage {
  return { severity: severityInfo, text };
}

/** What a command may see and change of the session it runs in. */
export interface SessionState {
  level: Level;
  /** The connection stays open after a line. */
  interactive: boolean;
  /** A prompt is written. */
  prompt: boolean;
  /** The prompt shows the uptime. */
  timed: boolean;
  severityOutput: 'none' | 'number' | 'string';
  expert: boolean;
  experimental: boolean;
  /** No empty line after this command's answer. */
  unterminated: boolean;
  /** Milliseconds without a command before the connection is closed, 0: never. */
  timeoutMs: number;
  /** The connection's descriptor, -1 when there is none (master CLI). */
  readonly socketFd: number;
  /** `expose-fd listeners` on the socket's line. */
  readonly exposesListeners: boolean;
  /** Ends the session after this command. */
  isEnding: boolean;
  /** Names are shown as digits made with this key, 0: as they are (anonymity.ts). */
  anonKey: number;
  /** Nobody listens any more: a command that takes long may stop. */
  readonly isGone: () => boolean;
}

/** A session that has just begun, without a socket. Each has a state of its own. */
export function newSession(level: Level): SessionState {
  return {
    level,
    interactive: false,
    prompt: false,
    timed: false,
    severityOutput: 'none',
    expert: false,
    experimental: false,
    unterminated: false,
    anonKey: 0,
    timeoutMs: 0,
    socketFd: -1,
    exposesListeners: false,
    isEnding: false,
    isGone: () => false,
  };
}

export interface RuntimeCall {
  readonly context: RuntimeContext;
  readonly session: SessionState;
  /** Words after those that name the command. */
  readonly words: readonly string[];
  /** Text between << and its end, '' when there was none. */
  readonly payload: string;
}

export interface RuntimeCommandDef {
  /** The words that name it. */
  readonly words: readonly string[];
  readonly requires: Level;
  readonly mode?: 'expert' | 'experimental';
  /** What follows the words, for help. */
  readonly usage: string;
  /** '' keeps it out of `help`. */
  readonly help: string;
  readonly run: (call: RuntimeCall) => Answer | Promise<Answer>;
}

/** All commands a worker answers. Twins are a mistake of ours and stop the start. */
export class CommandTable {
  readonly all: readonly RuntimeCommandDef[];
  private readonly byName: ReadonlyMap<string, RuntimeCommandDef>;
  private readonly longest: number;

  constructor(...families: readonly (readonly RuntimeCommandDef[])[]) {
    this.all = families.flat();
    const byName = new Map<string, RuntimeCommandDef>();
    for (const command of this.all) {
      const name = command.words.join(' ');
      if (byName.has(name)) throw new Error(`runtime command '${name}' is declared twice`);
      byName.set(name, command);
    }
    this.byName = byName;
    this.longest = Math.max(...this.all.map((command) => command.words.length));
  }

  /** The command whose name is the longest beginning of `words`. */
  find(words: readonly string[]): RuntimeCommandDef | null {
    for (let length = Math.min(this.longest, words.length); length > 0; length--) {
      const found = this.byName.get(words.slice(0, length).join(' '));
      if (found !== undefined) return found;
    }
    return null;
  }
}
