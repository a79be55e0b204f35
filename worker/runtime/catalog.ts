// The families of runtime commands, and one command line answered without a socket (master CLI).
// What other folders add is handed in by worker/main.ts.

import { activityCommands } from './activity.ts';
import { anonymityCommands } from './anonymity.ts';
import { backendCommands } from './backends.ts';
import { CommandTable, type Level, type RuntimeCommandDef, type SessionState } from './command.ts';
import type { RuntimeContext } from './context.ts';
import { eventCommands } from './events.ts';
import { debugCommands } from './debug.ts';
import { dynamicServerCommands } from './dynamic-servers.ts';
import { errorCommands } from './errors.ts';
import { patternCommands } from './patterns.ts';
import { platformCommands } from './platform.ts';
import { peersCommands } from './peers.ts';
import { processCommands } from './process.ts';
import { agentCommands } from './agents.ts';
import { serverCommands } from './servers.ts';
import { RuntimeSession } from './session.ts';
import { sessionListCommands } from './sessions.ts';
import { sessionCommands } from './session-commands.ts';
import { showCommands } from './show.ts';
import { tableCommands } from './tables.ts';
import { variableCommands } from './variables.ts';

/** All commands: these and those of other features. */
export function runtimeCommands(
  ...others: readonly (readonly RuntimeCommandDef[])[]
): CommandTable {
  return new CommandTable(
    sessionCommands,
    showCommands,
    sessionListCommands,
    activityCommands,
    anonymityCommands,
    debugCommands,
    errorCommands,
    platformCommands,
    agentCommands,
    serverCommands,
    dynamicServerCommands,
    backendCommands,
    processCommands,
    patternCommands,
    tableCommands,
    peersCommands,
    variableCommands,
    eventCommands,
    ...others,
  );
}

/** Answer to one line that came by another way than a runtime socket, with its payload. */
export async function answerLine(
  context: RuntimeContext,
  table: CommandTable,
  level: Level,
  line: string,
  payload: string,
): Promise<string> {
  let text = '';
  const state: SessionState = {
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
  const output = {
    write: (piece: string): void => {
      text += piece;
    },
    end: (): void => {},
  };
  const request =
    payload === '' ? `${line}\n` : `${line} <<${payloadEnd}\n${payload}\n${payloadEnd}\n`;
  const limits = { lineBytes: request.length, payloadBytes: request.length };
  const session = new RuntimeSession(context, table, state, { output, limits });
  await session.feed(request);
  return text;
}

const payloadEnd = '%EOP%';
